/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Commands from stdin, a line each; each is answered by one line of JSON on stdout.
 *
 *	rate PPS           from now on, also within a trial (0: as many as can be)
 *	frames FILE        to be sent instead, between trials
 *	warm S, drain MS   of the trials that follow
 *	run S              a trial of so many seconds; answered when it is over
 *	burst N            a trial of so many frames, one after the other, as fast as can be
 *	start              a trial that goes on until `stop`, which is answered with its figures
 *	stats, histogram   the figures until now, of this trial or the last one
 *	quit               so does the end of stdin
 */
#ifndef PERF_LOAD_COMMANDS_H
#define PERF_LOAD_COMMANDS_H

#include "trial.h"

/* Until there are no more. Returns an exit status. */
int commands(struct load *l);

#endif
