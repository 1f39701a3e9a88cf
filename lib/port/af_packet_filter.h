/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The socket filter of an AF_PACKET uplink: the same choice the XDP program makes (there in
 * BPF maps, here in the instructions themselves, replaced whole). Fragments are taken here,
 * whichever port they are for: what the kernel makes of its own copies nobody hands to us.
 */
#ifndef OVNET_PORT_AF_PACKET_FILTER_H
#define OVNET_PORT_AF_PACKET_FILTER_H

#include <linux/filter.h>

#include "port/port.h"

/*
 * Addresses and subnets that are matched one by one; with more addresses every one is taken:
 * the kernel sees the packet in any case, so this costs a look, never a packet.
 */
#define OVNET_PACKET_FILTER_ADDRS   32
#define OVNET_PACKET_FILTER_SUBNETS 8
#define OVNET_PACKET_FILTER_MAX     384

/* Writes at most OVNET_PACKET_FILTER_MAX instructions; how many, or -E2BIG: too many subnets. */
int ovnet_packet_filter(const struct ovnet_port_filter *f, struct sock_filter *code);

#endif
