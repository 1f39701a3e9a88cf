/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The AF_XDP driver: the fast uplink on an interface that stays the kernel's, or an attach port,
 * our end of a veth. One socket per rx channel, because packets of a channel without one pass to
 * the kernel, and are dropped behind an attach port.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <rte_memcpy.h>
#include <rte_prefetch.h>

#include "base/log.h"
#include "port/af_xdp_prog.h"
#include "port/driver_int.h"
#include "port/netdev.h"
#include "port/xsk.h"

OVNET_LOG_TYPE(port)

#define AHEAD       4 /* frames to prefetch before the one being copied */
#define KICKS       4 /* the kernel sends 32 packets per system call, a burst has 64 */
#define MAC_AND_TAG 18

struct xdp_queue {
	struct ovnet_port_queue q; /* first */
	struct ovnet_xsk x;
	struct rte_mempool *pool;
	uint16_t room; /* bytes of packet a buffer holds */
	bool down;     /* worker: rw. The last wake-up said so */
};

static int check_device(const struct ovnet_port_conf *conf, const struct ovnet_netdev *dev)
{
	if (!dev->up) {
		LOG(ERR, "interface '%s' is down; ip link set dev %s up", conf->iface, conf->iface);
		return -ENETDOWN;
	}
	if (dev->bond) {
		LOG(ERR,
			"interface '%s' is a bond, whose slaves' queues AF_XDP cannot receive by; "
			"use driver = \"af_packet\"",
			conf->iface);
		return -EOPNOTSUPP;
	}
	if (ovnet_xsk_frame_size(dev->mtu) == 0 ||
		dev->mtu + MAC_AND_TAG > ovnet_driver_room(conf->pool)) {
		LOG(ERR,
			"interface '%s': packets of MTU %u do not fit a frame or buffer of "
			"AF_XDP; lower the MTU or use driver = \"af_packet\"",
			conf->iface, dev->mtu);
		return -EMSGSIZE;
	}
	return 0;
}

static int count_queues(struct ovnet_port *port, const char *iface)
{
	struct ovnet_netdev_queues n;
	int err = ovnet_netdev_queues(iface, &n);

	if (err < 0)
		return err;
	if (n.rx > OVNET_MAX_QUEUES) {
		LOG(ERR,
			"interface '%s' has %u rx channels, AF_XDP needs a socket on each and "
			"ovnet opens at most %u; ethtool -L %s combined %u",
			iface, n.rx, OVNET_MAX_QUEUES, iface, OVNET_MAX_QUEUES);
		return -E2BIG;
	}
	port->n_rxq = n.rx;
	port->n_txq = RTE_MIN(n.rx, n.tx);
	return 0;
}

static int open_queue(struct ovnet_port *port, uint16_t id, const struct ovnet_port_conf *conf)
{
	struct xdp_queue *x = ovnet_driver_queue_new(port, id, sizeof(*x));

	if (x == NULL)
		return -ENOMEM;
	x->pool = conf->pool;
	x->room = ovnet_driver_room(conf->pool);
	const struct ovnet_xsk_conf c = {.iface = conf->iface,
		.queue = id,
		.frame_size = ovnet_xsk_frame_size(port->mtu),
		.rx_frames =
			ovnet_xsk_rx_frames(conf->zero_copy, ovnet_netdev_rx_ring(conf->iface)),
		.tx = id < port->n_txq,
		.zero_copy = conf->zero_copy,
		.patience = conf->patience};
	int err = ovnet_xsk_open(&x->x, &c);
	if (err < 0)
		return err;
	return ovnet_xdp_prog_add_socket(port->priv, id, x->x.fd);
}

static void xdp_close(struct ovnet_port *port)
{
	/* The program first: it must not send packets to sockets that go away. */
	ovnet_xdp_prog_detach(port->priv);
	for (uint16_t i = 0; i < OVNET_MAX_QUEUES && port->queue[i] != NULL; i++)
		ovnet_xsk_close(&((struct xdp_queue *)port->queue[i])->x);
}

/* The kernel has unbound the sockets, but the program goes with its device wherever that goes. */
static void xdp_lose(struct ovnet_port *port)
{
	ovnet_xdp_prog_detach(port->priv);
	port->priv = NULL;
}

/* What the driver made of it. */
static int check_zero_copy(struct ovnet_port *port, bool only)
{
	if (ovnet_xsk_is_zero_copy(&((struct xdp_queue *)port->queue[0])->x)) {
		LOG(INFO, "interface '%s': AF_XDP without copies", port->name);
		return 0;
	}
	LOG(NOTICE,
		"interface '%s': its driver cannot do zero-copy here, the kernel copies packets; "
		"zero-copy = \"off\" saves %s",
		port->name, only ? "the attempt" : "memory");
	return only ? -EOPNOTSUPP : 0;
}

/*
 * A NIC's packets have been on a wire, with all their checksums. A veth's sender leaves them to be
 * finished by a device that never comes, and says so beside the packet, where XDP does not see it.
 * Whether it does is its own setting, in another network namespace as a rule: nothing we could ask.
 */
