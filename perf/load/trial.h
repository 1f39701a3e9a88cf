/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A trial: frames are sent by a schedule, what comes is counted and timed, all on one core. What
 * spoils it is noted as it happens: the machine was away, frames are missing.
 */
#ifndef PERF_LOAD_TRIAL_H
#define PERF_LOAD_TRIAL_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "device.h"
#include "frames.h"
#include "histogram.h"
#include "pace.h"
#include "seen.h"

#define AWAY_US 100 /* a round of the loop takes some microseconds */
#define EVENTS  256 /* that are kept, of each kind; all are counted */

struct trial_options {
	double rate;       /* frames a second; 0: as many as can be */
	uint64_t count;    /* end after so many; 0: by time */
	double seconds;    /* 0: until told otherwise */
	double warm;       /* so many seconds before, which do not count */
	uint32_t drain_ms; /* nothing came for so long: no more will */
	uint32_t nap_us;   /* a round begins so long after the one before; 0: at once */
};

/* Something that happened, by the trial's clock. */
struct event {
	uint64_t tsc;  /* since the start */
	uint64_t size; /* of it: cycles, frames */
};

struct events {
	uint64_t count, sum;
	struct event event[EVENTS];
};

struct tally {
	uint64_t sent;     /* refused ones included */
	uint64_t refused;  /* found the ring to the switch full */
	uint64_t received; /* each once, correct or not */
	uint64_t late, doubled, corrupt, foreign;
	uint64_t cycles; /* of sending */
};

struct load {
	struct devices dev;
	struct frames frames;
	struct trial_options options;
	uint64_t hz;
	uint64_t start;      /* TSC: the first frame that counts */
	uint64_t round;      /* TSC: the last round of the loop */
	struct timespec due; /* the next one, of who naps */
	uint16_t run;
	uint32_t next_sent, next_due; /* places in frames: the next to send, and to come */
	int32_t longer;     /* what comes is so many bytes longer than what was sent; INT32_MAX: not
			       known */
	uint64_t last_came; /* TSC */
	struct pace pace;
	struct tally tally;
	struct events away, holes;
	struct histogram latency; /* cycles */
	struct seen seen;
};

/* Asked every millisecond while frames are sent; false: no more. */
typedef bool trial_go_on(struct load *l, void *arg);

/* All of it: warm up, send, wait for what is still on its way. */
void trial_run(struct load *l, trial_go_on *go_on, void *arg);

/* Another rate from now on, within a trial. */
void trial_rate(struct load *l, double rate);

/* Throws away what comes while nothing is sent. */
void trial_idle(struct load *l);

#endif
