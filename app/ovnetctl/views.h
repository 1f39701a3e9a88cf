/* SPDX-License-Identifier: BSD-3-Clause */
/* What each command asks for and shows. To add a command: a view in views.c. */
#ifndef OVNETCTL_VIEWS_H
#define OVNETCTL_VIEWS_H

#include <jansson.h>
#include <stdio.h>

#include "base/counter_table.h"

enum column_kind {
	COLUMN_TEXT,
	COLUMN_NUMBER,
	COLUMN_YES,   /* true: the column's `yes`; false: its `no` */
	COLUMN_LIST,  /* array of texts */
	COLUMN_COUNT, /* only grows: with --watch a rate per second */
	COLUMN_BYTES, /* the same in bytes: with --watch bits per second */
	COLUMN_PERCENT,
	COLUMN_COUNTERS, /* a column for each of the scope's counters that has a heading */
};

struct column {
	const char *member, *heading;
	enum column_kind kind;
	const char *yes, *no;
	enum ovnet_counter_scope scope;
};

struct view {
	const char *name; /* command and method */
	const char *help;
	const char *list; /* the result's member with the rows; NULL: the result is the list */
	const char *key;  /* member that tells rows apart, to find yesterday's */
	const struct column *columns; /* end with a NULL member; NULL: shown as a status */
	const char *empty;            /* said instead of an empty table */
};

extern const struct view views[];        /* end with a NULL name */
extern const struct view invalid_leases; /* leases --invalid */
extern const struct view attach_ports;   /* port show */

/* One reading and the one before it, for rates. */
struct reading {
	json_t *now, *before; /* before NULL: none */
	double seconds;       /* between them; 0: show totals */
	int watching;
};

/* The view's columns, counters among them, into `out` of TABLE_MAX_COLUMNS. How many. */
unsigned view_columns(const struct view *view, struct column *out);
void show_view(FILE *out, const struct view *view, const struct reading *r);
/* One row, a line for each column it has a value for. */
void show_members(FILE *out, const struct view *view, const json_t *row);
void show_status(FILE *out, const json_t *status);
/* One cell. `before` is the row's last self, or NULL. */
void column_text(const struct column *c, const json_t *row, const json_t *before,
	const struct reading *r, char *buf, size_t size);
/* "3d 4h", "5m 2s". */
void duration_text(json_int_t seconds, char *buf, size_t size);

#endif
