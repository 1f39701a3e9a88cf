/* SPDX-License-Identifier: BSD-3-Clause */
#include "path.h"

void ovnet_drop(
	struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n, enum ovnet_drop reason)
{
	struct ovnet_counters *c = ctx->counters;

	if (n == 0)
		return;
	c->stage_packets[OVNET_STAGE_DROP] += n;
	c->stage_bursts[OVNET_STAGE_DROP]++;
	c->drops[reason] += n;
	if (ctx->hook != NULL)
		ctx->hook->fn(
			ctx->hook->arg, ctx->worker, OVNET_STAGE_DROP, (uint16_t)reason, pkts, n);

	uint32_t source = ovnet_meta(pkts[n - 1])->outer_src_be;
	if (source != 0)
		c->last_source_be[reason] = source;
	rte_pktmbuf_free_bulk(pkts, n);
}
