/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The DPDK driver: any ethdev a devargs string names, from a PCI NIC to a vhost-user socket.
 * No checksum or segmentation is left to it, so none is handed in or taken; uplinks' NICs are asked
 * what they found of outer checksums.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "base/log.h"
#include "port/dpdk_device.h"
#include "port/dpdk_rings.h"
#include "port/driver_int.h"
#include "port/vlan.h"

OVNET_LOG_TYPE(port)

#define MAC_AND_TAG 18
/* Bursts of others' VLANs in a row: more than a ring holds, so that nothing of ours is left behind.
 */
#define VLAN_LOOKS 64

struct dpdk_port {
	uint16_t id;    /* DPDK's */
	uint64_t owner; /* DPDK's number for this port among the devices' owners */
	bool configured, intr;
	bool stays;      /* see ovnet_dpdk_device_stays() */
	uint16_t room;   /* bytes of packet a buffer holds */
	_Atomic bool up; /* control and DPDK's interrupt thread: rw, workers: ro */
	int nudge_fd;    /* eventfd in each queue's wait_fd, written when the link changes */
};

struct dpdk_queue {
	struct ovnet_port_queue q; /* first */
	struct dpdk_port *dev;
	uint16_t dev_id;
	uint16_t vlan; /* 0: none */
	/*
	 * An epoll fd around the driver's, edge-triggered: what drivers signal by is never read
	 * (net_vhost does not even show it), so it would stay readable for ever. -1: no interrupt.
	 */
	int wait_fd;
};

static int failed(const struct ovnet_port *port, const char *what, int err)
{
	LOG(ERR, "port '%s': cannot %s: %s", port->name, what, rte_strerror(-err));
	return err;
}

/* A device that EAL probed, or that we left, may be taken; another port's may not. */
static int take_ownership(const struct ovnet_port *port, struct dpdk_port *d, const char *devargs)
{
	struct rte_eth_dev_owner owner = {0};
	int err = rte_eth_dev_owner_new(&d->owner);

	if (err < 0)
		return failed(port, "become its device's owner", err);
	owner.id = d->owner;
	snprintf(owner.name, sizeof(owner.name), "%s", port->name);
	if (rte_eth_dev_owner_set(d->id, &owner) == 0)
		return 0;
	LOG(ERR, "port '%s': the device of '%s' is another port's already; give each its own",
		port->name, devargs);
	return -EBUSY;
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
	const uint64_t one = 1;
	struct dpdk_port *d = arg;

	(void)id, (void)type, (void)ret;
	refresh_link(d);
	/* A guest that connects finds notifications off: sleepers have to arm once more. */
	if (write(d->nudge_fd, &one, sizeof(one)) < 0)
		return -errno;
	return 0;
}

/*
 * The path takes a NIC's word for the checksums of what comes from the underlay. Devices that offer
 * it for UDP alone are virtio's, which mean something else: that it is still to be finished.
 */
static uint64_t checked_by(const struct ovnet_port *port, const struct rte_eth_dev_info *info)
{
	const uint64_t ip = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM,
		       more = RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_OUTER_IPV4_CKSUM |
			      RTE_ETH_RX_OFFLOAD_OUTER_UDP_CKSUM;

	if (port->role != OVNET_PORT_UPLINK || (info->rx_offload_capa & ip) == 0)
		return 0;
	return info->rx_offload_capa & (ip | more);
}

static void choose(struct ovnet_port *port, const struct ovnet_port_conf *conf,
	const struct rte_eth_dev_info *info, struct rte_eth_conf *eth)
{
	uint16_t want = RTE_MIN(RTE_MAX(conf->queues, 1), OVNET_MAX_QUEUES);

	port->n_rxq = RTE_MIN(want, info->max_rx_queues);
	port->n_txq = RTE_MIN(want, info->max_tx_queues);
	/*
	 * Every packet is one buffer here (tx makes it so), its only owner ours, of the one pool:
	 * what NICs have their simple and vectorised ways out for.
	 */
	eth->txmode.offloads = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	eth->rxmode.offloads = checked_by(port, info);
	if (port->n_rxq > 1 && info->flow_type_rss_offloads != 0) {
		eth->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		eth->rx_adv_conf.rss_conf.rss_hf =
			info->flow_type_rss_offloads &
			(RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP);
		eth->rxmode.offloads |= info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_RSS_HASH;
	}
	if (port->vlan != 0)
		eth->rxmode.offloads |= info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_VLAN_FILTER;
	port->caps = OVNET_CAP_BARE;
	if (port->role == OVNET_PORT_UPLINK)
		port->caps |= OVNET_CAP_EXCLUSIVE;
}

