/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The AF_PACKET driver: the uplink that works on every interface (bonds, VLAN devices, MTU
 * 9000). The kernel sees each packet too; udp_guard.h makes it drop them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "port/af_packet_filter.h"
#include "port/driver_int.h"
#include "port/netdev.h"
#include "port/packet_send.h"

OVNET_LOG_TYPE(port)

#define RCVBUF      (8 << 20) /* some 4,000 full packets: 3 ms at 10 Gbit/s */
#define MAC_AND_TAG 18

struct packet_queue {
	struct ovnet_port_queue q; /* first */
	int fd;
	uint16_t room;
	uint16_t n_empty; /* spare[0..n_empty) were handed out */
	struct rte_mempool *pool;
	uint64_t missed; /* control: rw. The kernel forgets its count when asked */
	/* worker: rw, all of it */
	struct rte_mbuf *spare[OVNET_BURST];
	struct virtio_net_hdr rx_vnet[OVNET_BURST];
	struct iovec rx_iov[OVNET_BURST][2];
	struct mmsghdr rx_msg[OVNET_BURST];
	struct ovnet_packet_send send;
};

static int set_filter(int fd, const char *name, const struct ovnet_port_filter *filter)
{
	struct sock_filter code[OVNET_PACKET_FILTER_MAX];
	int n = ovnet_packet_filter(filter, code);

	if (n < 0) {
		LOG(ERR, "port '%s': %u subnets, AF_PACKET takes at most %u", name,
			filter->n_subnets, OVNET_PACKET_FILTER_SUBNETS);
		return n;
	}
	struct sock_fprog prog = {.len = (unsigned short)n, .filter = code};
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) == 0)
		return 0;
	int err = -errno;
	LOG(ERR, "port '%s': the kernel refused the socket filter: %s", name, strerror(-err));
	return err;
}

static int set_up(int fd, struct ovnet_port *port, const char *iface)
{
	static const struct ovnet_port_filter nothing;
	const int rcvbuf = RCVBUF;
	int err;

	/* Deaf until the filter is in place. */
	if ((err = ovnet_packet_set(fd, iface, PACKET_IGNORE_OUTGOING, 1)) < 0 ||
		(err = set_filter(fd, port->name, &nothing)) < 0)
		return err;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof(rcvbuf)) < 0 &&
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf)) < 0)
		LOG(WARN, "interface '%s': small receive buffer stays: %m", iface);
	return ovnet_packet_bind(fd, port, iface, ETH_P_ALL);
}

/* The kernel chooses the group's number when the first queue makes it. */
static int join_fanout(struct ovnet_port *port, int fd, const char *iface)
{
	int first = ((struct packet_queue *)port->queue[0])->fd, group = 0;
	socklen_t len = sizeof(group);

	if (fd == first)
		return ovnet_packet_set(fd, iface, PACKET_FANOUT,
			(PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_UNIQUEID) << 16);
	if (getsockopt(first, SOL_PACKET, PACKET_FANOUT, &group, &len) < 0) {
		int err = -errno;
		LOG(ERR, "interface '%s': cannot read the fanout group: %s", iface, strerror(-err));
		return err;
	}
	return ovnet_packet_set(
		fd, iface, PACKET_FANOUT, (group & 0xffff) | PACKET_FANOUT_HASH << 16);
}

static void wire(struct packet_queue *p)
{
	for (unsigned i = 0; i < OVNET_BURST; i++) {
		p->rx_iov[i][0] = (struct iovec){&p->rx_vnet[i], sizeof(p->rx_vnet[i])};
		p->rx_msg[i].msg_hdr.msg_iov = p->rx_iov[i];
		p->rx_msg[i].msg_hdr.msg_iovlen = 2;
	}
	p->n_empty = OVNET_BURST;
}

static int open_queue(struct ovnet_port *port, uint16_t id, const struct ovnet_port_conf *conf)
{
	struct packet_queue *p = ovnet_driver_queue_new(port, id, sizeof(*p));
	int err;

	if (p == NULL)
		return -ENOMEM;
	wire(p);
	p->pool = conf->pool;
	p->room = ovnet_driver_room(conf->pool);
	p->fd = ovnet_packet_socket(port, conf->iface);
	if (p->fd < 0)
		return p->fd;
	ovnet_packet_send_init(&p->send, p->fd, port, OVNET_RUNS_OFF);
	if ((err = set_up(p->fd, port, conf->iface)) < 0)
		return err;
	return port->n_rxq > 1 ? join_fanout(port, p->fd, conf->iface) : 0;
}

static void packet_close(struct ovnet_port *port)
{
	for (uint16_t i = 0; i < OVNET_MAX_QUEUES && port->queue[i] != NULL; i++) {
		struct packet_queue *p = (struct packet_queue *)port->queue[i];
		if (p->fd >= 0)
			close(p->fd);
		rte_pktmbuf_free_bulk(p->spare + p->n_empty, OVNET_BURST - p->n_empty);
	}
}

static int check_device(const struct ovnet_port_conf *conf, const struct ovnet_netdev *dev)
{
	if (!dev->up) {
		LOG(ERR, "interface '%s' is down; ip link set dev %s up", conf->iface, conf->iface);
		return -ENETDOWN;
	}
	if (dev->mtu + MAC_AND_TAG > ovnet_driver_room(conf->pool)) {
		LOG(ERR, "interface '%s': packets of MTU %u do not fit a buffer of %u bytes",
			conf->iface, dev->mtu, ovnet_driver_room(conf->pool));
		return -EMSGSIZE;
	}
	return 0;
}

