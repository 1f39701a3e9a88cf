/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/tree_check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/number6.h"
#include "lease/lease_judge.h"

#define RETRIES_S 600 /* a renewal that fails is tried again; so late it has failed for good */

struct good {
	const struct lease_tree_key *key;
	struct ovnet_lease lease;
};

struct checking {
	const struct lease_tree *tree;
	struct tree_report *report;
	uint32_t overdue_s; /* less is left of nobody's who renews it */
	struct good *good;
	size_t n;
};

static struct tree_party party(const struct good *g)
{
	return (struct tree_party){g->key->key, &g->lease.public_ip};
}

static const struct tree_party nobody;

static void check_config(struct checking *c)
{
	const struct lease_tree *t = c->tree;
	const struct tree_party config = {.key = t->config_key};

	if (t->config_error[0] != '\0')
		tree_report_add(c->report, TREE_NO_CONFIG, config, nobody, "%s: %s",
			t->config_found ? "the network config is no good" : "no network config",
			t->config_error);
	if (t->also != NULL)
		tree_report_add(c->report, TREE_TWO_APIS, config, nobody,
			"there is a network config in etcd's %s API, too", t->also);
}

/* In the network of now, and of its backend? */
static void check_fit(struct checking *c, const struct good *g)
{
	/* An address no lease has: whether one is ours is not asked here. */
	const struct lease_judge judge = {
		.netconf = &c->tree->netconf, .public_ip = ovnet_addr_v4(UINT32_MAX)};
	const struct lease_tree_key *k = g->key;
	struct ovnet_lease ignored;
	char why[256];

	if (c->tree->config_error[0] != '\0')
		return;
	if (lease_judge(&judge, k->name, k->value, k->value_len, &ignored, why, sizeof(why)) < 0)
		tree_report_add(c->report, TREE_OUTSIDE_NETWORK, party(g), nobody, "%s", why);
	/* Of one ovnet does not know there is nothing to compare; leases that name none are udp's.
	 */
	if (c->tree->netconf.backend != OVNET_BACKEND_NONE &&
		g->lease.backend != c->tree->netconf.backend)
		tree_report_add(c->report, TREE_OTHER_BACKEND, party(g), nobody,
			"it is of backend %s, the network's is %s",
			g->lease.backend == OVNET_BACKEND_NONE
				? "another kind"
				: ovnet_backend_name(g->lease.backend),
			ovnet_backend_name(c->tree->netconf.backend));
}

static void check_end(struct checking *c, const struct good *g)
{
	const struct lease_tree_key *k = g->key;

	if (strcmp(c->tree->api, "file") == 0)
		return;
	if (k->ttl_handle == 0)
		tree_report_add(c->report, TREE_RESERVATION, party(g), nobody, "it has no TTL");
	else if (k->ttl_s != 0 && k->ttl_s < c->overdue_s)
		tree_report_add(c->report, TREE_NOT_RENEWED, party(g), nobody,
			"it ends in %u minutes, and a node that is there would have renewed it",
			k->ttl_s / 60);
}

static void check_key(struct checking *c, const struct lease_tree_key *k)
{
	struct good *g = &c->good[c->n];
	const struct tree_party p = {k->key, &g->lease.public_ip};
	char why[256] = "it is not below subnets/, but flanneld takes every key of v3 for a lease "
			"that begins so";

	*g = (struct good){.key = k};
	if (k->name != NULL && ovnet_lease_key_parse(k->name, &g->lease) < 0)
		snprintf(why, sizeof(why), "its name is no subnet such as 10.5.1.0-24");
	else if (k->name != NULL && ovnet_lease_value_parse(k->value, k->value_len, &g->lease, why,
					    sizeof(why)) == 0) {
		c->n++;
		check_fit(c, g);
		check_end(c, g);
		return;
	}
	tree_report_add(c->report, TREE_NOT_A_LEASE, p, nobody, "%s", why);
}

/* `a` and `b` have addresses in common: the later one is at fault. */
static void clash(struct checking *c, const struct good *a, const struct good *b)
{
	const struct good *first = a->key->created <= b->key->created ? a : b;
	const struct good *second = first == a ? b : a;
	bool same4 = ovnet_prefix4_equal(&a->lease.subnet, &b->lease.subnet);
	bool same = same4 || (!ovnet_prefix4_overlap(&a->lease.subnet, &b->lease.subnet) &&
				     ovnet_prefix6_equal(&a->lease.subnet6, &b->lease.subnet6));

	tree_report_add(c->report, same ? TREE_DUPLICATE : TREE_OVERLAP, party(second),
		party(first), "%s the older lease %s",
		same ? "it is the same subnet as that of" : "its subnet overlaps",
		first->key->name);
}

static int by_subnet(const void *a, const void *b)
{
	const struct ovnet_prefix4 *x = &((const struct good *)a)->lease.subnet;
	const struct ovnet_prefix4 *y = &((const struct good *)b)->lease.subnet;

	if (x->addr_host != y->addr_host)
		return x->addr_host < y->addr_host ? -1 : 1;
	return (int)x->len - (int)y->len;
}

