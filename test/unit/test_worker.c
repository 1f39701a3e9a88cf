/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/eventfd.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "fragments.h"
#include "worker.h"

#include "path_bed.h"

#define WORKERS 2
#define QUEUES  2

/* A door other threads feed: a ring each way per queue and an fd to wait on. */
struct live_queue {
	struct ovnet_port_queue q; /* first: what the path knows of it */
	struct rte_ring *in, *out;
	int fd;
	_Atomic unsigned sender; /* lcore + 1 that called tx; a second one is a fault */
	_Atomic bool shared;     /* two threads did call tx */
};

struct live_door {
	struct ovnet_port port;
	struct live_queue lq[QUEUES];
};

struct live {
	struct bed *bed;
	struct live_door host, uplink;
	struct ovnet_worker w[WORKERS];
	struct ovnet_peer_counters peers[WORKERS][16];
	struct ovnet_queue_map *map;
};

static struct live *live;

static uint16_t live_rx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct live_queue *lq = (struct live_queue *)q;
	uint64_t count;
	uint16_t got = (uint16_t)rte_ring_sc_dequeue_burst(lq->in, (void **)pkts, n, NULL);

	if (got == 0 && lq->fd >= 0 && read(lq->fd, &count, sizeof(count)) < 0)
		return 0; /* nothing was written either */
	return got;
}

static uint16_t live_tx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct live_queue *lq = (struct live_queue *)q;
	unsigned self = rte_lcore_id() + 1, before = atomic_exchange(&lq->sender, self);

	if (before != 0 && before != self)
		atomic_store(&lq->shared, true);
	q->tx_reason = OVNET_DROP_TX_FULL;
	return (uint16_t)rte_ring_sp_enqueue_burst(lq->out, (void **)pkts, n, NULL);
}

static int live_fd(struct ovnet_port_queue *q)
{
	return ((struct live_queue *)q)->fd;
}

static int live_arm(struct ovnet_port_queue *q)
{
	return !rte_ring_empty(((struct live_queue *)q)->in);
}

static const struct ovnet_port_ops live_ops = {
	.kind = "live", .rx = live_rx, .tx = live_tx, .wait_fd = live_fd, .arm = live_arm};

static void live_door_open(struct live_door *d, const struct door *like, uint16_t queues, bool fds)
{
	char name[RTE_RING_NAMESIZE];

	d->port = like->port;
	d->port.ops = &live_ops;
	d->port.n_rxq = d->port.n_txq = queues;
	for (uint16_t i = 0; i < queues; i++) {
		struct live_queue *lq = &d->lq[i];
		lq->q = (struct ovnet_port_queue){.port = &d->port, .id = i};
		snprintf(name, sizeof(name), "in%u.%u", d->port.id, i);
		lq->in = rte_ring_create(name, 512, SOCKET_ID_ANY, 0);
		snprintf(name, sizeof(name), "out%u.%u", d->port.id, i);
		lq->out = rte_ring_create(name, 1024, SOCKET_ID_ANY, 0);
		lq->fd = fds ? eventfd(0, EFD_NONBLOCK) : -1;
		assert_true(lq->in != NULL && lq->out != NULL && (lq->fd >= 0) == fds);
		d->port.queue[i] = &lq->q;
	}
}

static unsigned ring_empty_out(struct rte_ring *r)
{
	struct rte_mbuf *pkts[64];
	unsigned n, total = 0;

	while ((n = rte_ring_sc_dequeue_burst(r, (void **)pkts, RTE_DIM(pkts), NULL)) > 0) {
		rte_pktmbuf_free_bulk(pkts, n);
		total += n;
	}
	return total;
}

static void live_door_close(struct live_door *d)
{
	for (uint16_t i = 0; i < d->port.n_rxq; i++) {
		assert_false(atomic_load(&d->lq[i].shared));
		ring_empty_out(d->lq[i].in);
		ring_empty_out(d->lq[i].out);
		rte_ring_free(d->lq[i].in);
		rte_ring_free(d->lq[i].out);
		if (d->lq[i].fd >= 0)
			close(d->lq[i].fd);
	}
}

