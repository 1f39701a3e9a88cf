/* SPDX-License-Identifier: BSD-3-Clause */
#include "mss_clamp.h"
#include "way.h"

/*
 * One load per packet; the lines the next two loops need start on their way here. The peers wait on
 * the stack, not in the metadata: 64 stores scattered over as many pages, read back right after,
 * cost 30 cycles a packet.
 */
static inline void find_peers(const struct ovnet_fib_view *view, struct rte_mbuf *const *pkts,
	uint16_t n, const struct ovnet_peer **peers)
{
	for (uint16_t i = 0; i < n; i++) {
		peers[i] = peer_of(view, rte_pktmbuf_mtod(pkts[i], const void *));
		rte_prefetch0(peers[i]);
	}
}

/* May the packet come from where it says? */
static inline int check_source(struct ovnet_path_ctx *ctx, struct rte_mbuf *m)
{
	const struct ovnet_fib_view *view = ctx->view;
	const struct ovnet_overlay *o = &view->overlay;
	const struct ovnet_meta *meta = ovnet_meta(m);
	bool is4 = likely(meta->ip_version == 4);
	bool own = is4 ? rte_be_to_cpu_32(meta->src_be) - o->own.addr_host < view->n_own
		       : ip6_in(&o->own6, meta->src6);

	if (!(meta->flags & OVNET_META_ROUTE))
		return likely(own) ? PASS : ovnet_judge_host(ctx, m);
	const struct ovnet_endpoint *e = NULL;
	if (own)
		e = is4 ? ovnet_fib_endpoint(view, rte_be_to_cpu_32(meta->src_be))
			: ovnet_fib_endpoint6(view, meta->src6);
	return likely(e != NULL && e->port == meta->in_port) ? PASS : ovnet_judge_attached(ctx, m);
}

static inline int check(
	struct ovnet_path_ctx *ctx, struct rte_mbuf *m, const struct ovnet_peer *peer)
{
	struct ovnet_meta *meta = ovnet_meta(m);
	int why = check_source(ctx, m);

	if (unlikely(why != PASS))
		return why;
	if (unlikely(peer == NULL))
		return OVNET_DROP_NO_PEER;
	rte_prefetch0_write(&ctx->counters->peer[peer->tx_id]);
	if (unlikely(peer->nh == NULL))
		return OVNET_DROP_NO_UPLINK;
	const struct ovnet_nexthop *nh = ovnet_nh_get(peer->nh);
	if (unlikely(!nh->resolved))
		return OVNET_DROP_NEIGHBOUR_PENDING;
	uint16_t mtu = way_mtu(peer, nh);
	if (unlikely(meta->l3_len > mtu))
		return OVNET_DROP_OVERSIZE;
	/* Last: the error about any of the above quotes the packet as it came. */
	if (unlikely(meta->flags & OVNET_META_ROUTE) && !count_down(rte_pktmbuf_mtod(m, void *)))
		return OVNET_DROP_TTL_EXCEEDED;
	if (unlikely(ctx->view->overlay.mss_clamp))
		ovnet_mss_clamp(m, mtu);
	meta->peer = peer;
	meta->nh = nh;
	meta->out_port = nh->port;
	return PASS;
}

uint16_t STAGE(lookup)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n)
{
	const struct ovnet_peer *peers[OVNET_BURST];
	struct refused bad;
	uint16_t kept = 0;

	bad.n = 0;
	if (n == 0)
		return 0;
	stage_enter(ctx, OVNET_STAGE_LOOKUP, pkts, n);
	if (unlikely(ctx->view == NULL)) {
		ovnet_drop(ctx, pkts, n, OVNET_DROP_NO_PEER);
		return 0;
	}
	find_peers(ctx->view, pkts, n, peers);
	for (uint16_t i = 0; i < n; i++) {
		int why = check(ctx, pkts[i], peers[i]);

		if (likely(why == PASS))
			pkts[kept++] = pkts[i];
		else
			refuse(&bad, pkts[i], why);
	}
	STAGE(answer)(ctx, &bad);
	refused_drop(ctx, &bad);
	return kept;
}
