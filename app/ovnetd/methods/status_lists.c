/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peers and leases, which may be 65,536: told row by row. A walk keeps a copy of what identifies
 * the rows, taken at the request; what is gone by its turn is left out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon.h"
#include "methods/counters.h"
#include "methods/json.h"
#include "methods/status.h"

static json_t *peer_json(struct daemon *d, const struct peer *p)
{
	struct ovnet_peer_counters c;
	bool vxlan = d->node.netconf.backend == OVNET_BACKEND_VXLAN;
	json_t *o = json_pack("{s:o,s:o,s:o,s:s}", "subnet", prefix_json(&p->subnet), "public_ip",
		addr_json(&p->public_ip), "vtep_mac", vxlan ? mac_json(&p->vtep_mac) : json_null(),
		"state", peer_state_name(p));
	const struct ovnet_peer *fp = ovnet_fib_get_peer(d->engine.fib, &p->subnet);

	if (fp != NULL)
		json_object_set_new(o, "encap", json_string(ovnet_encap_name(fp->encap)));
	if (p->state == PEER_OK) {
		const struct ovnet_nexthop *nh = ovnet_nh_get(p->hop.nh);
		struct ovnet_mac mac;
		memcpy(mac.b, nh->eth, sizeof(mac.b));
		json_object_set_new(o, "uplink", json_string(p->hop.uplink->port->name));
		json_object_set_new(o, "via", addr_json(&p->hop.addr));
		json_object_set_new(o, "mac", nh->resolved ? mac_json(&mac) : json_null());
	}
	peer_counters(&d->peers, p, &c);
	counters_json(o, PEER, &c);
	return o;
}

struct peer_walk {
	size_t n, at;
	struct ovnet_prefix subnet[];
};

static void *peers_open(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct daemon *d = arg;
	const struct peer *p;
	struct peer_walk *w;

	(void)params;
	if (!methods_running(d, err, err_size))
		return NULL;
	w = malloc(sizeof(*w) + d->peers.n * sizeof(w->subnet[0]));
	if (w == NULL) {
		snprintf(err, err_size, "no memory");
		return NULL;
	}
	w->n = w->at = 0;
	TAILQ_FOREACH (p, &d->peers.list, entry)
		if (!p->gone)
			w->subnet[w->n++] = p->subnet;
	return w;
}

static bool peers_next(void *arg, void *walk, json_t **row)
{
	struct daemon *d = arg;
	struct peer_walk *w = walk;

	while (w->at < w->n) {
		const struct peer *p = peers_find(&d->peers, &w->subnet[w->at++]);
		if (p == NULL || p->gone)
			continue;
		*row = peer_json(d, p);
		return true;
	}
	return false;
}

const struct ovnet_ctl_rows status_peers = {peers_open, peers_next, free};

struct lease_row {
	struct ovnet_lease lease;
	bool own;
};

struct lease_walk {
	size_t n, at, room;
	struct lease_row *rows;
	json_t *invalid; /* NULL: the rows are wanted */
	bool stale;      /* from the snapshot */
};

static void add_lease(void *arg, const struct ovnet_lease *l, bool own)
{
	struct lease_walk *w = arg;

	if (w->n < w->room)
		w->rows[w->n++] = (struct lease_row){*l, own};
}

static void add_invalid(void *arg, const char *key, const char *why)
{
	struct lease_walk *w = arg;
	/* Keys are anybody's bytes: what is no UTF-8 is shown as such instead of lost. */
	json_t *k = json_string(key);

	json_array_append_new(
		w->invalid, json_pack("{s:o,s:s}", "key",
				    k != NULL ? k : json_string("(not UTF-8)"), "why", why));
}

static void leases_close(void *walk)
{
	struct lease_walk *w = walk;

	json_decref(w->invalid);
	free(w->rows);
	free(w);
}

static int collect(struct daemon *d, struct lease_walk *w, bool invalid)
{
	struct ovnet_lease_status s;

	ovnet_lease_client_status(d->lease, &s);
	w->room = s.peers + 1u;
	w->stale = s.stale;
	if (invalid)
		w->invalid = json_array();
	else
		w->rows = malloc(w->room * sizeof(w->rows[0]));
	if (w->invalid == NULL && w->rows == NULL)
		return -1;
	if (invalid)
		ovnet_lease_client_each_invalid(d->lease, add_invalid, w);
	else
		ovnet_lease_client_each(d->lease, add_lease, w);
	return 0;
}

static void *leases_open(void *arg, const json_t *params, char *err, size_t err_size)
{
	struct lease_walk *w;

	if (!methods_running(arg, err, err_size))
		return NULL;
	w = calloc(1, sizeof(*w));
	if (w != NULL && collect(arg, w, json_is_true(json_object_get(params, "invalid"))) == 0)
		return w;
	if (w != NULL)
		leases_close(w);
	snprintf(err, err_size, "no memory");
	return NULL;
}

static json_t *lease_json(const struct lease_row *r, bool stale)
{
	const struct ovnet_lease *l = &r->lease;

	json_t *o = json_pack("{s:o,s:o,s:s,s:o,s:i,s:b,s:b}", "subnet", prefix4_json(&l->subnet),
		"public_ip", addr_json(&l->public_ip), "backend", ovnet_backend_name(l->backend),
		"vtep_mac", l->has_vtep_mac ? mac_json(&l->vtep_mac) : json_null(), "vni",
		(int)l->vni, "own", r->own, "stale", stale);

	if (!l->has_v6)
		return o;
	json_object_set_new(o, "subnet6", prefix6_json(&l->subnet6));
	json_object_set_new(o, "public_ip6", addr_json(&l->public_ip6));
	json_object_set_new(
		o, "vtep_mac6", l->has_vtep_mac6 ? mac_json(&l->vtep_mac6) : json_null());
	return o;
}

static bool leases_next(void *arg, void *walk, json_t **row)
{
	struct lease_walk *w = walk;

	(void)arg;
	if (w->invalid != NULL) {
		*row = json_incref(json_array_get(w->invalid, w->at++));
		return *row != NULL;
	}
	if (w->at == w->n)
		return false;
	*row = lease_json(&w->rows[w->at++], w->stale);
	return true;
}

const struct ovnet_ctl_rows status_leases = {leases_open, leases_next, leases_close};
