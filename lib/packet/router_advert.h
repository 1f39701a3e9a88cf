/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The router advertisement of a guest's port (RFC 4861 section 4.2): the port is its router, what
 * is on the link it reaches by it, and its address it gets by DHCPv6. Pure.
 */
#ifndef OVNET_PACKET_ROUTER_ADVERT_H
#define OVNET_PACKET_ROUTER_ADVERT_H

#include <stddef.h>

#include "packet/guest.h"

enum {
	OVNET_ND_ROUTER_SOLICIT = 133,
	OVNET_ND_ROUTER_ADVERT = 134,
	OVNET_ND_REDIRECT = 137,
};

extern const uint8_t ovnet_all_nodes[16], ovnet_all_routers[16];

/* Seconds. How long it holds: three of the longest times between two of them (RFC 4861 6.2.1). */
#define OVNET_ROUTER_INTERVAL 600
#define OVNET_ROUTER_LIFETIME (3 * OVNET_ROUTER_INTERVAL)

/* The link-local address that goes with a MAC address (RFC 4291 appendix A). */
void ovnet_link_local(uint8_t addr[16], const struct ovnet_mac *mac);

/*
 * A whole IPv6 packet from the link-local address of `mac` to `to`, checksum and all. The guest has
 * IPv6. Its length.
 */
#define OVNET_ROUTER_ADVERT_MAX (40 + 16 + 8 + 8 + 32 + 8 + OVNET_GUEST_DNS * 16)
size_t ovnet_router_advert(uint8_t packet[OVNET_ROUTER_ADVERT_MAX], const struct ovnet_guest *g,
	const struct ovnet_mac *mac, const uint8_t to[16]);

#endif
