/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A token bucket on the TSC, for what a worker may do only so often (ICMP errors: RFC 1812 section
 * 4.3.2.8, RFC 4443 section 2.4 f). It counts in cycles, so that a packet costs no division. One
 * thread owns it: a worker has its own, and n workers together let pass n times the rate.
 */
#ifndef OVNET_PACKET_RATE_LIMIT_H
#define OVNET_PACKET_RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

struct ovnet_rate {
	uint64_t cost;   /* cycles a token takes to come back */
	uint64_t limit;  /* a full bucket, cycles */
	uint64_t credit; /* what is in it, at most `limit` */
	uint64_t last;   /* TSC of the last look */
};

/*
 * `burst` tokens (at least one), full at `now`; `per_second` come back each second. A rate of 0
 * never gives any. `tsc_hz` is rte_get_tsc_hz()'s.
 */
static inline void ovnet_rate_init(
	struct ovnet_rate *r, uint32_t per_second, uint32_t burst, uint64_t tsc_hz, uint64_t now)
{
	*r = (struct ovnet_rate){.cost = UINT64_MAX, .last = now};
	if (per_second == 0)
		return;
	r->cost = RTE_MAX(tsc_hz / per_second, UINT64_C(1));
	if (__builtin_mul_overflow(r->cost, RTE_MAX(burst, 1u), &r->limit))
		r->limit = UINT64_MAX;
	r->credit = r->limit;
}

/* Takes a token, if there is one. `now` is a TSC reading; one before the last is taken for it. */
static inline bool ovnet_rate_take(struct ovnet_rate *r, uint64_t now)
{
	if (likely(now > r->last)) {
		uint64_t back = now - r->last;

		r->credit = back < r->limit - r->credit ? r->credit + back : r->limit;
		r->last = now;
	}
	if (r->credit < r->cost)
		return false;
	r->credit -= r->cost;
	return true;
}

#endif
