/* SPDX-License-Identifier: BSD-3-Clause */
/* Outer fragments that wait in a worker nobody wakes, or that ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/eventfd.h>
#include <unistd.h>

#include "bed/worker.h"
#include "path/fragments.h"
#include "path/taps.h"

static void feed_fragment(uint16_t id)
{
	uint8_t in[200];
	const uint64_t one = 1;
	struct live_queue *lq = &live->uplink.lq[0];
	uint16_t len = put_vxlan(in, 80);

	be_put16(in + 18, id);
	in[20] = 0x20;
	put_sum4(in + 14);
	assert_int_equal(rte_ring_sp_enqueue(lq->in, bed_packet(UPLINK, in, len, 0, 0)), 0);
	assert_int_equal(write(lq->fd, &one, sizeof(one)), sizeof(one));
}

static uint64_t drops_of(enum ovnet_drop reason)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < WORKERS; i++)
		n += *(const volatile uint64_t *)&live->w[i].counters.drops[reason];
	return n;
}

/* Nothing else comes to wake the worker that has it. */
static void a_sleeper_gives_fragments_up(void **state)
{
	(void)state;
	for (unsigned i = 0; i < WORKERS; i++) {
		live->w[i].ctx.fragments = ovnet_fragments_new(16, SOCKET_ID_ANY);
		assert_non_null(live->w[i].ctx.fragments);
	}
	workers_launch();
	usleep(20000);
	double start = seconds();
	feed_fragment(1);
	while (drops_of(OVNET_DROP_FRAGMENT_TIMEOUT) == 0 && seconds() - start < 5)
		usleep(10000);
	assert_int_equal(drops_of(OVNET_DROP_FRAGMENT_TIMEOUT), 1);
	assert_true(seconds() - start >= 1);
	assert_in_range(live->w[0].counters.sleeps + live->w[1].counters.sleeps, 2, 100);
	feed_fragment(2);
	usleep(20000);
	workers_stop();
	assert_int_equal(drops_of(OVNET_DROP_STOPPING), 1);
	for (unsigned i = 0; i < WORKERS; i++) {
		assert_int_equal(live->w[i].counters.absorbed, 0);
		ovnet_fragments_free(live->w[i].ctx.fragments);
	}
}

static unsigned given_up, stale;

/* Has the worker reported since it looked for the taps? Then this may be freed memory. */
static void see_given_up(void *arg, uint16_t worker, enum ovnet_stage stage, uint16_t info,
	struct rte_mbuf **pkts, uint16_t n)
{
	const struct rte_rcu_qsbr *qsbr = live->bed->shared.rcu.qsbr;

	(void)arg, (void)pkts;
	if (stage != OVNET_STAGE_DROP || info != OVNET_DROP_FRAGMENT_TIMEOUT)
		return;
	given_up += n;
	if (atomic_load((const _Atomic uint64_t *)&qsbr->qsbr_cnt[worker].cnt) >= looked[worker])
		stale++;
}

static void taps_see_what_times_out(void **state)
{
	(void)state;
	struct ovnet_path_shared *shared = &live->bed->shared;

	for (unsigned i = 0; i < WORKERS; i++) {
		live->w[i].ctx.fragments = ovnet_fragments_new(16, SOCKET_ID_ANY);
		assert_non_null(live->w[i].ctx.fragments);
	}
	given_up = stale = 0;
	watching = true;
	assert_int_equal(ovnet_taps_add(shared, see_given_up, NULL), 0);
	workers_launch();
	feed_fragment(1);
	double start = seconds();
	while (drops_of(OVNET_DROP_FRAGMENT_TIMEOUT) == 0 && seconds() - start < 5)
		usleep(10000);
	workers_stop();
	watching = false;
	assert_int_equal(given_up, 1);
	assert_int_equal(stale, 0);
	assert_int_equal(ovnet_taps_remove(shared, see_given_up, NULL), 0);
	for (unsigned i = 0; i < WORKERS; i++)
		ovnet_fragments_free(live->w[i].ctx.fragments);
}

static void count_stopping(void *arg, uint16_t worker, enum ovnet_stage stage, uint16_t info,
	struct rte_mbuf **pkts, uint16_t n)
{
	(void)worker, (void)pkts;
	if (stage == OVNET_STAGE_DROP && info == OVNET_DROP_STOPPING)
		*(unsigned *)arg += n;
}

/* A sleeper that is told to stop does not poll again. */
static void the_end_is_shown_to_the_taps_there_are(void **state)
{
	(void)state;
	unsigned before = 0, now = 0;
	struct ovnet_path_shared *shared = &live->bed->shared;

	for (unsigned i = 0; i < WORKERS; i++) {
		/* Nobody hands over to a worker that is alone. */
		ovnet_handoff_fini(&live->bed->shared.handoff[i]);
		live->bed->shared.handoff[i].wake_fd = eventfd(0, EFD_NONBLOCK);
		live->w[i].ctx.fragments = ovnet_fragments_new(16, SOCKET_ID_ANY);
		assert_non_null(live->w[i].ctx.fragments);
	}
	assert_int_equal(ovnet_taps_add(shared, count_stopping, &before), 0);
	workers_launch();
	feed_fragment(1);
	usleep(50000);
	assert_int_equal(ovnet_taps_remove(shared, count_stopping, &before), 0);
	assert_int_equal(ovnet_taps_add(shared, count_stopping, &now), 0);
	workers_stop();
	assert_int_equal(drops_of(OVNET_DROP_STOPPING), 1);
	assert_int_equal(before, 0);
	assert_int_equal(now, 1);
	assert_int_equal(ovnet_taps_remove(shared, count_stopping, &now), 0);
	for (unsigned i = 0; i < WORKERS; i++) {
		ovnet_fragments_free(live->w[i].ctx.fragments);
		close(live->bed->shared.handoff[i].wake_fd);
	}
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, live_open, live_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_sleeper_gives_fragments_up),
		CASE(taps_see_what_times_out),
		CASE(the_end_is_shown_to_the_taps_there_are),
	};

	if (bed_eal("0@0-1,1@0-1,2@0-1") != 0)
		return 1;
	return cmocka_run_group_tests_name("worker_fragments", tests, NULL, NULL);
}
