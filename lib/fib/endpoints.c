/* SPDX-License-Identifier: BSD-3-Clause */
#include "fib/private.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>

static void release(struct ovnet_rcu_head *head)
{
	free((char *)head - offsetof(struct endpoint, pub.rcu));
}

static void endpoint_retire(struct ovnet_fib_writer *w, struct endpoint *e)
{
	if (e != NULL)
		ovnet_rcu_defer(w->rcu, &e->pub.rcu, release);
}

static struct endpoint *endpoint_new(
	struct span span, uint16_t port, bool l3, const struct ovnet_mac *mac)
{
	struct endpoint *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->span = span;
	e->pub.port = port;
	e->pub.l3 = l3;
	if (mac != NULL)
		e->pub.mac = *mac;
	return e;
}

int ovnet_fib_set_default_endpoint(
	struct ovnet_fib_writer *w, uint16_t port, bool l3, const struct ovnet_mac *mac)
{
	struct ovnet_fib_view *v = view_of(w);

	if (v == NULL)
		return -ENOENT;
	struct endpoint *e = endpoint_new((struct span){0}, port, l3, mac);
	if (e == NULL)
		return -ENOMEM;
	atomic_store_explicit(&v->default_endpoint, &e->pub, memory_order_release);
	endpoint_retire(w, w->default_endpoint);
	w->default_endpoint = e;
	return 0;
}

/* One prefix that changes: its place, and the memory for it. */
struct change {
	bool v6;
	struct endpoints *l;
	struct span span;
	uint32_t at;
	struct endpoint *old;        /* NULL: not there yet */
	struct ovnet_fib_ranges6 *r; /* IPv6: what will be published */
};

/* False: `addrs` is not a prefix. */
static bool change_find(
	struct ovnet_fib_writer *w, const struct ovnet_prefix *addrs, struct change *c)
{
	*c = (struct change){.v6 = addrs->family == AF_INET6};
	c->l = c->v6 ? &w->endpoints6 : &w->endpoints;
	if (!span_of(addrs, &c->span))
		return false;
	c->at = endpoints_find(c->l, c->span);
	c->old = endpoints_get(c->l, c->at, c->span);
	return true;
}

/* For one endpoint more, at most. False: no memory. */
static bool change_reserve(struct change *c)
{
	if (c->v6)
		c->r = ranges6_new(c->l->n + 1);
	return !c->v6 || c->r != NULL;
}

/* The list is as it shall be. */
static void change_publish(struct ovnet_fib_writer *w, const struct change *c)
{
	struct ovnet_fib_view *v = view_of(w);
	const struct ovnet_fib_ranges6 *was = atomic_load_explicit(&v->own6, memory_order_relaxed);

	if (c->v6) {
		endpoints_place6(c->l, v, c->r);
		ranges6_retire(w, was);
	} else {
		endpoints_place(c->l, v, c->span);
	}
	endpoint_retire(w, c->old);
}

int ovnet_fib_set_endpoint(struct ovnet_fib_writer *w, const struct ovnet_prefix *addrs,
	uint16_t port, bool l3, const struct ovnet_mac *mac)
{
	const struct ovnet_fib_view *v = view_of(w);
	struct change c;
	struct span own;

	if (v == NULL)
		return -ENOENT;
	if (!change_find(w, addrs, &c) || !own_span(&v->overlay, c.v6, &own) ||
		!span_inside(c.span, own))
		return -EINVAL;
	struct endpoint *e = endpoint_new(c.span, port, l3, mac);
	/* Behind it nothing can fail. */
	if (e == NULL || !endpoints_reserve(c.l) || !change_reserve(&c)) {
		free(e);
		return -ENOMEM;
	}
	if (c.old != NULL)
		c.l->list[c.at] = e;
	else
		endpoints_insert(c.l, c.at, e);
	change_publish(w, &c);
	return 0;
}

int ovnet_fib_del_endpoint(struct ovnet_fib_writer *w, const struct ovnet_prefix *addrs)
{
	struct change c;

	if (!change_find(w, addrs, &c) || c.old == NULL)
		return -ENOENT;
	if (!change_reserve(&c))
		return -ENOMEM;
	endpoints_remove(c.l, c.at);
	change_publish(w, &c);
	return 0;
}

int endpoints_move(const struct ovnet_fib_writer *w, struct ovnet_fib_view *to)
{
	struct ovnet_fib_ranges6 *r = ranges6_new(w->endpoints6.n);
	struct span own;

	if (r == NULL)
		return -ENOMEM;
	endpoints_place6(&w->endpoints6, to, r);
	if (own_span(&to->overlay, false, &own))
		endpoints_place(&w->endpoints, to, own);
	return 0;
}

static void drop_outside(struct ovnet_fib_writer *w, struct endpoints *l, bool v6)
{
	struct span own;
	bool any = own_span(&view_of(w)->overlay, v6, &own);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < l->n; i++)
		if (any && span_inside(l->list[i]->span, own))
			l->list[kept++] = l->list[i];
		else
			endpoint_retire(w, l->list[i]);
	l->n = kept;
}

void endpoints_drop_misfits(struct ovnet_fib_writer *w)
{
	drop_outside(w, &w->endpoints, false);
	drop_outside(w, &w->endpoints6, true);
}

static void free_all(struct endpoints *l)
{
	for (uint32_t i = 0; i < l->n; i++)
		free(l->list[i]);
	free(l->list);
	*l = (struct endpoints){0};
}

void endpoints_free(struct ovnet_fib_writer *w)
{
	free_all(&w->endpoints);
	free_all(&w->endpoints6);
	free(w->default_endpoint);
}
