/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the backend of the network config means for this node: what it can serve, the overlay's
 * shape, the way to each peer. Knows the underlay and peers by the facts it is given.
 * Control thread only.
 */
#ifndef OVNET_APP_NODE_BACKEND_H
#define OVNET_APP_NODE_BACKEND_H

#include "fib/fib_writer.h"
#include "lease/flannel/lease_value.h"
#include "node/node.h"

struct backend_underlay {
	const char *name;       /* of the first uplink */
	struct ovnet_addr addr; /* its */
	uint16_t mtu;           /* the smallest of all uplinks */
	bool has_public;        /* the node's public IP is an address of one of them */
};

/* A peer as its outer header needs it. */
struct backend_peer {
	struct ovnet_addr public_ip; /* of the family it is reached over */
	struct ovnet_mac vtep_mac;
	bool reached;                  /* the next two are known */
	struct ovnet_addr via, source; /* the next hop; the outer source address */
};

/* Can this node serve the network config? 0, or -EPROTONOSUPPORT, -EINVAL (logged). */
int backend_check(
	const struct node *n, const struct backend_underlay *u, const struct ovnet_netconf *c);
/* Bytes the overlay's MTU is below the underlay's, as flannel counts them (flannel-facts 5 to 7).
 */
uint16_t backend_overhead(const struct ovnet_netconf *c);
/* flannel's MTU for FLANNEL_MTU and the host device. */
uint16_t backend_mtu(const struct ovnet_netconf *c, uint16_t underlay);
/* tunnel, direct, addresses, outer header: all of `o` but the subnets. */
void backend_overlay(const struct node *n, struct ovnet_overlay *o);
/*
 * Gives the FIB the overlay with `own` as our subnet (len 0: none of its addresses is ours), and
 * the host device for what no other port of this node has (`host_mac` NULL: there is none). 0 or
 * negative errno, logged.
 */
int backend_set_tables(const struct node *n, struct ovnet_fib_writer *fib,
	const struct ovnet_prefix4 *own, uint16_t host_port, const struct ovnet_mac *host_mac);
/* Can this daemon carry packets for the lease's IPv4 or IPv6 subnet? A sentence in `why` if not. */
bool backend_takes(
	const struct node *n, const struct ovnet_lease *l, bool v6, char *why, size_t size);
/* Has the way to `public_ip` to be without a router, and is not (host-gw)? */
bool backend_off_link(
	const struct node *n, const struct ovnet_addr *public_ip, const struct ovnet_addr *via);
/* `encap` and the prebuilt header. */
void backend_encap(
	const struct node *n, const struct backend_peer *p, struct ovnet_peer_conf *conf);

#endif
