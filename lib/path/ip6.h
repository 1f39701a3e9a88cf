/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the stages ask of an IPv6 header. Private to lib/path.
 */
#ifndef OVNET_PATH_IP6_H
#define OVNET_PATH_IP6_H

#include <string.h>

#include "packet/dpdk_compat.h"
#include "path/ip4.h"

#define IP6_LEN 40u

static inline uint8_t ip6_version(const void *ip)
{
	return *(const uint8_t *)ip >> 4;
}

static inline uint8_t ip6_tos(const struct rte_ipv6_hdr *ip)
{
	return (uint8_t)(rte_be_to_cpu_32(ip->vtc_flow) >> 20);
}

/*
 * Is there a whole IPv6 header at the start of `avail` contiguous bytes, and does the packet, `len`
 * bytes from there on, hold what it states? PASS or a drop reason. Jumbograms (RFC 2675) state a
 * payload of 0 and so end with their header.
 */
static inline int ip6_check(const struct rte_ipv6_hdr *ip, uint32_t avail, uint32_t len)
{
	if (unlikely(avail < IP6_LEN))
		return OVNET_DROP_TRUNCATED;
	uint32_t total = IP6_LEN + rte_be_to_cpu_16(ip->payload_len);
	/* Lengths are kept in 16 bits. */
	if (unlikely(ip6_version(ip) != 6 || total > UINT16_MAX))
		return OVNET_DROP_BAD_IP;
	return likely(total <= len) ? PASS : OVNET_DROP_TRUNCATED;
}

/* Of a packet that ip6_check passed. */
static inline uint16_t ip6_total(const struct rte_ipv6_hdr *ip)
{
	return (uint16_t)(IP6_LEN + rte_be_to_cpu_16(ip->payload_len));
}

/* Is the header one that has its length in 8-byte units behind its first byte? */
static inline bool ip6_is_option(uint8_t proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_DSTOPTS;
}

static inline uint64_t ip6_half(const uint8_t *at)
{
	uint64_t half;

	memcpy(&half, at, sizeof(half));
	return rte_be_to_cpu_64(half);
}

/* False for every address where the prefix is of length 0: "none" in struct ovnet_overlay. */
static inline bool ip6_in(const struct ovnet_prefix6 *p, const uint8_t addr[16])
{
	uint64_t high = ip6_half(addr) ^ ip6_half(p->addr);

	if (likely(p->len <= 64))
		return p->len != 0 && high >> (64 - p->len) == 0;
	uint64_t low = ip6_half(addr + 8) ^ ip6_half(p->addr + 8);
	return high == 0 && low >> (128 - p->len) == 0;
}

#endif