static void warn_unfinished(const char *iface, enum ovnet_port_role role)
{
	if (ovnet_netdev_driver_is(iface, "veth"))
		LOG(WARN,
			"interface '%s' is a veth: checksums its other end leaves unfinished stay "
			"so behind XDP, and receivers drop the packets; there `ethtool -K PEER tx "
			"off`, or here driver = \"%s\"",
			iface, role == OVNET_PORT_ATTACH ? "tap" : "af_packet");
}

static int xdp_open(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	struct ovnet_netdev dev;
	int err;

	if (conf->mtu != 0 && (err = ovnet_netdev_set_mtu(conf->iface, conf->mtu)) < 0)
		return err;
	if ((err = ovnet_netdev_get(conf->iface, &dev)) < 0 ||
		(err = check_device(conf, &dev)) < 0 || (err = count_queues(port, conf->iface)) < 0)
		return err;
	port->ifindex = dev.ifindex;
	port->mtu = dev.mtu;
	ovnet_port_set_mac(port, &dev.mac);
	port->caps = OVNET_CAP_CHAINED;
	port->priv = ovnet_xdp_prog_attach(
		conf->iface, dev.ifindex, port->role == OVNET_PORT_ATTACH, conf->patience, &err);
	if (port->priv == NULL)
		return err;
	for (uint16_t i = 0; err == 0 && i < port->n_rxq; i++)
		err = open_queue(port, i, conf);
	if (err == 0 && conf->zero_copy)
		err = check_zero_copy(port, conf->zero_copy_only);
	if (err < 0) {
		xdp_close(port);
		return err;
	}
	if (conf->descriptors != 0)
		LOG(NOTICE, "interface '%s': descriptors = %u is ignored, AF_XDP's rings have %u",
			conf->iface, conf->descriptors, OVNET_XSK_RX_RING);
	warn_unfinished(conf->iface, port->role);
	return 0;
}

/* Not yet sent by the kernel; never less than there are. */
static uint32_t unsent(const struct ovnet_xsk *x)
{
	return x->has_tx ? *x->tx.producer - __atomic_load_n(x->tx.consumer, __ATOMIC_ACQUIRE) : 0;
}

static void kick(struct xdp_queue *x)
{
	if (unsent(&x->x) == 0)
		x->down = false; /* nothing waits that would show it */
	for (unsigned i = 0; i < KICKS && unsent(&x->x) > 0; i++) {
		if (!xsk_ring_prod__needs_wakeup(&x->x.tx))
			return;
		if (sendto(x->x.fd, NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0) {
			x->down = false;
			return;
		}
		x->down = ovnet_driver_tx_verdict(errno) == OVNET_DROP_TX_DOWN;
		if (errno != EAGAIN)
			return;
	}
}

/* Gives frames of packets `at`.. back to be received into. */
static void recycle(struct ovnet_xsk *x, uint32_t at, uint32_t n)
{
	uint64_t frame = ~(uint64_t)(x->frame_size - 1);
	uint32_t to;

	if (xsk_ring_prod__reserve(&x->fill, n, &to) == n) {
		for (uint32_t i = 0; i < n; i++)
			*xsk_ring_prod__fill_addr(&x->fill, to + i) =
				xsk_ring_cons__rx_desc(&x->rx, at + i)->addr & frame;
		xsk_ring_prod__submit(&x->fill, n);
	}
	xsk_ring_cons__release(&x->rx, n);
}

static void wake_fill(struct ovnet_xsk *x)
{
	if (unlikely(xsk_ring_prod__needs_wakeup(&x->fill)))
		recvfrom(x->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

static uint16_t copy_in(struct xdp_queue *x, uint32_t at, struct rte_mbuf **pkts, uint32_t n)
{
	uint16_t port = x->q.port->id, got = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct xdp_desc *d = xsk_ring_cons__rx_desc(&x->x.rx, at + i);
		if (i + AHEAD < n)
			rte_prefetch0(
				x->x.area + xsk_ring_cons__rx_desc(&x->x.rx, at + i + AHEAD)->addr);
		if (unlikely(d->len > x->room)) {
			x->q.rx_drops[OVNET_DROP_TRUNCATED]++;
			continue;
		}
		struct rte_mbuf *m = pkts[got++];
		rte_memcpy(rte_pktmbuf_mtod(m, void *), x->x.area + d->addr, d->len);
		m->data_len = (uint16_t)d->len;
		m->pkt_len = d->len;
		ovnet_meta_reset(m, port);
	}
	return got;
}

static uint16_t xdp_rx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct xdp_queue *x = (struct xdp_queue *)q;
	uint32_t at;

	if (unlikely(unsent(&x->x) > 0))
		kick(x);
	/* No more than can be given back at once, see fill_ring(). */
	uint32_t most = RTE_MIN(n, xsk_prod_nb_free(&x->x.fill, n));
	uint32_t seen = xsk_ring_cons__peek(&x->x.rx, most, &at);
	uint16_t got = 0;
	if (seen > 0) {
		if (likely(rte_pktmbuf_alloc_bulk(x->pool, pkts, seen) == 0)) {
			got = copy_in(x, at, pkts, seen);
			rte_pktmbuf_free_bulk(pkts + got, seen - got);
		} else {
			/* Dropped, not left: a full ring keeps the worker spinning. */
			q->rx_drops[OVNET_DROP_NO_MBUF] += seen;
		}
		recycle(&x->x, at, seen);
	}
	wake_fill(&x->x);
	return got;
}

static void drain_completions(struct ovnet_xsk *x)
{
	uint32_t at, n = xsk_ring_cons__peek(&x->comp, OVNET_XSK_TX_FRAMES, &at);

	for (uint32_t i = 0; i < n; i++)
		x->free[x->n_free++] = *xsk_ring_cons__comp_addr(&x->comp, at + i);
	if (n > 0)
		xsk_ring_cons__release(&x->comp, n);
}

static void copy_out(struct ovnet_xsk *x, struct xdp_desc *d, const struct rte_mbuf *m)
{
	d->addr = x->free[--x->n_free];
	d->len = m->pkt_len;
	d->options = 0;
	uint8_t *to = x->area + d->addr;
	for (; m != NULL; m = m->next) {
		rte_memcpy(to, rte_pktmbuf_mtod(m, const void *), m->data_len);
		to += m->data_len;
	}
}

/* Puts a prefix of pkts into the ring; returns its length. */
static uint16_t fill_tx(struct xdp_queue *x, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t i;
	uint32_t at;

	x->q.tx_reason = OVNET_DROP_TX_FULL;
	for (i = 0; i < n; i++) {
		if (i + 1 < n)
			rte_prefetch0(rte_pktmbuf_mtod(pkts[i + 1], void *));
		if (unlikely(pkts[i]->pkt_len > x->x.frame_size)) {
			x->q.tx_reason = OVNET_DROP_TX_REFUSED;
			break;
		}
		if (x->x.n_free == 0 || xsk_ring_prod__reserve(&x->x.tx, 1, &at) == 0)
			break;
		copy_out(&x->x, xsk_ring_prod__tx_desc(&x->x.tx, at), pkts[i]);
	}
	return i;
}

static uint16_t xdp_tx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct xdp_queue *x = (struct xdp_queue *)q;

	q->tx_reason = OVNET_DROP_TX_DOWN;
	if (unlikely(x->down)) {
		/* What already waits shows whether it still is; no more is queued for later. */
		kick(x);
		if (x->down)
			return 0;
	}
	drain_completions(&x->x);
	uint16_t taken = fill_tx(x, pkts, n);
	if (taken > 0)
		xsk_ring_prod__submit(&x->x.tx, taken);
	kick(x);
	if (unlikely(x->down))
		q->tx_reason = OVNET_DROP_TX_DOWN;
	rte_pktmbuf_free_bulk(pkts, taken);
	return taken;
}

