/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the writer's files share: the objects behind the published ones and the trees they
 * are found in. Private to lib/fib, control thread only.
 *
 * The trees are glibc's tsearch (red-black). Peers are disjoint, so "overlaps" serves as the
 * tree's "equal": one search finds a peer of the same subnet or one that is in its way.
 */
#ifndef OVNET_FIB_WRITER_H
#define OVNET_FIB_WRITER_H

#include "fib_writer.h"
#include "sources.h"

struct nexthop {
	struct ovnet_nh_slot slot; /* first: what peers point to */
	struct ovnet_rcu_head rcu;
	uint16_t port;
	struct ovnet_addr gateway;
	uint32_t refs;
};

struct peer {
	struct ovnet_peer pub; /* first: what workers see */
	struct nexthop *nh;
	struct peer *next; /* list of those that do not fit a new overlay */
	struct ovnet_addr allowed[];
};

struct endpoint {
	struct ovnet_endpoint pub;
	uint32_t addr_host;
	struct endpoint *next;
};

struct ovnet_fib_writer {
	struct ovnet_fib *fib;
	struct ovnet_rcu *rcu;
	void *peers, *nexthops, *endpoints; /* tsearch roots */
	struct endpoint *default_endpoint;
	struct sources sources;
	/*
	 * Peer ids. Given back ones are reused oldest first: a worker may still count a packet
	 * for a peer that was just deleted.
	 */
	uint32_t max_peers, next_id;
	uint32_t free_first, free_count;
	uint32_t free_ids[];
};

/* view.c */
static inline struct ovnet_fib_view *view_of(const struct ovnet_fib_writer *w)
{
	return atomic_load_explicit(&w->fib->view, memory_order_relaxed);
}
bool view_is_odd(const struct ovnet_fib_view *v, const struct ovnet_prefix4 *subnet);
/* 0, -EINVAL: not inside the network, -EEXIST: overlaps our own subnet. */
int view_admits(const struct ovnet_overlay *o, const struct ovnet_prefix4 *subnet);
/* Puts `peer` (NULL: nothing) in the place of `subnet`. Fails only for odd lengths: -ENOMEM. */
int view_place(
	struct ovnet_fib_writer *w, const struct ovnet_prefix4 *subnet, const struct peer *peer);
void view_destroy(struct ovnet_fib_view *v);

/* peers.c */
int peer_compare(const void *a, const void *b);
/* Out of the tables' books; memory after grace. It must not be published any more. */
void peer_retire(struct ovnet_fib_writer *w, struct peer *p);
void peers_free(struct ovnet_fib_writer *w);

/* nexthops.c */
void nexthops_free(struct ovnet_fib_writer *w);

/* endpoints.c */
int endpoint_compare(const void *a, const void *b);
void endpoint_retire(struct ovnet_fib_writer *w, struct endpoint *e);
void endpoints_free(struct ovnet_fib_writer *w);

#endif
