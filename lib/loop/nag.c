/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/nag.h"

#include "base/clock.h"
#include "base/text_hash.h"

#define FIRST_MS 10000
#define MAX_MS   300000

bool nag_due(struct nag *n, const char *text)
{
	uint64_t hash = text_hash(text);
	int64_t now = monotonic_ms();

	if (n->every_ms != 0 && n->text_hash == hash) {
		if (now < n->due_ms)
			return false;
		n->every_ms = n->every_ms < MAX_MS / 2 ? n->every_ms * 2 : MAX_MS;
	} else {
		n->every_ms = FIRST_MS;
	}
	n->text_hash = hash;
	n->due_ms = now + n->every_ms;
	return true;
}

void nag_reset(struct nag *n)
{
	*n = (struct nag){0};
}
