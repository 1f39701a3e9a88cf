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

#include <stdint.h>
#include <string.h>

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

/* The IPv4 header's fields that differ per packet; the UDP length. */
static inline __attribute__((always_inline)) void ovnet_outer4_fill(
	uint8_t *at, uint16_t sum16, uint16_t overhead, const struct ovnet_outer4_packet *p)
{
	uint8_t ecn = p->inner_tos & 3;
	uint16_t ip_len = (uint16_t)(p->inner_len + overhead);
	/* Three 16-bit words differ from the rewrite's: (version, TOS), length, id. */
	uint32_t sum = (uint32_t)sum16 + p->inner_len + p->ip_id + ecn;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);

	uint16_t ip_len_be = __builtin_bswap16(ip_len);
	uint16_t id_be = __builtin_bswap16(p->ip_id);
	uint16_t csum_be = __builtin_bswap16((uint16_t)~sum);
	uint16_t udp_len_be = __builtin_bswap16((uint16_t)(ip_len - 20));

	at[15] |= ecn;
	memcpy(at + 16, &ip_len_be, 2);
	memcpy(at + 18, &id_be, 2);
	memcpy(at + 24, &csum_be, 2);
	memcpy(at + 38, &udp_len_be, 2);
}

/*
 * Writes the 64 bytes at `at`: the rewrite, the next hop's 14-byte Ethernet header and what
 * differs per packet. `at` needs no alignment.
 */
static inline __attribute__((always_inline)) void ovnet_vxlan4_push(uint8_t *at,
	const struct ovnet_rewrite *rw, const uint8_t *eth, const struct ovnet_outer4_packet *p)
{
	uint16_t sport_be = __builtin_bswap16(p->src_port);

	memcpy(at, rw->bytes, OVNET_VXLAN4_LEN);
	memcpy(at, eth, OVNET_ETH_LEN);
	memcpy(at + 34, &sport_be, 2);
	ovnet_outer4_fill(at, rw->sum, OVNET_OVERHEAD(OVNET_VXLAN4_LEN), p);
}

/* The same for the 42 bytes of flannel's udp. */
static inline __attribute__((always_inline)) void ovnet_udp4_push(uint8_t *at,
	const struct ovnet_rewrite *rw, const uint8_t *eth, const struct ovnet_outer4_packet *p)
{
	memcpy(at, rw->bytes, OVNET_UDP4_LEN);
	memcpy(at, eth, OVNET_ETH_LEN);
	ovnet_outer4_fill(at, rw->sum, OVNET_OVERHEAD(OVNET_UDP4_LEN), p);
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
