/* SPDX-License-Identifier: BSD-3-Clause */
/* What is said of a lease tree as a whole, whatever stands in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lease/tree_check.h"

#define SUBNETS "/n/subnets/"

static struct lease_tree tree;
static struct tree_report report;
static int64_t revision;

static void put_ttl(const char *key, const char *value, int64_t handle, uint32_t ttl_s)
{
	lease_tree_add(&tree,
		&(struct ovnet_registry_kv){.key = key,
			.value = value,
			.value_len = strlen(value),
			.create_revision = ++revision,
			.ttl_handle = handle,
			.ttl_s = ttl_s},
		SUBNETS);
}

static void put(const char *key, const char *value)
{
	put_ttl(key, value, 1, 86000);
}

static const char *vxlan(const char *ip, unsigned mac)
{
	static char text[4][160];
	static unsigned at;
	char *out = text[at++ % 4];

	snprintf(out, sizeof(text[0]),
		"{\"PublicIP\":\"%s\",\"BackendType\":\"vxlan\",\"BackendData\":{\"VtepMAC\":"
		"\"02:00:00:00:00:%02x\"}}",
		ip, mac);
	return out;
}

static void set_config(const char *json)
{
	char err[256];

	free(tree.config_error);
	tree.config_found = true;
	tree.config_error = strdup(
		ovnet_netconf_parse(json, strlen(json), &tree.netconf, err, sizeof(err)) < 0 ? err
											     : "");
}

static void check(void)
{
	tree_report_free(&report);
	tree_check(&tree, 3600, &report);
}

static void counts(size_t errors, size_t warnings, size_t notes)
{
	check();
	assert_int_equal(report.count[TREE_ERROR], errors);
	assert_int_equal(report.count[TREE_WARNING], warnings);
	assert_int_equal(report.count[TREE_NOTE], notes);
	assert_int_equal(report.n, errors + warnings + notes);
}

/* There is such a finding, about these keys. */
static const struct tree_finding *found(const char *kind, const char *key, const char *other)
{
	for (size_t i = 0; i < report.n; i++) {
		const struct tree_finding *f = &report.findings[i];
		if (strcmp(f->kind, kind) == 0 && strcmp(f->key, key) == 0 &&
			strcmp(f->other_key, other) == 0)
			return f;
	}
	fail_msg("no %s of %s and %s", kind, key, other);
	return NULL;
}

static int set_up(void **state)
{
	(void)state;
	revision = 0;
	tree = (struct lease_tree){.api = "v3", .config_key = strdup("/n/config")};
	set_config("{\"Network\":\"10.5.0.0/16\",\"EnableIPv6\":true,\"IPv6Network\":\"fd05::/48\","
		   "\"Backend\":{\"Type\":\"vxlan\"}}");
	put(SUBNETS "10.5.1.0-24", vxlan("192.0.2.1", 1));
	put(SUBNETS "10.5.2.0-24", vxlan("192.0.2.2", 2));
	put(SUBNETS "10.5.3.0-24&fd05:0:0:3::-64", vxlan("192.0.2.3", 3));
	counts(0, 0, 0);
	assert_int_equal(report.leases, 3);
	assert_int_equal(report.nodes, 3);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tree_report_free(&report);
	lease_tree_free(&tree);
	return 0;
}

static void test_the_later_of_two_is_at_fault(void **state)
{
	(void)state;
	put(SUBNETS "10.5.2.128-25", vxlan("192.0.2.4", 4));
	put(SUBNETS "10.5.0.0-22", vxlan("192.0.2.5", 5));
	put(SUBNETS "10.5.1.0-24&fd05:0:0:1::-64", vxlan("192.0.2.6", 6));
	counts(5, 0, 0);
	/* All of them lie in the widest, which came late; each pair is told once. */
	found("overlap", SUBNETS "10.5.0.0-22", SUBNETS "10.5.1.0-24");
	found("overlap", SUBNETS "10.5.0.0-22", SUBNETS "10.5.2.0-24");
	found("overlap", SUBNETS "10.5.0.0-22", SUBNETS "10.5.2.128-25");
	found("overlap", SUBNETS "10.5.0.0-22", SUBNETS "10.5.3.0-24&fd05:0:0:3::-64");
	found("overlap", SUBNETS "10.5.1.0-24&fd05:0:0:1::-64", SUBNETS "10.5.0.0-22");
}

