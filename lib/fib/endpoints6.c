/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/number6.h"
#include "fib/private.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

static_assert(sizeof(struct ovnet_endpoints6) == offsetof(struct ovnet_endpoints6, own),
	"where array_splice() puts the elements");

static const struct ovnet_endpoints6 *own_of(const struct ovnet_fib_view *v)
{
	return atomic_load_explicit(&v->own6, memory_order_relaxed);
}

static void release(struct ovnet_rcu_head *head)
{
	free((char *)head - offsetof(struct ovnet_endpoints6, rcu));
}

/* The first endpoint whose address is not below `addr`. */
static uint32_t position(const struct ovnet_endpoints6 *own, u128 addr)
{
	uint32_t at = 0;

	while (own != NULL && at < own->n && own->own[at].addr < addr)
		at++;
	return at;
}

static bool is_at(const struct ovnet_endpoints6 *own, uint32_t at, u128 addr)
{
	return own != NULL && at < own->n && own->own[at].addr == addr;
}

/* `e` NULL: only takes out. */
static int put(struct ovnet_fib_writer *w, u128 addr, const struct ovnet_endpoint6 *e)
{
	struct ovnet_fib_view *v = view_of(w);
	const struct ovnet_endpoints6 *old = own_of(v);
	struct splice s = {.head = sizeof(*old),
		.size = sizeof(*e),
		.old = old,
		.n = old != NULL ? old->n : 0,
		.at = position(old, addr),
		.in = e};
	struct ovnet_endpoints6 *own = NULL;

	s.out = is_at(old, s.at, addr);
	uint32_t n = s.n - s.out + (e != NULL);
	if (n > 0) {
		own = array_splice(&s);
		if (own == NULL)
			return -ENOMEM;
		own->n = n;
	}
	atomic_store_explicit(&v->own6, own, memory_order_release);
	if (old != NULL)
		ovnet_rcu_defer(w->rcu, (struct ovnet_rcu_head *)&old->rcu, release);
	return 0;
}

int ovnet_fib_set_endpoint6(struct ovnet_fib_writer *w, const uint8_t addr[16], uint16_t port,
	bool l3, const struct ovnet_mac *mac)
{
	const struct ovnet_fib_view *v = view_of(w);
	struct ovnet_endpoint6 e = {.addr = number6(addr), .endpoint = {.port = port, .l3 = l3}};

	if (v == NULL)
		return -ENOENT;
	if (v->overlay.own6.len == 0 || !ovnet_prefix6_contains(&v->overlay.own6, addr))
		return -EINVAL;
	if (mac != NULL)
		e.endpoint.mac = *mac;
	return put(w, e.addr, &e);
}

int ovnet_fib_del_endpoint6(struct ovnet_fib_writer *w, const uint8_t addr[16])
{
	const struct ovnet_fib_view *v = view_of(w);
	u128 a = number6(addr);

	if (v == NULL || !is_at(own_of(v), position(own_of(v), a), a))
		return -ENOENT;
	return put(w, a, NULL);
}

int endpoints6_move(const struct ovnet_fib_view *from, struct ovnet_fib_view *to)
{
	const struct ovnet_endpoints6 *old = own_of(from);
	const struct ovnet_prefix6 *own = &to->overlay.own6;

	if (old == NULL || own->len == 0)
		return 0;
	u128 first = number6(own->addr), last = first | host_bits6(own->len);
	struct ovnet_endpoints6 *new = calloc(1, sizeof(*new) + old->n * sizeof(new->own[0]));
	if (new == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < old->n; i++)
		if (old->own[i].addr >= first && old->own[i].addr <= last)
			new->own[new->n++] = old->own[i];
	if (new->n == 0) {
		free(new);
		return 0;
	}
	atomic_store_explicit(&to->own6, new, memory_order_relaxed);
	return 0;
}
