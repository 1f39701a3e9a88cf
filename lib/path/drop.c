/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#include <sys/socket.h>

#include "packet/dpdk_compat.h"
#include "path/dropped.h"
#include "path/taps.h"

static void note_impostor4(struct ovnet_counters *c, struct rte_mbuf *m)
{
	if (m->data_len >= sizeof(struct rte_ipv4_hdr))
		c->last_impostor_be = (uint64_t)ovnet_meta(m)->src_be << 32 |
				      rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *)->src_addr;
}

static void note_impostor6(struct ovnet_counters *c, struct rte_mbuf *m)
{
	uint32_t seq = atomic_load_explicit(&c->impostor6_seq, memory_order_relaxed);

	if (m->data_len < sizeof(struct rte_ipv6_hdr))
		return;
	atomic_store_explicit(&c->impostor6_seq, seq + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	memcpy(c->impostor6_outer, ovnet_meta(m)->src6, 16);
	memcpy(c->impostor6_inner, ovnet_ip6_src(rte_pktmbuf_mtod(m, const void *)), 16);
	atomic_store_explicit(&c->impostor6_seq, seq + 2, memory_order_release);
}

/* Who sent it, for people to read. Whose address was that? Decap has found it to be IP by then. */
static void note_sender(struct ovnet_counters *c, struct rte_mbuf *m, enum ovnet_drop reason)
{
	const struct ovnet_meta *meta = ovnet_meta(m);

	if (meta->src_version == 4)
		c->last_source[reason] =
			(struct ovnet_addr){.family = AF_INET, .v4_be = meta->src_be};
	else if (meta->src_version == 6)
		c->last_source[reason] = ovnet_addr_v6(meta->src6);
	if (reason != OVNET_DROP_INNER_SOURCE || meta->src_version != meta->ip_version)
		return;
	if (meta->ip_version == 4)
		note_impostor4(c, m);
	else
		note_impostor6(c, m);
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
	if (ctx->taps != NULL)
		ovnet_taps_call(ctx, OVNET_STAGE_DROP, (uint16_t)reason, pkts, n);
	note_sender(c, pkts[n - 1], reason);
	if (ctx->dropped != NULL)
		ovnet_dropped_note(ctx->dropped, ctx->map, pkts, n, reason);
	rte_pktmbuf_free_bulk(pkts, n);
}

void ovnet_permit(struct ovnet_path_ctx *ctx, struct rte_mbuf *m, enum ovnet_drop reason)
{
	ctx->counters->permitted[reason]++;
	note_sender(ctx->counters, m, reason);
}

void ovnet_absorb(struct ovnet_path_ctx *ctx, struct rte_mbuf *m)
{
	ctx->counters->absorbed++;
	rte_pktmbuf_free(m);
}
