/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lease/flannel/allocate.h"

static struct ovnet_netconf conf_of(const char *json)
{
	struct ovnet_netconf c;
	char err[256];

	assert_int_equal(ovnet_netconf_parse(json, strlen(json), &c, err, sizeof(err)), 0);
	return c;
}

/* Takes the candidate it is told to, and notes how many there were. */
struct chooser {
	uint32_t take, bound;
};

static uint32_t choose(void *arg, uint32_t bound)
{
	struct chooser *c = arg;

	c->bound = bound;
	return c->take < bound ? c->take : bound - 1;
}

static struct ovnet_lease lease4(uint32_t addr, uint8_t len)
{
	return (struct ovnet_lease){.subnet = {addr, len}};
}

static void first_hundred_one_at_random(void **state)
{
	(void)state;
	struct ovnet_netconf c = conf_of("{\"Network\":\"10.5.0.0/16\"}");
	struct chooser first = {.take = 0}, last = {.take = UINT32_MAX};
	struct ovnet_lease out;

	assert_int_equal(ovnet_allocate(&c, NULL, 0, NULL, choose, &first, &out), 0);
	assert_int_equal(first.bound, 100);
	assert_int_equal(out.subnet.addr_host, 0x0a050100);
	assert_int_equal(out.subnet.len, 24);
	assert_false(out.has_v6);
	assert_int_equal(ovnet_allocate(&c, NULL, 0, NULL, choose, &last, &out), 0);
	assert_int_equal(out.subnet.addr_host, 0x0a056400);
}

static void taken_ones_of_any_length_are_skipped(void **state)
{
	(void)state;
	struct ovnet_netconf c =
		conf_of("{\"Network\":\"10.5.0.0/16\",\"SubnetMax\":\"10.5.9.0\"}");
	/* Free: 10.5.2.0, 10.5.9.0. Unsorted, nested, and outside. */
	struct ovnet_lease taken[] = {lease4(0x0a050400, 22), lease4(0x0a050300, 30),
		lease4(0x0a050500, 24), lease4(0x0a050180, 25), lease4(0x0a0508fc, 30),
		lease4(0x0a060000, 16), lease4(0x0a050000, 24), lease4(0x01000000, 8)};
	struct chooser ch = {.take = 0};
	struct ovnet_lease out;

	assert_int_equal(ovnet_allocate(&c, taken, 8, NULL, choose, &ch, &out), 0);
	assert_int_equal(ch.bound, 2);
	assert_int_equal(out.subnet.addr_host, 0x0a050200);
	ch.take = 1;
	assert_int_equal(ovnet_allocate(&c, taken, 8, NULL, choose, &ch, &out), 0);
	assert_int_equal(out.subnet.addr_host, 0x0a050900);
}

static void full_and_empty_ranges(void **state)
{
	(void)state;
	struct ovnet_netconf c = conf_of("{\"Network\":\"255.255.255.0/24\"}");
	struct ovnet_lease all[] = {lease4(0, 0)}, out;
	struct chooser ch = {.take = 0};

	assert_int_equal(ovnet_allocate(&c, all, 1, NULL, choose, &ch, &out), -ENOSPC);
	/* At the very end of the address space. */
	struct ovnet_lease three[] = {lease4(0xffffff40, 26), lease4(0xffffff80, 26)};
	assert_int_equal(ovnet_allocate(&c, three, 2, NULL, choose, &ch, &out), 0);
	assert_int_equal(ch.bound, 1);
	assert_int_equal(out.subnet.addr_host, 0xffffffc0);
	c = conf_of("{\"Network\":\"10.5.0.0/16\",\"SubnetMin\":\"10.5.9.0\",\"SubnetMax\":"
		    "\"10.5.3.0\"}");
	assert_int_equal(ovnet_allocate(&c, NULL, 0, NULL, choose, &ch, &out), -ENOSPC);
}

