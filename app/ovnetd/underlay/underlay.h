/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The interfaces and vdevs the overlay's packets leave and come by, in an operator's hands: opened
 * by configuration or flannel's choice, followed through down, up, gone, and other addresses.
 * Control thread only.
 */
#ifndef OVNET_APP_UNDERLAY_UNDERLAY_H
#define OVNET_APP_UNDERLAY_UNDERLAY_H

#include "kernel/kernel.h"
#include "node/backend.h"
#include "node/node.h"
#include "ports/ports.h"

/*
 * The kernel lists IPv4 first, service addresses (VRRP, load balancers) among them. The XDP maps
 * hold twice as many, so that old and new ones fit together.
 */
#define UPLINK_MAX_ADDRS 128

/* One underlay interface or vdev. */
struct uplink {
	const struct conf_uplink *conf; /* NULL: the default one */
	struct ovnet_port *port;
	struct ovnet_port *twin; /* of one that is ours alone; NULL: none */
	uint16_t mtu;            /* with a twin: what the NIC has now */
	bool carrier;            /* with a twin: does the twin show one? */
	struct ovnet_link link;  /* it, or its twin; ifindex 0: no kernel device behind it */
	struct ovnet_addr addr;  /* outer source address */
	struct ovnet_addr addr6; /* the same of IPv6; family 0: none */
	/* the addresses in the tree were among these when it started */
	bool has_public, has_public6;
	unsigned n_addrs; /* all local addresses, what we accept packets to */
	struct ovnet_addr addrs[UPLINK_MAX_ADDRS];
	struct ovnet_port *fragments; /* for what the kernel puts together; NULL: none */
	struct event *readable;       /* its sockets */
};

struct underlay_events {
	/* Uplinks, their addresses or MACs are others than before: next hops may be, too. */
	void (*changed)(void *arg);
	/*
	 * What is known of a next hop in use: what goes in front of IPv4 to it, NULL: its MAC is
	 * not known, or nobody uses it any more. Of uplinks with an interface only. May be NULL.
	 */
	void (*next_hop)(
		void *arg, uint32_t ifindex, const struct ovnet_addr *addr, const uint8_t *eth);
};

struct underlay {
	const struct conf *conf;
	struct warnings *warnings;
	struct ovnet_kernel *kernel;
	struct ports *ports;
	const struct node *node;
	struct underlay_events events;
	void *arg;
	char iface[OVNET_ADDR_STRLEN]; /* stands for node.iface where that is not there; or "" */
	struct uplink uplinks[CONF_MAX_UPLINKS];
	unsigned n;
	bool one_by_one; /* underlay_merge() */
};

void underlay_init(struct underlay *under, struct ovnet_kernel *kernel, struct ports *ports,
	const struct node *node, const struct underlay_events *events, void *arg);
/* Before the ports are closed. */
void underlay_fini(struct underlay *under);

/* choice.c: the interface, where configuration leaves it open. 0 or negative errno, logged. */
int underlay_choose(struct underlay *under);
/* The largest MTU of the interfaces to come, for the size of packet buffers. */
uint16_t underlay_max_mtu(const struct underlay *under);
/* Opens what the configuration lists. 0; -EAGAIN: one is down, wait; or negative errno, logged. */
int underlay_open(struct underlay *under, struct ovnet_patience *patience);
/*
 * With the workers at work, so that a DHCP client may get one: 0; -EAGAIN: the first uplink's twin
 * has no address yet; or negative errno, logged.
 */
int underlay_await_address(struct underlay *under);
/* The node's public addresses are known: their loss is told from now on. */
void underlay_note_public(struct underlay *under);
/* A port for outer fragments beside each uplink that needs one. 0 or negative errno, logged. */
int underlay_open_fragments(struct underlay *under);
/* Tells every shared uplink what the overlay's packets look like. 0 or negative errno. */
int underlay_filter(struct underlay *under);
/* May the kernel make one of several datagrams, where that serves our sockets? At first yes. */
void underlay_merge(struct underlay *under, bool on);
/* What the backend has to know. */
struct backend_underlay underlay_facts(const struct underlay *under);

/* Warns while full-size packets of the overlay do not fit an uplink. */
void underlay_check_mtu(struct underlay *under);
/* Warns of what it means that the kernel has packets before us, by what sysctl says now. */
void underlay_check_routed(struct underlay *under);
/* Are the uplinks' devices still there? */
void underlay_check(struct underlay *under);
/* Every second: the NICs' links, which no event tells. */
void underlay_look(struct underlay *under);
/* The interface's addresses or state changed; nothing if it is none of ours. */
void underlay_link_changed(struct underlay *under, const struct ovnet_link *link);

/* NULL: none of ours. */
struct uplink *uplink_by_ifindex(struct underlay *under, uint32_t ifindex);
/* Is it one of the uplink's addresses? */
bool uplink_has(const struct uplink *u, const struct ovnet_addr *addr);

#endif