static uint32_t end4(const struct good *g)
{
	return g->lease.subnet.addr_host | ~ovnet_mask4(g->lease.subnet.len);
}

/* Prefixes nest or lie apart: what reaches furthest so far is in the way, or nothing is. */
static void check_subnets(struct checking *c)
{
	const struct good *far = NULL;

	qsort(c->good, c->n, sizeof(*c->good), by_subnet);
	for (size_t i = 0; i < c->n; i++) {
		const struct good *g = &c->good[i];
		if (far != NULL && g->lease.subnet.addr_host <= end4(far))
			clash(c, far, g);
		if (far == NULL || end4(g) > end4(far))
			far = g;
	}
}

static int by_subnet6(const void *a, const void *b)
{
	const struct ovnet_lease *x = &((const struct good *)a)->lease;
	const struct ovnet_lease *y = &((const struct good *)b)->lease;

	if (x->has_v6 != y->has_v6)
		return x->has_v6 ? -1 : 1;
	int order = memcmp(x->subnet6.addr, y->subnet6.addr, sizeof(x->subnet6.addr));
	return order != 0 ? order : (int)x->subnet6.len - (int)y->subnet6.len;
}

static u128 end6(const struct good *g)
{
	return number6(g->lease.subnet6.addr) | host_bits6(g->lease.subnet6.len);
}

static void check_subnets6(struct checking *c)
{
	const struct good *far = NULL;

	qsort(c->good, c->n, sizeof(*c->good), by_subnet6);
	for (size_t i = 0; i < c->n && c->good[i].lease.has_v6; i++) {
		const struct good *g = &c->good[i];
		if (far != NULL && number6(g->lease.subnet6.addr) <= end6(far) &&
			!ovnet_prefix4_overlap(&far->lease.subnet, &g->lease.subnet))
			clash(c, far, g);
		if (far == NULL || end6(g) > end6(far))
			far = g;
	}
}

static int newest_last(const struct good *x, const struct good *y)
{
	return (x->key->created > y->key->created) - (x->key->created < y->key->created);
}

static int by_public_ip(const void *a, const void *b)
{
	const struct good *x = a, *y = b;
	int order = ovnet_addr_compare(&x->lease.public_ip, &y->lease.public_ip);

	return order != 0 ? order : newest_last(x, y);
}

static bool same_node(const struct good *a, const struct good *b)
{
	return ovnet_addr_equal(&a->lease.public_ip, &b->lease.public_ip);
}

/* The newest is in force. */
static void check_public_ips(struct checking *c)
{
	qsort(c->good, c->n, sizeof(*c->good), by_public_ip);
	for (size_t i = 0, end; i < c->n; i = end) {
		for (end = i + 1; end < c->n && same_node(&c->good[i], &c->good[end]); end++)
			;
		c->report->nodes++;
		for (size_t j = i; j + 1 < end; j++)
			tree_report_add(c->report, TREE_TWIN_PUBLIC_IP, party(&c->good[j]),
				party(&c->good[end - 1]),
				"the newer lease %s has the same PublicIP",
				c->good[end - 1].key->name);
	}
}

static int by_mac(const void *a, const void *b)
{
	const struct good *x = a, *y = b;
	int order = memcmp(&x->lease.vtep_mac, &y->lease.vtep_mac, sizeof(x->lease.vtep_mac));

	return order != 0 ? order : newest_last(x, y);
}

/* A leftover of the same node has its MAC, rightly. */
static void check_macs(struct checking *c)
{
	char mac[OVNET_MAC_STRLEN];

	qsort(c->good, c->n, sizeof(*c->good), by_mac);
	for (size_t i = 1, first = 0; i < c->n; i++) {
		const struct good *a = &c->good[first], *b = &c->good[i];
		if (!b->lease.has_vtep_mac ||
			!ovnet_mac_equal(&a->lease.vtep_mac, &b->lease.vtep_mac))
			first = i;
		else if (!same_node(a, b))
			tree_report_add(c->report, TREE_TWIN_VTEP_MAC, party(b), party(a),
				"VtepMAC %s is that of the older lease %s, too",
				ovnet_mac_text(&b->lease.vtep_mac, mac, sizeof(mac)), a->key->name);
	}
}

void tree_check(const struct lease_tree *t, uint32_t renew_margin_s, struct tree_report *out)
{
	struct checking c = {.tree = t,
		.report = out,
		.overdue_s = renew_margin_s > RETRIES_S ? renew_margin_s - RETRIES_S : 0,
		.good = must(calloc(t->n + 1, sizeof(*c.good)))};

	*out = (struct tree_report){0};
	check_config(&c);
	for (size_t i = 0; i < t->n; i++)
		check_key(&c, &t->keys[i]);
	out->leases = c.n;
	check_subnets(&c);
	check_subnets6(&c);
	check_public_ips(&c);
	check_macs(&c);
	tree_report_sort(out);
	free(c.good);
}
