/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two owners of one subnet, as the data plane sees it: packets refused as inner-source, looked at
 * every few seconds from the workers' counters. Control thread only.
 */
#ifndef OVNET_APP_WATCH_IMPOSTORS_H
#define OVNET_APP_WATCH_IMPOSTORS_H

#include <stdint.h>
#include <time.h>

#include "peers/set.h"

struct impostor {
	struct ovnet_addr outer, inner; /* outer.family 0: none */
};

struct impostors {
	const struct engine *engine;
	const struct node *node;
	const struct peers *peers;
	struct warnings *warnings;
	struct event *timer;
	uint64_t seen; /* packets refused until the last look */
	/* By worker: what it had noted then. */
	struct impostor last4[OVNET_MAX_WORKERS], last6[OVNET_MAX_WORKERS];
	time_t warned; /* when it last grew; 0: never, or over */
};

/* Looks from now on. 0 or -ENOMEM. */
int impostors_init(struct impostors *w, const struct engine *engine, const struct node *node,
	const struct peers *peers);
void impostors_fini(struct impostors *w);

#endif
