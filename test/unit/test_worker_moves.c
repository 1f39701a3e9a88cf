/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queues go from worker to worker under load: what they carry arrives, and the bed finds out if two
 * workers ever use one at a time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <unistd.h>

#include "bed/random.h"
#include "bed/worker.h"

#define MOVES   2000
#define WAITING 128 /* packets on their way at most: they fit any ring */
#define PATIENT 20  /* seconds */

static struct live_queue *queue(unsigned i)
{
	return i < QUEUES ? &live->host.lq[i] : &live->uplink.lq[0];
}

/* Its new worker has it. */
static bool has_arrived(const struct live_queue *lq)
{
	return ovnet_queue_owner(&lq->q) == ovnet_queue_worker(&lq->q);
}

static void reclaim(void)
{
	ovnet_rcu_reclaim(&live->bed->shared.rcu);
}

/* False: it is still on its way. */
static bool move(struct live_queue *lq, uint16_t worker)
{
	if (ovnet_queue_move(&lq->q, worker) != 0)
		return false;
	publish(true, true);
	reclaim();
	return true;
}

static void wait_until_there(const struct live_queue *lq)
{
	for (double end = seconds() + PATIENT; !has_arrived(lq); sched_yield())
		if (seconds() > end)
			fail_msg("the queue does not get to its new worker");
}

/* Packets fed and not yet out, WAITING at most. */
static unsigned sent, arrived;

static void feed_and_collect(unsigned waiting)
{
	for (unsigned i = 0; waiting > 0 && i < 8; i++, sent++)
		live_feed(&live->host.lq[sent % QUEUES], (uint16_t)sent);
	for (double end = seconds() + PATIENT;; sched_yield()) {
		arrived += live_collect(0);
		if (sent - arrived <= waiting)
			return;
		if (seconds() > end)
			fail_msg("%u packets of %u are lost", sent - arrived, sent);
	}
}

static uint64_t drops(void)
{
	uint64_t n = 0;

	for (unsigned w = 0; w < WORKERS; w++)
		for (unsigned r = 0; r < OVNET_DROP_COUNT; r++)
			n += live->w[w].counters.drops[r];
	return n;
}

static void run(bool polling)
{
	uint64_t seed = 7;
	unsigned moved = 0;

	sent = arrived = 0;
	live->w[0].poll_only = live->w[1].poll_only = polling;
	workers_launch();
	for (double end = seconds() + PATIENT; moved < MOVES; feed_and_collect(WAITING)) {
		uint64_t n = next_random(&seed);
		struct live_queue *lq = queue(n % (QUEUES + 1));

		moved += move(lq, 1 - ovnet_queue_worker(&lq->q));
		if (seconds() > end)
			fail_msg("only %u of %u moves in %d s", moved, MOVES, PATIENT);
	}
	feed_and_collect(0);
	workers_stop();
	assert_int_equal(arrived, sent);
	assert_int_equal(drops(), 0);
	uint64_t rx = 0;
	for (unsigned i = 0; i < QUEUES; i++) {
		rx += live->host.lq[i].q.packets.rx_packets;
		/* Each worker had each of them. */
		assert_true(live->host.lq[i].used_by[0] > 0 && live->host.lq[i].used_by[1] > 0);
	}
	assert_int_equal(rx, sent);
	assert_int_equal(live->uplink.lq[0].q.packets.tx_packets, sent);
	assert_true(live->w[0].counters.port[UPLINK].tx_packets > 0 &&
		    live->w[1].counters.port[UPLINK].tx_packets > 0);
}

static void nothing_is_lost_when_queues_move(void **state)
{
	(void)state;
	run(false);
}

static void nor_when_quiet_queues_are_left_alone(void **state)
{
	(void)state;
	live_asks();
	run(false);
}

static void nor_when_each_use_takes_its_time(void **state)
{
	(void)state;
	atomic_store(&linger, true);
	run(true);
	atomic_store(&linger, false);
}

static void launch(uint16_t worker)
{
	assert_int_equal(
		rte_eal_remote_launch(ovnet_worker_main, &live->w[worker], worker + 1u), 0);
}

/* Its new worker sleeps without having armed it, when it is given the queue. */
static void who_gives_a_queue_away_wakes_the_next(void **state)
{
	struct live_queue *lq = &live->host.lq[0];
	uint16_t former = ovnet_queue_worker(&lq->q), next = 1 - former;
	double end = seconds() + PATIENT;

	(void)state;
	assert_true(move(lq, next));
	launch(next);
	while (*(volatile uint64_t *)&live->w[next].counters.sleeps == 0)
		assert_true(seconds() < end);
	usleep(20000);
	assert_false(atomic_load(&lq->armed));
	launch(former);
	wait_until_there(lq);
	for (; !atomic_load(&lq->armed); sched_yield())
		assert_true(seconds() < end);
	assert_int_equal(lq->used_by[former], 1); /* disarmed it */
	workers_stop();
}

static void a_sleeper_wakes_by_what_it_was_given(void **state)
{
	struct live_queue *lq = &live->host.lq[0];

	(void)state;
	workers_launch();
	for (unsigned round = 0; round < 40; round++) {
		usleep(2000);
		assert_true(move(lq, 1 - ovnet_queue_worker(&lq->q)));
		wait_until_there(lq);
		if (round % 2 == 0)
			usleep(2000);
		live_feed(lq, 1);
		assert_int_equal(live_collect(1), 1);
	}
	/* Nobody is left to wait on time, and grace periods end. */
	for (double end = seconds() + PATIENT; ovnet_rcu_reclaim(&live->bed->shared.rcu) > 0;)
		assert_true(seconds() < end);
	workers_stop();
	assert_int_equal(drops(), 0);
}

/* He has not looked yet: the next one keeps off, and hands over to him. */
static void who_has_not_given_it_away_keeps_it(void **state)
{
	struct live_queue *lq = &live->uplink.lq[0];
	uint16_t former = ovnet_queue_worker(&lq->q), next = 1 - former;

	(void)state;
	assert_true(move(lq, next));
	live_feed(&live->host.lq[next], 1);
	launch(next);
	for (double end = seconds() + PATIENT;
		rte_ring_count(live->bed->shared.handoff[former].ring) == 0; sched_yield())
		assert_true(seconds() < end);
	assert_int_equal(lq->used_by[next], 0);
	assert_int_equal(ovnet_queue_owner(&lq->q), former);
	/* It comes back from him, who has given the queue away before he takes what was handed
	 * over. */
	launch(former);
	assert_int_equal(live_collect(1), 1);
	wait_until_there(lq);
	workers_stop();
	assert_int_equal(live->w[next].counters.port[UPLINK].tx_packets, 1);
	assert_int_equal(live->w[former].counters.port[UPLINK].tx_packets, 0);
	assert_int_equal(drops(), 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, live_open, live_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(nothing_is_lost_when_queues_move),
		CASE(nor_when_quiet_queues_are_left_alone),
		CASE(nor_when_each_use_takes_its_time),
		CASE(who_gives_a_queue_away_wakes_the_next),
		CASE(a_sleeper_wakes_by_what_it_was_given),
		CASE(who_has_not_given_it_away_keeps_it),
	};

	if (bed_eal("0@0-1,1@0-1,2@0-1") != 0)
		return 1;
	return cmocka_run_group_tests_name("worker_moves", tests, NULL, NULL);
}
