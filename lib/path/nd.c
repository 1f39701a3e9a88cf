/* SPDX-License-Identifier: BSD-3-Clause */
/* Who has an IPv6 address, of attach ports (RFC 4861). */
#include "path/nd.h"

#include "packet/router_advert.h"
#include "path/local.h"

#define ND_OPTIONS (IP6_LEN + sizeof(struct nd))

enum { NS = 135, NA = 136, TARGET_LINK = 2 };

struct nd {
	uint8_t type, code;
	rte_be16_t csum;
	uint8_t flags, reserved[3];
	uint8_t target[16];
};

struct nd_reply {
	struct rte_ipv6_hdr ip;
	struct nd nd;
	uint8_t option, units, mac[6];
};

static_assert(sizeof(struct nd) == 24 && sizeof(struct nd_reply) == 72, "RFC 4861 section 4.4");

static bool is_ports_own(const struct ovnet_port *port, const uint8_t addr[16])
{
	const struct ovnet_mac mac = ovnet_port_mac(port);
	uint8_t own[16];

	ovnet_link_local(own, &mac);
	return memcmp(addr, own, sizeof(own)) == 0;
}

static bool is_asked6(const struct ovnet_fib_view *view, const struct ovnet_port *port,
	const uint8_t who[16], const uint8_t of[16])
{
	const struct ovnet_prefix6 *own = &view->overlay.own6;
	uint8_t gateway[16];

	if (memcmp(of, who, 16) == 0)
		return false;
	if (is_link_local(of))
		return is_ports_own(port, of);
	if (!ip6_in(own, of))
		return false;
	memcpy(gateway, own->addr, sizeof(gateway));
	gateway[15]++;
	return memcmp(of, gateway, 16) == 0 || is_elsewhere(ovnet_fib_endpoint6(view, of), port);
}

static int reply_nd(struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m,
	const struct rte_ether_addr *from, struct rte_mbuf **reply)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	const uint8_t *target = ((const struct nd *)(ip + 1))->target;
	const bool known = !is_unspecified(ovnet_ip6_src(ip));
	const struct ovnet_mac mac = ovnet_port_mac(port);
	struct ovnet_mac to = nd_all_nodes_mac;
	int why;

	*reply = ovnet_local_reply(ctx, port, m, sizeof(struct nd_reply), &why);
	if (*reply == NULL)
		return why;
	struct nd_reply *r = rte_pktmbuf_mtod(*reply, struct nd_reply *);
	*r = (struct nd_reply){.ip = {.vtc_flow = RTE_BE32(0x60000000),
				       .payload_len = RTE_BE16(sizeof(*r) - IP6_LEN),
				       .proto = IPPROTO_ICMPV6,
				       .hop_limits = ND_HOPS},
		/* router, override, and solicited where it is known by whom */
		.nd = {.type = NA, .flags = known ? 0xe0 : 0xa0},
		.option = TARGET_LINK,
		.units = 1};
	memcpy(r->nd.target, target, 16);
	memcpy(r->mac, mac.b, sizeof(r->mac));
	ovnet_ip6_set_addrs(&r->ip, target, known ? ovnet_ip6_src(ip) : ovnet_all_nodes);
	r->nd.csum = rte_ipv6_udptcp_cksum(&r->ip, &r->nd);
	if (known)
		memcpy(to.b, from, sizeof(to.b));
	return push_ethernet(*reply, port, &to, RTE_BE16(RTE_ETHER_TYPE_IPV6));
}

int ovnet_nd_options(const uint8_t *packet, unsigned at, unsigned len, uint8_t kind,
	const struct rte_ether_addr *from, bool *has)
{
	for (unsigned units; at < len; at += units * 8) {
		units = len - at < 8 ? 0 : packet[at + 1];
		if (units == 0 || units * 8 > len - at)
			return OVNET_DROP_BAD_NEIGHBOUR;
		if (packet[at] != kind)
			continue;
		*has = true;
		if (memcmp(packet + at + 2, from, sizeof(*from)) != 0)
			return OVNET_DROP_SOURCE_MAC;
	}
	return PASS;
}

/* RFC 4861 sections 7.1.1 and 7.1.2, all of it contiguous. */
static int check_nd(struct rte_mbuf *m, const struct rte_ether_addr *from)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	const struct nd *nd = (const struct nd *)(ip + 1);
	const bool unknown = is_unspecified(ovnet_ip6_src(ip));
	bool has = false;

	if (ip->hop_limits != ND_HOPS || nd->code != 0 || nd->target[0] == 0xff ||
		(!(ovnet_meta(m)->offload & OVNET_OFF_CSUM) &&
			rte_ipv6_udptcp_cksum_verify(ip, nd) != 0))
		return OVNET_DROP_BAD_NEIGHBOUR;
	int why = ovnet_nd_options((const uint8_t *)ip, ND_OPTIONS, m->data_len,
		nd->type == NS ? ND_SOURCE_LINK : TARGET_LINK, from, &has);
	if (why == PASS && unknown && (has || nd->type != NS))
		return OVNET_DROP_BAD_NEIGHBOUR;
	return why;
}

int ovnet_nd_source(const struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	const struct rte_ether_hdr *eth, const uint8_t addr[16])
{
	if (is_link_local(addr) || is_unspecified(addr))
		return is_group(&eth->src_addr) ? OVNET_DROP_SOURCE_MAC : PASS;
	return ovnet_local_bound(ovnet_fib_endpoint6(ctx->view, addr), port, eth, &eth->src_addr);
}

int ovnet_local_nd(struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m,
	struct rte_mbuf **reply)
{
	const struct rte_ether_hdr eth = *link_of(m); /* before it may be moved */

	if ((port->caps & OVNET_CAP_L3) || m->pkt_len > ND_MAX || m->pkt_len < ND_OPTIONS)
		return OVNET_DROP_BAD_NEIGHBOUR;
	int why = headers_pull(m, (uint16_t)m->pkt_len);
	if (why != PASS)
		return why;
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	const struct nd *nd = (const struct nd *)(ip + 1);
	why = ovnet_nd_source(ctx, port, &eth, ovnet_ip6_src(ip));
	if (why == PASS && nd->type == NA)
		why = ovnet_nd_source(ctx, port, &eth, nd->target);
	if (why == PASS)
		why = check_nd(m, &eth.src_addr);
	if (why != PASS)
		return why;
	if (nd->type != NS || !is_asked6(ctx->view, port, ovnet_ip6_src(ip), nd->target))
		return TAKEN;
	return reply_nd(ctx, port, m, &eth.src_addr, reply);
}
