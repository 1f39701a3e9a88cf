/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loop a worker lcore runs: poll, quiesce, and when nothing comes, sleep.
 *
 * Idle: after `ramp` empty rounds arm every port, look once more, go RCU-offline and
 * epoll_wait on the ports' fds and the hand-off eventfd. A port without an fd keeps its
 * worker on a timed sleep of `nap_us`. With `poll_only` it never sleeps.
 */
#ifndef OVNET_PATH_WORKER_H
#define OVNET_PATH_WORKER_H

#include "path/path.h"

/*
 * Empty rounds before a sleep: some 50 to 200 us, longer than the gaps of a steady load of
 * 20,000 packets per second, short enough that idle daemons sharing a core leave it to others.
 */
#define OVNET_WORKER_RAMP 500
/* Nap of a worker that has a port without an fd: 8 % of a core (100 us cost 14 %, 500 us 4 %). */
#define OVNET_WORKER_NAP_US 200

/* The owner sets ctx.shared, ctx.worker, counters.peer and what stands between ops and nap_us. */
struct ovnet_worker {
	struct ovnet_path_ctx ctx; /* worker: rw */
	const struct ovnet_path_ops *ops;
	unsigned lcore;
	bool poll_only;
	uint32_t ramp;
	uint32_t nap_us;
	_Atomic bool stop;       /* control sets, then wakes */
	_Atomic bool timed;      /* worker: some port has no fd (for ovnetctl workers) */
	int epoll_fd;            /* worker: rw; -1 until its first sleep */
	uint32_t map_generation; /* of the queue map the epoll set was made from */
	struct ovnet_counters counters;
};

/* For rte_eal_remote_launch; `arg` is a struct ovnet_worker. Returns 0. */
int ovnet_worker_main(void *arg);
/* Control thread: asks the worker to stop and wakes it. Join with rte_eal_wait_lcore. */
void ovnet_worker_stop(struct ovnet_worker *w);

#endif
