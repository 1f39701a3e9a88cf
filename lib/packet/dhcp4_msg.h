/* SPDX-License-Identifier: BSD-3-Clause */
/* The message's form (RFC 2131 section 2, RFC 2132). Private to lib/packet. */
#ifndef OVNET_PACKET_DHCP4_MSG_H
#define OVNET_PACKET_DHCP4_MSG_H

#include <assert.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_common.h>

#define DHCP_COOKIE RTE_BE32(0x63825363)

enum { BOOTREQUEST = 1, BOOTREPLY = 2, ETHERNET = 1 };

enum dhcp_option {
	DHCP_PAD = 0,
	DHCP_MASK = 1,
	DHCP_ROUTER = 3,
	DHCP_DNS = 6,
	DHCP_HOSTNAME = 12,
	DHCP_DOMAIN = 15,
	DHCP_MTU = 26,
	DHCP_BROADCAST = 28,
	DHCP_REQUESTED = 50,
	DHCP_LEASE = 51,
	DHCP_OVERLOAD = 52,
	DHCP_TYPE = 53,
	DHCP_SERVER = 54,
	DHCP_LIST = 55,
	DHCP_MAX_SIZE = 57,
	DHCP_T1 = 58,
	DHCP_T2 = 59,
	DHCP_CLIENT_ID = 61,
	DHCP_ROUTES = 121, /* RFC 3442 */
	DHCP_END = 255,
};

struct dhcp_msg {
	uint8_t op, htype, hlen, hops;
	uint8_t xid[4];
	uint8_t secs[2], flags[2];
	rte_be32_t ciaddr, yiaddr, siaddr, giaddr;
	uint8_t chaddr[16];
	uint8_t sname[64], file[128];
	rte_be32_t cookie;
} __rte_packed;

static_assert(sizeof(struct dhcp_msg) == 240, "RFC 2131 figure 1, and the cookie");

#endif
