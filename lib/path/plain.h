/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way of plain packets: nearly all of them. A plain packet is one of which all stages
 * would find that nothing is the matter: whole, IPv4 without options, nothing undone; to a peer by
 * VXLAN over IPv4, or from one that is where its lease says, to an endpoint of ours. That is seen
 * by a few comparisons, without a word in its metadata, and what follows is known: the outer header
 * goes in front or comes off, a hop, the counters.
 *
 * Nothing else is decided here. Until all of that is certain nothing of the packet is changed, and
 * whatever differs goes by the stages as if this were not there: they are what defines the path,
 * and have to do with each plain packet just the same (test_path_plain.c). Runs of plain packets
 * and of others leave in the order they came. Taps see stages, so with taps all goes by them.
 *
 * Loops as the stages have them, so that what one needs is on its way when the one before is
 * through. Private to lib/path.
 */
#ifndef OVNET_PATH_PLAIN_H
#define OVNET_PATH_PLAIN_H

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>

#include "path/path.h"

/* What one loop leaves for the next: on the stack, see route.c. */
struct plain {
	uint8_t *ip; /* the inner header; NULL: the packet is not plain */
	union {
		struct { /* to a peer */
			const struct ovnet_peer *peer;
			union {
				const struct ovnet_nexthop *nh;
				/* Until the peer is known: where; NULL: not in the index. */
				const _Atomic(const struct ovnet_peer *) *slot;
			};
		};
		struct { /* from one */
			const struct ovnet_endpoint *to;
			union {
				const _Atomic uint64_t *word; /* who may send so: fib.h */
				struct ovnet_peer_counters *from;
			};
		};
	};
	uint32_t hash; /* to a peer: the flow's */
	uint16_t len;  /* of the inner packet */
	uint16_t out;  /* the port it leaves by */
};

/* Nothing undone, and nothing said of it but a hash; `bare`: nothing at all. */
static __rte_always_inline bool is_plain_meta(const struct ovnet_meta *meta, bool bare)
{
	uint16_t said;

	static_assert(
		offsetof(struct ovnet_meta, flags) == offsetof(struct ovnet_meta, offload) + 1,
		"read at once");
	if (bare)
		return true;
	memcpy(&said, &meta->offload, sizeof(said));
	return (said & ~(OVNET_META_HASH << 8)) == 0;
}

/* An IPv4 header's first four bytes as a number: version and length, TOS, total length. */
static __rte_always_inline uint32_t first_word(const void *ip)
{
	uint32_t word;

	memcpy(&word, ip, sizeof(word));
	return rte_be_to_cpu_32(word);
}

/* May there be plain packets from this port? */
static inline bool plain_from_port(const struct ovnet_path_ctx *ctx, const struct ovnet_port *port)
{
	if (ctx->view == NULL || ctx->taps != NULL || ctx->all_stages)
		return false;
	const struct ovnet_overlay *o = &ctx->view->overlay;
	if (o->tunnel != OVNET_TUNNEL_VXLAN)
		return false;
	/* What went to ports that take it merged, by the stages, will go on doing so. */
	if (port->role == OVNET_PORT_UPLINK)
		return (ctx->out_caps & OVNET_CAP_TX_GSO) == 0;
	if (o->outer.dscp_inherit || o->outer.ttl_inherit || o->outer.df_inherit || o->outer.csum4)
		return false;
	return port->role == (port->caps & OVNET_CAP_L3 ? OVNET_PORT_HOST : OVNET_PORT_ATTACH);
}

#endif
