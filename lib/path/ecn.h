/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 6040 on the way in: the outer header's ECN field merged into the inner one, for every pair
 * of IP versions. Private to lib/path.
 */
#ifndef OVNET_PATH_ECN_H
#define OVNET_PATH_ECN_H

#include "packet/csum.h"
#include "path/ip6.h"

#define ECN_DROP 0xff

/* Section 4.2, figure 4: [outer][inner] -> the ECN field to leave with. */
static const uint8_t ecn_table[4][4] = {
	/*            Not-ECT   ECT(1)  ECT(0)  CE: the inner one */
	/* Not-ECT */ {0, 1, 2, 3},
	/* ECT(1)  */ {0, 1, 1, 3},
	/* ECT(0)  */ {0, 1, 2, 3},
	/* CE      */ {ECN_DROP, 3, 3, 3},
};

static inline void ecn_set4(struct rte_ipv4_hdr *ip, uint8_t ecn)
{
	uint16_t from, to;

	/* Version, length and TOS are one word of the checksum. */
	memcpy(&from, ip, sizeof(from));
	ip->type_of_service = (uint8_t)((ip->type_of_service & ~3) | ecn);
	memcpy(&to, ip, sizeof(to));
	ip->hdr_checksum = ovnet_csum_update(ip->hdr_checksum, from, to);
}

static inline void ecn_set6(struct rte_ipv6_hdr *ip, uint8_t ecn)
{
	ip->vtc_flow =
		(ip->vtc_flow & ~RTE_BE32(0x00300000)) | rte_cpu_to_be_32((uint32_t)ecn << 20);
}

/* `ip`: the inner header, `v6` its version. */
static inline int ecn_merge(void *ip, bool v6, uint8_t outer_tos)
{
	uint8_t outer = outer_tos & 3;

	if (likely(outer == 0))
		return PASS;
	uint8_t inner = 3 & (v6 ? ip6_tos(ip) : ((struct rte_ipv4_hdr *)ip)->type_of_service);
	if (likely(outer == inner))
		return PASS;
	uint8_t ecn = ecn_table[outer][inner];
	if (unlikely(ecn == ECN_DROP))
		return OVNET_DROP_ECN_ILLEGAL;
	if (ecn == inner)
		return PASS;
	if (v6)
		ecn_set6(ip, ecn);
	else
		ecn_set4(ip, ecn);
	return PASS;
}

#endif
