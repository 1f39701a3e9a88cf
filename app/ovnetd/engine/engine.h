/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What forwards: DPDK and its packet memory, the tables workers read, the workers themselves.
 * Everything here belongs to the control thread, except `shared` and `workers`, whose headers say
 * what workers read.
 *
 * Start in the order of the functions below, stop in reverse; each fini is safe before its init.
 */
#ifndef OVNET_APP_ENGINE_ENGINE_H
#define OVNET_APP_ENGINE_ENGINE_H

#include <event2/event.h>

#include "conf/conf.h"
#include "fib/fib_writer.h"
#include "path/path.h"
#include "path/worker.h"
#include "run/warnings.h"

#define ENGINE_MAX_PEERS (1u << 17) /* twice what a /8 of /24 holds */

struct engine {
	const struct conf *conf;
	struct event_base *base;
	struct warnings *warnings;
	bool eal, hugepages;
	uint16_t data_room; /* bytes of packet in one buffer */
	uint32_t mbufs;     /* of `pool` */
	struct rte_mempool *pool;
	struct ovnet_path_shared shared;
	struct event *reclaim; /* timer: frees what is past its RCU grace */
	struct ovnet_fib_writer *fib;
	const struct ovnet_path_ops *path;
	struct ovnet_worker *workers[OVNET_MAX_WORKERS];
};

/* All return 0 or negative errno, logged. */
/* eal.c: DPDK and the packet pool, for packets of links with at most this MTU. */
int engine_memory_init(struct engine *e, uint16_t max_mtu);
void engine_memory_fini(struct engine *e);
/*
 * pool_size.c: is the pool large enough for these ports, all there are, with the last one of them?
 * Otherwise the sum and the cure are in `err`.
 */
bool memory_fits(const struct engine *e, const struct conf_port *const *ports, unsigned n,
	char *err, size_t size);
/* tables.c: RCU, hand-off rings, FIB. */
int engine_tables_init(struct engine *e);
void engine_tables_fini(struct engine *e);
/* workers.c. When fini returns nobody holds a packet, a port or the queue map. */
int engine_workers_init(struct engine *e);
void engine_workers_fini(struct engine *e);

#endif