static void test_the_same_subnet_twice(void **state)
{
	(void)state;
	put(SUBNETS "10.5.2.0-24&fd05:0:0:2::-64", vxlan("192.0.2.4", 4));
	put(SUBNETS "10.5.9.0-24&fd05:0:0:3::-64", vxlan("192.0.2.5", 5));
	counts(2, 0, 0);
	const struct tree_finding *f =
		found("duplicate", SUBNETS "10.5.2.0-24&fd05:0:0:2::-64", SUBNETS "10.5.2.0-24");
	assert_string_equal(f->owner, "192.0.2.4");
	assert_string_equal(f->other_owner, "192.0.2.2");
	assert_non_null(strstr(f->cure, "restart ovnetd on 192.0.2.4"));
	assert_non_null(strstr(f->cure, "delete '" SUBNETS "10.5.2.0-24&fd05:0:0:2::-64'"));
	found("duplicate", SUBNETS "10.5.9.0-24&fd05:0:0:3::-64",
		SUBNETS "10.5.3.0-24&fd05:0:0:3::-64");
}

/* Neighbours touch, they do not overlap: at both ends of what there is. */
static void test_neighbours_are_no_overlap(void **state)
{
	(void)state;
	set_config("{\"Network\":\"0.0.0.0/0\",\"SubnetMin\":\"0.0.0.0\",\"Backend\":{\"Type\":"
		   "\"vxlan\"}}");
	put(SUBNETS "10.5.0.0-24", vxlan("192.0.2.4", 4));
	put(SUBNETS "255.255.255.0-24", vxlan("192.0.2.5", 5));
	put(SUBNETS "0.0.0.0-24", vxlan("192.0.2.6", 6));
	check();
	for (size_t i = 0; i < report.n; i++)
		assert_string_not_equal(report.findings[i].kind, "overlap");
}

static void test_one_address_of_two_leases(void **state)
{
	(void)state;
	put(SUBNETS "10.5.4.0-24", vxlan("192.0.2.1", 1));
	put(SUBNETS "10.5.5.0-24", vxlan("192.0.2.1", 1));
	counts(0, 2, 0);
	assert_int_equal(report.nodes, 3);
	/* The newest is in force; that it has the MAC of the former is as it should be. */
	found("twin-public-ip", SUBNETS "10.5.1.0-24", SUBNETS "10.5.5.0-24");
	found("twin-public-ip", SUBNETS "10.5.4.0-24", SUBNETS "10.5.5.0-24");
}

static void test_one_mac_of_two_nodes(void **state)
{
	(void)state;
	put(SUBNETS "10.5.4.0-24", vxlan("192.0.2.4", 2));
	put(SUBNETS "10.5.5.0-24", vxlan("192.0.2.5", 2));
	counts(2, 0, 0);
	found("twin-vtep-mac", SUBNETS "10.5.4.0-24", SUBNETS "10.5.2.0-24");
	found("twin-vtep-mac", SUBNETS "10.5.5.0-24", SUBNETS "10.5.2.0-24");
}

static void test_leases_without_a_mac_are_no_twins(void **state)
{
	(void)state;
	set_config("{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":\"udp\"}}");
	put(SUBNETS "10.5.4.0-24", "{\"PublicIP\":\"192.0.2.4\"}");
	put(SUBNETS "10.5.5.0-24", "{\"PublicIP\":\"192.0.2.5\"}");
	counts(0, 3, 0);
	found("other-backend", SUBNETS "10.5.1.0-24", "");
}

