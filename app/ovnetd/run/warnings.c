/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/warnings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

OVNET_LOG_TYPE(health)

static int find(const struct warnings *w, const char *key)
{
	for (int i = 0; i < WARNINGS_MAX; i++)
		if (w->row[i].key[0] != '\0' && strcmp(w->row[i].key, key) == 0)
			return i;
	return -1;
}

static int find_free(const struct warnings *w)
{
	for (int i = 0; i < WARNINGS_MAX; i++)
		if (w->row[i].key[0] == '\0')
			return i;
	return -1;
}

void warn_set(struct warnings *w, const char *key, const char *fmt, ...)
{
	char text[sizeof(w->row[0].text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);

	int i = find(w, key);
	if (i >= 0 && strcmp(w->row[i].text, text) == 0)
		return;
	LOG(WARN, "%s", text);
	if (i < 0)
		i = find_free(w);
	if (i < 0)
		return; /* logged at least */
	snprintf(w->row[i].key, sizeof(w->row[i].key), "%s", key);
	memcpy(w->row[i].text, text, sizeof(text));
}

void warn_clear(struct warnings *w, const char *key)
{
	int i = find(w, key);

	if (i < 0)
		return;
	LOG(NOTICE, "over: %s", w->row[i].text);
	w->row[i].key[0] = '\0';
}
