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

/* Where all places are taken a plain warning makes room for a critical one. */
static int find_place(const struct warnings *w, const char *key)
{
	int i = find_free(w);

	if (i >= 0 || warning_severity(key, NULL) != SEVERITY_CRITICAL)
		return i;
	for (i = WARNINGS_MAX - 1; i >= 0; i--)
		if (warning_severity(w->row[i].key, NULL) != SEVERITY_CRITICAL)
			break;
	return i;
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
		i = find_place(w, key);
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

/* Keys may have a name behind them: "uplink-down eth0". All others are plain warnings. */
static const struct {
	const char *key;
	bool blocks;
} critical[] = {
	{"lease-lost", true},
	{"host-down", true},
	{"uplink-down", false}, /* there may be another */
	{"twin-address", false},
	{"twin-mac", false},
	{"public-ip", false},
	{"impostor", false},
	{"spoiled", false},
	{"certificate-ended", false},
};

enum severity warning_severity(const char *key, bool *blocks)
{
	const size_t len = strcspn(key, " ");

	if (blocks != NULL)
		*blocks = false;
	for (unsigned i = 0; i < sizeof(critical) / sizeof(critical[0]); i++) {
		if (strlen(critical[i].key) != len || strncmp(critical[i].key, key, len) != 0)
			continue;
		if (blocks != NULL)
			*blocks = critical[i].blocks;
		return SEVERITY_CRITICAL;
	}
	return SEVERITY_WARNING;
}

const char *severity_name(enum severity severity)
{
	static const char *const names[] = {[SEVERITY_OK] = "ok",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_CRITICAL] = "critical"};

	return names[severity];
}
