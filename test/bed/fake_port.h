/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A kind of port without a device, of one queue, that never has a packet. A suite defines a driver
 * by FAKE_PORT(); what is asked of it, and what it answers, is in one place for all of them.
 */
#ifndef OVNET_BED_FAKE_PORT_H
#define OVNET_BED_FAKE_PORT_H

#include "port/port.h"

#define FAKE_PORTS (2 * OVNET_MAX_PORTS)

struct fake_port {
	int refuses; /* what whoever opens one is answered; 0: it opens */
	bool links;  /* its device is one of the fake kernel's, made anew each time */
	unsigned asked, opened, lost, n_closed;
	char closed[FAKE_PORTS][32]; /* the first of them, in order */
	struct ovnet_port_conf conf; /* as of the last that was asked for; its strings are gone */
};
extern struct fake_port fake_port;

int fake_port_open(struct ovnet_port *port, const struct ovnet_port_conf *conf);
void fake_port_close(struct ovnet_port *port);
void fake_port_lose(struct ovnet_port *port);
void fake_port_stats(struct ovnet_port *port, struct ovnet_port_stats *out);
/* The port's device has counted n of each kind: missed, 10 n errors, ... */
void fake_port_count(struct ovnet_port *port, uint64_t n);

#define FAKE_PORT(kind)                                                           \
	{                                                                         \
		.name = (kind), .open = fake_port_open, .close = fake_port_close, \
		.lose = fake_port_lose, .stats = fake_port_stats                  \
	}

#endif
