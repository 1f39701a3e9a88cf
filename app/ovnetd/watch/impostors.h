/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two owners of one subnet, as the data plane sees it: packets refused as inner-source, looked at
 * every few seconds from the workers' counters. Control thread only.
 */
#ifndef OVNET_APP_WATCH_IMPOSTORS_H
#define OVNET_APP_WATCH_IMPOSTORS_H

#include <stdint.h>
#include <time.h>

#include "packet/counters.h"

struct event;

struct impostor {
	struct ovnet_addr outer, inner; /* outer.family 0: none */
};

struct impostors {
	struct event *timer;
	uint64_t seen; /* packets refused until the last look */
	/* By worker: what it had noted then. */
	struct impostor last4[OVNET_MAX_WORKERS], last6[OVNET_MAX_WORKERS];
	time_t warned; /* when it last grew; 0: never, or over */
};

#endif
