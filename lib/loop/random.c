/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/random.h"

#include <event2/util.h>

uint32_t random_below(void *arg, uint32_t bound)
{
	uint32_t r;

	(void)arg;
	if (bound == 0)
		return 0;
	evutil_secure_rng_get_bytes(&r, sizeof(r));
	return (uint32_t)((uint64_t)r * bound >> 32);
}
