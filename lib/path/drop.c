/* SPDX-License-Identifier: BSD-3-Clause */
#include <sys/socket.h>

#include <rte_ip.h>

#include "path.h"

/* Whose address was that? Decap has found it to be an IPv4 packet by then. */
static void note_impostor(struct ovnet_counters *c, struct rte_mbuf *m)
{
	if (m->data_len >= sizeof(struct rte_ipv4_hdr))
		c->last_impostor_be = (uint64_t)ovnet_meta(m)->src_be << 32 |
				      rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *)->src_addr;
}

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

	const struct ovnet_meta *last = ovnet_meta(pkts[n - 1]);
	if (last->src_version == 4)
		c->last_source[reason] =
			(struct ovnet_addr){.family = AF_INET, .v4_be = last->src_be};
	else if (last->src_version == 6)
		c->last_source[reason] = ovnet_addr_v6(last->src6);
	if (reason == OVNET_DROP_INNER_SOURCE)
		note_impostor(c, pkts[n - 1]);
	rte_pktmbuf_free_bulk(pkts, n);
}
