/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One hop less, where ovnet is the router. The header is contiguous; the packet's owner only.
 * False, nothing changed, when none is left: then the packet is dropped, and the ICMP error about
 * it quotes it as it came (RFC 1812 section 5.3.1, RFC 8200 section 3).
 */
#ifndef OVNET_PACKET_TTL_H
#define OVNET_PACKET_TTL_H

#include <stdbool.h>
#include <string.h>

#include <rte_ip.h>

#include "packet/csum.h"

static inline bool ovnet_ttl_decrement4(struct rte_ipv4_hdr *ip)
{
	uint16_t from, to;

	/* TTL and protocol are one word of the checksum; read and written as one. */
	memcpy(&from, &ip->time_to_live, sizeof(from));
	if (unlikely(rte_be_to_cpu_16(from) < 0x0200))
		return false;
	to = (uint16_t)(from - RTE_BE16(0x0100));
	memcpy(&ip->time_to_live, &to, sizeof(to));
	ip->hdr_checksum = ovnet_csum_update(ip->hdr_checksum, from, to);
	return true;
}

static inline bool ovnet_ttl_decrement6(struct rte_ipv6_hdr *ip)
{
	if (unlikely(ip->hop_limits <= 1))
		return false;
	ip->hop_limits--;
	return true;
}

#endif
