/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Taps: who looks at packets at every stage boundary, on every kind of port. Capture, mirror and
 * trace are taps, side by side.
 *
 * A set of taps is never changed: add and remove publish another one whole, and the former is freed
 * after the grace period. Without any there is no set, which costs a branch per stage and burst. A
 * worker takes a new set up with its next burst.
 *
 * Threads: add and remove are the control thread's; taps are called by every worker, at the same
 * time. Ownership: `arg` stays the caller's. A removed tap may still be called until the grace
 * period is over: ovnet_rcu_defer() what is behind `arg`, after the removal.
 */
#ifndef OVNET_PATH_TAPS_H
#define OVNET_PATH_TAPS_H

#include "path/path.h"

/*
 * Called with the packets that enter `stage`; may read them, never change (but for a trace's mark
 * in their metadata), keep or free, and does nothing a stage may not: see path.h. `info` is the
 * reason (enum ovnet_drop) at the drop stage, 0 elsewhere.
 */
typedef void ovnet_tap_fn(void *arg, uint16_t worker, enum ovnet_stage stage, uint16_t info,
	struct rte_mbuf **pkts, uint16_t n);

struct ovnet_taps {
	struct ovnet_rcu_head rcu; /* first */
	unsigned n;
	struct ovnet_tap {
		ovnet_tap_fn *fn;
		void *arg;
	} tap[]; /* called in this order, that of their coming */
};

/* 0; or nothing changed: -EEXIST that tap with that `arg` is there, -ENOMEM. */
int ovnet_taps_add(struct ovnet_path_shared *shared, ovnet_tap_fn *fn, void *arg);
/* 0; or nothing changed: -ENOENT there is no such tap, -ENOMEM (never for the last one). */
int ovnet_taps_remove(struct ovnet_path_shared *shared, ovnet_tap_fn *fn, void *arg);

/* Worker, where ctx->taps is not NULL: calls them all. */
void ovnet_taps_call(const struct ovnet_path_ctx *ctx, enum ovnet_stage stage, uint16_t info,
	struct rte_mbuf **pkts, uint16_t n);

#endif
