/* SPDX-License-Identifier: BSD-3-Clause */
/* The packets that `ovnetctl why` is asked about: pings, as they would come by a port. */
#ifndef OVNET_APP_METHODS_WHY_PACKET_H
#define OVNET_APP_METHODS_WHY_PACKET_H

#include "fib/fib.h"
#include "port/port.h"

#define WHY_SIZE       84    /* of an IP packet: a ping's */
#define WHY_SIZE_MAX   65000 /* with an outer header, too, lengths fit their fields */
#define WHY_PACKET_MAX (OVNET_OUTER_MAX + WHY_SIZE_MAX)

/*
 * An echo request of `size` bytes of IP, 28 or more, 48 of IPv6, both addresses of one family.
 * Returns size.
 */
uint32_t why_inner(uint8_t *at, const struct ovnet_addr *src, const struct ovnet_addr *dst,
	uint16_t size, bool df);

/*
 * What stands in front of it, ending at `ip`, on a port of ours: an Ethernet header from `mac`
 * where the port has them. How many bytes.
 */
uint32_t why_link(uint8_t *ip, const struct ovnet_port *port, const struct ovnet_mac *mac);

/*
 * The same on an uplink, of a packet of `len` bytes that comes from the peer, by its own way of
 * sending; `nh` as our packets to it are made with. The port is the uplink.
 */
uint32_t why_outer(uint8_t *ip, uint16_t len, const struct ovnet_port *port,
	const struct ovnet_peer *peer, const struct ovnet_nexthop *nh);

#endif