/* With rx interrupts; where the driver or the bus has none, without. */
static int configure(struct ovnet_port *port, struct dpdk_port *d, struct rte_eth_conf *eth,
	const struct ovnet_port_conf *conf, const struct rte_eth_dev_info *info)
{
	int err;

	for (int intr = 1; intr >= 0; intr--) {
		eth->intr_conf.rxq = (uint32_t)intr;
		err = rte_eth_dev_configure(d->id, port->n_rxq, port->n_txq, eth);
		if (err < 0)
			continue;
		d->configured = true;
		d->intr = intr != 0;
		if ((err = ovnet_dpdk_rings(port, conf, info, d->id)) < 0)
			return err;
		err = rte_eth_dev_start(d->id);
		if (err == 0)
			return 0;
	}
	return failed(port, "configure or start the device", err);
}

static int watch(int epoll, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev);
}

static int open_wait_fd(const struct ovnet_port *port, const struct dpdk_port *d, uint16_t queue)
{
	if (!d->intr || queue >= port->n_rxq)
		return -1;
	int fd = rte_eth_dev_rx_intr_ctl_q_get_fd(d->id, queue);
	if (fd < 0)
		return -1;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll >= 0 && watch(epoll, fd) == 0 && watch(epoll, d->nudge_fd) == 0)
		return epoll;
	LOG(WARN, "port '%s': cannot wait for rx queue %u, its worker polls it on time: %m",
		port->name, queue);
	if (epoll >= 0)
		close(epoll);
	return -1;
}

static int open_queue(struct ovnet_port *port, struct dpdk_port *d, uint16_t id)
{
	struct dpdk_queue *q = ovnet_driver_queue_new(port, id, sizeof(*q));

	if (q == NULL)
		return -ENOMEM;
	q->dev = d;
	q->dev_id = d->id;
	q->vlan = port->vlan;
	q->wait_fd = open_wait_fd(port, d, id);
	return 0;
}

/* Virtual functions and virtio let in what they are told of alone. */
static void take_vlan(const struct ovnet_port *port, const struct dpdk_port *d)
{
	int err = rte_eth_dev_vlan_filter(d->id, port->vlan, 1);

	if (err < 0)
		LOG(WARN, "port '%s': its NIC does not take VLAN %u: %s; nothing of it may arrive",
			port->name, port->vlan, rte_strerror(-err));
}

/* As ethdev works it out, which says no more than that it is too much. */
static uint16_t largest_mtu(const struct rte_eth_dev_info *info)
{
	const uint32_t around = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;

	if (info->max_mtu != UINT16_MAX || info->max_rx_pktlen <= around)
		return info->max_mtu;
	return (uint16_t)RTE_MIN(info->max_rx_pktlen - around, (uint32_t)UINT16_MAX);
}

/* The twin's of a former life may have been another NIC's. */
static int choose_mtu(const struct ovnet_port *port, const struct ovnet_port_conf *conf,
	const struct rte_eth_dev_info *info, uint32_t *mtu)
{
	const uint16_t largest = largest_mtu(info);

	*mtu = conf->mtu;
	if (conf->mtu == 0 || (conf->mtu >= info->min_mtu && conf->mtu <= largest))
		return 0;
	if (!conf->mtu_near) {
		LOG(ERR, "port '%s': MTU %u, the device takes %u to %u", port->name, conf->mtu,
			info->min_mtu, largest);
		return -EINVAL;
	}
	*mtu = conf->mtu < info->min_mtu ? info->min_mtu : largest;
	LOG(WARN, "port '%s': MTU %u instead of its twin's former %u, as the device takes %u to %u",
		port->name, *mtu, conf->mtu, info->min_mtu, largest);
	return 0;
}

