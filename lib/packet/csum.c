/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/csum.h"

#include <errno.h>
#include <string.h>

#include "packet/csum_sum.h"
#include "packet/segments.h"

int ovnet_csum_finish(struct rte_mbuf *m)
{
	struct ovnet_meta *meta = ovnet_meta(m);
	uint32_t at = (uint32_t)meta->csum_start + meta->csum_offset;

	if (at + 2 > m->pkt_len)
		return -EINVAL;
	uint16_t csum = (uint16_t)~ovnet_csum_sum(m, meta->csum_start);
	if (csum == 0)
		csum = 0xffff; /* in UDP 0 means "none"; elsewhere the two are the same number */

	/* The field may straddle two segments. */
	uint8_t bytes[2];
	memcpy(bytes, &csum, 2);
	*ovnet_byte_at(m, at) = bytes[0];
	*ovnet_byte_at(m, at + 1) = bytes[1];
	meta->offload &= (uint8_t)~OVNET_OFF_CSUM;
	return 0;
}
