/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the host device and TAPs have in common: a port on the queues of a TUN device. Its driver
 * opens the queues, sets the device up, begins to count, and has the rest in its vtable as it is.
 */
#ifndef OVNET_PORT_TUN_PORT_H
#define OVNET_PORT_TUN_PORT_H

#include "port/port.h"
#include "port/tun.h"

/*
 * Packets the kernel keeps for us, in each queue; what comes on top is lost (`missed`). Datagrams
 * of an MTU that is 14 ms of 800 Mbit/s, twice what TUN's own 500 are: a worker is away for so long
 * whenever it has to share its CPU. It counts packets, not bytes, nobody is charged for them, and
 * one is up to 64 KB: 64 MB at the most, which hold up what comes behind them for 50 ms at 10
 * Gbit/s. Streams stay below: a receiver's window is some MB. One that somebody made longer
 * stays so.
 */
#define OVNET_TUN_QUEUE_LEN 1024

/* As many queues as `conf` wants, of the device `name`. On failure ovnet_tun_port_close(). */
int ovnet_tun_port_queues(struct ovnet_port *port, const struct ovnet_port_conf *conf,
	const char *name, enum ovnet_tun_kind kind);
/* From now on what the kernel drops is `missed`; `port->ifindex` is known. 0 or -ENOMEM. */
int ovnet_tun_port_count(struct ovnet_port *port);
/* A queue's file, to be asked about the device. */
int ovnet_tun_port_fd(const struct ovnet_port *port);

void ovnet_tun_port_close(struct ovnet_port *port);
uint16_t ovnet_tun_port_rx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n);
uint16_t ovnet_tun_port_tx(struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n);
int ovnet_tun_port_wait_fd(struct ovnet_port_queue *q);
void ovnet_tun_port_stats(struct ovnet_port *port, struct ovnet_port_stats *out);

#endif
