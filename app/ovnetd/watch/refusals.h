/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ingress validation refuses (or, permissive, only counts), told as warnings that name the
 * setting: looked at every few seconds in the workers' counters. inner-source is told by
 * impostors.c, which knows both ends. Control thread only.
 */
#ifndef OVNET_APP_WATCH_REFUSALS_H
#define OVNET_APP_WATCH_REFUSALS_H

#include <stdint.h>
#include <time.h>

#include "engine/engine.h"
#include "node/node.h"

#define REFUSALS_KINDS 3

struct refusals {
	const struct engine *engine;
	const struct node *node;
	struct warnings *warnings;
	struct event *timer;
	struct {
		uint64_t seen; /* packets until the last look */
		time_t warned; /* when it last grew; 0: never, or over */
	} kind[REFUSALS_KINDS];
};

/* Looks from now on. 0 or -ENOMEM. */
int refusals_init(struct refusals *w, const struct engine *engine, const struct node *node);
void refusals_fini(struct refusals *w);

#endif
