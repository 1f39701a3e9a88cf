/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/attached.h"

#include "packet/dhcp4.h"
#include "packet/dhcp6.h"
#include "packet/ip6_upper.h"
#include "packet/router_advert.h"
#include "path/guest.h"
#include "path/nd.h"

/* A UDP datagram's, in host order. */
struct udp_ports {
	uint16_t from, to;
};

static struct udp_ports ports_at(const uint8_t *udp)
{
	return (struct udp_ports){
		(uint16_t)(udp[0] << 8 | udp[1]), (uint16_t)(udp[2] << 8 | udp[3])};
}

/* By everybody's address, or, once it has one itself, by that of the gateway. */
static bool asks4(const struct ovnet_guest *g, const struct rte_ipv4_hdr *ip, bool bound)
{
	if (g == NULL || !g->has4 || ip4_is_fragment(ip))
		return false;
	if (ip->dst_addr == UINT32_MAX)
		return ip->src_addr == 0 || (bound && ip->src_addr == g->addr4);
	return ip->dst_addr == g->server4 && bound;
}

static int check4(const struct ovnet_guest *g, const struct rte_mbuf *m, bool bound)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	const unsigned header = ip4_header_len(ip);

	/* The ports are in the first fragment, whatever it was cut to (RFC 791 section 3.2). */
	if (ip->next_proto_id != IPPROTO_UDP || m->data_len < header + 4 ||
		(ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)) != 0)
		return PASS;
	const struct udp_ports p = ports_at((const uint8_t *)ip + header);
	/* Clients on raw sockets hear whoever sends there, from any port. */
	if (p.to == OVNET_DHCP4_CLIENT)
		return OVNET_DROP_DHCP_SERVER;
	return p.from == OVNET_DHCP4_CLIENT && p.to == OVNET_DHCP4_SERVER && asks4(g, ip, bound)
		       ? TO_LOCAL
		       : PASS;
}

static bool is_to(const struct rte_ipv6_hdr *ip, const uint8_t group[16])
{
	return memcmp(ovnet_ip6_dst(ip), group, 16) == 0;
}

static int check6(const struct ovnet_guest *g, const struct rte_mbuf *m, bool bound)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	const bool served = g != NULL && g->has6;
	struct ovnet_ip6_upper up;
	uint8_t room[4];

	/* RFC 7112: nobody honest hides what a packet is. */
	if (ovnet_ip6_upper(m, &up) < 0)
		return bound ? OVNET_DROP_BAD_IP : PASS;
	if (up.later_fragment || (up.proto != IPPROTO_UDP && up.proto != IPPROTO_ICMPV6))
		return PASS;
	const uint8_t *at = up.len - up.off < sizeof(room)
				    ? NULL
				    : rte_pktmbuf_read(m, up.off, sizeof(room), room);
	if (at == NULL)
		return bound ? OVNET_DROP_TRUNCATED : PASS;
	const bool plain = up.off == IP6_LEN;
	if (up.proto == IPPROTO_UDP) {
		const struct udp_ports p = ports_at(at);
		if (p.to == OVNET_DHCP6_CLIENT)
			return OVNET_DROP_DHCP_SERVER;
		return plain && served && p.from == OVNET_DHCP6_CLIENT &&
				       p.to == OVNET_DHCP6_SERVER && is_to(ip, ovnet_dhcp6_servers)
			       ? TO_LOCAL
			       : PASS;
	}
	if (*at == OVNET_ND_ROUTER_ADVERT || *at == OVNET_ND_REDIRECT)
		return OVNET_DROP_ROUTER_ADVERT;
	return plain && served && *at == OVNET_ND_ROUTER_SOLICIT && is_to(ip, ovnet_all_routers)
		       ? TO_LOCAL
		       : PASS;
}

/*
 * Among neighbours, by an address that is good there: which groups it listens to, which name it
 * has. Every station says so when it comes up; nobody hears it, and nobody has lied.
 */
static bool is_small_talk(const void *ip)
{
	const uint8_t *src = ovnet_ip6_src(ip), *dst = ovnet_ip6_dst(ip);

	return is_ip6(ip) && (is_link_local(src) || is_unspecified(src)) && dst[0] == 0xff &&
	       (dst[1] & 0x0f) == 2;
}

int ovnet_attached_check(const struct ovnet_path_ctx *ctx, struct rte_mbuf *m, bool bound)
{
	const struct ovnet_guest *g = ovnet_guest_of(ctx->shared, ovnet_meta(m)->in_port);
	const void *ip = rte_pktmbuf_mtod(m, const void *);
	int why = is_ip6(ip) ? check6(g, m, bound) : check4(g, m, bound);

	if (why != PASS || bound)
		return why;
	return is_small_talk(ip) ? OVNET_DROP_BROADCAST : ovnet_source_check_attached(m);
}
