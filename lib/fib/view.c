/* SPDX-License-Identifier: BSD-3-Clause */
/* A view as a whole: made, filled from the one before, published, freed. */
#include "base/number6.h"
#include "fib/private.h"

#include <errno.h>
#include <search.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

void view_destroy(struct ovnet_fib_view *v)
{
	if (v == NULL)
		return;
	free((void *)atomic_load_explicit(&v->ranges, memory_order_relaxed));
	free((void *)atomic_load_explicit(&v->ranges6, memory_order_relaxed));
	free((void *)atomic_load_explicit(&v->own6, memory_order_relaxed));
	free(v->slot6);
	free(v->own);
	free(v->ingress);
	free(v);
}

static void view_release(struct ovnet_rcu_head *head)
{
	view_destroy(
		(struct ovnet_fib_view *)((char *)head - offsetof(struct ovnet_fib_view, rcu)));
}

static int check4(const struct ovnet_overlay *o, uint8_t subnet_len)
{
	const struct ovnet_prefix4 *net = &o->network, *own = &o->own;

	if (subnet_len < 1 || subnet_len > 32 || net->len > subnet_len ||
		(net->addr_host & ~ovnet_mask4(net->len)) != 0)
		return -EINVAL;
	if (own->len != 0 && (own->len > 32 || own->len < net->len ||
				     (own->addr_host & ~ovnet_mask4(own->len)) != 0 ||
				     !ovnet_prefix4_contains(net, own->addr_host)))
		return -EINVAL;
	if (subnet_len - net->len > 22 || (own->len != 0 && own->len < 8))
		return -E2BIG;
	return 0;
}

static int check6(const struct ovnet_overlay *o, uint8_t subnet6_len)
{
	const struct ovnet_prefix6 *net = &o->network6, *own = &o->own6;

	if (net->len == 0)
		return own->len == 0 ? 0 : -EINVAL;
	if (subnet6_len > 128 || net->len > subnet6_len || !prefix6_is_whole(net))
		return -EINVAL;
	if (own->len != 0 && (own->len < net->len || !prefix6_is_whole(own) ||
				     !ovnet_prefix6_contains(net, own->addr)))
		return -EINVAL;
	return 0;
}

static int check(const struct ovnet_overlay *o, uint8_t subnet_len, uint8_t subnet6_len)
{
	if (o->src_port_min > o->src_port_max)
		return -EINVAL;
	int rc = check4(o, subnet_len);
	return rc < 0 ? rc : check6(o, subnet6_len);
}

static int add_index6(struct ovnet_fib_view *v, uint8_t subnet6_len)
{
	const struct ovnet_prefix6 *net = &v->overlay.network6;
	uint8_t first = subnet6_len > 64 ? (uint8_t)((subnet6_len - 64 + 7) / 8) : 0;

	if (net->len == 0 || net->len < first * 8)
		return 0;
	unsigned bits = subnet6_len - net->len;
	uint32_t slots = bits < 32 && 1u << bits < OVNET_FIB_SLOTS6 ? 1u << bits : OVNET_FIB_SLOTS6;
	v->slot6 = calloc(slots, sizeof(v->slot6[0]));
	if (v->slot6 == NULL)
		return -ENOMEM;
	v->n_slots6 = slots;
	v->first6 = first;
	v->shift6 = (uint8_t)(first * 8 + 64 - subnet6_len);
	v->base6 = number6_half(net->addr + first);
	memset(&v->mask6_be, 0xff, first);
	memcpy(&v->high6_be, net->addr, first);
	return 0;
}

static struct ovnet_fib_view *view_new(
	const struct ovnet_overlay *o, uint8_t subnet_len, uint8_t subnet6_len)
{
	uint32_t slots = 1u << (subnet_len - o->network.len);
	uint32_t own = o->own.len != 0 ? 1u << (32 - o->own.len) : 0;
	struct ovnet_fib_view *v;

	static_assert(sizeof(v->slot[0]) == sizeof(void *), "calloc makes NULL slots");
	v = calloc(1, sizeof(*v) + (size_t)slots * sizeof(v->slot[0]));
	if (v == NULL)
		return NULL;
	v->overlay = *o;
	v->base = o->network.addr_host;
	v->n_slots = slots;
	v->n_own = own;
	v->shift = (uint8_t)(32 - subnet_len);
	v->own = calloc(own + 1u, sizeof(v->own[0]));
	v->ingress = calloc(slots, sizeof(v->ingress[0]));
	ovnet_vxlan4_pattern(&v->outer4, o->udp_port, o->vni, &o->vtep_mac);
	if (v->own == NULL || v->ingress == NULL || add_index6(v, subnet6_len) < 0) {
		view_destroy(v);
		return NULL;
	}
	return v;
}