static int start(struct ovnet_port *port, struct dpdk_port *d, const struct ovnet_port_conf *conf)
{
	struct rte_eth_dev_info info;
	struct rte_eth_conf eth = {0};
	int err = rte_eth_dev_info_get(d->id, &info);

	if (err < 0)
		return failed(port, "ask for its properties", err);
	if ((err = choose_mtu(port, conf, &info, &eth.rxmode.mtu)) < 0)
		return err;
	if ((eth.rxmode.mtu != 0 ? eth.rxmode.mtu : RTE_ETHER_MTU) + MAC_AND_TAG >
		ovnet_driver_room(conf->pool)) {
		LOG(ERR, "port '%s': packets of its MTU do not fit a buffer of %u bytes",
			port->name, ovnet_driver_room(conf->pool));
		return -EMSGSIZE;
	}
	choose(port, conf, &info, &eth);
	if (port->n_rxq == 0 || port->n_txq == 0) {
		LOG(ERR, "port '%s': the device has no queues to receive or to send by",
			port->name);
		return -ENOTSUP;
	}
	if ((err = configure(port, d, &eth, conf, &info)) < 0)
		return err;
	if (eth.rxmode.offloads & RTE_ETH_RX_OFFLOAD_VLAN_FILTER)
		take_vlan(port, d);
	for (uint16_t i = 0; i < RTE_MAX(port->n_rxq, port->n_txq); i++)
		if ((err = open_queue(port, d, i)) < 0)
			return err;
	return 0;
}

/* ND, DHCP and what else the host's kernel joined. A device of software has no filter for it. */
static void take_multicast(const struct ovnet_port *port, const struct dpdk_port *d)
{
	int err = rte_eth_allmulticast_enable(d->id);

	if (err < 0 && err != -ENOTSUP)
		LOG(WARN, "port '%s': cannot take in all multicast: %s; IPv6 of the host may fail",
			port->name, rte_strerror(-err));
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
	/* A device of software may have none (net_null, net_ring). */
	struct ovnet_mac ours = ovnet_driver_made_mac(port->name);
	if (!rte_is_zero_ether_addr(&mac))
		memcpy(ours.b, mac.addr_bytes, sizeof(ours.b));
	ovnet_port_set_mac(port, &ours);
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
	int err;

	/* Again while DPDK's thread is just in it: it must not find `d` freed. */
	while (rte_eth_dev_callback_unregister(d->id, RTE_ETH_EVENT_INTR_LSC, link_event, d) ==
		-EAGAIN)
		rte_pause();
	for (uint16_t i = 0; i < OVNET_MAX_QUEUES && port->queue[i] != NULL; i++)
		if (((struct dpdk_queue *)port->queue[i])->wait_fd >= 0)
			close(((struct dpdk_queue *)port->queue[i])->wait_fd);
	if (d->configured && (err = rte_eth_dev_stop(d->id)) < 0)
		LOG(WARN, "port '%s': stopping the device: %s", port->name, rte_strerror(-err));
	if (d->stays)
		rte_eth_dev_owner_unset(d->id, d->owner);
	else
		ovnet_dpdk_device_remove(port->name, d->id);
	close(d->nudge_fd);
	free(d);
	port->priv = NULL;
}

static int dpdk_open(struct ovnet_port *port, const struct ovnet_port_conf *conf)
{
	struct dpdk_port *d = calloc(1, sizeof(*d));
	int err;

	if (d == NULL || (d->nudge_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) < 0) {
		LOG(ERR, "port '%s': out of memory or file descriptors", port->name);
		free(d);
		return -ENOMEM;
	}
	if ((err = ovnet_dpdk_device_get(port->name, conf->devargs, &d->id)) < 0 ||
		(err = take_ownership(port, d, conf->devargs)) < 0) {
		close(d->nudge_fd);
		free(d);
		return err;
	}
	d->stays = ovnet_dpdk_device_stays(conf->devargs);
	d->room = ovnet_driver_room(conf->pool);
	port->priv = d;
	if ((err = start(port, d, conf)) < 0 || (err = describe(port, d)) < 0)
		dpdk_close(port);
	else if (conf->multicast)
		take_multicast(port, d);
	return err;
}

/*
 * What is of the port's VLAN. A worker may sleep when it has nothing, so what lies behind others'
 * frames is looked for.
 */
