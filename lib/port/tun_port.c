/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/tun_port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "port/driver_int.h"
#include "port/netdev.h"

OVNET_LOG_TYPE(port)

#define SPARES 32

struct tun_queue {
	struct ovnet_port_queue q; /* first */
	int fd;
	uint16_t room; /* bytes of packet a buffer holds */
	uint16_t n_spare;
	struct rte_mempool *pool;
	struct rte_mbuf *spare[SPARES]; /* worker: rw. Kept over reads that found nothing */
};

/* port->priv; control: rw. The device outlives us and so does its count. */
struct tun_counts {
	uint64_t dropped; /* by the kernel, as the device said last */
	uint64_t missed;  /* of these since the port was opened */
};

static int open_queue(struct ovnet_port *port, uint16_t id, const struct ovnet_port_conf *conf,
	const char *name, enum ovnet_tun_kind kind)
{
	struct tun_queue *h = ovnet_driver_queue_new(port, id, sizeof(*h));

	if (h == NULL)
		return -ENOMEM;
	h->fd = ovnet_tun_queue_open(name, kind, conf->offloads);
	h->pool = conf->pool;
	h->room = ovnet_driver_room(conf->pool);
	return h->fd < 0 ? h->fd : 0;
}

int ovnet_tun_port_queues(struct ovnet_port *port, const struct ovnet_port_conf *conf,
	const char *name, enum ovnet_tun_kind kind)
{
	uint16_t n = RTE_MIN(RTE_MAX(conf->queues, 1), OVNET_MAX_QUEUES);
	int err = 0;

	for (uint16_t i = 0; err == 0 && i < n; i++)
		err = open_queue(port, i, conf, name, kind);
	port->n_rxq = port->n_txq = n;
	port->caps = OVNET_CAP_CHAINED | OVNET_CAP_TX_CSUM;
	if (conf->offloads)
		port->caps |= OVNET_CAP_RX_CSUM;
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
		rte_pktmbuf_free_bulk(h->spare, h->n_spare);
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

static int refill(struct tun_queue *h)
{
	if (rte_pktmbuf_alloc_bulk(h->pool, h->spare, SPARES) < 0)
		return -ENOMEM;
	h->n_spare = SPARES;
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

enum read_result { READ_PACKET, READ_DROPPED, READ_NOTHING };

static enum read_result read_one(struct tun_queue *h, struct rte_mbuf *m)
{
	struct virtio_net_hdr vnet;
	char excess; /* filled only when the packet does not fit */
	struct iovec iov[] = {
		{&vnet, sizeof(vnet)}, {rte_pktmbuf_mtod(m, void *), h->room}, {&excess, 1}};
	ssize_t n = readv(h->fd, iov, 3);

	if (n <= (ssize_t)sizeof(vnet))
		return READ_NOTHING;
	size_t len = (size_t)n - sizeof(vnet);
	if (len > h->room) {
		h->q.rx_drops[OVNET_DROP_TRUNCATED]++;
		return READ_DROPPED;
	}
	if (!ovnet_driver_vnet_in(&vnet, m, h->q.port->id)) {
		h->q.rx_drops[OVNET_DROP_GSO_STATE]++;
		return READ_DROPPED;
	}
	m->data_len = (uint16_t)len;
	m->pkt_len = (uint32_t)len;
	return READ_PACKET;
}

uint16_t ovnet_tun_port_rx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct tun_queue *h = (struct tun_queue *)q;
	uint16_t got = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (h->n_spare == 0 && refill(h) < 0) {
			discard(h, (uint16_t)(n - i));
			break;
		}
		struct rte_mbuf *m = h->spare[h->n_spare - 1];
		enum read_result r = read_one(h, m);
		if (r == READ_NOTHING)
			break;
		if (r == READ_DROPPED)
			continue;
		h->n_spare--;
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