/* What moves from the old view to the new, and what has no place there. */
struct move {
	struct ovnet_fib_view *to;
	uint32_t n_ranges, n_ranges6; /* at most so many; misfits count */
	struct ovnet_fib_ranges *ranges;
	struct ovnet_fib_ranges6 *ranges6;
	struct peer_entry *misfit_peers;
};

static void count_ranges(const void *node, VISIT visit, void *arg)
{
	const struct peer_entry *p = *(struct peer_entry *const *)node;
	struct move *mv = arg;

	if ((visit != postorder && visit != leaf) || view_slot(mv->to, &p->pub.subnet) != NULL)
		return;
	if (p->pub.subnet.family == AF_INET6)
		mv->n_ranges6++;
	else
		mv->n_ranges++;
}

static void move_peer(const void *node, VISIT visit, void *arg)
{
	struct peer_entry *p = *(struct peer_entry *const *)node;
	const struct ovnet_prefix *subnet = &p->pub.subnet;
	struct move *mv = arg;

	if (visit != postorder && visit != leaf)
		return;
	if (view_admits(&mv->to->overlay, subnet) != 0) {
		p->next = mv->misfit_peers;
		mv->misfit_peers = p;
		return;
	}
	_Atomic(const struct ovnet_peer *) *slot = view_slot(mv->to, subnet);
	if (slot != NULL)
		view_fill(mv->to, slot, subnet, &p->pub);
	else if (subnet->family == AF_INET6)
		mv->ranges6->range[mv->ranges6->n++] = range6_of(&subnet->v6, &p->pub);
	else
		mv->ranges->range[mv->ranges->n++] = range_of(&subnet->v4, &p->pub);
}

/* Empty ones are left out: readers take NULL for "nothing behind the index". */
static int move_peers(struct ovnet_fib_writer *w, struct move *mv)
{
	twalk_r(w->peers, count_ranges, mv);
	mv->ranges = calloc(1, sizeof(*mv->ranges) + mv->n_ranges * sizeof(mv->ranges->range[0]));
	mv->ranges6 =
		calloc(1, sizeof(*mv->ranges6) + mv->n_ranges6 * sizeof(mv->ranges6->range[0]));
	if (mv->ranges == NULL || mv->ranges6 == NULL) {
		free(mv->ranges);
		free(mv->ranges6);
		return -ENOMEM;
	}
	twalk_r(w->peers, move_peer, mv);
	if (mv->ranges->n > 0)
		atomic_store_explicit(&mv->to->ranges, mv->ranges, memory_order_relaxed);
	else
		free(mv->ranges);
	if (mv->ranges6->n > 0)
		atomic_store_explicit(&mv->to->ranges6, mv->ranges6, memory_order_relaxed);
	else
		free(mv->ranges6);
	return 0;
}

static int move_all(struct ovnet_fib_writer *w, struct move *mv)
{
	int rc = endpoints_move(w, mv->to);

	if (rc == 0)
		rc = move_peers(w, mv);
	if (rc < 0)
		return rc;
	if (w->default_endpoint != NULL)
		atomic_store_explicit(
			&mv->to->default_endpoint, &w->default_endpoint->pub, memory_order_relaxed);
	return 0;
}

static void retire_misfits(struct ovnet_fib_writer *w, struct move *mv)
{
	while (mv->misfit_peers != NULL) {
		struct peer_entry *p = mv->misfit_peers;
		mv->misfit_peers = p->next;
		tdelete(p, &w->peers, peer_compare);
		peer_retire(w, p);
	}
	endpoints_drop_misfits(w);
}

int ovnet_fib_set_overlay(struct ovnet_fib_writer *w, const struct ovnet_overlay *overlay,
	uint8_t subnet_len, uint8_t subnet6_len)
{
	struct ovnet_fib_view *old = view_of(w);
	struct move mv = {0};
	int rc = check(overlay, subnet_len, subnet6_len);

	if (rc < 0)
		return rc;
	mv.to = view_new(overlay, subnet_len, subnet6_len);
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
