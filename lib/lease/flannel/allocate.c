/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/flannel/allocate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number6.h"

/* Both families as one problem: subnets of `step` addresses from min to max, inclusive. */
struct range {
	u128 min, max, step;
};

/* The addresses one lease takes, in the family at hand. */
struct span {
	u128 first, last;
};

#define FORMER_MAX 4

/* First addresses, the best first. */
struct wanted {
	u128 at[FORMER_MAX + 1];
	size_t n;
};

struct dice {
	ovnet_random_fn rnd;
	void *arg;
};

typedef bool (*span_fn)(const struct ovnet_lease *l, struct span *out);

static bool span4(const struct ovnet_lease *l, struct span *out)
{
	out->first = l->subnet.addr_host;
	out->last = l->subnet.addr_host | ~ovnet_mask4(l->subnet.len);
	return true;
}

static bool span6(const struct ovnet_lease *l, struct span *out)
{
	if (!l->has_v6)
		return false;
	out->first = number6(l->subnet6.addr);
	out->last = out->first | host_bits6(l->subnet6.len);
	return true;
}

static void sort_by_byte(const struct span *from, struct span *to, size_t n, unsigned shift)
{
	size_t at[257] = {0};

	for (size_t i = 0; i < n; i++)
		at[(uint8_t)(from[i].first >> shift) + 1u]++;
	for (unsigned b = 1; b < 256; b++)
		at[b] += at[b - 1];
	for (size_t i = 0; i < n; i++)
		to[at[(uint8_t)(from[i].first >> shift)]++] = from[i];
}

/*
 * By `first`, a byte at a time from the lowest on: subnets of one network differ in two or three,
 * which is far quicker than comparing them. Returns `spans` or `spare`.
 */
static struct span *sort(struct span *spans, struct span *spare, size_t n)
{
	u128 differ = 0;

	for (size_t i = 1; i < n; i++)
		differ |= spans[i].first ^ spans[0].first;
	for (unsigned shift = 0; shift < 128; shift += 8) {
		if ((uint8_t)(differ >> shift) == 0)
			continue;
		sort_by_byte(spans, spare, n, shift);
		struct span *sorted = spare;
		spare = spans;
		spans = sorted;
	}
	return spans;
}

/* `taken` is sorted: one walk over both, however many there are. */
static unsigned collect(const struct range *r, const struct span *taken, size_t n,
	u128 free_ones[OVNET_ALLOCATE_CANDIDATES])
{
	unsigned found = 0;
	size_t i = 0;

	for (u128 at = r->min; at <= r->max && found < OVNET_ALLOCATE_CANDIDATES;) {
		u128 end = at + (r->step - 1);
		while (i < n && taken[i].last < at)
			i++;
		if (i < n && taken[i].first <= end) {
			/* Beyond what is taken; a large lease is one step, not thousands. */
			u128 over = taken[i].last > end ? (taken[i].last - at) / r->step : 0;
			if (over >= (r->max - at) / r->step)
				break;
			at += (over + 1) * r->step;
			continue;
		}
		free_ones[found++] = at;
		if (r->max - at < r->step)
			break;
		at += r->step;
	}
	return found;
}

/* A subnet of the range that nothing overlaps. */
static bool is_free(const struct range *r, const struct span *taken, size_t n, u128 at)
{
	if (at < r->min || at > r->max || (at - r->min) % r->step != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (taken[i].first <= at + (r->step - 1) && taken[i].last >= at)
			return false;
	return true;
}

/* Those of `wanted` first; free_ones[rnd()] of what collect() finds then. */
static int choose(const struct range *r, struct span *taken, struct span *spare, size_t n,
	const struct wanted *w, struct dice dice, u128 *out)
{
	u128 free_ones[OVNET_ALLOCATE_CANDIDATES];

	for (size_t i = 0; i < w->n; i++)
		if (is_free(r, taken, n, w->at[i])) {
			*out = w->at[i];
			return 0;
		}
	unsigned found = collect(r, sort(taken, spare, n), n, free_ones);
	if (found == 0)
		return -ENOSPC;
	*out = free_ones[dice.rnd(dice.arg, found)];
	return 0;
}

static int pick(const struct range *r, const struct ovnet_lease *taken, size_t n, span_fn span,
	const struct wanted *w, struct dice dice, u128 *out)
{
	/* Only what is compared, side by side: the leases themselves take several times longer. */
	struct span *spans = must(calloc(2 * n + 1, sizeof(*spans)));
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
		used += span(&taken[i], &spans[used]);
	int rc = choose(r, spans, spans + n, used, w, dice, out);
	free(spans);
	return rc;
}

/* The former ones of this family and length. */
static struct wanted wanted_of(const struct ovnet_former *f, span_fn span, const struct range *r)
{
	struct wanted w = {0};
	struct span s;

	for (size_t i = 0; f != NULL && i < f->n && w.n < FORMER_MAX; i++)
		if (span(&f->leases[i], &s) && s.last - s.first == r->step - 1)
			w.at[w.n++] = s.first;
	return w;
}

int ovnet_allocate(const struct ovnet_netconf *conf, const struct ovnet_lease *taken, size_t n,
	const struct ovnet_former *former, ovnet_random_fn rnd, void *arg, struct ovnet_lease *out)
{
	const struct dice dice = {rnd, arg};
	struct range r4 = {.min = conf->subnet_min,
		.max = conf->subnet_max,
		.step = (u128)1 << (32 - conf->subnet_len)};
	u128 at, at6 = 0;

	struct wanted w = wanted_of(former, span4, &r4);
	int rc = pick(&r4, taken, n, span4, &w, dice, &at);
	if (rc < 0)
		return rc;
	if (conf->enable_ipv6) {
		struct range r6 = {.min = number6(conf->subnet6_min),
			.max = number6(conf->subnet6_max),
			.step = (u128)1 << (128 - conf->subnet6_len)};
		w = wanted_of(former, span6, &r6);
		w.at[w.n++] = r6.min + (at - r4.min) / r4.step * r6.step;
		rc = pick(&r6, taken, n, span6, &w, dice, &at6);
		if (rc < 0)
			return rc;
	}
	out->subnet = (struct ovnet_prefix4){(uint32_t)at, conf->subnet_len};
	out->has_v6 = conf->enable_ipv6;
	number6_bytes(at6, out->subnet6.addr);
	out->subnet6.len = conf->enable_ipv6 ? conf->subnet6_len : 0;
	return 0;
}

bool ovnet_lease_fits(const struct ovnet_netconf *conf, const struct ovnet_lease *l)
{
	if (l->subnet.len != conf->subnet_len || l->subnet.addr_host < conf->subnet_min ||
		l->subnet.addr_host > conf->subnet_max || l->has_v6 != conf->enable_ipv6)
		return false;
	if (!l->has_v6)
		return true;
	return l->subnet6.len == conf->subnet6_len &&
	       memcmp(l->subnet6.addr, conf->subnet6_min, 16) >= 0 &&
	       memcmp(l->subnet6.addr, conf->subnet6_max, 16) <= 0;
}
