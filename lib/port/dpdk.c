/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The DPDK door: any ethdev a devargs string names, from a PCI NIC to a vhost-user socket.
 * No checksum or segmentation offload is asked for, so none is handed in or taken.
 */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "door.h"
#include "log.h"

OVNET_LOG_TYPE(port)

#define DESCRIPTORS 1024

struct dpdk_port {
	uint16_t id; /* DPDK's */
	bool configured, intr;
	_Atomic bool up; /* control and DPDK's interrupt thread: rw, workers: ro */
};

struct dpdk_queue {
	struct ovnet_port_queue q; /* first */
	struct dpdk_port *dev;
	uint16_t dev_id;
	bool take_hash;
};

static int failed(const struct ovnet_port *port, const char *what, int err)
{
	LOG(ERR, "port '%s': cannot %s: %s", port->name, what, rte_strerror(-err));
	return err;
}

static int find(const char *devargs, uint16_t *id)
{
	struct rte_dev_iterator it;

	RTE_ETH_FOREACH_MATCHING_DEV(*id, devargs, &it)
	{
		rte_eth_iterator_cleanup(&it);
		return 0;
	}
	return -ENODEV;
}

static int probe(struct ovnet_port *port, const char *devargs, uint16_t *id)
{
	if (devargs == NULL || devargs[0] == '\0') {
		LOG(ERR, "port '%s': no device is given (devargs)", port->name);
		return -EINVAL;
	}
	int err = rte_dev_probe(devargs);
	if (err < 0) {
		LOG(ERR,
			"port '%s': DPDK cannot open '%s': %s (a PCI device has to be bound to "
			"vfio-pci)",
			port->name, devargs, rte_strerror(-err));
		return err;
	}
	err = find(devargs, id);
	return err < 0 ? failed(port, "find its ethdev", err) : 0;
}

