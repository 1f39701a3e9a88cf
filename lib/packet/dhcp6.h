/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DHCPv6 as a server of one client speaks it (RFC 8415): what a client's message says, what is due,
 * and the answer's bytes. Nothing is kept in between: the address has been the guest's all along.
 * Prefixes and temporary addresses there are none. Pure; messages are the UDP payload, contiguous.
 */
#ifndef OVNET_PACKET_DHCP6_H
#define OVNET_PACKET_DHCP6_H

#include <stddef.h>

#include "packet/guest.h"

#define OVNET_DHCP6_CLIENT 546 /* UDP ports */
#define OVNET_DHCP6_SERVER 547

/* All_DHCP_Relay_Agents_and_Servers */
extern const uint8_t ovnet_dhcp6_servers[16];

enum ovnet_dhcp6_type {
	OVNET_DHCP6_NONE,
	OVNET_DHCP6_SOLICIT,
	OVNET_DHCP6_ADVERTISE,
	OVNET_DHCP6_REQUEST,
	OVNET_DHCP6_CONFIRM,
	OVNET_DHCP6_RENEW,
	OVNET_DHCP6_REBIND,
	OVNET_DHCP6_REPLY,
	OVNET_DHCP6_RELEASE,
	OVNET_DHCP6_DECLINE,
	OVNET_DHCP6_RECONFIGURE,
	OVNET_DHCP6_INFORMATION_REQUEST,
};

/* Of an identity association, and how many are answered in one message; more are an error. */
#define OVNET_DHCP6_ADDRS 8
#define OVNET_DHCP6_IAS   8
#define OVNET_DHCP6_DUID  130 /* RFC 8415 section 11.1 */

struct ovnet_dhcp6_ia {
	uint16_t code; /* of the option: IA_NA, IA_TA or IA_PD */
	uint8_t id[4];
	uint8_t n_addrs;                         /* of IA_NA */
	const uint8_t *addrs[OVNET_DHCP6_ADDRS]; /* 16 bytes each, in the message */
};

/* A client's message. */
struct ovnet_dhcp6 {
	uint8_t type; /* enum ovnet_dhcp6_type */
	uint8_t xid[3];
	uint8_t client_len, server_len; /* of the DUIDs; 0: none */
	const uint8_t *client, *server; /* in the message */
	bool rapid_commit;
	bool wants_dns, wants_domain; /* its Option Request option lists them */
	uint8_t n_ias;
	struct ovnet_dhcp6_ia ias[OVNET_DHCP6_IAS];
};

/* The server's DUID, of the port's MAC (DUID-LL). */
#define OVNET_DHCP6_OWN_DUID 10
void ovnet_dhcp6_duid(uint8_t duid[OVNET_DHCP6_OWN_DUID], const struct ovnet_mac *mac);

/*
 * 0, or -EINVAL: not a client's message, its options do not hold together, or are not those its
 * type has to have (RFC 8415 section 16).
 */
int ovnet_dhcp6_parse(const uint8_t *msg, size_t len, struct ovnet_dhcp6 *q);

/* What it is answered with; NONE: nothing, as with what is for another server. */
enum ovnet_dhcp6_type ovnet_dhcp6_answer(const struct ovnet_dhcp6 *q, const struct ovnet_guest *g,
	const uint8_t duid[OVNET_DHCP6_OWN_DUID]);
/* Does it name an address that is not the guest's, and will be told so? */
bool ovnet_dhcp6_is_refused(const struct ovnet_dhcp6 *q, const struct ovnet_guest *g);

/* An answer that fits the smallest MTU; the longest that can be asked for does. */
#define OVNET_DHCP6_MAX 1232
/* The answer's length; 0: there is no room for it. */
size_t ovnet_dhcp6_build(uint8_t msg[OVNET_DHCP6_MAX], enum ovnet_dhcp6_type answer,
	const struct ovnet_dhcp6 *q, const struct ovnet_guest *g,
	const uint8_t duid[OVNET_DHCP6_OWN_DUID]);

#endif
