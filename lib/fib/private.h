/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the writer's files share: the objects behind the published ones and the trees they
 * are found in. Private to lib/fib, control thread only.
 *
 * The trees are glibc's tsearch (red-black). Peers are disjoint, so "overlaps" serves as the
 * tree's "equal": one search finds a peer of the same subnet or one that is in its way.
 */
#ifndef OVNET_FIB_PRIVATE_H
#define OVNET_FIB_PRIVATE_H

#include "base/number6.h"
#include "fib/fib_writer.h"
#include "fib/slab.h"
#include "fib/sources.h"

struct nexthop {
	struct ovnet_nh_slot slot; /* first: what peers point to */
	struct ovnet_rcu_head rcu;
	uint16_t port;
	struct ovnet_addr gateway;
	uint32_t refs;
};

struct peer_entry {
	struct ovnet_peer pub; /* first: what workers see */
	struct nexthop *nh;
	struct peer_entry *next;    /* list of those that do not fit a new overlay */
	struct ovnet_addr *allowed; /* NULL: none */
	struct slab *slab;          /* it is of */
};

/* Addresses as numbers, inclusive. Those of prefixes are disjoint or one inside the other. */
struct span {
	u128 first, last;
};

struct endpoint {
	struct ovnet_endpoint pub;
	struct span span;
	struct endpoint *around; /* endpoints_spread()'s only */
};

/* Those of one family, sorted: by the first address, the wider before what is inside it. */
struct endpoints {
	struct endpoint **list;
	uint32_t n, room;
};

struct ovnet_fib_writer {
	struct ovnet_fib *fib;
	struct ovnet_rcu *rcu;
	void *peers, *nexthops; /* tsearch roots */
	struct ovnet_fib_nh_counts nh_counts;
	struct slab *slab; /* peers' */
	struct endpoints endpoints, endpoints6;
	struct endpoint *default_endpoint;
	struct sources sources;
	struct sources6 sources6;
	/*
	 * Peer ids. Given back ones are reused oldest first: a worker may still count a packet
	 * for a peer that was just deleted.
	 */
	uint32_t max_peers, next_id;
	uint32_t free_first, free_count;
	uint32_t free_ids[];
};

static inline struct ovnet_fib_view *view_of(const struct ovnet_fib_writer *w)
{
	return atomic_load_explicit(&w->fib->view, memory_order_relaxed);
}

/* view.c */
void view_destroy(struct ovnet_fib_view *v);

/* index.c */
/* No bits behind the length, which fits. */
bool prefix6_is_whole(const struct ovnet_prefix6 *p);
/* 0, -EINVAL: not inside the network, -EEXIST: overlaps our own subnet. */
int view_admits(const struct ovnet_overlay *o, const struct ovnet_prefix *subnet);
/* The subnet's place in the index; NULL: none there, it belongs behind it if anywhere. */
_Atomic(const struct ovnet_peer *) *view_slot(
	struct ovnet_fib_view *v, const struct ovnet_prefix *subnet);
/* Puts it there, where the subnet's place is. */
void view_fill(struct ovnet_fib_view *v, _Atomic(const struct ovnet_peer *) *slot,
	const struct ovnet_prefix *subnet, const struct ovnet_peer *peer);
/* Puts `peer` (NULL: nothing) in the place of `subnet`. Fails only behind the index: -ENOMEM. */
int view_place(struct ovnet_fib_writer *w, const struct ovnet_prefix *subnet,
	const struct peer_entry *peer);

/* ranges.c: what is behind the index. A peer of NULL takes the range out. 0 or -ENOMEM. */
struct ovnet_fib_range range_of(const struct ovnet_prefix4 *subnet, const struct ovnet_peer *p);
struct ovnet_fib_range6 range6_of(const struct ovnet_prefix6 *subnet, const struct ovnet_peer *p);
int range_place(
	struct ovnet_fib_writer *w, const struct ovnet_prefix4 *subnet, const struct ovnet_peer *p);
int range_place6(
	struct ovnet_fib_writer *w, const struct ovnet_prefix6 *subnet, const struct ovnet_peer *p);
/* NULL is fine. */
void ranges6_retire(struct ovnet_fib_writer *w, const struct ovnet_fib_ranges6 *r);

/* array.c: an array behind a header of `head` bytes, copied with one element changed. */
struct splice {
	size_t head, size; /* bytes of the header, of an element */
	const void *old;   /* its header; NULL: there is none, n is 0 */
	uint32_t n, at;
	bool out;       /* leave out the element at `at` */
	const void *in; /* put in before `at`; NULL: nothing */
};
/* The copy, its header not yet filled in. NULL: no memory. */
void *array_splice(const struct splice *s);

/* peers.c */
int peer_compare(const void *a, const void *b);
/* Out of the tables' books; memory after grace. It must not be published any more. */
void peer_retire(struct ovnet_fib_writer *w, struct peer_entry *p);
void peers_free(struct ovnet_fib_writer *w);

/* nexthops.c */
void nexthops_free(struct ovnet_fib_writer *w);

/* endpoint_list.c */
static inline bool span_inside(struct span s, struct span in)
{
	return s.first >= in.first && s.last <= in.last;
}
/* Where in the list the span's endpoint is, or would be put. */
uint32_t endpoints_find(const struct endpoints *l, struct span s);
/* NULL: what is at that place has another span. */
struct endpoint *endpoints_get(const struct endpoints *l, uint32_t at, struct span s);
/* Room for one more. False: no memory. */
bool endpoints_reserve(struct endpoints *l);
void endpoints_insert(struct endpoints *l, uint32_t at, struct endpoint *e);
void endpoints_remove(struct endpoints *l, uint32_t at);
/* The innermost one that has all of the span and more; NULL: none. */
struct endpoint *endpoints_around(const struct endpoints *l, struct span s);
/*
 * Calls `put` for one part of the span after the other, in order and without a gap, with the
 * innermost endpoint that has it; where there is none inside the span, with `in`.
 */
void endpoints_spread(const struct endpoints *l, struct span s, struct endpoint *in,
	void (*put)(void *arg, struct span part, const struct endpoint *e), void *arg);

/* endpoint_places.c: where readers find them. */
/* False: no prefix, or one with host bits. */
bool span_of(const struct ovnet_prefix *p, struct span *s);
/* Our own subnet of that family. False: there is none. */
bool own_span(const struct ovnet_overlay *o, bool v6, struct span *own);
/* Fills the slots of that part of our own subnet anew. */
void endpoints_place(const struct endpoints *l, struct ovnet_fib_view *v, struct span s);
/* For the ranges of `n` endpoints. NULL: no memory. */
struct ovnet_fib_ranges6 *ranges6_new(uint32_t n);
/* Fills `r` and gives it to the view. */
void endpoints_place6(
	const struct endpoints *l, struct ovnet_fib_view *v, struct ovnet_fib_ranges6 *r);

/* endpoints.c */
/* Puts those inside the new view's own subnets into it. 0 or -ENOMEM. */
int endpoints_move(const struct ovnet_fib_writer *w, struct ovnet_fib_view *to);
/* Gives up those outside the published view's own subnets. */
void endpoints_drop_misfits(struct ovnet_fib_writer *w);
void endpoints_free(struct ovnet_fib_writer *w);

/* ingress.c: at once; no reader is left. */
void ingress_free(struct ovnet_fib *fib);

#endif
