/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For complaints that others can cause, so that they do not fill the log: 20 at once, then one each
 * second. One thread each; zeroed to begin with.
 */
#ifndef OVNET_LOOP_LOG_BUDGET_H
#define OVNET_LOOP_LOG_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct log_budget {
	uint32_t used, left_out; /* left_out: since the caller last cleared it */
	int64_t since_ms;        /* monotonic_ms() */
};

/* To be logged? Otherwise it is counted as left out. */
bool log_budget_take(struct log_budget *b);

#endif
