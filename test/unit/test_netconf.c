/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lease/flannel/netconf.h"

static struct ovnet_netconf good(const char *json)
{
	struct ovnet_netconf c;
	char err[256] = "";

	if (ovnet_netconf_parse(json, strlen(json), &c, err, sizeof(err)) != 0)
		fail_msg("%s: %s", json, err);
	return c;
}

static void refused(const char *json, const char *text)
{
	struct ovnet_netconf c;
	char err[256] = "";

	if (ovnet_netconf_parse(json, strlen(json), &c, err, sizeof(err)) != -EINVAL)
		fail_msg("accepted: %s", json);
	assert_string_equal(err, text);
}

/* The configs of five published install guides, and flannel's own default. */
static void defaults(void **state)
{
	(void)state;
	struct ovnet_netconf c = good("{ \"Network\": \"172.22.0.0/16\"}");

	assert_int_equal(c.backend, OVNET_BACKEND_UDP);
	assert_string_equal(c.type, "udp");
	assert_int_equal(c.port, 8285);
	assert_int_equal(c.subnet_len, 24);
	assert_int_equal(c.subnet_min, 0xac160100);
	assert_int_equal(c.subnet_max, 0xac16ff00);
	assert_true(c.enable_ipv4 && !c.enable_ipv6);

	c = good("{ \"Network\": \"10.2.0.0/16\", \"Backend\": { \"Type\": \"vxlan\", \"VNI\": 1 "
		 "}}");
	assert_int_equal(c.backend, OVNET_BACKEND_VXLAN);
	assert_int_equal(c.vni, 1);
	assert_int_equal(c.port, 8472);
	assert_int_equal(c.mtu, 0);
	assert_false(c.direct_routing || c.gbp || c.learning);

	c = good("{\"Network\":\"172.30.0.0/16\", \"SubnetLen\": 24, \"Backend\": {\"Type\": "
		 "\"host-gw\"}}");
	assert_int_equal(c.backend, OVNET_BACKEND_HOST_GW);
	assert_int_equal(c.port, 0);

	assert_int_equal(good("{\"Network\":\"10.5.0.0/22\"}").subnet_len, 24);
	assert_int_equal(good("{\"Network\":\"10.5.0.0/23\"}").subnet_len, 25);
	assert_int_equal(good("{\"Network\":\"10.5.0.0/28\"}").subnet_len, 30);
	/* Up to the last address there is. */
	assert_int_equal(good("{\"Network\":\"255.255.0.0/16\"}").subnet_max, 0xffffff00);
	assert_int_equal(
		good("{\"Network\":\"0.0.0.0/1\",\"SubnetLen\":3}").subnet_max, 0x60000000);
}

static void every_option(void **state)
{
	(void)state;
	struct ovnet_netconf c =
		good("{\"Network\":\"10.5.3.3/16\",\"SubnetLen\":26,\"SubnetMin\":\"10.5.9.64\","
		     "\"SubnetMax\":\"10.5.200.0\",\"Unknown\":[{}],\"EnableNFTables\":true,"
		     "\"Backend\":{\"Type\":\"VXLAN\",\"VNI\":16777215,\"Port\":4789,\"MTU\":9000,"
		     "\"GBP\":true,\"Learning\":true,\"DirectRouting\":true,\"Extra\":1}}");

	assert_int_equal(c.network.addr_host, 0x0a050000);
	assert_int_equal(c.subnet_len, 26);
	assert_int_equal(c.subnet_min, 0x0a050940);
	assert_int_equal(c.subnet_max, 0x0a05c800);
	assert_string_equal(c.type, "vxlan");
	assert_int_equal(c.vni, 0xffffff);
	assert_int_equal(c.port, 4789);
	assert_int_equal(c.mtu, 9000);
	assert_true(c.gbp && c.learning && c.direct_routing);

	/* Zero is "not given" in flannel. */
	c = good("{\"Network\":\"10.5.0.0/16\",\"SubnetLen\":0,\"SubnetMin\":\"0.0.0.0\","
		 "\"Backend\":{\"Type\":\"vxlan\",\"Port\":0,\"VNI\":null}}");
	assert_int_equal(c.subnet_len, 24);
	assert_int_equal(c.subnet_min, 0x0a050100);
	assert_int_equal(c.port, 8472);
	assert_int_equal(c.vni, 1);
	/* Not refused by flannel either; allocation finds nothing. */
	c = good("{\"Network\":\"10.5.3.3/16\",\"SubnetMin\":\"10.5.9.0\",\"SubnetMax\":"
		 "\"10.5.3.0\"}");
	assert_true(c.subnet_min > c.subnet_max);
}

