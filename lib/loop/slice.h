/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Long work on the event loop: a part per turn, so that the loop never stays away for long. Whoever
 * has more to do arms a timer for the next turn (arm_ms 0) and returns.
 */
#ifndef OVNET_LOOP_SLICE_H
#define OVNET_LOOP_SLICE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define SLICE_NS 2000000

struct slice {
	int64_t end_ns;
};

static inline int64_t slice_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline struct slice slice_begin(void)
{
	return (struct slice){.end_ns = slice_now_ns() + SLICE_NS};
}

static inline bool slice_over(const struct slice *s)
{
	return slice_now_ns() >= s->end_ns;
}

#endif
