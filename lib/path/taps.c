/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/taps.h"

#include <errno.h>
#include <stdlib.h>

void ovnet_taps_call(const struct ovnet_path_ctx *ctx, enum ovnet_stage stage, uint16_t info,
	struct rte_mbuf **pkts, uint16_t n)
{
	const struct ovnet_taps *taps = ctx->taps;

	for (unsigned i = 0; i < taps->n; i++)
		taps->tap[i].fn(taps->tap[i].arg, ctx->worker, stage, info, pkts, n);
}

static struct ovnet_taps *current(struct ovnet_path_shared *shared)
{
	return atomic_load_explicit(&shared->taps, memory_order_relaxed); /* nobody else stores */
}

/* Where the tap is; how many there are: nowhere. */
static unsigned find(const struct ovnet_taps *taps, ovnet_tap_fn *fn, const void *arg)
{
	unsigned i = 0;

	while (taps != NULL && i < taps->n && (taps->tap[i].fn != fn || taps->tap[i].arg != arg))
		i++;
	return i;
}

static struct ovnet_taps *taps_new(unsigned n)
{
	struct ovnet_taps *taps = calloc(1, sizeof(*taps) + n * sizeof(taps->tap[0]));

	if (taps != NULL)
		taps->n = n;
	return taps;
}

static void taps_release(struct ovnet_rcu_head *head)
{
	free(head); /* the set's first member */
}

static void publish(struct ovnet_path_shared *shared, struct ovnet_taps *new)
{
	struct ovnet_taps *old = current(shared);

	atomic_store_explicit(&shared->taps, new, memory_order_release);
	if (old != NULL)
		ovnet_rcu_defer(&shared->rcu, &old->rcu, taps_release);
}

int ovnet_taps_add(struct ovnet_path_shared *shared, ovnet_tap_fn *fn, void *arg)
{
	const struct ovnet_taps *old = current(shared);
	unsigned n = old != NULL ? old->n : 0;

	if (find(old, fn, arg) < n)
		return -EEXIST;
	struct ovnet_taps *new = taps_new(n + 1);
	if (new == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++)
		new->tap[i] = old->tap[i];
	new->tap[n] = (struct ovnet_tap){fn, arg};
	publish(shared, new);
	return 0;
}

int ovnet_taps_remove(struct ovnet_path_shared *shared, ovnet_tap_fn *fn, void *arg)
{
	const struct ovnet_taps *old = current(shared);
	unsigned n = old != NULL ? old->n : 0, at = find(old, fn, arg);
	struct ovnet_taps *new = NULL;

	if (at == n)
		return -ENOENT;
	if (n > 1 && (new = taps_new(n - 1)) == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i + 1 < n; i++)
		new->tap[i] = old->tap[i < at ? i : i + 1];
	publish(shared, new);
	return 0;
}
