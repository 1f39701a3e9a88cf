/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "bed/worker.h"

static void both_send_by_the_queue_of_one(void **state)
{
	(void)state;
	workers_launch();
	for (unsigned round = 0; round < 200; round++) {
		for (uint16_t i = 0; i < 100; i++)
			live_feed(&live->host.lq[i % QUEUES], (uint16_t)(round * 100 + i));
		assert_int_equal(live_collect(100), 100);
	}
	workers_stop();
	uint16_t owner = live->map->worker[0].tx[UPLINK].owner;
	assert_ptr_equal(live->map->worker[1 - owner].tx[UPLINK].q, NULL);
	for (uint16_t i = 0; i < WORKERS; i++) {
		assert_int_equal(live->w[i].counters.port[HOST].rx_packets, 10000);
		assert_int_equal(
			live->w[i].counters.port[UPLINK].tx_packets, i == owner ? 20000 : 0);
	}
}

static void idle_workers_sleep_and_wake(void **state)
{
	(void)state;
	workers_launch();
	usleep(50000);
	uint64_t before = live->w[0].counters.total_cycles + live->w[1].counters.total_cycles;
	uint64_t tsc = rte_rdtsc();
	usleep(200000);
	uint64_t awake =
		live->w[0].counters.total_cycles + live->w[1].counters.total_cycles - before;
	assert_in_range(awake, 0, (rte_rdtsc() - tsc) / 20);
	for (uint16_t i = 0; i < 20; i++) {
		double start = seconds();
		live_feed(&live->host.lq[i % QUEUES], i);
		assert_int_equal(live_collect(1), 1);
		assert_true(seconds() - start < 1);
		usleep(2000);
	}
	workers_stop();
	for (unsigned i = 0; i < WORKERS; i++) {
		assert_false(live->w[i].timed);
		assert_in_range(live->w[i].counters.wakeups, 5, 100);
		assert_int_not_equal(live->w[i].counters.busy_cycles, 0);
	}
}

static uint64_t now_of(const uint64_t *counter)
{
	return *(const volatile uint64_t *)counter;
}

/* Awake, but nothing came there for a while: epoll says when something does. */
static void quiet_queues_are_not_asked_one_by_one(void **state)
{
	const uint16_t w = (uint16_t)(live->map->worker[0].n_rx > 0 ? 0 : 1);
	struct live_queue *lq = (struct live_queue *)live->map->worker[w].rx[0].q;

	(void)state;
	live_asks();
	live->w[0].ramp_us = live->w[1].ramp_us = 10000000;
	workers_launch();
	for (uint16_t i = 0; i < 20; i++) {
		live_feed(&live->host.lq[i % QUEUES], i);
		assert_int_equal(live_collect(1), 1);
		usleep(2000);
	}
	usleep(20000);
	uint64_t looks = now_of(&lq->used_by[w]), rounds = now_of(&live->w[w].counters.loops);
	uint64_t sleeps = now_of(&live->w[w].counters.sleeps);
	usleep(100000);
	assert_in_range(now_of(&live->w[w].counters.loops) - rounds, 100, UINT64_MAX);
	assert_int_equal(now_of(&live->w[w].counters.sleeps), sleeps);
	assert_in_range(now_of(&lq->used_by[w]) - looks, 0, 8);
	for (uint16_t i = 0; i < 20; i++) {
		live_feed(&live->host.lq[i % QUEUES], i);
		assert_int_equal(live_collect(1), 1);
	}
	workers_stop();
}

static void the_ramp_is_as_long_as_it_pays(void **state)
{
	(void)state;
	live->w[0].ramp_us = live->w[1].ramp_us = 1000000;
	workers_launch();
	for (uint16_t i = 0; i < 40; i++) {
		live_feed(&live->host.lq[i % QUEUES], i);
		assert_int_equal(live_collect(1), 1);
		usleep(1000);
	}
	workers_stop();
	assert_in_range(live->w[0].ramp, rte_get_tsc_hz() / 8, rte_get_tsc_hz());
	live->w[0].ramp_us = live->w[1].ramp_us = 50;
	live->w[0].ramp = live->w[1].ramp = rte_get_tsc_hz() / 20000;
	atomic_store(&live->w[0].stop, false);
	atomic_store(&live->w[1].stop, false);
	workers_launch();
	for (uint16_t i = 0; i < 40; i++) {
		usleep(2000);
		live_feed(&live->host.lq[i % QUEUES], i);
		assert_int_equal(live_collect(1), 1);
	}
	workers_stop();
	assert_in_range(live->w[0].ramp, 0, rte_get_tsc_hz() / 50000);
}

