/* SPDX-License-Identifier: BSD-3-Clause */
#include "table.h"

#include <stdlib.h>
#include <string.h>

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

static void print_cell(FILE *out, const char *text, int width, bool right, bool last)
{
	int pad = width - width_of(text);

	if (right)
		fprintf(out, "%*s%s", pad, "", text);
	else if (last)
		fputs(text, out);
	else
		fprintf(out, "%s%*s", text, pad, "");
	fputs(last ? "\n" : "  ", out);
}

void table_print(const struct table *t, FILE *out)
{
	int width[TABLE_MAX_COLUMNS] = {0};

	for (size_t i = 0; i < t->n_cells; i++) {
		int w = width_of(t->cells[i]);
		if (w > width[i % t->n_columns])
			width[i % t->n_columns] = w;
	}
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