static bool refresh_link(struct dpdk_port *d)
{
	struct rte_eth_link link = {0};
	bool up = rte_eth_link_get_nowait(d->id, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;

	atomic_store_explicit(&d->up, up, memory_order_relaxed);
	return up;
}

static int link_event(uint16_t id, enum rte_eth_event_type type, void *arg, void *ret)
{
	(void)id, (void)type, (void)ret;
	refresh_link(arg);
	return 0;
}

static void choose(struct ovnet_port *port, const struct ovnet_port_conf *conf,
	const struct rte_eth_dev_info *info, struct rte_eth_conf *eth)
{
	uint16_t want = RTE_MIN(RTE_MAX(conf->queues, 1), OVNET_MAX_QUEUES);

	port->n_rxq = RTE_MIN(want, info->max_rx_queues);
	port->n_txq = RTE_MIN(want, info->max_tx_queues);
	eth->rxmode.mtu = conf->mtu;
	eth->txmode.offloads = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	if (port->n_rxq > 1 && info->flow_type_rss_offloads != 0) {
		eth->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		eth->rx_adv_conf.rss_conf.rss_hf =
			info->flow_type_rss_offloads &
			(RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP);
		eth->rxmode.offloads = info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_RSS_HASH;
	}
	port->caps = eth->txmode.offloads != 0 ? OVNET_CAP_CHAINED : 0;
	if (port->role == OVNET_PORT_UPLINK)
		port->caps |= OVNET_CAP_EXCLUSIVE;
}

static int set_up_queues(
	struct ovnet_port *port, struct dpdk_port *d, const struct ovnet_port_conf *conf)
{
	uint16_t rxd = DESCRIPTORS, txd = DESCRIPTORS;
	int socket = rte_eth_dev_socket_id(d->id), err;

	if ((err = rte_eth_dev_adjust_nb_rx_tx_desc(d->id, &rxd, &txd)) < 0)
		return failed(port, "choose ring sizes", err);
	for (uint16_t i = 0; i < port->n_rxq; i++)
		if ((err = rte_eth_rx_queue_setup(
			     d->id, i, rxd, (unsigned)socket, NULL, conf->pool)) < 0)
			return failed(port, "set up an rx queue", err);
	for (uint16_t i = 0; i < port->n_txq; i++)
		if ((err = rte_eth_tx_queue_setup(d->id, i, txd, (unsigned)socket, NULL)) < 0)
			return failed(port, "set up a tx queue", err);
	return 0;
}

/* With rx interrupts; where the driver or the bus has none, without. */
static int configure(struct ovnet_port *port, struct dpdk_port *d, struct rte_eth_conf *eth,
	const struct ovnet_port_conf *conf)
{
	int err;

	for (int intr = 1; intr >= 0; intr--) {
		eth->intr_conf.rxq = (uint32_t)intr;
		err = rte_eth_dev_configure(d->id, port->n_rxq, port->n_txq, eth);
		if (err < 0)
			continue;
		d->configured = true;
		d->intr = intr != 0;
		if ((err = set_up_queues(port, d, conf)) < 0)
			return err;
		err = rte_eth_dev_start(d->id);
		if (err == 0)
			return 0;
	}
	return failed(port, "configure or start the device", err);
}

static int start(struct ovnet_port *port, struct dpdk_port *d, const struct ovnet_port_conf *conf)
{
	struct rte_eth_dev_info info;
	struct rte_eth_conf eth = {0};
	int err = rte_eth_dev_info_get(d->id, &info);

	if (err < 0)
		return failed(port, "ask for its properties", err);
	if (conf->mtu != 0 && (conf->mtu < info.min_mtu || conf->mtu > info.max_mtu)) {
		LOG(ERR, "port '%s': MTU %u, the device takes %u to %u", port->name, conf->mtu,
			info.min_mtu, info.max_mtu);
		return -EINVAL;
	}
	choose(port, conf, &info, &eth);
	if (port->n_rxq == 0 || port->n_txq == 0) {
		LOG(ERR, "port '%s': the device has no queues to receive or to send by",
			port->name);
		return -ENOTSUP;
	}
	if ((err = configure(port, d, &eth, conf)) < 0)
		return err;
	for (uint16_t i = 0; i < RTE_MAX(port->n_rxq, port->n_txq); i++) {
		struct dpdk_queue *q = ovnet_door_queue_new(port, i, sizeof(*q));
		if (q == NULL)
			return -ENOMEM;
		q->dev = d;
		q->dev_id = d->id;
		/* An uplink's hash is of the outer header, ovnet's of the inner one. */
		q->take_hash = port->role != OVNET_PORT_UPLINK &&
			       (eth.rxmode.offloads & RTE_ETH_RX_OFFLOAD_RSS_HASH) != 0;
	}
	return 0;
}

static int describe(struct ovnet_port *port, struct dpdk_port *d)
{
	struct rte_eth_dev_info info;
	struct rte_ether_addr mac;
	int err;

	if ((err = rte_eth_dev_get_mtu(d->id, &port->mtu)) < 0)
		return failed(port, "read its MTU", err);
	if ((err = rte_eth_macaddr_get(d->id, &mac)) < 0)
		return failed(port, "read its MAC address", err);
	memcpy(port->mac.b, mac.addr_bytes, sizeof(port->mac.b));
	if (rte_eth_dev_info_get(d->id, &info) == 0)
		port->ifindex = info.if_index;
	err = rte_eth_dev_callback_register(d->id, RTE_ETH_EVENT_INTR_LSC, link_event, d);
	if (err < 0)
		return failed(port, "watch its link", err);
	refresh_link(d);
	return 0;
}

static void dpdk_close(struct ovnet_port *port)
{
	struct dpdk_port *d = port->priv;
	struct rte_eth_dev_info info;
	int err;

	rte_eth_dev_callback_unregister(d->id, RTE_ETH_EVENT_INTR_LSC, link_event, d);
	bool known = rte_eth_dev_info_get(d->id, &info) == 0;
	if (d->configured && (err = rte_eth_dev_stop(d->id)) < 0)
		LOG(WARN, "port '%s': stopping the device: %s", port->name, rte_strerror(-err));
	if ((err = rte_eth_dev_close(d->id)) < 0)
		LOG(WARN, "port '%s': closing the device: %s", port->name, rte_strerror(-err));
	if (known && (err = rte_dev_remove(info.device)) < 0)
		LOG(WARN, "port '%s': removing the device: %s", port->name, rte_strerror(-err));
	free(d);
	port->priv = NULL;
}

static int dpdk_open(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	struct dpdk_port *d = calloc(1, sizeof(*d));
	int err;

	if (d == NULL) {
		LOG(ERR, "port '%s': out of memory", port->name);
		return -ENOMEM;
	}
	if ((err = probe(port, conf->devargs, &d->id)) < 0) {
		free(d);
		return err;
	}
	port->priv = d;
	if ((err = start(port, d, conf)) < 0 || (err = describe(port, d)) < 0)
		dpdk_close(port);
	return err;
}

static uint16_t dpdk_rx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct dpdk_queue *d = (struct dpdk_queue *)q;
	uint16_t got = rte_eth_rx_burst(d->dev_id, q->id, pkts, n);

	for (uint16_t i = 0; i < got; i++)
		rte_prefetch0(ovnet_meta(pkts[i]));
	for (uint16_t i = 0; i < got; i++) {
		ovnet_meta_reset(pkts[i], q->port->id);
		if (d->take_hash && pkts[i]->ol_flags & RTE_MBUF_F_RX_RSS_HASH) {
			ovnet_meta(pkts[i])->hash = pkts[i]->hash.rss;
			ovnet_meta(pkts[i])->flags = OVNET_META_HASH;
		}
	}
	return got;
}