/* What a deleted TUN does: its fd polls as broken from then on. */
static void a_broken_fd_keeps_no_worker_awake(void **state)
{
	(void)state;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dup2(ends[0], live->host.lq[0].fd), live->host.lq[0].fd);
	close(ends[0]);
	close(ends[1]);
	workers_launch();
	usleep(50000);
	uint64_t before = live->w[0].counters.sleeps;
	usleep(200000);
	assert_in_range(live->w[0].counters.sleeps - before, 0, 3);
	/* The worker's other ports go on. */
	live->host.lq[0].fd = -1;
	for (uint16_t i = 0; i < 20; i++) {
		live_feed(&live->host.lq[1], i);
		assert_int_equal(live_collect(1), 1);
	}
	workers_stop();
}

static void ports_without_an_fd_are_looked_at_on_time(void **state)
{
	(void)state;
	workers_launch();
	usleep(20000);
	for (uint16_t i = 0; i < 20; i++) {
		live_feed(&live->host.lq[i % QUEUES], i);
		assert_int_equal(live_collect(1), 1);
	}
	workers_stop();
	for (unsigned i = 0; i < WORKERS; i++) {
		assert_true(live->w[i].timed);
		assert_int_not_equal(live->w[i].counters.sleeps, 0);
	}
}

static uint64_t no_port(void)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < WORKERS; i++)
		n += *(const volatile uint64_t *)&live->w[i].counters.drops[OVNET_DROP_NO_PORT];
	return n;
}

static void ports_come_and_go_while_workers_sleep(void **state)
{
	(void)state;
	workers_launch();
	for (unsigned round = 0; round < 20; round++) {
		publish(true, false);
		usleep(3000);
		/* Sleepers hold up no grace period. */
		double end = seconds() + 2;
		while (ovnet_rcu_reclaim(&live->bed->shared.rcu) > 0 && seconds() < end)
			usleep(100);
		assert_int_equal(ovnet_rcu_reclaim(&live->bed->shared.rcu), 0);
		live_feed(&live->host.lq[0], 1);
		for (end = seconds() + 5; no_port() < round + 1 && seconds() < end;)
			usleep(100);
		assert_int_equal(no_port(), round + 1);
		publish(true, true);
		live_feed(&live->host.lq[0], 1);
		assert_int_equal(live_collect(1), 1);
	}
	workers_stop();
}

static void poll_only_never_sleeps(void **state)
{
	(void)state;
	live->w[0].poll_only = live->w[1].poll_only = true;
	workers_launch();
	usleep(20000);
	live_feed(&live->host.lq[0], 1);
	live_feed(&live->host.lq[1], 1);
	assert_int_equal(live_collect(2), 2);
	workers_stop();
	assert_int_equal(live->w[0].counters.sleeps + live->w[1].counters.sleeps, 0);
	assert_int_not_equal(live->w[0].counters.idle_loops, 0);
}

static void what_was_handed_over_is_counted_at_stop(void **state)
{
	(void)state;
	uint8_t in[100];

	put_inner(in, OWN_POD, PEER_POD, 1, 60);
	for (unsigned i = 0; i < 100; i++) {
		struct rte_mbuf *m = bed_packet(HOST, in, 60, 0, 0);
		assert_int_equal(ovnet_handoff_push(&live->bed->shared.handoff[1], &m, 1), 1);
	}
	atomic_store(&live->w[1].stop, true);
	assert_int_equal(rte_eal_remote_launch(ovnet_worker_main, &live->w[1], 2), 0);
	assert_int_equal(rte_eal_wait_lcore(2), 0);
	assert_int_equal(live->w[1].counters.drops[OVNET_DROP_STOPPING], 100);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, live_open, live_close)

int main(void)
{
	static char no_fds;
	const struct CMUnitTest tests[] = {
		CASE(both_send_by_the_queue_of_one),
		CASE(idle_workers_sleep_and_wake),
		CASE(quiet_queues_are_not_asked_one_by_one),
		CASE(the_ramp_is_as_long_as_it_pays),
		CASE(a_broken_fd_keeps_no_worker_awake),
		cmocka_unit_test_prestate_setup_teardown(
			ports_without_an_fd_are_looked_at_on_time, live_open, live_close, &no_fds),
		CASE(ports_come_and_go_while_workers_sleep),
		CASE(poll_only_never_sleeps),
		CASE(what_was_handed_over_is_counted_at_stop),
	};

	if (bed_eal("0@0-1,1@0-1,2@0-1") != 0)
		return 1;
	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
