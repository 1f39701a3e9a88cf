/* SPDX-License-Identifier: BSD-3-Clause */
#include "writer.h"

#include <errno.h>
#include <search.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MAX (1u << 22)
#define OWN_MAX   (1u << 24)

bool view_is_odd(const struct ovnet_fib_view *v, const struct ovnet_prefix4 *subnet)
{
	return subnet->len != 32 - v->shift;
}

int view_admits(const struct ovnet_overlay *o, const struct ovnet_prefix4 *subnet)
{
	if (subnet->len > 32 || (subnet->addr_host & ~ovnet_mask4(subnet->len)) != 0)
		return -EINVAL;
	if (subnet->len < o->network.len || !ovnet_prefix4_contains(&o->network, subnet->addr_host))
		return -EINVAL;
	return o->own.len != 0 && ovnet_prefix4_overlap(&o->own, subnet) ? -EEXIST : 0;
}

static void ranges_release(struct ovnet_rcu_head *head)
{
	free((char *)head - offsetof(struct ovnet_fib_ranges, rcu));
}

static struct ovnet_fib_ranges *ranges_new(uint32_t n)
{
	struct ovnet_fib_ranges *r = malloc(sizeof(*r) + (size_t)n * sizeof(r->range[0]));

	if (r != NULL)
		r->n = 0;
	return r;
}

static void ranges_append(
	struct ovnet_fib_ranges *r, const struct ovnet_prefix4 *subnet, const struct peer *p)
{
	r->range[r->n++] = (struct ovnet_fib_range){.first = subnet->addr_host,
		.last = subnet->addr_host | ~ovnet_mask4(subnet->len),
		.peer = &p->pub};
}

/* The old ranges with that of `subnet` put in, replaced or (peer NULL) left out. */
static struct ovnet_fib_ranges *ranges_edit(const struct ovnet_fib_ranges *old,
	const struct ovnet_prefix4 *subnet, const struct peer *p)
{
	uint32_t n = old != NULL ? old->n : 0, at = 0;
	struct ovnet_fib_ranges *r = ranges_new(n + 1);

	if (r == NULL)
		return NULL;
	while (at < n && old->range[at].first < subnet->addr_host)
		r->range[r->n++] = old->range[at++];
	if (p != NULL)
		ranges_append(r, subnet, p);
	if (at < n && old->range[at].first == subnet->addr_host)
		at++;
	while (at < n)
		r->range[r->n++] = old->range[at++];
	return r;
}

static int place_odd(
	struct ovnet_fib_writer *w, const struct ovnet_prefix4 *subnet, const struct peer *p)
{
	struct ovnet_fib_view *v = view_of(w);
	const struct ovnet_fib_ranges *old = atomic_load_explicit(&v->odd, memory_order_relaxed);
	struct ovnet_fib_ranges *r = ranges_edit(old, subnet, p);

	if (r == NULL)
		return -ENOMEM;
	if (r->n == 0) {
		free(r);
		r = NULL;
	}
	atomic_store_explicit(&v->odd, r, memory_order_release);
	if (old != NULL)
		ovnet_rcu_defer(w->rcu, (struct ovnet_rcu_head *)&old->rcu, ranges_release);
	/* Many odd lengths in a row must not pile up as many whole copies of the list. */
	ovnet_rcu_reclaim(w->rcu);
	return 0;
}

int view_place(struct ovnet_fib_writer *w, const struct ovnet_prefix4 *subnet, const struct peer *p)
{
	struct ovnet_fib_view *v = view_of(w);

	if (view_is_odd(v, subnet))
		return place_odd(w, subnet, p);
	uint32_t i = (subnet->addr_host - v->base) >> v->shift;
	atomic_store_explicit(&v->slot[i], p != NULL ? &p->pub : NULL, memory_order_release);
	return 0;
}

void view_destroy(struct ovnet_fib_view *v)
{
	if (v == NULL)
		return;
	free((void *)atomic_load_explicit(&v->odd, memory_order_relaxed));
	free(v->own);
	free(v);
}

static void view_release(struct ovnet_rcu_head *head)
{
	view_destroy(
		(struct ovnet_fib_view *)((char *)head - offsetof(struct ovnet_fib_view, rcu)));
}

static int check(const struct ovnet_overlay *o, uint8_t subnet_len)
{
	const struct ovnet_prefix4 *net = &o->network, *own = &o->own;

	if (subnet_len < 1 || subnet_len > 32 || net->len > subnet_len ||
		(net->addr_host & ~ovnet_mask4(net->len)) != 0)
		return -EINVAL;
	if (own->len != 0 && (own->len > 32 || own->len < net->len ||
				     (own->addr_host & ~ovnet_mask4(own->len)) != 0 ||
				     !ovnet_prefix4_contains(net, own->addr_host)))
		return -EINVAL;
	if (o->src_port_min > o->src_port_max)
		return -EINVAL;
	if (subnet_len - net->len > 22 || (own->len != 0 && own->len < 8))
		return -E2BIG;
	return 0;
}

