/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A complaint that stays true is logged at once, then after 10 s, 20 s, ... up to every 5
 * minutes; another text, or nag_reset() when it is over, starts anew. One thread each; zeroed to
 * begin with.
 */
#ifndef OVNET_LOOP_NAG_H
#define OVNET_LOOP_NAG_H

#include <stdbool.h>
#include <stdint.h>

struct nag {
	uint64_t text_hash;
	int64_t due_ms; /* monotonic_ms() */
	uint32_t every_ms;
};

/* To be logged now? */
bool nag_due(struct nag *n, const char *text);
void nag_reset(struct nag *n);

#endif
