/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What DPDK's releases from 22.11 on name or shape differently, said once: the same code for all of
 * them, and none of it costs anything.
 *
 * An IPv6 header's addresses are uint8_t[16] up to 24.07 and struct rte_ipv6_addr from 24.11 on,
 * at the same place. Here they are the bytes on the wire. Source and destination are neighbours:
 * what reads both may read 32 bytes from the source on.
 *
 * rte_align32pow2() and its like are in rte_common.h up to 22.11, in rte_bitops.h from 23.11 on.
 */
#ifndef OVNET_PACKET_DPDK_COMPAT_H
#define OVNET_PACKET_DPDK_COMPAT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_bitops.h>
#include <rte_common.h>
#include <rte_ip.h>

static_assert(offsetof(struct rte_ipv6_hdr, src_addr) == 8 &&
		      offsetof(struct rte_ipv6_hdr, dst_addr) == 24 &&
		      sizeof(struct rte_ipv6_hdr) == 40,
	"RFC 8200 section 3");

static inline const uint8_t *ovnet_ip6_src(const void *ip)
{
	return (const uint8_t *)ip + offsetof(struct rte_ipv6_hdr, src_addr);
}

static inline const uint8_t *ovnet_ip6_dst(const void *ip)
{
	return (const uint8_t *)ip + offsetof(struct rte_ipv6_hdr, dst_addr);
}

/* Two addresses of 16 bytes each. */
static inline void ovnet_ip6_set_addrs(struct rte_ipv6_hdr *ip, const void *src, const void *dst)
{
	memcpy(&ip->src_addr, src, sizeof(ip->src_addr));
	memcpy(&ip->dst_addr, dst, sizeof(ip->dst_addr));
}

#endif
