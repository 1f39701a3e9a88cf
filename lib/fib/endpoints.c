/* SPDX-License-Identifier: BSD-3-Clause */
#include "fib/private.h"

#include <errno.h>
#include <search.h>
#include <stddef.h>
#include <stdlib.h>

int endpoint_compare(const void *a, const void *b)
{
	uint32_t x = ((const struct endpoint *)a)->addr_host;
	uint32_t y = ((const struct endpoint *)b)->addr_host;

	return x < y ? -1 : x > y;
}

static void release(struct ovnet_rcu_head *head)
{
	free((char *)head - offsetof(struct endpoint, pub.rcu));
}

void endpoint_retire(struct ovnet_fib_writer *w, struct endpoint *e)
{
	ovnet_rcu_defer(w->rcu, &e->pub.rcu, release);
}

static struct endpoint *endpoint_new(
	uint32_t addr_host, uint16_t port, bool l3, const struct ovnet_mac *mac)
{
	struct endpoint *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->addr_host = addr_host;
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
	struct endpoint *e = endpoint_new(0, port, l3, mac);
	if (e == NULL)
		return -ENOMEM;
	atomic_store_explicit(&v->default_endpoint, &e->pub, memory_order_release);
	if (w->default_endpoint != NULL)
		endpoint_retire(w, w->default_endpoint);
	w->default_endpoint = e;
	return 0;
}

int ovnet_fib_set_endpoint(struct ovnet_fib_writer *w, uint32_t addr_host, uint16_t port, bool l3,
	const struct ovnet_mac *mac)
{
	struct ovnet_fib_view *v = view_of(w);

	if (v == NULL)
		return -ENOENT;
	uint32_t i = addr_host - v->overlay.own.addr_host;
	if (i >= v->n_own)
		return -EINVAL;
	struct endpoint *e = endpoint_new(addr_host, port, l3, mac);
	if (e == NULL)
		return -ENOMEM;
	struct endpoint **node = tsearch(e, &w->endpoints, endpoint_compare);
	if (node == NULL) {
		free(e);
		return -ENOMEM;
	}
	struct endpoint *old = *node;
	*node = e;
	atomic_store_explicit(&v->own[i], &e->pub, memory_order_release);
	if (old != e)
		endpoint_retire(w, old);
	return 0;
}

int ovnet_fib_del_endpoint(struct ovnet_fib_writer *w, uint32_t addr_host)
{
	struct ovnet_fib_view *v = view_of(w);
	struct endpoint key = {.addr_host = addr_host};
	struct endpoint **node = tfind(&key, &w->endpoints, endpoint_compare);

	if (v == NULL || node == NULL)
		return -ENOENT;
	struct endpoint *e = *node;
	atomic_store_explicit(
		&v->own[addr_host - v->overlay.own.addr_host], NULL, memory_order_release);
	tdelete(e, &w->endpoints, endpoint_compare);
	endpoint_retire(w, e);
	return 0;
}

void endpoints_free(struct ovnet_fib_writer *w)
{
	tdestroy(w->endpoints, free);
	free(w->default_endpoint);
	w->endpoints = NULL;
}
