/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When frames are due: an open schedule, which goes by the clock and waits for nobody. Who falls
 * behind by more than PACE_BEHIND_US gives up what is over, as sending all of it at once would be a
 * burst nobody asked for; it is counted, and the rate that was sent is lower than the one asked
 * for.
 */
#ifndef PERF_LOAD_PACE_H
#define PERF_LOAD_PACE_H

#include <stdint.h>

#define PACE_BEHIND_US 100
#define PACE_BURST     32 /* frames at a time, and what may always be late */

struct pace {
	uint64_t start;     /* TSC */
	uint64_t per_cycle; /* frames, in units of 2^-64; 0: as many as can be */
	uint64_t behind;    /* frames that may be late */
	uint64_t given;     /* due until now, whether sent or given up */
	uint64_t skipped;
};

/* rate: frames a second, 0: as fast as can be. */
static inline void pace_start(struct pace *p, uint64_t now, double rate, uint64_t hz)
{
	double behind = rate * PACE_BEHIND_US / 1e6;

	*p = (struct pace){
		.start = now, .behind = behind < PACE_BURST ? PACE_BURST : (uint64_t)behind};
	p->per_cycle = (uint64_t)(rate / (double)hz * 18446744073709551616.0);
}

/* How many to send now, at most PACE_BURST. They count as sent. */
static inline uint32_t pace_take(struct pace *p, uint64_t now)
{
	if (p->per_cycle == 0)
		return PACE_BURST;
	uint64_t due = (uint64_t)(((unsigned __int128)(now - p->start) * p->per_cycle) >> 64);
	uint64_t late = due - p->given;
	if (late > p->behind) {
		p->skipped += late - PACE_BURST;
		p->given += late - PACE_BURST;
		late = PACE_BURST;
	}
	if (late > PACE_BURST)
		late = PACE_BURST;
	p->given += late;
	return (uint32_t)late;
}

#endif
