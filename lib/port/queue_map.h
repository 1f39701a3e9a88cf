/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which worker polls which rx queue, and which tx queue each worker sends by.
 * Built whole by the control thread, published with one store, freed after RCU
 * grace; workers: ro.
 *
 * A worker without a tx queue of its own on a port (a one-channel NIC, a veth, a
 * guest with one queue pair) hands packets to the worker that owns the queue,
 * through that worker's bounded hand-off ring.
 *
 * A queue pair, once it was given to a worker, stays there until ovnet_queue_move(). Two
 * workers never use one: a map says whom a queue is to belong to, the queue itself who has it. Who
 * has it gives it away where he finds a new map, between two rounds: one store, behind all he did
 * with the queue. Until then the next one does not poll it, and hands what is to leave by it to
 * who has it, as everybody else does. So the device is without a worker for no longer than the two
 * take to look, and no packet waits for the control thread.
 */
#ifndef OVNET_PORT_QUEUE_MAP_H
#define OVNET_PORT_QUEUE_MAP_H

#include "base/rcu.h"
#include "port/port.h"

#define OVNET_WORKER_NONE UINT16_MAX

static_assert(OVNET_MAX_WORKERS < UINT8_MAX, "a queue has them by number + 1");

struct ovnet_rxq_ref {
	struct ovnet_port *port;
	struct ovnet_port_queue *q;
};

struct ovnet_tx_way {
	struct ovnet_port_queue *q; /* own queue, or NULL: hand over */
	/* Worker to hand over to when q is NULL; OVNET_WORKER_NONE: the port cannot send. */
	uint16_t owner;
};

/* A queue whose worker is to give it away. */
struct ovnet_queue_leaving {
	struct ovnet_port_queue *q;
	uint16_t from, to;
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
	uint32_t n_leaving;
	struct ovnet_queue_leaving *leaving;
	struct ovnet_worker_ports worker[];
};

/* Who may use the queue. A worker that finds itself has seen all its former owner did with it. */
static inline uint16_t ovnet_queue_owner(const struct ovnet_port_queue *q)
{
	return (uint16_t)(atomic_load_explicit(&q->owner, memory_order_acquire) - 1);
}

/*
 * Spreads the queues of `ports` (by id, NULL allowed, `n` entries) over `n_workers`. What has a
 * worker keeps it. The others: queue i of a port to the i-th of its `workers`, in turn; without
 * those to worker (i + port id) mod n_workers unless the port has as many queues as there are
 * workers (then queue i to worker i). Rx and tx queue of a number belong together. A port may have
 * no queues of a kind; at most OVNET_MAX_PORTS ports with OVNET_MAX_QUEUES each, one worker or
 * more, the same number each time. Caller owns the result (ovnet_queue_map_free), NULL: no memory.
 */
struct ovnet_queue_map *ovnet_queue_map_build(
	struct ovnet_port *const *ports, uint16_t n, uint16_t n_workers, uint32_t generation);
void ovnet_queue_map_free(struct ovnet_queue_map *map);
/* The same for ovnet_rcu_defer(rcu, &map->rcu, ovnet_queue_map_release). */
void ovnet_queue_map_release(struct ovnet_rcu_head *head);

/*
 * Control thread: the maps built from now on give the queue, which was in one before, to this
 * worker. -EBUSY: it is still on its way from a former one to another.
 */
int ovnet_queue_move(struct ovnet_port_queue *q, uint16_t worker);
/* Whom it belongs to by the newest map; OVNET_WORKER_NONE: it was in none yet. */
static inline uint16_t ovnet_queue_worker(const struct ovnet_port_queue *q)
{
	return (uint16_t)(q->worker - 1);
}

#endif
