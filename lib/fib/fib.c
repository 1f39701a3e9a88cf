/* SPDX-License-Identifier: BSD-3-Clause */
#include "fib/fib.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/number6.h"
#include "fib/sources.h"

const struct ovnet_peer *ovnet_fib_range_lookup(
	const struct ovnet_fib_view *view, uint32_t addr_host)
{
	const struct ovnet_fib_ranges *ranges =
		atomic_load_explicit(&view->ranges, memory_order_acquire);
	uint32_t lo = 0, hi = ranges != NULL ? ranges->n : 0;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (addr_host < ranges->range[mid].first)
			hi = mid;
		else if (addr_host > ranges->range[mid].last)
			lo = mid + 1;
		else
			return ranges->range[mid].peer;
	}
	return NULL;
}

static const struct ovnet_fib_range6 *find6(
	const struct ovnet_fib_ranges6 *ranges, const uint8_t addr[16])
{
	uint32_t lo = 0, hi = ranges != NULL ? ranges->n : 0;
	u128 a = number6(addr);

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (a < ranges->range[mid].first)
			hi = mid;
		else if (a > ranges->range[mid].last)
			lo = mid + 1;
		else
			return &ranges->range[mid];
	}
	return NULL;
}

const struct ovnet_peer *ovnet_fib_range_lookup6(
	const struct ovnet_fib_view *view, const uint8_t addr[16])
{
	const struct ovnet_fib_range6 *r =
		find6(atomic_load_explicit(&view->ranges6, memory_order_acquire), addr);

	return r != NULL ? r->peer : NULL;
}

const struct ovnet_endpoint *ovnet_fib_own_lookup6(
	const struct ovnet_fib_view *view, const uint8_t addr[16])
{
	const struct ovnet_fib_range6 *r =
		find6(atomic_load_explicit(&view->own6, memory_order_acquire), addr);

	return r != NULL ? r->endpoint : NULL;
}

static bool is_source4(const struct ovnet_fib *fib, uint32_t src_be)
{
	const struct ovnet_fib_sources *s =
		atomic_load_explicit(&fib->sources, memory_order_acquire);

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

static bool is_source6(const struct ovnet_fib *fib, const uint8_t addr[16])
{
	const struct ovnet_fib_sources6 *s =
		atomic_load_explicit(&fib->sources6, memory_order_acquire);
	uint32_t state;

	if (s == NULL)
		return false;
	source6_find(s, addr, &state);
	return state == SOURCE6_LIVE;
}

bool ovnet_fib_is_source(const struct ovnet_fib *fib, const struct ovnet_addr *addr)
{
	if (addr->family == AF_INET6)
		return is_source6(fib, addr->v6);
	return addr->family == AF_INET && is_source4(fib, addr->v4_be);
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

	return in != NULL && in->n_local > 0 &&
	       bsearch(addr, in->local, in->n_local, sizeof(*in->local), ovnet_addr_compare) !=
		       NULL;
}
