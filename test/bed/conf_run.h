/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One run of conf_load on a file and a command line, and what it printed. done() frees a run;
 * make_file() and remove_file() are set-up and teardown of a suite.
 */
#ifndef OVNET_BED_CONF_RUN_H
#define OVNET_BED_CONF_RUN_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bed/cmocka.h"
#include "conf/conf.h"
#include "conf/reader.h"

#define MAX_ARGS 8

/* What one run of conf_load left. */
struct run {
	struct conf conf;
	enum conf_action action;
	int err;
	char *out, *errors; /* stdout, stderr */
};

extern char file[64];

void load(struct run *r, const char *const *args);
void done(struct run *r);
void write_bytes(const char *text, size_t len);
void write_text(const char *text);
void load_file(struct run *r, const char *text);

#define LOAD(r, ...) load(r, (const char *const[]){__VA_ARGS__, NULL})

void expect(const char *text, const char *part);

/* The file is refused with `error` at `line`. */
void refused(const char *text, unsigned line, const char *error);

void flag_refused(const char *flag, const char *error);
int make_file(void **state);
int remove_file(void **state);

#endif
