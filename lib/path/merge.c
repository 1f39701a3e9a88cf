/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/gro.h"

#include "packet/csum_sum.h"

#include "path/level.h"

static_assert(OVNET_CAP_TX_ECN >> 8 == OVNET_GRO_ECN, "a port's caps, shifted, are what it takes");

static uint16_t sum(const void *at, size_t len)
{
	return rte_raw_cksum(at, len);
}

/* What the ports take that the packets leave by. A burst is of few ports, one after the other. */
static void find_takes(const struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n,
	uint8_t takes[OVNET_BURST])
{
	const struct ovnet_queue_map *map = ctx->map;
	uint16_t last = OVNET_PORT_NONE;
	uint8_t last_takes = 0;

	for (uint16_t i = 0; i < n; i++) {
		const uint16_t id = ovnet_meta(pkts[i])->out_port;
		if (id != last) {
			const struct ovnet_port *port = id < map->n_ports ? map->port[id] : NULL;
			last = id;
			last_takes = port != NULL && (port->caps & OVNET_CAP_CHAINED) != 0
					     ? (uint8_t)(port->caps >> 8)
					     : 0;
		}
		takes[i] = last_takes;
	}
}

uint16_t STAGE(merge)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n)
{
	uint8_t takes[OVNET_BURST];

	stage_enter(ctx, OVNET_STAGE_MERGE, pkts, n);
	find_takes(ctx, pkts, n, takes);
	const uint16_t left = ovnet_gro_merge(pkts, n, takes, sum);
	ctx->counters->merged += n - left;
	return left;
}
