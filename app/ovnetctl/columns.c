/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "views.h"

/* "1.5 Mb" and the like: three figures and a step of `base`. */
static void scaled(double v, double base, const char *const *units, char *buf, size_t size)
{
	unsigned i = 0;

	for (; v >= base && units[i + 1] != NULL; i++)
		v /= base;
	if (i == 0)
		snprintf(buf, size, "%.0f%s", v, units[0]);
	else
		snprintf(buf, size, "%.*f%s", v < 100 ? 1 : 0, v, units[i]);
}

static void bytes_text(double v, char *buf, size_t size)
{
	static const char *const units[] = {"", " KiB", " MiB", " GiB", " TiB", " PiB", NULL};

	scaled(v, 1024, units, buf, size);
}

static void rate_text(double v, char *buf, size_t size)
{
	static const char *const units[] = {"", "k", "M", "G", "T", NULL};

	scaled(v, 1000, units, buf, size);
}

/* A count that went back belongs to a restarted daemon: no rate. */
static void counter_text(const struct column *c, const json_t *row, const json_t *before,
	const struct reading *r, char *buf, size_t size)
{
	double now = json_number_value(json_object_get(row, c->member));
	const json_t *old = json_object_get(before, c->member);
	double delta = now - json_number_value(old);

	if (r->watching && (!json_is_number(old) || delta < 0 || r->seconds <= 0))
		snprintf(buf, size, "-");
	else if (r->watching)
		rate_text(delta / r->seconds * (c->kind == COLUMN_BYTES ? 8 : 1), buf, size);
	else if (c->kind == COLUMN_BYTES)
		bytes_text(now, buf, size);
	else
		snprintf(buf, size, "%.0f", now);
}

/* Too long for `buf`: ends with an ellipsis, and with a whole character before it. */
static void copy_text(const char *text, char *buf, size_t size)
{
	static const char cut[] = "\xe2\x80\xa6";
	size_t at = size - sizeof(cut);

	if (strlen(text) < size) {
		strcpy(buf, text);
		return;
	}
	while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	memcpy(buf, text, at);
	memcpy(buf + at, cut, sizeof(cut));
}

static void list_text(const json_t *list, char *buf, size_t size)
{
	size_t i, len = 0;
	json_t *item;

	buf[0] = '\0';
	json_array_foreach (list, i, item) {
		const char *text = json_string_value(item);
		if (text == NULL || len >= size)
			continue;
		len += (size_t)snprintf(buf + len, size - len, "%s%s", len == 0 ? "" : ",", text);
	}
	if (len == 0)
		snprintf(buf, size, "-");
}

void duration_text(json_int_t s, char *buf, size_t size)
{
	if (s < 0)
		s = 0;
	if (s >= 86400)
		snprintf(buf, size, "%lldd %lldh", (long long)s / 86400, (long long)s / 3600 % 24);
	else if (s >= 3600)
		snprintf(buf, size, "%lldh %lldm", (long long)s / 3600, (long long)s / 60 % 60);
	else if (s >= 60)
		snprintf(buf, size, "%lldm %llds", (long long)s / 60, (long long)s % 60);
	else
		snprintf(buf, size, "%llds", (long long)s);
}

static void plain_text(const json_t *v, char *buf, size_t size)
{
	if (json_is_string(v))
		copy_text(json_string_value(v)[0] ? json_string_value(v) : "-", buf, size);
	else if (json_is_integer(v))
		snprintf(buf, size, "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v))
		snprintf(buf, size, "%.1f", json_real_value(v));
	else if (json_is_boolean(v))
		snprintf(buf, size, "%s", json_is_true(v) ? "yes" : "no");
	else
		snprintf(buf, size, "-");
}

void column_text(const struct column *c, const json_t *row, const json_t *before,
	const struct reading *r, char *buf, size_t size)
{
	const json_t *v = json_object_get(row, c->member);

	if (json_is_array(v))
		list_text(v, buf, size);
	else if (c->kind == COLUMN_YES && json_is_boolean(v))
		snprintf(buf, size, "%s", json_is_true(v) ? c->yes : c->no);
	else if (c->kind == COLUMN_PERCENT && json_is_number(v))
		snprintf(buf, size, "%.0f %%", json_number_value(v));
	else if ((c->kind == COLUMN_COUNT || c->kind == COLUMN_BYTES) && json_is_number(v))
		counter_text(c, row, before, r, buf, size);
	else
		plain_text(v, buf, size);
}
