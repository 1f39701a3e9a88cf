/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_cycles.h>

#include "packet/fragment.h"
#include "packet/icmp_error.h"
#include "path/reach.h"

/* Of one packet: the largest there is, over an MTU of some 1,100 bytes or more. */
#define FRAGMENTS_MAX OVNET_BURST

/* How a refused packet would have got on. Its data is at the IP header. */
struct reach {
	bool outward;                      /* to the underlay */
	const struct ovnet_peer *peer;     /* outward: on to whom, inward: from whom; NULL: none */
	const struct ovnet_endpoint *back; /* not from the underlay: where its sender is */
	const struct ovnet_nexthop *nh;    /* outward: the peer's; NULL: none */
	const struct ovnet_port *in;
	/*
	 * Largest packet; 0: none, or out of reach by now: the control thread may have taken peer
	 * or next hop away since the packet was refused.
	 */
	uint16_t mtu;
};

static const struct ovnet_endpoint *endpoint_of(
	const struct ovnet_fib_view *view, const void *ip, bool source)
{
	const struct rte_ipv4_hdr *ip4 = ip;
	const struct rte_ipv6_hdr *ip6 = ip;

	if (is_ip6(ip))
		return ovnet_fib_endpoint6(view, source ? ovnet_ip6_src(ip6) : ovnet_ip6_dst(ip6));
	return ovnet_fib_endpoint(view, rte_be_to_cpu_32(source ? ip4->src_addr : ip4->dst_addr));
}

static uint16_t mtu_inward(const struct ovnet_path_ctx *ctx, struct rte_mbuf *m)
{
	const struct ovnet_endpoint *e =
		endpoint_of(ctx->view, rte_pktmbuf_mtod(m, const void *), false);

	if (e == NULL || e->port >= ctx->map->n_ports || ctx->map->port[e->port] == NULL)
		return 0;
	return port_mtu(&ctx->view->overlay, ctx->map->port[e->port], ovnet_meta(m));
}

/* False: nobody to answer, nothing to go on. */
static bool find_reach(const struct ovnet_path_ctx *ctx, struct rte_mbuf *m, struct reach *reach)
{
	const struct ovnet_meta *meta = ovnet_meta(m);
	const void *ip = rte_pktmbuf_mtod(m, const void *);

	*reach = (struct reach){0};
	if (ctx->view == NULL || ctx->map == NULL || meta->in_port >= ctx->map->n_ports)
		return false;
	reach->in = ctx->map->port[meta->in_port];
	if (reach->in == NULL)
		return false;
	reach->outward = reach->in->role != OVNET_PORT_UPLINK;
	if (!reach->outward) {
		reach->mtu = mtu_inward(ctx, m);
		reach->peer = peer_of_source(ctx->view, ip);
		return true;
	}
	reach->peer = peer_of(ctx->view, ip);
	if (reach->peer != NULL && reach->peer->nh != NULL) {
		reach->nh = ovnet_nh_get(reach->peer->nh);
		reach->mtu = reach->peer->mtu;
	}
	/* Permissive validation lets by what is not its sender's: nobody else gets the error. */
	reach->back = endpoint_of(ctx->view, ip, true);
	if (reach->back != NULL && reach->back->port != meta->in_port)
		reach->back = NULL;
	return true;
}

static bool may_be_cut(const void *ip)
{
	return !is_ip6(ip) && !(((const struct rte_ipv4_hdr *)ip)->fragment_offset &
				      RTE_BE16(RTE_IPV4_HDR_DF_FLAG));
}

/* Sends the packet on in fragments. False: it is still there. */
static bool cut(struct ovnet_path_ctx *ctx, struct rte_mbuf *m, const struct reach *reach)
{
	struct rte_mbuf *parts[FRAGMENTS_MAX];
	struct ovnet_meta *meta = ovnet_meta(m);

	if (reach->mtu == 0)
		return false;
	if (reach->outward) {
		/* The tables may have changed since lookup looked. */
		if (reach->nh == NULL || !reach->nh->resolved)
			return false;
		meta->peer = reach->peer;
		meta->nh = reach->nh;
		meta->out_port = reach->nh->port;
		if (meta->flags & OVNET_META_ROUTE)
			count_down(rte_pktmbuf_mtod(m, void *)); /* one is left: see answer() */
	}
	int n = ovnet_fragment4(m, reach->mtu, parts, FRAGMENTS_MAX);
	if (n < 0)
		return false;
	ctx->counters->pieces += (unsigned)n - 1;
	uint16_t left = reach->outward ? STAGE(encap)(ctx, parts, (uint16_t)n)
				       : STAGE(deliver)(ctx, parts, (uint16_t)n);
	STAGE(tx)(ctx, parts, left);
	return true;
}

/* -1: none is due. What validation says of the underlay's packets is none of their senders'. */
static int icmp_of(int reason, bool outward)
{
	if (!outward && reason != OVNET_DROP_OVERSIZE && reason != OVNET_DROP_TTL_EXCEEDED)
		return -1;
	switch (reason) {
	case OVNET_DROP_OVERSIZE:
		return OVNET_ICMP_TOO_BIG;
	case OVNET_DROP_TTL_EXCEEDED:
		return OVNET_ICMP_TIME_EXCEEDED;
	case OVNET_DROP_NO_PEER:
		return OVNET_ICMP_NET_UNREACHABLE;
	case OVNET_DROP_NO_UPLINK:
	case OVNET_DROP_NEIGHBOUR_PENDING:
		return OVNET_ICMP_HOST_UNREACHABLE;
	default:
		return -1;
	}
}

