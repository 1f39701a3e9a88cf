/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_launch.h>
#include <rte_lcore.h>

struct live *live;
bool watching;
uint64_t looked[WORKERS];

_Atomic bool linger;

static void enter(struct live_queue *lq)
{
	uint64_t used = lq->used + 1;

	if (atomic_exchange(&lq->user, rte_lcore_id() + 1) != 0)
		atomic_store(&lq->shared, true);
	for (unsigned i = 0; atomic_load_explicit(&linger, memory_order_relaxed) && i < 200; i++)
		rte_pause();
	lq->used = used;
	lq->used_by[rte_lcore_id() - 1]++;
}

static void leave(struct live_queue *lq)
{
	if (atomic_exchange(&lq->user, 0) != rte_lcore_id() + 1)
		atomic_store(&lq->shared, true);
}

static uint16_t live_rx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct live_queue *lq = (struct live_queue *)q;
	uint64_t count;
	if (watching)
		looked[rte_lcore_id() - 1] = rte_rcu_qsbr_start(live->bed->shared.rcu.qsbr);
	enter(lq);
	uint16_t got = (uint16_t)rte_ring_sc_dequeue_burst(lq->in, (void **)pkts, n, NULL);

	/* The fd says that there is something as long as there is. */
	if (got == 0 && lq->fd >= 0 && read(lq->fd, &count, sizeof(count)) > 0)
		got = (uint16_t)rte_ring_sc_dequeue_burst(lq->in, (void **)pkts, n, NULL);
	leave(lq);
	return got;
}

static uint16_t live_tx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct live_queue *lq = (struct live_queue *)q;

	enter(lq);
	q->tx_reason = OVNET_DROP_TX_FULL;
	uint16_t sent = (uint16_t)rte_ring_sp_enqueue_burst(lq->out, (void **)pkts, n, NULL);
	leave(lq);
	return sent;
}

static int live_fd(struct ovnet_port_queue *q)
{
	return ((struct live_queue *)q)->fd;
}

static int live_arm(struct ovnet_port_queue *q)
{
	struct live_queue *lq = (struct live_queue *)q;

	enter(lq);
	atomic_store(&lq->armed, true);
	int waiting = !rte_ring_empty(lq->in);
	leave(lq);
	return waiting;
}

static void live_disarm(struct ovnet_port_queue *q)
{
	struct live_queue *lq = (struct live_queue *)q;

	enter(lq);
	atomic_store(&lq->armed, false);
	leave(lq);
}

static const struct ovnet_driver live_driver = {.name = "live",
	.rx = live_rx,
	.tx = live_tx,
	.wait_fd = live_fd,
	.arm = live_arm,
	.disarm = live_disarm};

static const struct ovnet_driver asking_driver = {.name = "asking",
	.rx_asks = true,
	.rx = live_rx,
	.tx = live_tx,
	.wait_fd = live_fd,
	.arm = live_arm,
	.disarm = live_disarm};

void live_asks(void)
{
	live->host.port.driver = live->uplink.port.driver = &asking_driver;
}

static void live_port_open(
	struct live_port *d, const struct bed_port *like, uint16_t queues, bool fds)
{
	char name[RTE_RING_NAMESIZE];

	d->port = like->port;
	d->port.driver = &live_driver;
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

static void live_port_close(struct live_port *d)
{
	for (uint16_t i = 0; i < d->port.n_rxq; i++) {
		uint64_t used = 0;
		for (unsigned w = 0; w < WORKERS; w++)
			used += d->lq[i].used_by[w];
		assert_false(atomic_load(&d->lq[i].shared));
		assert_int_equal(d->lq[i].used, used);
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

void publish(bool host, bool uplink)
{
	struct ovnet_port *ports[N_PORTS] = {[HOST] = host ? &live->host.port : NULL,
		[UPLINK] = uplink ? &live->uplink.port : NULL};
	struct ovnet_queue_map *old = live->map;

	live->map = ovnet_queue_map_build(ports, N_PORTS, WORKERS, old ? old->generation + 1 : 1);
	assert_non_null(live->map);
	atomic_store_explicit(&live->bed->shared.map, live->map, memory_order_release);
	if (old != NULL)
		ovnet_rcu_defer(&live->bed->shared.rcu, &old->rcu, map_release);
	for (uint16_t i = 0; i < WORKERS; i++)
		ovnet_handoff_wake(&live->bed->shared.handoff[i]);
}

int live_open(void **state)
{
	bool fds = *state == NULL;

	live = aligned_alloc(64, sizeof(*live));
	assert_non_null(live);
	memset(live, 0, sizeof(*live));
	live->bed = bed_open(WORKERS);
	live_port_open(&live->host, &live->bed->port[HOST], QUEUES, fds);
	live_port_open(&live->uplink, &live->bed->port[UPLINK], 1, fds);
	atomic_store(&live->bed->shared.map, NULL);
	for (uint16_t i = 0; i < WORKERS; i++) {
		struct ovnet_worker *w = &live->w[i];
		assert_int_equal(
			ovnet_handoff_init(&live->bed->shared.handoff[i], i, 1024, SOCKET_ID_ANY),
			0);
		w->ctx.shared = &live->bed->shared;
		w->ctx.worker = i;
		w->ops = ovnet_path_select(NULL);
		w->ramp_us = 20;
		w->nap_us = OVNET_WORKER_NAP_US;
		w->counters.peer = live->peers[i];
		w->counters.peers = 16;
	}
	publish(true, true);
	return 0;
}

void live_feed(struct live_queue *lq, uint16_t sport)
{
	uint8_t in[100];
	const uint64_t one = 1;
	struct rte_mbuf *m =
		bed_packet(HOST, in, put_inner(in, OWN_POD, PEER_POD, sport, 60), 0, 0);

	assert_int_equal(rte_ring_sp_enqueue(lq->in, m), 0);
	if (lq->fd >= 0)
		assert_int_equal(write(lq->fd, &one, sizeof(one)), sizeof(one));
}

unsigned live_collect(unsigned want)
{
	unsigned got = 0;

	for (double end = seconds() + 5;; usleep(100)) {
		got += ring_empty_out(live->uplink.lq[0].out);
		if (got >= want || seconds() > end)
			return got;
	}
}

void workers_launch(void)
{
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(rte_eal_remote_launch(ovnet_worker_main, &live->w[i], i + 1), 0);
}

void workers_stop(void)
{
	for (unsigned i = 0; i < WORKERS; i++)
		ovnet_worker_stop(&live->w[i]);
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(rte_eal_wait_lcore(i + 1), 0);
}

int live_close(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < WORKERS; i++)
		ovnet_handoff_fini(&live->bed->shared.handoff[i]);
	live_port_close(&live->host);
	live_port_close(&live->uplink);
	ovnet_queue_map_free(live->map);
	bed_close(live->bed);
	free(live);
	return 0;
}
