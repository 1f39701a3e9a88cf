/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/log_budget.h"

#include "base/clock.h"

#define AT_ONCE 20

bool log_budget_take(struct log_budget *b)
{
	int64_t now = monotonic_ms();
	int64_t seconds = (now - b->since_ms) / 1000;

	if (seconds > 0) {
		b->used = seconds < b->used ? b->used - (uint32_t)seconds : 0;
		b->since_ms = now;
	}
	if (b->used >= AT_ONCE) {
		b->left_out++;
		return false;
	}
	b->used++;
	return true;
}
