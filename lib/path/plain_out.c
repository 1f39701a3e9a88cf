/* SPDX-License-Identifier: BSD-3-Clause */
#include "encap/vxlan4.h"
#include "packet/ttl.h"
#include "path/attached.h"
#include "path/bare.h"
#include "path/flow_hash.h"
#include "path/link.h"
#include "path/plain.h"

#include "path/level.h"

/*
 * What is the same for a whole burst; of the view its own copy, as no store into a packet can be
 * one into that.
 */
struct from {
	const struct ovnet_fib_view *view;
	const _Atomic(const struct ovnet_peer *) *slot;
	uint32_t base, n_slots, own, n_own;
	uint16_t port;
	uint8_t shift;
	bool mss_clamp;
};

/* In one piece with room in front, and nothing undone; `link` bytes before the IP header. */
static __rte_always_inline bool is_whole(
	const struct rte_mbuf *m, const struct ovnet_meta *meta, uint16_t link, bool bare)
{
	return likely(m->nb_segs == 1) && likely(m->data_len >= link + IP4_MIN) &&
	       likely(is_plain_meta(meta, bare)) && likely(m->data_off + link >= OVNET_VXLAN4_LEN);
}

/* route.c's check_attached_source(), where it passes, but for what is special. */
static __rte_always_inline bool lives_there(
	const struct from *f, const struct rte_ipv4_hdr *ip, uint32_t src)
{
	const struct rte_ether_hdr *eth = (const struct rte_ether_hdr *)ip - 1;

	if (unlikely(src - f->own >= f->n_own))
		return false;
	const struct ovnet_endpoint *e =
		atomic_load_explicit(&f->view->own[src - f->own], memory_order_acquire);
	return e != NULL && is_from_endpoint(eth, e, f->port) && !e->l3 &&
	       !is_group(&eth->dst_addr);
}

/*
 * By the header and the ports behind it: the flow's hash, as flow_hash4() has it, if the packet
 * is_special_at() nothing where that is asked. False: it is.
 */
static __rte_always_inline bool look_at_ports(
	const struct rte_ipv4_hdr *ip, uint16_t len, bool ask, uint32_t *hash)
{
	const bool udp = ip->next_proto_id == IPPROTO_UDP;
	uint32_t ports;

	if (unlikely(!(udp || ip->next_proto_id == IPPROTO_TCP) || len < IP4_MIN + sizeof(ports) ||
		     ip4_is_fragment(ip))) {
		*hash = flow_hash4(ip, IP4_MIN, len);
		return !ask || !is_special_at(ip, len);
	}
	memcpy(&ports, ip + 1, sizeof(ports));
	*hash = hash_flow4(ip, ports);
	return !ask || !udp || likely(!is_dhcp4_port((uint16_t)rte_be_to_cpu_32(ports)));
}

/* Sets p->ip and all else that is known by the packet alone, if it is plain so far. */
static __rte_always_inline void look(
	const struct from *f, struct rte_mbuf *m, struct plain *p, bool attached, bool bare)
{
	const uint16_t link = attached ? RTE_ETHER_HDR_LEN : 0;
	struct ovnet_meta *meta = ovnet_meta(m);

	if (unlikely(!is_whole(m, meta, link, bare)))
		return;
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, link);
	const uint32_t src = rte_be_to_cpu_32(ip->src_addr), first = first_word(ip);
	const uint16_t len = (uint16_t)first;
	if (unlikely(first >> 24 != RTE_IPV4_VHL_DEF || len < IP4_MIN || len + link > m->data_len))
		return;
	if (unlikely(f->mss_clamp) && ip->next_proto_id == IPPROTO_TCP)
		return;
	if (attached) {
		if (unlikely(((const struct rte_ether_hdr *)ip - 1)->ether_type !=
				     RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
			     !lives_there(f, ip, src) || ip->time_to_live <= 1))
			return;
	} else if (unlikely(src - f->own >= f->n_own)) {
		return;
	}
	if (unlikely(!look_at_ports(ip, len, attached, &p->hash)))
		return;
	p->ip = (uint8_t *)ip;
	p->len = len;
	if (!bare && unlikely(meta->flags & OVNET_META_HASH))
		p->hash = meta->hash;
	else if (unlikely(m->ol_flags & RTE_MBUF_F_RX_RSS_HASH))
		p->hash = m->hash.rss;
	const uint32_t i = (rte_be_to_cpu_32(ip->dst_addr) - f->base) >> f->shift;
	p->slot = likely(i < f->n_slots) ? &f->slot[i] : NULL;
	rte_prefetch0((const void *)p->slot);
}

static __rte_always_inline void look_at_all(const struct from *from, struct rte_mbuf *const *pkts,
	uint16_t n, struct plain *of, bool attached, bool bare)
{
	const struct from f = *from;

	for (uint16_t i = 0; i < n; i++) {
		/* the line before the packet's is to be written */
		rte_prefetch0_write(rte_pktmbuf_mtod(pkts[i], char *) - OVNET_VXLAN4_LEN);
		of[i].ip = NULL;
		look(&f, pkts[i], &of[i], attached, bare);
	}
}

