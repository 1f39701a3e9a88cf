/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The socket uplink: any interface, by the kernel's own ways of moving many packets at once. Out:
 * frames of one flow as one, by an AF_PACKET socket whose vnet header says where to cut. In: UDP
 * sockets of the overlay's port, which get what the kernel or its NIC merged; a queue each,
 * among which the kernel chooses by flow. Fragments, checksums and who an address belongs to are
 * its business; the headers it took off are put in front again, for the path to judge.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "port/driver_int.h"
#include "port/netdev.h"
#include "port/socket_uplink.h"

OVNET_LOG_TYPE(port)

static struct socket_queue *queue_of(struct ovnet_port *port, uint16_t id)
{
	return (struct socket_queue *)port->queue[id];
}

static int open_queue(struct ovnet_port *port, uint16_t id, const struct ovnet_port_conf *conf)
{
	struct socket_queue *s = ovnet_driver_queue_new(port, id, sizeof(*s));
	int err;

	if (s == NULL)
		return -ENOMEM;
	s->fd = s->wait_fd = s->send_fd = -1;
	s->pool = conf->pool;
	if ((err = socket_rx_init(s)) < 0 || (err = socket_bind(s, 0)) < 0) {
		LOG(ERR, "port '%s': queue %u: %s", port->name, id, strerror(-err));
		return err;
	}
	s->send_fd = ovnet_packet_socket(port, conf->iface);
	if (s->send_fd < 0)
		return s->send_fd;
	s->send_udp = conf->send_udp;
	ovnet_packet_send_init(&s->send, s->send_fd, port, ovnet_packet_probe());
	return ovnet_packet_bind(s->send_fd, port, conf->iface, 0);
}

static void socket_close(struct ovnet_port *port)
{
	for (uint16_t i = 0; i < OVNET_MAX_QUEUES && port->queue[i] != NULL; i++) {
		struct socket_queue *s = queue_of(port, i);
		const int fds[] = {s->fd, s->wait_fd, s->send_fd};
		for (unsigned k = 0; k < RTE_DIM(fds); k++)
			if (fds[k] >= 0)
				close(fds[k]);
		socket_udp_close(s);
		socket_rx_fini(s);
	}
}

/*
 * Of a vxlan device whose own device would finish inner checksums, and cut inner segments: a veth
 * does neither, and the kernel tells a socket nothing of it.
 */
static void warn_unfinished(const char *iface)
{
	if (ovnet_netdev_driver_is(iface, "veth"))
		LOG(WARN,
			"interface '%s' is a veth: what kernel vxlan devices behind its other end "
			"leave to devices stays undone, and receivers drop the packets; there "
			"`ethtool -K PEER tx off`, or here driver = \"af_packet\"",
			iface);
}

static int socket_open(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	struct ovnet_netdev dev;
	int err;

	if (conf->mtu != 0 && (err = ovnet_netdev_set_mtu(conf->iface, conf->mtu)) < 0)
		return err;
	if ((err = ovnet_netdev_get(conf->iface, &dev)) < 0)
		return err;
	if (!dev.up) {
		LOG(ERR, "interface '%s' is down; ip link set dev %s up", conf->iface, conf->iface);
		return -ENETDOWN;
	}
	port->ifindex = dev.ifindex;
	port->mtu = dev.mtu;
	ovnet_port_set_mac(port, &dev.mac);
	port->caps = OVNET_CAP_CHAINED;
	/* Found with the first filter, it would be too late for another driver. */
	if ((err = socket_try(port->ifindex)) < 0) {
		LOG(ERR, "port '%s': this kernel's UDP sockets cannot be an uplink: %s", port->name,
			strerror(-err));
		return err;
	}
	port->n_rxq = port->n_txq = RTE_MIN(RTE_MAX(conf->queues, 1), OVNET_MAX_QUEUES);
	for (uint16_t i = 0; err == 0 && i < port->n_rxq; i++)
		err = open_queue(port, i, conf);
	if (err < 0)
		socket_close(port);
	else
		warn_unfinished(conf->iface);
	return err;
}