static void names_in_any_case_last_wins(void **state)
{
	(void)state;
	struct ovnet_netconf c =
		good("{\"network\":\"10.5.0.0/16\",\"NETWORK\":\"10.6.0.0/16\",\"backend\":"
		     "{\"type\":\"udp\",\"TYPE\":\"Host-GW\"},\"subnetlen\":25}");

	assert_int_equal(c.network.addr_host, 0x0a060000);
	assert_int_equal(c.backend, OVNET_BACKEND_HOST_GW);
	assert_int_equal(c.subnet_len, 25);
	c = good("{\"Network\":\"10.5.0.0/16\",\"Network\":\"10.6.0.0/16\"}");
	assert_int_equal(c.network.addr_host, 0x0a060000);
}

static void unknown_backends_are_named(void **state)
{
	(void)state;
	struct ovnet_netconf c = good("{\"Network\":\"10.5.0.0/"
				      "16\",\"Backend\":{\"Type\":\"WireGuard\",\"Port\":\"x\"}}");

	assert_int_equal(c.backend, OVNET_BACKEND_NONE);
	assert_string_equal(c.type, "wireguard");
	c = good("{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":"
		 "\"0123456789012345678901234567890123456789\"}}");
	assert_int_equal(strlen(c.type), sizeof(c.type) - 1);
}

#define N  "\"Network\":\"10.5.0.0/16\""
#define V6 N ",\"EnableIPv6\":true,"

static void flannels_own_messages(void **state)
{
	(void)state;
	static const char *const table[][2] = {
		{"{}", "please define a correct Network parameter in the flannel config"},
		{"{\"SubnetLen\":24,\"Backend\":{\"Type\":\"alloc\"}}",
			"please define a correct Network parameter in the flannel config"},
		{"{" N ",\"SubnetLen\":31}", "SubnetLen must be less than /31"},
		{"{" N ",\"SubnetLen\":4294967295}", "SubnetLen must be less than /31"},
		{"{" N ",\"SubnetLen\":17}",
			"network must be able to accommodate at least four subnets"},
		{"{\"Network\":\"10.5.0.0/29\"}",
			"network is too small. Minimum useful network prefix is /28"},
		{"{" N ",\"SubnetMin\":\"10.6.0.0\"}",
			"SubnetMin is not in the range of the Network"},
		{"{" N ",\"SubnetMax\":\"10.4.0.0\"}",
			"SubnetMax is not in the range of the Network"},
		/* Range before boundary, Min before Max. */
		{"{" N ",\"SubnetMin\":\"10.5.1.7\",\"SubnetMax\":\"10.6.0.7\"}",
			"SubnetMax is not in the range of the Network"},
		{"{" N ",\"SubnetMin\":\"10.5.1.7\",\"SubnetMax\":\"10.5.2.7\"}",
			"SubnetMin is not on a SubnetLen boundary: 10.5.1.7"},
		{"{" N ",\"SubnetMax\":\"10.5.200.7\"}",
			"SubnetMax is not on a SubnetLen boundary: 10.5.200.7"},
		{"{\"Network\":\"10.5.0.0\"}", "invalid CIDR address: 10.5.0.0"},
		{"{\"Network\":null}", "invalid CIDR address: null"},
		{"{" V6 "\"Backend\":{\"Type\":\"vxlan\"}}",
			"please define a correct IPv6Network parameter in the flannel config"},
		{"{" V6 "\"IPv6Network\":\"fd05::/48\",\"IPv6SubnetLen\":127}",
			"SubnetLen must be less than /127"},
		{"{" V6 "\"IPv6Network\":\"fd05::/48\",\"IPv6SubnetLen\":49}",
			"network must be able to accommodate at least four subnets"},
		{"{" V6 "\"IPv6Network\":\"fd05::/125\"}",
			"IPv6Network is too small. Minimum useful network prefix is /124"},
		{"{" V6 "\"IPv6Network\":\"fd05::/48\",\"IPv6SubnetMin\":\"fd06::\"}",
			"IPv6SubnetMin is not in the range of the IPv6Network"},
		{"{" V6 "\"IPv6Network\":\"fd05::/48\",\"IPv6SubnetMax\":\"fd06::\"}",
			"IPv6SubnetMax is not in the range of the IPv6Network"},
		{"{" V6 "\"IPv6Network\":\"fd05::/48\",\"IPv6SubnetMin\":\"fd05::1\"}",
			"IPv6SubnetMin is not on a SubnetLen boundary: fd05::1"},
		{"{" V6 "\"IPv6Network\":\"fd05::/48\",\"IPv6SubnetMax\":\"fd05::1\"}",
			"IPv6SubnetMax is not on a SubnetLen boundary: fd05::1"},
	};

	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		refused(table[i][0], table[i][1]);
}

