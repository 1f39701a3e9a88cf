/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which worker polls which rx queue, and which tx queue each worker sends by.
 * Built whole by the control thread, published with one store, freed after RCU
 * grace; workers: ro.
 *
 * A worker without a tx queue of its own on a port (a one-channel NIC, a veth, a
 * guest with one queue pair) hands packets to the worker that owns the queue,
 * through that worker's bounded hand-off ring.
 */
#ifndef OVNET_PORT_QUEUE_MAP_H
#define OVNET_PORT_QUEUE_MAP_H

#include "base/rcu.h"
#include "port/port.h"

#define OVNET_WORKER_NONE UINT16_MAX

struct ovnet_rxq_ref {
	struct ovnet_port *port;
	struct ovnet_port_queue *q;
};

struct ovnet_tx_way {
	struct ovnet_port_queue *q; /* own queue, or NULL: hand over */
	/* Worker to hand over to when q is NULL; OVNET_WORKER_NONE: the port cannot send. */
	uint16_t owner;
};

struct ovnet_worker_ports {
	uint16_t n_rx;
	struct ovnet_rxq_ref *rx; /* in port order */
	struct ovnet_tx_way *tx;  /* by port id */
};

/* One allocation, as large as the ports and queues there are ask for. */
struct ovnet_queue_map {
	struct ovnet_rcu_head rcu; /* first */
	uint32_t generation; /* grows with each publication; a sleeper rebuilds its epoll set */
	uint16_t n_ports;    /* highest id + 1 */
	struct ovnet_port **port; /* by id; NULL where there is none */
	uint16_t n_workers;
	struct ovnet_worker_ports worker[];
};

/*
 * Spreads the queues of `ports` (by id, NULL allowed, `n` entries) over `n_workers`:
 * rx queue i of a port to worker (i + port id) mod n_workers unless the port has as
 * many queues as there are workers (then queue i to worker i), tx queue of the same
 * number to the same worker. A port may have no queues of a kind; at most OVNET_MAX_PORTS
 * ports with OVNET_MAX_QUEUES each, one worker or more. Caller owns the result
 * (ovnet_queue_map_free), NULL: no memory.
 */
struct ovnet_queue_map *ovnet_queue_map_build(
	struct ovnet_port *const *ports, uint16_t n, uint16_t n_workers, uint32_t generation);
void ovnet_queue_map_free(struct ovnet_queue_map *map);
/* The same for ovnet_rcu_defer(rcu, &map->rcu, ovnet_queue_map_release). */
void ovnet_queue_map_release(struct ovnet_rcu_head *head);

#endif
