/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DHCP as a server of one client speaks it (RFC 2131, RFC 2132): what a client's message says, what
 * is due, and the answer's bytes. Nothing is kept in between: the address has been the guest's all
 * along. Pure; messages are the UDP payload, contiguous.
 */
#ifndef OVNET_PACKET_DHCP4_H
#define OVNET_PACKET_DHCP4_H

#include <stddef.h>

#include "packet/guest.h"

#define OVNET_DHCP4_SERVER 67 /* UDP ports */
#define OVNET_DHCP4_CLIENT 68

enum ovnet_dhcp4_type {
	OVNET_DHCP4_NONE,
	OVNET_DHCP4_DISCOVER,
	OVNET_DHCP4_OFFER,
	OVNET_DHCP4_REQUEST,
	OVNET_DHCP4_DECLINE,
	OVNET_DHCP4_ACK,
	OVNET_DHCP4_NAK,
	OVNET_DHCP4_RELEASE,
	OVNET_DHCP4_INFORM,
};

/* A client's message. Addresses in network order. */
struct ovnet_dhcp4 {
	uint8_t type; /* enum ovnet_dhcp4_type, or one we do not know */
	uint8_t client_id_len;
	const uint8_t *client_id; /* in the message */
	uint8_t xid[4], flags[2], chaddr[16];
	rte_be32_t ciaddr, giaddr;
	bool has_requested, has_server; /* options 50 and 54 */
	rte_be32_t requested, server;
	uint16_t max_size;         /* of an IP packet it takes; 0: not said */
	bool has_list;             /* it says which options it wants ... */
	uint64_t listed[256 / 64]; /* ... a bit for each */
};

/* 0, or -EINVAL: not a client's message over Ethernet, or its options do not hold together. */
int ovnet_dhcp4_parse(const uint8_t *msg, size_t len, struct ovnet_dhcp4 *q);

/* What it is answered with; NONE: nothing. */
enum ovnet_dhcp4_type ovnet_dhcp4_answer(const struct ovnet_dhcp4 *q, const struct ovnet_guest *g);
/* Is that to go to everybody on the link, as the client cannot take it otherwise? */
bool ovnet_dhcp4_broadcast(const struct ovnet_dhcp4 *q, enum ovnet_dhcp4_type answer);

/* The longest answer there is: it stays within IP packets of 576 bytes or what the client takes. */
#define OVNET_DHCP4_MAX 1472
/*
 * Such an answer. Options the client has not listed are left out, and the last ones where there is
 * no more room. Its length.
 */
size_t ovnet_dhcp4_build(uint8_t msg[OVNET_DHCP4_MAX], enum ovnet_dhcp4_type answer,
	const struct ovnet_dhcp4 *q, const struct ovnet_guest *g);

#endif
