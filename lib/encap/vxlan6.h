/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * VXLAN over IPv6, as flannel's dual-stack device (flannel-v6.N) puts it on the wire: hop limit
 * 64, flow label 0, ECN copied from the inner header, UDP checksum computed: that device takes no
 * zero checksum (noudp6zerocsumrx). Always-inline: bodies of lib/path's loops.
 */
#ifndef OVNET_ENCAP_VXLAN6_H
#define OVNET_ENCAP_VXLAN6_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "encap/rewrite.h"

struct ovnet_outer6_packet {
	uint16_t inner_len; /* bytes from the inner IP header on */
	uint16_t src_port;  /* host order */
	uint8_t inner_tos;  /* traffic class of the inner header */
	bool csum;          /* false: checksum 0 (RFC 6935) */
	uint16_t inner_sum; /* with csum: one's complement sum of the inner bytes, host order */
};

static_assert(offsetof(struct ovnet_rewrite, tail) == 64, "the header is one piece");

/* Writes the 84 bytes at `at`; see ovnet_vxlan4_push(). The Ethernet type is set here. */
static inline __attribute__((always_inline)) void ovnet_vxlan6_push(uint8_t *at,
	const struct ovnet_rewrite *rw, const uint8_t *eth, const struct ovnet_outer6_packet *p)
{
	uint16_t udp_len = (uint16_t)(p->inner_len + OVNET_VXLAN6_LEN - OVNET_ETH_LEN - 40);
	uint16_t len_be = __builtin_bswap16(udp_len);
	uint16_t sport_be = __builtin_bswap16(p->src_port);

	memcpy(at, rw, OVNET_VXLAN6_LEN);
	memcpy(at, eth, 12);
	at[12] = 0x86;
	at[13] = 0xdd;
	/* Version, traffic class: ECN is its last two bits. */
	at[15] |= (uint8_t)((p->inner_tos & 3) << 4);
	memcpy(at + 18, &len_be, 2);
	memcpy(at + 54, &sport_be, 2);
	memcpy(at + 58, &len_be, 2);
	if (!p->csum)
		return;
	/* The length counts twice: in the pseudo header and in the UDP header. */
	uint32_t sum = (uint32_t)rw->sum + p->inner_sum + p->src_port + 2u * udp_len;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	uint16_t csum = (uint16_t)~sum;
	csum = __builtin_bswap16(csum != 0 ? csum : 0xffff);
	memcpy(at + 60, &csum, 2);
}

#endif
