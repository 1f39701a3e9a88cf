/* SPDX-License-Identifier: BSD-3-Clause */
#include "encap/vxlan4.h"
#include "encap/vxlan6.h"
#include "packet/csum.h"
#include "packet/csum_sum.h"
#include "packet/ttl.h"
#include "path/ip6.h"
#include "path/outer_mode.h"

#include "path/level.h"

/* The underlay sees only finished packets: no NIC is trusted with the inner header yet. */
static int finish(struct rte_mbuf *m)
{
	if (ovnet_meta(m)->offload & OVNET_OFF_GSO)
		return OVNET_DROP_GSO_STATE;
	return ovnet_csum_finish(m) == 0 ? PASS : OVNET_DROP_CSUM_STATE;
}

/* What is the same for a whole burst, read once; the path's state, written back once. */
struct burst {
	struct ovnet_peer_counters *peer;
	struct ovnet_outer_mode mode;
	uint32_t port_min, ports;
	uint16_t ip_id, ip_id_step;
};

static inline bool inner_is_ip6(const struct ovnet_meta *meta, enum ovnet_encap kind)
{
	return kind != OVNET_ENCAP_UDP4 && meta->ip_version == 6;
}

static inline struct ovnet_inner inner_of(const void *ip, bool v6)
{
	const struct rte_ipv4_hdr *ip4 = ip;
	const struct rte_ipv6_hdr *ip6 = ip;

	if (v6)
		return (struct ovnet_inner){ip6_tos(ip6), ip6->hop_limits, true};
	return (struct ovnet_inner){ip4->type_of_service, ip4->time_to_live,
		(ip4->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG)) != 0};
}

static inline uint16_t source_port(const struct burst *b, const struct ovnet_meta *meta)
{
	return (uint16_t)(b->port_min + ((uint64_t)meta->hash * b->ports >> 32));
}

static inline void write_outer4(struct burst *b, const struct ovnet_meta *meta, uint8_t *ip,
	uint8_t tos, enum ovnet_encap kind)
{
	const struct ovnet_outer4_packet p = {
		.inner_len = meta->l3_len,
		.src_port = source_port(b, meta),
		.ip_id = b->ip_id,
		.inner_tos = tos,
	};

	b->ip_id = (uint16_t)(b->ip_id + b->ip_id_step);
	if (kind == OVNET_ENCAP_VXLAN4)
		ovnet_vxlan4_push(ip - OVNET_VXLAN4_LEN, &meta->peer->rewrite, meta->nh->eth, &p);
	else
		ovnet_udp4_push(ip - OVNET_UDP4_LEN, &meta->peer->rewrite, meta->nh->eth, &p);
}

static inline void write_outer6(const struct burst *b, const struct rte_mbuf *m,
	const struct ovnet_meta *meta, uint8_t *ip, uint8_t tos)
{
	const struct ovnet_outer6_packet p = {
		.inner_len = meta->l3_len,
		.src_port = source_port(b, meta),
		.inner_tos = tos,
		.csum = b->mode.csum6,
		.inner_sum = b->mode.csum6 ? rte_be_to_cpu_16(ovnet_csum_sum(m, 0)) : 0,
	};

	ovnet_vxlan6_push(ip - OVNET_VXLAN6_LEN, &meta->peer->rewrite, meta->nh->eth, &p);
}

static inline void write_ethernet(const struct ovnet_meta *meta, uint8_t *ip)
{
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)(ip - OVNET_ETH_LEN);

	memcpy(eth, meta->nh->eth, OVNET_ETH_LEN);
	if (meta->ip_version == 6)
		eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
}

/* Bytes in front of the inner IP header. */
static inline uint16_t header_len(enum ovnet_encap kind)
{
	switch (kind) {
	case OVNET_ENCAP_VXLAN4:
		return OVNET_VXLAN4_LEN;
	case OVNET_ENCAP_UDP4:
		return OVNET_UDP4_LEN;
	case OVNET_ENCAP_VXLAN6:
		return OVNET_VXLAN6_LEN;
	default:
		return OVNET_ETH_LEN;
	}
}

/* `kind` and `modes`, whether b->mode asks for anything but csum6, are constants. */
static __rte_always_inline int push(
	struct burst *b, struct rte_mbuf *m, enum ovnet_encap kind, bool modes)
{
	const uint16_t len = header_len(kind);
	struct ovnet_meta *meta = ovnet_meta(m);

