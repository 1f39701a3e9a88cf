/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checksums that came in right have to leave right. One packet in so many is judged as it enters
 * route, or leaves decap: its IPv4 header's checksum, and that of TCP, UDP or ICMP, or the pseudo
 * header's sum where the rest is undone. If it is right the packet is marked, and with it all
 * segments it is cut into. Where it is sent it is judged again, finished, with the outer headers it
 * has by then. One that is wrong there was made so between: by this code, or by the machine's
 * memory. What a guest or peer got wrong is not marked, and none of it.
 *
 * The sums are this file's own: what finished, cut or merged the packet is not asked.
 *
 * Workers. A packet that another worker has to send is judged before it is handed over.
 */
#ifndef OVNET_PATH_VERIFY_H
#define OVNET_PATH_VERIFY_H

#include <rte_branch_prediction.h>

#include "path/path.h"

void ovnet_verify_pick(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n);
void ovnet_verify_leaving(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf *const *pkts, uint16_t n);

/* Packets whose data is at their IP header. */
static inline void verify_pick(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n)
{
	ctx->verify.left -= n;
	if (unlikely(ctx->verify.left < 0))
		ovnet_verify_pick(ctx, pkts, n);
}

/* Packets as they leave by the port, their peers still known. */
static inline void verify_leaving(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf *const *pkts, uint16_t n)
{
	if (unlikely(ctx->verify.picked))
		ovnet_verify_leaving(ctx, port, pkts, n);
}

#endif
