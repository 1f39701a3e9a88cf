/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The node of bed/path_attach.h whose port ATTACH has a guest that is told its address: POD of each
 * IP version, from pod_mac. What a client sends, byte by byte.
 */
#ifndef OVNET_BED_PATH_GUEST_H
#define OVNET_BED_PATH_GUEST_H

#include "bed/path_attach.h"
#include "path/guest.h"

#define GUEST_LEASE  3600u
#define GUEST_DNS    0x0a055202u /* 10.5.82.2 */
#define GUEST_ROUTER (OWN_NET + 1)

/* A record of its own for the caller to free or publish. */
struct ovnet_guest *guest_record_new(void);
/* open_attached() and the guest. bed_close_guest() closes it. */
struct bed *open_guest(bool host);
void bed_close_guest(struct bed *b);

/* A client's message, without headers. */
struct client_msg {
	uint8_t bytes[1500];
	uint16_t len;
};

/* DHCP of that type from pod_mac, up to its options; then one option after the other, and the end.
 */
void dhcp4_start(struct client_msg *c, uint8_t type);
void dhcp4_add(struct client_msg *c, uint8_t code, const void *value, uint8_t len);
void dhcp4_add32(struct client_msg *c, uint8_t code, uint32_t value);
void dhcp4_end(struct client_msg *c);
/* Where the value of an option is, with its length; NULL: it is not there. */
const uint8_t *dhcp4_find(const uint8_t *msg, unsigned len, uint8_t code, uint8_t *n);

/* DHCPv6 of that type, with a client's DUID made of pod_mac. */
void dhcp6_start(struct client_msg *c, uint8_t type);
void dhcp6_add(struct client_msg *c, uint16_t code, const void *value, uint16_t len);
/* An IA_NA of that number with `n` addresses. */
void dhcp6_add_ia(struct client_msg *c, uint32_t id, const struct ovnet_addr *addrs, unsigned n);
const uint8_t *dhcp6_find(const uint8_t *from, unsigned len, uint16_t code, uint16_t *n);

/*
 * The frame, from pod_mac, client's port to server's; to everybody's MAC address, or the port's
 * where the packet is to one station. Checksums right. Its length.
 */
uint16_t put_dhcp4(uint8_t *b, uint32_t src, uint32_t dst, const struct client_msg *c);
uint16_t put_dhcp6(uint8_t *b, const struct ovnet_addr *src, const struct client_msg *c);
/* UDP of any ports in such a frame, from who lives there. */
uint16_t put_udp(uint8_t *b, const struct ovnet_addr *src, const struct ovnet_addr *dst,
	uint16_t from, uint16_t to, const void *payload, uint16_t len);
/* ICMPv6 of that type, with a checksum; `len` bytes of it from the type on. */
uint16_t put_icmp6(uint8_t *b, const struct ovnet_addr *src, const struct ovnet_addr *dst,
	const uint8_t *icmp, uint16_t len);

/* fe80::1:9, the guest's; that of the port's MAC; ff02::NUMBER. */
extern const struct ovnet_addr guest_link, port_link;
struct ovnet_addr group6(uint32_t number);

#endif
