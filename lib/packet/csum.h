/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finishing in software what a driver left undone. The packet's owner only.
 */
#ifndef OVNET_PACKET_CSUM_H
#define OVNET_PACKET_CSUM_H

#include "packet/meta.h"

/*
 * Completes the partial checksum meta's csum_start and csum_offset describe (the pseudo header's
 * sum already stands in the field) and clears OVNET_OFF_CSUM. -EINVAL, nothing changed, when
 * they point outside the packet. Chained packets too.
 */
int ovnet_csum_finish(struct rte_mbuf *m);

/*
 * What the one's complement checksum `csum` becomes when the aligned 16-bit word `from` it covers
 * turns into `to` (RFC 1624 eqn. 3). All three as they stand in memory.
 */
static inline uint16_t ovnet_csum_update(uint16_t csum, uint16_t from, uint16_t to)
{
	uint32_t sum = (uint32_t)(uint16_t)~csum + (uint16_t)~from + to;

	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

#endif
