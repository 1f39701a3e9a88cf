/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the headers of a TCP or UDP packet end, for what cuts and merges them. Private to
 * lib/packet.
 */
#ifndef OVNET_PACKET_GSO_HEADERS_H
#define OVNET_PACKET_GSO_HEADERS_H

#include <netinet/in.h>
#include <stdbool.h>

#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "packet/meta.h"

/* Bytes from the IP header on. */
struct gso_headers {
	uint16_t l4, len; /* where TCP or UDP begins, and where it ends */
	uint8_t proto;
	bool v6;
};

static inline bool gso_find4(const uint8_t *at, unsigned avail, struct gso_headers *h)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)at;

	if (avail < sizeof(*ip) || rte_ipv4_hdr_len(ip) < sizeof(*ip) ||
		(ip->fragment_offset & RTE_BE16(0x3fff)) != 0)
		return false;
	h->proto = ip->next_proto_id;
	h->l4 = rte_ipv4_hdr_len(ip);
	h->v6 = false;
	return true;
}

/* Behind extension headers that are the same in each segment: no fragment's, none that signs. */
static inline bool gso_find6(const uint8_t *at, unsigned avail, struct gso_headers *h)
{
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)at;
	unsigned l4 = sizeof(*ip);

	if (avail < l4)
		return false;
	h->proto = ip->proto;
	h->v6 = true;
	while (h->proto == IPPROTO_HOPOPTS || h->proto == IPPROTO_DSTOPTS ||
		h->proto == IPPROTO_ROUTING) {
		if (l4 + 8 > avail)
			return false;
		h->proto = at[l4];
		l4 += (at[l4 + 1] + 1u) * 8;
	}
	h->l4 = (uint16_t)l4;
	return true;
}

/* False: neither TCP nor UDP, a fragment, or not all of the headers in these `avail` bytes. */
static inline bool gso_find(const uint8_t *at, unsigned avail, struct gso_headers *h)
{
	if (avail == 0 || !(at[0] >> 4 == 6 ? gso_find6(at, avail, h) : gso_find4(at, avail, h)))
		return false;
	unsigned len = sizeof(struct rte_udp_hdr);
	if (h->proto == IPPROTO_TCP) {
		if (h->l4 + sizeof(struct rte_tcp_hdr) > avail)
			return false;
		len = (((const struct rte_tcp_hdr *)(at + h->l4))->data_off >> 4) * 4u;
		if (len < sizeof(struct rte_tcp_hdr))
			return false;
	} else if (h->proto != IPPROTO_UDP) {
		return false;
	}
	h->len = (uint16_t)(h->l4 + len);
	return h->len <= avail;
}

/* The one kind of segmentation that such a packet can have undone. */
static inline uint8_t gso_kind(const struct gso_headers *h)
{
	if (h->proto == IPPROTO_UDP)
		return OVNET_OFF_USO;
	return h->v6 ? OVNET_OFF_TSO6 : OVNET_OFF_TSO4;
}

/* Where its checksum is in TCP's or UDP's header. */
static inline uint16_t gso_csum_offset(const struct gso_headers *h)
{
	return h->proto == IPPROTO_TCP ? offsetof(struct rte_tcp_hdr, cksum)
				       : offsetof(struct rte_udp_hdr, dgram_cksum);
}

#endif
