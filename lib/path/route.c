/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/mss_clamp.h"
#include "path/reach.h"

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

/* From an attach port: one of the endpoints there. */
static inline int check_attached(struct ovnet_path_ctx *ctx, struct rte_mbuf *m)
{
	const struct ovnet_fib_view *view = ctx->view;
	const struct ovnet_meta *meta = ovnet_meta(m);
	const struct ovnet_endpoint *e = NULL;

	if (meta->ip_version == 4)
		e = ovnet_fib_endpoint(view, rte_be_to_cpu_32(meta->src_be));
	else
		e = ovnet_fib_endpoint6(view, meta->src6);
	return likely(e != NULL && e->port == meta->in_port) ? PASS
							     : ovnet_source_check_attached(ctx, m);
}

/* What is the same for a whole burst, read once. */
struct burst {
	uint32_t own, n_own; /* our IPv4 subnet's first address, and how many */
	bool mss_clamp;
};

/* May the packet come from where it says? */
static inline int check_source(
	struct ovnet_path_ctx *ctx, const struct burst *b, struct rte_mbuf *m)
{
	const struct ovnet_meta *meta = ovnet_meta(m);

	if (unlikely(meta->flags & OVNET_META_ROUTE))
		return check_attached(ctx, m);
	if (likely(meta->ip_version == 4)) {
		if (likely(rte_be_to_cpu_32(meta->src_be) - b->own < b->n_own))
			return PASS;
	} else if (likely(ip6_in(&ctx->view->overlay.own6, meta->src6))) {
		return PASS;
	}
	return ovnet_source_check_host(ctx, m);
}

static inline int check(struct ovnet_path_ctx *ctx, const struct burst *b, struct rte_mbuf *m,
	const struct ovnet_peer *peer)
{
	struct ovnet_meta *meta = ovnet_meta(m);
	int why = check_source(ctx, b, m);

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
	if (unlikely(meta->l3_len > peer->mtu))
		return OVNET_DROP_OVERSIZE;
	/* Last: the error about any of the above quotes the packet as it came. */
	if (unlikely(meta->flags & OVNET_META_ROUTE) && !count_down(rte_pktmbuf_mtod(m, void *)))
		return OVNET_DROP_TTL_EXCEEDED;
	if (unlikely(b->mss_clamp))
		ovnet_mss_clamp(m, peer->mtu);
	meta->peer = peer;
	meta->nh = nh;
	meta->out_port = nh->port;
	return PASS;
}

uint16_t STAGE(route)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n)
{
	const struct ovnet_peer *peers[OVNET_BURST];
	struct refused bad;
	uint16_t kept = 0;

	bad.n = 0;
	if (n == 0)
		return 0;
	stage_enter(ctx, OVNET_STAGE_ROUTE, pkts, n);
	if (unlikely(ctx->view == NULL)) {
		ovnet_drop(ctx, pkts, n, OVNET_DROP_NO_PEER);
		return 0;
	}
	const struct burst b = {.own = ctx->view->overlay.own.addr_host,
		.n_own = ctx->view->n_own,
		.mss_clamp = ctx->view->overlay.mss_clamp};
	find_peers(ctx->view, pkts, n, peers);
	for (uint16_t i = 0; i < n; i++) {
		int why = check(ctx, &b, pkts[i], peers[i]);

		if (likely(why == PASS))
			pkts[kept++] = pkts[i];
		else
			refuse(&bad, pkts[i], why);
	}
	refused_answer(ctx, &bad);
	return kept;
}
