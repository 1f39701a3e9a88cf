/* SPDX-License-Identifier: BSD-3-Clause */
#include "fib/private.h"

#include <errno.h>
#include <search.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int compare4(const struct ovnet_prefix4 *x, const struct ovnet_prefix4 *y)
{
	if ((x->addr_host | ~ovnet_mask4(x->len)) < y->addr_host)
		return -1;
	return x->addr_host > (y->addr_host | ~ovnet_mask4(y->len));
}

static int compare6(const struct ovnet_prefix6 *x, const struct ovnet_prefix6 *y)
{
	return ovnet_prefix6_overlap(x, y) ? 0 : memcmp(x->addr, y->addr, sizeof(x->addr));
}

/* By family, then by address. Equal means overlapping: see private.h. */
int peer_compare(const void *a, const void *b)
{
	const struct ovnet_prefix *x = &((const struct peer_entry *)a)->pub.subnet;
	const struct ovnet_prefix *y = &((const struct peer_entry *)b)->pub.subnet;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	return x->family == AF_INET6 ? compare6(&x->v6, &y->v6) : compare4(&x->v4, &y->v4);
}

static struct peer_entry **find(struct ovnet_fib_writer *w, const struct ovnet_prefix *subnet)
{
	struct peer_entry key = {.pub.subnet = *subnet};

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

/* For what is inside, so that the path has only to compare. */
static uint16_t inner_mtu(const struct ovnet_peer_conf *conf)
{
	uint16_t overhead = ovnet_encap_overhead(conf->encap);

	return conf->mtu > overhead ? (uint16_t)(conf->mtu - overhead) : 0;
}

static void peer_free(void *peer)
{
	struct peer_entry *p = peer;

	free(p->allowed);
	slab_give(p->slab, p);
}

static struct peer_entry *peer_new(
	struct ovnet_fib_writer *w, const struct ovnet_peer_conf *conf, uint32_t id)
{
	struct peer_entry *p = slab_take(w->slab);

