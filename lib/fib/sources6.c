/* SPDX-License-Identifier: BSD-3-Clause */
#include "fib/sources.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

static void release(struct ovnet_rcu_head *head)
{
	free((char *)head - offsetof(struct ovnet_fib_sources6, rcu));
}

static void copy(const struct sources6 *s, struct ovnet_fib_sources6 *to, uint32_t *refs)
{
	for (uint32_t i = 0; s->table != NULL && i <= s->table->mask; i++) {
		const struct source6 *p = &s->table->place[i];
		uint32_t state;

		if (atomic_load_explicit(&p->state, memory_order_relaxed) != SOURCE6_LIVE)
			continue;
		uint32_t at = source6_find(to, p->addr, &state);
		memcpy(to->place[at].addr, p->addr, sizeof(p->addr));
		atomic_store_explicit(&to->place[at].state, SOURCE6_LIVE, memory_order_relaxed);
		refs[at] = s->refs[i];
	}
}

int sources6_reserve(struct sources6 *s, uint32_t n)
{
	if (s->table != NULL && (uint64_t)(s->used + n) * 2 <= s->table->mask)
		return 0;
	uint32_t places = sources_places(s->live + n);
	struct ovnet_fib_sources6 *t = calloc(1, sizeof(*t) + places * sizeof(t->place[0]));
	uint32_t *refs = calloc(places, sizeof(*refs));
	if (t == NULL || refs == NULL) {
		free(t);
		free(refs);
		return -ENOMEM;
	}
	t->mask = places - 1;
	copy(s, t, refs);
	atomic_store_explicit(&s->fib->sources6, t, memory_order_release);
	if (s->table != NULL)
		ovnet_rcu_defer(s->rcu, &s->table->rcu, release);
	free(s->refs);
	s->table = t;
	s->refs = refs;
	s->used = s->live;
	return 0;
}

void sources6_add(struct sources6 *s, const uint8_t addr[16])
{
	uint32_t state, i = source6_find(s->table, addr, &state);
	struct source6 *p = &s->table->place[i];

	if (s->refs[i]++ > 0)
		return;
	if (state == SOURCE6_FREE) {
		memcpy(p->addr, addr, sizeof(p->addr));
		s->used++;
	}
	atomic_store_explicit(&p->state, SOURCE6_LIVE, memory_order_release);
	s->live++;
}

void sources6_del(struct sources6 *s, const uint8_t addr[16])
{
	uint32_t state, i = source6_find(s->table, addr, &state);

	if (--s->refs[i] > 0)
		return;
	atomic_store_explicit(&s->table->place[i].state, SOURCE6_GONE, memory_order_release);
	s->live--;
}

void sources6_free(struct sources6 *s)
{
	atomic_store_explicit(&s->fib->sources6, NULL, memory_order_relaxed);
	free(s->table);
	free(s->refs);
}
