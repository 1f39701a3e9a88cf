/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP and UDP packets that are still to be cut into segments (OVNET_OFF_GSO): whether they are what
 * they are said to be, and cutting them where a port does not take them whole. The packet's owner
 * only.
 */
#ifndef OVNET_PACKET_GSO_H
#define OVNET_PACKET_GSO_H

#include <stddef.h>

#include "packet/meta.h"

/* From the IP header to the payload, at most: extension headers and options included. */
#define OVNET_GSO_HEADERS 256u
/* In front of the IP header, at most: Ethernet with a VLAN tag. */
#define OVNET_GSO_LINK 18u
/*
 * Headroom of each buffer but the first of a packet that has landed cut (below): for a copy of the
 * headers, and of what a tunnel puts in front of them.
 */
#define OVNET_CUT_HEADROOM (128 + 128)

/* Buffers of a packet that a port may take whole: what a driver has iovecs for. */
#define OVNET_GSO_CHAIN_MAX 64

/*
 * For classify: is the packet, whose IP header is behind `link` bytes, with l3_len set and nothing
 * behind that many bytes of IP, what its offload bits, gso_size and csum_start say? Gets its
 * headers into the first buffer. 0: hdr_len and gso_segs are set; or, where one segment holds all
 * of it, no segmentation is undone any more. -EINVAL: not TCP or UDP as said, a fragment, headers
 * beyond OVNET_GSO_HEADERS, more segments than there may be.
 */
int ovnet_gso_check(struct rte_mbuf *m, uint16_t link);

/* Of an even number of bytes, the last may be missing one: their sum, folded, in memory order. */
typedef uint16_t ovnet_sum_fn(const void *at, size_t len);

/*
 * A packet on its way to segments. Each is a packet as the kernel's own segmentation makes it: IPv4
 * identifications count up, CWR is in the first one alone (RFC 3168 section 6.1.2), FIN and PSH in
 * the last one, and nothing is left undone. Metadata is the packet's but for l3_len, without a
 * trace.
 *
 * A packet that has landed cut is taken apart without a byte of payload being copied: its first
 * buffer ends with the first segment, each later one is exactly a segment's payload, is nobody
 * else's and has the headroom. Any other is copied into buffers of its pool, a segment larger than
 * a buffer into several.
 */
struct ovnet_gso_cut {
	/*
	 * The packet, or what is left of it; NULL: all of it is out. Where ovnet_gso_next()
	 * returned less than it was asked for, the caller's to drop: its pool is empty.
	 */
	struct rte_mbuf *rest;
	uint16_t left;          /* segments still to come */
	struct ovnet_meta meta; /* of those, but for l3_len */
	ovnet_sum_fn *sum;
	/* private */
	bool landed, v6, udp;
	uint16_t link, l4,
		headers;  /* bytes: the IP header, the upper one, the payload are behind */
	uint16_t size;    /* payload of a segment */
	uint32_t payload; /* still to come */
	uint16_t id;      /* IPv4: of the next segment */
	uint8_t flags;    /* TCP: of the packet */
	uint32_t seq;     /* TCP: of the next segment */
	/* Of the headers, but for what differs between segments. */
	uint32_t ip_sum, l4_sum;
	const struct rte_mbuf *from; /* copying: where the next byte is */
	uint16_t from_at;
	uint8_t header[OVNET_GSO_LINK + OVNET_GSO_HEADERS];
};

/* A packet that passed ovnet_gso_check(), with OVNET_OFF_GSO; link: as there. It is `c`'s now. */
void ovnet_gso_begin(struct ovnet_gso_cut *c, struct rte_mbuf *m, uint16_t link);
/* The next `n` segments, fewer where there are no more, or no buffers: c->rest says. */
uint16_t ovnet_gso_next(struct ovnet_gso_cut *c, struct rte_mbuf **out, uint16_t n);

#endif
