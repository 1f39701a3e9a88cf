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

#include "base/net.h"

/* How a packet crosses the underlay. */
enum ovnet_encap {
	OVNET_ENCAP_VXLAN4, /* inner IPv4 or IPv6 in VXLAN over IPv4 */
	OVNET_ENCAP_UDP4,   /* flannel's udp: the bare inner IPv4 packet in UDP over IPv4 */
	OVNET_ENCAP_DIRECT, /* routed as it is: host-gw, DirectRouting; either IP version */
	OVNET_ENCAP_VXLAN6, /* inner IPv6 in VXLAN over IPv6 */
};

/* "vxlan4", "udp4", "direct", "vxlan6" */
const char *ovnet_encap_name(enum ovnet_encap e);

/* What an inner packet loses by it against the underlay's MTU, bytes. */
uint16_t ovnet_encap_overhead(enum ovnet_encap e);

#define OVNET_ETH_LEN 14
/* Everything before the inner IP header. */
#define OVNET_VXLAN4_LEN 64
#define OVNET_UDP4_LEN   42
#define OVNET_VXLAN6_LEN 84
#define OVNET_OUTER_MAX  OVNET_VXLAN6_LEN
/* What an inner packet loses against the underlay's MTU: all of it but the link's Ethernet. */
#define OVNET_OVERHEAD(len) ((len)-OVNET_ETH_LEN)

/* Ethernet 14, IPv4 20, UDP 8, VXLAN 8, Ethernet 14: one cache line with all encap needs. */
struct ovnet_rewrite {
	union {
		uint8_t bytes[64]; /* as on the wire from byte 14 on */
		/* The first 14 are the next hop's to supply: room for something else. */
		struct {
			uint8_t owner[12]; /* zero; for whoever embeds this */
			/*
			 * One's complement sum, host order of 16-bit big-endian words, folded
			 * to 16 bits. Outer IPv4: of the IP header with total length = overhead
			 * only (no payload), id 0, ECN 0, checksum 0. Outer IPv6: of all the UDP
			 * checksum covers that is the same in every packet: pseudo header and
			 * headers down to the inner IP header, lengths, source port and checksum 0.
			 */
			uint16_t sum;
			uint8_t head[4]; /* version to total length */
			/*
			 * Identification or, of IPv6, payload length: each packet's own, written
			 * over in every copy, and so for whoever embeds this as well.
			 */
			uint16_t spare;
		};
	};
	uint8_t tail[OVNET_VXLAN6_LEN - 64]; /* VXLAN6: the rest */
};

/*
 * The outer header's fields that an operator may choose (RFC 2983, RFC 6040), as they stand in
 * every packet; what is inherited from the inner header is done per packet (struct
 * ovnet_outer_mode).
 */
struct ovnet_outer {
	uint8_t dscp; /* 0 to 63 */
	uint8_t ttl;  /* hop limit */
	bool df;      /* outer IPv4 */
};

/* What is not the same in every packet. All false: the fast way. */
struct ovnet_outer_mode {
	bool dscp_inherit, ttl_inherit, df_inherit;
	bool csum4, csum6; /* compute the outer UDP checksum; false: 0 */
};

struct ovnet_tunnel_conf {
	struct ovnet_addr src, dst; /* outer, both of the encapsulation's family */
	uint16_t udp_port;          /* host order; udp: source port too */
	struct ovnet_outer outer;
	/* VXLAN */
	uint32_t vni;
	struct ovnet_mac inner_src, inner_dst; /* our VTEP, the peer's VTEP */
};

/* `inner_family`: AF_INET or AF_INET6, for the inner Ethernet type. */
void ovnet_vxlan4_build(
	struct ovnet_rewrite *rw, const struct ovnet_tunnel_conf *conf, uint8_t inner_family);
void ovnet_udp4_build(struct ovnet_rewrite *rw, const struct ovnet_tunnel_conf *conf);
/* Inner IPv6. */
void ovnet_vxlan6_build(struct ovnet_rewrite *rw, const struct ovnet_tunnel_conf *conf);

#endif
