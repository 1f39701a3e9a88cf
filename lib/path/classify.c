/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/bare.h"
#include "path/flow_hash.h"
#include "path/fragment6.h"
#include "path/inner.h"
#include "path/outer.h"

#include "path/level.h"

/* Attach and host side: link header, options or extension headers, ports. */
#define INNER_HEADERS (RTE_ETHER_HDR_LEN + RTE_MAX(IP4_MAX + 4, HASH_REACH))

/* A verdict beside PASS and the drop reasons: ovnet itself is asked. */
#define TO_LOCAL (-2)

/* *type: the Ethernet type. */
static inline int strip_ethernet(
	struct rte_mbuf *m, struct ovnet_meta *meta, bool attached, uint16_t *type)
{
	if (unlikely(m->data_len < RTE_ETHER_HDR_LEN))
		return OVNET_DROP_TRUNCATED;
	*type = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *)->ether_type;
	if (unlikely(*type != RTE_BE16(RTE_ETHER_TYPE_IPV4) &&
		     *type != RTE_BE16(RTE_ETHER_TYPE_IPV6))) {
		if (!attached || *type != RTE_BE16(RTE_ETHER_TYPE_ARP))
			return OVNET_DROP_NOT_IP;
		meta->ip_version = 0;
		int why = inner_strip_ethernet(m, meta);
		return why == PASS ? TO_LOCAL : why;
	}
	return inner_strip_ethernet(m, meta);
}

/* Is there a flow hash already: from before, or from the NIC? */
static inline bool has_hash(const struct rte_mbuf *m, struct ovnet_meta *meta)
{
	bool has = meta->flags & OVNET_META_HASH;

	if (!has && (m->ol_flags & RTE_MBUF_F_RX_RSS_HASH)) {
		meta->hash = m->hash.rss;
		has = true;
	}
	meta->flags |= OVNET_META_HASH;
	return has;
}

static inline int check_inner4(struct rte_mbuf *m, struct ovnet_meta *meta)
{
	int why = inner_check4(m, meta, true);

	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);

	if (likely(why == PASS) && !has_hash(m, meta))
		meta->hash = flow_hash4(ip, ip4_header_len(ip), m->data_len);
	return why;
}

static inline int check_inner6(struct rte_mbuf *m, struct ovnet_meta *meta)
{
	int why = inner_check6(m, meta, true);

	if (likely(why == PASS) && !has_hash(m, meta))
		meta->hash =
			flow_hash6(rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *), m->data_len);
	return why;
}

/*
 * Leaves the packet's data at its IP header. `attached`: from a port behind which ovnet is the
 * router.
 */
static inline int check_inner(struct rte_mbuf *m, bool l3, bool attached, bool family6)
{
	struct ovnet_meta *meta = ovnet_meta(m);
	int why = headers_pull(m, INNER_HEADERS);
	uint16_t type = 0;

	meta->src_version = 0;
	if (attached)
		meta->flags |= OVNET_META_ROUTE;
	if (likely(why == PASS) && !l3)
		why = strip_ethernet(m, meta, attached, &type);
	if (unlikely(why != PASS))
		return why;
	bool is6 = l3 ? m->data_len > 0 && ip6_version(rte_pktmbuf_mtod(m, const void *)) == 6
		      : type == RTE_BE16(RTE_ETHER_TYPE_IPV6);
	if (likely(!is6))
		return check_inner4(m, meta);
	return family6 ? check_inner6(m, meta) : OVNET_DROP_FAMILY_OFF;
}

static inline uint16_t inner_burst(
	struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n, bool l3, bool attached)
{
	bool family6 = ctx->view != NULL && ctx->view->overlay.network6.len != 0;
	struct refused bad;
	uint16_t kept = 0;
	uint8_t undone = 0;

	bad.n = 0;
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];
		int why = check_inner(m, l3, attached, family6);

		if (likely(why == PASS)) {
			undone |= ovnet_meta(m)->offload;
			/* encap writes the line before the packet's */
			rte_prefetch0_write(rte_pktmbuf_mtod(m, char *) - OVNET_VXLAN4_LEN);
			pkts[kept++] = m;
		} else if (why == TO_LOCAL) {
			ovnet_again_add(ctx, m, OVNET_ENTRY_LOCAL, OVNET_DROP_NOT_IP);
		} else {
			refuse(&bad, m, why);
		}
	}
	ctx->undone = undone;
	refused_drop(ctx, &bad);
	return kept;
}

/* Not often: out of the way of the burst. PASS: it goes round again; or why it is dropped. */
static __rte_noinline int set_aside(
	struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m, int why)
{
	if (why == OVNET_DROP_NOT_OVERLAY && (port->caps & OVNET_CAP_EXCLUSIVE)) {
		ovnet_again_add(ctx, m, OVNET_ENTRY_PUNT, OVNET_DROP_NOT_OVERLAY);
		return PASS;
	}
	if (why != OVNET_DROP_FRAGMENT)
		return why;
	/* Of IPv6 not those behind other headers, or not for us. */
	if (ovnet_meta(m)->src_version == 6 && !is_fragment6(port, m)) {
		if (ovnet_port_twin(port) == OVNET_PORT_NONE)
			return why;
		ovnet_again_add(ctx, m, OVNET_ENTRY_PUNT, why);
		return PASS;
	}
	ovnet_again_add(ctx, m, OVNET_ENTRY_REASSEMBLE, OVNET_DROP_FRAGMENT_FULL);
	return PASS;
}

