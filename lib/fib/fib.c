/* SPDX-License-Identifier: BSD-3-Clause */
#include "fib.h"

#include "sources.h"

const struct ovnet_peer *ovnet_fib_odd_lookup(const struct ovnet_fib_view *view, uint32_t addr_host)
{
	const struct ovnet_fib_ranges *odd = atomic_load_explicit(&view->odd, memory_order_acquire);
	uint32_t lo = 0, hi = odd != NULL ? odd->n : 0;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (addr_host < odd->range[mid].first)
			hi = mid;
		else if (addr_host > odd->range[mid].last)
			lo = mid + 1;
		else
			return odd->range[mid].peer;
	}
	return NULL;
}

bool ovnet_fib_is_source(const struct ovnet_fib *fib, const struct ovnet_addr *addr)
{
	const struct ovnet_fib_sources *s =
		atomic_load_explicit(&fib->sources, memory_order_acquire);
	uint32_t src_be = addr->v4_be;

	if (s == NULL || !source_is_valid(src_be))
		return false;
	for (uint32_t i = source_hash(src_be), left = s->mask; left > 0; i++, left--) {
		uint32_t found =
			atomic_load_explicit(&s->addr_be[i & s->mask], memory_order_relaxed);
		if (found == src_be)
			return true;
		if (found == SOURCE_FREE)
			return false;
	}
	return false;
}
