/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which numbers of a sequence have come: tells the next one from one that jumped ahead, came late
 * or came twice. It remembers the last SEEN_WINDOW numbers before the highest that came. One
 * thread.
 */
#ifndef PERF_LOAD_SEEN_H
#define PERF_LOAD_SEEN_H

#include <stdint.h>

#define SEEN_WINDOW (1u << 20)

struct seen {
	uint64_t next; /* one beyond the highest that came */
	uint64_t word[SEEN_WINDOW / 64];
};

enum seen_as {
	SEEN_NEXT,
	SEEN_AHEAD, /* those in between have not come, yet */
	SEEN_LATE,
	SEEN_TWICE,
	SEEN_OLD, /* too old to say whether late or twice */
};

void seen_reset(struct seen *s);

/* What seen_add() does for any but the next one. */
enum seen_as seen_other(struct seen *s, uint64_t number);

/* The whole of a number whose low 32 bits are known. */
static inline uint64_t seen_number(const struct seen *s, uint32_t low)
{
	return s->next + (uint64_t)(int64_t)(int32_t)(low - (uint32_t)s->next);
}

static inline void seen_mark(struct seen *s, uint64_t number)
{
	s->word[number % SEEN_WINDOW / 64] |= 1ull << (number & 63);
}

static inline enum seen_as seen_add(struct seen *s, uint64_t number)
{
	if (number != s->next)
		return seen_other(s, number);
	if ((number & 63) == 0)
		s->word[number % SEEN_WINDOW / 64] = 0;
	seen_mark(s, number);
	s->next = number + 1;
	return SEEN_NEXT;
}

#endif
