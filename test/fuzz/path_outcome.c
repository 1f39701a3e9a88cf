/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "path_run.h"

void fuzz_outcome_add(struct fuzz_outcome *all, const struct fuzz_outcome *o)
{
	for (unsigned i = 0; i < OVNET_DROP_COUNT; i++)
		all->sum.drops[i] += o->sum.drops[i];
	for (unsigned d = 0; d < FUZZ_DOORS; d++)
		for (unsigned k = 0; k < o->sum.n[d]; k++) {
			uint16_t at = all->sum.n[d]++;
			CHECK(at < FUZZ_SENT, "too many packets of those that came");
			all->sum.len[d][at] = o->sum.len[d][k];
			memcpy(all->bytes[d][at], o->bytes[d][k], o->sum.len[d][k]);
		}
}

void fuzz_outcome_compare(
	const struct fuzz_outcome *a, const struct fuzz_outcome *b, const char *level)
{
	for (unsigned i = 0; i < OVNET_DROP_COUNT; i++)
		CHECK(a->sum.drops[i] == b->sum.drops[i],
			"%s: %lu packets in one buffer, %lu here: %s", level,
			(unsigned long)a->sum.drops[i], (unsigned long)b->sum.drops[i],
			ovnet_drop_name((enum ovnet_drop)i));
	CHECK(memcmp(&a->sum, &b->sum, sizeof(a->sum)) == 0,
		"%s: %u, %u, %u packets sent, %u, %u, %u", level, a->sum.n[0], a->sum.n[1],
		a->sum.n[2], b->sum.n[0], b->sum.n[1], b->sum.n[2]);
	for (unsigned d = 0; d < FUZZ_DOORS; d++)
		for (unsigned k = 0; k < a->sum.n[d]; k++)
			CHECK(memcmp(a->bytes[d][k], b->bytes[d][k], a->sum.len[d][k]) == 0,
				"%s: other bytes sent than from one buffer", level);
}
