/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/level.h"

/* An exclusive uplink's own traffic has no kernel twin to go to yet. */
void STAGE(punt)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n)
{
	if (likely(n == 0))
		return;
	stage_enter(ctx, OVNET_STAGE_PUNT, pkts, n);
	ovnet_drop(ctx, pkts, n, OVNET_DROP_NOT_OVERLAY);
}