static void map_release(struct ovnet_rcu_head *head)
{
	ovnet_queue_map_free((struct ovnet_queue_map *)head); /* its first member */
}

static void publish(bool host, bool uplink)
{
	struct ovnet_port *ports[N_DOORS] = {[HOST] = host ? &live->host.port : NULL,
		[UPLINK] = uplink ? &live->uplink.port : NULL};
	struct ovnet_queue_map *old = live->map;

	live->map = ovnet_queue_map_build(ports, N_DOORS, WORKERS, old ? old->generation + 1 : 1);
	assert_non_null(live->map);
	atomic_store_explicit(&live->bed->shared.map, live->map, memory_order_release);
	if (old != NULL)
		ovnet_rcu_defer(&live->bed->shared.rcu, &old->rcu, map_release);
	for (uint16_t i = 0; i < WORKERS; i++)
		ovnet_handoff_wake(&live->bed->shared.handoff[i]);
}

static int live_open(void **state)
{
	bool fds = *state == NULL;

	live = aligned_alloc(64, sizeof(*live));
	assert_non_null(live);
	memset(live, 0, sizeof(*live));
	live->bed = bed_open(WORKERS);
	live_door_open(&live->host, &live->bed->door[HOST], QUEUES, fds);
	live_door_open(&live->uplink, &live->bed->door[UPLINK], 1, fds);
	atomic_store(&live->bed->shared.map, NULL);
	for (uint16_t i = 0; i < WORKERS; i++) {
		struct ovnet_worker *w = &live->w[i];
		assert_int_equal(
			ovnet_handoff_init(&live->bed->shared.handoff[i], i, 1024, SOCKET_ID_ANY),
			0);
		w->ctx.shared = &live->bed->shared;
		w->ctx.worker = i;
		w->ops = ovnet_path_select(NULL);
		w->ramp = 50;
		w->nap_us = OVNET_WORKER_NAP_US;
		w->counters.peer = live->peers[i];
		w->counters.peers = 16;
	}
	publish(true, true);
	return 0;
}

static void launch(void)
{
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(rte_eal_remote_launch(ovnet_worker_main, &live->w[i], i + 1), 0);
}

static void stop(void)
{
	for (unsigned i = 0; i < WORKERS; i++)
		ovnet_worker_stop(&live->w[i]);
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(rte_eal_wait_lcore(i + 1), 0);
}

static int live_close(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < WORKERS; i++)
		ovnet_handoff_fini(&live->bed->shared.handoff[i]);
	live_door_close(&live->host);
	live_door_close(&live->uplink);
	ovnet_queue_map_free(live->map);
	bed_close(live->bed);
	free(live);
	return 0;
}

