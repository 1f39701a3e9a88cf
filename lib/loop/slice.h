/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Long work on the event loop: a part per turn, so that the loop never stays away for long. Whoever
 * has more to do arms a timer for the next turn (arm_ms 0) and returns. Control thread.
 */
#ifndef OVNET_LOOP_SLICE_H
#define OVNET_LOOP_SLICE_H

#include <stdbool.h>

#include "base/clock.h"

#define SLICE_NS 2000000

struct slice {
	int64_t end_ns; /* monotonic_ns() */
};

static inline struct slice slice_begin(void)
{
	return (struct slice){.end_ns = monotonic_ns() + SLICE_NS};
}

static inline bool slice_over(const struct slice *s)
{
	return monotonic_ns() >= s->end_ns;
}

#endif
