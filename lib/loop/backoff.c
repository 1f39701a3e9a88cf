/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/backoff.h"

#include <event2/event.h>
#include <event2/util.h>
#include <string.h>
#include <time.h>

#define NAG_FIRST_MS 10000
#define NAG_MAX_MS   300000
#define BUDGET       20

uint32_t random_below(void *arg, uint32_t bound)
{
	uint32_t r;

	(void)arg;
	if (bound == 0)
		return 0;
	evutil_secure_rng_get_bytes(&r, sizeof(r));
	return (uint32_t)((uint64_t)r * bound >> 32);
}

uint32_t backoff_next(struct backoff *b)
{
	uint32_t span = b->next_ms != 0 ? b->next_ms : b->min_ms;

	b->next_ms = span < b->max_ms / 2 ? span * 2 : b->max_ms;
	return random_below(NULL, span + 1);
}

void arm_ms(struct event *timer, uint64_t ms)
{
	struct timeval tv = {
		.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	evtimer_add(timer, &tv);
}

int64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* FNV-1a. */
uint64_t text_hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325;

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3;
	return h;
}

bool nag_due(struct nag *n, const char *text)
{
	uint64_t hash = text_hash(text);
	int64_t now = monotonic_ms();

	if (n->every_ms != 0 && n->text_hash == hash) {
		if (now < n->due_ms)
			return false;
		n->every_ms = n->every_ms < NAG_MAX_MS / 2 ? n->every_ms * 2 : NAG_MAX_MS;
	} else {
		n->every_ms = NAG_FIRST_MS;
	}
	n->text_hash = hash;
	n->due_ms = now + n->every_ms;
	return true;
}

void nag_reset(struct nag *n)
{
	*n = (struct nag){0};
}

bool log_budget_take(struct log_budget *b)
{
	int64_t now = monotonic_ms();
	int64_t seconds = (now - b->since_ms) / 1000;

	if (seconds > 0) {
		b->used = seconds < b->used ? b->used - (uint32_t)seconds : 0;
		b->since_ms = now;
	}
	if (b->used >= BUDGET) {
		b->left_out++;
		return false;
	}
	b->used++;
	return true;
}
