/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two workers that run, between ports other threads feed. A case opens the bed by
 * live_open() and closes it by live_close(), which frees all there is.
 */
#ifndef OVNET_BED_WORKER_H
#define OVNET_BED_WORKER_H

#include <stdatomic.h>

#include "bed/clock.h"
#include "bed/path.h"
#include "path/worker.h"

#define WORKERS 2
#define QUEUES  2

/* A port other threads feed: a ring each way per queue and an fd to wait on. */
struct live_queue {
	struct ovnet_port_queue q; /* first: what the path knows of it */
	struct rte_ring *in, *out;
	int fd;
	/* As a driver's state is: changed by one worker at a time, or counts get lost. */
	uint64_t used;
	uint64_t used_by[WORKERS]; /* the same, by worker */
	_Atomic unsigned user;     /* lcore + 1 that is in rx, tx, arm or disarm; 0: none */
	_Atomic bool shared;       /* a second one was found there: a fault */
	_Atomic bool armed;
};

struct live_port {
	struct ovnet_port port;
	struct live_queue lq[QUEUES];
};

struct live {
	struct bed *bed;
	struct live_port host, uplink;
	struct ovnet_worker w[WORKERS];
	struct ovnet_peer_counters peers[WORKERS][16];
	struct ovnet_queue_map *map;
};

extern struct live *live;

/* By worker, while watching: the epoch of its last look at a port, which comes behind its look at
 * the taps. */
extern bool watching;
extern uint64_t looked[WORKERS];

/* While set, whoever uses a queue takes his time, so that a second one would meet him. */
extern _Atomic bool linger;

void publish(bool host, bool uplink);
int live_open(void **state);
/* Before workers are launched: to look at a port is to ask the kernel. */
void live_asks(void);
/* A packet of the host's to the peer. */
void live_feed(struct live_queue *lq, uint16_t sport);
/* Waits until `want` packets came out of the uplink; returns how many did within 5 s. 0: those that
 * are there. */
unsigned live_collect(unsigned want);
void workers_launch(void);
void workers_stop(void);
int live_close(void **state);

#endif
