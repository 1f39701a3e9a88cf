/* SPDX-License-Identifier: BSD-3-Clause */
#include <sys/socket.h>

#include "ip4.h"

#define ECN_DROP 0xff

/* RFC 6040 section 4.2, figure 4: [outer][inner] -> the ECN field to leave with. */
static const uint8_t ecn_table[4][4] = {
	/*            Not-ECT   ECT(1)  ECT(0)  CE: the inner one */
	/* Not-ECT */ {0, 1, 2, 3},
	/* ECT(1)  */ {0, 1, 1, 3},
	/* ECT(0)  */ {0, 1, 2, 3},
	/* CE      */ {ECN_DROP, 3, 3, 3},
};

/* RFC 1624: HC' = ~(~HC + ~m + m') for the word that holds version, length and TOS. */
static void set_tos(struct rte_ipv4_hdr *ip, uint8_t tos)
{
	uint32_t sum = (uint16_t)~rte_be_to_cpu_16(ip->hdr_checksum);

	sum += (uint16_t)~ip->type_of_service + (uint32_t)tos;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	ip->hdr_checksum = rte_cpu_to_be_16((uint16_t)~sum);
	ip->type_of_service = tos;
}

static inline int merge_ecn(struct rte_ipv4_hdr *ip, uint8_t outer_tos)
{
	uint8_t inner = ip->type_of_service & 3, outer = outer_tos & 3;

	if (likely(outer == inner || outer == 0))
		return PASS;
	uint8_t ecn = ecn_table[outer][inner];
	if (unlikely(ecn == ECN_DROP))
		return OVNET_DROP_ECN_ILLEGAL;
	if (ecn != inner)
		set_tos(ip, (uint8_t)((ip->type_of_service & ~3) | ecn));
	return PASS;
}

static inline bool same_mac(const struct rte_ether_addr *a, const struct ovnet_mac *b)
{
	uint32_t a_low, b_low;
	uint16_t a_high, b_high;

	memcpy(&a_low, a->addr_bytes, 4);
	memcpy(&a_high, a->addr_bytes + 4, 2);
	memcpy(&b_low, b->b, 4);
	memcpy(&b_high, b->b + 4, 2);
	return ((a_low ^ b_low) | (uint32_t)(a_high ^ b_high)) == 0;
}

/* What one loop leaves for the next: on the stack, see lookup.c. */
struct found {
	struct rte_ipv4_hdr *ip;
	const struct ovnet_peer *peer; /* whose subnet the inner source is in; may be NULL */
};

/* The inner frame's own headers; on PASS the packet is an IP packet and nothing more. */
static inline int check_inner(
	const struct ovnet_fib_view *view, struct rte_mbuf *m, struct found *found)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	struct ovnet_meta *meta = ovnet_meta(m);

	if (unlikely(m->data_len < RTE_ETHER_HDR_LEN))
		return OVNET_DROP_TRUNCATED;
	if (unlikely(!same_mac(&eth->dst_addr, &view->overlay.vtep_mac)))
		return OVNET_DROP_INNER_MAC;
	if (unlikely(eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4)))
		return eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6) ? OVNET_DROP_FAMILY_OFF
									: OVNET_DROP_NOT_IP;
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);
	int why = ip4_check(ip, m->data_len - RTE_ETHER_HDR_LEN, m->pkt_len - RTE_ETHER_HDR_LEN);
	if (unlikely(why != PASS))
		return why;
	if (unlikely(meta->offload & OVNET_OFF_CSUM)) {
		if (meta->csum_start < RTE_ETHER_HDR_LEN)
			return OVNET_DROP_CSUM_STATE;
		meta->csum_start -= RTE_ETHER_HDR_LEN;
	}
	strip(m, RTE_ETHER_HDR_LEN);
	meta->ip_version = 4;
	meta->l3_len = rte_be_to_cpu_16(ip->total_length);
	trim_to(m, meta->l3_len);

	found->ip = ip;
	found->peer = ovnet_fib_lookup(view, rte_be_to_cpu_32(ip->src_addr));
	rte_prefetch0((const char *)found->peer + RTE_CACHE_LINE_SIZE); /* id, who may send */
	return PASS;
}

/*
 * The packet is not what the sender's lease allows, unless it is the peer's host itself that
 * speaks with its underlay address.
 */
static __rte_noinline int check_stranger(
	const struct ovnet_fib *fib, uint32_t inner, uint32_t outer)
{
	const struct ovnet_addr source = {.family = AF_INET, .v4_be = outer};

	if (!ovnet_fib_is_source(fib, &source))
		return OVNET_DROP_UNKNOWN_PEER;
	return inner == outer ? PASS : OVNET_DROP_INNER_SOURCE;
}

static inline int admit(struct ovnet_path_ctx *ctx, const struct ovnet_meta *meta,
	const struct found *found, bool validate)
{
	const struct ovnet_peer *peer = found->peer;

	if (validate && unlikely(peer == NULL || !ovnet_peer_allows(peer, meta->src_be))) {
		int why = check_stranger(&ctx->shared->fib, found->ip->src_addr, meta->src_be);
		if (why != PASS)
			return why;
		peer = NULL;
	}
	int why = merge_ecn(found->ip, meta->outer_tos);
	if (unlikely(why != PASS))
		return why;
	if (likely(peer != NULL)) {
		struct ovnet_peer_counters *c = &ctx->counters->peer[peer->id];
		c->rx_packets++;
		c->rx_bytes += rte_be_to_cpu_16(found->ip->total_length);
	}
	return PASS;
}

static inline uint16_t burst(
	struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n, bool validate)
{
	struct found found[OVNET_BURST];
	struct refused bad;
	uint16_t whole = 0, kept = 0;

	bad.n = 0;
	for (uint16_t i = 0; i < n; i++) {
		int why = check_inner(ctx->view, pkts[i], &found[whole]);

		if (likely(why == PASS))
			pkts[whole++] = pkts[i];
		else
			refuse(&bad, pkts[i], why);
	}
	for (uint16_t i = 0; i < whole; i++) {
		int why = admit(ctx, ovnet_meta(pkts[i]), &found[i], validate);

		if (likely(why == PASS))
			pkts[kept++] = pkts[i];
		else
			refuse(&bad, pkts[i], why);
	}
	refused_drop(ctx, &bad);
	return kept;
}

uint16_t STAGE(decap)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n)
{
	if (n == 0)
		return 0;
	stage_enter(ctx, OVNET_STAGE_DECAP, pkts, n);
	if (ctx->view->overlay.validation == OVNET_VALIDATE_STRICT)
		return burst(ctx, pkts, n, true);
	return burst(ctx, pkts, n, false);
}
