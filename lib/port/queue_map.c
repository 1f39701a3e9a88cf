/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/queue_map.h"

#include <errno.h>
#include <stdlib.h>

static uint16_t n_queues(const struct ovnet_port *port)
{
	return RTE_MAX(port->n_rxq, port->n_txq);
}

static uint16_t first_worker(const struct ovnet_port *port, uint16_t queue, uint16_t n_workers)
{
	if (port->n_workers > 0)
		return port->workers[queue % port->n_workers] % n_workers;
	if (n_queues(port) == n_workers)
		return queue;
	return (uint16_t)((queue + port->id) % n_workers);
}

/* A queue that is in no map yet has nobody to be taken from. */
static void settle(struct ovnet_port *const *ports, uint16_t n, uint16_t n_workers)
{
	for (uint16_t id = 0; id < n; id++)
		for (uint16_t i = 0; ports[id] != NULL && i < n_queues(ports[id]); i++) {
			struct ovnet_port_queue *q = ports[id]->queue[i];
			if (q->worker != 0)
				continue;
			q->worker = (uint8_t)(first_worker(ports[id], i, n_workers) + 1);
			atomic_store_explicit(&q->owner, q->worker, memory_order_relaxed);
		}
}

static uint16_t worker_of(const struct ovnet_port *port, uint16_t queue)
{
	return ovnet_queue_worker(port->queue[queue]);
}

static bool is_leaving(const struct ovnet_port_queue *q)
{
	return ovnet_queue_owner(q) != ovnet_queue_worker(q);
}

/* Where each worker's refs begin; what they are is filled in by add_rx(). */
static void share_out(struct ovnet_queue_map *map, struct ovnet_port *const *ports, uint16_t n,
	struct ovnet_rxq_ref *rx, struct ovnet_tx_way *tx)
{
	for (uint16_t w = 0; w < map->n_workers; w++) {
		map->worker[w].rx = rx;
		map->worker[w].tx = tx + (size_t)w * n;
		for (uint16_t id = 0; id < n; id++)
			for (uint16_t i = 0; ports[id] != NULL && i < ports[id]->n_rxq; i++)
				rx += worker_of(ports[id], i) == w;
	}
}

/* Room for `n` ports with the queues they have, one array behind the other. */
static struct ovnet_queue_map *map_new(
	struct ovnet_port *const *ports, uint16_t n, uint16_t n_workers)
{
	struct ovnet_queue_map *map;
	size_t queues = 0, leaving = 0;

	for (uint16_t id = 0; id < n; id++) {
		queues += ports[id] != NULL ? ports[id]->n_rxq : 0;
		for (uint16_t i = 0; ports[id] != NULL && i < n_queues(ports[id]); i++)
			leaving += is_leaving(ports[id]->queue[i]);
	}
	size_t rx_at = sizeof(*map) + n_workers * sizeof(map->worker[0]),
	       tx_at = rx_at + queues * sizeof(struct ovnet_rxq_ref),
	       ports_at = tx_at + (size_t)n_workers * n * sizeof(struct ovnet_tx_way),
	       leaving_at = ports_at + n * sizeof(struct ovnet_port *);

	map = calloc(1, leaving_at + leaving * sizeof(struct ovnet_queue_leaving));
	if (map == NULL)
		return NULL;
	map->n_workers = n_workers;
	map->port = (void *)((char *)map + ports_at);
	map->leaving = (void *)((char *)map + leaving_at);
	share_out(map, ports, n, (void *)((char *)map + rx_at), (void *)((char *)map + tx_at));
	return map;
}

static void add_rx(struct ovnet_queue_map *map, struct ovnet_port *port)
{
	for (uint16_t i = 0; i < port->n_rxq; i++) {
		struct ovnet_worker_ports *w = &map->worker[worker_of(port, i)];
		w->rx[w->n_rx++] = (struct ovnet_rxq_ref){port, port->queue[i]};
	}
}

static void add_tx(struct ovnet_queue_map *map, struct ovnet_port *port)
{
	/* Those without a queue spread over the queues there are. */
	for (uint16_t w = 0; w < map->n_workers; w++)
		map->worker[w].tx[port->id].owner =
			port->n_txq == 0 ? OVNET_WORKER_NONE : worker_of(port, w % port->n_txq);
	/* Downwards, so that the owner of several sends by the first. */
	for (uint16_t i = port->n_txq; i-- > 0;) {
		uint16_t w = worker_of(port, i);
		map->worker[w].tx[port->id] = (struct ovnet_tx_way){port->queue[i], w};
	}
}

/* One that has gone to its new worker since room was made for it is left out. */
static void add_leaving(struct ovnet_queue_map *map, struct ovnet_port *port)
{
	for (uint16_t i = 0; i < n_queues(port); i++) {
		struct ovnet_port_queue *q = port->queue[i];
		uint16_t from = ovnet_queue_owner(q), to = ovnet_queue_worker(q);
		if (from != to)
			map->leaving[map->n_leaving++] = (struct ovnet_queue_leaving){q, from, to};
	}
}

struct ovnet_queue_map *ovnet_queue_map_build(
	struct ovnet_port *const *ports, uint16_t n, uint16_t n_workers, uint32_t generation)
{
	settle(ports, n, n_workers);
	struct ovnet_queue_map *map = map_new(ports, n, n_workers);
	if (map == NULL)
		return NULL;
	map->generation = generation;
	for (uint16_t id = 0; id < n; id++) {
		if (ports[id] == NULL)
			continue;
		map->port[id] = ports[id];
		map->n_ports = (uint16_t)(id + 1);
		add_rx(map, ports[id]);
		add_tx(map, ports[id]);
		add_leaving(map, ports[id]);
	}
	return map;
}

void ovnet_queue_map_free(struct ovnet_queue_map *map)
{
	free(map);
}

void ovnet_queue_map_release(struct ovnet_rcu_head *head)
{
	/* `rcu` is the first member. */
	ovnet_queue_map_free((struct ovnet_queue_map *)head);
}

int ovnet_queue_move(struct ovnet_port_queue *q, uint16_t worker)
{
	/* Who gives it away does so to whom the last map said, which has to be the last word. */
	if (is_leaving(q))
		return -EBUSY;
	q->worker = (uint8_t)(worker + 1);
	return 0;
}
