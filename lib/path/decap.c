/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/ttl.h"
#include "path/ecn.h"
#include "path/inner.h"
#include "path/link.h"

#include "path/level.h"

/* What one loop leaves for the next: on the stack, see route.c. */
struct found {
	void *ip;                      /* the inner header */
	const struct ovnet_peer *peer; /* whose subnet the inner source is in; may be NULL */
};

static inline int check_inner4(const struct ovnet_fib_view *view, struct rte_mbuf *m,
	struct ovnet_meta *meta, struct found *found)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);
	int why = inner_check4(m, meta, false);

	if (unlikely(why != PASS))
		return why;
	found->ip = ip;
	found->peer = ovnet_fib_lookup(view, rte_be_to_cpu_32(ip->src_addr));
	return PASS;
}

static inline int check_inner6(const struct ovnet_fib_view *view, struct rte_mbuf *m,
	struct ovnet_meta *meta, struct found *found)
{
	struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv6_hdr *);
	int why = inner_check6(m, meta, false);

	if (unlikely(why != PASS))
		return why;
	found->ip = ip;
	found->peer = ovnet_fib_lookup6(view, ovnet_ip6_src(ip));
	return PASS;
}

/* The Ethernet header in front of the inner packet goes. *type: its Ethernet type. */
static __rte_always_inline int strip_ethernet(const struct ovnet_overlay *o, struct rte_mbuf *m,
	struct ovnet_meta *meta, enum ovnet_encap kind, uint16_t *type)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const struct ovnet_mac *vtep = kind == OVNET_ENCAP_VXLAN4 ? &o->vtep_mac : &o->vtep_mac6;

	if (unlikely(m->data_len < RTE_ETHER_HDR_LEN))
		return OVNET_DROP_TRUNCATED;
	if (kind != OVNET_ENCAP_DIRECT && unlikely(!same_mac(&eth->dst_addr, vtep->b)))
		return OVNET_DROP_INNER_MAC;
	*type = eth->ether_type;
	return inner_strip_ethernet(m, meta);
}

/* The inner packet's own headers; on PASS the packet is an IP packet and nothing more. */
static __rte_always_inline int check_inner(const struct ovnet_fib_view *view, struct rte_mbuf *m,
	enum ovnet_encap kind, struct found *found)
{
	const struct ovnet_overlay *o = &view->overlay;
	struct ovnet_meta *meta = ovnet_meta(m);
	uint16_t type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	int why = PASS;

	if (kind != OVNET_ENCAP_UDP4)
		why = strip_ethernet(o, m, meta, kind, &type);
	if (unlikely(why != PASS))
		return why;
	if (likely(type == RTE_BE16(RTE_ETHER_TYPE_IPV4)))
		why = check_inner4(view, m, meta, found);
	else if (unlikely(type != RTE_BE16(RTE_ETHER_TYPE_IPV6)))
		return OVNET_DROP_NOT_IP;
	else if (unlikely(o->network6.len == 0))
		return OVNET_DROP_FAMILY_OFF;
	else
		why = check_inner6(view, m, meta, found);
	/* id, who may send; a number, as there may be no peer to point into */
	if (likely(why == PASS))
		rte_prefetch0((const void *)((uintptr_t)found->peer + RTE_CACHE_LINE_SIZE));
	return why;
}

/*
 * Routed packets have no outer header: a peer we route to as well has to have sent them, by its
 * MAC address on this link. Behind a router it would be the router's, whoever sent them.
 */
static inline bool is_from_next_hop(const struct ovnet_peer *peer, const struct ovnet_meta *meta,
	const struct rte_ether_hdr *eth)
{
	if (unlikely(peer->nh == NULL || peer->encap != OVNET_ENCAP_DIRECT))
		return false;
	const struct ovnet_nexthop *nh = ovnet_nh_get(peer->nh);
	return nh->resolved && nh->port == meta->in_port && same_mac(&eth->src_addr, nh->eth);
}

/* Does the lease that covers the inner source allow the packet? */
static __rte_always_inline bool is_allowed(
	const struct ovnet_meta *meta, const struct found *found, enum ovnet_encap kind)
{
	const struct ovnet_peer *peer = found->peer;

	if (unlikely(peer == NULL))
		return false;
	if (kind == OVNET_ENCAP_DIRECT)
		return is_from_next_hop(peer, meta, (const struct rte_ether_hdr *)found->ip - 1);
	if (kind == OVNET_ENCAP_VXLAN6)
		return likely(meta->ip_version == 6) && ovnet_peer_allows6(peer, meta->src6);
	return likely(meta->ip_version == 4) && ovnet_peer_allows(peer, meta->src_be);
}

