/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long to try again for what a former owner still holds: a killed daemon's sockets, device and
 * ports go one by one, a moment after its parent saw it die. One budget for all of them, from the
 * first that is found taken, so that an owner that lives is reported after two seconds.
 *
 * One thread; zeroed to begin with. A NULL patience has none.
 */
#ifndef OVNET_BASE_PATIENCE_H
#define OVNET_BASE_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#define OVNET_PATIENCE_MS       2000
#define OVNET_PATIENCE_RETRY_MS 20

struct ovnet_patience {
	int64_t until_ms; /* monotonic_ms(); 0: nothing was waited for yet */
	char told[160];   /* what it is; a socket's path has up to 107 characters */
};

/* Is it worth trying again? Never sleeps. Logs once what is waited for: "UDP port 8472". */
bool ovnet_patience_left(struct ovnet_patience *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The same, after sleeping until then: at start, while nobody is served yet. */
bool ovnet_patience_wait(struct ovnet_patience *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
