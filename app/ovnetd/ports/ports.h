/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ports of this daemon by id, and their life: opened here, published to the workers, out of
 * the queue map while their device is gone, replaced under the same id when it is back (next hops,
 * endpoints and counters know ports by id), closed here, after which their id is another one's.
 * Who wanted a port (uplinks, host device) keeps a pointer to it, and is called when it has to be
 * made anew. Control thread only.
 */
#ifndef OVNET_APP_PORTS_PORTS_H
#define OVNET_APP_PORTS_PORTS_H

#include <event2/event.h>

#include "engine/engine.h"
#include "port/port.h"

struct port_owner {
	/*
	 * The port's device is gone: opens it again if it is there, by ports_replace(). 0;
	 * -EAGAIN: there is no such device yet; or another -errno (logged), after which it takes
	 * longer and longer until the next try.
	 */
	int (*reopen)(void *arg, struct ovnet_port *port);
	void *arg;
	/* May be NULL. What ports_close() began is done: what the port had is free again. */
	void (*closed)(void *arg, const char *name);
};

/* One queue, each way. */
struct ports_queue_counters {
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	uint64_t rx_drops; /* over all reasons */
};

/* An id that is in use. */
struct port_slot {
	struct ovnet_rcu_head rcu; /* first: while it is closing */
	struct ports *ports;
	struct ovnet_port *port;
	bool lost;    /* its device is gone: out of the queue map */
	bool closing; /* out of the queue map for good; closed when no worker has it any more */
	struct port_owner owner;
	/* what former ports of the id had counted when another took their place */
	struct ovnet_port_stats former;
	uint64_t former_drops[OVNET_DROP_COUNT];
	struct ports_queue_counters former_queue[OVNET_MAX_QUEUES];
	/* balance.c's, by queue: packets until its last look; the look from which it may move */
	struct {
		uint64_t seen, stays_until;
	} load[OVNET_MAX_QUEUES];
	/* what the workers had counted for the id before it was this port's */
	struct ovnet_port_counters before;
};

struct ports {
	struct engine *engine;
	struct port_slot *slot[OVNET_MAX_PORTS]; /* by id; NULL: free */
	uint16_t n;                              /* ids from here on are free */
	uint32_t generation;                     /* of the queue map */
	struct event *timer;                     /* while a port is lost */
	uint32_t wait_ms;
	int notify_fd; /* drivers' own threads write to it, see changes.h */
	struct event *notified, *ask;
	int (*publish)(struct ports *ports);
	bool soon; /* they are asked in a moment */
};

/* 0 or -ENOMEM. */
int ports_init(struct ports *ports, struct engine *engine);
/* Closes all of them. Workers have stopped: nobody holds the map or a port. */
void ports_fini(struct ports *ports);

/*
 * Opens a port under the lowest free id; `conf.pool` is filled in. The workers learn of it with the
 * next ports_publish(). `owner` NULL: nobody opens it again. NULL and *err on failure (logged).
 */
struct ovnet_port *ports_open(struct ports *ports, const struct ovnet_driver *driver,
	const struct ovnet_port_conf *conf, const struct port_owner *owner, int *err);
/*
 * Takes the port from the workers, and closes it after their grace, in a later turn of the loop:
 * until then its device and its id are still taken. The caller forgets it at once. Before, whoever
 * entered the port's id into the FIB takes its endpoints and next hops out: the id is another
 * port's afterwards, with another generation, whose counts begin at 0. 0, or -ENOMEM (logged):
 * nothing has changed.
 */
int ports_close(struct ports *ports, struct ovnet_port *port);
/* The port of an id; NULL: there is none, or it is closing. */
struct ovnet_port *ports_at(const struct ports *ports, uint16_t id);

/* Publishes a queue map over the ports that are neither lost nor closing, and wakes the workers. 0
 * or -ENOMEM. */
int ports_publish(struct ports *ports);

/*
 * Gives a queue to another worker, without a moment in which it has two (port/queue_map.h). 0, or
 * -EBUSY: it is on its way from a worker to another; -ENOMEM (logged): it goes with the next map.
 */
int ports_move_queue(struct ports *ports, struct ovnet_port *port, uint16_t queue, uint16_t worker);

/* The port's device is gone. Its owner is asked to open it again, soon and until it succeeds. */
void ports_lost(struct ports *ports, struct ovnet_port *port);
bool ports_is_lost(const struct ports *ports, const struct ovnet_port *port);
/*
 * Opens another port under the id of `old`, publishes it, and frees `old` after the workers'
 * grace. NULL and *err on failure (logged): `old` stays, lost as it is.
 */
struct ovnet_port *ports_replace(struct ports *ports, struct ovnet_port *old,
	const struct ovnet_driver *driver, const struct ovnet_port_conf *conf, int *err);

/* What the port and those it was put in the place of counted, by the workers and by itself. */
struct ovnet_port_counters ports_packets(const struct ports *ports, const struct ovnet_port *port);
void ports_stats(const struct ports *ports, struct ovnet_port *port, struct ovnet_port_stats *out);
uint64_t ports_rx_drops(
	const struct ports *ports, const struct ovnet_port *port, enum ovnet_drop reason);
/* `queue` is below max(n_rxq, n_txq). */
struct ports_queue_counters ports_queue(
	const struct ports *ports, const struct ovnet_port *port, uint16_t queue);

#endif
