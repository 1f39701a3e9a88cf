/* SPDX-License-Identifier: BSD-3-Clause */
#include "table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MIN_WIDTH 8 /* of a column that is cut */
#define MIN_TOTAL 20
#define CUT       "\xe2\x80\xa6" /* an ellipsis */

static void *need(void *p)
{
	if (p != NULL)
		return p;
	fprintf(stderr, "ovnetctl: out of memory\n");
	exit(1);
}

char *printable(const char *text)
{
	char *copy = need(strdup(text));

	for (unsigned char *c = (unsigned char *)copy; *c != '\0'; c++) {
		/* C0, DEL, and C1 in UTF-8, where terminals have commands too. */
		if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f))
			*c = '?';
		if (*c == '?' && c[1] >= 0x80 && c[1] <= 0x9f)
			c[1] = '?';
	}
	return copy;
}

void table_add(struct table *t, const char *text)
{
	if (t->n_cells == t->room) {
		t->room = t->room == 0 ? 64 : t->room * 2;
		t->cells = need(realloc(t->cells, t->room * sizeof(*t->cells)));
	}
	t->cells[t->n_cells++] = printable(text);
}

/* Characters, not bytes. */
static int width_of(const char *text)
{
	int n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* Bytes of the first `n` characters. */
static size_t bytes_of(const char *text, int n)
{
	size_t len = 0;

	while (text[len] != '\0' && (n > 0 || ((unsigned char)text[len] & 0xc0) == 0x80)) {
		len++;
		n -= ((unsigned char)text[len] & 0xc0) != 0x80;
	}
	return len;
}

static void print_cell(FILE *out, const char *text, int width, bool right, bool last)
{
	int pad = width - width_of(text);
	bool cut = pad < 0;
	size_t len = cut ? bytes_of(text, width - 1) : strlen(text);

	pad = cut ? 0 : pad;
	if (right)
		fprintf(out, "%*s", pad, "");
	fwrite(text, 1, len, out);
	if (cut)
		fputs(CUT, out);
	if (!right && !last)
		fprintf(out, "%*s", pad, "");
	fputs(last ? "\n" : "  ", out);
}

/* Characters of a line; 0: as many as it takes. */
static int line_width(FILE *out)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size = {0};
	long n = columns != NULL ? strtol(columns, NULL, 10) : 0;

	if (n <= 0 && isatty(fileno(out)) && ioctl(fileno(out), TIOCGWINSZ, &size) == 0)
		n = size.ws_col;
	if (n <= 0 || n > 10000)
		return 0;
	return n < MIN_TOTAL ? MIN_TOTAL : (int)n;
}

/* Takes from the widest text, a character at a time; numbers and headings stay whole. */
static void fit(const struct table *t, int *width, int line)
{
	int total = 2 * ((int)t->n_columns - 1);

	for (unsigned c = 0; c < t->n_columns; c++)
		total += width[c];
	for (; total > line; total--) {
		int widest = -1;
		for (unsigned c = 0; c < t->n_columns; c++) {
			int least = width_of(t->cells[c]);
			if (!t->right[c] && width[c] > MIN_WIDTH && width[c] > least &&
				(widest < 0 || width[c] > width[widest]))
				widest = (int)c;
		}
		if (widest < 0)
			return;
		width[widest]--;
	}
}

void table_print(const struct table *t, FILE *out)
{
	int width[TABLE_MAX_COLUMNS] = {0};

	for (size_t i = 0; i < t->n_cells; i++) {
		int w = width_of(t->cells[i]);
		if (w > width[i % t->n_columns])
			width[i % t->n_columns] = w;
	}
	int line = line_width(out);
	if (line > 0 && t->n_cells >= t->n_columns)
		fit(t, width, line);
	for (size_t i = 0; i < t->n_cells; i++) {
		unsigned column = (unsigned)(i % t->n_columns);
		print_cell(out, t->cells[i], width[column], t->right[column],
			column + 1 == t->n_columns);
	}
}

void table_free(struct table *t)
{
	for (size_t i = 0; i < t->n_cells; i++)
		free(t->cells[i]);
	free(t->cells);
	*t = (struct table){0};
}
