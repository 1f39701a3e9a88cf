/* SPDX-License-Identifier: BSD-3-Clause */
/* What the suites of the shared uplinks have in common: up0, ours, and a peer that sends. */
#ifndef OVNET_BED_LAB_UPLINK_H
#define OVNET_BED_LAB_UPLINK_H

#include "bed/lab.h"

#define PORT 8472

extern struct ovnet_addr addrs[2]; /* 10.9.0.1, fd09::1 */
extern uint8_t mac_a[6], mac_b[6];
extern int peer; /* raw, at the far end */

struct ovnet_port *open_uplink(
	const struct ovnet_driver *driver, const char *iface, uint16_t queues, int *err);
void take(struct ovnet_port *port, uint16_t udp_port, unsigned n_addrs);
struct lab_packet packet(uint16_t port, const char *text);
void send_packet(const struct lab_packet *p);

/* The port gets the packet, once. */
bool taken(struct ovnet_port *port, const struct lab_packet *p);

/* The port does not get it; as long as a packet takes on a busy box, and then some. */
bool passes(struct ovnet_port *port, const struct lab_packet *p);

int uplink_set_up(void **state);
int uplink_tear_down(void **state);

#endif
