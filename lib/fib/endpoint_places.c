/* SPDX-License-Identifier: BSD-3-Clause */
/* Where readers find an endpoint: a slot for each IPv4 address, ranges for IPv6. */
#include "fib/private.h"

#include <stdlib.h>
#include <sys/socket.h>

static struct span span4(const struct ovnet_prefix4 *p)
{
	return (struct span){p->addr_host, p->addr_host | ~ovnet_mask4(p->len)};
}

static struct span span6(const struct ovnet_prefix6 *p)
{
	u128 first = number6(p->addr);

	return (struct span){first, first | host_bits6(p->len)};
}

bool span_of(const struct ovnet_prefix *p, struct span *s)
{
	if (p->family == AF_INET && p->v4.len <= 32) {
		*s = span4(&p->v4);
		return (p->v4.addr_host & ~ovnet_mask4(p->v4.len)) == 0;
	}
	if (p->family == AF_INET6 && prefix6_is_whole(&p->v6)) {
		*s = span6(&p->v6);
		return true;
	}
	return false;
}

bool own_span(const struct ovnet_overlay *o, bool v6, struct span *own)
{
	*own = v6 ? span6(&o->own6) : span4(&o->own);
	return (v6 ? o->own6.len : o->own.len) != 0;
}

static void put4(void *arg, struct span part, const struct endpoint *e)
{
	struct ovnet_fib_view *v = arg;
	const struct ovnet_endpoint *pub = e != NULL ? &e->pub : NULL;
	uint32_t first = (uint32_t)part.first - v->overlay.own.addr_host;
	uint32_t last = (uint32_t)part.last - v->overlay.own.addr_host;

	/* What stays is not written: workers have it in their caches. */
	for (uint32_t i = first; i <= last; i++)
		if (atomic_load_explicit(&v->own[i], memory_order_relaxed) != pub)
			atomic_store_explicit(&v->own[i], pub, memory_order_release);
}

static void put6(void *arg, struct span part, const struct endpoint *e)
{
	struct ovnet_fib_ranges6 *r = arg;

	if (e != NULL)
		r->range[r->n++] = (struct ovnet_fib_range6){
			.first = part.first, .last = part.last, .endpoint = &e->pub};
}

void endpoints_place(const struct endpoints *l, struct ovnet_fib_view *v, struct span s)
{
	struct endpoint *around = endpoints_around(l, s);
	struct span own;

	/* One that has more than our subnet is about to go. */
	if (around != NULL &&
		(!own_span(&v->overlay, false, &own) || !span_inside(around->span, own)))
		around = NULL;
	endpoints_spread(l, s, around, put4, v);
}

struct ovnet_fib_ranges6 *ranges6_new(uint32_t n)
{
	struct ovnet_fib_ranges6 *r;

	/* Each cuts the one around it in two at most. */
	r = malloc(sizeof(*r) + (size_t)n * 2 * sizeof(r->range[0]));
	if (r != NULL)
		r->n = 0;
	return r;
}

void endpoints_place6(
	const struct endpoints *l, struct ovnet_fib_view *v, struct ovnet_fib_ranges6 *r)
{
	struct span own;

	if (own_span(&v->overlay, true, &own))
		endpoints_spread(l, own, NULL, put6, r);
	if (r->n == 0) {
		free(r);
		r = NULL;
	}
	atomic_store_explicit(&v->own6, r, memory_order_release);
}
