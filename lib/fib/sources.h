/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of underlay addresses peers send from, with how many peers each serves.
 * Private to lib/fib. Control thread, but for the two helpers readers share.
 */
#ifndef OVNET_FIB_SOURCES_H
#define OVNET_FIB_SOURCES_H

#include "fib.h"

#define SOURCE_FREE 0u
#define SOURCE_GONE UINT32_MAX

struct sources {
	struct ovnet_fib *fib;
	struct ovnet_rcu *rcu;
	struct ovnet_fib_sources *table; /* what is published */
	uint32_t *refs;                  /* beside each word of the table */
	uint32_t live, used;             /* used: live and gone words */
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

/* Room for `n` more addresses, so that the next `n` adds cannot fail. 0 or -ENOMEM. */
int sources_reserve(struct sources *s, uint32_t n);
void sources_add(struct sources *s, uint32_t src_be);
void sources_del(struct sources *s, uint32_t src_be);
/* At once; no reader is left. */
void sources_free(struct sources *s);

#endif
