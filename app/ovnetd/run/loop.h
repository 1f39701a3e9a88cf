/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control thread's event loop, and the longest time one turn of it took: for so long
 * etcd, the kernel and the control socket waited. Counted is the time the thread ran, in the
 * kernel too, not the time other programs had its CPU. Control thread only.
 */
#ifndef OVNET_APP_RUN_LOOP_H
#define OVNET_APP_RUN_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct event_base;

struct loop {
	uint64_t turns;
	uint64_t longest_ns; /* since start or reset */
	time_t longest_at;   /* when, 0: no turn yet */
	bool forget;         /* reset at the end of this turn, which is the asker's own */
};

/* Until event_base_loopbreak() or loopexit(): 0, or -EIO. */
int loop_run(struct loop *l, struct event_base *base);
/* Starts the maximum anew with the next turn. */
void loop_reset(struct loop *l);

#endif