	if (unlikely(meta->offload != 0)) {
		int why = finish(m);
		if (why != PASS)
			return why;
	}
	if (unlikely(m->data_off < len))
		return OVNET_DROP_NO_HEADROOM;

	const struct ovnet_peer *peer = meta->peer;
	const uint16_t inner_len = meta->l3_len;
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);
	/* As flannel does; the kernel's or our own routing has done so before. */
	if (kind == OVNET_ENCAP_UDP4 && unlikely(!ovnet_ttl_decrement4((struct rte_ipv4_hdr *)ip)))
		return OVNET_DROP_TTL_EXCEEDED;
	const struct ovnet_inner inner = inner_of(ip, inner_is_ip6(meta, kind));
	if (kind == OVNET_ENCAP_DIRECT)
		write_ethernet(meta, ip);
	else if (kind == OVNET_ENCAP_VXLAN6)
		write_outer6(b, m, meta, ip, inner.tos);
	else
		write_outer4(b, meta, ip, inner.tos, kind);
	m->data_off -= len;
	m->data_len += len;
	m->pkt_len += len;
	if (modes && kind == OVNET_ENCAP_VXLAN6)
		ovnet_outer_mode6(m, &b->mode, &inner);
	else if (modes && kind != OVNET_ENCAP_DIRECT)
		ovnet_outer_mode4(m, &b->mode, &inner);

	struct ovnet_peer_counters *c = &b->peer[peer->tx_id];
	c->tx_packets++;
	c->tx_bytes += inner_len;
	return PASS;
}

/* One burst's packets and how far it is. */
struct progress {
	struct rte_mbuf **pkts;
	uint16_t n, next, kept;
	struct refused bad;
};

/*
 * As many packets as are of one kind. Most bursts are one run. What a run needs is its own copy: no
 * store into a packet can be one into it.
 */
static __rte_always_inline void push_run(
	struct burst *shared, struct progress *p, enum ovnet_encap kind, bool modes)
{
	struct rte_mbuf **pkts = p->pkts;
	uint16_t i = p->next, kept = p->kept, n = p->n;
	struct burst b = *shared;

	for (; i < n; i++) {
		struct rte_mbuf *m = pkts[i];

		if (unlikely(ovnet_meta(m)->peer->encap != kind))
			break;
		int why = push(&b, m, kind, modes);
		if (likely(why == PASS))
			pkts[kept++] = m;
		else
			refuse(&p->bad, m, why);
	}
	shared->ip_id = b.ip_id;
	p->next = i;
	p->kept = kept;
}

static __rte_always_inline void push_all(struct burst *b, struct progress *p, bool modes)
{
	while (p->next < p->n) {
		switch ((enum ovnet_encap)ovnet_meta(p->pkts[p->next])->peer->encap) {
		case OVNET_ENCAP_VXLAN4:
			push_run(b, p, OVNET_ENCAP_VXLAN4, modes);
			break;
		case OVNET_ENCAP_UDP4:
			push_run(b, p, OVNET_ENCAP_UDP4, modes);
			break;
		case OVNET_ENCAP_DIRECT:
			push_run(b, p, OVNET_ENCAP_DIRECT, modes);
			break;
		case OVNET_ENCAP_VXLAN6:
			push_run(b, p, OVNET_ENCAP_VXLAN6, modes);
			break;
		}
	}
}

static __rte_noinline void push_all_by_mode(struct burst *b, struct progress *p)
{
	push_all(b, p, true);
}

uint16_t STAGE(encap)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n)
{
	struct progress p;

	if (n == 0)
		return 0;
	stage_enter(ctx, OVNET_STAGE_ENCAP, pkts, n);
	const struct ovnet_overlay *o = &ctx->view->overlay;
	struct burst b = {
		.peer = ctx->counters->peer,
		.mode = o->outer,
		.port_min = o->src_port_min,
		.ports = (uint32_t)o->src_port_max - o->src_port_min + 1,
		.ip_id = ctx->ip_id,
		.ip_id_step = ctx->shared->n_workers,
	};
	p.pkts = pkts;
	p.n = n;
	p.next = p.kept = p.bad.n = 0;
	if (unlikely(o->outer.dscp_inherit || o->outer.ttl_inherit || o->outer.df_inherit ||
		     o->outer.csum4))
		push_all_by_mode(&b, &p);
	else
		push_all(&b, &p, false);
	ctx->ip_id = b.ip_id;
	refused_answer(ctx, &p.bad);
	return p.kept;
}