static void what_is_no_config(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "not json", "[]", "7", "null", "{" N, "{" N "} x",
		"{" N ",\"SubnetLen\":-1}", "{" N ",\"SubnetLen\":24.5}",
		"{" N ",\"SubnetLen\":\"24\"}", "{" N ",\"EnableIPv6\":\"yes\"}",
		"{\"Network\":10}", "{\"Network\":\"fd05::/48\"}",
		"{" N ",\"SubnetMin\":\"fd05::\"}", "{" N ",\"SubnetMin\":5}",
		"{" N ",\"Backend\":[]}", "{" N ",\"Backend\":\"vxlan\"}", "{" N ",\"Backend\":{}}",
		"{" N ",\"Backend\":null}", "{" N ",\"Backend\":{\"Type\":7}}",
		"{" N ",\"Backend\":{\"Type\":\"vxlan\",\"VNI\":16777216}}",
		"{" N ",\"Backend\":{\"Type\":\"vxlan\",\"VNI\":-1}}",
		"{" N ",\"Backend\":{\"Type\":\"vxlan\",\"Port\":65536}}",
		"{" N ",\"Backend\":{\"Type\":\"udp\",\"Port\":true}}",
		"{" N ",\"EnableIPv4\":false}"};
	struct ovnet_netconf c;

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char err[256] = "";
		if (ovnet_netconf_parse(bad[i], strlen(bad[i]), &c, err, sizeof(err)) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
		assert_true(strlen(err) > 10);
	}
	char err[256];
	const char *none = "{" N ",\"Backend\":{}}";
	assert_int_equal(ovnet_netconf_parse(none, strlen(none), &c, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "unknown backend type: "));
}

static void size_and_depth_are_bounded(void **state)
{
	(void)state;
	size_t len = 70000;
	char *text = malloc(len), err[256];
	struct ovnet_netconf c;

	memset(text, ' ', len);
	memcpy(text, "{" N "}", strlen("{" N "}"));
	assert_int_equal(ovnet_netconf_parse(text, 65536, &c, err, sizeof(err)), 0);
	assert_int_equal(ovnet_netconf_parse(text, 65537, &c, err, sizeof(err)), -EINVAL);
	memset(text, '[', len);
	assert_int_equal(ovnet_netconf_parse(text, 65536, &c, err, sizeof(err)), -EINVAL);
	free(text);
}

static void dual_stack(void **state)
{
	(void)state;
	struct ovnet_netconf c = good("{" V6 "\"IPv6Network\":\"fd05::/48\",\"Backend\":{\"Type\":"
				      "\"vxlan\"}}");
	struct ovnet_prefix6 p;

	assert_true(c.enable_ipv4 && c.enable_ipv6);
	assert_int_equal(c.subnet6_len, 64);
	assert_int_equal(ovnet_prefix6_parse("fd05:0:0:1::/64", &p), 0);
	assert_memory_equal(c.subnet6_min, p.addr, 16);
	assert_int_equal(ovnet_prefix6_parse("fd05:0:0:ffff::/64", &p), 0);
	assert_memory_equal(c.subnet6_max, p.addr, 16);
	assert_int_equal(good("{" V6 "\"IPv6Network\":\"fd05::/64\"}").subnet6_len, 66);
}

