/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What comes from the underlay: which of the ways to encapsulate it is, if any. Private to
 * lib/path, bodies of classify's loop.
 */
#ifndef OVNET_PATH_OUTER_H
#define OVNET_PATH_OUTER_H

#include "encap/vxlan4.h"
#include "packet/csum_sum.h"
#include "path/ip6.h"

/* IPv6 extension headers skipped in front of UDP, in bytes. Tunnels' senders put none. */
#define OUTER_EXT_MAX 64u
/* Link header, outer IP with options, UDP, VXLAN, inner link header, inner options. */
#define OUTER_HEADERS                                                              \
	(RTE_ETHER_HDR_LEN + IP6_LEN + OUTER_EXT_MAX + 8 + 8 + RTE_ETHER_HDR_LEN + \
		RTE_MAX(IP4_MAX, IP6_LEN))

static_assert(IP4_MAX <= IP6_LEN + OUTER_EXT_MAX, "OUTER_HEADERS is for either version");

/* What the overlay takes: of the overlay, as constants. */
struct taken {
	enum ovnet_tunnel tunnel;
	bool direct;
};

static inline int check_vxlan(const struct ovnet_overlay *o, const uint8_t *vxlan, uint32_t udp_len)
{
	if (unlikely(udp_len < 8 + 8 + RTE_ETHER_HDR_LEN))
		return OVNET_DROP_TRUNCATED;
	if (unlikely(!ovnet_vxlan_has_vni(vxlan)))
		return OVNET_DROP_VXLAN_FLAGS;
	if (unlikely(ovnet_vxlan_vni(vxlan) != o->vni))
		return OVNET_DROP_WRONG_VNI;
	return PASS;
}

/* What a partial checksum says of the headers that are taken off is of no use any more. */
static inline int strip_offload(struct ovnet_meta *meta, uint16_t len)
{
	if (likely(meta->offload == 0))
		return PASS;
	if (meta->offload & OVNET_OFF_GSO)
		return OVNET_DROP_GSO_STATE;
	if (meta->csum_start < len)
		meta->offload = 0;
	else
		meta->csum_start -= len;
	return PASS;
}

