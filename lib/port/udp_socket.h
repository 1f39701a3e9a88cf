/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The driver "udp_socket" beside an AF_XDP uplink: what the XDP program leaves to the kernel comes
 * back here, put together from its fragments. Its filter() opens the sockets (udp_port 0: closes
 * them), and again when the interface of that name is another one; the guard (udp_guard.h) has to
 * hold the port by then.
 *
 * The control thread reads the sockets, a batch at a time, and hands the packets to the worker by
 * a ring: they are few, and a worker is not to ask the kernel each round whether there are any.
 */
#ifndef OVNET_PORT_UDP_SOCKET_H
#define OVNET_PORT_UDP_SOCKET_H

#include "port/port.h"

/* Polls readable when there is something to read; the same as long as the port lives. */
int ovnet_udp_socket_fd(const struct ovnet_port *port);
/* Control thread. Reads at most 64 datagrams, never waits. */
void ovnet_udp_socket_read(struct ovnet_port *port);

#endif
