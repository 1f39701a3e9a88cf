/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ovnet is asked itself by what lives on attach ports. Whoever it is about, the answer is the
 * port: between the ports everything is routed. Nothing is learnt from what is heard, and nothing
 * passed on.
 */
#include "path/local.h"

#include "packet/router_advert.h"
#include "path/reach.h"
#include "path/refused.h"
#include "path/stage.h"

/* What route has found to be for us is one of these. */
static int take6(struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m,
	struct rte_mbuf **reply)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);

	if (ip->proto == IPPROTO_UDP)
		return ovnet_local_dhcp6(ctx, port, m, reply);
	if (is_nd(m))
		return ovnet_local_nd(ctx, port, m, reply);
	return *(const uint8_t *)(ip + 1) == OVNET_ND_ROUTER_SOLICIT
		       ? ovnet_local_router(ctx, port, m, reply)
		       : ovnet_local_echo(ctx, port, m, reply);
}

static int take(struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m,
	struct rte_mbuf **reply)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);

	if (ctx->view == NULL)
		return OVNET_DROP_FOREIGN_SOURCE;
	if (ovnet_meta(m)->ip_version == 0)
		return ovnet_local_arp(ctx, port, m, reply);
	if (ovnet_meta(m)->ip_version == 6)
		return take6(ctx, port, m, reply);
	return ip->next_proto_id == IPPROTO_UDP ? ovnet_local_dhcp4(ctx, port, m, reply)
						: ovnet_local_echo(ctx, port, m, reply);
}

uint16_t ovnet_local(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf **pkts, uint16_t n)
{
	struct refused bad;
	uint16_t kept = 0;

	bad.n = 0;
	stage_enter(ctx, OVNET_STAGE_LOCAL, pkts, n);
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i], *reply = NULL;
		int why = take(ctx, port, m, &reply);

		if (why >= 0) {
			refuse(&bad, m, why);
			if (reply != NULL && reply != m)
				ovnet_drop(ctx, &reply, 1, (enum ovnet_drop)why);
			continue;
		}
		if (reply != m)
			ovnet_absorb(ctx, m);
		if (reply != NULL)
			pkts[kept++] = reply;
	}
	refused_drop(ctx, &bad);
	return kept;
}
