/* SPDX-License-Identifier: BSD-3-Clause */
/* A trial's figures as one line of JSON. */
#ifndef PERF_LOAD_REPORT_H
#define PERF_LOAD_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "trial.h"

/* Also of a trial that still runs: what is on its way is `lost` then. False: not all was written.
 */
bool report(const struct load *l, bool histogram, FILE *to);

#endif
