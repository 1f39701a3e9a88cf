/* SPDX-License-Identifier: BSD-3-Clause */
#include "histogram.h"

#include <math.h>
#include <string.h>

void histogram_reset(struct histogram *h)
{
	memset(h, 0, sizeof(*h));
	h->min = UINT64_MAX;
}

uint64_t histogram_value(uint32_t bucket)
{
	if (bucket < 2u << HISTOGRAM_BITS)
		return bucket;
	uint32_t shift = (bucket >> HISTOGRAM_BITS) - 1;
	uint64_t lowest = (uint64_t)(bucket - (shift << HISTOGRAM_BITS)) << shift;
	return lowest + (1ull << shift) - 1;
}

uint64_t histogram_percentile(const struct histogram *h, double share)
{
	uint64_t rank = (uint64_t)ceil(share * (double)h->total), seen = 0;

	if (h->total == 0)
		return 0;
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen >= rank && seen > 0) {
			uint64_t value = histogram_value(i);
			return value > h->max ? h->max : value;
		}
	}
	return h->max;
}
