/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Somebody looks at packets: at those that pass ports, as they are there, and at those that are
 * refused (a capture), or at the way of some through the stages (a trace). A tap of the path copies
 * what is wanted into a ring of each worker's own; what does not fit is counted and lost, and no
 * packet waits for it. One thread reads the rings (stream.h).
 *
 * What leaves by a port is seen where it enters tx, by the worker that has the queue: unfinished
 * checksums and segments are shown as they are, as on a kernel's interface.
 *
 * Threads: new, start and stop are the control thread's. After stop the object is freed by
 * ovnet_rcu_defer(capture_release), once its reader has ended.
 */
#ifndef OVNET_CAPTURE_CAPTURE_H
#define OVNET_CAPTURE_CAPTURE_H

#include "capture/filter.h"
#include "capture/ring.h"
#include "path/taps.h"

#define CAPTURE_PORTS_MAX  16
#define CAPTURE_RING_BYTES (1u << 21) /* for each worker: 1,000 packets of an MTU, 30 of 64 KB */
#define CAPTURE_TRACE_MAX  1000
#define CAPTURE_TRACE_SNAP 128

struct capture_order {
	bool trace;
	unsigned packets; /* trace: how many */
	bool drops;       /* capture: packets refused, too */
	unsigned n_ports; /* capture: those that pass these; trace: those that came by these */
	bool all_ports;
	char port[CAPTURE_PORTS_MAX][PACKET_RECORD_PORT];
	uint32_t snap; /* the first bytes of each packet that are shown; at most ..._SNAP_MAX */
	struct capture_filter filter;
};

/* Of one port and side, or of all that was refused. worker: rw, reader: ro. */
struct capture_counts {
	_Atomic uint64_t seen, lost;
	bool raw;
	char port[PACKET_RECORD_PORT]; /* there when `seen` is not 0 */
};

#define CAPTURE_COUNTS (2 * OVNET_MAX_PORTS + 2) /* by port id and side; refused, by `raw` */

struct capture_worker {
	struct capture_ring ring;
	struct capture_counts *counts;
};

struct capture {
	struct ovnet_rcu_head rcu; /* first */
	const struct ovnet_path_shared *shared;
	struct capture_order order;
	/* trace: workers: rw. The first one's number is 1 + what the trace before it ended with. */
	_Atomic uint32_t next;
	uint32_t first;
	uint16_t n_workers;
	struct capture_worker worker[];
};

/* NULL: no memory. */
struct capture *capture_new(
	const struct ovnet_path_shared *shared, const struct capture_order *order, uint32_t first);
/* 0 or negative errno, nothing changed. */
int capture_start(struct capture *c, struct ovnet_path_shared *shared);
int capture_stop(struct capture *c, struct ovnet_path_shared *shared);
void capture_free(struct capture *c); /* NULL is fine */
/* The same for ovnet_rcu_defer(rcu, &c->rcu, capture_release). */
void capture_release(struct ovnet_rcu_head *head);

#endif
