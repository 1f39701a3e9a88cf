/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Metadata that a driver did not write (OVNET_CAP_BARE): a line of memory less, where nobody reads
 * it. Packets that go the short way (plain.h) from such a port to another one go without; whoever
 * else reads has it written before: taps, classify, tx for other drivers and for drops.
 * Private to lib/path.
 */
#ifndef OVNET_PATH_BARE_H
#define OVNET_PATH_BARE_H

#include <rte_branch_prediction.h>
#include <rte_prefetch.h>

#include "path/path.h"

static inline void reset_all(uint16_t in_port, struct rte_mbuf *const *pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		ovnet_meta_reset(pkts[i], in_port);
}

/* A burst from a port. Where metadata was read of the one before it will be of this one. */
static inline void bare_begin(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf *const *pkts, uint16_t n)
{
	ctx->bare = (port->caps & OVNET_CAP_BARE) != 0;
	if (!ctx->bare)
		return;
	if (unlikely(ctx->taps != NULL)) {
		reset_all(port->id, pkts, n);
		ctx->bare = false;
	} else if (ctx->meta_read[port->id]) {
		for (uint16_t i = 0; i < n; i++)
			rte_prefetch0(ovnet_meta(pkts[i]));
		ctx->meta_read[port->id] = false;
	}
}

/* Somebody is to read that of these. */
static inline void bare_write(
	struct ovnet_path_ctx *ctx, uint16_t in_port, struct rte_mbuf *const *pkts, uint16_t n)
{
	if (!ctx->bare)
		return;
	reset_all(in_port, pkts, n);
	ctx->meta_read[in_port] = true;
}

#endif
