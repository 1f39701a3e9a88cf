/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets whose checksums came in right and left wrong (path/verify.h): a fault of ovnet or of this
 * machine's memory, looked for every few seconds in the workers' counters. The warning stays until
 * the daemon ends, as who relies on this node's data has to know. Control thread only.
 */
#ifndef OVNET_APP_WATCH_SPOILED_H
#define OVNET_APP_WATCH_SPOILED_H

#include "engine/engine.h"

struct spoiled {
	const struct engine *engine;
	struct warnings *warnings;
	struct event *timer;
	uint64_t seen; /* packets until the last look */
};

/* Looks from now on. 0 or -ENOMEM. */
int spoiled_init(struct spoiled *w, const struct engine *engine);
void spoiled_fini(struct spoiled *w);

#endif
