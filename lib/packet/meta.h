/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ovnet knows of a packet beside its bytes: one cache line in the private
 * area of every mbuf from ovnet_pool_new(). Owned by whoever owns the mbuf.
 *
 * Checksum and segmentation state is explicit from the port a packet came in by
 * to the port it leaves by: `offload` says what is still undone, and only a driver
 * that declares the matching capability may hand such a packet in or take it.
 * A driver sets every field up to `hash` on rx (ovnet_meta_reset() is "nothing undone"), or
 * leaves that to the path (OVNET_CAP_BARE).
 */
#ifndef OVNET_PACKET_META_H
#define OVNET_PACKET_META_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

struct ovnet_peer;
struct ovnet_nexthop;
struct ovnet_endpoint;

/* What is still undone; bits of ovnet_meta.offload. */
#define OVNET_OFF_CSUM 0x01 /* checksum from csum_start on, stored at csum_start + csum_offset */
#define OVNET_OFF_TSO4 0x02 /* TCP over IPv4, to be cut to gso_size; with OVNET_OFF_CSUM */
#define OVNET_OFF_TSO6 0x04
#define OVNET_OFF_USO  0x08 /* UDP, to be cut to gso_size */
#define OVNET_OFF_GSO  (OVNET_OFF_TSO4 | OVNET_OFF_TSO6 | OVNET_OFF_USO)

/*
 * Segments one packet may be cut into: 64 KB over an MTU of 576 are 124. What claims more
 * (a guest may say one byte each) is refused, but for TCP in segments that it may have come to by
 * itself: over a way of 552 bytes, say, or with the smallest that Linux takes from a peer.
 */
#define OVNET_GSO_SEGS_MAX     128
#define OVNET_GSO_TCP_LEAST    88
#define OVNET_GSO_TCP_SEGS_MAX (UINT16_MAX / OVNET_GSO_TCP_LEAST + 1)

/* ovnet_meta.flags */
#define OVNET_META_HASH   0x01 /* `hash` is valid */
#define OVNET_META_TRACE  0x02 /* a trace follows this packet */
#define OVNET_META_ROUTE  0x04 /* ovnet is a router on its way: TTL counts down; set by classify */
#define OVNET_META_ANSWER 0x08 /* an answer or a piece of a packet: nobody is told of its fate */
#define OVNET_META_VERIFY 0x10 /* its checksums were right, and are to be when it is sent */

struct ovnet_meta {
	uint16_t in_port;     /* port id it came in by */
	uint16_t out_port;    /* port id it leaves by; set by route/deliver */
	uint8_t offload;      /* OVNET_OFF_* */
	uint8_t flags;        /* OVNET_META_* */
	uint16_t csum_start;  /* bytes from the first byte of the packet's data */
	uint16_t csum_offset; /* bytes from csum_start */
	uint16_t gso_size;    /* payload bytes per segment */
	uint32_t hash;        /* flow hash over the inner 5-tuple */
	/*
	 * Source address, network order: the outer one of a packet from an uplink (decap validates
	 * it), the inner one elsewhere and where there is no outer header. Set by classify; shown
	 * with drops.
	 */
	union {
		uint32_t src_be;
		uint8_t src6[16];
	};
	uint8_t src_version;    /* 4 or 6: of src; 0: not known */
	uint8_t ip_version;     /* 4 or 6: of the inner packet, set by classify or decap */
	uint8_t outer_tos;      /* decap: outer TOS byte or traffic class, for RFC 6040 */
	uint8_t out_generation; /* of out_port, valid in a hand-off ring only */
	uint8_t encap;          /* enum ovnet_encap it came in; set by classify, uplinks */
	uint16_t l3_len;        /* total length of the (inner) IP packet, header included */
	/*
	 * With OVNET_OFF_GSO, worked out from the packet by classify, whatever a driver or guest
	 * said: bytes from the IP header to the payload, which each segment begins with, and how
	 * many segments there will be.
	 */
	uint16_t hdr_len;
	uint16_t gso_segs;
	uint32_t trace; /* with OVNET_META_TRACE: its number; what it is cut into has it, too */
	const struct ovnet_peer *peer;  /* valid within one burst only (RCU) */
	const struct ovnet_nexthop *nh; /* the peer's; valid within one burst only (RCU) */
} __rte_aligned(RTE_CACHE_LINE_SIZE);

static_assert(sizeof(struct ovnet_meta) == RTE_CACHE_LINE_SIZE,
	"the metadata is one cache line: a second one costs a miss per packet");

static inline struct ovnet_meta *ovnet_meta(struct rte_mbuf *m)
{
	return (struct ovnet_meta *)rte_mbuf_to_priv(m);
}

/* For a driver's rx: a packet with nothing undone and nothing known. */
static inline void ovnet_meta_reset(struct rte_mbuf *m, uint16_t in_port)
{
	struct ovnet_meta *meta = ovnet_meta(m);

	meta->in_port = in_port;
	meta->offload = 0;
	meta->flags = 0;
}

/*
 * Bytes of IP of the largest packet it will be on a wire: what is compared with an MTU. Behind
 * classify.
 */
static inline uint32_t ovnet_wire_len(const struct ovnet_meta *meta)
{
	if ((meta->offload & OVNET_OFF_GSO) == 0)
		return meta->l3_len;
	return (uint32_t)meta->hdr_len + meta->gso_size;
}

/*
 * The packet pool: `mbufs` buffers, each with the metadata line, RTE_PKTMBUF_HEADROOM
 * and room for `data_room` bytes of packet. NULL with rte_errno on failure. At start only.
 */
struct rte_mempool *ovnet_pool_new(
	const char *name, unsigned mbufs, unsigned cache, uint16_t data_room, int socket);

#endif
