/* SPDX-License-Identifier: BSD-3-Clause */
#include "encap/vxlan4.h"
#include "packet/ttl.h"
#include "path/ecn.h"
#include "path/link.h"
#include "path/outer.h"
#include "path/plain.h"

#include "path/level.h"

/* What is the same for a whole burst. */
struct from {
	const struct ovnet_fib_view *view;
	rte_be32_t local; /* our underlay address, where `any` is false */
	uint32_t own, n_own;
	bool any, direct, mss_clamp;
};

/*
 * The lengths have to be those of a datagram that fills its IP packet, and an IP packet inside it.
 * `first`: the inner header's first word.
 */
static __rte_always_inline bool is_filled(
	const struct rte_mbuf *m, const struct rte_ipv4_hdr *outer, uint32_t first)
{
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(outer + 1);
	const uint32_t total = first_word(outer) & 0xffff, len = first & 0xffff;

	return total + RTE_ETHER_HDR_LEN <= m->data_len &&
	       first_word(&udp->dgram_len) >> 16 == total - IP4_MIN && len >= IP4_MIN &&
	       len + OVNET_OVERHEAD(OVNET_VXLAN4_LEN) <= total;
}

/* The NIC has not found the checksum wrong, nor have we: whatever else it says is no news. */
static __rte_always_inline bool has_right_sum(
	const struct rte_mbuf *m, const struct rte_ipv4_hdr *outer)
{
	return (m->ol_flags & (RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_OUTER_IP_CKSUM_BAD)) ==
		       0 &&
	       ip4_sum_is_right(outer, IP4_MIN);
}

/* To us, and not what a peer routes to our subnet without an outer header. */
static __rte_always_inline bool is_to_us(const struct from *f, const struct rte_ipv4_hdr *outer)
{
	return (f->any || outer->dst_addr == f->local) &&
	       !(f->direct && rte_be_to_cpu_32(outer->dst_addr) - f->own < f->n_own);
}

/* ecn.h's table, where it changes nothing. */
static __rte_always_inline bool leaves_ecn(
	const struct rte_ipv4_hdr *outer, const struct rte_ipv4_hdr *inner)
{
	const uint8_t ecn = outer->type_of_service & 3;

	return ecn == 0 || ecn == (inner->type_of_service & 3);
}

/* The inner header; NULL: it is not plain. */
static __rte_always_inline struct rte_ipv4_hdr *look(
	const struct from *f, struct rte_mbuf *m, bool bare)
{
	const struct ovnet_meta *meta = ovnet_meta(m);

	if (unlikely(m->nb_segs != 1 || m->data_len < OVNET_VXLAN4_LEN + IP4_MIN ||
		     !is_plain_meta(meta, bare)))
		return NULL;
	uint8_t *at = rte_pktmbuf_mtod(m, uint8_t *);
	const struct rte_ipv4_hdr *outer = (const struct rte_ipv4_hdr *)(at + RTE_ETHER_HDR_LEN);
	struct rte_ipv4_hdr *inner = (struct rte_ipv4_hdr *)(at + OVNET_VXLAN4_LEN);
	if (unlikely(!ovnet_vxlan4_matches(at, &f->view->outer4) || !is_to_us(f, outer) ||
		     !has_right_sum(m, outer)))
		return NULL;
	const uint32_t first = first_word(inner);
	if (unlikely(first >> 24 != RTE_IPV4_VHL_DEF || !is_filled(m, outer, first) ||
		     !leaves_ecn(outer, inner)))
		return NULL;
	return unlikely(f->mss_clamp) && inner->next_proto_id == IPPROTO_TCP ? NULL : inner;
}

static __rte_always_inline void look_at_all(
	const struct from *f, struct rte_mbuf *const *pkts, uint16_t n, struct plain *of, bool bare)
{
	/* The inner header, mostly on a line of its own. */
	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod_offset(pkts[i], const char *, OVNET_VXLAN4_LEN));
	for (uint16_t i = 0; i < n; i++) {
		struct rte_ipv4_hdr *inner = look(f, pkts[i], bare);

		of[i].ip = (uint8_t *)inner;
		if (unlikely(inner == NULL))
			continue;
		of[i].len = rte_be_to_cpu_16(inner->total_length);
		of[i].word = ovnet_fib_ingress(f->view, rte_be_to_cpu_32(inner->src_addr));
		rte_prefetch0((const void *)of[i].word);
	}
}

