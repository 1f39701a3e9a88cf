/* SPDX-License-Identifier: BSD-3-Clause */
#include "vxlan4.h"

#include "flow_hash.h"

/* Attach and host side: link header, options, ports. */
#define INNER_HEADERS (RTE_ETHER_HDR_LEN + IP4_MAX + 4)
/* Uplink: link header, outer options, UDP, VXLAN, inner link header, inner options. */
#define OUTER_HEADERS (RTE_ETHER_HDR_LEN + IP4_MAX + 8 + 8 + RTE_ETHER_HDR_LEN + IP4_MAX)

static inline int strip_ethernet(struct rte_mbuf *m, struct ovnet_meta *meta)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	if (unlikely(m->data_len < RTE_ETHER_HDR_LEN))
		return OVNET_DROP_TRUNCATED;
	if (unlikely(eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4)))
		return eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6) ? OVNET_DROP_FAMILY_OFF
									: OVNET_DROP_NOT_IP;
	if (unlikely(meta->offload & OVNET_OFF_CSUM)) {
		if (meta->csum_start < RTE_ETHER_HDR_LEN)
			return OVNET_DROP_CSUM_STATE;
		meta->csum_start -= RTE_ETHER_HDR_LEN;
	}
	strip(m, RTE_ETHER_HDR_LEN);
	return PASS;
}

static inline void set_hash(
	const struct rte_mbuf *m, struct ovnet_meta *meta, const struct rte_ipv4_hdr *ip)
{
	if (meta->flags & OVNET_META_HASH)
		return;
	meta->hash =
		m->ol_flags & RTE_MBUF_F_RX_RSS_HASH ? m->hash.rss : flow_hash4(ip, m->data_len);
	meta->flags |= OVNET_META_HASH;
}

/* Leaves the packet's data at its IP header. */
static inline int check_inner(struct rte_mbuf *m, bool l3)
{
	struct ovnet_meta *meta = ovnet_meta(m);
	int why = headers_pull(m, INNER_HEADERS);

	meta->src_version = 0;
	if (likely(why == PASS) && !l3)
		why = strip_ethernet(m, meta);
	if (unlikely(why != PASS))
		return why;

	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	if (unlikely(l3 && m->data_len > 0 && ip->version_ihl >> 4 == 6))
		return OVNET_DROP_FAMILY_OFF;
	why = ip4_check(ip, m->data_len, m->pkt_len);
	if (unlikely(why != PASS))
		return why;
	meta->src_be = ip->src_addr;
	meta->src_version = 4;
	meta->ip_version = 4;
	meta->l3_len = rte_be_to_cpu_16(ip->total_length);
	trim_to(m, meta->l3_len);
	set_hash(m, meta, ip);
	return PASS;
}

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

/* From the outer UDP header on; leaves the packet's data at the inner Ethernet header. */
static inline int check_udp(
	const struct ovnet_overlay *o, struct rte_mbuf *m, uint16_t at, uint32_t ip_payload)
{
	const struct rte_udp_hdr *udp = rte_pktmbuf_mtod_offset(m, struct rte_udp_hdr *, at);
	struct ovnet_meta *meta = ovnet_meta(m);

	if (unlikely(ip_payload < sizeof(*udp)))
		return OVNET_DROP_TRUNCATED;
	if (unlikely(rte_be_to_cpu_16(udp->dst_port) != o->udp_port))
		return OVNET_DROP_NOT_OVERLAY;
	uint32_t udp_len = rte_be_to_cpu_16(udp->dgram_len);
	if (unlikely(udp_len < sizeof(*udp) || udp_len > ip_payload))
		return OVNET_DROP_BAD_UDP;
	int why = check_vxlan(o, (const uint8_t *)(udp + 1), udp_len);
	if (unlikely(why != PASS))
		return why;
	trim_to(m, at + udp_len);
	why = strip_offload(meta, (uint16_t)(at + 16));
	if (unlikely(why != PASS))
		return why;
	strip(m, (uint16_t)(at + 16));
	return PASS;
}

static inline int check_outer(
	const struct ovnet_overlay *o, const struct ovnet_port *port, struct rte_mbuf *m)
{
	struct ovnet_meta *meta = ovnet_meta(m);
	int why = headers_pull(m, OUTER_HEADERS);

	meta->src_version = 0;
	if (unlikely(why != PASS))
		return why;
	if (unlikely(m->data_len < RTE_ETHER_HDR_LEN))
		return OVNET_DROP_TRUNCATED;
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	if (unlikely(eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4)))
		return OVNET_DROP_NOT_OVERLAY;

	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(eth + 1);
	why = ip4_check(ip, m->data_len - RTE_ETHER_HDR_LEN, m->pkt_len - RTE_ETHER_HDR_LEN);
	if (unlikely(why != PASS))
		return why;
	meta->src_be = ip->src_addr;
	meta->src_version = 4;
	if (unlikely(ip->next_proto_id != IPPROTO_UDP ||
		     (port->local.family != 0 && ip->dst_addr != port->local.v4_be)))
		return OVNET_DROP_NOT_OVERLAY;
	if (unlikely(ip4_is_fragment(ip)))
		return OVNET_DROP_FRAGMENT;
	meta->outer_tos = ip->type_of_service;
	unsigned header = ip4_header_len(ip);
	return check_udp(o, m, (uint16_t)(RTE_ETHER_HDR_LEN + header),
		rte_be_to_cpu_16(ip->total_length) - header);
}

static inline uint16_t inner_burst(
	struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n, bool l3)
{
	struct refused bad;
	uint16_t kept = 0;

	bad.n = 0;
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];
		int why = check_inner(m, l3);

		if (likely(why == PASS)) {
			/* encap writes the line before the packet's */
			rte_prefetch0_write(rte_pktmbuf_mtod(m, char *) - OVNET_VXLAN4_LEN);
			pkts[kept++] = m;
		} else {
			refuse(&bad, m, why);
		}
	}
	refused_drop(ctx, &bad);
	return kept;
}

static inline uint16_t outer_burst(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf **pkts, uint16_t n)
{
	struct rte_mbuf *others[OVNET_BURST];
	struct refused bad;
	uint16_t kept = 0, n_others = 0;

	bad.n = 0;
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];
		int why = ctx->view != NULL ? check_outer(&ctx->view->overlay, port, m)
					    : OVNET_DROP_NOT_OVERLAY;

		if (likely(why == PASS))
			pkts[kept++] = m;
		else if (why == OVNET_DROP_NOT_OVERLAY && (port->caps & OVNET_CAP_EXCLUSIVE))
			others[n_others++] = m;
		else
			refuse(&bad, m, why);
	}
	refused_drop(ctx, &bad);
	STAGE(punt)(ctx, others, n_others);
	return kept;
}

uint16_t STAGE(classify)(
	struct ovnet_path_ctx *ctx, struct ovnet_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	if (n == 0)
		return 0;
	stage_enter(ctx, OVNET_STAGE_CLASSIFY, pkts, n);
	if (port->role == OVNET_PORT_UPLINK)
		return outer_burst(ctx, port, pkts, n);
	if (port->caps & OVNET_CAP_L3)
		return inner_burst(ctx, pkts, n, true);
	return inner_burst(ctx, pkts, n, false);
}
