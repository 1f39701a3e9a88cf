/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A table for people: cells collected first, columns as wide as their widest cell. On a terminal,
 * or where COLUMNS says how wide it is, texts are cut to fit the line, with an ellipsis for the
 * rest.
 */
#ifndef OVNETCTL_TABLE_H
#define OVNETCTL_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#define TABLE_MAX_COLUMNS 32

struct table {
	unsigned n_columns;
	bool right[TABLE_MAX_COLUMNS]; /* numbers stand at the right */
	char **cells;                  /* row by row, the headings first */
	size_t n_cells, room;
};

/* Appends one cell, control characters made harmless. Exits the program without memory. */
void table_add(struct table *t, const char *text);
void table_print(const struct table *t, FILE *out);
void table_free(struct table *t);

/* `text` from the daemon, safe for a terminal. The caller frees. Exits without memory. */
char *printable(const char *text);

#endif
