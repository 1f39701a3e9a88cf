/* SPDX-License-Identifier: BSD-3-Clause */
#include "writer.h"

#include <errno.h>
#include <search.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Equal means overlapping: see writer.h. */
int peer_compare(const void *a, const void *b)
{
	const struct ovnet_prefix4 *x = &((const struct peer *)a)->pub.subnet.v4;
	const struct ovnet_prefix4 *y = &((const struct peer *)b)->pub.subnet.v4;

	if ((x->addr_host | ~ovnet_mask4(x->len)) < y->addr_host)
		return -1;
	return x->addr_host > (y->addr_host | ~ovnet_mask4(y->len));
}

static struct peer **find(struct ovnet_fib_writer *w, const struct ovnet_prefix *subnet)
{
	struct peer key = {.pub.subnet = *subnet};

	return tfind(&key, &w->peers, peer_compare);
}

static int id_take(struct ovnet_fib_writer *w, uint32_t *id)
{
	if (w->next_id < w->max_peers) {
		*id = w->next_id++;
		return 0;
	}
	if (w->free_count == 0)
		return -ENOSPC;
	*id = w->free_ids[w->free_first];
	w->free_first = (w->free_first + 1) % w->max_peers;
	w->free_count--;
	return 0;
}

static void id_give(struct ovnet_fib_writer *w, uint32_t id)
{
	w->free_ids[(w->free_first + w->free_count) % w->max_peers] = id;
	w->free_count++;
}

static struct peer *peer_new(const struct ovnet_peer_conf *conf, uint32_t id)
{
	size_t size = sizeof(struct peer) + conf->n_allowed * sizeof(conf->allowed[0]);
	size_t line = _Alignof(struct peer);
	struct peer *p = aligned_alloc(line, (size + line - 1) / line * line);

	if (p == NULL)
		return NULL;
	*p = (struct peer){.nh = (struct nexthop *)conf->nh,
		.pub = {.rewrite = conf->rewrite,
			.subnet = conf->subnet,
			.id = id,
			.public_addr = conf->public_addr,
			.n_allowed = conf->n_allowed}};
	p->pub.nh = conf->nh;
	p->pub.tx_id = id & 0xffffff;
	p->pub.encap = conf->encap & 0xff;
	if (conf->n_allowed > 0)
		memcpy(p->allowed, conf->allowed, conf->n_allowed * sizeof(p->allowed[0]));
	p->pub.allowed = p->allowed;
	return p;
}

static void peer_release(struct ovnet_rcu_head *head)
{
	free((char *)head - offsetof(struct peer, pub.rcu));
}

/* What a peer holds elsewhere: its next hop and its addresses in the table of sources. */
static void take_refs(struct ovnet_fib_writer *w, struct peer *p)
{
	if (p->nh != NULL)
		p->nh->refs++;
	sources_add(&w->sources, p->pub.public_addr.v4_be);
	for (uint16_t i = 0; i < p->pub.n_allowed; i++)
		sources_add(&w->sources, p->allowed[i].v4_be);
}

static void give_refs(struct ovnet_fib_writer *w, struct peer *p)
{
	if (p->nh != NULL)
		ovnet_fib_nh_put(w, &p->nh->slot);
	sources_del(&w->sources, p->pub.public_addr.v4_be);
	for (uint16_t i = 0; i < p->pub.n_allowed; i++)
		sources_del(&w->sources, p->allowed[i].v4_be);
}

void peer_retire(struct ovnet_fib_writer *w, struct peer *p)
{
	id_give(w, p->pub.id);
	give_refs(w, p);
	ovnet_rcu_defer(w->rcu, &p->pub.rcu, peer_release);
}

static int replace(struct ovnet_fib_writer *w, struct peer **node, struct peer *p)
{
	struct peer *old = *node;
	int rc = view_place(w, &p->pub.subnet.v4, p);

	if (rc < 0)
		return rc;
	*node = p;
	take_refs(w, p);
	give_refs(w, old);
	ovnet_rcu_defer(w->rcu, &old->pub.rcu, peer_release);
	return 0;
}

static int add(struct ovnet_fib_writer *w, struct peer *p)
{
	if (tsearch(p, &w->peers, peer_compare) == NULL)
		return -ENOMEM;
	int rc = view_place(w, &p->pub.subnet.v4, p);
	if (rc < 0) {
		tdelete(p, &w->peers, peer_compare);
		return rc;
	}
	take_refs(w, p);
	return 0;
}

int ovnet_fib_set_peer(struct ovnet_fib_writer *w, const struct ovnet_peer_conf *conf)
{
	const struct ovnet_fib_view *v = view_of(w);
	uint32_t id;

	if (v == NULL)
		return -ENOENT;
	if (conf->subnet.family != AF_INET)
		return -EAFNOSUPPORT;
	int rc = view_admits(&v->overlay, &conf->subnet.v4);
	if (rc < 0)
		return rc;
	struct peer **node = find(w, &conf->subnet);
	if (node != NULL && !ovnet_prefix_equal(&(*node)->pub.subnet, &conf->subnet))
		return -EEXIST;
	rc = sources_reserve(&w->sources, 1u + conf->n_allowed);
	if (rc < 0)
		return rc;
	if (node != NULL)
		id = (*node)->pub.id;
	else if ((rc = id_take(w, &id)) < 0)
		return rc;

	struct peer *p = peer_new(conf, id);
	rc = p == NULL ? -ENOMEM : node != NULL ? replace(w, node, p) : add(w, p);
	if (rc < 0) {
		free(p);
		if (node == NULL)
			id_give(w, id);
	}
	return rc;
}

int ovnet_fib_del_peer(struct ovnet_fib_writer *w, const struct ovnet_prefix *subnet)
{
	struct peer **node = find(w, subnet);

	if (node == NULL || !ovnet_prefix_equal(&(*node)->pub.subnet, subnet))
		return -ENOENT;
	struct peer *p = *node;
	int rc = view_place(w, &subnet->v4, NULL);
	if (rc < 0)
		return rc;
	tdelete(p, &w->peers, peer_compare);
	peer_retire(w, p);
	return 0;
}

const struct ovnet_peer *ovnet_fib_get_peer(
	struct ovnet_fib_writer *w, const struct ovnet_prefix *subnet)
{
	struct peer **node = find(w, subnet);

	if (node == NULL || !ovnet_prefix_equal(&(*node)->pub.subnet, subnet))
		return NULL;
	return &(*node)->pub;
}

void peers_free(struct ovnet_fib_writer *w)
{
	tdestroy(w->peers, free);
	w->peers = NULL;
}
