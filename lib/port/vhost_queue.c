/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What workers do with a guest's rings. They are let in by one load per burst; librte_vhost's own
 * lock of each ring keeps it from changing under them, and its device is there until their RCU
 * grace is over (vhost_guest.c).
 *
 * Checksums. librte_vhost tells of an unfinished one by mbuf flags, and not where it begins. In the
 * compliant flag mode, which the port asks for, RX_L4_CKSUM_NONE means: TCP or UDP (or SCTP) right
 * behind the IP header and the pseudo header's sum in its field; anything else the library finished
 * itself, where the guest said. So csum_start follows from the packet's own headers, and what a
 * guest says of it is believed no further. (The legacy mode sets tx flags, and forgets an
 * unfinished checksum in a tunnel.) The other way it takes the lengths of the headers, as of a
 * packet with one IP header without extensions; what is not such is finished here.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <rte_ether.h>
#include <rte_net.h>
#include <rte_tcp.h>
#include <rte_udp.h>
#include <rte_vhost.h>

#include "base/log.h"
#include "packet/csum.h"
#include "port/vhost_gate.h"
#include "port/vhost_int.h"

OVNET_LOG_TYPE(port)

#define IP6_BYTES 40

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

static bool describe_rx_csum(struct rte_mbuf *m)
{
	struct ovnet_meta *meta = ovnet_meta(m);
	struct rte_net_hdr_lens lens = {0};
	uint32_t l4 = rte_net_get_ptype(
			      m, &lens, RTE_PTYPE_L2_MASK | RTE_PTYPE_L3_MASK | RTE_PTYPE_L4_MASK) &
		      RTE_PTYPE_L4_MASK;

	if (l4 == RTE_PTYPE_L4_TCP)
		meta->csum_offset = offsetof(struct rte_tcp_hdr, cksum);
	else if (l4 == RTE_PTYPE_L4_UDP)
		meta->csum_offset = offsetof(struct rte_udp_hdr, dgram_cksum);
	else
		return false;
	meta->csum_start = (uint16_t)(lens.l2_len + lens.l3_len);
	/* Of a header that is cut off, the field may lie behind the end. */
	if (meta->csum_start + meta->csum_offset + 2u > m->pkt_len)
		return false;
	meta->offload = OVNET_OFF_CSUM;
	return true;
}

/* False, and counted: not a packet we asked for. */
static bool take(struct vhost_queue *q, struct rte_mbuf *m)
{
	ovnet_meta_reset(m, q->q.port->id);
	if (likely((m->ol_flags & (RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_LRO)) == 0))
		return true;
	if (m->ol_flags & RTE_MBUF_F_RX_LRO) {
		q->q.rx_drops[OVNET_DROP_GSO_STATE]++;
		return false;
	}
	if ((m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) != RTE_MBUF_F_RX_L4_CKSUM_NONE ||
		describe_rx_csum(m))
		return true;
	q->q.rx_drops[OVNET_DROP_CSUM_STATE]++;
	return false;
}

/* librte_vhost gives 32 packets at most, however many are asked for. */
static uint16_t dequeue(struct vhost_queue *q, int vid, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t got = 0, more;

	do {
		uint16_t room = (uint16_t)(n - got);
		more = rte_vhost_dequeue_burst(
			vid, VHOST_GUEST_TX(q->q.id), vhost_gate(q->pool, room), pkts + got, room);
		got += more;
	} while (more >= 32 && got < n);
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
	uint16_t got = dequeue(q, vid_of(ring), pkts, n);
	for (uint16_t i = 0; i < got; i++)
		rte_prefetch0(ovnet_meta(pkts[i]));
	for (uint16_t i = 0; i < got; i++) {
		struct rte_mbuf *m = pkts[i];
		if (likely(take(q, m)))
			pkts[kept++] = m;
		else
			rte_pktmbuf_free(m);
	}
	return kept;
}

/* Where the transport header begins, and its protocol; 0: not behind one plain IP header. */
static uint16_t transport_at(const struct rte_mbuf *m, uint8_t *proto, uint64_t *version)
{
	const uint8_t *b = rte_pktmbuf_mtod(m, const uint8_t *);
	uint16_t type;

	if (m->data_len < RTE_ETHER_HDR_LEN + IP6_BYTES)
		return 0; /* shorter than any IPv4 header with TCP, and than all of IPv6's */
	memcpy(&type, b + 2 * RTE_ETHER_ADDR_LEN, sizeof(type));
	if (type == RTE_BE16(RTE_ETHER_TYPE_IPV4)) {
		*proto = b[RTE_ETHER_HDR_LEN + 9];
		*version = RTE_MBUF_F_TX_IPV4;
		return (uint16_t)(RTE_ETHER_HDR_LEN + 4 * (b[RTE_ETHER_HDR_LEN] & 0xf));
	}
	if (type != RTE_BE16(RTE_ETHER_TYPE_IPV6))
		return 0;
	*proto = b[RTE_ETHER_HDR_LEN + 6];
	*version = RTE_MBUF_F_TX_IPV6;
	return RTE_ETHER_HDR_LEN + IP6_BYTES;
}

static bool describe_tx_csum(struct rte_mbuf *m)
{
	const struct ovnet_meta *meta = ovnet_meta(m);
	uint64_t version = 0, l4;
	uint8_t proto = 0;
	uint16_t at = transport_at(m, &proto, &version);

	if (at == 0 || at != meta->csum_start || at + meta->csum_offset + 2 > m->data_len)
		return false;
	if (proto == IPPROTO_TCP && meta->csum_offset == offsetof(struct rte_tcp_hdr, cksum))
		l4 = RTE_MBUF_F_TX_TCP_CKSUM;
	else if (proto == IPPROTO_UDP &&
		 meta->csum_offset == offsetof(struct rte_udp_hdr, dgram_cksum))
		l4 = RTE_MBUF_F_TX_UDP_CKSUM;
	else
		return false;
	m->l2_len = RTE_ETHER_HDR_LEN;
	m->l3_len = at - RTE_ETHER_HDR_LEN;
	m->ol_flags |= version | l4;
	return true;
}

/* How many of them can go; the one behind these is refused. */
static uint16_t prepare(const struct vhost_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		if (likely((ovnet_meta(pkts[i])->offload & OVNET_OFF_CSUM) == 0))
			continue;
		if (atomic_load_explicit(&q->guest_csum, memory_order_relaxed) &&
			describe_tx_csum(pkts[i]))
			continue;
		if (ovnet_csum_finish(pkts[i]) < 0)
			return i;
	}
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