/*
 * Who answers. Towards guests and the underlay: we, by the first addresses of our subnet. The
 * kernel takes no packet from the host device that comes from an address of its own: there it is
 * the far end, by the base address of its subnet, or who was written to.
 */
static void choose_source(const struct ovnet_path_ctx *ctx, const struct reach *reach,
	const void *ip, uint32_t *src_be, uint8_t src6[16])
{
	const struct ovnet_overlay *o = &ctx->view->overlay;
	bool host = reach->in->role == OVNET_PORT_HOST;
	uint8_t first = reach->in->role == OVNET_PORT_ATTACH ? 1 : 0;

	if (is_ip6(ip)) {
		memcpy(src6, o->own6.addr, 16);
		if (host && reach->peer != NULL)
			memcpy(src6, reach->peer->subnet.v6.addr, 16);
		else if (host)
			memcpy(src6, ovnet_ip6_dst(ip), 16);
		src6[15] += first;
		return;
	}
	*src_be = rte_cpu_to_be_32(o->own.addr_host + first);
	if (host && reach->peer != NULL)
		*src_be = rte_cpu_to_be_32(reach->peer->subnet.v4.addr_host);
	else if (host)
		*src_be = ((const struct rte_ipv4_hdr *)ip)->dst_addr;
}

/* The error, with what the path has to know of it; NULL: none may be sent. */
static struct rte_mbuf *make_error(const struct ovnet_path_ctx *ctx, struct rte_mbuf *m,
	const struct reach *reach, enum ovnet_icmp what)
{
	const void *ip = rte_pktmbuf_mtod(m, const void *);
	uint32_t src_be = 0;
	uint8_t src6[16];
	bool v6 = is_ip6(ip);

	choose_source(ctx, reach, ip, &src_be, src6);
	struct rte_mbuf *e = v6 ? ovnet_icmp6_error(m->pool, m, what, reach->mtu, src6)
				: ovnet_icmp4_error(m->pool, m, what, reach->mtu, src_be);
	if (e == NULL)
		return NULL;
	struct ovnet_meta *meta = ovnet_meta(e);
	meta->src_version = meta->ip_version;
	if (v6)
		memcpy(meta->src6, src6, sizeof(meta->src6));
	else
		meta->src_be = src_be;
	meta->encap = 0;
	return e;
}

/* To the port the offender came by. */
static void send_back(struct ovnet_path_ctx *ctx, struct rte_mbuf *e, const struct reach *reach)
{
	ovnet_meta(e)->out_port = reach->in->id;
	if (!reach->back->l3 && push_ethernet(e, reach->in, reach->back) != PASS) {
		ovnet_drop(ctx, &e, 1, OVNET_DROP_NO_HEADROOM);
		return;
	}
	STAGE(tx)(ctx, &e, 1);
}

/* To a peer. */
static void send_out(struct ovnet_path_ctx *ctx, struct rte_mbuf *e)
{
	uint16_t n = STAGE(lookup)(ctx, &e, 1);

	n = STAGE(encap)(ctx, &e, n);
	STAGE(tx)(ctx, &e, n);
}

static void send_error(struct ovnet_path_ctx *ctx, struct rte_mbuf *m, const struct reach *reach,
	enum ovnet_icmp what)
{
	if (reach->outward ? reach->back == NULL : reach->peer == NULL)
		return;
	if (what == OVNET_ICMP_TOO_BIG && reach->mtu == 0)
		return;
	if (!ovnet_rate_take(&ctx->answers, rte_rdtsc())) {
		ctx->counters->answers_limited++;
		return;
	}
	struct rte_mbuf *e = make_error(ctx, m, reach, what);
	if (e == NULL)
		return;
	ctx->counters->answers++;
	if (reach->outward)
		send_back(ctx, e, reach);
	else
		send_out(ctx, e);
}

/* False: the packet went on. */
static bool answer(struct ovnet_path_ctx *ctx, struct rte_mbuf *m, uint8_t *reason)
{
	const void *ip = rte_pktmbuf_mtod(m, const void *);
	struct reach reach;

	if (icmp_of(*reason, true) < 0 || !find_reach(ctx, m, &reach))
		return true;
	if (*reason == OVNET_DROP_OVERSIZE && may_be_cut(ip)) {
		bool last_hop = (ovnet_meta(m)->flags & OVNET_META_ROUTE) &&
				((const struct rte_ipv4_hdr *)ip)->time_to_live <= 1;
		if (!last_hop)
			return !cut(ctx, m, &reach);
		*reason = OVNET_DROP_TTL_EXCEEDED;
	}
	/*
	 * RFC 1812 section 3.3.2: not being asked yet is no reason to call a host unreachable; the
	 * sender's connection would end where a second try gets through.
	 */
	if (*reason == OVNET_DROP_NEIGHBOUR_PENDING && (reach.nh == NULL || !reach.nh->failed))
		return true;
	int what = icmp_of(*reason, reach.outward);
	if (what >= 0)
		send_error(ctx, m, &reach, (enum ovnet_icmp)what);
	return true;
}

void STAGE(answer_all)(struct ovnet_path_ctx *ctx, struct refused *r)
{
	uint16_t kept = 0;

	/* What is sent here goes through stages itself; what they refuse of it is not answered. */
	if (ctx->answering)
		return;
	ctx->answering = true;
	for (uint16_t i = 0; i < r->n; i++) {
		uint8_t reason = r->reason[i];

		if (!answer(ctx, r->pkts[i], &reason))
			continue;
		r->reason[kept] = reason;
		r->pkts[kept++] = r->pkts[i];
	}
	r->n = kept;
	ctx->answering = false;
}
