/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a peer's packets leave: by the kernel's route on a shared uplink, by the
 * configured address, gateway and neighbours on one without a kernel device.
 * Control thread only.
 */
#ifndef OVNET_APP_UNDERLAY_NEXT_HOP_H
#define OVNET_APP_UNDERLAY_NEXT_HOP_H

#include "underlay/underlay.h"

struct next_hop {
	struct uplink *uplink;
	struct ovnet_addr addr;   /* whose MAC to send to */
	struct ovnet_addr source; /* outer source address */
	uint16_t mtu;             /* of the way there, bytes of outer IP */
};

/* One that is in use: a reference on the FIB's slot, and on the kernel's neighbour. */
struct next_hop_ref {
	struct uplink *uplink;
	uint32_t ifindex; /* of the uplink when it was taken; 0: no neighbour was asked for */
	struct ovnet_addr addr, source;
	uint16_t mtu;
	struct ovnet_nh_slot *nh; /* NULL: nothing is held */
};

/* `answer`: the kernel's about `dst`. 0, or -ENETUNREACH when no uplink of ours leads there. */
int next_hop_find(struct underlay *under, const struct ovnet_addr *dst,
	const struct ovnet_route_query *answer, struct next_hop *out);
/* Is it the one in use, source MAC included? */
bool next_hop_is(const struct next_hop_ref *ref, const struct next_hop *hop);
/*
 * Takes both references. `told`: the MAC where there is no kernel to ask, before what the
 * configuration says; NULL: unknown. 0 or -errno.
 */
int next_hop_take(struct underlay *under, const struct next_hop *hop, const struct ovnet_mac *told,
	struct next_hop_ref *ref);
/* Gives both back; nothing if none is held. */
void next_hop_release(struct underlay *under, struct next_hop_ref *ref);
/* Publishes the MAC (NULL: unknown) for everybody behind this address. */
void next_hop_resolved(struct underlay *under, struct uplink *u, const struct ovnet_addr *addr,
	const struct ovnet_mac *mac);

#endif
