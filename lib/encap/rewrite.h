/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The prebuilt outer header of a peer. Built once when the lease changes, copied
 * per packet at a constant size; only lengths, source port, IP id, ECN and the IP
 * checksum (incrementally, from that of a zero-length packet) are filled in then.
 *
 * Pure header work: no DPDK, any thread.
 */
#ifndef OVNET_ENCAP_REWRITE_H
#define OVNET_ENCAP_REWRITE_H

#include <stdint.h>

#include "net.h"

#define OVNET_ETH_LEN    14
#define OVNET_VXLAN4_LEN 64 /* everything before the inner IP header */
/* What the overlay MTU loses against the underlay's: IPv4 + UDP + VXLAN + inner Ethernet. */
#define OVNET_VXLAN4_OVERHEAD 50

/* Ethernet 14, IPv4 20, UDP 8, VXLAN 8, Ethernet 14: one cache line with all encap needs. */
struct ovnet_rewrite {
	union {
		uint8_t bytes[OVNET_VXLAN4_LEN]; /* as on the wire from byte 14 on */
		/* The first 14 are the next hop's to supply: room for something else. */
		struct {
			uint8_t owner[12]; /* zero; for whoever embeds this */
			/*
			 * One's complement sum, host order of 16-bit big-endian words, folded
			 * to 16 bits, of the IPv4 header with total length = overhead only (no
			 * payload), id 0, TOS 0, checksum 0.
			 */
			uint16_t ip_sum;
		};
	};
};

struct ovnet_vxlan4_conf {
	uint32_t src_be, dst_be; /* outer addresses */
	uint16_t udp_port;       /* host order */
	uint32_t vni;
	uint8_t ttl;                           /* 64: what the kernel sends */
	struct ovnet_mac inner_src, inner_dst; /* our VTEP, the peer's VTEP */
};

void ovnet_vxlan4_build(struct ovnet_rewrite *rw, const struct ovnet_vxlan4_conf *conf);

#endif
