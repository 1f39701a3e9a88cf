/* SPDX-License-Identifier: BSD-3-Clause */
/* A port without a device, of one queue. Shared with perf/. */
#ifndef OVNET_BED_MEMORY_PORT_H
#define OVNET_BED_MEMORY_PORT_H

#include "port/port.h"

/* `like`: driver, id, role, caps, MTU. `priv`: the driver's, to find its packets by. */
static inline void memory_port_init(struct ovnet_port *port, struct ovnet_port_queue *queue,
	const struct ovnet_port *like, const struct ovnet_mac *mac, void *priv)
{
	*port = *like;
	port->n_rxq = port->n_txq = 1;
	port->queue[0] = queue;
	port->priv = priv;
	atomic_init(&port->twin, OVNET_PORT_NONE);
	queue->port = port;
	ovnet_port_set_mac(port, mac);
}

#endif
