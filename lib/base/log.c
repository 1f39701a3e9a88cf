/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct ovnet_log_type *types;
static bool muted;
static _Thread_local struct {
	char *buf;
	unsigned size;
} kept;

static const struct {
	const char *name;
	int syslog; /* RFC 5424 severity, read by journald */
} levels[] = {
	[OVNET_LOG_ERR] = {"error", 3},
	[OVNET_LOG_WARN] = {"warn", 4},
	[OVNET_LOG_NOTICE] = {"notice", 5},
	[OVNET_LOG_INFO] = {"info", 6},
	[OVNET_LOG_DEBUG] = {"debug", 7},
};

void ovnet_log_register(struct ovnet_log_type *type)
{
	type->next = types;
	types = type;
}

static int prefix(char *buf, size_t size, const char *module, enum ovnet_log_level level)
{
	struct timespec now;
	struct tm tm;

	if (getenv("JOURNAL_STREAM") != NULL)
		return snprintf(buf, size, "<%d>%s: ", levels[level].syslog, module);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	return snprintf(buf, size, "%02d:%02d:%02d.%03ld %-6s %s: ", tm.tm_hour, tm.tm_min,
		tm.tm_sec, now.tv_nsec / 1000000, levels[level].name, module);
}

void ovnet_log(const struct ovnet_log_type *type, enum ovnet_log_level level, const char *fmt, ...)
{
	char line[PIPE_BUF]; /* in one piece, whoever else writes there */
	va_list ap;
	int n = prefix(line, sizeof(line), type->name, level);

	va_start(ap, fmt);
	int m = vsnprintf(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	if (m < 0)
		return;
	size_t len = (size_t)n + (size_t)m;
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	/* Foreign text (an etcd value, a file name) must not forge a line of its own. */
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < 0x20 && line[i] != '\t')
			line[i] = ' ';
	if (level == OVNET_LOG_ERR && kept.buf != NULL && kept.buf[0] == '\0')
		snprintf(kept.buf, kept.size, "%.*s", (int)len - n, line + n);
	if (muted)
		return;
	line[len] = '\n';
	if (write(STDERR_FILENO, line, len + 1) < 0)
		return; /* nowhere left to complain */
}

void ovnet_log_keep(char *buf, unsigned size)
{
	kept.buf = buf;
	kept.size = size;
	if (buf != NULL)
		buf[0] = '\0';
}

void ovnet_log_mute(bool mute)
{
	muted = mute;
}

static int level_of(const char *name)
{
	for (unsigned i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(levels[i].name, name) == 0)
			return (int)i;
	return -1;
}

static int set_one(const char *module, int level)
{
	int found = -EINVAL;

	for (struct ovnet_log_type *t = types; t != NULL; t = t->next) {
		if (module == NULL || strcmp(t->name, module) == 0) {
			t->level = level;
			found = 0;
		}
	}
	return module == NULL ? 0 : found;
}

int ovnet_log_set_levels(const char *spec, char *bad, unsigned bad_size)
{
	char copy[512];
	char *save = NULL;

	if (strlen(spec) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, spec);
	for (char *part = strtok_r(copy, ",", &save); part; part = strtok_r(NULL, ",", &save)) {
		char *eq = strchr(part, '=');
		char *module = eq != NULL ? part : NULL;
		if (eq != NULL)
			*eq = '\0';
		int level = level_of(eq != NULL ? eq + 1 : part);
		if (level < 0 || set_one(module, level) < 0) {
			if (bad != NULL)
				snprintf(bad, bad_size, "%s", level < 0 && eq ? eq + 1 : part);
			return -EINVAL;
		}
	}
	return 0;
}
