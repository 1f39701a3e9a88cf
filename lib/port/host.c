/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host driver: the node's own kernel behind a multi-queue TUN, one fd per queue. A system
 * call per packet, which is what a TUN has. Vnet headers carry unfinished checksums to the kernel,
 * and from it where `offloads` asks for them; ovnetd does not: there the kernel segments and
 * checksums each packet before it hands it over.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "port/driver_int.h"
#include "port/netdev.h"
#include "port/tun.h"

OVNET_LOG_TYPE(port)

#define SPARES 32
/*
 * Packets the kernel keeps for us, in each queue; what comes on top is lost (`missed`). TUN's own
 * 500 are 7 ms of 800 Mbit/s, which a worker is away for whenever it has to share its CPU. These
 * are 55 ms of that, and about 10 ms of what a worker fetches when it runs, so that a queue a
 * worker cannot keep empty delays packets no longer than a NIC's. One that somebody made longer
 * stays so.
 */
#define QUEUE_LEN 4096

struct host_queue {
	struct ovnet_port_queue q; /* first */
	int fd;
	uint16_t room; /* bytes of packet a buffer holds */
	uint16_t n_spare;
	struct rte_mempool *pool;
	struct rte_mbuf *spare[SPARES]; /* worker: rw. Kept over reads that found nothing */
};

/* port->priv; control: rw. The device outlives us and so does its count. */
struct host_port {
	uint64_t dropped; /* by the kernel, as the device said last */
	uint64_t missed;  /* of these since the port was opened */
};

static int open_queue(struct ovnet_port *port, uint16_t id, const struct ovnet_port_conf *conf)
{
	struct host_queue *h = ovnet_driver_queue_new(port, id, sizeof(*h));

	if (h == NULL)
		return -ENOMEM;
	h->fd = ovnet_tun_queue_open(conf->iface, conf->offloads);
	h->pool = conf->pool;
	h->room = ovnet_driver_room(conf->pool);
	return h->fd < 0 ? h->fd : 0;
}

static void close_queues(struct ovnet_port *port)
{
	for (uint16_t i = 0; i < OVNET_MAX_QUEUES && port->queue[i] != NULL; i++) {
		struct host_queue *h = (struct host_queue *)port->queue[i];
		if (h->fd >= 0)
			close(h->fd);
		rte_pktmbuf_free_bulk(h->spare, h->n_spare);
	}
}

static void host_close(struct ovnet_port *port)
{
	close_queues(port);
	free(port->priv);
}

static int describe(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	struct ovnet_netdev dev;
	int err;

	if ((err = ovnet_netdev_lengthen_queue(conf->iface, QUEUE_LEN)) < 0)
		return err;
	if (conf->mtu != 0 && (err = ovnet_netdev_set_mtu(conf->iface, conf->mtu)) < 0)
		return err;
	if ((err = ovnet_netdev_get(conf->iface, &dev)) < 0)
		return err;
	port->ifindex = dev.ifindex;
	port->mtu = dev.mtu;
	port->caps = OVNET_CAP_L3 | OVNET_CAP_CHAINED | OVNET_CAP_TX_CSUM;
	if (conf->offloads)
		port->caps |= OVNET_CAP_RX_CSUM;
	return 0;
}

/* Without statistics it works as well, but says nothing of what it loses. */
static int start_counting(struct ovnet_port *port)
{
	struct host_port *h = calloc(1, sizeof(*h));

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

static int open_all(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	uint16_t n = RTE_MIN(RTE_MAX(conf->queues, 1), OVNET_MAX_QUEUES);
	int err;

	for (uint16_t i = 0; i < n; i++)
		if ((err = open_queue(port, i, conf)) < 0)
			return err;
	port->n_rxq = port->n_txq = n;
	if ((err = describe(port, conf)) < 0 || (err = start_counting(port)) < 0)
		return err;
	/* Last: a device that could not be set up must not stay behind. */
	return ovnet_tun_persist(((struct host_queue *)port->queue[0])->fd, conf->iface);
}

static int host_open(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	int err = ovnet_tun_check(conf->iface, conf->patience);

	if (err < 0)
		return err;
	err = open_all(port, conf);
	if (err < 0)
		host_close(port);
	return err;
}

static int refill(struct host_queue *h)
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
static void discard(struct host_queue *h, uint16_t n)
{
	struct virtio_net_hdr vnet;

	for (; n > 0 && read(h->fd, &vnet, sizeof(vnet)) > 0; n--)
		h->q.rx_drops[OVNET_DROP_NO_MBUF]++;
}

enum read_result { READ_PACKET, READ_DROPPED, READ_NOTHING };

static enum read_result read_one(struct host_queue *h, struct rte_mbuf *m)
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

static uint16_t host_rx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct host_queue *h = (struct host_queue *)q;
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

static uint16_t host_tx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct host_queue *h = (struct host_queue *)q;
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

static int host_wait_fd(struct ovnet_port_queue *q)
{
	return ((struct host_queue *)q)->fd;
}

/* A device that is gone keeps what it said last. */
static uint64_t missed(struct ovnet_port *port)
{
	struct host_port *h = port->priv;
	uint64_t now;

	if (ovnet_netdev_tx_dropped(port->ifindex, &now) == 0) {
		/* Where the kernel's counters have 32 bits they begin again. */
		h->missed += now >= h->dropped ? now - h->dropped : now;
		h->dropped = now;
	}
	return h->missed;
}

static void host_stats(struct ovnet_port *port, struct ovnet_port_stats *out)
{
	*out = (struct ovnet_port_stats){.missed = missed(port)};
	for (uint16_t i = 0; i < port->n_rxq; i++) {
		const uint64_t *lost = port->queue[i]->rx_drops;
		out->errors += lost[OVNET_DROP_TRUNCATED] + lost[OVNET_DROP_GSO_STATE];
		out->no_mbuf += lost[OVNET_DROP_NO_MBUF];
	}
}

static bool host_link_up(struct ovnet_port *port)
{
	return ovnet_netdev_running(port->ifindex);
}

const struct ovnet_driver ovnet_driver_host = {
	.name = "host",
	.open = host_open,
	.close = host_close,
	.rx = host_rx,
	.tx = host_tx,
	.wait_fd = host_wait_fd,
	.stats = host_stats,
	.link_up = host_link_up,
};
