/* SPDX-License-Identifier: BSD-3-Clause */
/* Taps that come and go while workers run. */
#include "bed/cmocka.h"

#include <errno.h>
#include <unistd.h>

#include "bed/worker.h"
#include "path/taps.h"

#define ROUNDS 100
#define BATCH  20

/* What a tap saw. Each worker writes its own. */
struct seen {
	struct ovnet_rcu_head rcu; /* first */
	uint64_t packets[WORKERS][OVNET_STAGE_COUNT], bytes[WORKERS][OVNET_STAGE_COUNT];
	uint64_t which[WORKERS]; /* the sum of their addresses */
};

static void look(void *arg, uint16_t worker, enum ovnet_stage stage, uint16_t info,
	struct rte_mbuf **pkts, uint16_t n)
{
	struct seen *s = arg;

	(void)info;
	s->packets[worker][stage] += n;
	for (uint16_t i = 0; i < n; i++) {
		s->bytes[worker][stage] += pkts[i]->pkt_len;
		s->which[worker] += (uintptr_t)pkts[i];
	}
}

static uint64_t total(const struct seen *s, enum ovnet_stage stage)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < WORKERS; i++)
		n += s->packets[i][stage];
	return n;
}

static void feed(uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		live_feed(&live->host.lq[i % QUEUES], i);
}

static void two_see_the_same(void **state)
{
	(void)state;
	struct ovnet_path_shared *shared = &live->bed->shared;
	struct seen a = {0}, b = {0};

	assert_int_equal(ovnet_taps_add(shared, look, &a), 0);
	assert_int_equal(ovnet_taps_add(shared, look, &b), 0);
	workers_launch();
	feed(200);
	assert_int_equal(live_collect(200), 200);
	workers_stop();
	assert_int_equal(total(&a, OVNET_STAGE_RX), 200);
	assert_int_equal(total(&a, OVNET_STAGE_CLASSIFY), 200);
	assert_int_equal(total(&a, OVNET_STAGE_ROUTE), 200);
	assert_int_equal(total(&a, OVNET_STAGE_ENCAP), 200);
	assert_int_equal(total(&a, OVNET_STAGE_DROP), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(ovnet_taps_remove(shared, look, &a), 0);
	assert_int_equal(ovnet_taps_remove(shared, look, &b), 0);
	assert_null(atomic_load(&shared->taps));
}

static unsigned released;

static void seen_release(struct ovnet_rcu_head *head)
{
	memset((void *)head, 0xff, sizeof(struct seen));
	free(head);
	released++;
}

static void one_goes_the_other_stays(void **state)
{
	(void)state;
	struct ovnet_path_shared *shared = &live->bed->shared;
	struct seen stays = {0};

	released = 0;
	assert_int_equal(ovnet_taps_add(shared, look, &stays), 0);
	workers_launch();
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct seen *goes = calloc(1, sizeof(*goes));

		assert_non_null(goes);
		feed(BATCH);
		assert_int_equal(ovnet_taps_add(shared, look, goes), 0);
		if (round % 2 == 0)
			assert_int_equal(live_collect(BATCH), BATCH);
		assert_int_equal(ovnet_taps_remove(shared, look, goes), 0);
		ovnet_rcu_defer(&shared->rcu, &goes->rcu, seen_release);
		ovnet_rcu_reclaim(&shared->rcu);
		if (round % 2 != 0)
			assert_int_equal(live_collect(BATCH), BATCH);
	}
	for (double end = seconds() + 10; ovnet_rcu_reclaim(&shared->rcu) > 0 && seconds() < end;)
		usleep(100);
	assert_int_equal(released, ROUNDS);
	workers_stop();
	assert_int_equal(total(&stays, OVNET_STAGE_RX), ROUNDS * BATCH);
	assert_int_equal(total(&stays, OVNET_STAGE_ENCAP), ROUNDS * BATCH);
	assert_int_equal(ovnet_taps_remove(shared, look, &stays), 0);
}

static void each_is_there_once(void **state)
{
	(void)state;
	struct ovnet_path_shared *shared = &live->bed->shared;
	struct seen a, b;

	assert_int_equal(ovnet_taps_remove(shared, look, &a), -ENOENT);
	assert_int_equal(ovnet_taps_add(shared, look, &a), 0);
	assert_int_equal(ovnet_taps_add(shared, look, &a), -EEXIST);
	assert_int_equal(ovnet_taps_remove(shared, look, &b), -ENOENT);
	assert_int_equal(ovnet_taps_add(shared, look, &b), 0);
	assert_int_equal(ovnet_taps_remove(shared, look, &a), 0);
	assert_int_equal(atomic_load(&shared->taps)->n, 1);
	assert_ptr_equal(atomic_load(&shared->taps)->tap[0].arg, &b);
	assert_int_equal(ovnet_taps_remove(shared, look, &a), -ENOENT);
	assert_int_equal(ovnet_taps_remove(shared, look, &b), 0);
	assert_null(atomic_load(&shared->taps));
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, live_open, live_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(two_see_the_same),
		CASE(one_goes_the_other_stays),
		CASE(each_is_there_once),
	};

	if (bed_eal("0@0-1,1@0-1,2@0-1") != 0)
		return 1;
	return cmocka_run_group_tests_name("worker_taps", tests, NULL, NULL);
}
