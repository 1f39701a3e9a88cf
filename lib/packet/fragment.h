/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cutting IPv4 packets that are too large for the way (RFC 791 section 3.2). librte_ip_frag's
 * version by copy takes no chained packets, knows nothing of our metadata and leaves the header
 * checksum to the NIC. The packet's owner only.
 */
#ifndef OVNET_PACKET_FRAGMENT_H
#define OVNET_PACKET_FRAGMENT_H

#include "packet/meta.h"

/*
 * Cuts `m`, whose data is at its IPv4 header, into packets of at most `mtu` bytes of IP, from the
 * same pool, with full headroom; chained only where one buffer cannot hold `mtu` bytes. It may be
 * chained and a fragment itself; options go along as their copied flag says. Metadata is the
 * original's but for l3_len, with nothing undone and no trace.
 *
 * Returns how many are in `out`; `m` is gone then. Or negative errno, nothing in `out`, and `m` is
 * still the caller's, as it was but for padding cut off and a partial checksum finished:
 *   -EMSGSIZE    more than `max` would be needed
 *   -ENOBUFS     the pool is empty
 *   -EOPNOTSUPP  DF is set, or segmentation is undone
 *   -EINVAL      its header, its fragment offset or its checksum state is broken, or `mtu` leaves
 *                no room for 8 bytes behind its header
 */
int ovnet_fragment4(struct rte_mbuf *m, uint16_t mtu, struct rte_mbuf **out, uint16_t max);

#endif
