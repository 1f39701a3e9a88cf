/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_cycles.h>

#include "packet/fragment.h"
#include "path/link.h"
#include "path/reach.h"

#include "path/level.h"

/* Of one packet: the largest there is, over an MTU of some 1,100 bytes or more. */
#define FRAGMENTS_MAX OVNET_BURST

/* How a refused packet would have got on. Its data is at the IP header. */
struct reach {
	bool inward;                       /* from the underlay */
	const struct ovnet_peer *peer;     /* on to whom, inward: from whom; NULL: none */
	const struct ovnet_endpoint *back; /* not inward: where its sender is; NULL: nobody knows */
	const struct ovnet_nexthop *nh;    /* the peer's it goes on to; NULL: none */
	const struct ovnet_port *in;
	/*
	 * Largest packet; 0: none, or out of reach by now: the control thread may have taken peer
	 * or next hop away since the packet was refused.
	 */
	uint16_t mtu;
};

/* Of the port at which `e` is. */
static uint16_t mtu_to(
	const struct ovnet_path_ctx *ctx, struct rte_mbuf *m, const struct ovnet_endpoint *e)
{
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
	reach->inward = reach->in->role == OVNET_PORT_UPLINK;
	if (reach->inward) {
		reach->mtu = mtu_to(ctx, m, endpoint_of(ctx->view, ip, false));
		reach->peer = peer_of_source(ctx->view, ip);
		return true;
	}
	reach->peer = peer_of(ctx->view, ip);
	if (reach->peer == NULL) {
		reach->mtu = mtu_to(ctx, m, endpoint_across(ctx->view, meta, ip));
	} else if (reach->peer->nh != NULL) {
		reach->nh = ovnet_nh_get(reach->peer->nh);
		reach->mtu = reach->peer->mtu;
	}
	/* Validation may let by what is not its sender's: nobody else gets the error. */
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

/* Makes pieces of it that fit, if it can be done. */
static void cut(
	struct ovnet_path_ctx *ctx, struct rte_mbuf *m, const struct reach *reach, struct answer *a)
{
	struct ovnet_meta *meta = ovnet_meta(m);
	bool outward = !reach->inward && reach->peer != NULL;

	if (reach->mtu == 0)
		return;
	if (outward) {
		/* The tables may have changed since route looked. */
		if (reach->nh == NULL || !reach->nh->resolved)
			return;
		meta->peer = reach->peer;
		meta->nh = reach->nh;
		meta->out_port = reach->nh->port;
		if (meta->flags & OVNET_META_ROUTE)
			count_down(rte_pktmbuf_mtod(m, void *)); /* one is left: see answer() */
	}
	meta->flags |= OVNET_META_ANSWER;
	int n = ovnet_fragment4(m, reach->mtu, a->pkts, FRAGMENTS_MAX);
	if (n < 0)
		return;
	ctx->counters->pieces += (unsigned)n - 1;
	a->gone = true;
	a->next = outward ? OVNET_STAGE_ENCAP : OVNET_STAGE_DELIVER;
	a->n = (uint16_t)n;
}

/* What validation says of the underlay's packets is none of their senders'. */
static bool is_told(int reason, bool inward)
{
	return !inward || reason == OVNET_DROP_OVERSIZE || reason == OVNET_DROP_TTL_EXCEEDED;
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
	meta->flags |= OVNET_META_ANSWER;
	return e;
}

/* To the port the offender came by, and where that does not say to whom, to its very sender. */
static void send_back(struct ovnet_path_ctx *ctx, const struct rte_mbuf *m,
	const struct reach *reach, struct answer *a)
{
	struct rte_mbuf *e = a->pkts[0];
	struct ovnet_mac to = reach->back->mac;

	ovnet_meta(e)->out_port = reach->in->id;
	a->next = OVNET_STAGE_TX;
	if (reach->back->l3)
		return;
	if (!has_mac(&to))
		memcpy(to.b, &link_of(m)->src_addr, sizeof(to.b));
	if (push_ethernet(e, reach->in, &to, link_type(ovnet_meta(e))) == PASS)
		return;
	ovnet_drop(ctx, a->pkts, 1, OVNET_DROP_NO_HEADROOM);
	a->n = 0;
}

static void tell(struct ovnet_path_ctx *ctx, struct rte_mbuf *m, const struct reach *reach,
	enum ovnet_icmp what, struct answer *a)
{
	if (reach->inward ? reach->peer == NULL : reach->back == NULL)
		return;
	if (what == OVNET_ICMP_TOO_BIG && reach->mtu == 0)
		return;
	if (!ovnet_rate_take(&ctx->answers, rte_rdtsc())) {
		ctx->counters->answers_limited++;
		return;
	}
	a->pkts[0] = make_error(ctx, m, reach, what);
	if (a->pkts[0] == NULL)
		return;
	ctx->counters->answers++;
	a->n = 1;
	if (reach->inward)
		a->next = OVNET_STAGE_ROUTE; /* to a peer */
	else
		send_back(ctx, m, reach, a);
}

void STAGE(answer)(
	struct ovnet_path_ctx *ctx, struct rte_mbuf *m, uint8_t *reason, struct answer *a)
{
	const void *ip = rte_pktmbuf_mtod(m, const void *);
	struct reach reach;

	a->gone = a->segments = false;
	a->n = 0;
	if (!find_reach(ctx, m, &reach))
		return;
	if (*reason == OVNET_DROP_OVERSIZE && may_be_cut(ip)) {
		bool last_hop = (ovnet_meta(m)->flags & OVNET_META_ROUTE) &&
				((const struct rte_ipv4_hdr *)ip)->time_to_live <= 1;
		if (!last_hop) {
			a->segments = (ovnet_meta(m)->offload & OVNET_OFF_GSO) != 0;
			if (!a->segments)
				cut(ctx, m, &reach, a);
			return;
		}
		*reason = OVNET_DROP_TTL_EXCEEDED;
	}
	/*
	 * RFC 1812 section 3.3.2: not being asked yet is no reason to call a host unreachable; the
	 * sender's connection would end where a second try gets through.
	 */
	if (*reason == OVNET_DROP_NEIGHBOUR_PENDING && (reach.nh == NULL || !reach.nh->failed))
		return;
	int what = icmp_of(*reason);
	if (what >= 0 && is_told(*reason, reach.inward))
		tell(ctx, m, &reach, (enum ovnet_icmp)what, a);
}
