/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two owners of one subnet, as the data plane sees it: packets refused as inner-source, looked at
 * every few seconds from the workers' counters. Control thread only.
 */
#ifndef OVNET_APP_IMPOSTORS_H
#define OVNET_APP_IMPOSTORS_H

#include <stdint.h>
#include <time.h>

#include "counters.h"

struct event;

struct impostors {
	struct event *timer;
	uint64_t seen;                    /* packets refused until the last look */
	uint64_t last[OVNET_MAX_WORKERS]; /* by worker: what it had noted then */
	time_t warned;                    /* when it last grew; 0: never, or over */
};

#endif
