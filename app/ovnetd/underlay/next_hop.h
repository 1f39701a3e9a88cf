/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a peer's packets leave: by the kernel's route on a shared uplink, by the
 * configured address, gateway and neighbours on one without a kernel device.
 * Control thread only.
 */
#ifndef OVNET_APP_UNDERLAY_NEXT_HOP_H
#define OVNET_APP_UNDERLAY_NEXT_HOP_H

#include "base/net.h"

struct daemon;
struct ovnet_route_query;
struct peer;
struct uplink;

struct next_hop {
	struct uplink *uplink;
	struct ovnet_addr addr;   /* whose MAC to send to */
	struct ovnet_addr source; /* outer source address */
	uint16_t mtu;             /* of the way there, bytes of outer IP */
};

/* `answer`: the kernel's about `dst`. 0, or -ENETUNREACH when no uplink of ours leads there. */
int next_hop_find(struct daemon *d, const struct ovnet_addr *dst,
	const struct ovnet_route_query *answer, struct next_hop *out);
/* Is it what the peer has, source MAC included? */
bool next_hop_is(const struct peer *p, const struct next_hop *hop);
/* Takes a reference on the FIB's slot, asks for the neighbour, fills the peer. 0 or -errno. */
int next_hop_take(struct daemon *d, struct peer *p, const struct next_hop *hop);
/* Gives both back; nothing if the peer has none. */
void next_hop_release(struct daemon *d, struct peer *p);
/* Publishes the MAC (NULL: unknown) for everybody behind this address. */
void next_hop_resolved(struct daemon *d, struct uplink *u, const struct ovnet_addr *addr,
	const struct ovnet_mac *mac);

#endif
