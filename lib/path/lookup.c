/* SPDX-License-Identifier: BSD-3-Clause */
#include "ip6.h"
#include "ttl.h"

#include "level.h"

/* What an inner packet loses against the underlay's MTU, by enum ovnet_encap. */
static const uint8_t overhead[] = {
	[OVNET_ENCAP_VXLAN4] = OVNET_OVERHEAD(OVNET_VXLAN4_LEN),
	[OVNET_ENCAP_UDP4] = OVNET_OVERHEAD(OVNET_UDP4_LEN),
	[OVNET_ENCAP_DIRECT] = 0,
	[OVNET_ENCAP_VXLAN6] = OVNET_OVERHEAD(OVNET_VXLAN6_LEN),
};

/*
 * One load per packet; the lines the next two loops need start on their way here. The peers wait on
 * the stack, not in the metadata: 64 stores scattered over as many pages, read back right after,
 * cost 30 cycles a packet.
 */
static inline void find_peers(const struct ovnet_fib_view *view, struct rte_mbuf *const *pkts,
	uint16_t n, const struct ovnet_peer **peers)
{
	for (uint16_t i = 0; i < n; i++) {
		const void *ip = rte_pktmbuf_mtod(pkts[i], const void *);

		if (likely(ip6_version(ip) != 6))
			peers[i] = ovnet_fib_lookup(view,
				rte_be_to_cpu_32(((const struct rte_ipv4_hdr *)ip)->dst_addr));
		else
			peers[i] = ovnet_fib_lookup6(
				view, ((const struct rte_ipv6_hdr *)ip)->dst_addr);
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

static inline bool count_down(struct rte_mbuf *m, const struct ovnet_meta *meta)
{
	return meta->ip_version == 4
		       ? ovnet_ttl_decrement4(rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *))
		       : ovnet_ttl_decrement6(rte_pktmbuf_mtod(m, struct rte_ipv6_hdr *));
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
	if (unlikely((uint32_t)meta->l3_len + overhead[peer->encap] > nh->mtu))
		return OVNET_DROP_OVERSIZE;
	/* Last: the error about any of the above quotes the packet as it came. */
	if (unlikely(meta->flags & OVNET_META_ROUTE) && !count_down(m, meta))
		return OVNET_DROP_TTL_EXCEEDED;
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
	refused_drop(ctx, &bad);
	return kept;
}
