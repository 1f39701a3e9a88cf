/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/tun_port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "port/cut_read.h"
#include "port/driver_int.h"
#include "port/netdev.h"

OVNET_LOG_TYPE(port)

/*
 * Buffers one turn takes from the pool, at least: it goes on until it has them. That is one packet
 * of 64 KB, or two: what was copied in is still in the cache when it is copied out.
 */
#define TURN 64

static_assert(OVNET_CUT_SLOTS <= OVNET_DRIVER_SEGS, "what one port reads, another one sends");

struct tun_queue {
	struct ovnet_port_queue q; /* first */
	int fd;
	/* worker: rw */
	struct virtio_net_hdr vnet; /* of the packet read last */
	struct ovnet_cut_bufs bufs; /* kept over reads that found nothing */
};

/* port->priv; control: rw. The device outlives us and so does its count. */
struct tun_counts {
	uint64_t dropped; /* by the kernel, as the device said last */
	uint64_t missed;  /* of these since the port was opened */
};

static uint32_t caps_of(unsigned taken)
{
	uint32_t caps = OVNET_CAP_CHAINED | OVNET_CAP_TX_CSUM;

	if (taken & TUN_F_CSUM)
		caps |= OVNET_CAP_RX_CSUM;
	if (taken & TUN_F_TSO4)
		caps |= OVNET_CAP_RX_GSO | OVNET_CAP_TX_TSO4 | OVNET_CAP_TX_TSO6 | OVNET_CAP_TX_ECN;
	if (taken & TUN_F_USO4)
		caps |= OVNET_CAP_TX_USO;
	return caps;
}

static int open_queue(struct ovnet_port *port, uint16_t id, const struct ovnet_port_conf *conf,
	const char *name, enum ovnet_tun_kind kind)
{
	unsigned taken;
	struct tun_queue *h = ovnet_driver_queue_new(port, id, sizeof(*h));

	if (h == NULL)
		return -ENOMEM;
	h->fd = ovnet_tun_queue_open(name, kind, conf->offloads, &taken);
	if (h->fd < 0)
		return h->fd;
	if (ovnet_cut_init(&h->bufs, conf->pool, &h->vnet, sizeof(h->vnet)) < 0) {
		LOG(ERR, "port '%s': out of memory for queue %u", port->name, id);
		return -ENOMEM;
	}
	port->caps = caps_of(taken); /* the device's: with each queue the same */
	return 0;
}

int ovnet_tun_port_queues(struct ovnet_port *port, const struct ovnet_port_conf *conf,
	const char *name, enum ovnet_tun_kind kind)
{
	uint16_t n = RTE_MIN(RTE_MAX(conf->queues, 1), OVNET_MAX_QUEUES);
	int err = 0;

	for (uint16_t i = 0; err == 0 && i < n; i++)
		err = open_queue(port, i, conf, name, kind);
	port->n_rxq = port->n_txq = n;
	return err;
}

int ovnet_tun_port_fd(const struct ovnet_port *port)
{
	return ((const struct tun_queue *)port->queue[0])->fd;
}

void ovnet_tun_port_close(struct ovnet_port *port)
{
	for (uint16_t i = 0; i < OVNET_MAX_QUEUES && port->queue[i] != NULL; i++) {
		struct tun_queue *h = (struct tun_queue *)port->queue[i];
		if (h->fd >= 0)
			close(h->fd);
		ovnet_cut_fini(&h->bufs);
	}
	free(port->priv);
	port->priv = NULL;
}

/* Without statistics it works as well, but says nothing of what it loses. */
int ovnet_tun_port_count(struct ovnet_port *port)
{
	struct tun_counts *h = calloc(1, sizeof(*h));

	if (h == NULL) {
		LOG(ERR, "port '%s': out of memory", port->name);
		return -ENOMEM;
	}
	port->priv = h;
	int err = ovnet_netdev_tx_dropped(port->ifindex, &h->dropped);
	if (err < 0)
		LOG(WARN, "interface '%s': what the kernel drops there is not counted: %s",
			port->name, strerror(-err));
	return 0;
}

/*
 * Without a buffer the packets are read and lost, and counted: left in the device they would
 * keep its fd readable and the worker spinning.
 */
static void discard(struct tun_queue *h, uint16_t n)
{
	struct virtio_net_hdr vnet;

	for (; n > 0 && read(h->fd, &vnet, sizeof(vnet)) > 0; n--)
		h->q.rx_drops[OVNET_DROP_NO_MBUF]++;
}

/*
 * How the packet that was just read is to be cut: its own headers say where its payload begins.
 * Where they do not, it comes in full buffers, for classify to judge.
 */
