/* SPDX-License-Identifier: BSD-3-Clause */
#include "seen.h"

#include <stdbool.h>
#include <string.h>

void seen_reset(struct seen *s)
{
	memset(s, 0, sizeof(*s));
}

static bool marked(const struct seen *s, uint64_t number)
{
	return s->word[number % SEEN_WINDOW / 64] & 1ull << (number & 63);
}

static enum seen_as ahead(struct seen *s, uint64_t number)
{
	uint64_t from = (s->next + 63) / 64, to = number / 64;

	if (to - from >= SEEN_WINDOW / 64 && to >= from)
		memset(s->word, 0, sizeof(s->word));
	else
		for (uint64_t w = from; w <= to; w++)
			s->word[w % (SEEN_WINDOW / 64)] = 0;
	seen_mark(s, number);
	s->next = number + 1;
	return SEEN_AHEAD;
}

enum seen_as seen_other(struct seen *s, uint64_t number)
{
	if (number >= s->next)
		return ahead(s, number);
	/* A word less: the one that holds the highest may have taken the place of these already. */
	if (s->next - number > SEEN_WINDOW - 64)
		return SEEN_OLD;
	if (marked(s, number))
		return SEEN_TWICE;
	seen_mark(s, number);
	return SEEN_LATE;
}
