/* SPDX-License-Identifier: BSD-3-Clause */
/* Endpoints of one family by prefix, and which of them has which address. */
#include "fib/private.h"

#include <stdlib.h>
#include <string.h>

static bool comes_before(struct span a, struct span b)
{
	return a.first != b.first ? a.first < b.first : a.last > b.last;
}

uint32_t endpoints_find(const struct endpoints *l, struct span s)
{
	uint32_t lo = 0, hi = l->n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (comes_before(l->list[mid]->span, s))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct endpoint *endpoints_get(const struct endpoints *l, uint32_t at, struct span s)
{
	/* Whatever is at its place does not come before it. */
	return at < l->n && !comes_before(s, l->list[at]->span) ? l->list[at] : NULL;
}

bool endpoints_reserve(struct endpoints *l)
{
	if (l->n < l->room)
		return true;
	uint32_t room = l->room != 0 ? l->room * 2 : 16;
	struct endpoint **list = realloc(l->list, room * sizeof(*list));
	if (list == NULL)
		return false;
	l->list = list;
	l->room = room;
	return true;
}

void endpoints_insert(struct endpoints *l, uint32_t at, struct endpoint *e)
{
	memmove(&l->list[at + 1], &l->list[at], (l->n - at) * sizeof(l->list[0]));
	l->list[at] = e;
	l->n++;
}

void endpoints_remove(struct endpoints *l, uint32_t at)
{
	l->n--;
	memmove(&l->list[at], &l->list[at + 1], (l->n - at) * sizeof(l->list[0]));
}

struct endpoint *endpoints_around(const struct endpoints *l, struct span s)
{
	for (uint32_t i = endpoints_find(l, s); i-- > 0;)
		if (span_inside(s, l->list[i]->span))
			return l->list[i];
	return NULL;
}

void endpoints_spread(const struct endpoints *l, struct span s, struct endpoint *in,
	void (*put)(void *arg, struct span part, const struct endpoint *e), void *arg)
{
	u128 next = s.first; /* all before it is put; `in` has it */
	uint32_t i = endpoints_find(l, s);

	for (; i < l->n && l->list[i]->span.first <= s.last; i++) {
		struct endpoint *e = l->list[i];
		for (; in != NULL && in->span.last < e->span.first; in = in->around)
			if (next <= in->span.last) {
				put(arg, (struct span){next, in->span.last}, in);
				next = in->span.last + 1;
			}
		if (next < e->span.first)
			put(arg, (struct span){next, e->span.first - 1}, in);
		next = e->span.first;
		e->around = in;
		in = e;
	}
	/* Never beyond the last address: there may be none behind it. */
	for (; in != NULL && in->span.last < s.last; in = in->around)
		if (next <= in->span.last) {
			put(arg, (struct span){next, in->span.last}, in);
			next = in->span.last + 1;
		}
	put(arg, (struct span){next, s.last}, in);
}
