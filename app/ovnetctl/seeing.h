/* SPDX-License-Identifier: BSD-3-Clause */
/* `ovnetctl capture`, `trace` and `why`: what happens to packets. */
#ifndef OVNETCTL_SEEING_H
#define OVNETCTL_SEEING_H

#include <stdbool.h>

#include "records.h"

struct seeing_args {
	const char *socket;
	bool json, drops, df;
	char **words; /* behind the command */
	int n_words;
	const char *filter, *inner;
	const char *file; /* capture: NULL: lines of text; "-": stdout */
	const char *from; /* why: the port it comes by; NULL: where SRC lives */
	long count;       /* 0: as many as come */
	long snap;        /* 0: preset */
	long size;        /* why: of the packet; 0: preset */
};

bool seeing_is_asked(int argc, char **argv);
int seeing_command(int argc, char **argv);
/* The lines of --help. */
void seeing_help(void);

/* looking.c */
/* Begins; an interrupt finishes it from now on. 0, or an exit code, said why. */
int seeing_begin(const struct seeing_args *a, const char *method, struct records *r);
/* Has it been finished, by an interrupt or by seeing_finish()? */
bool seeing_finished(void);
void seeing_finish(void);

/* Exit codes. */
int capture_command(const struct seeing_args *a);
int trace_command(const struct seeing_args *a);
int why_command(const struct seeing_args *a);

#endif
