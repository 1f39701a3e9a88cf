/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Slow-path surgery on chained packets: headers into the first segment, padding off
 * the end. The packet's owner only.
 */
#ifndef OVNET_PACKET_SEGMENTS_H
#define OVNET_PACKET_SEGMENTS_H

#include <rte_mbuf.h>

/*
 * Makes the first `len` bytes contiguous. `len` is at most the packet's length. 0, or -ENOBUFS
 * (nothing changed) when the first segment has no room for them.
 */
int ovnet_pull(struct rte_mbuf *m, uint16_t len);
/* Cuts the packet to `len` bytes, at most its length. */
void ovnet_trim(struct rte_mbuf *m, uint32_t len);
/*
 * Where byte `off` of the packet is, for fields that may straddle two segments. `off` is below the
 * packet's length.
 */
uint8_t *ovnet_byte_at(struct rte_mbuf *m, uint32_t off);

#endif
