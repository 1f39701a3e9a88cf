/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The node of bed/path6.h with something behind two attach ports: `pod_addr` from pod_mac at
 * ATTACH, `other_addr` from other_mac at ATTACH2. Functions come in one for both IP versions.
 */
#ifndef OVNET_BED_PATH_ATTACH_H
#define OVNET_BED_PATH_ATTACH_H

#include "bed/path_answer.h"

enum who { POD, OTHER, HOST_POD, REMOTE_POD, GATEWAY, LAST, UNLEASED, WORLD, N_WHO };

struct ovnet_addr addr_of_who(enum who w, bool v6);

/* `host`: with a host device. Nobody is answered. */
struct bed *open_attached(bool host);
void answer_all(struct bed *b);
void bed_attach_prefix(struct bed *b, const struct ovnet_addr *addr, uint8_t len, uint16_t port,
	const struct ovnet_mac *mac);

/* An IP packet of `len` bytes, TTL 63. Returns len. */
uint16_t put_ip(
	uint8_t *b, const struct ovnet_addr *src, const struct ovnet_addr *dst, uint16_t len);
/* The same in front of which stands what POD sends by ATTACH. */
uint16_t put_framed(
	uint8_t *b, const struct ovnet_addr *src, const struct ovnet_addr *dst, uint16_t len);
uint8_t *ttl_at(uint8_t *ip);
void set_ttl(uint8_t *ip, uint8_t ttl);

/* Feeds the bytes and expects one packet of them to leave by `out_port`, that alone. Its length. */
uint16_t crosses(struct bed *b, unsigned port, const uint8_t *in, uint16_t len, unsigned out_port,
	uint8_t *out, uint16_t size);

#endif
