/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loop a worker lcore runs: poll, quiesce, and when nothing comes, sleep.
 *
 * Idle: after its ramp, a time without packets, arm every port, look once more, go RCU-offline and
 * epoll_wait on the ports' fds and the hand-off eventfd. A port without an fd keeps its
 * worker on a timed sleep of `nap_us`. With `poll_only` it never sleeps.
 *
 * The ramp is what pays: as long as packets come back within `ramp_us`, it grows up to that, so
 * that nobody has to wake the worker; where they do not, it shrinks to nothing, as polling takes a
 * CPU from those who are to send the next packet.
 *
 * Queues that are quiet are not asked one by one: epoll tells of all of them.
 */
#ifndef OVNET_PATH_WORKER_H
#define OVNET_PATH_WORKER_H

#include "path/path.h"

/*
 * The longest ramp: what a sleep and the way back cost (some 5 us of both CPUs', more where they
 * are a hypervisor's), a few times over.
 */
#define OVNET_WORKER_RAMP_US 30
/* Nap of a worker that has a port without an fd: 8 % of a core (100 us cost 14 %, 500 us 4 %). */
#define OVNET_WORKER_NAP_US 200

/* The owner sets ctx.shared, ctx.worker, counters.peer and what stands between ops and nap_us. */
struct ovnet_worker {
	struct ovnet_path_ctx ctx; /* worker: rw */
	const struct ovnet_path_ops *ops;
	unsigned lcore;
	bool poll_only;
	uint32_t ramp_us;
	uint32_t nap_us;
	uint64_t ramp;           /* worker: rw, in TSC cycles */
	uint64_t last_packet;    /* worker: rw, TSC */
	_Atomic bool stop;       /* control sets, then wakes */
	_Atomic bool timed;      /* worker: some port has no fd (for ovnetctl workers) */
	int epoll_fd;            /* worker: rw; -1 until its first sleep */
	uint32_t map_generation; /* of the queue map the epoll set was made from */
	bool remake;             /* worker: rw. A queue of it is still on its way to us */
	struct ovnet_counters counters;
};

/* For rte_eal_remote_launch; `arg` is a struct ovnet_worker. Returns 0. */
int ovnet_worker_main(void *arg);
/* Control thread: asks the worker to stop and wakes it. Join with rte_eal_wait_lcore. */
void ovnet_worker_stop(struct ovnet_worker *w);

#endif
