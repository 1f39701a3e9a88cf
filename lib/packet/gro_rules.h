/* SPDX-License-Identifier: BSD-3-Clause */
/* What may become part of what, for gro.c. Private to lib/packet. */
#ifndef OVNET_PACKET_GRO_RULES_H
#define OVNET_PACKET_GRO_RULES_H

#include "packet/gro.h"
#include "packet/gso_headers.h"

/* A packet of TCP or UDP. */
struct gro_item {
	struct rte_mbuf *m;
	uint8_t *ip, *l4;
	struct gso_headers h;
	uint16_t link, payload;
	enum { GRO_UNKNOWN, GRO_RIGHT, GRO_WRONG } sums;
};

/* Packets that are one, or are to be. */
struct gro_flow {
	struct gro_item head;
	struct rte_mbuf *tail;
	uint32_t len; /* bytes of IP, all in all */
	uint16_t segs;
	uint16_t id, id_step; /* IPv4: the last one's; from one to the next, where there are two */
	uint32_t seq;         /* TCP: of what would follow */
	bool closed;          /* nothing may follow */
};

/* False: neither TCP nor UDP, or nothing of the kind that is taken; no matter to any flow. */
bool gro_read(struct gro_item *it, struct rte_mbuf *m, uint8_t takes);
/* Of the same flow? Nothing is said of whether it may join. */
bool gro_same_flow(const struct gro_item *a, const struct gro_item *b);
bool gro_may_begin(const struct gro_item *it, uint8_t takes);
/* By its headers. */
bool gro_may_follow(const struct gro_flow *f, const struct gro_item *it);
/* Are its checksums right? Summed up once. */
bool gro_is_right(struct gro_item *it, ovnet_sum_fn *sum);

/* The pseudo header's sum over `len` bytes of the upper layer, folded, in memory order. */
uint16_t gro_pseudo_sum(const struct gro_item *it, uint16_t len);

/* The header that begins there. */
static inline struct rte_ipv4_hdr *gro_ip4(const struct gro_item *it)
{
	return (struct rte_ipv4_hdr *)it->ip;
}

static inline struct rte_tcp_hdr *gro_tcp(const struct gro_item *it)
{
	return (struct rte_tcp_hdr *)it->l4;
}

static inline struct rte_udp_hdr *gro_udp(const struct gro_item *it)
{
	return (struct rte_udp_hdr *)it->l4;
}

#endif
