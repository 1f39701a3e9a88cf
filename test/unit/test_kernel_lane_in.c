/* SPDX-License-Identifier: BSD-3-Clause */
/* What becomes of the kernel lane's way in, and what is said of it. */
#include "bed/lane_node.h"

/* What is sent up and comes out is well; so is what is still on its way at a look. */
static void the_way_in_is_left_where_nothing_comes(void **state)
{
	(void)state;
	struct wired *w = lane_node_start();
	for (unsigned i = 1; i < 5; i++) {
		fake_lane.stats.sent_up = 10 * i;
		fake_lane.stats.came_up = 10 * i - 1;
		kernel_lane_look(&the_lane);
	}
	kernel_lane_look(&the_lane);
	kernel_lane_look(&the_lane);
	assert_true(fake_lane.out && fake_lane.in);
	fake_lane.stats.sent_up++;
	kernel_lane_look(&the_lane);
	assert_true(fake_lane.out && fake_lane.in);
	kernel_lane_look(&the_lane);
	assert_true(fake_lane.out);
	assert_false(fake_lane.in);
	const char *text = wired_warning(w, "kernel-lane-in");
	assert_non_null(text);
	assert_non_null(strstr(text, "UDP port 8473"));
	the_lane.check.retry = 1; /* minutes later */
	kernel_lane_look(&the_lane);
	assert_true(fake_lane.out && fake_lane.in);
	assert_non_null(wired_warning(w, "kernel-lane-in"));
	fake_lane.stats.sent_up++;
	fake_lane.stats.came_up++;
	kernel_lane_look(&the_lane);
	assert_null(wired_warning(w, "kernel-lane-in"));
	lane_node_end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_way_in_is_left_where_nothing_comes, lane_node_reset),
	};

	return cmocka_run_group_tests(tests, wired_eal, NULL);
}
