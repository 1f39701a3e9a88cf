/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_ip.h>

#include "level.h"

/*
 * One load per packet; the lines the next two loops need start on their way here. The peers wait on
 * the stack, not in the metadata: 64 stores scattered over as many pages, read back right after,
 * cost 30 cycles a packet.
 */
static inline void find_peers(const struct ovnet_fib_view *view, struct rte_mbuf *const *pkts,
	uint16_t n, const struct ovnet_peer **peers)
{
	for (uint16_t i = 0; i < n; i++) {
		const struct rte_ipv4_hdr *ip =
			rte_pktmbuf_mtod(pkts[i], const struct rte_ipv4_hdr *);

		peers[i] = ovnet_fib_lookup(view, rte_be_to_cpu_32(ip->dst_addr));
		rte_prefetch0(peers[i]);
	}
}

static inline int check(
	const struct ovnet_counters *c, struct ovnet_meta *meta, const struct ovnet_peer *peer)
{
	if (unlikely(peer == NULL))
		return OVNET_DROP_NO_PEER;
	rte_prefetch0_write(&c->peer[peer->tx_id]);
	if (unlikely(peer->nh == NULL))
		return OVNET_DROP_NO_UPLINK;
	const struct ovnet_nexthop *nh = ovnet_nh_get(peer->nh);
	if (unlikely(!nh->resolved))
		return OVNET_DROP_NEIGHBOUR_PENDING;
	if (unlikely((uint32_t)meta->l3_len + OVNET_OVERHEAD(OVNET_VXLAN4_LEN) > nh->mtu))
		return OVNET_DROP_OVERSIZE;
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
		int why = check(ctx->counters, ovnet_meta(pkts[i]), peers[i]);

		if (likely(why == PASS))
			pkts[kept++] = pkts[i];
		else
			refuse(&bad, pkts[i], why);
	}
	refused_drop(ctx, &bad);
	return kept;
}
