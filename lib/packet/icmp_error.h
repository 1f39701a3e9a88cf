/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ICMP error a router owes the sender of a packet it cannot forward (RFC 792, 1191, 1812
 * section 4.3, 4443). Pure; any thread.
 */
#ifndef OVNET_PACKET_ICMP_ERROR_H
#define OVNET_PACKET_ICMP_ERROR_H

#include "packet/meta.h"

enum ovnet_icmp {
	OVNET_ICMP_NET_UNREACHABLE,  /* IPv6: no route to destination */
	OVNET_ICMP_HOST_UNREACHABLE, /* IPv6: address unreachable */
	OVNET_ICMP_TOO_BIG,          /* IPv4: fragmentation needed and DF set */
	OVNET_ICMP_TIME_EXCEEDED,    /* in transit */
};

/*
 * A new packet from `pool` that starts at its IP header, from `src` to the sender of `offender`,
 * with the pool's headroom in front. Its metadata: in_port of the offender, nothing undone, l3_len
 * and ip_version set, no valid hash. NULL when the pool is empty, and when there must be no error:
 *   - the offender is an ICMP error itself, or may be one for all that can be seen of it;
 *   - it is a later fragment. RFC 4443 would allow that for IPv6, but the first fragment is never
 *     smaller and has got the same error;
 *   - its source or destination is no unicast address: multicast (but RFC 4443 section 2.4 e.3
 *     wants Packet Too Big for IPv6 multicast), broadcast, unspecified, loopback, class E.
 *     Broadcast addresses of single subnets, and packets broadcast on the link, the caller knows;
 *   - its header is broken.
 * `offender` has its data at the IP header, is not changed and stays the caller's. It may be
 * chained and have checksums or segmentation undone; it is quoted as it stands, so decrement no TTL
 * before. `mtu` is the next hop's for IP packets, in OVNET_ICMP_TOO_BIG only. Rate limits are the
 * caller's (rate_limit.h).
 */
struct rte_mbuf *ovnet_icmp4_error(struct rte_mempool *pool, struct rte_mbuf *offender,
	enum ovnet_icmp what, uint16_t mtu, uint32_t src_be);
struct rte_mbuf *ovnet_icmp6_error(struct rte_mempool *pool, struct rte_mbuf *offender,
	enum ovnet_icmp what, uint16_t mtu, const uint8_t src[16]);

#endif