static int xdp_wait_fd(struct ovnet_port_queue *q)
{
	return ((struct xdp_queue *)q)->x.fd;
}

/* Packets that wait to be sent keep the worker awake as well, unless nothing can be sent. */
static int xdp_arm(struct ovnet_port_queue *q)
{
	struct xdp_queue *x = (struct xdp_queue *)q;

	kick(x);
	if (unsent(&x->x) > 0 && !x->down)
		return 1;
	return xsk_cons_nb_avail(&x->x.rx, 1) > 0;
}

static int xdp_filter(struct ovnet_port *port, const struct ovnet_port_filter *filter)
{
	if (port->role == OVNET_PORT_ATTACH)
		return -EINVAL; /* all of it is ours */
	return port->priv != NULL ? ovnet_xdp_prog_filter(port->priv, filter) : 0;
}

static void xdp_stats(struct ovnet_port *port, struct ovnet_port_stats *out)
{
	*out = (struct ovnet_port_stats){0};
	for (uint16_t i = 0; i < port->n_rxq; i++) {
		const struct xdp_queue *x = (const struct xdp_queue *)port->queue[i];
		struct xdp_statistics s = {0};
		socklen_t len = sizeof(s);
		if (getsockopt(x->x.fd, SOL_XDP, XDP_STATISTICS, &s, &len) < 0)
			continue;
		/* An empty fill ring is in rx_dropped already. */
		out->missed += s.rx_dropped + s.rx_ring_full;
		out->errors += s.rx_invalid_descs + x->q.rx_drops[OVNET_DROP_TRUNCATED];
		out->no_mbuf += x->q.rx_drops[OVNET_DROP_NO_MBUF];
		out->tx_errors += s.tx_invalid_descs;
	}
}

static bool xdp_link_up(struct ovnet_port *port)
{
	return ovnet_netdev_running(port->ifindex);
}

const struct ovnet_driver ovnet_driver_af_xdp = {
	.name = "af_xdp",
	.open = xdp_open,
	.close = xdp_close,
	.lose = xdp_lose,
	.rx = xdp_rx,
	.tx = xdp_tx,
	.wait_fd = xdp_wait_fd,
	.arm = xdp_arm,
	.filter = xdp_filter,
	.stats = xdp_stats,
	.link_up = xdp_link_up,
};
