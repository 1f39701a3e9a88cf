/* SPDX-License-Identifier: BSD-3-Clause */
/* Which router there is, of attach ports' guests (RFC 4861). */
#include "packet/router_advert.h"

#include "path/guest.h"
#include "path/local.h"
#include "path/nd.h"

#define SOLICIT_LEN 8u /* type, code, checksum, four bytes of nothing */

/* RFC 4861 section 6.1.1, all of it contiguous. */
static int check_solicit(struct rte_mbuf *m, const struct rte_ether_addr *from)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	const uint8_t *rs = (const uint8_t *)(ip + 1);
	bool has = false;

	if (ip->hop_limits != ND_HOPS || rs[1] != 0 ||
		(!(ovnet_meta(m)->offload & OVNET_OFF_CSUM) &&
			rte_ipv6_udptcp_cksum_verify(ip, rs) != 0))
		return OVNET_DROP_BAD_NEIGHBOUR;
	int why = ovnet_nd_options((const uint8_t *)ip, IP6_LEN + SOLICIT_LEN, m->data_len,
		ND_SOURCE_LINK, from, &has);
	if (why == PASS && has && is_unspecified(ovnet_ip6_src(ip)))
		return OVNET_DROP_BAD_NEIGHBOUR;
	return why;
}

/* To who asked; to all nodes, where it has not said who it is. */
static int reply_router(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf *m, const struct ovnet_guest *g, struct rte_mbuf **reply)
{
	const uint8_t *who = ovnet_ip6_src(rte_pktmbuf_mtod(m, const void *));
	const bool known = !is_unspecified(who);
	const struct ovnet_mac mac = ovnet_port_mac(port);
	int why;

	*reply = ovnet_local_reply(ctx, port, m, OVNET_ROUTER_ADVERT_MAX, &why);
	if (*reply == NULL)
		return why;
	struct rte_mbuf *r = *reply;
	r->data_len = (uint16_t)ovnet_router_advert(
		rte_pktmbuf_mtod(r, uint8_t *), g, &mac, known ? who : ovnet_all_nodes);
	r->pkt_len = r->data_len;
	ctx->counters->dhcp_answers++;
	return push_ethernet(
		r, port, known ? &g->mac : &nd_all_nodes_mac, RTE_BE16(RTE_ETHER_TYPE_IPV6));
}

int ovnet_local_router(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf *m, struct rte_mbuf **reply)
{
	const struct ovnet_guest *g = ovnet_guest_of(ctx->shared, port->id);
	const struct rte_ether_hdr eth = *link_of(m); /* before it may be moved */

	if (g == NULL || !g->has6 || (port->caps & OVNET_CAP_L3))
		return OVNET_DROP_FOREIGN_SOURCE; /* gone since it was looked at; nobody's by a MAC
						   */
	if (m->pkt_len > ND_MAX || m->pkt_len < IP6_LEN + SOLICIT_LEN)
		return OVNET_DROP_BAD_NEIGHBOUR;
	if (!same_mac(&eth.src_addr, g->mac.b))
		return OVNET_DROP_SOURCE_MAC;
	int why = headers_pull(m, (uint16_t)m->pkt_len);
	if (why == PASS)
		why = ovnet_nd_source(
			ctx, port, &eth, ovnet_ip6_src(rte_pktmbuf_mtod(m, const void *)));
	if (why == PASS)
		why = check_solicit(m, &eth.src_addr);
	return why == PASS ? reply_router(ctx, port, m, g, reply) : why;
}
