/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shared uplinks: ovnet's overlay port, held in the kernel so that nobody else answers for
 * it. The sockets take every packet the kernel delivers to the port and drop it: no ICMP
 * port-unreachable goes to peers, and a kernel vxlan or another process on the port is found
 * at start, instead of the two fighting over packets. Sockets that are bound to an interface as
 * well (udp_socket.h) get what comes by it instead. Control thread only.
 */
#ifndef OVNET_PORT_UDP_GUARD_H
#define OVNET_PORT_UDP_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/patience.h"

struct ovnet_udp_guard {
	int fd4, fd6; /* -1: none */
};

/*
 * Binds 0.0.0.0:port and [::]:port (the latter where the kernel has IPv6). When somebody has it,
 * -EAGAIN as long as there is patience (it never sleeps), then -EADDRINUSE, logged with how to find
 * out who.
 */
int ovnet_udp_guard_open(
	struct ovnet_udp_guard *guard, uint16_t port, struct ovnet_patience *patience);
/*
 * Where nobody hears by packet sockets or XDP what the kernel merged: datagrams that come by a
 * bond's, a bridge's or a VLAN's own device are merged before the kernel knows which interface of
 * these they belong to, for the sockets that hear that device: these. Where the kernel merges none
 * (before 5.0), nothing.
 */
void ovnet_udp_guard_merge(const struct ovnet_udp_guard *guard, bool on);
/* Once per successful open. */
void ovnet_udp_guard_close(struct ovnet_udp_guard *guard);

#endif
