/* SPDX-License-Identifier: BSD-3-Clause */
/* What the XDP program and the daemon have in common: map values and sizes. */
#ifndef OVNET_PORT_OVNET_XDP_H
#define OVNET_PORT_OVNET_XDP_H

#include <linux/types.h>

#define OVNET_XDP_QUEUES  32 /* at least OVNET_MAX_QUEUES */
#define OVNET_XDP_ENTRIES 256

/* One 32-bit word: a map update replaces it in one store. */
struct ovnet_xdp_config {
	__u16 udp_port_be; /* 0: take nothing */
	__u16 subnets;     /* 1: look at the subnets too */
};

struct ovnet_xdp_subnet {
	__u32 len;
	__u32 addr_be;
};

#endif
