/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is not as it should be though the daemon runs: shown by `ovnetctl status`,
 * logged once when it appears. Control thread only.
 */
#ifndef OVNET_APP_RUN_WARNINGS_H
#define OVNET_APP_RUN_WARNINGS_H

#include <stdbool.h>

#define WARNINGS_MAX 32

/* As monitoring plugins exit. */
enum severity { SEVERITY_OK, SEVERITY_WARNING, SEVERITY_CRITICAL };

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

/*
 * How bad it is: critical where packets are lost or go to the wrong node, or will soon. `blocks`
 * may be NULL: does this node forward none while it stands?
 */
enum severity warning_severity(const char *key, bool *blocks);
const char *severity_name(enum severity severity); /* "ok", "warning", "critical" */

#endif
