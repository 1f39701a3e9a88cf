/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A driver is a kind of port: one file (host.c, tap.c, af_xdp.c, af_packet.c, socket_uplink.c,
 * dpdk.c, vhost.c, udp_socket.c) that fills this vtable. What drivers share is in driver_int.h.
 *
 * Threads: open, close, lose, filter, merge, set_mtu, set_mac, set_carrier, stats, link_up,
 * changed, details: control thread. rx, tx, arm, disarm: the worker that owns the queue (see
 * queue_map.h), nobody else, and which one it is may change between two calls. wait_fd: also the
 * one that is to get the queue. Errors: negative errno, logged where they happen with what to do
 * about it.
 */
#ifndef OVNET_PORT_DRIVER_H
#define OVNET_PORT_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;
struct ovnet_port;
struct ovnet_port_conf;
struct ovnet_port_details;
struct ovnet_port_filter;
struct ovnet_port_queue;
struct ovnet_port_stats;

struct ovnet_driver {
	const char *name; /* "host", "tap", "af_xdp", "af_packet", "socket", "dpdk", "vhost",
			     "udp_socket": a port's kind */
	/* Fills n_rxq, n_txq, caps, mtu, MAC, ifindex, queue[]. 0 or negative errno, all undone. */
	int (*open)(struct ovnet_port *port, const struct ovnet_port_conf *conf);
	void (*close)(struct ovnet_port *port);
	/*
	 * Its device is gone, close comes when no worker uses it: leaves the device, which may come
	 * back from another network namespace. May be NULL.
	 */
	void (*lose)(struct ovnet_port *port);
	/*
	 * Is its device gone for good? NULL: when the kernel has no interface of its ifindex. A TAP
	 * that went to another network namespace is not: the port goes on serving it there.
	 */
	bool (*gone)(const struct ovnet_port *port);
	/*
	 * rx asks the kernel even where nothing came: queues that are quiet are left alone until
	 * epoll, asked for all of them at once, says so of their wait_fd.
	 */
	bool rx_asks;
	/* Up to n packets, metadata set but with OVNET_CAP_BARE; never blocks. */
	uint16_t (*rx)(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n);
	/*
	 * Takes a prefix of pkts and owns those; sets q->tx_reason if it took fewer: TX_REFUSED
	 * is the fault of the packet behind them, which never goes. Never blocks.
	 */
	uint16_t (*tx)(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n);
	/* An fd that polls readable when rx has packets, or -1: the worker sleeps on time then. */
	int (*wait_fd)(struct ovnet_port_queue *q);
	/* Before a sleep / after it. May be NULL. arm returns 1 if packets already wait. */
	int (*arm)(struct ovnet_port_queue *q);
	void (*disarm)(struct ovnet_port_queue *q);
	/*
	 * Shared uplinks; NULL elsewhere, -EINVAL on an attach port: all is ours. Live: no packet
	 * is lost while it changes, but for those that wait in a socket of a UDP port that is left.
	 */
	int (*filter)(struct ovnet_port *port, const struct ovnet_port_filter *filter);
	/*
	 * May the kernel make one of several datagrams, at first and after a filter of another UDP
	 * port yes? NULL: it does not for this one. Live, no packet is lost.
	 */
	void (*merge)(struct ovnet_port *port, bool on);
	/*
	 * What the host's kernel was told of an exclusive uplink's twin, for the device: 0, or
	 * negative errno (logged), and it is as it was. NULL: it has nothing to be told.
	 */
	int (*set_mtu)(struct ovnet_port *port, uint16_t mtu);
	int (*set_mac)(struct ovnet_port *port, const struct ovnet_mac *mac);
	/* tap: what the kernel shows as its link. Logged. */
	void (*set_carrier)(struct ovnet_port *port, bool up);
	void (*stats)(struct ovnet_port *port, struct ovnet_port_stats *out);
	bool (*link_up)(struct ovnet_port *port);
	/*
	 * What its far end changed, asked after conf.notify_fd was written to and every few
	 * seconds: takes it over into n_rxq, n_txq, ... True: the queue map is to be published
	 * anew. NULL: its far end changes nothing.
	 */
	bool (*changed)(struct ovnet_port *port);
	/* What is to be seen of it beside that, into a zeroed struct. May be NULL. */
	void (*details)(const struct ovnet_port *port, struct ovnet_port_details *out);
};

extern const struct ovnet_driver ovnet_driver_host;
extern const struct ovnet_driver ovnet_driver_tap;
extern const struct ovnet_driver ovnet_driver_af_xdp;
extern const struct ovnet_driver ovnet_driver_af_packet;
extern const struct ovnet_driver ovnet_driver_socket;
extern const struct ovnet_driver ovnet_driver_dpdk;
#define OVNET_DPDK_DESCRIPTORS 1024 /* of a queue where nobody says how many */
/*
 * What librte_vhost (22.11) takes of DPDK's heap for a guest that is connected, with rings of
 * 1,024: 21 to 24 KB for a queue pair of rings of 256, the more the longer they are.
 */
#define OVNET_VHOST_HEAP_KB(pairs) (8 + 48 * (pairs))
extern const struct ovnet_driver ovnet_driver_vhost;
extern const struct ovnet_driver ovnet_driver_udp_socket;

#endif
