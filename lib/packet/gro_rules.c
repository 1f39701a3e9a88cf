/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/gro_rules.h"

#include <string.h>

#include "packet/csum_sum.h"
#include "packet/dpdk_compat.h"

/* TCP's flags: what only the last may have, and what all of them may have alike. */
#define LAST ((uint8_t)(RTE_TCP_PSH_FLAG | RTE_TCP_FIN_FLAG))
#define LIKE ((uint8_t)(RTE_TCP_ACK_FLAG | RTE_TCP_ECE_FLAG))
#define CWR  ((uint8_t)RTE_TCP_CWR_FLAG)

bool gro_read(struct gro_item *it, struct rte_mbuf *m, uint8_t takes)
{
	const struct ovnet_meta *meta = ovnet_meta(m);
	const uint32_t link = m->pkt_len - meta->l3_len;

	if (link > OVNET_GSO_LINK || m->data_len <= link)
		return false;
	it->m = m;
	it->link = (uint16_t)link;
	it->ip = rte_pktmbuf_mtod_offset(m, uint8_t *, link);
	if (!gso_find(it->ip, m->data_len - link, &it->h) || (gso_kind(&it->h) & takes) == 0)
		return false;
	it->l4 = it->ip + it->h.l4;
	it->payload = (uint16_t)(meta->l3_len - it->h.len);
	it->sums = GRO_UNKNOWN;
	return true;
}

bool gro_same_flow(const struct gro_item *a, const struct gro_item *b)
{
	const size_t at = a->h.v6 ? 8 : 12, len = a->h.v6 ? 32 : 8;

	return a->h.v6 == b->h.v6 && a->h.proto == b->h.proto && memcmp(a->l4, b->l4, 4) == 0 &&
	       memcmp(a->ip + at, b->ip + at, len) == 0 &&
	       ovnet_meta(a->m)->out_port == ovnet_meta(b->m)->out_port;
}

/* Can it be a part at all? There is payload, its first byte behind the headers. */
static bool is_part(const struct gro_item *it)
{
	if (ovnet_meta(it->m)->offload != 0 || it->m->data_len <= it->link + it->h.len)
		return false;
	return it->h.proto == IPPROTO_TCP ||
	       (gro_udp(it)->dgram_cksum != 0 &&
		       rte_be_to_cpu_16(gro_udp(it)->dgram_len) == 8 + it->payload);
}

bool gro_may_begin(const struct gro_item *it, uint8_t takes)
{
	const uint8_t cwr = takes & OVNET_GRO_ECN ? CWR : 0;

	if (!is_part(it))
		return false;
	return it->h.proto == IPPROTO_UDP ||
	       ((gro_tcp(it)->tcp_flags & RTE_TCP_ACK_FLAG) != 0 &&
		       (gro_tcp(it)->tcp_flags & (uint8_t) ~(LIKE | cwr)) == 0);
}

/* All of the IP headers but for length, identification and checksum. */
static bool is_like_ip(const struct gro_flow *f, const struct gro_item *it)
{
	const uint8_t *a = f->head.ip, *b = it->ip;
	const uint16_t len = it->h.l4;

	if (it->h.v6)
		return memcmp(a, b, 4) == 0 && memcmp(a + 6, b + 6, len - 6u) == 0;
	if (memcmp(a, b, 2) != 0 || memcmp(a + 6, b + 6, 4) != 0 ||
		memcmp(a + 12, b + 12, len - 12u) != 0)
		return false;
	const uint16_t step = (uint16_t)(rte_be_to_cpu_16(gro_ip4(it)->packet_id) - f->id);
	const bool df = (gro_ip4(it)->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG)) != 0;
	return f->segs > 1 ? step == f->id_step : step == 1 || (step == 0 && df);
}

/* Acknowledgement, window, urgent pointer, options; flags but for those of first and last. */
static bool is_like_tcp(const struct gro_flow *f, const struct gro_item *it)
{
	const struct rte_tcp_hdr *a = gro_tcp(&f->head), *b = gro_tcp(it);

	return rte_be_to_cpu_32(b->sent_seq) == f->seq && a->recv_ack == b->recv_ack &&
	       a->data_off == b->data_off && (b->tcp_flags & CWR) == 0 &&
	       ((a->tcp_flags ^ b->tcp_flags) & (uint8_t) ~(LAST | CWR)) == 0 &&
	       a->rx_win == b->rx_win && a->tcp_urp == b->tcp_urp &&
	       memcmp(a + 1, b + 1, it->h.len - it->h.l4 - sizeof(*a)) == 0;
}

bool gro_may_follow(const struct gro_flow *f, const struct gro_item *it)
{
	return !f->closed && is_part(it) && it->payload <= f->head.payload &&
	       it->link == f->head.link && it->h.l4 == f->head.h.l4 && it->h.len == f->head.h.len &&
	       f->len + it->payload <= UINT16_MAX && f->segs < OVNET_GSO_SEGS_MAX &&
	       f->head.m->nb_segs + it->m->nb_segs <= OVNET_GSO_CHAIN_MAX && is_like_ip(f, it) &&
	       (it->h.proto == IPPROTO_UDP || is_like_tcp(f, it));
}

uint16_t gro_pseudo_sum(const struct gro_item *it, uint16_t len)
{
	uint32_t sum =
		it->h.v6 ? rte_raw_cksum(ovnet_ip6_src(it->ip), 32) : rte_raw_cksum(it->ip + 12, 8);

	sum += rte_cpu_to_be_16(it->h.proto) + rte_cpu_to_be_16(len);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

static bool sums_are_right(const struct gro_item *it, ovnet_sum_fn *sum)
{
	const uint16_t len = (uint16_t)(it->h.len - it->h.l4 + it->payload);
	uint32_t all = gro_pseudo_sum(it, len);

	if (!it->h.v6 && rte_raw_cksum(it->ip, it->h.l4) != 0xffff)
		return false;
	all += it->m->nb_segs == 1 ? sum(it->l4, len)
				   : ovnet_csum_sum(it->m, (uint32_t)it->link + it->h.l4);
	return (all & 0xffff) + (all >> 16) == 0xffff;
}

bool gro_is_right(struct gro_item *it, ovnet_sum_fn *sum)
{
	if (it->sums == GRO_UNKNOWN)
		it->sums = sums_are_right(it, sum) ? GRO_RIGHT : GRO_WRONG;
	return it->sums == GRO_RIGHT;
}