	if (p == NULL)
		return NULL;
	*p = (struct peer_entry){.nh = (struct nexthop *)conf->nh,
		.slab = w->slab,
		.pub = {.rewrite = conf->rewrite,
			.subnet = conf->subnet,
			.id = id,
			.public_addr = conf->public_addr,
			.n_allowed = conf->n_allowed}};
	p->pub.nh = conf->nh;
	p->pub.tx_id = id & 0xffffff;
	p->pub.encap = conf->encap & 0xff;
	p->pub.mtu = inner_mtu(conf);
	if (conf->n_allowed == 0)
		return p;
	p->allowed = calloc(conf->n_allowed, sizeof(p->allowed[0]));
	if (p->allowed == NULL) {
		peer_free(p);
		return NULL;
	}
	memcpy(p->allowed, conf->allowed, conf->n_allowed * sizeof(p->allowed[0]));
	p->pub.allowed = p->allowed;
	return p;
}

static void peer_release(struct ovnet_rcu_head *head)
{
	peer_free((char *)head - offsetof(struct peer_entry, pub.rcu));
}

static int reserve_sources(struct ovnet_fib_writer *w, const struct ovnet_peer_conf *conf)
{
	uint32_t n = 1u + conf->n_allowed;

	return conf->subnet.family == AF_INET6 ? sources6_reserve(&w->sources6, n)
					       : sources_reserve(&w->sources, n);
}

static void add_source(struct ovnet_fib_writer *w, const struct ovnet_addr *addr)
{
	if (addr->family == AF_INET)
		sources_add(&w->sources, addr->v4_be);
	else if (addr->family == AF_INET6)
		sources6_add(&w->sources6, addr->v6);
}

static void del_source(struct ovnet_fib_writer *w, const struct ovnet_addr *addr)
{
	if (addr->family == AF_INET)
		sources_del(&w->sources, addr->v4_be);
	else if (addr->family == AF_INET6)
		sources6_del(&w->sources6, addr->v6);
}

/* What a peer holds elsewhere: its next hop and its addresses in the table of sources. */
static void take_refs(struct ovnet_fib_writer *w, struct peer_entry *p)
{
	if (p->nh != NULL)
		p->nh->refs++;
	add_source(w, &p->pub.public_addr);
	for (uint16_t i = 0; i < p->pub.n_allowed; i++)
		add_source(w, &p->allowed[i]);
}

static void give_refs(struct ovnet_fib_writer *w, struct peer_entry *p)
{
	if (p->nh != NULL)
		ovnet_fib_nh_put(w, &p->nh->slot);
	del_source(w, &p->pub.public_addr);
	for (uint16_t i = 0; i < p->pub.n_allowed; i++)
		del_source(w, &p->allowed[i]);
}

void peer_retire(struct ovnet_fib_writer *w, struct peer_entry *p)
{
	id_give(w, p->pub.id);
	give_refs(w, p);
	ovnet_rcu_defer(w->rcu, &p->pub.rcu, peer_release);
}

static int replace(struct ovnet_fib_writer *w, struct peer_entry **node, struct peer_entry *p)
{
	struct peer_entry *old = *node;
	int rc = view_place(w, &p->pub.subnet, p);

	if (rc < 0)
		return rc;
	*node = p;
	take_refs(w, p);
	give_refs(w, old);
	ovnet_rcu_defer(w->rcu, &old->pub.rcu, peer_release);
	return 0;
}

static int add(struct ovnet_fib_writer *w, struct peer_entry *p)
{
	if (tsearch(p, &w->peers, peer_compare) == NULL)
		return -ENOMEM;
	int rc = view_place(w, &p->pub.subnet, p);
	if (rc < 0) {
		tdelete(p, &w->peers, peer_compare);
		return rc;
	}
	take_refs(w, p);
	return 0;
}

/* Workers compare without a look at the family; only a peer without an address may lack it. */
static bool sources_fit(const struct ovnet_peer_conf *conf)
{
	uint8_t family = conf->subnet.family;

	if (conf->public_addr.family != 0 && conf->public_addr.family != family)
		return false;
	for (uint16_t i = 0; i < conf->n_allowed; i++)
		if (conf->allowed[i].family != family)
			return false;
	return true;
}

int ovnet_fib_set_peer(struct ovnet_fib_writer *w, const struct ovnet_peer_conf *conf)
{
	const struct ovnet_fib_view *v = view_of(w);
	uint32_t id;

	if (v == NULL)
		return -ENOENT;
	int rc = view_admits(&v->overlay, &conf->subnet);
	if (rc < 0)
		return rc;
	if (!sources_fit(conf))
		return -EINVAL;
	struct peer_entry **node = find(w, &conf->subnet);
	if (node != NULL && !ovnet_prefix_equal(&(*node)->pub.subnet, &conf->subnet))
		return -EEXIST;
	rc = reserve_sources(w, conf);
	if (rc < 0)
		return rc;
	if (node != NULL)
		id = (*node)->pub.id;
	else if ((rc = id_take(w, &id)) < 0)
		return rc;

	struct peer_entry *p = peer_new(w, conf, id);
	rc = p == NULL ? -ENOMEM : node != NULL ? replace(w, node, p) : add(w, p);
	if (rc < 0) {
		if (p != NULL)
			peer_free(p);
		if (node == NULL)
			id_give(w, id);
	}
	return rc;
}

int ovnet_fib_del_peer(struct ovnet_fib_writer *w, const struct ovnet_prefix *subnet)
{
	struct peer_entry **node = find(w, subnet);

	if (node == NULL || !ovnet_prefix_equal(&(*node)->pub.subnet, subnet))
		return -ENOENT;
	struct peer_entry *p = *node;
	int rc = view_place(w, subnet, NULL);
	if (rc < 0)
		return rc;
	tdelete(p, &w->peers, peer_compare);
	peer_retire(w, p);
	return 0;
}

const struct ovnet_peer *ovnet_fib_get_peer(
	struct ovnet_fib_writer *w, const struct ovnet_prefix *subnet)
{
	struct peer_entry **node = find(w, subnet);

	if (node == NULL || !ovnet_prefix_equal(&(*node)->pub.subnet, subnet))
		return NULL;
	return &(*node)->pub;
}

void peers_free(struct ovnet_fib_writer *w)
{
	tdestroy(w->peers, peer_free);
	w->peers = NULL;
}
