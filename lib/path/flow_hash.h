/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flow hash in software: CRC32C over addresses, protocol and ports, which every level's CPU
 * computes in two instructions. Private to lib/path.
 */
#ifndef OVNET_PATH_FLOW_HASH_H
#define OVNET_PATH_FLOW_HASH_H

#include <string.h>

#include <nmmintrin.h>

#include "ip4.h"

static inline bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP ||
	       proto == IPPROTO_UDPLITE || proto == IPPROTO_DCCP;
}

/* `avail`: contiguous bytes from the IP header on. All fragments of a packet hash alike. */
static inline uint32_t flow_hash4(const struct rte_ipv4_hdr *ip, uint32_t avail)
{
	unsigned header = ip4_header_len(ip);
	uint32_t ports = 0;
	uint64_t addrs;

	memcpy(&addrs, &ip->src_addr, sizeof(addrs));
	uint64_t hash = _mm_crc32_u64(0, addrs);
	if (unlikely(ip4_is_fragment(ip)))
		return (uint32_t)hash;
	if (likely(has_ports(ip->next_proto_id) && avail >= header + sizeof(ports)))
		memcpy(&ports, (const uint8_t *)ip + header, sizeof(ports));
	return (uint32_t)_mm_crc32_u64(hash, (uint64_t)ports << 8 | ip->next_proto_id);
}

#endif