static int packet_open(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	struct ovnet_netdev dev;
	int err;

	if (conf->mtu != 0 && (err = ovnet_netdev_set_mtu(conf->iface, conf->mtu)) < 0)
		return err;
	if ((err = ovnet_netdev_get(conf->iface, &dev)) < 0 || (err = check_device(conf, &dev)) < 0)
		return err;
	port->ifindex = dev.ifindex;
	port->mtu = dev.mtu;
	ovnet_port_set_mac(port, &dev.mac);
	port->caps = OVNET_CAP_CHAINED | OVNET_CAP_RX_CSUM;
	port->n_rxq = port->n_txq = RTE_MIN(RTE_MAX(conf->queues, 1), OVNET_MAX_QUEUES);
	for (uint16_t i = 0; err == 0 && i < port->n_rxq; i++)
		err = open_queue(port, i, conf);
	if (err < 0)
		packet_close(port);
	return err;
}

static int refill(struct packet_queue *p)
{
	if (rte_pktmbuf_alloc_bulk(p->pool, p->spare, p->n_empty) < 0)
		return -ENOMEM;
	for (uint16_t i = 0; i < p->n_empty; i++)
		p->rx_iov[i][1] = (struct iovec){rte_pktmbuf_mtod(p->spare[i], void *), p->room};
	p->n_empty = 0;
	return 0;
}

/* Without buffers packets are read, lost and counted: left, they would keep the worker awake. */
static void discard(struct packet_queue *p, uint16_t n)
{
	struct virtio_net_hdr vnet;

	for (; n > 0 && recv(p->fd, &vnet, sizeof(vnet), MSG_DONTWAIT) > 0; n--)
		p->q.rx_drops[OVNET_DROP_NO_MBUF]++;
}

/* The packet in slot i is complete and its metadata set. */
static bool accept_slot(struct packet_queue *p, unsigned i)
{
	struct rte_mbuf *m = p->spare[i];
	unsigned len = p->rx_msg[i].msg_len;

	if (unlikely(p->rx_msg[i].msg_hdr.msg_flags & MSG_TRUNC || len < sizeof(p->rx_vnet[i]))) {
		p->q.rx_drops[OVNET_DROP_TRUNCATED]++;
		return false;
	}
	if (unlikely(!ovnet_driver_vnet_in(&p->rx_vnet[i], m, p->q.port))) {
		p->q.rx_drops[OVNET_DROP_GSO_STATE]++;
		return false;
	}
	m->pkt_len = len - (unsigned)sizeof(p->rx_vnet[i]);
	m->data_len = (uint16_t)m->pkt_len;
	return true;
}

static uint16_t packet_rx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct packet_queue *p = (struct packet_queue *)q;
	uint16_t got = 0, refused = 0;
	struct rte_mbuf *again[OVNET_BURST];

	n = RTE_MIN(n, OVNET_BURST);
	if (p->n_empty > 0 && refill(p) < 0) {
		discard(p, n);
		return 0;
	}
	int seen = recvmmsg(p->fd, p->rx_msg, n, MSG_DONTWAIT, NULL);
	for (int i = 0; i < seen; i++) {
		if (accept_slot(p, (unsigned)i))
			pkts[got++] = p->spare[i];
		else
			again[refused++] = p->spare[i];
	}
	/* Buffers of refused packets go on waiting, behind the empty slots. */
	for (uint16_t i = 0; i < refused; i++) {
		p->spare[got + i] = again[i];
		p->rx_iov[got + i][1].iov_base = rte_pktmbuf_mtod(again[i], void *);
	}
	p->n_empty = got;
	return got;
}

static uint16_t packet_tx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct packet_queue *p = (struct packet_queue *)q;
	uint16_t done = ovnet_packet_send(&p->send, pkts, n, &q->tx_reason);

	rte_pktmbuf_free_bulk(pkts, done);
	return done;
}

static int packet_wait_fd(struct ovnet_port_queue *q)
{
	return ((struct packet_queue *)q)->fd;
}

static int packet_filter(struct ovnet_port *port, const struct ovnet_port_filter *filter)
{
	int err = 0;

	for (uint16_t i = 0; err == 0 && i < port->n_rxq; i++)
		err = set_filter(((struct packet_queue *)port->queue[i])->fd, port->name, filter);
	return err;
}

static void packet_stats(struct ovnet_port *port, struct ovnet_port_stats *out)
{
	*out = (struct ovnet_port_stats){0};
	for (uint16_t i = 0; i < port->n_rxq; i++) {
		struct packet_queue *p = (struct packet_queue *)port->queue[i];
		const uint64_t *lost = p->q.rx_drops;
		struct tpacket_stats s = {0};
		socklen_t len = sizeof(s);
		if (getsockopt(p->fd, SOL_PACKET, PACKET_STATISTICS, &s, &len) == 0)
			p->missed += s.tp_drops;
		out->missed += p->missed;
		out->errors += lost[OVNET_DROP_TRUNCATED] + lost[OVNET_DROP_GSO_STATE];
		out->no_mbuf += lost[OVNET_DROP_NO_MBUF];
	}
}

static bool packet_link_up(struct ovnet_port *port)
{
	return ovnet_netdev_running(port->ifindex);
}

const struct ovnet_driver ovnet_driver_af_packet = {
	.name = "af_packet",
	.open = packet_open,
	.close = packet_close,
	.rx = packet_rx,
	.tx = packet_tx,
	.rx_asks = true,
	.wait_fd = packet_wait_fd,
	.filter = packet_filter,
	.stats = packet_stats,
	.link_up = packet_link_up,
};