static uint16_t dpdk_tx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct dpdk_queue *d = (struct dpdk_queue *)q;
	uint16_t sent = rte_eth_tx_burst(d->dev_id, q->id, pkts, n);

	if (unlikely(sent < n))
		q->tx_reason = atomic_load_explicit(&d->dev->up, memory_order_relaxed)
				       ? OVNET_DROP_TX_FULL
				       : OVNET_DROP_TX_DOWN;
	return sent;
}

static int dpdk_wait_fd(struct ovnet_port_queue *q)
{
	struct dpdk_queue *d = (struct dpdk_queue *)q;

	if (!d->dev->intr || q->id >= q->port->n_rxq)
		return -1;
	int fd = rte_eth_dev_rx_intr_ctl_q_get_fd(d->dev_id, q->id);
	return fd >= 0 ? fd : -1;
}

static int dpdk_arm(struct ovnet_port_queue *q)
{
	struct dpdk_queue *d = (struct dpdk_queue *)q;

	if (d->dev->intr)
		rte_eth_dev_rx_intr_enable(d->dev_id, q->id);
	return 0; /* the worker polls once more after this */
}

static void dpdk_disarm(struct ovnet_port_queue *q)
{
	struct dpdk_queue *d = (struct dpdk_queue *)q;
	struct pollfd fd = {.fd = dpdk_wait_fd(q), .events = POLLIN};
	uint64_t count;

	if (fd.fd < 0)
		return;
	rte_eth_dev_rx_intr_disable(d->dev_id, q->id);
	/* An eventfd stays readable until read; some drivers' block when there is nothing. */
	if (poll(&fd, 1, 0) == 1 && read(fd.fd, &count, sizeof(count)) < 0)
		return;
}

static void dpdk_stats(struct ovnet_port *port, struct ovnet_port_stats *out)
{
	const struct dpdk_port *d = port->priv;
	struct rte_eth_stats s;

	*out = (struct ovnet_port_stats){0};
	if (rte_eth_stats_get(d->id, &s) != 0)
		return;
	*out = (struct ovnet_port_stats){
		.missed = s.imissed,
		.errors = s.ierrors,
		.no_mbuf = s.rx_nombuf,
		.tx_errors = s.oerrors,
	};
}

static bool dpdk_link_up(struct ovnet_port *port)
{
	return refresh_link(port->priv);
}

const struct ovnet_port_ops ovnet_port_dpdk = {
	.kind = "dpdk",
	.open = dpdk_open,
	.close = dpdk_close,
	.rx = dpdk_rx,
	.tx = dpdk_tx,
	.wait_fd = dpdk_wait_fd,
	.arm = dpdk_arm,
	.disarm = dpdk_disarm,
	.stats = dpdk_stats,
	.link_up = dpdk_link_up,
};
