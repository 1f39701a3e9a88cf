/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tables of underlay addresses peers send from, with how many peers each serves.
 * Private to lib/fib. Control thread, but for the two helpers readers share.
 */
#ifndef OVNET_FIB_SOURCES_H
#define OVNET_FIB_SOURCES_H

#include "fib/fib.h"

#define SOURCE_FREE 0u
#define SOURCE_GONE UINT32_MAX

struct sources {
	struct ovnet_fib *fib;
	struct ovnet_rcu *rcu;
	struct ovnet_fib_sources *table; /* what is published */
	uint32_t *refs;                  /* beside each word of the table */
	uint32_t live, used;             /* used: live and gone words */
};

/*
 * IPv6: an address is more than one word, so a place is never given to another address while the
 * table lives; its state is stored with release once the address is there.
 */
enum source_state { SOURCE6_FREE, SOURCE6_LIVE, SOURCE6_GONE };

struct source6 {
	_Atomic uint32_t state; /* enum source_state */
	uint8_t addr[16];
};

struct ovnet_fib_sources6 {
	struct ovnet_rcu_head rcu;
	uint32_t mask; /* places - 1 */
	struct source6 place[];
};

struct sources6 {
	struct ovnet_fib *fib;
	struct ovnet_rcu *rcu;
	struct ovnet_fib_sources6 *table;
	uint32_t *refs;
	uint32_t live, used;
};

/* The two marks are no addresses a packet may come from. */
static inline bool source_is_valid(uint32_t src_be)
{
	return src_be != SOURCE_FREE && src_be != SOURCE_GONE;
}

static inline uint32_t source_hash(uint32_t src_be)
{
	uint32_t h = src_be * 0x9e3779b1u;

	return h ^ h >> 15;
}

static inline uint32_t source6_hash(const uint8_t addr[16])
{
	uint64_t high, low;

	memcpy(&high, addr, sizeof(high));
	memcpy(&low, addr + 8, sizeof(low));
	uint64_t h = (high ^ (low << 32 | low >> 32)) * 0x9e3779b97f4a7c15u;
	h = (h ^ h >> 32 ^ low) * 0x9e3779b97f4a7c15u;
	return (uint32_t)(h >> 32);
}

/*
 * Where the address is, or the free place on its way, with the state this was seen by: a reader may
 * not look again. Ends, because at least half the places are free.
 */
static inline uint32_t source6_find(
	const struct ovnet_fib_sources6 *t, const uint8_t addr[16], uint32_t *state)
{
	for (uint32_t i = source6_hash(addr) & t->mask;; i = (i + 1) & t->mask) {
		*state = atomic_load_explicit(&t->place[i].state, memory_order_acquire);
		if (*state == SOURCE6_FREE || memcmp(t->place[i].addr, addr, 16) == 0)
			return i;
	}
}

/* Places for a new table that is to hold `n` addresses: a quarter full, for some time to come. */
uint32_t sources_places(uint32_t n);

/* Room for `n` more addresses, so that the next `n` adds cannot fail. 0 or -ENOMEM. */
int sources_reserve(struct sources *s, uint32_t n);
void sources_add(struct sources *s, uint32_t src_be);
void sources_del(struct sources *s, uint32_t src_be);
/* At once; no reader is left. */
void sources_free(struct sources *s);

/* The same for IPv6. */
int sources6_reserve(struct sources6 *s, uint32_t n);
void sources6_add(struct sources6 *s, const uint8_t addr[16]);
void sources6_del(struct sources6 *s, const uint8_t addr[16]);
void sources6_free(struct sources6 *s);

#endif