void STAGE(plain_classify_in)(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf *const *pkts, uint16_t n, struct plain *of)
{
	const struct ovnet_fib_view *view = ctx->view;
	const struct from f = {.view = view,
		.local = port->local.v4_be,
		.any = port->local.family == 0,
		.own = view->overlay.own.addr_host,
		.n_own = view->n_own,
		.direct = view->overlay.direct,
		.mss_clamp = view->overlay.mss_clamp};

	if (ctx->bare)
		look_at_all(&f, pkts, n, of, true);
	else
		look_at_all(&f, pkts, n, of, false);
}

/* May the lease that covers the inner source send by that outer one? False: ask the stages. */
static __rte_always_inline bool find_sender(
	struct plain *p, struct ovnet_peer_counters *counters, bool validate)
{
	const struct rte_ipv4_hdr *outer =
		(const struct rte_ipv4_hdr *)(p->ip - OVNET_VXLAN4_LEN + RTE_ETHER_HDR_LEN);

	if (unlikely(p->word == NULL))
		return false;
	const uint64_t word = atomic_load_explicit(p->word, memory_order_relaxed);
	if (unlikely(ovnet_ingress_id(word) == 0 ||
		     (validate && ovnet_ingress_outer(word) != outer->src_addr)))
		return false;
	p->from = &counters[ovnet_ingress_id(word) - 1];
	rte_prefetch0_write(p->from);
	return true;
}

/* Where it goes, if there is nothing more to do than that. */
static __rte_always_inline bool find_port(const struct ovnet_path_ctx *ctx, struct plain *p)
{
	const struct ovnet_fib_view *view = ctx->view;
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->ip;
	const uint32_t dst = rte_be_to_cpu_32(ip->dst_addr);

	if (unlikely(dst - view->overlay.own.addr_host >= view->n_own))
		return false;
	const struct ovnet_endpoint *e = ovnet_fib_endpoint(view, dst);
	if (unlikely(e == NULL || e->port >= ctx->map->n_ports))
		return false;
	const struct ovnet_port *port = ctx->map->port[e->port];
	/* What takes packets merged is merge's to send to. */
	if (unlikely(port == NULL || (port->caps & OVNET_CAP_TX_GSO) != 0))
		return false;
	p->to = e;
	p->out = e->port;
	if (port->role == OVNET_PORT_HOST)
		return p->len <= view->overlay.mtu;
	return port->role == OVNET_PORT_ATTACH && p->len <= port->mtu && ip->time_to_live > 1;
}

bool STAGE(plain_decap)(struct ovnet_path_ctx *ctx, uint16_t n, struct plain *of)
{
	const bool validate = ctx->view->overlay.validation != OVNET_VALIDATE_OFF;
	struct ovnet_peer_counters *counters = ctx->counters->peer;
	unsigned differ = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (unlikely(of[i].ip == NULL || !find_sender(&of[i], counters, validate) ||
			     !find_port(ctx, &of[i]))) {
			of[i].ip = NULL;
			differ = 1;
			continue;
		}
		differ |= of[i].out ^ of->out;
	}
	return differ == 0;
}

uint32_t STAGE(plain_deliver)(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf *const *pkts, uint16_t n, const struct plain *of)
{
	const struct ovnet_port *to = ctx->map->port[of->out];
	const bool routed = to->role == OVNET_PORT_ATTACH;
	const struct ovnet_mac mac = ovnet_port_mac(to);
	uint32_t bytes = 0;

	(void)port; /* the same of any uplink */
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];
		uint16_t len = of[i].len, off = OVNET_VXLAN4_LEN;

		of[i].from->rx_packets++;
		of[i].from->rx_bytes += len;
		if (routed)
			ovnet_ttl_decrement4((struct rte_ipv4_hdr *)of[i].ip);
		if (!of[i].to->l3) {
			/* Where the inner one is, of the same type. */
			struct rte_ether_hdr *eth = (struct rte_ether_hdr *)of[i].ip - 1;
			memcpy(&eth->dst_addr, of[i].to->mac.b, sizeof(eth->dst_addr));
			memcpy(&eth->src_addr, mac.b, sizeof(eth->src_addr));
			off -= RTE_ETHER_HDR_LEN;
			len += RTE_ETHER_HDR_LEN;
		}
		m->data_off += off;
		m->data_len = len;
		m->pkt_len = len;
		bytes += len;
	}
	return bytes;
}
