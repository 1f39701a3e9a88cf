/* SPDX-License-Identifier: BSD-3-Clause */
#include "ports/balance.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_cycles.h>

#include "base/log.h"

OVNET_LOG_TYPE(balance)

struct balance_queue {
	struct ovnet_port *port;
	uint16_t id;
};

/* What the queue did since the last look. One of a port that was opened anew begins at 0. */
static uint64_t packets_since(struct port_slot *slot, const struct ovnet_port_queue *q)
{
	uint64_t now = q->packets.rx_packets + q->packets.tx_packets;
	uint64_t seen = slot->load[q->id].seen;

	slot->load[q->id].seen = now;
	return now >= seen ? now - seen : now;
}

static bool stays(const struct balance *b, const struct ovnet_port *port, uint16_t id)
{
	const struct port_slot *slot = b->ports->slot[port->id];
	uint16_t queues = RTE_MAX(port->n_rxq, port->n_txq);

	return port->n_workers > 0 || queues >= b->ports->engine->shared.n_workers ||
	       b->look < slot->load[id].stays_until;
}

static bool make_room(struct balance *b, unsigned n)
{
	if (n <= b->room)
		return true;
	struct spread_queue *queues = realloc(b->queues, n * sizeof(*queues));
	if (queues != NULL)
		b->queues = queues;
	struct balance_queue *of = realloc(b->of, n * sizeof(*of));
	if (of != NULL)
		b->of = of;
	if (queues == NULL || of == NULL)
		return false; /* the next look tries again */
	b->room = n;
	return true;
}

static unsigned count(const struct ports *ports)
{
	unsigned n = 0;

	for (uint16_t id = 0; id < ports->n; id++) {
		const struct ovnet_port *port = ports_at(ports, id);
		n += port != NULL ? RTE_MAX(port->n_rxq, port->n_txq) : 0;
	}
	return n;
}

static bool is_underway(const struct ports *ports, const struct ovnet_port *port)
{
	if (port == NULL || ports_is_lost(ports, port))
		return false;
	for (uint16_t i = 0; i < RTE_MAX(port->n_rxq, port->n_txq); i++)
		if (ovnet_queue_owner(port->queue[i]) != ovnet_queue_worker(port->queue[i]))
			return true;
	return false;
}

/*
 * A worker that is interrupted before it gives away goes by the map it had taken up, though the
 * queue may have gone and come back since: it goes again, to one whom the newest map did not tell.
 * Nobody polls it until there is another map.
 */
static void hasten(const struct balance *b)
{
	for (uint16_t id = 0; id < b->ports->n; id++)
		if (is_underway(b->ports, ports_at(b->ports, id))) {
			(void)ports_publish(b->ports); /* or by the next look */
			return;
		}
}

/* All queues workers have, with what they did. How many. */
static unsigned measure_queues(struct balance *b)
{
	const struct ports *ports = b->ports;
	unsigned n = 0;

	if (!make_room(b, count(ports)))
		return 0;
	for (uint16_t id = 0; id < ports->n; id++) {
		struct ovnet_port *port = ports_at(ports, id);
		if (port == NULL || ports_is_lost(ports, port))
			continue;
		for (uint16_t i = 0; i < RTE_MAX(port->n_rxq, port->n_txq); i++) {
			const struct ovnet_port_queue *q = port->queue[i];
			uint16_t worker = ovnet_queue_worker(q);
			if (worker == OVNET_WORKER_NONE)
				continue;
			b->queues[n] = (struct spread_queue){
				packets_since(ports->slot[id], q), worker, stays(b, port, i)};
			b->of[n++] = (struct balance_queue){port, i};
		}
	}
	return n;
}

/* Per mille of the time since the last look that each worker spent on packets. */
static void measure_workers(struct balance *b, uint64_t now, uint32_t *busy)
{
	const struct engine *e = b->ports->engine;
	uint64_t time = now - b->at;

	for (uint16_t w = 0; w < e->shared.n_workers; w++) {
		uint64_t cycles = e->workers[w]->counters.busy_cycles;
		uint64_t spent = cycles - b->busy_cycles[w];
		b->busy_cycles[w] = cycles;
		busy[w] = time > 0 ? (uint32_t)RTE_MIN(spent * 1000 / time, UINT64_C(1000)) : 0;
	}
	b->at = now;
}

static void move(struct balance *b, const struct spread_move *m, const uint32_t *busy)
{
	const struct balance_queue *of = &b->of[m->queue];
	uint16_t from = b->queues[m->queue].worker;
	const char *name = of->port->name;

	if (ports_move_queue(b->ports, of->port, of->id, m->to) < 0)
		return;
	LOG(INFO,
		"queue %s:%u goes from worker %u, busy for %u %% of its time, to worker %u, %u %%",
		name, of->id, from, busy[from] / 10, m->to, busy[m->to] / 10);
	b->ports->slot[of->port->id]->load[of->id].stays_until = b->look + BALANCE_STAY;
	b->rest_until = b->look + BALANCE_REST;
}

void balance_look(struct balance *b, uint64_t now)
{
	const struct ovnet_port_queue *suggested = b->suggested;
	uint32_t busy[OVNET_MAX_WORKERS];
	struct spread_move m;

	b->look++;
	b->suggested = NULL;
	hasten(b);
	measure_workers(b, now, busy);
	unsigned n = measure_queues(b);
	if (b->look <= b->rest_until ||
		!spread_choose(busy, b->ports->engine->shared.n_workers, b->queues, n, &m))
		return;
	const struct ovnet_port_queue *q = b->of[m.queue].port->queue[b->of[m.queue].id];
	if (q == suggested && m.to == b->suggested_to) {
		move(b, &m, busy);
		return;
	}
	b->suggested = q;
	b->suggested_to = m.to;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	balance_look(arg, rte_rdtsc());
}

int balance_init(struct balance *b, struct ports *ports)
{
	static const struct timeval every = {.tv_sec = BALANCE_LOOK_S};

	*b = (struct balance){.ports = ports, .at = rte_rdtsc()};
	if (!ports->engine->conf->dpdk.balance || ports->engine->shared.n_workers < 2)
		return 0;
	b->timer = event_new(ports->engine->base, -1, EV_PERSIST, on_timer, b);
	return b->timer != NULL && event_add(b->timer, &every) == 0 ? 0 : -ENOMEM;
}

void balance_fini(struct balance *b)
{
	if (b->timer != NULL)
		event_free(b->timer);
	free(b->queues);
	free(b->of);
	*b = (struct balance){0};
}
