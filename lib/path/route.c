/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/mss_clamp.h"
#include "path/attached.h"
#include "path/link.h"

#include "path/level.h"

/*
 * One load per packet; the lines the next two loops need start on their way here. The peers wait on
 * the stack, not in the metadata: 64 stores scattered over as many pages, read back right after,
 * cost 30 cycles a packet.
 */
static inline void find_peers(const struct ovnet_fib_view *view, struct rte_mbuf *const *pkts,
	uint16_t n, const struct ovnet_peer **peers)
{
	for (uint16_t i = 0; i < n; i++) {
		peers[i] = peer_of(view, rte_pktmbuf_mtod(pkts[i], const void *));
		rte_prefetch0(peers[i]);
	}
}

/* What is the same for a whole burst, read once. */
struct burst {
	uint32_t own, n_own; /* our IPv4 subnet's first address, and how many */
	bool mss_clamp;
};

/* A verdict beside PASS, which is to a peer, TO_LOCAL and the drop reasons. */
#define ACROSS (-2) /* to a port of this node */

/* From the host device: may it come from where it says? */
static inline int check_host_source(
	struct ovnet_path_ctx *ctx, const struct burst *b, struct rte_mbuf *m)
{
	const struct ovnet_meta *meta = ovnet_meta(m);

	if (likely(meta->ip_version == 4)) {
		if (likely(rte_be_to_cpu_32(meta->src_be) - b->own < b->n_own))
			return PASS;
	} else if (likely(ip6_in(&ctx->view->overlay.own6, meta->src6))) {
		return PASS;
	}
	return ovnet_source_check_host(ctx, m);
}

/* To several stations: ovnet is no bridge, but may be asked so itself. */
static __rte_noinline int check_group(const struct ovnet_path_ctx *ctx, struct rte_mbuf *m)
{
	int why = ovnet_attached_check(ctx, m, true);

	return why == PASS ? OVNET_DROP_BROADCAST : why;
}

/* From an attach port: only what lives there, by its address and its MAC, and to one station. */
static inline int check_attached_source(const struct ovnet_path_ctx *ctx, struct rte_mbuf *m)
{
	const struct ovnet_endpoint *e =
		endpoint_of(ctx->view, rte_pktmbuf_mtod(m, const void *), true);

	if (unlikely(is_nd(m)))
		return TO_LOCAL; /* by link-local addresses, too */
	if (unlikely(e == NULL || e->port != ovnet_meta(m)->in_port))
		return ovnet_attached_check(ctx, m, false);
	if (!e->l3) {
		if (unlikely(!is_from_mac(link_of(m), &e->mac)))
			return OVNET_DROP_SOURCE_MAC;
		if (unlikely(is_group(&link_of(m)->dst_addr)))
			return check_group(ctx, m);
	}
	return likely(!is_special(m)) ? PASS : ovnet_attached_check(ctx, m, true);
}

static inline int to_peer(struct ovnet_path_ctx *ctx, const struct burst *b, struct rte_mbuf *m,
	const struct ovnet_peer *peer, bool attached)
{
	struct ovnet_meta *meta = ovnet_meta(m);

	rte_prefetch0_write(&ctx->counters->peer[peer->tx_id]);
	if (unlikely(peer->nh == NULL))
		return OVNET_DROP_NO_UPLINK;
	const struct ovnet_nexthop *nh = ovnet_nh_get(peer->nh);
	if (unlikely(!nh->resolved))
		return OVNET_DROP_NEIGHBOUR_PENDING;
	if (unlikely(meta->l3_len > peer->mtu) && ovnet_wire_len(meta) > peer->mtu)
		return OVNET_DROP_OVERSIZE;
	/* Last: the error about any of the above quotes the packet as it came. */
	if (attached && unlikely(!count_down(rte_pktmbuf_mtod(m, void *))))
		return OVNET_DROP_TTL_EXCEEDED;
	if (unlikely(b->mss_clamp))
		ovnet_mss_clamp(m, peer->mtu);
	meta->peer = peer;
	meta->nh = nh;
	meta->out_port = nh->port;
	return PASS;
}

/* No peer's: deliver takes it. */
static int to_endpoint(const struct ovnet_endpoint *e, struct ovnet_meta *meta)
{
	if (e == NULL)
		return OVNET_DROP_NO_PORT;
	meta->encap = OVNET_ENCAP_VXLAN4; /* not routed in from the underlay: the overlay's MTU */
	return ACROSS;
}

/*
 * The kernel behind the host device has routed it: what it sends to an attach port may be from
 * anywhere, the answers of the world among it.
 */
static __rte_noinline int host_to_no_peer(
	struct ovnet_path_ctx *ctx, const struct burst *b, struct rte_mbuf *m)
{
	struct ovnet_meta *meta = ovnet_meta(m);
	const struct ovnet_endpoint *e = NULL;

	/* An error of ours to a peer that has gone meanwhile is for nobody else. */
	if (!(meta->flags & OVNET_META_ANSWER))
		e = endpoint_across(ctx->view, meta, rte_pktmbuf_mtod(m, const void *));
	int why = e != NULL ? ovnet_source_check_across(m) : check_host_source(ctx, b, m);