static __rte_always_inline int admit(struct ovnet_path_ctx *ctx, struct rte_mbuf *m,
	const struct found *found, enum ovnet_encap kind, bool validate)
{
	const struct ovnet_meta *meta = ovnet_meta(m);
	const struct ovnet_peer *peer = found->peer;
	bool allowed = validate ? is_allowed(meta, found, kind) : peer != NULL;
	int why = PASS;

	if (unlikely(!allowed)) {
		why = ovnet_source_check_peer(ctx, m, peer);
		if (why != PASS)
			return why;
		peer = NULL;
	}
	if (kind != OVNET_ENCAP_DIRECT)
		why = ecn_merge(found->ip, meta->ip_version == 6, meta->outer_tos);
	if (unlikely(why != PASS))
		return why;
	/* As flannel does, beside the kernel behind the host device. */
	if (kind == OVNET_ENCAP_UDP4 && unlikely(!ovnet_ttl_decrement4(found->ip)))
		return OVNET_DROP_TTL_EXCEEDED;
	if (likely(peer != NULL)) {
		struct ovnet_peer_counters *c = &ctx->counters->peer[peer->id];
		c->rx_packets++;
		c->rx_bytes += meta->l3_len;
	}
	return PASS;
}

/*
 * One burst's packets and how far it is. All of them are looked at before the first is admitted, so
 * that what that needs is on its way here however the kinds alternate. Most bursts are one run.
 */
struct progress {
	struct rte_mbuf **pkts;
	uint16_t n, next, kept, n_runs;
	struct {
		uint8_t kind, n;
	} run[OVNET_BURST]; /* neighbours of one kind; n of them are whole */
	struct refused bad;
};

static __rte_always_inline void check_run(
	struct ovnet_path_ctx *ctx, struct progress *p, struct found *found, enum ovnet_encap kind)
{
	const struct ovnet_fib_view *view = ctx->view;
	struct rte_mbuf **pkts = p->pkts;
	uint16_t i = p->next, n = p->kept;

	for (; i < p->n; i++) {
		if (unlikely(ovnet_meta(pkts[i])->encap != kind))
			break;
		int why = check_inner(view, pkts[i], kind, &found[n]);
		if (likely(why == PASS))
			pkts[n++] = pkts[i];
		else
			refuse(&p->bad, pkts[i], why);
	}
	p->run[p->n_runs].kind = kind;
	p->run[p->n_runs++].n = (uint8_t)(n - p->kept);
	p->next = i;
	p->kept = n;
}

static __rte_always_inline void check_all(
	struct ovnet_path_ctx *ctx, struct progress *p, struct found *found)
{
	while (p->next < p->n) {
		switch ((enum ovnet_encap)ovnet_meta(p->pkts[p->next])->encap) {
		case OVNET_ENCAP_VXLAN4:
			check_run(ctx, p, found, OVNET_ENCAP_VXLAN4);
			break;
		case OVNET_ENCAP_UDP4:
			check_run(ctx, p, found, OVNET_ENCAP_UDP4);
			break;
		case OVNET_ENCAP_DIRECT:
			check_run(ctx, p, found, OVNET_ENCAP_DIRECT);
			break;
		case OVNET_ENCAP_VXLAN6:
			check_run(ctx, p, found, OVNET_ENCAP_VXLAN6);
			break;
		}
	}
}

/* The next `n` of those that are whole. */
static __rte_always_inline void admit_run(struct ovnet_path_ctx *ctx, struct progress *p,
	const struct found *found, uint16_t n, enum ovnet_encap kind, bool validate)
{
	struct rte_mbuf **pkts = p->pkts;
	uint16_t i = p->next, end = i + n, kept = p->kept;

	for (; i < end; i++) {
		int why = admit(ctx, pkts[i], &found[i], kind, validate);

		if (likely(why == PASS))
			pkts[kept++] = pkts[i];
		else
			refuse(&p->bad, pkts[i], why);
	}
	p->next = end;
	p->kept = kept;
}

static __rte_always_inline void admit_all(
	struct ovnet_path_ctx *ctx, struct progress *p, const struct found *found, bool validate)
{
	p->next = p->kept = 0;
	for (uint16_t i = 0; i < p->n_runs; i++) {
		const uint16_t n = p->run[i].n;
		switch ((enum ovnet_encap)p->run[i].kind) {
		case OVNET_ENCAP_VXLAN4:
			admit_run(ctx, p, found, n, OVNET_ENCAP_VXLAN4, validate);
			break;
		case OVNET_ENCAP_UDP4:
			admit_run(ctx, p, found, n, OVNET_ENCAP_UDP4, validate);
			break;
		case OVNET_ENCAP_DIRECT:
			admit_run(ctx, p, found, n, OVNET_ENCAP_DIRECT, validate);
			break;
		case OVNET_ENCAP_VXLAN6:
			admit_run(ctx, p, found, n, OVNET_ENCAP_VXLAN6, validate);
			break;
		}
	}
}

uint16_t STAGE(decap)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n)
{
	struct found found[OVNET_BURST];
	struct progress p;

	if (n == 0)
		return 0;
	stage_enter(ctx, OVNET_STAGE_DECAP, pkts, n);
	p.pkts = pkts;
	p.n = n;
	p.next = p.kept = p.n_runs = p.bad.n = 0;
	check_all(ctx, &p, found);
	if (ctx->view->overlay.validation != OVNET_VALIDATE_OFF)
		admit_all(ctx, &p, found, true);
	else
		admit_all(ctx, &p, found, false);
	refused_answer(ctx, &p.bad);
	return p.kept;
}
