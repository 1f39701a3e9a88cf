/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef OVNET_PERF_REPORT_H
#define OVNET_PERF_REPORT_H

#include <stdio.h>

#include "measure.h"

/* What all rows have in common. */
struct report {
	FILE *json;        /* NULL: none */
	const char *pages; /* "2 MB hugepages" or "4 KB pages" */
	const char *level;
	unsigned reps;
	bool begun;      /* a row has been written */
	double floor[2]; /* of encap, decap: 64 bytes, VXLAN over IPv4, 256 peers; 0: not measured
			  */
};

void report_begin(const struct report *r);
/* The table's columns for the rows that follow. */
void report_head(bool decap);
void report_row(struct report *r, const struct row *row);
void report_end(const struct report *r);

#endif
