/* SPDX-License-Identifier: BSD-3-Clause */
#include "fib/private.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static void release(struct ovnet_rcu_head *head)
{
	free((char *)head - offsetof(struct ovnet_ingress, rcu));
}

static struct ovnet_ingress *ingress_new(uint32_t n_local, uint32_t n_rules)
{
	size_t rules = n_rules * sizeof(struct ovnet_ingress_rule);
	struct ovnet_ingress *in =
		malloc(sizeof(*in) + rules + n_local * sizeof(struct ovnet_addr));

	if (in == NULL)
		return NULL;
	in->n_local = n_local;
	in->n_rules = n_rules;
	in->local = (struct ovnet_addr *)&in->rule[n_rules];
	return in;
}

int ovnet_fib_set_ingress(struct ovnet_fib_writer *w, const struct ovnet_addr *local,
	uint32_t n_local, const struct ovnet_ingress_rule *rules, uint32_t n_rules)
{
	const struct ovnet_ingress *old =
		atomic_load_explicit(&w->fib->ingress, memory_order_relaxed);
	struct ovnet_ingress *in = NULL;

	if (n_local > 0 || n_rules > 0) {
		in = ingress_new(n_local, n_rules);
		if (in == NULL)
			return -ENOMEM;
		if (n_local > 0)
			memcpy(in->local, local, n_local * sizeof(*local));
		if (n_local > 0)
			qsort(in->local, n_local, sizeof(*in->local), ovnet_addr_compare);
		if (n_rules > 0)
			memcpy(in->rule, rules, n_rules * sizeof(*rules));
	}
	atomic_store_explicit(&w->fib->ingress, in, memory_order_release);
	if (old != NULL)
		ovnet_rcu_defer(w->rcu, (struct ovnet_rcu_head *)&old->rcu, release);
	return 0;
}

void ingress_free(struct ovnet_fib *fib)
{
	free((void *)atomic_load_explicit(&fib->ingress, memory_order_relaxed));
	atomic_store_explicit(&fib->ingress, NULL, memory_order_relaxed);
}
