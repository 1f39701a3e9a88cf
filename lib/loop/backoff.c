/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/backoff.h"

#include <stddef.h>

#include "loop/random.h"

uint32_t backoff_next(struct backoff *b)
{
	uint32_t span = b->next_ms != 0 ? b->next_ms : b->min_ms;

	b->next_ms = span < b->max_ms / 2 ? span * 2 : b->max_ms;
	return random_below(NULL, span + 1);
}
