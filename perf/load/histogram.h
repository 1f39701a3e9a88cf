/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counts values in buckets that grow with them: to 1.6 % exact, at any size, without looking at
 * them again. One thread.
 */
#ifndef PERF_LOAD_HISTOGRAM_H
#define PERF_LOAD_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BITS    6  /* buckets for each power of two: 2^6 */
#define HISTOGRAM_MAX     40 /* values have so many bits; larger ones count as the largest */
#define HISTOGRAM_BUCKETS ((HISTOGRAM_MAX - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS)

struct histogram {
	uint64_t total, min, max;
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

void histogram_reset(struct histogram *h);

/* The largest value that counts in this bucket. */
uint64_t histogram_value(uint32_t bucket);

/* The least value that this share of all (0 to 1) does not exceed; 0 if there is none. */
uint64_t histogram_percentile(const struct histogram *h, double share);

static inline uint32_t histogram_bucket(uint64_t value)
{
	if (value >= 1ull << HISTOGRAM_MAX)
		return HISTOGRAM_BUCKETS - 1;
	if (value < 2u << HISTOGRAM_BITS)
		return (uint32_t)value;
	uint32_t shift = 63 - (uint32_t)__builtin_clzll(value) - HISTOGRAM_BITS;
	return (shift << HISTOGRAM_BITS) + (uint32_t)(value >> shift);
}

static inline void histogram_add(struct histogram *h, uint64_t value)
{
	h->bucket[histogram_bucket(value)]++;
	h->total++;
	if (value > h->max)
		h->max = value;
	if (value < h->min)
		h->min = value;
}

#endif
