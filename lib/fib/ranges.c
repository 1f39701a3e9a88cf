/* SPDX-License-Identifier: BSD-3-Clause */
/* The sorted ranges behind the index. */
#include "base/number6.h"
#include "fib/private.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

/* Where array_splice() puts the elements. */
static_assert(sizeof(struct ovnet_fib_ranges) == offsetof(struct ovnet_fib_ranges, range), "");
static_assert(sizeof(struct ovnet_fib_ranges6) == offsetof(struct ovnet_fib_ranges6, range), "");

struct ovnet_fib_range range_of(const struct ovnet_prefix4 *subnet, const struct ovnet_peer *p)
{
	return (struct ovnet_fib_range){.first = subnet->addr_host,
		.last = subnet->addr_host | ~ovnet_mask4(subnet->len),
		.peer = p};
}

struct ovnet_fib_range6 range6_of(const struct ovnet_prefix6 *subnet, const struct ovnet_peer *p)
{
	u128 first = number6(subnet->addr);

	return (struct ovnet_fib_range6){
		.first = first, .last = first | host_bits6(subnet->len), .peer = p};
}

static void release(struct ovnet_rcu_head *head)
{
	free((char *)head - offsetof(struct ovnet_fib_ranges, rcu));
}

static void release6(struct ovnet_rcu_head *head)
{
	free((char *)head - offsetof(struct ovnet_fib_ranges6, rcu));
}

/* Many of them in a row must not pile up as many whole copies of the list. */
static void retire(struct ovnet_fib_writer *w, const struct ovnet_rcu_head *head,
	void (*release_fn)(struct ovnet_rcu_head *))
{
	ovnet_rcu_defer(w->rcu, (struct ovnet_rcu_head *)head, release_fn);
	ovnet_rcu_reclaim(w->rcu);
}

void ranges6_retire(struct ovnet_fib_writer *w, const struct ovnet_fib_ranges6 *r)
{
	if (r != NULL)
		retire(w, &r->rcu, release6);
}

/* The first range that does not begin before `first`. */
static uint32_t position(const struct ovnet_fib_ranges *r, uint32_t first)
{
	uint32_t lo = 0, hi = r != NULL ? r->n : 0;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (r->range[mid].first < first)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static uint32_t position6(const struct ovnet_fib_ranges6 *r, u128 first)
{
	uint32_t lo = 0, hi = r != NULL ? r->n : 0;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (r->range[mid].first < first)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int range_place(
	struct ovnet_fib_writer *w, const struct ovnet_prefix4 *subnet, const struct ovnet_peer *p)
{
	struct ovnet_fib_view *v = view_of(w);
	const struct ovnet_fib_ranges *old = atomic_load_explicit(&v->ranges, memory_order_relaxed);
	const struct ovnet_fib_range in = range_of(subnet, p);
	uint32_t n = old != NULL ? old->n : 0, at = position(old, in.first);
	bool out = at < n && old->range[at].first == in.first;
	struct ovnet_fib_ranges *r = NULL;

	if (n - out + (p != NULL) > 0) {
		r = array_splice(&(struct splice){.head = sizeof(*r),
			.size = sizeof(in),
			.old = old,
			.n = n,
			.at = at,
			.out = out,
			.in = p != NULL ? &in : NULL});
		if (r == NULL)
			return -ENOMEM;
		r->n = n - out + (p != NULL);
	}
	atomic_store_explicit(&v->ranges, r, memory_order_release);
	if (old != NULL)
		retire(w, &old->rcu, release);
	return 0;
}

int range_place6(
	struct ovnet_fib_writer *w, const struct ovnet_prefix6 *subnet, const struct ovnet_peer *p)
{
	struct ovnet_fib_view *v = view_of(w);
	const struct ovnet_fib_ranges6 *old =
		atomic_load_explicit(&v->ranges6, memory_order_relaxed);
	const struct ovnet_fib_range6 in = range6_of(subnet, p);
	uint32_t n = old != NULL ? old->n : 0, at = position6(old, in.first);
	bool out = at < n && old->range[at].first == in.first;
	struct ovnet_fib_ranges6 *r = NULL;

	if (n - out + (p != NULL) > 0) {
		r = array_splice(&(struct splice){.head = sizeof(*r),
			.size = sizeof(in),
			.old = old,
			.n = n,
			.at = at,
			.out = out,
			.in = p != NULL ? &in : NULL});
		if (r == NULL)
			return -ENOMEM;
		r->n = n - out + (p != NULL);
	}
	atomic_store_explicit(&v->ranges6, r, memory_order_release);
	ranges6_retire(w, old);
	return 0;
}
