/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Outer IPv4: VXLAN (RFC 7348) and flannel's udp as flannel puts them on the wire. VXLAN: outer DF
 * clear, TTL 64, ECN copied from the inner header (RFC 6040 normal mode), flags 0x08, reserved bits
 * zero, source port from the inner flow, UDP checksum 0 (RFC 7348 recommends it; flannel's kernel
 * device sends one, and takes both). udp: DF set, source port = destination port. Always-inline:
 * bodies of lib/path's loops.
 */
#ifndef OVNET_ENCAP_VXLAN4_H
#define OVNET_ENCAP_VXLAN4_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include "encap/rewrite.h"

struct ovnet_outer4_packet {
	/*
	 * Bytes from the inner IP header on, at most 65,485, so that the outer lengths fit 16 bits.
	 * lib/path's route sees to it: with the overhead it is no more than the 16-bit MTU of the
	 * way to the peer.
	 */
	uint16_t inner_len;
	uint16_t src_port; /* host order; VXLAN */
	uint16_t ip_id;    /* host order */
	uint8_t inner_tos; /* TOS / traffic class of the inner IP header */
};

/*
 * The IPv4 header's checksum, as on the wire in the low 16 bits. Three 16-bit words differ from
 * the rewrite's: see there.
 */
static inline __attribute__((always_inline)) uint16_t ovnet_outer4_csum_be(
	uint16_t sum16, const struct ovnet_outer4_packet *p)
{
	/* (version, TOS), length, id */
	const uint32_t sum = (uint32_t)sum16 + p->inner_len + p->ip_id + (p->inner_tos & 3);

	/* With its halves exchanged added to it, the upper half is their sum and what it carries.
	 */
	return (uint16_t)__builtin_bswap32(~(sum + (sum << 16 | sum >> 16)));
}

/* Words of a packet, or of a header, as they are; and the number that stands there. */
static inline __attribute__((always_inline)) uint64_t ovnet_get64(const uint8_t *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static inline __attribute__((always_inline)) void ovnet_put64(uint8_t *at, uint64_t v)
{
	memcpy(at, &v, sizeof(v));
}

static inline __attribute__((always_inline)) void ovnet_put32(uint8_t *at, uint32_t v)
{
	memcpy(at, &v, sizeof(v));
}

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are put together so");
#define OVNET_BE32(number) __builtin_bswap32(number)
#define OVNET_BE64(number) __builtin_bswap64(number)

/* The IPv4 header's fields that differ per packet; the UDP length. */
static inline __attribute__((always_inline)) void ovnet_outer4_fill(
	uint8_t *at, uint16_t sum16, uint16_t overhead, const struct ovnet_outer4_packet *p)
{
	uint8_t ecn = p->inner_tos & 3;
	uint16_t ip_len = (uint16_t)(p->inner_len + overhead);
	uint16_t ip_len_be = __builtin_bswap16(ip_len);
	uint16_t id_be = __builtin_bswap16(p->ip_id);
	uint16_t csum_be = ovnet_outer4_csum_be(sum16, p);
	uint16_t udp_len_be = __builtin_bswap16((uint16_t)(ip_len - 20));

	at[15] |= ecn;
	memcpy(at + 16, &ip_len_be, 2);
	memcpy(at + 18, &id_be, 2);
	memcpy(at + 24, &csum_be, 2);
	memcpy(at + 38, &udp_len_be, 2);
}

/*
 * Writes the 64 bytes at `at`: the rewrite, the next hop's 14-byte Ethernet header and what
 * differs per packet. `at` needs no alignment; 16 bytes are read of that header.
 */
static inline __attribute__((always_inline)) void ovnet_vxlan4_push(uint8_t *at,
	const struct ovnet_rewrite *rw, const uint8_t *eth, const struct ovnet_outer4_packet *p)
{
	const uint32_t ip_len = p->inner_len + OVNET_OVERHEAD(OVNET_VXLAN4_LEN);
	const uint16_t version_tos =
		(uint16_t)(rw->head[0] | rw->head[1] << 8 | (p->inner_tos & 3) << 8);
	const uint64_t csum = ovnet_outer4_csum_be(rw->sum, p);

	/*
	 * Few and wide stores, none of what was just stored is read. Where a field differs per
	 * packet the rewrite has zeros, or it is left out.
	 */
	memcpy(at, eth, 16);
	memcpy(at + 14, &version_tos, 2);
	ovnet_put32(at + 16, OVNET_BE32(ip_len << 16 | p->ip_id));
	memcpy(at + 20, rw->bytes + 20, 4);
	ovnet_put64(at + 24, ovnet_get64(rw->bytes + 24) | csum);
	ovnet_put64(at + 32, ovnet_get64(rw->bytes + 32) |
				     OVNET_BE64((uint64_t)p->src_port << 32 | (ip_len - 20)));
	memcpy(at + 40, rw->bytes + 40, 24);
}

/* The same for the 42 bytes of flannel's udp. */
static inline __attribute__((always_inline)) void ovnet_udp4_push(uint8_t *at,
	const struct ovnet_rewrite *rw, const uint8_t *eth, const struct ovnet_outer4_packet *p)
{
	memcpy(at, rw->bytes, OVNET_UDP4_LEN);
	memcpy(at, eth, OVNET_ETH_LEN);
	ovnet_outer4_fill(at, rw->sum, OVNET_OVERHEAD(OVNET_UDP4_LEN), p);
}

/*
 * What such a packet is known by, as eight-byte words of its 64 bytes: they have to be `want` where
 * `mask` is set. Whatever comes with IPv4 options, in fragments or for another VNI differs, and so
 * may what is right all the same. Lengths, addresses, checksum and TOS are looked at elsewhere.
 */
struct ovnet_vxlan4_pattern {
	uint64_t want[8], mask[8];
};

/* `udp_port`: host order. */
void ovnet_vxlan4_pattern(struct ovnet_vxlan4_pattern *p, uint16_t udp_port, uint32_t vni,
	const struct ovnet_mac *vtep);

static inline __attribute__((always_inline)) bool ovnet_vxlan4_matches(
	const uint8_t *at, const struct ovnet_vxlan4_pattern *p)
{
#ifdef __AVX2__
	const __m256i *want = (const __m256i *)p->want, *mask = (const __m256i *)p->mask;
	const __m256i head = _mm256_loadu_si256((const __m256i *)at),
		      tail = _mm256_loadu_si256((const __m256i *)(at + 32));

	return _mm256_testz_si256(_mm256_xor_si256(head, _mm256_loadu_si256(want)),
		       _mm256_loadu_si256(mask)) &&
	       _mm256_testz_si256(_mm256_xor_si256(tail, _mm256_loadu_si256(want + 1)),
		       _mm256_loadu_si256(mask + 1));
#else
	uint64_t differs = 0;

	/* The first word is all MAC address. */
	for (unsigned i = 1; i < 8; i++)
		differs |= (ovnet_get64(at + 8 * i) ^ p->want[i]) & p->mask[i];
	return differs == 0;
#endif
}

/* What the 8 bytes after UDP say. Reserved bits are ignored on receipt (RFC 7348 section 5). */
static inline int ovnet_vxlan_has_vni(const uint8_t *vxlan)
{
	return (vxlan[0] & 0x08) != 0;
}

static inline uint32_t ovnet_vxlan_vni(const uint8_t *vxlan)
{
	return (uint32_t)vxlan[4] << 16 | (uint32_t)vxlan[5] << 8 | vxlan[6];
}

#endif
