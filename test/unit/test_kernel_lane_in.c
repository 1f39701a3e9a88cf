/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel lane tells of its way in: warnings, and whether UDP GRO may merge. */
#include "bed/fake_drivers.h"
#include "bed/lane_node.h"

#define LO 1 /* its interface index wherever this runs */

static void looks(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		kernel_lane_look(&the_lane);
}

/* By a look each. */
static void one_comes(void)
{
	fake_lane.stats.sent_up++;
	fake_lane.stats.came_up++;
	looks(1);
}

static void one_is_held(void)
{
	fake_lane.stats.held++;
	fake_lane.stats.held_ifindex = LO;
	fake_lane.stats.held_be = htonl(0xc0a84d03);
	looks(1);
}

static void told_of_what_is_held(void **state)
{
	(void)state;
	struct wired *w = lane_node_start();
	one_comes();
	assert_null(wired_warning(w, "kernel-lane-in"));
	one_is_held();
	const char *text = wired_warning(w, "kernel-lane-in");
	assert_non_null(text);
	assert_non_null(strstr(text, "of 192.168.77.3 that come by lo and go to UDP port 8473,"));
	assert_non_null(strstr(text, "8472"));
	assert_non_null(strstr(text, "kernel-lane = \"off\"")); /* not cut */
	assert_true(fake_lane.out && fake_lane.in);
	lane_node_end(w);
}

/* Others' packets come all the time, and a way that is held may be silent for a while. */
static void told_until_nothing_is_held_any_more(void **state)
{
	(void)state;
	for (unsigned came = 0; came < 2; came++) {
		assert_int_equal(lane_node_reset(NULL), 0);
		struct wired *w = lane_node_start();
		for (unsigned i = 0; i < 3; i++) {
			one_is_held();
			if (came)
				one_comes();
			looks(came ? 110 : 590);
			assert_non_null(wired_warning(w, "kernel-lane-in"));
		}
		looks(20);
		assert_null(wired_warning(w, "kernel-lane-in"));
		one_is_held();
		assert_non_null(wired_warning(w, "kernel-lane-in"));
		lane_node_end(w);
	}
}

static bool may_merge(const struct wired *w)
{
	return !fake_drivers.one_by_one[w->underlay.uplinks[0].port->id];
}

static void merged_ones(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		fake_lane.stats.merged++;
		looks(1);
	}
}

static void the_kernel_does_not_merge_for_the_lane(void **state)
{
	(void)state;
	struct wired *w = lane_node_start();
	looks(3);
	assert_true(may_merge(w));
	merged_ones(1);
	assert_false(may_merge(w));
	/* Those that were on their way; an uplink that comes back. */
	merged_ones(2);
	looks(100);
	fake_link_del(u0);
	wired_run(w);
	u0 = fake_link_add("u0", "veth", 1500, U0_MAC);
	fake_addr_add(u0, "192.168.77.1/24");
	fake_drivers.one_by_one[w->underlay.uplinks[0].port->id] = false;
	event_active(w->ports.timer, EV_TIMEOUT, 0);
	wired_run(w);
	assert_false(may_merge(w));
	/* Off, it may again. */
	node_leave_lease(&w->node);
	looks(1);
	assert_true(may_merge(w));
	merged_ones(3);
	assert_true(may_merge(w));
	lane_node_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_true(may_merge(w));
	merged_ones(1);
	assert_false(may_merge(w));
	lane_node_end(w);
}

/* A device hands them over so. */
static void nor_in_vain(void **state)
{
	(void)state;
	struct wired *w = lane_node_start();
	merged_ones(5);
	assert_false(may_merge(w));
	looks(1);
	merged_ones(4);
	assert_false(may_merge(w));
	merged_ones(1);
	assert_true(may_merge(w));
	merged_ones(10);
	assert_true(may_merge(w));
	lane_node_end(w);
}

static void what_others_removed_is_put_back(void **state)
{
	(void)state;
	struct wired *w = lane_node("node: { iface = \"u0\"; };");
	kernel_lane_mend(&the_lane); /* there is none yet */
	lane_node_lease(w, WIRED_VXLAN, WIRED_OWN);
	fake_lane.mend_rc = 2;
	kernel_lane_mend(&the_lane);
	assert_int_equal(fake_lane.mends, 1);
	assert_null(wired_warning(w, "kernel-lane-gone"));
	fake_lane.mend_rc = -EBUSY;
	kernel_lane_mend(&the_lane);
	assert_non_null(wired_warning(w, "kernel-lane-gone"));
	assert_non_null(strstr(wired_warning(w, "kernel-lane-gone"), strerror(EBUSY)));
	fake_lane.mend_rc = 0;
	kernel_lane_mend(&the_lane);
	assert_null(wired_warning(w, "kernel-lane-gone"));
	lane_node_end(w);
}

#define CASE(name) cmocka_unit_test_setup(name, lane_node_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(told_of_what_is_held),
		CASE(told_until_nothing_is_held_any_more),
		CASE(the_kernel_does_not_merge_for_the_lane),
		CASE(nor_in_vain),
		CASE(what_others_removed_is_put_back),
	};

	return cmocka_run_group_tests(tests, wired_eal, NULL);
}
