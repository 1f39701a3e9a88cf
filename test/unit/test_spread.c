/* SPDX-License-Identifier: BSD-3-Clause */
/* Which queue goes where, by what workers and queues did. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <rte_common.h>

#include "bed/random.h"
#include "ports/spread.h"

#define CHOOSE(busy, queues, move) spread_choose(busy, RTE_DIM(busy), queues, RTE_DIM(queues), move)

static void who_has_time_left_needs_no_help(void **state)
{
	const uint32_t busy[] = {SPREAD_BUSY - 1, 0};
	const struct spread_queue queues[] = {{100, 0, false}, {100, 0, false}};
	struct spread_move m;

	(void)state;
	assert_false(CHOOSE(busy, queues, &m));
}

static void half_of_it_goes_to_the_idlest(void **state)
{
	const uint32_t busy[] = {300, 900, 100};
	const struct spread_queue queues[] = {
		{500, 0, false}, {100, 1, false}, {110, 1, false}, {90, 1, false}, {5, 2, false}};
	struct spread_move m;

	(void)state;
	/* 330 of 900: 570 stay, 430 are there; the others leave more on one side. */
	assert_true(CHOOSE(busy, queues, &m));
	assert_int_equal(m.queue, 2);
	assert_int_equal(m.to, 2);
}

static void what_would_only_change_places_stays(void **state)
{
	const uint32_t busy[] = {900, 0};
	const struct spread_queue alone[] = {{100, 0, false}, {0, 0, false}, {0, 1, false}};
	const struct spread_queue nearly[] = {{95, 0, false}, {5, 0, false}};
	struct spread_move m;

	(void)state;
	assert_false(CHOOSE(busy, alone, &m));
	/* By 45 per mille it would be better. */
	assert_false(CHOOSE(busy, nearly, &m));
}

static void both_full_is_well_spread(void **state)
{
	const uint32_t busy[] = {1000, 950};
	const struct spread_queue queues[] = {{10, 0, false}, {10, 0, false}, {20, 1, false}};
	struct spread_move m;

	(void)state;
	assert_false(CHOOSE(busy, queues, &m));
}

/* What stays counts as load all the same. */
static void the_fixed_stay(void **state)
{
	const uint32_t busy[] = {1000, 0};
	const struct spread_queue fixed[] = {{50, 0, true}, {50, 0, true}};
	const struct spread_queue one[] = {{60, 0, true}, {40, 0, false}};
	struct spread_move m;

	(void)state;
	assert_false(CHOOSE(busy, fixed, &m));
	assert_true(CHOOSE(busy, one, &m));
	assert_true(m.queue == 1 && m.to == 1);
}

static void there_may_be_nothing(void **state)
{
	const uint32_t busy[] = {1000, 0};
	const struct spread_queue idle[] = {{0, 0, false}};
	struct spread_move m;

	(void)state;
	assert_false(spread_choose(busy, 2, NULL, 0, &m));
	assert_false(CHOOSE(busy, idle, &m));
	assert_false(spread_choose(busy, 1, idle, 1, &m));
}

#define WORKERS 4
#define QUEUES  24

/* A load that does not change settles, in fewer moves than there are queues. */
static void it_comes_to_rest(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (unsigned round = 0; round < 500; round++) {
		struct spread_queue queues[QUEUES];
		uint32_t load[QUEUES], busy[WORKERS];
		struct spread_move m;
		unsigned moves = 0;

		for (unsigned i = 0; i < QUEUES; i++) {
			load[i] =
				(uint32_t)(next_random(&seed) % (3 * 1000 * WORKERS / QUEUES) / 2);
			queues[i] = (struct spread_queue){
				load[i] * 1000u, (uint16_t)(next_random(&seed) % WORKERS), false};
		}
		for (;;) {
			for (unsigned w = 0; w < WORKERS; w++)
				busy[w] = 0;
			for (unsigned i = 0; i < QUEUES; i++)
				busy[queues[i].worker] += load[i];
			/* Nobody is busier than all the time; then the load is more than is seen.
			 */
			for (unsigned w = 0; w < WORKERS; w++)
				busy[w] = RTE_MIN(busy[w], 1000u);
			if (!CHOOSE(busy, queues, &m))
				break;
			assert_false(queues[m.queue].fixed);
			assert_int_not_equal(queues[m.queue].worker, m.to);
			queues[m.queue].worker = m.to;
			assert_in_range(++moves, 1, QUEUES);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_time_left_needs_no_help),
		cmocka_unit_test(half_of_it_goes_to_the_idlest),
		cmocka_unit_test(what_would_only_change_places_stays),
		cmocka_unit_test(both_full_is_well_spread),
		cmocka_unit_test(the_fixed_stay),
		cmocka_unit_test(there_may_be_nothing),
		cmocka_unit_test(it_comes_to_rest),
	};

	return cmocka_run_group_tests_name("spread", tests, NULL, NULL);
}
