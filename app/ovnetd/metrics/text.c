/* SPDX-License-Identifier: BSD-3-Clause */
/* By hand where a thousand ports make ten thousand lines: printf would be most of a scrape. */
#include "metrics/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 16384
#define DIGITS_MAX 20 /* of 2^64 */

static bool make_room(struct text *t, size_t more)
{
	size_t room = t->room > 0 ? t->room : ROOM_FIRST;

	if (t->failed)
		return false;
	while (room - t->len < more)
		room *= 2;
	if (room == t->room)
		return true;
	char *bytes = realloc(t->bytes, room);
	if (bytes == NULL) {
		t->failed = true;
		return false;
	}
	t->bytes = bytes;
	t->room = room;
	return true;
}

static void put(struct text *t, const char *bytes, size_t len)
{
	if (!make_room(t, len))
		return;
	memcpy(t->bytes + t->len, bytes, len);
	t->len += len;
}

static void put_text(struct text *t, const char *text)
{
	put(t, text, strlen(text));
}

/* Of a label's byte, at most five characters. */
static size_t escape(unsigned char c, char out[6])
{
	if (c == '\n' || c == '"' || c == '\\') {
		out[0] = '\\';
		out[1] = c == '\n' ? 'n' : (char)c;
		return 2;
	}
	if (c >= 0x20 && c < 0x7f) {
		out[0] = (char)c;
		return 1;
	}
	return (size_t)snprintf(out, 6, "\\\\x%.2x", c);
}

void text_label(struct text_labels *l, const char *name, const char *value)
{
	const size_t begin = l->len;
	char part[6];
	int n = snprintf(l->bytes + l->len, sizeof(l->bytes) - l->len, "%s%s=\"",
		l->len > 0 ? "," : "", name);

	if (n < 0 || (size_t)n + 2 > sizeof(l->bytes) - begin) {
		l->bytes[begin] = '\0'; /* not even its name: left out */
		return;
	}
	l->len += (size_t)n;
	for (; *value != '\0'; value++) {
		size_t len = escape((unsigned char)*value, part);
		if (l->len + len + 2 > sizeof(l->bytes))
			break;
		memcpy(l->bytes + l->len, part, len);
		l->len += len;
	}
	memcpy(l->bytes + l->len, "\"", 2);
	l->len++;
}

void text_label_number(struct text_labels *l, const char *name, unsigned value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	text_label(l, name, text);
}

/* HELP has a backslash and the end of the line escaped, nothing else. */
static void put_help(struct text *t, const char *help)
{
	for (; *help != '\0'; help++) {
		if (*help == '\\')
			put_text(t, "\\\\");
		else if (*help == '\n')
			put_text(t, "\\n");
		else
			put(t, help, 1);
	}
}

void text_family(struct text *t, const char *name, const char *type, const char *help)
{
	put_text(t, "# HELP ");
	put_text(t, name);
	put_text(t, " ");
	put_help(t, help);
	put_text(t, ".\n# TYPE ");
	put_text(t, name);
	put_text(t, " ");
	put_text(t, type);
	put_text(t, "\n");
}

static void put_series(struct text *t, const char *name, const struct text_labels *labels)
{
	put_text(t, name);
	if (labels != NULL && labels->len > 0) {
		put(t, "{", 1);
		put(t, labels->bytes, labels->len);
		put(t, "}", 1);
	}
	put(t, " ", 1);
}

void text_sample(struct text *t, const char *name, const struct text_labels *labels, uint64_t value)
{
	char digits[DIGITS_MAX + 1];
	char *at = digits + sizeof(digits);

	*--at = '\n';
	do
		*--at = (char)('0' + value % 10);
	while ((value /= 10) > 0);
	put_series(t, name, labels);
	put(t, at, (size_t)(digits + sizeof(digits) - at));
}

void text_sample_real(
	struct text *t, const char *name, const struct text_labels *labels, double value)
{
	char number[64];

	put_series(t, name, labels);
	snprintf(number, sizeof(number), "%.9g\n", value);
	put_text(t, number);
}