static __rte_always_inline uint16_t outer_burst(struct ovnet_path_ctx *ctx,
	const struct ovnet_port *port, struct rte_mbuf **pkts, uint16_t n, struct taken what)
{
	struct refused bad;
	uint16_t kept = 0;

	bad.n = 0;
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];
		int why = check_outer(ctx->view, port, m, what);

		if (likely(why == PASS))
			pkts[kept++] = m;
		else if ((why = set_aside(ctx, port, m, why)) != PASS)
			refuse(&bad, m, why);
	}
	refused_drop(ctx, &bad);
	return kept;
}

static uint16_t no_overlay(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf **pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		ovnet_meta(pkts[i])->src_version = 0;
	if (!(port->caps & OVNET_CAP_EXCLUSIVE)) {
		ovnet_drop(ctx, pkts, n, OVNET_DROP_NOT_OVERLAY);
		return 0;
	}
	for (uint16_t i = 0; i < n; i++)
		ovnet_again_add(ctx, pkts[i], OVNET_ENTRY_PUNT, OVNET_DROP_NOT_OVERLAY);
	return 0;
}

/* One loop for each thing an overlay takes. */
static uint16_t from_uplink(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf **pkts, uint16_t n)
{
	const struct ovnet_overlay *o = ctx->view != NULL ? &ctx->view->overlay : NULL;

	if (unlikely(o == NULL || (o->tunnel == OVNET_TUNNEL_NONE && !o->direct)))
		return no_overlay(ctx, port, pkts, n);
	switch (o->tunnel) {
	case OVNET_TUNNEL_VXLAN:
		if (!o->direct)
			return outer_burst(
				ctx, port, pkts, n, (struct taken){OVNET_TUNNEL_VXLAN, false});
		return outer_burst(ctx, port, pkts, n, (struct taken){OVNET_TUNNEL_VXLAN, true});
	case OVNET_TUNNEL_UDP:
		return outer_burst(ctx, port, pkts, n, (struct taken){OVNET_TUNNEL_UDP, false});
	default:
		return outer_burst(ctx, port, pkts, n, (struct taken){OVNET_TUNNEL_NONE, true});
	}
}

/* Of IP behind an Ethernet header, maybe with a VLAN tag of either kind: how large it is, then what
 * is undone. */
static __rte_noinline int check_twin_undone(struct rte_mbuf *m)
{
	struct ovnet_meta *meta = ovnet_meta(m);
	uint16_t link = RTE_ETHER_HDR_LEN;

	if (headers_pull(m, INNER_HEADERS) != PASS || m->data_len < link + 4)
		return OVNET_DROP_GSO_STATE;
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_VLAN) ||
		eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_QINQ))
		link += sizeof(struct rte_vlan_hdr);
	const void *ip = rte_pktmbuf_mtod_offset(m, const void *, link);
	const uint32_t avail = m->data_len - link, len = m->pkt_len - link;
	if (avail > 0 && ip6_version(ip) == 6 && ip6_check(ip, avail, len) == PASS)
		meta->l3_len = ip6_total(ip);
	else if (ip4_check(ip, avail, len) == PASS)
		meta->l3_len = rte_be_to_cpu_16(((const struct rte_ipv4_hdr *)ip)->total_length);
	else
		return OVNET_DROP_GSO_STATE;
	trim_to(m, (uint32_t)link + meta->l3_len);
	return ovnet_gso_check(m, link) == 0 ? PASS : OVNET_DROP_GSO_STATE;
}

/* The host's own: nothing of the overlay's looks at it. */
static uint16_t from_twin(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf **pkts, uint16_t n)
{
	const uint16_t uplink = ovnet_port_twin(port);
	struct refused bad;
	uint16_t kept = 0;

	bad.n = 0;
	for (uint16_t i = 0; i < n; i++) {
		struct ovnet_meta *meta = ovnet_meta(pkts[i]);
		int why = PASS;

		meta->src_version = 0;
		meta->out_port = uplink;
		if (unlikely(meta->offload & OVNET_OFF_GSO))
			why = check_twin_undone(pkts[i]);
		if (unlikely(why != PASS)) {
			refuse(&bad, pkts[i], why);
			continue;
		}
		ctx->undone |= meta->offload;
		pkts[kept++] = pkts[i];
	}
	refused_drop(ctx, &bad);
	return kept;
}

uint16_t STAGE(classify)(
	struct ovnet_path_ctx *ctx, struct ovnet_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	if (n == 0)
		return 0;
	bare_write(ctx, port->id, pkts, n);
	stage_enter(ctx, OVNET_STAGE_CLASSIFY, pkts, n);
	ctx->undone = 0;
	if (port->role == OVNET_PORT_UPLINK)
		return from_uplink(ctx, port, pkts, n);
	if (port->role == OVNET_PORT_TWIN)
		return from_twin(ctx, port, pkts, n);
	if (port->role == OVNET_PORT_HOST && (port->caps & OVNET_CAP_L3))
		return inner_burst(ctx, pkts, n, true, false);
	return inner_burst(
		ctx, pkts, n, port->caps & OVNET_CAP_L3, port->role == OVNET_PORT_ATTACH);
}

uint16_t STAGE(classify_whole)(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf **pkts, uint16_t n)
{
	const struct ovnet_overlay *o = &ctx->view->overlay;
	const struct taken what = {o->tunnel,
		o->tunnel == OVNET_TUNNEL_NONE || (o->tunnel == OVNET_TUNNEL_VXLAN && o->direct)};
	struct refused bad;
	uint16_t kept = 0;

	bad.n = 0;
	for (uint16_t i = 0; i < n; i++) {
		int why = check_outer(ctx->view, port, pkts[i], what);

		if (likely(why == PASS))
			pkts[kept++] = pkts[i];
		else if (why == OVNET_DROP_NOT_OVERLAY)
			ovnet_again_foreign(ctx, port, pkts[i]);
		else
			refuse(&bad, pkts[i], why);
	}
	refused_drop(ctx, &bad);
	return kept;
}
