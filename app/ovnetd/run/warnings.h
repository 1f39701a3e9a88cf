/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is not as it should be though the daemon runs: shown by `ovnetctl status`,
 * logged once when it appears. Control thread only.
 */
#ifndef OVNET_APP_RUN_WARNINGS_H
#define OVNET_APP_RUN_WARNINGS_H

#include <stdbool.h>

#define WARNINGS_MAX 32

struct warnings {
	struct {
		char key[48]; /* "": free place */
		char text[448];
	} row[WARNINGS_MAX];
};

/* Sets or replaces the warning `key`; logs it if it is new. */
void warn_set(struct warnings *w, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void warn_clear(struct warnings *w, const char *key);

#endif
