/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What one look at the workers does not tell: how busy they are, and whether they still go round.
 * Control thread only.
 */
#ifndef OVNET_APP_METRICS_SAMPLES_H
#define OVNET_APP_METRICS_SAMPLES_H

#include "engine/engine.h"

#define SAMPLES_S 10 /* seconds from look to look */

struct samples {
	uint64_t tsc; /* of the last look; 0: there was none */
	struct sample {
		uint64_t busy, loops;
		bool awake;
		/* between the last two looks */
		double busy_ratio; /* of the time, asleep or not: 0 to 1 */
		bool stuck;        /* it was awake and did not get through one look at its queues */
	} worker[OVNET_MAX_WORKERS];
};

void samples_take(struct samples *s, const struct engine *e);
/* The first one that is stuck; negative: none. */
int samples_stuck(const struct samples *s, const struct engine *e);

#endif
