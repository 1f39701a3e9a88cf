/* SPDX-License-Identifier: BSD-3-Clause */
/* How a tap copies a packet. Private to lib/capture; workers. */
#ifndef OVNET_CAPTURE_COPY_H
#define OVNET_CAPTURE_COPY_H

#include "capture/capture.h"

/* The port of that id in the newest map, or NULL. */
static inline const struct ovnet_port *capture_port(const struct capture *c, uint16_t id)
{
	const struct ovnet_queue_map *map =
		atomic_load_explicit(&c->shared->map, memory_order_acquire);

	return map != NULL && id < map->n_ports ? map->port[id] : NULL;
}

static inline bool capture_port_wanted(const struct capture *c, const struct ovnet_port *port)
{
	if (port == NULL || c->order.all_ports)
		return port != NULL;
	for (unsigned i = 0; i < c->order.n_ports; i++)
		if (strcmp(c->order.port[i], port->name) == 0)
			return true;
	return false;
}

/* Does this worker send by the port's queue, or hand the packet to who does? */
static inline bool capture_sends(const struct capture *c, uint16_t worker, uint16_t id)
{
	const struct ovnet_queue_map *map =
		atomic_load_explicit(&c->shared->map, memory_order_acquire);
	/* It may be a newer one than the port was found in. */
	const struct ovnet_port_queue *q = id < map->n_ports ? map->worker[worker].tx[id].q : NULL;

	return q != NULL && ovnet_queue_owner(q) == worker;
}

/*
 * A record of the packet with at most `snap` of its bytes, not yet committed; NULL: no room. `port`
 * may be NULL.
 */
struct packet_record *capture_copy(struct capture_worker *w, uint16_t worker,
	const struct rte_mbuf *m, const struct ovnet_port *port, bool raw, uint32_t snap,
	uint64_t tsc);

#endif