static struct ovnet_fib_view *view_new(const struct ovnet_overlay *o, uint8_t subnet_len)
{
	uint32_t slots = 1u << (subnet_len - o->network.len);
	uint32_t own = o->own.len != 0 ? 1u << (32 - o->own.len) : 0;
	struct ovnet_fib_view *v;

	static_assert(sizeof(v->slot[0]) == sizeof(void *), "calloc makes NULL slots");
	v = calloc(1, sizeof(*v) + (size_t)slots * sizeof(v->slot[0]));
	if (v == NULL)
		return NULL;
	v->own = calloc(own + 1u, sizeof(v->own[0]));
	if (v->own == NULL) {
		free(v);
		return NULL;
	}
	v->overlay = *o;
	v->base = o->network.addr_host;
	v->n_slots = slots;
	v->n_own = own;
	v->shift = (uint8_t)(32 - subnet_len);
	return v;
}

/* What moves from the old view to the new, and what has no place there. */
struct move {
	struct ovnet_fib_view *to;
	struct ovnet_fib_ranges *odd;
	uint32_t n_odd;
	struct peer *misfit_peers;
	struct endpoint *misfit_endpoints;
};

static void count_odd(const void *node, VISIT visit, void *arg)
{
	const struct peer *p = *(struct peer *const *)node;
	struct move *mv = arg;

	if (visit == postorder || visit == leaf)
		mv->n_odd += view_is_odd(mv->to, &p->pub.subnet.v4);
}

static void move_peer(const void *node, VISIT visit, void *arg)
{
	struct peer *p = *(struct peer *const *)node;
	struct move *mv = arg;

	if (visit != postorder && visit != leaf)
		return;
	if (view_admits(&mv->to->overlay, &p->pub.subnet.v4) != 0) {
		p->next = mv->misfit_peers;
		mv->misfit_peers = p;
	} else if (view_is_odd(mv->to, &p->pub.subnet.v4)) {
		ranges_append(mv->odd, &p->pub.subnet.v4, p);
	} else {
		uint32_t i = (p->pub.subnet.v4.addr_host - mv->to->base) >> mv->to->shift;
		atomic_store_explicit(&mv->to->slot[i], &p->pub, memory_order_relaxed);
	}
}

static void move_endpoint(const void *node, VISIT visit, void *arg)
{
	struct endpoint *e = *(struct endpoint *const *)node;
	struct move *mv = arg;
	uint32_t i = e->addr_host - mv->to->overlay.own.addr_host;

	if (visit != postorder && visit != leaf)
		return;
	if (i < mv->to->n_own) {
		atomic_store_explicit(&mv->to->own[i], &e->pub, memory_order_relaxed);
	} else {
		e->next = mv->misfit_endpoints;
		mv->misfit_endpoints = e;
	}
}

static int move_all(struct ovnet_fib_writer *w, struct move *mv)
{
	twalk_r(w->peers, count_odd, mv);
	if (mv->n_odd > 0) {
		mv->odd = ranges_new(mv->n_odd);
		if (mv->odd == NULL)
			return -ENOMEM;
	}
	twalk_r(w->peers, move_peer, mv);
	twalk_r(w->endpoints, move_endpoint, mv);
	if (mv->odd != NULL && mv->odd->n == 0) {
		free(mv->odd);
		mv->odd = NULL;
	}
	atomic_store_explicit(&mv->to->odd, mv->odd, memory_order_relaxed);
	if (w->default_endpoint != NULL)
		atomic_store_explicit(
			&mv->to->default_endpoint, &w->default_endpoint->pub, memory_order_relaxed);
	return 0;
}

static void retire_misfits(struct ovnet_fib_writer *w, struct move *mv)
{
	while (mv->misfit_peers != NULL) {
		struct peer *p = mv->misfit_peers;
		mv->misfit_peers = p->next;
		tdelete(p, &w->peers, peer_compare);
		peer_retire(w, p);
	}
	while (mv->misfit_endpoints != NULL) {
		struct endpoint *e = mv->misfit_endpoints;
		mv->misfit_endpoints = e->next;
		tdelete(e, &w->endpoints, endpoint_compare);
		endpoint_retire(w, e);
	}
}

int ovnet_fib_set_overlay(struct ovnet_fib_writer *w, const struct ovnet_overlay *overlay,
	uint8_t subnet_len, uint8_t subnet6_len)
{
	(void)subnet6_len;
	struct ovnet_fib_view *old = view_of(w);
	struct move mv = {0};
	int rc = check(overlay, subnet_len);

	if (rc < 0)
		return rc;
	mv.to = view_new(overlay, subnet_len);
	if (mv.to == NULL)
		return -ENOMEM;
	rc = move_all(w, &mv);
	if (rc < 0) {
		view_destroy(mv.to);
		return rc;
	}
	atomic_store_explicit(&w->fib->view, mv.to, memory_order_release);
	retire_misfits(w, &mv);
	if (old != NULL)
		ovnet_rcu_defer(w->rcu, &old->rcu, view_release);
	return 0;
}