	if (why != PASS)
		return why;
	return e != NULL ? to_endpoint(e, meta) : OVNET_DROP_NO_PEER;
}

/* At no attach port: NULL without a host device. */
static bool is_nobodys(const struct ovnet_fib_view *view, const struct ovnet_endpoint *e)
{
	return e == atomic_load_explicit(&view->default_endpoint, memory_order_acquire);
}

/* The last address of our own IPv4 subnet is everybody there, unless something lives at it. */
static bool is_own_broadcast(const struct ovnet_fib_view *view, const void *ip)
{
	const struct rte_ipv4_hdr *ip4 = ip;
	uint32_t last = view->overlay.own.addr_host + view->n_own - 1;

	return !is_ip6(ip) && view->n_own > 2 && rte_be_to_cpu_32(ip4->dst_addr) == last &&
	       is_nobodys(view, endpoint_of(view, ip, false));
}

/* A whole ICMP echo request without options. */
static bool is_echo(const struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip4 = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	const struct rte_ipv6_hdr *ip6 = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);

	if (is_ip6(ip6))
		return ip6->proto == IPPROTO_ICMPV6 && m->data_len >= IP6_LEN + 8 &&
		       *(const uint16_t *)(ip6 + 1) == RTE_BE16(0x8000);
	return ip4->next_proto_id == IPPROTO_ICMP && ip4_header_len(ip4) == IP4_MIN &&
	       !ip4_is_fragment(ip4) && m->data_len >= IP4_MIN + 8 &&
	       *(const uint16_t *)(ip4 + 1) == RTE_BE16(0x0800);
}

/* Of our own subnet the first address, guests' router. */
static bool is_gateway(const struct ovnet_overlay *o, const void *ip)
{
	const struct rte_ipv4_hdr *ip4 = ip;
	uint8_t first[16];

	if (!is_ip6(ip))
		return o->own.len != 0 && rte_be_to_cpu_32(ip4->dst_addr) == o->own.addr_host + 1;
	memcpy(first, o->own6.addr, sizeof(first));
	first[15]++;
	return o->own6.len != 0 && memcmp(ovnet_ip6_dst(ip), first, sizeof(first)) == 0;
}

/* To another port of ours, or out by the host device: the kernel routes what is not ours. */
static __rte_noinline int attached_to_no_peer(const struct ovnet_fib_view *view, struct rte_mbuf *m)
{
	const void *ip = rte_pktmbuf_mtod(m, const void *);
	int why = PASS;

	if (ovnet_dest_is_group(ip) || is_own_broadcast(view, ip))
		return OVNET_DROP_BROADCAST;
	if (is_abroad(view, ip))
		return OVNET_DROP_NO_PEER;
	why = ovnet_dest_check(ip);
	if (why != PASS)
		return why;
	const struct ovnet_endpoint *e = endpoint_across(view, ovnet_meta(m), ip);
	/*
	 * Whether the kernel behind the host device has that address or will get it with a bridge:
	 * to a guest the gateway is there.
	 */
	if (is_gateway(&view->overlay, ip) && is_echo(m) && is_nobodys(view, e))
		return TO_LOCAL;
	return to_endpoint(e, ovnet_meta(m));
}

static inline int check(struct ovnet_path_ctx *ctx, const struct burst *b, struct rte_mbuf *m,
	const struct ovnet_peer *peer)
{
	bool attached = ovnet_meta(m)->flags & OVNET_META_ROUTE;
	int why;

	if (unlikely(attached)) {
		why = check_attached_source(ctx, m);
		if (likely(why == PASS) && unlikely(peer == NULL))
			return attached_to_no_peer(ctx->view, m);
	} else {
		if (unlikely(peer == NULL))
			return host_to_no_peer(ctx, b, m);
		why = check_host_source(ctx, b, m);
	}
	return likely(why == PASS) ? to_peer(ctx, b, m, peer, attached) : why;
}

uint16_t STAGE(route)(
	struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n, struct ovnet_lane *across)
{
	const struct ovnet_peer *peers[OVNET_BURST];
	struct refused bad;
	uint16_t kept = 0;

	bad.n = 0;
	if (n == 0)
		return 0;
	stage_enter(ctx, OVNET_STAGE_ROUTE, pkts, n);
	if (unlikely(ctx->view == NULL)) {
		ovnet_drop(ctx, pkts, n, OVNET_DROP_NO_PEER);
		return 0;
	}
	const struct burst b = {.own = ctx->view->overlay.own.addr_host,
		.n_own = ctx->view->n_own,
		.mss_clamp = ctx->view->overlay.mss_clamp};
	find_peers(ctx->view, pkts, n, peers);
	for (uint16_t i = 0; i < n; i++) {
		int why = check(ctx, &b, pkts[i], peers[i]);

		if (likely(why == PASS))
			pkts[kept++] = pkts[i];
		else if (why == ACROSS)
			across->pkts[across->n++] = pkts[i];
		else if (why == TO_LOCAL)
			ovnet_again_add(ctx, pkts[i], OVNET_ENTRY_LOCAL, OVNET_DROP_NO_PORT);
		else
			refuse(&bad, pkts[i], why);
	}
	refused_answer(ctx, &bad);
	return kept;
}
