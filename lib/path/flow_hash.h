/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flow hash in software: CRC32C over addresses, protocol and ports, which every level's CPU
 * computes in two instructions. Private to lib/path.
 */
#ifndef OVNET_PATH_FLOW_HASH_H
#define OVNET_PATH_FLOW_HASH_H

#include <string.h>

#include <nmmintrin.h>

#include "path/ip6.h"

static inline bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP ||
	       proto == IPPROTO_UDPLITE || proto == IPPROTO_DCCP;
}

static inline uint32_t hash_addrs4(const struct rte_ipv4_hdr *ip)
{
	uint64_t addrs;

	memcpy(&addrs, &ip->src_addr, sizeof(addrs));
	return (uint32_t)_mm_crc32_u64(0, addrs);
}

/* No fragment's; `ports` as they are in the packet, 0 without. */
static inline uint32_t hash_flow4(const struct rte_ipv4_hdr *ip, uint32_t ports)
{
	return (uint32_t)_mm_crc32_u64(hash_addrs4(ip), (uint64_t)ports << 8 | ip->next_proto_id);
}

/*
 * `header`: its length; `avail`: contiguous bytes from the IP header on. All fragments of a packet
 * hash alike.
 */
static inline uint32_t flow_hash4(const struct rte_ipv4_hdr *ip, unsigned header, uint32_t avail)
{
	uint32_t ports = 0;

	if (unlikely(ip4_is_fragment(ip)))
		return hash_addrs4(ip);
	if (likely(has_ports(ip->next_proto_id) && avail >= header + sizeof(ports)))
		memcpy(&ports, (const uint8_t *)ip + header, sizeof(ports));
	return hash_flow4(ip, ports);
}

/* Extension headers looked past for the ports, in bytes; all within the bytes classify pulls. */
#define HASH_EXT_MAX 64u
#define HASH_REACH   (IP6_LEN + HASH_EXT_MAX + 4)

/* Where the ports are, or 0: none within reach. *fragment: the ports are not in every packet. */
static __rte_noinline unsigned ports_behind(
	const uint8_t *ip, unsigned reach, uint8_t *proto, bool *fragment)
{
	unsigned at = IP6_LEN;

	while (ip6_is_option(*proto) && at + 8 <= reach) {
		*proto = ip[at];
		at += ((unsigned)ip[at + 1] + 1) * 8;
	}
	*fragment = *proto == IPPROTO_FRAGMENT;
	return has_ports(*proto) && at + 4 <= reach ? at : 0;
}

/*
 * The same for IPv6. Where there are no ports the flow label stands in for them (RFC 6438), and it
 * alone with the addresses makes all fragments of a packet alike.
 */
static inline uint32_t flow_hash6(const struct rte_ipv6_hdr *ip, uint32_t avail)
{
	const uint8_t *bytes = (const uint8_t *)ip;
	uint32_t tail = rte_be_to_cpu_32(ip->vtc_flow) & 0xfffff;
	unsigned reach = RTE_MIN(avail, HASH_REACH), at = 0;
	uint8_t proto = ip->proto;
	uint64_t word[4], hash = 0;
	bool fragment = false;

	memcpy(word, ovnet_ip6_src(ip), sizeof(word));
	for (unsigned i = 0; i < RTE_DIM(word); i++)
		hash = _mm_crc32_u64(hash, word[i]);
	if (likely(has_ports(proto) && reach >= IP6_LEN + 4))
		at = IP6_LEN;
	else
		at = ports_behind(bytes, reach, &proto, &fragment);
	if (unlikely(fragment))
		return (uint32_t)_mm_crc32_u64(hash, tail);
	if (likely(at != 0))
		memcpy(&tail, bytes + at, sizeof(tail));
	return (uint32_t)_mm_crc32_u64(hash, (uint64_t)tail << 8 | proto);
}

#endif
