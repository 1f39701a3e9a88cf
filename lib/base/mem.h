/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Small allocations of the lease logic. Without these few bytes its view of the tree would
 * silently lack something, which is worse than a restart: the data path's kernel state and the
 * lease outlive the daemon.
 */
#ifndef OVNET_BASE_MEM_H
#define OVNET_BASE_MEM_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static inline void *must(void *p)
{
	if (p == NULL) {
		fputs("lease: out of memory, the daemon stops\n", stderr);
		abort();
	}
	return p;
}

/* malloc'ed. */
__attribute__((format(printf, 1, 2))) static inline char *must_printf(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	return must(n < 0 ? NULL : text);
}

#endif
