/* SPDX-License-Identifier: BSD-3-Clause */
#include "csum.h"

#include <errno.h>
#include <string.h>

#include <rte_ip.h>

#include "segments.h"

/*
 * Not rte_raw_cksum_mbuf(): in DPDK 22.11 that one cuts carries off when a segment starts at an odd
 * offset.
 */
uint16_t ovnet_csum_sum(const struct rte_mbuf *m, uint32_t off)
{
	uint32_t sum = 0;
	bool odd = false;

	for (; m != NULL; m = m->next) {
		if (off >= m->data_len) {
			off -= m->data_len;
			continue;
		}
		uint16_t len = (uint16_t)(m->data_len - off);
		uint16_t part = rte_raw_cksum(rte_pktmbuf_mtod_offset(m, const char *, off), len);
		sum += odd ? rte_bswap16(part) : part;
		odd ^= len & 1;
		off = 0;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

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
