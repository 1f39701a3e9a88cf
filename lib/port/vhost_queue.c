/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What workers do with a guest's rings. They are let in by one load per burst; librte_vhost's own
 * lock of each ring keeps it from changing under them, and its device is there until their RCU
 * grace is over (vhost_guest.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <rte_ether.h>
#include <rte_vhost.h>

#include "base/log.h"
#include "port/vhost_gate.h"
#include "port/vhost_int.h"
#include "port/vhost_offload.h"

OVNET_LOG_TYPE(port)

#define FRAME_MAX (UINT16_MAX + RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN)

/*
 * Packets asked for at a time: librte_vhost gives 32 at most; of a guest that may send segments
 * each may take as many buffers as a frame of 64 KB, so fewer; and of one that does, no more than
 * fit a processor's cache, once a burst.
 */
#define ASK_PLAIN  32
#define ASK_ABLE   16
#define ASK_CHAINS 8

static int vid_of(int64_t ring)
{
	return (int)(ring & 0xffff);
}

/* A ring that is new to us: while we look there ourselves the guest need not tell us. */
static __rte_noinline void quieten(struct vhost_queue *q, int64_t ring)
{
	(void)rte_vhost_enable_guest_notification(vid_of(ring), VHOST_GUEST_TX(q->q.id), 0);
	q->seen_ring = ring;
}

/* False, and counted: not a packet we asked for. */
static bool take(struct vhost_queue *q, struct rte_mbuf *m, uint64_t features)
{
	enum ovnet_drop why;

	ovnet_meta_reset(m, q->q.port->id);
	if (likely(vhost_offload_none(m)) || vhost_offload_in(m, features, &why))
		return true;
	q->q.rx_drops[why]++;
	return false;
}

static bool has_chain(struct rte_mbuf *const *pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		if (pkts[i]->nb_segs > 1)
			return true;
	return false;
}

/*
 * One look into the ring. Without a feature for segments a frame is in one buffer, or refused by
 * the gate.
 */
static uint16_t look(struct vhost_queue *q, int vid, struct rte_mbuf **pkts, uint16_t n, bool able)
{
	const unsigned each = able ? FRAME_MAX / ovnet_driver_room(q->pool) + 1 : 1;
	struct rte_mempool *gate = vhost_gate_open(q->pool, n * each);
	uint16_t got = rte_vhost_dequeue_burst(vid, VHOST_GUEST_TX(q->q.id), gate, pkts, n);

	vhost_gate_close(pkts, got);
	return got;
}

static uint16_t dequeue(
	struct vhost_queue *q, int vid, struct rte_mbuf **pkts, uint16_t n, uint64_t features)
{
	const bool able = (features & VHOST_FEATURES_SEGMENTS_IN) != 0;
	uint16_t got = 0, more, ask;
	bool chains;

	do {
		ask = able ? (q->chains ? ASK_CHAINS : ASK_ABLE) : ASK_PLAIN;
		ask = RTE_MIN(ask, (uint16_t)(n - got));
		more = look(q, vid, pkts + got, ask, able);
		chains = able && has_chain(pkts + got, more);
		q->chains = chains;
		got += more;
	} while (more == ask && got < n && !chains);
	return got;
}

uint16_t vhost_rx(struct ovnet_port_queue *queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct vhost_queue *q = (struct vhost_queue *)queue;
	int64_t ring = atomic_load_explicit(&q->rx_ring, memory_order_acquire);
	uint16_t kept = 0;

	if (ring < 0)
		return 0;
	if (unlikely(ring != q->seen_ring))
		quieten(q, ring);
	const uint64_t features = atomic_load_explicit(&q->features, memory_order_relaxed);
	uint16_t got = dequeue(q, vid_of(ring), pkts, n, features);
	for (uint16_t i = 0; i < got; i++)
		rte_prefetch0(ovnet_meta(pkts[i]));
	for (uint16_t i = 0; i < got; i++) {
		struct rte_mbuf *m = pkts[i];
		if (likely(take(q, m, features)))
			pkts[kept++] = m;
		else
			rte_pktmbuf_free(m);
	}
	return kept;
}

/* How many of them can go; the one behind these is refused. */
static uint16_t prepare(const struct vhost_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	const uint64_t features = atomic_load_explicit(&q->features, memory_order_relaxed);

	for (uint16_t i = 0; i < n; i++)
		if (unlikely(ovnet_meta(pkts[i])->offload != 0) &&
			!vhost_offload_out(&pkts[i], features, q->pool))
			return i;
	return n;
}

static uint16_t enqueue(struct vhost_queue *q, int vid, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t sent = 0, more;

	while (sent < n) {
		more = rte_vhost_enqueue_burst(
			vid, VHOST_GUEST_RX(q->q.id), pkts + sent, (uint16_t)(n - sent));
		if (more == 0)
			break;
		sent += more;
	}
	return sent;
}

/* The path tries once more with what is left; what is left then is lost. */
static void note_left(struct vhost_queue *q, uint16_t given, uint16_t left)
{
	bool again = q->left == given;

	q->left = again ? 0 : left;
	if (again)
		q->missed += left;
}

uint16_t vhost_tx(struct ovnet_port_queue *queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct vhost_queue *q = (struct vhost_queue *)queue;
	int64_t ring = atomic_load_explicit(&q->tx_ring, memory_order_acquire);

	if (unlikely(ring < 0)) {
		queue->tx_reason = OVNET_DROP_TX_DOWN;
		return 0;
	}
	uint16_t good = prepare(q, pkts, n);
	uint16_t sent = enqueue(q, vid_of(ring), pkts, good);
	rte_pktmbuf_free_bulk(pkts, sent);
	if (unlikely(sent < n))
		queue->tx_reason = sent < good ? OVNET_DROP_TX_FULL : OVNET_DROP_TX_REFUSED;
	if (unlikely(sent < good || q->left != 0))
		note_left(q, n, (uint16_t)(good - sent));
	return sent;
}

int vhost_wait_fd(struct ovnet_port_queue *q)
{
	return ((struct vhost_queue *)q)->wait_fd;
}

int vhost_arm(struct ovnet_port_queue *queue)
{
	struct vhost_queue *q = (struct vhost_queue *)queue;
	int64_t ring = atomic_load_explicit(&q->rx_ring, memory_order_acquire);

	if (ring >= 0)
		(void)rte_vhost_enable_guest_notification(
			vid_of(ring), VHOST_GUEST_TX(queue->id), 1);
	return 0; /* the worker polls once more after this */
}

/* What is readable is said once: it has to be taken, or it would be forgotten by the next sleep. */
void vhost_disarm(struct ovnet_port_queue *queue)
{
	struct vhost_queue *q = (struct vhost_queue *)queue;
	int64_t ring = atomic_load_explicit(&q->rx_ring, memory_order_acquire);
	struct epoll_event seen[2];

	if (ring >= 0)
		(void)rte_vhost_enable_guest_notification(
			vid_of(ring), VHOST_GUEST_TX(queue->id), 0);
	(void)epoll_wait(q->wait_fd, seen, RTE_DIM(seen), 0);
}

static int watch(int epoll, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.fd = fd};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

/* The file behind it is the guest's: closed here it may live on there, so it is taken out first. */
static void unwatch(struct vhost_queue *q)
{
	if (q->kick_fd < 0)
		return;
	(void)epoll_ctl(q->wait_fd, EPOLL_CTL_DEL, q->kick_fd, NULL);
	close(q->kick_fd);
	q->kick_fd = -1;
}

int vhost_queue_watch(struct vhost_queue *q, int kick_fd)
{
	unwatch(q);
	if (kick_fd < 0)
		return 0;
	q->kick_fd = fcntl(kick_fd, F_DUPFD_CLOEXEC, 0);
	if (q->kick_fd < 0)
		return -errno;
	int rc = watch(q->wait_fd, q->kick_fd);
	if (rc < 0)
		unwatch(q);
	return rc;
}

int vhost_queue_open(struct ovnet_port *port, struct vhost_port *v, uint16_t id,
	const struct ovnet_port_conf *conf)
{
	struct vhost_queue *q = ovnet_driver_queue_new(port, id, sizeof(*q));

	if (q == NULL)
		return -ENOMEM;
	atomic_init(&q->rx_ring, VHOST_NO_RING);
	atomic_init(&q->tx_ring, VHOST_NO_RING);
	q->seen_ring = VHOST_NO_RING;
	q->kick_fd = -1;
	q->pool = conf->pool;
	q->wait_fd = epoll_create1(EPOLL_CLOEXEC);
	int rc = q->wait_fd < 0 ? -errno : watch(q->wait_fd, v->nudge_fd);
	if (rc < 0)
		LOG(ERR, "port '%s': cannot wait for queue %u: %s; raise the limit of open files",
			port->name, id, strerror(-rc));
	return rc;
}

void vhost_queue_close(struct vhost_queue *q)
{
	unwatch(q);
	if (q->wait_fd >= 0)
		close(q->wait_fd);
}
