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

const struct ovnet_peer *ovnet_fib_odd_lookup6(
	const struct ovnet_fib_view *view, const uint8_t addr[16])
{
	(void)view, (void)addr;
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

bool ovnet_fib_listed(
	const struct ovnet_fib *fib, const struct ovnet_addr *outer, const struct ovnet_addr *inner)
{
	const struct ovnet_ingress *in = atomic_load_explicit(&fib->ingress, memory_order_acquire);

	for (uint32_t i = 0; in != NULL && i < in->n_rules; i++)
		if (ovnet_addr_equal(&in->rule[i].outer, outer) &&
			ovnet_prefix_contains(&in->rule[i].inner, inner))
			return true;
	return false;
}

bool ovnet_fib_is_local(const struct ovnet_fib *fib, const struct ovnet_addr *addr)
{
	const struct ovnet_ingress *in = atomic_load_explicit(&fib->ingress, memory_order_acquire);

	for (uint32_t i = 0; in != NULL && i < in->n_local; i++)
		if (ovnet_addr_equal(&in->local[i], addr))
			return true;
	return false;
}