static void equal_means_every_field(void **state)
{
	(void)state;
	struct ovnet_netconf a = good("{" N ",\"Backend\":{\"Type\":\"vxlan\"}}");
	struct ovnet_netconf b = good("{" N ",\"Backend\":{\"Type\":\"vxlan\",\"VNI\":1}}");

	assert_true(ovnet_netconf_equal(&a, &b));
	b = good("{" N ",\"Backend\":{\"Type\":\"vxlan\",\"VNI\":2}}");
	assert_false(ovnet_netconf_equal(&a, &b));
	b = good("{" N ",\"Backend\":{\"Type\":\"vxlan\",\"DirectRouting\":true}}");
	assert_false(ovnet_netconf_equal(&a, &b));
	b = good("{" N ",\"SubnetMax\":\"10.5.9.0\",\"Backend\":{\"Type\":\"vxlan\"}}");
	assert_false(ovnet_netconf_equal(&a, &b));
}

static bool leasable(const struct ovnet_netconf *c, const char *text)
{
	struct ovnet_addr a;

	assert_int_equal(ovnet_addr_parse(text, &a), 0);
	return ovnet_netconf_leasable(c, &a);
}

/* The underlay may live in the rest of the Network, as in the example of flannel's own page. */
static void leases_stay_between_min_and_max(void **state)
{
	(void)state;
	struct ovnet_netconf c = good("{\"Network\":\"10.0.0.0/8\",\"SubnetLen\":20,"
				      "\"SubnetMin\":\"10.10.0.0\",\"SubnetMax\":\"10.99.0.0\","
				      "\"Backend\":{\"Type\":\"udp\",\"Port\":7890}}");

	assert_int_equal(c.range_first, 0x0a0a0000);
	assert_int_equal(c.range_last, 0x0a630fff);
	assert_true(leasable(&c, "10.10.0.0") && leasable(&c, "10.99.15.255"));
	assert_false(leasable(&c, "10.9.255.255") || leasable(&c, "10.99.16.0"));
	assert_false(leasable(&c, "::1") || leasable(&c, "::a0a:0"));

	/* The first subnet is given to nobody unless asked for, but it is the overlay's. */
	c = good("{\"Network\":\"10.5.0.0/16\"}");
	assert_true(leasable(&c, "10.5.0.0") && leasable(&c, "10.5.255.255"));
	assert_false(leasable(&c, "10.4.255.255") || leasable(&c, "10.6.0.0"));
	c = good("{\"Network\":\"10.5.0.0/16\",\"SubnetMin\":\"10.5.1.0\"}");
	assert_false(leasable(&c, "10.5.0.255"));
	c = good("{\"Network\":\"10.5.0.0/16\",\"SubnetMin\":\"10.5.9.0\","
		 "\"SubnetMax\":\"10.5.8.0\"}");
	assert_false(leasable(&c, "10.5.8.1") || leasable(&c, "10.5.9.1"));
	/* To the very end of all addresses. */
	c = good("{\"Network\":\"240.0.0.0/4\"}");
	assert_int_equal(c.range_last, UINT32_MAX);

	c = good("{\"Network\":\"10.5.0.0/16\",\"EnableIPv6\":true,"
		 "\"IPv6Network\":\"fd05::/48\",\"IPv6SubnetMin\":\"fd05:0:0:10::\","
		 "\"IPv6SubnetMax\":\"fd05:0:0:20::\"}");
	assert_true(
		leasable(&c, "fd05:0:0:10::") && leasable(&c, "fd05:0:0:20:ffff:ffff:ffff:ffff"));
	assert_false(
		leasable(&c, "fd05:0:0:f:ffff:ffff:ffff:ffff") || leasable(&c, "fd05:0:0:21::"));
	c = good("{\"Network\":\"10.5.0.0/16\",\"EnableIPv6\":true,"
		 "\"IPv6Network\":\"fd05::/48\"}");
	assert_true(leasable(&c, "fd05::1") && leasable(&c, "fd05:0:0:ffff:ffff:ffff:ffff:ffff"));
	assert_false(leasable(&c, "fd05:0:1::") || leasable(&c, "fd04::"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leases_stay_between_min_and_max),
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_option),
		cmocka_unit_test(names_in_any_case_last_wins),
		cmocka_unit_test(unknown_backends_are_named),
		cmocka_unit_test(flannels_own_messages),
		cmocka_unit_test(what_is_no_config),
		cmocka_unit_test(size_and_depth_are_bounded),
		cmocka_unit_test(dual_stack),
		cmocka_unit_test(equal_means_every_field),
	};
	return cmocka_run_group_tests_name("netconf", tests, NULL, NULL);
}
