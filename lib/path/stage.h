/* SPDX-License-Identifier: BSD-3-Clause */
/* Private to lib/path. */
#ifndef OVNET_PATH_STAGE_H
#define OVNET_PATH_STAGE_H

#include <rte_branch_prediction.h>

#include "path/taps.h"

/* What every stage does with the packets that enter it. */
static inline void stage_enter(
	struct ovnet_path_ctx *ctx, enum ovnet_stage stage, struct rte_mbuf **pkts, uint16_t n)
{
	ctx->counters->stage_packets[stage] += n;
	ctx->counters->stage_bursts[stage]++;
	if (unlikely(ctx->taps != NULL))
		ovnet_taps_call(ctx, stage, 0, pkts, n);
}

#endif