static uint16_t rx_vlan(struct dpdk_queue *d, struct rte_mbuf **pkts, uint16_t got, uint16_t n)
{
	uint16_t kept = ovnet_vlan_only(pkts, got, d->vlan);

	d->q.rx_drops[OVNET_DROP_OTHER_VLAN] += (uint16_t)(got - kept);
	for (unsigned i = 0; kept == 0 && got == n && i < VLAN_LOOKS; i++) {
		got = rte_eth_rx_burst(d->dev_id, d->q.id, pkts, n);
		kept = ovnet_vlan_only(pkts, got, d->vlan);
		d->q.rx_drops[OVNET_DROP_OTHER_VLAN] += (uint16_t)(got - kept);
	}
	return kept;
}

static uint16_t dpdk_rx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct dpdk_queue *d = (struct dpdk_queue *)q;
	uint16_t got = rte_eth_rx_burst(d->dev_id, q->id, pkts, n);

	if (unlikely(d->vlan != 0))
		got = rx_vlan(d, pkts, got, n);
	return got;
}

static uint16_t dpdk_tx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	struct dpdk_queue *d = (struct dpdk_queue *)q;
	uint16_t ready = likely(d->vlan == 0) ? n : ovnet_vlan_tag(pkts, n, d->vlan);
	uint16_t sent = rte_eth_tx_burst(d->dev_id, q->id, pkts, ready);

	if (likely(sent == n))
		return sent;
	if (sent == ready)
		q->tx_reason = OVNET_DROP_TX_REFUSED;
	else
		q->tx_reason = atomic_load_explicit(&d->dev->up, memory_order_relaxed)
				       ? OVNET_DROP_TX_FULL
				       : OVNET_DROP_TX_DOWN;
	if (d->vlan != 0)
		ovnet_vlan_untag(pkts + sent, ready - sent);
	return sent;
}

static int dpdk_wait_fd(struct ovnet_port_queue *q)
{
	return ((struct dpdk_queue *)q)->wait_fd;
}

static int dpdk_arm(struct ovnet_port_queue *q)
{
	struct dpdk_queue *d = (struct dpdk_queue *)q;

	if (d->wait_fd >= 0)
		rte_eth_dev_rx_intr_enable(d->dev_id, q->id);
	return 0; /* the worker polls once more after this */
}

static void dpdk_disarm(struct ovnet_port_queue *q)
{
	struct dpdk_queue *d = (struct dpdk_queue *)q;
	struct epoll_event seen[2];

	if (d->wait_fd < 0)
		return;
	rte_eth_dev_rx_intr_disable(d->dev_id, q->id);
	epoll_wait(d->wait_fd, seen, RTE_DIM(seen), 0);
}

/* Some devices take another one only while they stand still. */
static int dpdk_set_mtu(struct ovnet_port *port, uint16_t mtu)
{
	const struct dpdk_port *d = port->priv;

	if (mtu + MAC_AND_TAG > d->room) {
		LOG(ERR, "port '%s': packets of MTU %u do not fit a buffer of %u bytes", port->name,
			mtu, d->room);
		return -EMSGSIZE;
	}
	int err = rte_eth_dev_set_mtu(d->id, mtu);
	return err < 0 ? failed(port, "change its MTU", err) : 0;
}

static int dpdk_set_mac(struct ovnet_port *port, const struct ovnet_mac *mac)
{
	const struct dpdk_port *d = port->priv;
	struct rte_ether_addr addr;

	memcpy(addr.addr_bytes, mac->b, sizeof(addr.addr_bytes));
	int err = rte_eth_dev_default_mac_addr_set(d->id, &addr);
	return err < 0 ? failed(port, "change its MAC address", err) : 0;
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

const struct ovnet_driver ovnet_driver_dpdk = {
	.name = "dpdk",
	.open = dpdk_open,
	.close = dpdk_close,
	.rx = dpdk_rx,
	.tx = dpdk_tx,
	.wait_fd = dpdk_wait_fd,
	.arm = dpdk_arm,
	.disarm = dpdk_disarm,
	.set_mtu = dpdk_set_mtu,
	.set_mac = dpdk_set_mac,
	.stats = dpdk_stats,
	.link_up = dpdk_link_up,
};
