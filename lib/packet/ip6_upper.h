/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an IPv6 packet carries behind its extension headers (RFC 8200 section 4). Chained packets
 * too, wherever the cuts are.
 */
#ifndef OVNET_PACKET_IP6_UPPER_H
#define OVNET_PACKET_IP6_UPPER_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

struct ovnet_ip6_upper {
	uint32_t len; /* of the packet: what its header states, or what there is if that is less */
	uint16_t off; /* of the upper layer's header from the IPv6 header on, at most `len` */
	uint8_t proto;
	bool later_fragment; /* the upper layer's header is in another packet */
};

/*
 * The packet's data is at its IPv6 header. -EINVAL when it is not IPv6, or when the headers do not
 * end within it (RFC 7112 forbids such first fragments) or are more than any honest sender's.
 */
int ovnet_ip6_upper(const struct rte_mbuf *m, struct ovnet_ip6_upper *up);

#endif
