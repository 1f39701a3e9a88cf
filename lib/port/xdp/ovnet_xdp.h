/* SPDX-License-Identifier: BSD-3-Clause */
/* What the XDP program and the daemon have in common: map values and sizes. */
#ifndef OVNET_PORT_OVNET_XDP_H
#define OVNET_PORT_OVNET_XDP_H

#include <linux/types.h>

#define OVNET_XDP_QUEUES  32 /* at least OVNET_MAX_QUEUES */
#define OVNET_XDP_ENTRIES 256

/* One 32-bit word: a map update replaces it in one store. */
struct ovnet_xdp_config {
	__u16 udp_port_be; /* 0: no UDP */
	__u16 flags;       /* OVNET_XDP_* */
};

#define OVNET_XDP_SUBNETS4 1 /* look at the subnets too */
#define OVNET_XDP_SUBNETS6 2
#define OVNET_XDP_ALL      4 /* an attach port: every frame, nothing for the kernel */

/* Keys of the tries: length, then the address as on the wire. */
struct ovnet_xdp_subnet {
	__u32 len;
	__u32 addr_be;
};

struct ovnet_xdp_subnet6 {
	__u32 len;
	__u8 addr[16];
};

#endif
