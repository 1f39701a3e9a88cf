/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "base/rcu.h"

struct thing {
	struct ovnet_rcu_head rcu;
	unsigned *released;
};

static void release(struct ovnet_rcu_head *head)
{
	++*((struct thing *)head)->released;
}

static void frees_wait_for_every_online_reader(void **state)
{
	(void)state;
	struct ovnet_rcu rcu;
	unsigned released = 0;
	struct thing a = {.released = &released};

	assert_int_equal(ovnet_rcu_init(&rcu, 2), 0);
	for (unsigned id = 0; id < 2; id++) {
		assert_int_equal(ovnet_rcu_reader_add(&rcu, id), 0);
		ovnet_rcu_reader_online(&rcu, id);
	}
	ovnet_rcu_defer(&rcu, &a.rcu, release);
	assert_int_equal(ovnet_rcu_reclaim(&rcu), 1);
	ovnet_rcu_reader_quiescent(&rcu, 0);
	assert_int_equal(ovnet_rcu_reclaim(&rcu), 1);
	assert_int_equal(released, 0);
	ovnet_rcu_reader_quiescent(&rcu, 1);
	assert_int_equal(ovnet_rcu_reclaim(&rcu), 0);
	assert_int_equal(released, 1);
	ovnet_rcu_fini(&rcu);
}

static void sleepers_and_leavers_hold_up_nobody(void **state)
{
	(void)state;
	struct ovnet_rcu rcu;
	unsigned released = 0;
	struct thing a = {.released = &released}, b = {.released = &released};

	assert_int_equal(ovnet_rcu_init(&rcu, 2), 0);
	for (unsigned id = 0; id < 2; id++) {
		assert_int_equal(ovnet_rcu_reader_add(&rcu, id), 0);
		ovnet_rcu_reader_online(&rcu, id);
	}
	ovnet_rcu_reader_offline(&rcu, 1);
	ovnet_rcu_defer(&rcu, &a.rcu, release);
	ovnet_rcu_reader_quiescent(&rcu, 0);
	assert_int_equal(ovnet_rcu_reclaim(&rcu), 0);
	ovnet_rcu_reader_offline(&rcu, 0);
	assert_int_equal(ovnet_rcu_reader_remove(&rcu, 0), 0);
	ovnet_rcu_defer(&rcu, &b.rcu, release);
	assert_int_equal(ovnet_rcu_reclaim(&rcu), 0);
	assert_int_equal(released, 2);
	ovnet_rcu_fini(&rcu);
}

static void order_is_kept_and_fini_releases_the_rest(void **state)
{
	(void)state;
	struct ovnet_rcu rcu;
	unsigned early = 0, late = 0;
	struct thing a = {.released = &early}, b = {.released = &late};

	assert_int_equal(ovnet_rcu_init(&rcu, 1), 0);
	assert_int_equal(ovnet_rcu_reader_add(&rcu, 0), 0);
	ovnet_rcu_reader_online(&rcu, 0);
	ovnet_rcu_defer(&rcu, &a.rcu, release);
	ovnet_rcu_reader_quiescent(&rcu, 0);
	ovnet_rcu_defer(&rcu, &b.rcu, release);
	assert_int_equal(ovnet_rcu_reclaim(&rcu), 1);
	assert_int_equal(early, 1);
	assert_int_equal(late, 0);
	ovnet_rcu_fini(&rcu);
	assert_int_equal(late, 1);
	ovnet_rcu_fini(&rcu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frees_wait_for_every_online_reader),
		cmocka_unit_test(sleepers_and_leavers_hold_up_nobody),
		cmocka_unit_test(order_is_kept_and_fini_releases_the_rest),
	};
	return cmocka_run_group_tests_name("rcu", tests, NULL, NULL);
}
