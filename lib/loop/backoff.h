/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting times that grow and differ between nodes, so that a cluster does not knock on a
 * returning etcd in step. Milliseconds. One thread each.
 */
#ifndef OVNET_LOOP_BACKOFF_H
#define OVNET_LOOP_BACKOFF_H

#include <stdint.h>

struct backoff {
	uint32_t min_ms, max_ms;
	uint32_t next_ms; /* 0: start at min_ms */
};

/*
 * The time to wait now: anything in a span that doubles at each call up to max_ms. With a lower
 * bound to it, the nodes would come together, one bound later.
 */
uint32_t backoff_next(struct backoff *b);
static inline void backoff_reset(struct backoff *b)
{
	b->next_ms = 0;
}

#endif
