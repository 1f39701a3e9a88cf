/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The values of the table of counters (base/counter_table.h): the struct each scope's are members
 * of, and what the control socket says of them. Control thread only.
 */
#ifndef OVNET_APP_METHODS_COUNTERS_H
#define OVNET_APP_METHODS_COUNTERS_H

#include <jansson.h>
#include <stdint.h>

#include "base/counter_table.h"
#include "engine/totals.h"
#include "lane/lane.h"
#include "lease/lease_client.h"
#include "packet/counters.h"
#include "port/port.h"
#include "ports/ports.h"
#include "run/loop.h"

/* What no struct elsewhere holds as it is to be said. */
struct driver_counters {
	uint64_t rx_drops; /* of one reason, by all queues of a port */
};

struct memory_gauges {
	uint64_t mbufs, mbufs_free;
};

struct peer_gauges {
	uint64_t peers, peers_pending;
};

struct node_gauges {
	uint64_t uptime_s;
};

#define COUNTED_PORT   struct ovnet_port_counters
#define COUNTED_DEVICE struct ovnet_port_stats
#define COUNTED_QUEUE  struct ports_queue_counters
#define COUNTED_PEER   struct ovnet_peer_counters
#define COUNTED_LANE   struct ovnet_lane_stats
#define COUNTED_STAGE  struct totals_stage
#define COUNTED_PATH   struct totals_path
#define COUNTED_DROP   struct totals_drop
#define COUNTED_DRIVER struct driver_counters
#define COUNTED_WORKER struct ovnet_counters
#define COUNTED_CYCLE  struct ovnet_counters
#define COUNTED_ETCD   struct ovnet_lease_status
#define COUNTED_LEASE  struct ovnet_lease_status
#define COUNTED_LOOP   struct loop
#define COUNTED_MEMORY struct memory_gauges
#define COUNTED_PEERS  struct peer_gauges
#define COUNTED_NODE   struct node_gauges

/* `from`: the struct of the counter's scope. A time before 1970 would be a huge number. */
uint64_t counter_value(const struct ovnet_counter *c, const void *from);

/* Adds the scope's counters to the object `o`; `from` is a pointer to the scope's struct. */
#define counters_json(o, scope, from) \
	counters_json_of(o, OVNET_SCOPE_##scope, 1 ? (from) : (const COUNTED_##scope *)NULL)
void counters_json_of(json_t *o, enum ovnet_counter_scope scope, const void *from);

#endif
