/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/patience.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

OVNET_LOG_TYPE(start)

__attribute__((format(printf, 2, 0))) static bool left(
	struct ovnet_patience *p, const char *fmt, va_list ap)
{
	char what[sizeof(p->told)];
	int64_t now = monotonic_ms();

	if (p == NULL)
		return false;
	if (p->until_ms == 0)
		p->until_ms = now + OVNET_PATIENCE_MS;
	if (now >= p->until_ms)
		return false;
	vsnprintf(what, sizeof(what), fmt, ap);
	if (strcmp(what, p->told) != 0)
		LOG(NOTICE, "waiting for %s, at most %lld ms: an ovnetd that is ending may hold it",
			what, (long long)(p->until_ms - now));
	memcpy(p->told, what, sizeof(p->told));
	return true;
}

bool ovnet_patience_left(struct ovnet_patience *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	bool yes = left(p, fmt, ap);
	va_end(ap);
	return yes;
}

bool ovnet_patience_wait(struct ovnet_patience *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	bool yes = left(p, fmt, ap);
	va_end(ap);
	if (yes)
		usleep(OVNET_PATIENCE_RETRY_MS * 1000);
	return yes;
}
