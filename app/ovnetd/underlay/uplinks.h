/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of this folder share. */
#ifndef OVNET_APP_UNDERLAY_UPLINKS_H
#define OVNET_APP_UNDERLAY_UPLINKS_H

#include "underlay/underlay.h"

/* addresses.c: the kernel interface `text` names, the first there is: by name, by address, or
 * (empty) of the default route. -ENODEV. */
int uplinks_look_up(const struct underlay *under, const char *text, struct ovnet_link *link);

/* DPDK's: it has a twin, or address and neighbours come from the configuration. */
bool uplink_is_vdev(const struct conf_uplink *c);
/* The configured name or address list of the interface; "": the default route's. */
const char *uplink_iface(const struct underlay *under, const struct conf_uplink *c);
/* Reads the addresses anew. -EADDRNOTAVAIL: it has none, and keeps what it had. */
int uplink_learn(struct underlay *under, struct uplink *u);
/* The port has the link's from now on. */
void uplink_take_mac(struct uplink *u);

/* The port whose kernel device `link` is. */
static inline struct ovnet_port *uplink_kernel_port(const struct uplink *u)
{
	return u->twin != NULL ? u->twin : u->port;
}

/* twin.c: the MTU the NIC is opened with; 0: its own. */
uint16_t twin_mtu(const struct underlay *under, const struct conf_uplink *c);
/* Beside the NIC's port, which is open. 0 or negative errno, logged. */
int twin_open(struct underlay *under, struct uplink *u, struct ovnet_patience *patience,
	const struct port_owner *owner);
int twin_reopen(struct underlay *under, struct uplink *u);
/* Has the NIC a link? The twin shows it. */
void twin_look(struct underlay *under, struct uplink *u);
void twin_warn_address(struct underlay *under, const struct uplink *u, bool none);
/* What the kernel's side was set to, to the NIC as well. */
void twin_pass_on(struct underlay *under, struct uplink *u);

/* watch.c: tells what became of it. */
enum uplink_state { UPLINK_UP, UPLINK_DOWN, UPLINK_GONE };
void uplink_warn(struct underlay *under, const struct uplink *u, enum uplink_state state);

/* As configured, whatever it runs on now. */
enum conf_driver uplink_driver(const struct uplink *u);
bool uplink_may_be_af_xdp(const struct uplink *u);

/*
 * routed.c: does it leave packets that are routed to our subnets to the kernel? AF_PACKET would
 * show copies of them, sockets nothing.
 */
bool uplink_leaves_routed(const struct uplink *u);

/* fragment_ports.c: a port for outer fragments beside each uplink that needs one. */
void fragment_ports_unwatch(struct underlay *under);
/* The uplink's filter has changed, or its interface. */
void fragment_port_filter(
	struct underlay *under, struct uplink *u, const struct ovnet_port_filter *filter);

#endif