/* Against the plain definition, over many random trees. */
static void agrees_with_the_definition(void **state)
{
	(void)state;
	struct ovnet_netconf c = conf_of("{\"Network\":\"10.5.0.0/22\",\"SubnetLen\":28}");

	srandom(1);
	for (unsigned round = 0; round < 500; round++) {
		struct ovnet_lease taken[64];
		size_t n = (size_t)random() % 64;
		uint32_t expected[64];
		unsigned count = 0;
		for (size_t i = 0; i < n; i++) {
			uint8_t len = (uint8_t)(24 + random() % 8);
			taken[i] = lease4(
				(0x0a050000 + (uint32_t)random() % 1024) & ovnet_mask4(len), len);
		}
		for (uint32_t at = c.subnet_min; at <= c.subnet_max; at += 16) {
			struct ovnet_prefix4 p = {at, 28};
			bool hit = false;
			for (size_t i = 0; i < n; i++)
				hit |= ovnet_prefix4_overlap(&p, &taken[i].subnet);
			if (!hit)
				expected[count++] = at;
		}
		struct chooser ch = {.take = count != 0 ? (uint32_t)random() % count : 0};
		struct ovnet_lease out;
		int rc = ovnet_allocate(&c, taken, n, NULL, choose, &ch, &out);
		assert_int_equal(rc, count == 0 ? -ENOSPC : 0);
		if (count == 0)
			continue;
		assert_int_equal(ch.bound, count);
		assert_int_equal(out.subnet.addr_host, expected[ch.take]);
	}
}

static void a_full_large_network_is_quick(void **state)
{
	(void)state;
	struct ovnet_netconf c = conf_of("{\"Network\":\"10.0.0.0/8\"}");
	size_t n = 65535;
	struct ovnet_lease *taken = calloc(n, sizeof(*taken)), out;
	struct chooser ch = {.take = 0};

	assert_non_null(taken);
	/* All but one, the last first. */
	for (size_t i = 0; i < n; i++)
		taken[i] = lease4(0x0a000000 + (uint32_t)((65535 - i) << 8), 24);
	taken[7].subnet.addr_host = 0x0a000000;
	assert_int_equal(ovnet_allocate(&c, taken, n, NULL, choose, &ch, &out), 0);
	assert_int_equal(ch.bound, 1);
	assert_int_equal(out.subnet.addr_host, 0x0afff800);
	free(taken);
}

#define DUAL "{\"Network\":\"10.5.0.0/16\",\"EnableIPv6\":true,\"IPv6Network\":\"fd05::/48\"}"

static struct ovnet_lease lease_of(const char *key)
{
	struct ovnet_lease l = {0};

	assert_int_equal(ovnet_lease_key_parse(key, &l), 0);
	return l;
}

static void gives(const char *conf, const struct ovnet_lease *taken, size_t n,
	const struct ovnet_former *former, uint32_t take, const char *key)
{
	struct ovnet_netconf c = conf_of(conf);
	struct chooser ch = {.take = take};
	struct ovnet_lease out;
	char text[OVNET_LEASE_KEY_MAX];

	assert_int_equal(ovnet_allocate(&c, taken, n, former, choose, &ch, &out), 0);
	assert_string_equal(ovnet_lease_key_text(&out, text, sizeof(text)), key);
	assert_true(ovnet_lease_fits(&c, &out));
}

/* Whoever chooses one half has chosen the key. */
static void halves_have_one_number(void **state)
{
	(void)state;
	const struct ovnet_lease taken[] = {lease_of("10.5.1.0-24&fd05:0:0:7::-64"),
		lease_of("10.5.2.0-24"), lease_of("10.5.0.0-24&fd05:0:0:3::-64"),
		lease_of("10.5.0.0-25&fd05:0:0:1::-64")};

	gives(DUAL, taken, 2, NULL, 0, "10.5.3.0-24&fd05:0:0:3::-64");
	gives(DUAL, taken, 2, NULL, UINT32_MAX, "10.5.102.0-24&fd05:0:0:66::-64");
	/* That one is taken: the first that is free, which 1 and 3 are not. */
	gives(DUAL, taken, 4, NULL, 0, "10.5.3.0-24&fd05:0:0:2::-64");
	/* There is none of that number. */
	gives("{\"Network\":\"10.5.0.0/16\",\"SubnetMin\":\"10.5.9.0\",\"EnableIPv6\":true,"
	      "\"IPv6Network\":\"fd05::/48\",\"IPv6SubnetMin\":\"fd05:0:0:4::\","
	      "\"IPv6SubnetMax\":\"fd05:0:0:5::\"}",
		NULL, 0, NULL, 2, "10.5.11.0-24&fd05:0:0:5::-64");
}

