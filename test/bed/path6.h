/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The node of bed/path.h with both IP versions: our subnet fd05:0:0:52::/64 at fd00:168::12, the
 * peer's fd05:0:0:9::/64 at fd00:168::13.
 */
#ifndef OVNET_BED_PATH6_H
#define OVNET_BED_PATH6_H

#include "bed/path.h"

#define OWN_NET6  0x52
#define PEER_NET6 0x09
#define PEER6_ID  1 /* of the peer's IPv6 subnet */

extern const struct ovnet_mac own_vtep6;
extern const struct ovnet_mac peer_vtep6;
extern const uint8_t own_ip6[16];
extern const uint8_t peer_ip6[16];

/* fd05:0:0:NET::HOST */
struct ovnet_addr addr6(uint16_t net, uint16_t host);

struct ovnet_prefix6 net6(uint16_t net, uint8_t len);
void bed_add_peer6(struct bed *b, uint16_t net, enum ovnet_encap kind);
/* Makes the node of bed/path.h that one. */
void bed_set_up6(struct bed *b);
struct bed *bed_open6(void);

/* What the UDP checksum over IPv6 covers, `len` bytes from `udp` on; 0xffff when it is right. */
uint32_t udp6_sum(const uint8_t *ip, const uint8_t *udp, uint32_t len);

/* IPv6/UDP of `len` bytes in all (48 or more), checksum right. Returns len. */
uint16_t put_inner6(uint8_t *b, const struct ovnet_addr *src, const struct ovnet_addr *dst,
	uint16_t sport, uint16_t len);

/* From the peer's pod to ours, or the other way. */
uint16_t put_pod6(uint8_t *b, bool to_us, uint16_t len);

/* The outer UDP checksum of a frame that starts with 84 bytes of outer headers. */
void put_csum6(uint8_t *b, uint16_t inner_len);

/* The 84 bytes in front of `inner_len` bytes of inner packet of that Ethernet type. */
uint16_t put_outer6(uint8_t *b, uint16_t inner_len, uint16_t type);

/* A whole packet from the peer's pod to ours. Returns its length. */
uint16_t put_vxlan6(uint8_t *b, uint16_t inner_len);

#endif
