/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flannel's network config. What is taken has to keep its own rules: the tables are made from these
 * numbers.
 */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "lease/flannel/allocate.h"

static void check4(const struct ovnet_netconf *c)
{
	uint32_t mask = ovnet_mask4(c->subnet_len);

	CHECK(c->subnet_len >= c->network.len + 2 && c->subnet_len <= 30, "SubnetLen %u in /%u",
		c->subnet_len, c->network.len);
	CHECK((c->network.addr_host & ~ovnet_mask4(c->network.len)) == 0, "network with host bits");
	CHECK((c->subnet_min & ~mask) == 0 && (c->subnet_max & ~mask) == 0, "off a boundary");
	CHECK(ovnet_prefix4_contains(&c->network, c->subnet_min) &&
			ovnet_prefix4_contains(&c->network, c->subnet_max),
		"a range outside the network");
}

static void check_differences(const struct ovnet_netconf *c)
{
	struct ovnet_netconf none = {0};
	char small[24], large[2048];

	CHECK(ovnet_netconf_equal(c, c), "not equal to itself");
	CHECK(ovnet_netconf_differences(c, c, large, sizeof(large))[0] == '\0', "%s", large);
	ovnet_netconf_differences(&none, c, small, sizeof(small));
	CHECK(strlen(small) < sizeof(small), "not cut");
	ovnet_netconf_differences(c, &none, large, sizeof(large));
}

static uint32_t first(void *arg, uint32_t bound)
{
	(void)arg, (void)bound;
	return 0;
}

static void check_allocation(const struct ovnet_netconf *c)
{
	struct ovnet_lease l = {0};
	int rc = ovnet_allocate(c, NULL, 0, NULL, first, NULL, &l);

	CHECK(rc == 0 || rc == -ENOSPC, "%d", rc);
	CHECK(rc != 0 || ovnet_lease_fits(c, &l), "a subnet the config does not give out");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *json = fuzz_copy(data, size), err[200] = "";
	struct ovnet_netconf c;
	int rc = ovnet_netconf_parse(json, size, &c, err, sizeof(err));

	free(json);
	CHECK(rc == 0 || err[0] != '\0', "refused without a word");
	if (rc != 0)
		return 0;
	if (c.enable_ipv4) {
		check4(&c);
		check_allocation(&c);
	}
	check_differences(&c);
	return 0;
}