void STAGE(plain_classify_out)(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf *const *pkts, uint16_t n, struct plain *of)
{
	const struct from f = {.view = ctx->view,
		.slot = ctx->view->slot,
		.base = ctx->view->base,
		.n_slots = ctx->view->n_slots,
		.shift = ctx->view->shift,
		.own = ctx->view->overlay.own.addr_host,
		.n_own = ctx->view->n_own,
		.port = port->id,
		.mss_clamp = ctx->view->overlay.mss_clamp};

	if (port->role != OVNET_PORT_ATTACH) {
		bare_write(ctx, port->id, pkts, n); /* the host device's driver writes it */
		look_at_all(&f, pkts, n, of, false, false);
	} else if (ctx->bare) {
		look_at_all(&f, pkts, n, of, true, true);
	} else {
		look_at_all(&f, pkts, n, of, true, false);
	}
}

/* Whose it is: in the index, mostly. */
static __rte_always_inline const struct ovnet_peer *find_peer(
	const struct ovnet_fib_view *view, const struct plain *p)
{
	const struct ovnet_peer *peer = NULL;

	if (unlikely(p->ip == NULL))
		return NULL;
	if (likely(p->slot != NULL))
		peer = atomic_load_explicit(p->slot, memory_order_acquire);
	return likely(peer != NULL) ? peer : peer_of(view, p->ip);
}

bool STAGE(plain_route)(struct ovnet_path_ctx *ctx, uint16_t n, struct plain *of)
{
	struct ovnet_peer_counters *counters = ctx->counters->peer;
	const struct ovnet_fib_view *view = ctx->view;
	unsigned differ = 0;

	for (uint16_t i = 0; i < n; i++) {
		of[i].peer = find_peer(view, &of[i]);
		rte_prefetch0(of[i].peer);
	}
	for (uint16_t i = 0; i < n; i++) {
		const struct ovnet_peer *peer = of[i].peer;

		if (unlikely(peer == NULL || peer->encap != OVNET_ENCAP_VXLAN4 ||
			     peer->nh == NULL || of[i].len > peer->mtu)) {
			of[i].ip = NULL;
			differ = 1;
			continue;
		}
		rte_prefetch0_write(&counters[peer->tx_id]);
		of[i].nh = ovnet_nh_get(peer->nh);
		of[i].out = of[i].nh->port;
		differ |= of[i].out ^ of->out;
		if (unlikely(!of[i].nh->resolved || of[i].out >= OVNET_MAX_PORTS)) {
			of[i].ip = NULL;
			differ = 1;
		}
	}
	return differ == 0;
}

static __rte_always_inline uint32_t push_all(struct ovnet_path_ctx *ctx,
	struct rte_mbuf *const *pkts, uint16_t n, const struct plain *of, bool attached)
{
	const struct ovnet_overlay *o = &ctx->view->overlay;
	const uint32_t port_min = o->src_port_min, ports = (uint32_t)o->src_port_max - port_min + 1;
	const uint16_t step = ctx->shared->n_workers;
	struct ovnet_peer_counters *counters = ctx->counters->peer;
	uint16_t ip_id = ctx->ip_id;
	uint32_t bytes = 0;

	for (uint16_t i = 0; i < n; i++, ip_id = (uint16_t)(ip_id + step)) {
		struct rte_mbuf *m = pkts[i];
		uint8_t *ip = of[i].ip;
		const uint16_t len = of[i].len;
		const struct ovnet_peer *peer = of[i].peer;
		const struct ovnet_outer4_packet p = {.inner_len = len,
			.src_port = (uint16_t)(port_min + ((uint64_t)of[i].hash * ports >> 32)),
			.ip_id = ip_id,
			.inner_tos = ip[1]};

		if (attached)
			ovnet_ttl_decrement4((struct rte_ipv4_hdr *)ip);
		ovnet_vxlan4_push(ip - OVNET_VXLAN4_LEN, &peer->rewrite, of[i].nh->eth, &p);
		m->data_off = (uint16_t)(m->data_off + (attached ? RTE_ETHER_HDR_LEN : 0) -
					 OVNET_VXLAN4_LEN);
		m->data_len = (uint16_t)(len + OVNET_VXLAN4_LEN);
		m->pkt_len = m->data_len;
		bytes += m->data_len;
		struct ovnet_peer_counters *c = &counters[peer->tx_id];
		c->tx_packets++;
		c->tx_bytes += len;
	}
	ctx->ip_id = ip_id;
	return bytes;
}

uint32_t STAGE(plain_encap)(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf *const *pkts, uint16_t n, const struct plain *of)
{
	return port->role == OVNET_PORT_ATTACH ? push_all(ctx, pkts, n, of, true)
					       : push_all(ctx, pkts, n, of, false);
}
