/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Large packets that are still to be cut, and the kernel as the judge of how: one goes into a TAP
 * as it is, over a bridge, and comes out of another TAP that takes only finished packets, cut by
 * the kernel's own segmentation.
 */
#ifndef OVNET_BED_GSO_H
#define OVNET_BED_GSO_H

#include "bed/path.h"

#define GSO_ROOM  65600u
#define GSO_LINK  14u
#define GSO_FRAME 9000u /* of a segment, at most */

struct gso_case {
	const char *name;
	bool v6, udp;
	uint8_t options;     /* bytes of IPv4 options or IPv6 extension headers */
	uint8_t tcp_options; /* bytes: timestamps, then no-operation */
	uint8_t flags;       /* TCP's */
	uint16_t size;       /* payload of a segment */
	uint16_t payload;    /* of all of them */
	uint16_t id;
};

/* Bytes as the case says, behind an Ethernet header; `offload` and so on into `meta`. */
struct gso_packet {
	uint8_t b[GSO_ROOM];
	uint32_t len;           /* the Ethernet header included */
	uint16_t hdr_len, l4;   /* from the IP header on */
	struct ovnet_meta meta; /* csum_start as if the data were at the IP header */
};

void gso_make(struct gso_packet *p, const struct gso_case *c);

/*
 * The packet without its Ethernet header as a driver hands it in: `landed`, cut already; else in
 * buffers of `seg` bytes, the first of `first`. Metadata is set.
 */
struct rte_mbuf *gso_mbuf(const struct gso_packet *p, bool landed, uint16_t first, uint16_t seg);

/* Two TAPs and the bridge, in the namespace the process is in. */
void gso_kernel_up(void);
void gso_kernel_down(void);
/* Gives the kernel the packet; with its vnet header. */
void gso_kernel_give(const struct gso_packet *p, const struct gso_case *c);
/* The next frame of IP it makes; its length. */
uint16_t gso_kernel_get(uint8_t *frame);

#endif
