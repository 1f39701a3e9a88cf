/* SPDX-License-Identifier: BSD-3-Clause */
#include "fib/private.h"

#include <errno.h>
#include <search.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int compare_gateways(const struct ovnet_addr *a, const struct ovnet_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->family == AF_INET6)
		return memcmp(a->v6, b->v6, sizeof(a->v6));
	if (a->family == AF_INET && a->v4_be != b->v4_be)
		return a->v4_be < b->v4_be ? -1 : 1;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct nexthop *x = a, *y = b;

	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return compare_gateways(&x->gateway, &y->gateway);
}

static struct ovnet_nexthop *current(struct nexthop *n)
{
	/* Published const; the writer made it and frees it. */
	return (struct ovnet_nexthop *)atomic_load_explicit(&n->slot.cur, memory_order_relaxed);
}

static void cur_release(struct ovnet_rcu_head *head)
{
	free((char *)head - offsetof(struct ovnet_nexthop, rcu));
}

static void slot_free(void *arg)
{
	struct nexthop *n = arg;

	free(current(n));
	free(n);
}

static void slot_release(struct ovnet_rcu_head *head)
{
	slot_free((char *)head - offsetof(struct nexthop, rcu));
}

/* Where one like this is counted. */
static uint32_t *count_of(struct ovnet_fib_writer *w, const struct ovnet_nexthop *cur)
{
	struct ovnet_fib_nh_counts *n = &w->nh_counts;

	return cur->resolved ? &n->resolved : cur->failed ? &n->failed : &n->pending;
}

struct ovnet_fib_nh_counts ovnet_fib_nh_counts(const struct ovnet_fib_writer *w)
{
	return w->nh_counts;
}

static struct ovnet_nexthop *cur_new(void)
{
	struct ovnet_nexthop *cur = aligned_alloc(_Alignof(struct ovnet_nexthop), sizeof(*cur));

	if (cur != NULL)
		memset(cur, 0, sizeof(*cur));
	return cur;
}

static struct nexthop *nexthop_new(const struct nexthop *key)
{
	struct nexthop *n = malloc(sizeof(*n));
	struct ovnet_nexthop *cur = cur_new();

	if (n == NULL || cur == NULL) {
		free(n);
		free(cur);
		return NULL;
	}
	*n = *key;
	cur->port = key->port;
	atomic_init(&n->slot.cur, cur);
	return n;
}

struct ovnet_nh_slot *ovnet_fib_nh_get(
	struct ovnet_fib_writer *w, uint16_t port, const struct ovnet_addr *gateway)
{
	struct nexthop key = {.port = port, .gateway = *gateway};
	struct nexthop **node = tfind(&key, &w->nexthops, compare);

	if (node == NULL) {
		struct nexthop *n = nexthop_new(&key);
		if (n == NULL)
			return NULL;
		node = tsearch(n, &w->nexthops, compare);
		if (node == NULL) {
			slot_free(n);
			return NULL;
		}
		++*count_of(w, current(n));
	}
	(*node)->refs++;
	return &(*node)->slot;
}

struct ovnet_nh_slot *ovnet_fib_nh_find(
	struct ovnet_fib_writer *w, uint16_t port, const struct ovnet_addr *gateway)
{
	struct nexthop key = {.port = port, .gateway = *gateway};
	struct nexthop **node = tfind(&key, &w->nexthops, compare);

	return node != NULL ? &(*node)->slot : NULL;
}

void ovnet_fib_nh_put(struct ovnet_fib_writer *w, struct ovnet_nh_slot *nh)
{
	struct nexthop *n = (struct nexthop *)nh;

	if (n == NULL || --n->refs > 0)
		return;
	tdelete(n, &w->nexthops, compare);
	--*count_of(w, current(n));
	ovnet_rcu_defer(w->rcu, &n->rcu, slot_release);
}

static bool says(
	const struct ovnet_nexthop *cur, const struct ovnet_mac *dst, const struct ovnet_mac *src)
{
	if (cur->resolved != (dst != NULL))
		return false;
	return dst == NULL || (memcmp(cur->eth, dst->b, sizeof(dst->b)) == 0 &&
				      memcmp(cur->eth + 6, src->b, sizeof(src->b)) == 0);
}

static void replace(struct ovnet_fib_writer *w, struct ovnet_nh_slot *nh, struct ovnet_nexthop *cur)
{
	struct ovnet_nexthop *old = current((struct nexthop *)nh);

	--*count_of(w, old);
	++*count_of(w, cur);
	atomic_store_explicit(&nh->cur, cur, memory_order_release);
	ovnet_rcu_defer(w->rcu, &old->rcu, cur_release);
}

int ovnet_fib_nh_set(struct ovnet_fib_writer *w, struct ovnet_nh_slot *nh,
	const struct ovnet_mac *dst, const struct ovnet_mac *src)
{
	struct nexthop *n = (struct nexthop *)nh;
	struct ovnet_nexthop *old = current(n);

	/* Asked for by every peer behind it. */
	if (says(old, dst, src))
		return 0;
	struct ovnet_nexthop *cur = cur_new();
	if (cur == NULL)
		return -ENOMEM;
	cur->port = n->port;
	cur->resolved = dst != NULL;
	cur->failed = dst == NULL && old->failed;
	if (dst != NULL) {
		memcpy(cur->eth, dst->b, sizeof(dst->b));
		memcpy(cur->eth + 6, src->b, sizeof(src->b));
		cur->eth[12] = 0x08; /* IPv4, see fib.h */
	}
	replace(w, nh, cur);
	return 0;
}

int ovnet_fib_nh_fail(struct ovnet_fib_writer *w, struct ovnet_nh_slot *nh)
{
	const struct ovnet_nexthop *old = current((struct nexthop *)nh);

	if (old->failed)
		return 0;
	struct ovnet_nexthop *cur = cur_new();
	if (cur == NULL)
		return -ENOMEM;
	cur->port = old->port;
	cur->failed = true;
	replace(w, nh, cur);
	return 0;
}

void nexthops_free(struct ovnet_fib_writer *w)
{
	tdestroy(w->nexthops, slot_free);
	w->nexthops = NULL;
}