/* A NIC that knows the tunnel speaks of the inner checksum where it does not say "outer". */
static inline bool nic_has_verified(const struct rte_mbuf *m)
{
	if ((m->ol_flags & RTE_MBUF_F_RX_OUTER_L4_CKSUM_MASK) == RTE_MBUF_F_RX_OUTER_L4_CKSUM_GOOD)
		return true;
	return (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD &&
	       (m->packet_type & RTE_PTYPE_TUNNEL_MASK) == 0;
}

/* `header` bytes, all there; 20 but for options. */
static inline bool ip4_sum_is_right(const struct rte_ipv4_hdr *ip, unsigned header)
{
	uint64_t a, b;
	uint32_t c;

	/* One by one: an array of words would be copied by way of memory. */
	memcpy(&a, ip, sizeof(a));
	memcpy(&b, &ip->time_to_live, sizeof(b));
	memcpy(&c, &ip->dst_addr, sizeof(c));
	uint64_t sum = (a >> 32) + (uint32_t)a + (b >> 32) + (uint32_t)b + c;
	if (unlikely(header != IP4_MIN))
		sum += rte_raw_cksum(ip + 1, header - IP4_MIN);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	/* A right sum is 0xffff by now, or twice that. */
	return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

/* The same question to the NIC first. Of both headers it says "outer" only where that is bad. */
static inline bool ip4_csum_is_right(
	const struct rte_mbuf *m, const struct rte_ipv4_hdr *ip, unsigned header)
{
	const uint64_t said =
		m->ol_flags & (RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_OUTER_IP_CKSUM_BAD);

	if (likely(said == 0))
		return ip4_sum_is_right(ip, header);
	if (said & RTE_MBUF_F_RX_OUTER_IP_CKSUM_BAD)
		return false;
	if ((m->packet_type & RTE_PTYPE_TUNNEL_MASK) != 0)
		return ip4_sum_is_right(ip, header);
	return said != RTE_MBUF_F_RX_IP_CKSUM_BAD;
}

/*
 * Over IPv4 a tunnel's UDP checksum is not looked at: the inner packet has its own, and RFC 7348
 * wants 0 there. IPv6 has no header checksum, so RFC 8200 section 8.1 has receivers verify; 0 is
 * what RFC 6935 allows tunnels to send. One that a driver left undone, or its NIC has verified, is
 * not looked at again. The packet ends with the datagram.
 */
static inline bool csum6_is_right(
	struct rte_mbuf *m, const struct rte_ipv6_hdr *ip, uint16_t at, uint16_t udp_len)
{
	const struct rte_udp_hdr *udp = rte_pktmbuf_mtod_offset(m, const struct rte_udp_hdr *, at);

	if (udp->dgram_cksum == 0 || (ovnet_meta(m)->offload & OVNET_OFF_CSUM) ||
		nic_has_verified(m))
		return true;
	/* The addresses stand right in front of UDP, but for extension headers. */
	const uint8_t *addrs = ovnet_ip6_src(ip);
	uint32_t sum = rte_cpu_to_be_16(udp_len) + RTE_BE16(IPPROTO_UDP);
	if (likely(addrs + 32 == (const uint8_t *)udp))
		sum += ovnet_csum_sum(m, at - 32u);
	else
		sum += (uint32_t)ovnet_csum_sum(m, at) + rte_raw_cksum(addrs, 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return ((sum & 0xffff) + (sum >> 16)) == 0xffff;
}

/*
 * From the outer UDP header at `at` on, `ip_payload` bytes; `ip6` NULL: outer IPv4. Leaves the
 * packet's data at the inner Ethernet header (VXLAN) or IP header (udp).
 */
static __rte_always_inline int check_tunnel(const struct ovnet_overlay *o, struct rte_mbuf *m,
	uint16_t at, uint32_t ip_payload, const struct rte_ipv6_hdr *ip6, struct taken what)
{
	const struct rte_udp_hdr *udp = rte_pktmbuf_mtod_offset(m, struct rte_udp_hdr *, at);
	struct ovnet_meta *meta = ovnet_meta(m);
	const bool vxlan = what.tunnel == OVNET_TUNNEL_VXLAN;

	/* The inner IP header, mostly on a line of its own, which decap reads next. */
	rte_prefetch0((const char *)(udp + 1) + (vxlan ? 8 + RTE_ETHER_HDR_LEN : 0));
	if (unlikely(ip_payload < sizeof(*udp)))
		return OVNET_DROP_TRUNCATED;
	if (unlikely(rte_be_to_cpu_16(udp->dst_port) != o->udp_port))
		return OVNET_DROP_NOT_OVERLAY;
	uint32_t udp_len = rte_be_to_cpu_16(udp->dgram_len);
	if (unlikely(udp_len < sizeof(*udp) || udp_len > ip_payload))
		return OVNET_DROP_BAD_UDP;
	int why = PASS;
	if (likely(vxlan))
		why = check_vxlan(o, (const uint8_t *)(udp + 1), udp_len);
	else if (unlikely(udp_len - sizeof(*udp) > o->mtu))
		why = OVNET_DROP_OVERSIZE;
	if (unlikely(why != PASS))
		return why;
	trim_to(m, at + udp_len);
	if (ip6 != NULL && unlikely(!csum6_is_right(m, ip6, at, (uint16_t)udp_len)))
		return OVNET_DROP_BAD_CSUM;

	meta->encap = !vxlan        ? OVNET_ENCAP_UDP4
		      : ip6 == NULL ? OVNET_ENCAP_VXLAN4
				    : OVNET_ENCAP_VXLAN6;
	uint16_t len = (uint16_t)(at + (vxlan ? 16 : 8));
	why = strip_offload(meta, len);
	if (likely(why == PASS))
		strip(m, len);
	return why;
}

/*
 * For our own subnet without an outer header: stays as it is, Ethernet header in front. What was
 * sent to the link as a whole is nobody's to route (RFC 1812 section 5.3.4), and what was sent to
 * another router is that one's: AF_XDP and promiscuous devices show us both.
 */
static inline int take_routed(const struct ovnet_port *port, struct rte_mbuf *m)
{
	struct ovnet_meta *meta = ovnet_meta(m);
	const struct ovnet_mac mac = ovnet_port_mac(port);

	if (unlikely(memcmp(rte_pktmbuf_mtod(m, const void *), mac.b, sizeof(mac.b)) != 0))
		return OVNET_DROP_NOT_OVERLAY;
	if (unlikely(meta->offload & OVNET_OFF_GSO))
		return OVNET_DROP_GSO_STATE;
	meta->encap = OVNET_ENCAP_DIRECT;
	meta->outer_tos = 0; /* Not-ECT: nothing to merge */
	return PASS;
}

static __rte_always_inline int check_outer4(const struct ovnet_fib_view *view,
	const struct ovnet_port *port, struct rte_mbuf *m, const struct rte_ipv4_hdr *ip,
	struct taken what)
{
	const struct ovnet_overlay *o = &view->overlay;
	struct ovnet_meta *meta = ovnet_meta(m);
	int why = ip4_check(ip, m->data_len - RTE_ETHER_HDR_LEN, m->pkt_len - RTE_ETHER_HDR_LEN);

	if (unlikely(why != PASS))
		return why;
	meta->src_be = ip->src_addr;
	meta->src_version = 4;
	unsigned header = ip4_header_len(ip);
	if (what.direct && rte_be_to_cpu_32(ip->dst_addr) - o->own.addr_host < view->n_own) {
		why = take_routed(port, m);
		return likely(why != PASS || ip4_csum_is_right(m, ip, header))
			       ? why
			       : OVNET_DROP_BAD_IP_CSUM;
	}
	if (unlikely(what.tunnel == OVNET_TUNNEL_NONE || ip->next_proto_id != IPPROTO_UDP ||
		     (port->local.family != 0 && ip->dst_addr != port->local.v4_be)))
		return OVNET_DROP_NOT_OVERLAY;
	if (unlikely(!ip4_csum_is_right(m, ip, header)))
		return OVNET_DROP_BAD_IP_CSUM;
	if (unlikely(ip4_is_fragment(ip)))
		return OVNET_DROP_FRAGMENT;
	meta->outer_tos = ip->type_of_service;
	return check_tunnel(o, m, (uint16_t)(RTE_ETHER_HDR_LEN + header),
		rte_be_to_cpu_16(ip->total_length) - header, NULL, what);
}

/* Moves *at, from the IPv6 header on, behind extension headers, all within `total` bytes. */
static __rte_noinline int skip_options(
	const uint8_t *ip, uint32_t total, uint8_t proto, uint32_t *at)
{
	while (ip6_is_option(proto)) {
		if (*at + 8 > total)
			return OVNET_DROP_TRUNCATED;
		proto = ip[*at];
		*at += ((uint32_t)ip[*at + 1] + 1) * 8;
		if (*at > IP6_LEN + OUTER_EXT_MAX)
			return OVNET_DROP_NOT_OVERLAY;
	}
	if (proto == IPPROTO_FRAGMENT && *at + 8 <= total)
		return ip[*at] == IPPROTO_UDP || ip6_is_option(ip[*at]) ? OVNET_DROP_FRAGMENT
									: OVNET_DROP_NOT_OVERLAY;
	if (proto != IPPROTO_UDP)
		return OVNET_DROP_NOT_OVERLAY;
	return *at <= total ? PASS : OVNET_DROP_TRUNCATED;
}

static __rte_always_inline int check_outer6(const struct ovnet_fib_view *view,
	const struct ovnet_port *port, struct rte_mbuf *m, const struct rte_ipv6_hdr *ip,
	struct taken what)
{
	const struct ovnet_overlay *o = &view->overlay;
	struct ovnet_meta *meta = ovnet_meta(m);
	int why = ip6_check(ip, m->data_len - RTE_ETHER_HDR_LEN, m->pkt_len - RTE_ETHER_HDR_LEN);

	if (unlikely(why != PASS))
		return why;
	memcpy(meta->src6, ovnet_ip6_src(ip), sizeof(meta->src6));
	meta->src_version = 6;
	if (what.direct && ip6_in(&o->own6, ovnet_ip6_dst(ip)))
		return take_routed(port, m);
	/* flannel's udp is IPv4's alone. */
	if (unlikely(what.tunnel != OVNET_TUNNEL_VXLAN ||
		     (port->local6.family != 0 && memcmp(ovnet_ip6_dst(ip), port->local6.v6,
							  sizeof(ip->dst_addr)) != 0)))
		return OVNET_DROP_NOT_OVERLAY;
	uint32_t at = IP6_LEN, total = ip6_total(ip);
	if (unlikely(ip->proto != IPPROTO_UDP)) {
		why = skip_options((const uint8_t *)ip, total, ip->proto, &at);
		if (why != PASS)
			return why;
	}
	meta->outer_tos = ip6_tos(ip);
	return check_tunnel(o, m, (uint16_t)(RTE_ETHER_HDR_LEN + at), total - at, ip, what);
}

static __rte_always_inline int check_outer(const struct ovnet_fib_view *view,
	const struct ovnet_port *port, struct rte_mbuf *m, struct taken what)
{
	int why = headers_pull(m, OUTER_HEADERS);

	ovnet_meta(m)->src_version = 0;
	if (unlikely(why != PASS))
		return why;
	if (unlikely(m->data_len < RTE_ETHER_HDR_LEN))
		return OVNET_DROP_TRUNCATED;
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	if (likely(eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4)))
		return check_outer4(view, port, m, (const struct rte_ipv4_hdr *)(eth + 1), what);
	if (likely(eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6)))
		return check_outer6(view, port, m, (const struct rte_ipv6_hdr *)(eth + 1), what);
	return OVNET_DROP_NOT_OVERLAY;
}

#endif
