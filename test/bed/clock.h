/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef OVNET_BED_CLOCK_H
#define OVNET_BED_CLOCK_H

#include <time.h>

/* Of the monotonic clock. */
static inline double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#endif
