/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting times that grow and differ between nodes, so that a cluster does not knock on a
 * returning etcd in step. Control thread.
 */
#ifndef OVNET_LOOP_BACKOFF_H
#define OVNET_LOOP_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

struct event;

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

/* Below `bound`; 0 for a bound of 0. `arg` is not used (ovnet_random_fn). */
uint32_t random_below(void *arg, uint32_t bound);

void arm_ms(struct event *timer, uint64_t ms);
int64_t monotonic_ms(void);

/*
 * A complaint that stays true is logged at once, then after 10 s, 20 s, ... up to every 5
 * minutes; another text, or nag_reset() when it is over, starts anew.
 */
struct nag {
	uint64_t text_hash;
	int64_t due_ms;
	uint32_t every_ms;
};

bool nag_due(struct nag *n, const char *text);
void nag_reset(struct nag *n);

/* For complaints that others can cause: 20 at once, then one each second. */
struct log_budget {
	uint32_t used, left_out; /* left_out: since the caller last cleared it */
	int64_t since_ms;
};

bool log_budget_take(struct log_budget *b);

uint64_t text_hash(const char *text);

#endif
