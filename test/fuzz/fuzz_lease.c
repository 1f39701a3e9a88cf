/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A lease as it stands in etcd: the key behind "subnets/" up to the first newline, then the value.
 * What is taken has to come out the same when it is written and read again.
 */
#include <string.h>

#include "fuzz.h"
#include "lease/lease_judge.h"

static void read_again(const struct ovnet_lease *l)
{
	struct ovnet_lease again = {0};
	char key[OVNET_LEASE_KEY_MAX], err[300] = "";
	char *value = ovnet_lease_value_text(l);

	CHECK(value != NULL, "no memory");
	CHECK(ovnet_lease_key_parse(ovnet_lease_key_text(l, key, sizeof(key)), &again) == 0,
		"our own key: %s", key);
	CHECK(ovnet_lease_value_parse(value, strlen(value), &again, err, sizeof(err)) == 0,
		"our own value: %s: %s", value, err);
	/* It is for static registries only: we write none. */
	again.has_next_hop_mac = l->has_next_hop_mac;
	again.next_hop_mac = l->next_hop_mac;
	CHECK(ovnet_lease_equal(l, &again), "%s %s reads as another lease", key, value);
	free(value);
}

static void judge(const char *key, const char *value, size_t len)
{
	static const struct ovnet_netconf conf = {.network = {0x0a050000, 16},
		.subnet_len = 24,
		.subnet_min = 0x0a050100,
		.subnet_max = 0x0a05ff00,
		.range_first = 0x0a050100,
		.range_last = 0x0a05ffff,
		.enable_ipv4 = true,
		.backend = OVNET_BACKEND_VXLAN,
		.type = "vxlan",
		.vni = 1,
		.port = 8472};
	const struct lease_judge j = {&conf, ovnet_addr_v4(0x0aa8000c)};
	struct ovnet_lease l = {0};
	char why[300] = "";
	int rc = lease_judge(&j, key, value, len, &l, why, sizeof(why));

	CHECK(rc == 0 || why[0] != '\0', "refused without a word");
	struct ovnet_addr first = ovnet_addr_v4(l.subnet.addr_host);
	struct ovnet_addr last = ovnet_addr_v4(l.subnet.addr_host | ~ovnet_mask4(l.subnet.len));
	CHECK(rc != 0 || (ovnet_netconf_leasable(&conf, &first) &&
				 ovnet_netconf_leasable(&conf, &last)),
		"a lease outside what may be leased: %s", key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nl = size > 0 ? memchr(data, '\n', size) : NULL;
	size_t key_len = nl != NULL ? (size_t)(nl - data) : size;
	char *key = fuzz_string(data, key_len), err[160] = "";
	const uint8_t *value_at = nl != NULL ? nl + 1 : data + size;
	size_t value_len = (size_t)(data + size - value_at);
	char *value = fuzz_copy(value_at, value_len);
	struct ovnet_lease l = {0};
	int key_rc = ovnet_lease_key_parse(key, &l);
	int rc = ovnet_lease_value_parse(value, value_len, &l, err, sizeof(err));

	CHECK(rc == 0 || err[0] != '\0', "refused without a word");
	/* Types we do not know are kept as such, not written. */
	if (key_rc == 0 && rc == 0 && l.backend != OVNET_BACKEND_NONE)
		read_again(&l);
	judge(key, value, value_len);
	free(key);
	free(value);
	return 0;
}
