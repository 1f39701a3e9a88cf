/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/bare.h"

#include "path/level.h"

uint16_t STAGE(rx)(
	struct ovnet_path_ctx *ctx, const struct ovnet_rxq_ref *ref, struct rte_mbuf **pkts)
{
	uint16_t n = ref->port->driver->rx(ref->q, pkts, OVNET_BURST);
	uint64_t bytes = 0;

	if (n == 0)
		return 0;
	for (uint16_t i = 0; i < n; i++) {
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], const void *));
		bytes += pkts[i]->pkt_len;
	}
	ctx->counters->port[ref->port->id].rx_packets += n;
	ctx->counters->port[ref->port->id].rx_bytes += bytes;
	ref->q->packets.rx_packets += n;
	ref->q->packets.rx_bytes += bytes;
	bare_begin(ctx, ref->port, pkts, n);
	stage_enter(ctx, OVNET_STAGE_RX, pkts, n);
	return n;
}
