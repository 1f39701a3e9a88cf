/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef OVNET_PERF_MEASURE_H
#define OVNET_PERF_MEASURE_H

#include "node.h"

#define REPS_MAX 31
#define STAGES   5

enum { S_RX, S_CLASSIFY, S_LOOK, S_HEADER, S_TX };

/* TSC cycles per packet, medians of the repetitions. */
struct row {
	const struct run_conf *conf;
	unsigned reps;
	double samples[REPS_MAX]; /* of total, as measured */
	double total, spread;     /* half of the repetitions lie within spread of each other */
	double floor, floors;     /* and how many of these the total is, repetition by repetition */
	double source, stage[STAGES];
};

/* 0; -1: packets are not what they should be (said on stderr). */
int measure(struct node *n, unsigned reps, unsigned rotations, struct row *row);

#endif