static void test_ends(void **state)
{
	(void)state;
	put_ttl(SUBNETS "10.5.4.0-24", vxlan("192.0.2.4", 4), 0, 0);
	put_ttl(SUBNETS "10.5.5.0-24", vxlan("192.0.2.5", 5), 7, 2999);
	put_ttl(SUBNETS "10.5.6.0-24", vxlan("192.0.2.6", 6), 7, 3000);
	put_ttl(SUBNETS "10.5.7.0-24", vxlan("192.0.2.7", 7), 7, 0); /* not told */
	counts(0, 1, 1);
	found("reservation", SUBNETS "10.5.4.0-24", "");
	found("not-renewed", SUBNETS "10.5.5.0-24", "");
	tree.api = "file"; /* where nothing has an end */
	counts(0, 0, 0);
}

static void test_strays(void **state)
{
	char long_value[OVNET_LEASE_VALUE_MAX + 100];

	(void)state;
	memset(long_value, ' ', sizeof(long_value));
	long_value[sizeof(long_value) - 1] = '\0';
	put(SUBNETS "10.5.9.0", "{}");
	put(SUBNETS "10.5.8.0-24", "no JSON");
	put(SUBNETS "10.5.7.0-24", long_value);
	put(SUBNETS "10.5.6.0-24", "{\"PublicIP\":\"192.0.2.6\",\"BackendType\":\"vxlan\"}");
	put("/n/subnets-of-mine", "x");
	put(SUBNETS "it's\nme", "x");
	counts(6, 0, 0);
	assert_string_equal(found("not-a-lease", SUBNETS "10.5.6.0-24", "")->owner, "192.0.2.6");
	found("not-a-lease", "/n/subnets-of-mine", "");
	/* Nobody shall paste that into a shell. */
	assert_null(strchr(found("not-a-lease", SUBNETS "it's\nme", "")->cure, '\n'));
	assert_int_equal(report.leases, 3);
}

static void test_outside(void **state)
{
	(void)state;
	put(SUBNETS "10.6.0.0-24", vxlan("192.0.2.4", 4));
	put(SUBNETS "10.5.5.0-24", vxlan("10.5.77.1", 5));
	put(SUBNETS "10.5.6.0-24&fd06::-64", vxlan("192.0.2.6", 6));
	counts(3, 0, 0);
	found("outside-network", SUBNETS "10.6.0.0-24", "");
	assert_non_null(strstr(
		found("outside-network", SUBNETS "10.5.5.0-24", "")->what, "inside the overlay"));
	found("outside-network", SUBNETS "10.5.6.0-24&fd06::-64", "");
}

static void test_a_config_that_is_none(void **state)
{
	(void)state;
	set_config("{\"Network\":\"10.5.0.0\"}");
	tree.also = "v2";
	put(SUBNETS "192.168.0.0-24", vxlan("192.0.2.4", 4)); /* in or outside of what? */
	counts(1, 1, 0);
	assert_non_null(strstr(found("no-config", "/n/config", "")->what, "is no good"));
	found("two-apis", "/n/config", "");
	/* The worst first. */
	assert_int_equal(report.findings[0].severity, TREE_ERROR);
}

static void test_more_than_anybody_reads(void **state)
{
	char key[64];

	(void)state;
	for (unsigned i = 0; i < TREE_FINDINGS_MAX + 5; i++) {
		snprintf(key, sizeof(key), SUBNETS "stray%u", i);
		put(key, "x");
	}
	check();
	assert_int_equal(report.n, TREE_FINDINGS_MAX);
	assert_int_equal(report.count[TREE_ERROR], TREE_FINDINGS_MAX + 5);
}

#define case_of(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		case_of(test_the_later_of_two_is_at_fault),
		case_of(test_the_same_subnet_twice),
		case_of(test_neighbours_are_no_overlap),
		case_of(test_one_address_of_two_leases),
		case_of(test_one_mac_of_two_nodes),
		case_of(test_leases_without_a_mac_are_no_twins),
		case_of(test_ends),
		case_of(test_strays),
		case_of(test_outside),
		case_of(test_a_config_that_is_none),
		case_of(test_more_than_anybody_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
