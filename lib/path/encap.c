/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_ip.h>

#include "csum.h"
#include "vxlan4.h"

#include "level.h"

/* The underlay sees only finished packets: no NIC is trusted with the inner header yet. */
static int finish(struct rte_mbuf *m)
{
	if (ovnet_meta(m)->offload & OVNET_OFF_GSO)
		return OVNET_DROP_GSO_STATE;
	return ovnet_csum_finish(m) == 0 ? PASS : OVNET_DROP_CSUM_STATE;
}

static inline int push(struct ovnet_path_ctx *ctx, struct rte_mbuf *m, uint32_t ports)
{
	struct ovnet_meta *meta = ovnet_meta(m);

	if (unlikely(meta->offload != 0)) {
		int why = finish(m);
		if (why != PASS)
			return why;
	}
	if (unlikely(m->data_off < OVNET_VXLAN4_LEN))
		return OVNET_DROP_NO_HEADROOM;

	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	const struct ovnet_vxlan4_packet p = {
		.inner_len = meta->l3_len,
		.src_port = (uint16_t)(ctx->view->overlay.src_port_min +
				       ((uint64_t)meta->hash * ports >> 32)),
		.ip_id = ctx->ip_id,
		.inner_tos = ip->type_of_service,
	};
	ctx->ip_id = (uint16_t)(ctx->ip_id + ctx->shared->n_workers);
	m->data_off -= OVNET_VXLAN4_LEN;
	m->data_len += OVNET_VXLAN4_LEN;
	m->pkt_len += OVNET_VXLAN4_LEN;
	ovnet_vxlan4_push(rte_pktmbuf_mtod(m, uint8_t *), &meta->peer->rewrite, meta->nh->eth, &p);

	struct ovnet_peer_counters *c = &ctx->counters->peer[meta->peer->id];
	c->tx_packets++;
	c->tx_bytes += p.inner_len;
	return PASS;
}

uint16_t STAGE(encap)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n)
{
	struct refused bad;
	uint16_t kept = 0;

	bad.n = 0;
	if (n == 0)
		return 0;
	stage_enter(ctx, OVNET_STAGE_ENCAP, pkts, n);
	const struct ovnet_overlay *o = &ctx->view->overlay;
	uint32_t ports = (uint32_t)o->src_port_max - o->src_port_min + 1;
	for (uint16_t i = 0; i < n; i++) {
		int why = push(ctx, pkts[i], ports);

		if (likely(why == PASS))
			pkts[kept++] = pkts[i];
		else
			refuse(&bad, pkts[i], why);
	}
	refused_drop(ctx, &bad);
	return kept;
}