static void former_halves_come_first(void **state)
{
	(void)state;
	const struct ovnet_lease leases[] = {lease_of("10.5.40.0-24&fd05:0:0:50::-64"),
		lease_of("10.5.60.0-24&fd05:0:0:70::-64")};
	const struct ovnet_former former = {leases, 2}, none = {leases, 0};
	const struct ovnet_lease taken[] = {
		lease_of("10.5.40.128-25"), lease_of("10.5.9.0-24&fd05:0:0:70::-64")};
	const struct ovnet_lease other_length = lease_of("10.5.40.0-25&fd05:0:0:50::-65");
	const struct ovnet_lease outside = lease_of("10.6.40.0-24&fd06:0:0:50::-64");

	gives(DUAL, NULL, 0, &former, 0, "10.5.40.0-24&fd05:0:0:50::-64");
	gives(DUAL, taken, 2, &former, 0, "10.5.60.0-24&fd05:0:0:50::-64");
	gives(DUAL, NULL, 0, &none, 0, "10.5.1.0-24&fd05:0:0:1::-64");
	gives(DUAL, NULL, 0, &(struct ovnet_former){&other_length, 1}, 0,
		"10.5.1.0-24&fd05:0:0:1::-64");
	gives(DUAL, NULL, 0, &(struct ovnet_former){&outside, 1}, 0, "10.5.1.0-24&fd05:0:0:1::-64");
	gives("{\"Network\":\"10.5.0.0/16\"}", NULL, 0, &former, 0, "10.5.40.0-24");
	/* The first and the last there are. */
	const struct ovnet_lease first = lease_of("10.5.1.0-24&fd05:0:0:ffff::-64");
	const struct ovnet_lease last = lease_of("10.5.255.0-24&fd05:0:0:1::-64");
	gives(DUAL, NULL, 0, &(struct ovnet_former){&first, 1}, 9,
		"10.5.1.0-24&fd05:0:0:ffff::-64");
	gives(DUAL, NULL, 0, &(struct ovnet_former){&last, 1}, 9, "10.5.255.0-24&fd05:0:0:1::-64");
}

static void fit_is_range_length_and_families(void **state)
{
	(void)state;
	struct ovnet_netconf c = conf_of("{\"Network\":\"10.5.0.0/16\",\"SubnetMin\":\"10.5.3.0\","
					 "\"SubnetMax\":\"10.5.9.0\"}");
	static const struct {
		const char *key;
		bool fits;
	} table[] = {{"10.5.3.0-24", true}, {"10.5.9.0-24", true}, {"10.5.2.0-24", false},
		{"10.5.10.0-24", false}, {"10.5.4.0-25", false}, {"10.5.4.0-23", false},
		{"10.5.4.0-24&fd05::-64", false}};

	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct ovnet_lease l = {0};
		assert_int_equal(ovnet_lease_key_parse(table[i].key, &l), 0);
		assert_int_equal(ovnet_lease_fits(&c, &l), table[i].fits);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_hundred_one_at_random),
		cmocka_unit_test(taken_ones_of_any_length_are_skipped),
		cmocka_unit_test(full_and_empty_ranges),
		cmocka_unit_test(agrees_with_the_definition),
		cmocka_unit_test(a_full_large_network_is_quick),
		cmocka_unit_test(halves_have_one_number),
		cmocka_unit_test(former_halves_come_first),
		cmocka_unit_test(fit_is_range_length_and_families),
	};
	return cmocka_run_group_tests_name("allocate", tests, NULL, NULL);
}
