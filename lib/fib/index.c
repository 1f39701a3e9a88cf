/* SPDX-License-Identifier: BSD-3-Clause */
/* Which subnets the overlay takes, and where in a view each has its place. */
#include "base/number6.h"
#include "fib/private.h"

#include <errno.h>
#include <sys/socket.h>

static int admits4(const struct ovnet_overlay *o, const struct ovnet_prefix4 *subnet)
{
	if (subnet->len > 32 || (subnet->addr_host & ~ovnet_mask4(subnet->len)) != 0)
		return -EINVAL;
	if (subnet->len < o->network.len || !ovnet_prefix4_contains(&o->network, subnet->addr_host))
		return -EINVAL;
	return o->own.len != 0 && ovnet_prefix4_overlap(&o->own, subnet) ? -EEXIST : 0;
}

static int admits6(const struct ovnet_overlay *o, const struct ovnet_prefix6 *subnet)
{
	const struct ovnet_prefix6 *net = &o->network6;

	if (net->len == 0 || !prefix6_is_whole(subnet))
		return -EINVAL;
	if (subnet->len < net->len || !ovnet_prefix6_contains(net, subnet->addr))
		return -EINVAL;
	return o->own6.len != 0 && ovnet_prefix6_overlap(&o->own6, subnet) ? -EEXIST : 0;
}

bool prefix6_is_whole(const struct ovnet_prefix6 *p)
{
	return p->len <= 128 && (number6(p->addr) & host_bits6(p->len)) == 0;
}

int view_admits(const struct ovnet_overlay *o, const struct ovnet_prefix *subnet)
{
	if (subnet->family == AF_INET)
		return admits4(o, &subnet->v4);
	return subnet->family == AF_INET6 ? admits6(o, &subnet->v6) : -EINVAL;
}

static _Atomic(const struct ovnet_peer *) *slot4(
	struct ovnet_fib_view *v, const struct ovnet_prefix4 *subnet)
{
	if (subnet->len != 32 - v->shift)
		return NULL;
	uint32_t i = (subnet->addr_host - v->base) >> v->shift;
	return i < v->n_slots ? &v->slot[i] : NULL;
}

static _Atomic(const struct ovnet_peer *) *slot6(
	struct ovnet_fib_view *v, const struct ovnet_prefix6 *subnet)
{
	if (subnet->len != v->first6 * 8 + 64 - v->shift6)
		return NULL;
	uint64_t i = ovnet_fib_index6(v, subnet->addr);
	return i < v->n_slots6 ? &v->slot6[i] : NULL;
}

_Atomic(const struct ovnet_peer *) *view_slot(
	struct ovnet_fib_view *v, const struct ovnet_prefix *subnet)
{
	return subnet->family == AF_INET6 ? slot6(v, &subnet->v6) : slot4(v, &subnet->v4);
}

void view_fill(struct ovnet_fib_view *v, _Atomic(const struct ovnet_peer *) *slot,
	const struct ovnet_prefix *subnet, const struct ovnet_peer *peer)
{
	uint64_t word = 0;

	atomic_store_explicit(slot, peer, memory_order_release);
	if (subnet->family != AF_INET)
		return;
	if (peer != NULL && peer->public_addr.family == AF_INET)
		word = (uint64_t)peer->public_addr.v4_be << 32 | (peer->id + 1);
	atomic_store_explicit(&v->ingress[slot - v->slot], word, memory_order_relaxed);
}

int view_place(
	struct ovnet_fib_writer *w, const struct ovnet_prefix *subnet, const struct peer_entry *p)
{
	_Atomic(const struct ovnet_peer *) *slot = view_slot(view_of(w), subnet);
	const struct ovnet_peer *pub = p != NULL ? &p->pub : NULL;

	if (slot != NULL) {
		view_fill(view_of(w), slot, subnet, pub);
		return 0;
	}
	return subnet->family == AF_INET6 ? range_place6(w, &subnet->v6, pub)
					  : range_place(w, &subnet->v4, pub);
}
