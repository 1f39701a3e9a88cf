/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a stage takes out of its burst: refused packets, kept until its end, and those that have to
 * go round again. Private to lib/path.
 */
#ifndef OVNET_PATH_REFUSED_H
#define OVNET_PATH_REFUSED_H

#include <rte_branch_prediction.h>

#include "path/path.h"

/*
 * Packets a stage refuses, kept until its end so that floods are freed in bulk. Set n to 0, but not
 * by an initializer: that would clear all of it, once per burst and stage.
 */
struct refused {
	uint16_t n;
	uint8_t reason[OVNET_BURST];
	struct rte_mbuf *pkts[OVNET_BURST];
};

static inline void refuse(struct refused *r, struct rte_mbuf *m, int reason)
{
	r->reason[r->n] = (uint8_t)reason;
	r->pkts[r->n++] = m;
}

static inline void refused_drop(struct ovnet_path_ctx *ctx, struct refused *r)
{
	for (uint16_t i = 0, run; unlikely(i < r->n); i += run) {
		for (run = 1; i + run < r->n && r->reason[i + run] == r->reason[i]; run++)
			;
		ovnet_drop(ctx, r->pkts + i, run, (enum ovnet_drop)r->reason[i]);
	}
}

/*
 * Puts a packet on the again list, to enter `entry` after the burst. `reason`: what it was refused
 * for, or is where the list is full.
 */
void ovnet_again_add(struct ovnet_path_ctx *ctx, struct rte_mbuf *m, enum ovnet_entry entry,
	enum ovnet_drop reason);

/*
 * A fragment, or what fragments made, that is none of the overlay's: punted; on a port whose
 * traffic the kernel has as well it is a copy.
 */
void ovnet_again_foreign(
	struct ovnet_path_ctx *ctx, const struct ovnet_port *port, struct rte_mbuf *m);

/* Drops them, but for those whose senders may be told: they go round again, to `answer`. */
void ovnet_again_refused(struct ovnet_path_ctx *ctx, struct refused *r);

/* The end of the stages that leave refused packets at their IP header. */
static inline void refused_answer(struct ovnet_path_ctx *ctx, struct refused *r)
{
	if (unlikely(r->n != 0))
		ovnet_again_refused(ctx, r);
}

#endif
