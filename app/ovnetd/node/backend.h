/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the backend of the network config means for this node: what it can serve, the overlay's
 * shape, the way to each peer. Control thread only.
 */
#ifndef OVNET_APP_NODE_BACKEND_H
#define OVNET_APP_NODE_BACKEND_H

#include "fib/fib_writer.h"
#include "lease/flannel/lease_value.h"

struct daemon;
struct next_hop;
struct peer;

/* Can this node serve the network config? 0, or -EPROTONOSUPPORT, -EINVAL (logged). */
int backend_check(const struct daemon *d, const struct ovnet_netconf *c);
/* Holds the overlay's UDP port where the backend has one; once. 0 or -errno (logged). */
int backend_hold_port(struct daemon *d, const struct ovnet_netconf *c);
/* Bytes the overlay's MTU is below the underlay's, as flannel counts them (flannel-facts 5 to 7).
 */
uint16_t backend_overhead(const struct ovnet_netconf *c);
/* flannel's MTU for FLANNEL_MTU and the host device. */
uint16_t backend_mtu(const struct daemon *d, const struct ovnet_netconf *c);
/* tunnel, direct, addresses, outer header: all of `o` but the subnets. */
void backend_overlay(const struct daemon *d, struct ovnet_overlay *o);
/* Can this daemon carry packets for the peer? A sentence in `why` when not. */
bool backend_takes(const struct daemon *d, const struct peer *p, char *why, size_t size);
/* Has the way to `public_ip` to be without a router, and is not (host-gw)? */
bool backend_off_link(
	const struct daemon *d, const struct ovnet_addr *public_ip, const struct next_hop *hop);
/* `encap` and the prebuilt header, by the peer's next hop. */
void backend_encap(const struct daemon *d, const struct peer *p, struct ovnet_peer_conf *conf);

#endif
