/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Makes TCP keep to a path's MTU where ICMP errors are filtered: lowers the MSS that a SYN (or
 * SYN-ACK) announces to what `mtu` bytes of IP hold. The packet's owner only.
 */
#ifndef OVNET_PACKET_MSS_CLAMP_H
#define OVNET_PACKET_MSS_CLAMP_H

#include "packet/meta.h"

/*
 * `m` has its data at its IPv4 or IPv6 header and may be chained. True when its MSS was lowered, to
 * mtu - 40 or mtu - 60: options are the sender's to subtract (RFC 9293 section 3.7.1). Nothing is
 * added where the option is absent: the default, 536 or 1220, is small enough. Packets that are no
 * SYN, not whole up to the end of the TCP header, or broken, are left as they are. A checksum that
 * is still partial does not cover the option and needs no update.
 */
bool ovnet_mss_clamp(struct rte_mbuf *m, uint16_t mtu);

#endif
