/* SPDX-License-Identifier: BSD-3-Clause */
/* The same numbers in each run (Knuth's MMIX generator). Shared with perf/. */
#ifndef OVNET_BED_RANDOM_H
#define OVNET_BED_RANDOM_H

#include <stdint.h>

/* 31 bits. `s` starts with any seed. */
static inline uint32_t next_random(uint64_t *s)
{
	*s = *s * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*s >> 33);
}

#endif
