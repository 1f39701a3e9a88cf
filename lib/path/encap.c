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

/* What is the same for a whole burst, read once; the path's state, written back once. */
struct burst {
	struct ovnet_peer_counters *peer;
	uint32_t port_min, ports;
	uint16_t ip_id, ip_id_step;
};

static inline int push(struct burst *b, struct rte_mbuf *m)
{
	struct ovnet_meta *meta = ovnet_meta(m);

	if (unlikely(meta->offload != 0)) {
		int why = finish(m);
		if (why != PASS)
			return why;
	}
	if (unlikely(m->data_off < OVNET_VXLAN4_LEN))
		return OVNET_DROP_NO_HEADROOM;

	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);
	const struct ovnet_outer4_packet p = {
		.inner_len = meta->l3_len,
		.src_port = (uint16_t)(b->port_min + ((uint64_t)meta->hash * b->ports >> 32)),
		.ip_id = b->ip_id,
		.inner_tos = ((const struct rte_ipv4_hdr *)ip)->type_of_service,
	};
	b->ip_id = (uint16_t)(b->ip_id + b->ip_id_step);
	ovnet_vxlan4_push(ip - OVNET_VXLAN4_LEN, &meta->peer->rewrite, meta->nh->eth, &p);
	m->data_off -= OVNET_VXLAN4_LEN;
	m->data_len += OVNET_VXLAN4_LEN;
	m->pkt_len += OVNET_VXLAN4_LEN;

	struct ovnet_peer_counters *c = &b->peer[meta->peer->tx_id];
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
	struct burst b = {
		.peer = ctx->counters->peer,
		.port_min = o->src_port_min,
		.ports = (uint32_t)o->src_port_max - o->src_port_min + 1,
		.ip_id = ctx->ip_id,
		.ip_id_step = ctx->shared->n_workers,
	};
	for (uint16_t i = 0; i < n; i++) {
		int why = push(&b, pkts[i]);

		if (likely(why == PASS))
			pkts[kept++] = pkts[i];
		else
			refuse(&bad, pkts[i], why);
	}
	ctx->ip_id = b.ip_id;
	refused_drop(ctx, &bad);
	return kept;
}