static void feed(struct live_queue *lq, uint16_t sport)
{
	uint8_t in[100];
	const uint64_t one = 1;
	struct rte_mbuf *m =
		bed_packet(HOST, in, put_inner(in, OWN_POD, PEER_POD, sport, 60), 0, 0);

	assert_int_equal(rte_ring_sp_enqueue(lq->in, m), 0);
	if (lq->fd >= 0)
		assert_int_equal(write(lq->fd, &one, sizeof(one)), sizeof(one));
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Waits until `want` packets came out of the uplink; returns how many did within 5 s. */
static unsigned collect(unsigned want)
{
	unsigned got = 0;

	for (double end = seconds() + 5; got < want && seconds() < end; usleep(100))
		got += ring_empty_out(live->uplink.lq[0].out);
	return got;
}

static void both_send_by_the_queue_of_one(void **state)
{
	(void)state;
	launch();
	for (unsigned round = 0; round < 200; round++) {
		for (uint16_t i = 0; i < 100; i++)
			feed(&live->host.lq[i % QUEUES], (uint16_t)(round * 100 + i));
		assert_int_equal(collect(100), 100);
	}
	stop();
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
	launch();
	usleep(50000);
	uint64_t before = live->w[0].counters.total_cycles + live->w[1].counters.total_cycles;
	uint64_t tsc = rte_rdtsc();
	usleep(200000);
	uint64_t awake =
		live->w[0].counters.total_cycles + live->w[1].counters.total_cycles - before;
	assert_in_range(awake, 0, (rte_rdtsc() - tsc) / 20);
	for (uint16_t i = 0; i < 20; i++) {
		double start = seconds();
		feed(&live->host.lq[i % QUEUES], i);
		assert_int_equal(collect(1), 1);
		assert_true(seconds() - start < 1);
		usleep(2000);
	}
	stop();
	for (unsigned i = 0; i < WORKERS; i++) {
		assert_false(live->w[i].timed);
		assert_in_range(live->w[i].counters.wakeups, 5, 100);
		assert_int_not_equal(live->w[i].counters.busy_cycles, 0);
	}
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
	launch();
	usleep(50000);
	uint64_t before = live->w[0].counters.sleeps;
	usleep(200000);
	assert_in_range(live->w[0].counters.sleeps - before, 0, 3);
	/* The worker's other doors go on. */
	live->host.lq[0].fd = -1;
	for (uint16_t i = 0; i < 20; i++) {
		feed(&live->host.lq[1], i);
		assert_int_equal(collect(1), 1);
	}
	stop();
}

static void ports_without_an_fd_are_looked_at_on_time(void **state)
{
	(void)state;
	launch();
	usleep(20000);
	for (uint16_t i = 0; i < 20; i++) {
		feed(&live->host.lq[i % QUEUES], i);
		assert_int_equal(collect(1), 1);
	}
	stop();
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
	launch();
	for (unsigned round = 0; round < 20; round++) {
		publish(true, false);
		usleep(3000);
		/* Sleepers hold up no grace period. */
		double end = seconds() + 2;
		while (ovnet_rcu_reclaim(&live->bed->shared.rcu) > 0 && seconds() < end)
			usleep(100);
		assert_int_equal(ovnet_rcu_reclaim(&live->bed->shared.rcu), 0);
		feed(&live->host.lq[0], 1);
		for (end = seconds() + 5; no_port() < round + 1 && seconds() < end;)
			usleep(100);
		assert_int_equal(no_port(), round + 1);
		publish(true, true);
		feed(&live->host.lq[0], 1);
		assert_int_equal(collect(1), 1);
	}
	stop();
}

static void poll_only_never_sleeps(void **state)
{
	(void)state;
	live->w[0].poll_only = live->w[1].poll_only = true;
	launch();
	usleep(20000);
	feed(&live->host.lq[0], 1);
	feed(&live->host.lq[1], 1);
	assert_int_equal(collect(2), 2);
	stop();
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
	launch();
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
	stop();
	assert_int_equal(drops_of(OVNET_DROP_STOPPING), 1);
	for (unsigned i = 0; i < WORKERS; i++) {
		assert_int_equal(live->w[i].counters.absorbed, 0);
		ovnet_fragments_free(live->w[i].ctx.fragments);
	}
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, live_open, live_close)

int main(void)
{
	static char no_fds;
	const struct CMUnitTest tests[] = {
		CASE(both_send_by_the_queue_of_one),
		CASE(idle_workers_sleep_and_wake),
		CASE(a_broken_fd_keeps_no_worker_awake),
		cmocka_unit_test_prestate_setup_teardown(
			ports_without_an_fd_are_looked_at_on_time, live_open, live_close, &no_fds),
		CASE(ports_come_and_go_while_workers_sleep),
		CASE(poll_only_never_sleeps),
		CASE(what_was_handed_over_is_counted_at_stop),
		CASE(a_sleeper_gives_fragments_up),
	};

	if (bed_eal("0@0-1,1@0-1,2@0-1") != 0)
		return 1;
	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
