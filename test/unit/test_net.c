/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <sys/socket.h>

#include "base/net.h"

static void prefixes_are_masked_and_printed(void **state)
{
	(void)state;
	struct ovnet_prefix4 p;
	struct ovnet_prefix6 p6;
	char text[OVNET_PREFIX_STRLEN];

	assert_int_equal(ovnet_prefix4_parse("10.5.3.3/16", &p), 0);
	assert_string_equal(ovnet_prefix4_text(&p, text, sizeof(text)), "10.5.0.0/16");
	assert_int_equal(ovnet_prefix4_parse("0.0.0.0/0", &p), 0);
	assert_true(ovnet_prefix4_contains(&p, 0xffffffff));
	assert_int_equal(ovnet_prefix6_parse("fd05:0:0:3a::1/64", &p6), 0);
	assert_string_equal(ovnet_prefix6_text(&p6, text, sizeof(text)), "fd05:0:0:3a::/64");
}

static void bad_prefixes_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "/", "10.5.0.0", "10.5.0.0/", "10.5.0.0/33",
		"10.5.0/16", "10.5.0.0/1x", "10.5.0.0/ 8", "10.5.0.0/-1", "10.5.0.0/0016",
		"300.5.0.0/16", "fd05::/48", "1111111111111111111111111111/8"};
	struct ovnet_prefix4 p;

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ovnet_prefix4_parse(bad[i], &p), -EINVAL);
}

static void macs_in_every_form_go_takes(void **state)
{
	(void)state;
	struct ovnet_mac a, b;
	char text[OVNET_MAC_STRLEN];

	assert_int_equal(ovnet_mac_parse("16:D7:16:e4:db:7f", &a), 0);
	assert_string_equal(ovnet_mac_text(&a, text, sizeof(text)), "16:d7:16:e4:db:7f");
	assert_int_equal(ovnet_mac_parse("16d7.16e4.db7f", &b), 0);
	assert_true(ovnet_mac_equal(&a, &b));
	assert_int_equal(ovnet_mac_parse("16-d7-16-e4-db-7f", &b), 0);
	assert_true(ovnet_mac_equal(&a, &b));
	assert_int_equal(ovnet_mac_parse("16:d7:16:e4:db", &b), -EINVAL);
	assert_int_equal(ovnet_mac_parse("16:d7-16:e4:db:7f", &b), -EINVAL);
	assert_int_equal(ovnet_mac_parse("16:d7:16:e4:db:7g", &b), -EINVAL);
	assert_false(ovnet_mac_is_unicast(&(struct ovnet_mac){{1, 0, 0, 0, 0, 1}}));
	assert_false(ovnet_mac_is_unicast(&(struct ovnet_mac){{0}}));
}

static void overlap_and_unicast(void **state)
{
	(void)state;
	struct ovnet_prefix4 net = {0x0a050000, 16}, in = {0x0a050900, 24}, out = {0x0a060000, 16};
	struct ovnet_addr a;

	assert_true(ovnet_prefix4_overlap(&net, &in));
	assert_true(ovnet_prefix4_overlap(&in, &net));
	assert_false(ovnet_prefix4_overlap(&in, &out));
	static const char *const never[] = {
		"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "ff02::1"};
	for (unsigned i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		assert_int_equal(ovnet_addr_parse(never[i], &a), 0);
		assert_false(ovnet_addr_is_unicast(&a));
	}
	assert_int_equal(ovnet_addr_parse("10.168.0.12", &a), 0);
	assert_true(ovnet_addr_is_unicast(&a));
	assert_int_equal(ntohl(a.v4_be), 0x0aa8000c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_are_masked_and_printed),
		cmocka_unit_test(bad_prefixes_are_refused),
		cmocka_unit_test(macs_in_every_form_go_takes),
		cmocka_unit_test(overlap_and_unicast),
	};
	return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
