/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/reader.h"

#include <stdarg.h>
#include <string.h>

/* Foreign text must neither forge a line nor drive a terminal. */
static void make_printable(char *line)
{
	for (char *c = line; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
}

static void locate(const struct loader *l, struct origin at, char *where, size_t size)
{
	if (at.kind == FROM_FLAG)
		snprintf(where, size, "command line");
	else if (at.kind == FROM_ENVIRONMENT)
		snprintf(where, size, "environment");
	else if (at.line > 0)
		snprintf(where, size, "%s:%u", l->file, at.line);
	else
		snprintf(where, size, "%s", l->file);
}

/* To who asked; of a request, which is in no file, it is known where it came from. */
static void answer(const struct loader *l, struct origin at, const char *name, const char *text)
{
	char where[512] = "";

	if (l->file != NULL)
		locate(l, at, where, sizeof(where));
	snprintf(l->said, l->said_size, "%s%s%s%s%s", where, where[0] ? ": " : "", name,
		name[0] ? ": " : "", text);
	make_printable(l->said);
}

static void print_line(struct loader *l, struct origin at, const char *name, const char *text)
{
	char line[2048], where[512];

	if (l->errors++ >= LOADER_MAX_ERRORS)
		return;
	if (l->said != NULL) {
		if (l->errors == 1)
			answer(l, at, name, text);
		return;
	}
	locate(l, at, where, sizeof(where));
	snprintf(line, sizeof(line), "ovnetd: %s: %s%s%s", where, name, name[0] ? ": " : "", text);
	make_printable(line);
	fprintf(stderr, "%s\n", line);
}

void complain(struct loader *l, struct origin at, const char *name, const char *fmt, ...)
{
	char text[768];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	print_line(l, at, name, text);
}

void complain_value(struct loader *l, const char *key, const char *fmt, ...)
{
	const struct option_def *o = option_find(ovnetd_options, key);
	struct origin at = l->given[o - ovnetd_options];
	char text[768], name[OPTION_NAME_MAX + 2], flag[OPTION_NAME_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (at.kind == FROM_FLAG)
		snprintf(name, sizeof(name), "--%s", option_flag(o, flag));
	else if (at.kind == FROM_ENVIRONMENT)
		environment_name(option_flag(o, flag), name);
	else
		snprintf(name, sizeof(name), "%s", key);
	print_line(l, at, name, text);
}

/* Levenshtein, one row. Names beyond the bound are far from everything. */
unsigned edit_distance(const char *a, const char *b)
{
	unsigned row[OPTION_NAME_MAX + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > OPTION_NAME_MAX || lb > OPTION_NAME_MAX)
		return UINT32_MAX;
	for (size_t j = 0; j <= lb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

static const char *leaf(const char *key)
{
	const char *dot = strrchr(key, '.');

	return dot != NULL ? dot + 1 : key;
}

const char *nearest_key(const struct option_def *table, const char *name)
{
	const char *best = NULL;
	unsigned best_distance = (unsigned)strlen(leaf(name)) / 3 + 2;

	for (const struct option_def *o = table; o->key != NULL; o++) {
		unsigned whole = edit_distance(name, o->key);
		/* The right key in the wrong group: one more than as near as it looks. */
		unsigned part = edit_distance(leaf(name), leaf(o->key));
		unsigned d = part + 1 < whole ? part + 1 : whole;
		if (d < best_distance) {
			best = o->key;
			best_distance = d;
		}
	}
	return best;
}
