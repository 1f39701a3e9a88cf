/* SPDX-License-Identifier: BSD-3-Clause */
#include "fib/sources.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#define PLACES_MIN 64u

static void release(struct ovnet_rcu_head *head)
{
	free((char *)head - offsetof(struct ovnet_fib_sources, rcu));
}

static uint32_t word(const struct ovnet_fib_sources *t, uint32_t i)
{
	return atomic_load_explicit(&t->addr_be[i], memory_order_relaxed);
}

/* Where the address is, or the first word on its way that it can have. */
static uint32_t find(const struct ovnet_fib_sources *t, uint32_t src_be)
{
	uint32_t i = source_hash(src_be) & t->mask, gone = UINT32_MAX;

	for (; word(t, i) != src_be; i = (i + 1) & t->mask) {
		if (word(t, i) == SOURCE_FREE)
			return gone != UINT32_MAX ? gone : i;
		if (word(t, i) == SOURCE_GONE && gone == UINT32_MAX)
			gone = i;
	}
	return i;
}

static void copy(const struct sources *s, struct ovnet_fib_sources *to, uint32_t *refs)
{
	for (uint32_t i = 0; s->table != NULL && i <= s->table->mask; i++) {
		uint32_t addr = word(s->table, i);
		if (!source_is_valid(addr))
			continue;
		uint32_t at = find(to, addr);
		atomic_store_explicit(&to->addr_be[at], addr, memory_order_relaxed);
		refs[at] = s->refs[i];
	}
}

uint32_t sources_places(uint32_t n)
{
	uint32_t places = PLACES_MIN;

	while (places < (uint64_t)n * 4)
		places *= 2;
	return places;
}

int sources_reserve(struct sources *s, uint32_t n)
{
	/*
	 * At most three quarters full, so that probes stay short and always meet a free word. A
	 * full network of 65,536 half fills its table: who comes and goes there takes used words.
	 */
	if (s->table != NULL && (uint64_t)(s->used + n) * 4 <= (uint64_t)s->table->mask * 3)
		return 0;
	uint32_t slots = sources_places(s->live + n);
	struct ovnet_fib_sources *t = calloc(1, sizeof(*t) + slots * sizeof(t->addr_be[0]));
	uint32_t *refs = calloc(slots, sizeof(*refs));
	if (t == NULL || refs == NULL) {
		free(t);
		free(refs);
		return -ENOMEM;
	}
	t->mask = slots - 1;
	copy(s, t, refs);
	atomic_store_explicit(&s->fib->sources, t, memory_order_release);
	if (s->table != NULL)
		ovnet_rcu_defer(s->rcu, &s->table->rcu, release);
	free(s->refs);
	s->table = t;
	s->refs = refs;
	s->used = s->live;
	return 0;
}

void sources_add(struct sources *s, uint32_t src_be)
{
	if (!source_is_valid(src_be))
		return;
	uint32_t i = find(s->table, src_be);
	if (s->refs[i]++ > 0)
		return;
	s->used += word(s->table, i) == SOURCE_FREE;
	atomic_store_explicit(&s->table->addr_be[i], src_be, memory_order_relaxed);
	s->live++;
}

void sources_del(struct sources *s, uint32_t src_be)
{
	if (!source_is_valid(src_be))
		return;
	uint32_t i = find(s->table, src_be);
	if (--s->refs[i] > 0)
		return;
	atomic_store_explicit(&s->table->addr_be[i], SOURCE_GONE, memory_order_relaxed);
	s->live--;
}

void sources_free(struct sources *s)
{
	atomic_store_explicit(&s->fib->sources, NULL, memory_order_relaxed);
	free(s->table);
	free(s->refs);
}
