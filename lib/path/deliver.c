/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/mss_clamp.h"
#include "path/link.h"
#include "path/reach.h"

#include "path/level.h"

/* Where the destination lives. PASS, or why it may not go there: the overlay's, but not ours. */
static inline int find_endpoint(
	const struct ovnet_fib_view *view, const void *ip, bool v6, const struct ovnet_endpoint **e)
{
	const struct ovnet_overlay *o = &view->overlay;
	int why = PASS;

	if (unlikely(v6)) {
		const uint8_t *dst = ovnet_ip6_dst(ip);
		if (unlikely(!ip6_in(&o->own6, dst)))
			why = ip6_in(&o->network6, dst) ? OVNET_DROP_INNER_DEST
							: ovnet_dest_check(ip);
		*e = ovnet_fib_endpoint6(view, dst);
		return why;
	}
	uint32_t dst = rte_be_to_cpu_32(((const struct rte_ipv4_hdr *)ip)->dst_addr);
	if (unlikely(dst - o->own.addr_host >= view->n_own))
		why = ovnet_prefix4_contains(&o->network, dst) ? OVNET_DROP_INNER_DEST
							       : ovnet_dest_check(ip);
	*e = ovnet_fib_endpoint(view, dst);
	return why;
}

/* To what is behind an attach port, and from there, ovnet is the router: one hop, be it both. */
static int check_routed(const struct ovnet_overlay *o, const struct ovnet_port *port,
	const struct ovnet_meta *meta, void *ip)
{
	if (ovnet_wire_len(meta) > port_mtu(o, port, meta))
		return OVNET_DROP_OVERSIZE;
	bool routed = port->role == OVNET_PORT_ATTACH || (meta->flags & OVNET_META_ROUTE);
	return routed && !count_down(ip) ? OVNET_DROP_TTL_EXCEEDED : PASS;
}

static inline int deliver(const struct ovnet_path_ctx *ctx, struct rte_mbuf *m, uint32_t *caps)
{
	void *ip = rte_pktmbuf_mtod(m, void *);
	const struct ovnet_overlay *o = &ctx->view->overlay;
	struct ovnet_meta *meta = ovnet_meta(m);
	const struct ovnet_endpoint *e;
	int why = find_endpoint(ctx->view, ip, meta->ip_version == 6, &e);

	if (unlikely(why != PASS))
		return why;
	if (unlikely(e == NULL || e->port >= ctx->map->n_ports))
		return OVNET_DROP_NO_PORT;
	const struct ovnet_port *port = ctx->map->port[e->port];
	if (unlikely(port == NULL))
		return OVNET_DROP_NO_PORT;
	if (likely(port->role == OVNET_PORT_HOST && !(meta->flags & OVNET_META_ROUTE))) {
		if (unlikely(meta->l3_len > o->mtu) &&
			ovnet_wire_len(meta) > port_mtu(o, port, meta))
			return OVNET_DROP_OVERSIZE;
	} else if ((why = check_routed(o, port, meta, ip)) != PASS) {
		return why;
	}
	if (unlikely(o->mss_clamp))
		ovnet_mss_clamp(m, o->mtu);
	meta->out_port = e->port;
	*caps |= port->caps;
	return e->l3 ? PASS : push_ethernet(m, port, &e->mac, link_type(meta));
}

uint16_t STAGE(deliver)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n)
{
	struct refused bad;
	uint16_t kept = 0;
	uint32_t caps = 0;

	bad.n = 0;
	if (n == 0)
		return 0;
	stage_enter(ctx, OVNET_STAGE_DELIVER, pkts, n);
	for (uint16_t i = 0; i < n; i++) {
		int why = deliver(ctx, pkts[i], &caps);

		if (likely(why == PASS))
			pkts[kept++] = pkts[i];
		else
			refuse(&bad, pkts[i], why);
	}
	ctx->out_caps = caps;
	refused_answer(ctx, &bad);
	return kept;
}