static uint16_t socket_tx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct socket_queue *s = (struct socket_queue *)q;
	struct socket_udp *udp = atomic_load_explicit(&s->udp, memory_order_acquire);
	uint16_t done = udp == NULL ? ovnet_packet_send(&s->send, pkts, n, &q->tx_reason)
				    : socket_udp_send(s, udp, pkts, n, &q->tx_reason);

	rte_pktmbuf_free_bulk(pkts, done);
	return done;
}

static int socket_wait_fd(struct ovnet_port_queue *q)
{
	return ((struct socket_queue *)q)->wait_fd;
}

static int socket_arm(struct ovnet_port_queue *q)
{
	return socket_rx_has((struct socket_queue *)q);
}

/*
 * Where it was not to be known at start (the loopback device was down), or the first frames told
 * otherwise, which may have been the frames' fault.
 */
static enum ovnet_packet_runs find_runs(struct ovnet_packet_send *send)
{
	enum ovnet_packet_runs runs = atomic_load_explicit(&send->runs, memory_order_relaxed);

	if (runs != OVNET_RUNS_WORK) {
		const enum ovnet_packet_runs now = ovnet_packet_probe();
		runs = now != OVNET_RUNS_UNKNOWN ? now : runs;
		atomic_store_explicit(&send->runs, runs, memory_order_relaxed);
	}
	return runs;
}

/* Once they are there, all goes by them: a flow has one source port. */
static int open_udp(struct ovnet_port *port, const struct ovnet_port_filter *filter)
{
	int err = 0;

	for (uint16_t i = 0; err == 0 && filter->udp_port != 0 && i < port->n_txq; i++) {
		struct socket_queue *s = queue_of(port, i);
		if (s->send_udp || find_runs(&s->send) == OVNET_RUNS_OFF)
			err = socket_udp_open(s, filter);
	}
	if (err < 0)
		LOG(ERR, "port '%s': cannot send by UDP sockets: %s", port->name, strerror(-err));
	return err;
}

static int bind_all(struct ovnet_port *port, uint16_t udp_port)
{
	int err = 0;

	for (uint16_t i = 0; err == 0 && i < port->n_rxq; i++)
		err = socket_bind(queue_of(port, i), udp_port);
	return err;
}

/* The addresses are the kernel's to know: a change of them changes nothing here. */
static int socket_filter(struct ovnet_port *port, const struct ovnet_port_filter *filter)
{
	uint16_t mtu;

	if (ovnet_netdev_mtu(port->ifindex, &mtu) == 0)
		for (uint16_t i = 0; i < port->n_txq; i++)
			atomic_store_explicit(
				&queue_of(port, i)->send.mtu, mtu, memory_order_relaxed);
	int err = open_udp(port, filter);
	if (err < 0)
		return err;
	if (atomic_load_explicit(&queue_of(port, port->n_rxq - 1)->udp_port,
		    memory_order_relaxed) == filter->udp_port)
		return 0;
	err = bind_all(port, filter->udp_port);
	if (err == 0)
		return 0;
	LOG(ERR, "port '%s': cannot receive UDP port %u from the kernel: %s", port->name,
		filter->udp_port, strerror(-err));
	(void)bind_all(port, 0);
	return err;
}

static void socket_merge(struct ovnet_port *port, bool on)
{
	for (uint16_t i = 0; i < port->n_rxq; i++)
		socket_bind_merge(queue_of(port, i), on);
}

static void socket_stats(struct ovnet_port *port, struct ovnet_port_stats *out)
{
	*out = (struct ovnet_port_stats){0};
	for (uint16_t i = 0; i < port->n_rxq; i++) {
		const uint64_t *lost = port->queue[i]->rx_drops;
		out->missed += socket_missed(queue_of(port, i));
		out->errors += lost[OVNET_DROP_TRUNCATED];
		out->no_mbuf += lost[OVNET_DROP_NO_MBUF];
	}
}

static bool socket_link_up(struct ovnet_port *port)
{
	return ovnet_netdev_running(port->ifindex);
}

const struct ovnet_driver ovnet_driver_socket = {
	.name = "socket",
	.open = socket_open,
	.close = socket_close,
	.rx_asks = true,
	.rx = socket_rx,
	.tx = socket_tx,
	.wait_fd = socket_wait_fd,
	.arm = socket_arm,
	.filter = socket_filter,
	.merge = socket_merge,
	.stats = socket_stats,
	.link_up = socket_link_up,
};
