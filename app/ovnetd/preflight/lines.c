/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "preflight/checks.h"

static char *text_of(const char *fmt, va_list ap)
{
	char *text = NULL;
	int n = vasprintf(&text, fmt, ap);

	return must(n < 0 ? NULL : text);
}

void preflight_say(struct preflight *p, enum preflight_level level, const char *fmt, ...)
{
	va_list ap;

	if (p->n == p->room) {
		p->room = p->room > 0 ? p->room * 2 : 32;
		p->lines = must(reallocarray(p->lines, p->room, sizeof(*p->lines)));
	}
	va_start(ap, fmt);
	p->lines[p->n++] = (struct preflight_line){level, p->check, text_of(fmt, ap), NULL};
	va_end(ap);
}

void preflight_fix(struct preflight *p, const char *fmt, ...)
{
	struct preflight_line *line = &p->lines[p->n - 1];
	va_list ap;

	free(line->fix);
	va_start(ap, fmt);
	line->fix = text_of(fmt, ap);
	va_end(ap);
}
