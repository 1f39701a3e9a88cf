/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_ether.h>
#include <rte_ip.h>

#include "level.h"

static inline int push_ethernet(
	struct rte_mbuf *m, const struct ovnet_port *port, const struct ovnet_endpoint *e)
{
	struct ovnet_meta *meta = ovnet_meta(m);

	if (unlikely(m->data_off < RTE_ETHER_HDR_LEN))
		return OVNET_DROP_NO_HEADROOM;
	m->data_off -= RTE_ETHER_HDR_LEN;
	m->data_len += RTE_ETHER_HDR_LEN;
	m->pkt_len += RTE_ETHER_HDR_LEN;
	meta->csum_start += RTE_ETHER_HDR_LEN;

	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	memcpy(&eth->dst_addr, e->mac.b, sizeof(e->mac.b));
	memcpy(&eth->src_addr, port->mac.b, sizeof(port->mac.b));
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	return PASS;
}

static inline int deliver(const struct ovnet_path_ctx *ctx, struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	const struct ovnet_overlay *o = &ctx->view->overlay;
	struct ovnet_meta *meta = ovnet_meta(m);
	uint32_t dst = rte_be_to_cpu_32(ip->dst_addr);

	if (unlikely(dst - o->own.addr_host >= ctx->view->n_own &&
		     ovnet_prefix4_contains(&o->network, dst)))
		return OVNET_DROP_INNER_DEST;
	const struct ovnet_endpoint *e = ovnet_fib_endpoint(ctx->view, dst);
	if (unlikely(e == NULL || e->port >= ctx->map->n_ports))
		return OVNET_DROP_NO_PORT;
	const struct ovnet_port *port = ctx->map->port[e->port];
	if (unlikely(port == NULL))
		return OVNET_DROP_NO_PORT;
	/* The host device gets its MTU after its door was opened, with the overlay. */
	uint16_t mtu = port->role == OVNET_PORT_HOST ? o->mtu : port->mtu;
	if (unlikely(meta->l3_len > mtu))
		return OVNET_DROP_OVERSIZE;
	meta->out_port = e->port;
	return e->l3 ? PASS : push_ethernet(m, port, e);
}

uint16_t STAGE(deliver)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n)
{
	struct refused bad;
	uint16_t kept = 0;

	bad.n = 0;
	if (n == 0)
		return 0;
	stage_enter(ctx, OVNET_STAGE_DELIVER, pkts, n);
	for (uint16_t i = 0; i < n; i++) {
		int why = deliver(ctx, pkts[i]);

		if (likely(why == PASS))
			pkts[kept++] = pkts[i];
		else
			refuse(&bad, pkts[i], why);
	}
	refused_drop(ctx, &bad);
	return kept;
}
