/* SPDX-License-Identifier: BSD-3-Clause */
/* The blackholes behind the host device's routes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "bed/host.h"

static void blackholes_are_those_wanted_and_no_others(void **state)
{
	struct lab *l = *state;
	uint32_t dev = add_tun(l, "ovnet0");

	/* Of an earlier daemon: the same with another metric, another network's, IPv6. */
	sh("ip route add blackhole 10.0.0.0/8 proto 111 metric 4278198272");
	sh("ip route add blackhole 10.5.0.0/16 proto 111 metric 9");
	sh("ip -6 route add blackhole fd05::/48 proto 111 metric 4278198272");
	sh("ip route add blackhole 10.66.0.0/16"); /* an operator's */
	assert_int_equal(lab_host_set_up(l, dev), 0);
	set_route(l, dev, "10.5.1.0/24");
	prints(ROUTES, HOLE "10.5.1.0/24 via 10.5.1.0 dev ovnet0 onlink\n");
	prints(ROUTES6, "");
	assert_int_equal(
		ovnet_host_blackholes_set(l->k, holes("10.5.0.0/17", "fd05:0:0:8000::/49")), 0);
	prints(ROUTES " | grep blackhole", "blackhole 10.5.0.0/17 metric 4278198272\n");
	prints(ROUTES6, "blackhole fd05:0:0:8000::/49 metric 4278198272 pref medium\n");
	sh("ip route del blackhole 10.5.0.0/17 && ip -6 route del blackhole fd05:0:0:8000::/49");
	assert_int_equal(compare(l, dev), 1);
	prints(ROUTES " | grep blackhole", "blackhole 10.5.0.0/17 metric 4278198272\n");
	prints(ROUTES6, "blackhole fd05:0:0:8000::/49 metric 4278198272 pref medium\n");
	assert_int_equal(ovnet_host_blackholes_set(l->k, holes(NULL, NULL)), 0);
	prints(ROUTES " | grep -c blackhole", "0\n");
	prints("ip route show 10.66.0.0/16 | wc -l", "1\n");
}

/* Others are wanted while a comparison is under way: it is over, but has to be done again. */
static void a_comparison_of_former_blackholes_changes_nothing(void **state)
{
	struct lab *l = *state;
	uint32_t dev = add_tun(l, "ovnet0");
	struct comparison c = {0};

	assert_int_equal(lab_host_set_up(l, dev), 0);
	assert_int_equal(ovnet_host_routes_check(l->k, dev, keep_one, on_compared, &c), 0);
	assert_int_equal(ovnet_host_blackholes_set(l->k, holes("10.5.0.0/17", NULL)), 0);
	run_until(l, c.over, 10);
	assert_int_equal(c.err, -EAGAIN);
	prints(ROUTES, "blackhole 10.5.0.0/17 metric 4278198272\n");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, lab_setup, lab_teardown)
	const struct CMUnitTest tests[] = {
		CASE(blackholes_are_those_wanted_and_no_others),
		CASE(a_comparison_of_former_blackholes_changes_nothing),
	};
	int skip = netns_enter();

	if (access("/dev/net/tun", R_OK | W_OK) < 0) {
		printf("SKIP: no /dev/net/tun\n");
		return 77;
	}
	return skip != 0 ? skip : cmocka_run_group_tests_name("blackhole", tests, NULL, NULL);
}
