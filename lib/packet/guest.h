/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the guest of an attach port is told when it asks (DHCP, router discovery): the one address
 * of each IP version that is its own, and what it needs beside it. A whole object: the control
 * thread makes it and publishes it (path/guest.h), workers only read it.
 */
#ifndef OVNET_PACKET_GUEST_H
#define OVNET_PACKET_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "base/net.h"
#include "base/rcu.h"

#define OVNET_GUEST_DNS    4
#define OVNET_GUEST_ROUTES 16

struct ovnet_guest_route {
	struct ovnet_prefix4 to;
	rte_be32_t via;
};

struct ovnet_guest {
	struct ovnet_rcu_head rcu; /* first */
	struct ovnet_mac mac;      /* who is answered; what comes from another is dropped */
	bool has4, has6;
	/* has4. Router and server are one: the gateway of our subnet. */
	rte_be32_t addr4, mask4, router4, server4;
	/* has6. The router is the port's link-local address, `net6` what is on the link. */
	uint8_t addr6[16];
	struct ovnet_prefix6 net6;
	uint32_t lease_s; /* of both versions, seconds; UINT32_MAX: for ever */
	uint16_t mtu;     /* bytes of IP */
	uint8_t n_dns4, n_dns6, n_routes4;
	rte_be32_t dns4[OVNET_GUEST_DNS];
	uint8_t dns6[OVNET_GUEST_DNS][16];
	/*
	 * Option 121, as it is: who asks for that takes nothing of option 3 (RFC 3442), so it has
	 * the default route in it, where there is to be one. None: option 121 is not sent.
	 */
	struct ovnet_guest_route routes4[OVNET_GUEST_ROUTES];
	char hostname[64], domain[128]; /* "": not told */
};

#endif