static struct ovnet_cut_shape shape_of(const struct tun_queue *h, uint32_t len)
{
	const struct ovnet_cut_shape full = {h->bufs.room, h->bufs.later_room};
	const uint32_t start = h->vnet.csum_start;
	uint32_t first = start + 8;

	if (h->vnet.gso_type != VIRTIO_NET_HDR_GSO_UDP_L4) {
		if (start + 13 > len)
			return full;
		first = start + (ovnet_cut_byte(&h->bufs, start + 12) >> 4) * 4u;
	}
	first += h->vnet.gso_size;
	if (h->vnet.gso_size == 0 || first > UINT16_MAX)
		return full;
	return (struct ovnet_cut_shape){(uint16_t)first, h->vnet.gso_size};
}

/* What was read, with its metadata; NULL: counted. */
static struct rte_mbuf *take(struct tun_queue *h, uint32_t len)
{
	struct ovnet_cut_shape shape = {0};
	enum ovnet_drop why = OVNET_DROP_NO_MBUF;

	if (h->vnet.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		shape = shape_of(h, len);
	if (len >= OVNET_CUT_BYTES || (shape.each == 0 && len > h->bufs.room)) {
		why = OVNET_DROP_TRUNCATED;
	} else {
		struct rte_mbuf *m = ovnet_cut_take(&h->bufs, len, shape);
		if (likely(m != NULL) && likely(ovnet_driver_vnet_in(&h->vnet, m, h->q.port)))
			return m;
		if (m != NULL) {
			why = OVNET_DROP_GSO_STATE;
			rte_pktmbuf_free(m);
		}
	}
	h->q.rx_drops[why]++;
	return NULL;
}

uint16_t ovnet_tun_port_rx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct tun_queue *h = (struct tun_queue *)q;
	uint16_t got = 0;
	unsigned bufs = 0;

	for (uint16_t i = 0; i < n && bufs < TURN; i++) {
		const unsigned iovs = ovnet_cut_ready(&h->bufs);
		if (unlikely(iovs == 0)) {
			discard(h, (uint16_t)(n - i));
			break;
		}
		ssize_t len = readv(h->fd, h->bufs.iov, (int)iovs);
		if (len <= (ssize_t)sizeof(h->vnet))
			break;
		struct rte_mbuf *m = take(h, (uint32_t)len - (uint32_t)sizeof(h->vnet));
		if (unlikely(m == NULL))
			continue;
		bufs += m->nb_segs;
		pkts[got++] = m;
	}
	return got;
}

static int write_one(int fd, struct rte_mbuf *m)
{
	struct virtio_net_hdr vnet = ovnet_driver_vnet_out(m);
	struct iovec iov[1 + OVNET_DRIVER_SEGS] = {{&vnet, sizeof(vnet)}};
	unsigned n = ovnet_driver_iov(iov + 1, OVNET_DRIVER_SEGS, m);

	if (n == 0)
		return EMSGSIZE;
	return writev(fd, iov, (int)n + 1) < 0 ? errno : 0;
}

uint16_t ovnet_tun_port_tx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct tun_queue *h = (struct tun_queue *)q;
	uint16_t i;

	for (i = 0; i < n; i++) {
		int error = write_one(h->fd, pkts[i]);
		if (unlikely(error != 0)) {
			q->tx_reason = ovnet_driver_tx_verdict(error);
			break;
		}
	}
	rte_pktmbuf_free_bulk(pkts, i);
	return i;
}

int ovnet_tun_port_wait_fd(struct ovnet_port_queue *q)
{
	return ((struct tun_queue *)q)->fd;
}

/* A device that is gone keeps what it said last. */
static uint64_t missed(struct ovnet_port *port)
{
	struct tun_counts *h = port->priv;
	uint64_t now;

	if (ovnet_netdev_tx_dropped(port->ifindex, &now) == 0) {
		/* Where the kernel's counters have 32 bits they begin again. */
		h->missed += now >= h->dropped ? now - h->dropped : now;
		h->dropped = now;
	}
	return h->missed;
}

void ovnet_tun_port_stats(struct ovnet_port *port, struct ovnet_port_stats *out)
{
	*out = (struct ovnet_port_stats){.missed = missed(port)};
	for (uint16_t i = 0; i < port->n_rxq; i++) {
		const uint64_t *lost = port->queue[i]->rx_drops;
		out->errors += lost[OVNET_DROP_TRUNCATED] + lost[OVNET_DROP_GSO_STATE];
		out->no_mbuf += lost[OVNET_DROP_NO_MBUF];
	}
}
