/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/blackhole.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kernel/host_device.h"

OVNET_LOG_TYPE(host)

#define NAMED 3 /* of what is left out, in the warning */

/* What a list is made from. */
struct making {
	struct blackhole *b;
	struct blackhole_need need[BLACKHOLE_MAX_NEEDED];
	unsigned n_need;
	struct ovnet_prefix_list list;
	struct ovnet_prefix left_out[BLACKHOLE_MAX_NEEDED]; /* for each need; family 0: nothing */
};

static bool serves(const struct node *n, const struct ovnet_addr *addr)
{
	return ovnet_netconf_leasable(&n->netconf, addr) &&
	       (addr->family == AF_INET || n->own.has_v6);
}

static bool may_need(const struct making *m, const struct ovnet_addr *addr)
{
	return m->n_need < BLACKHOLE_MAX_NEEDED && serves(m->b->node, addr);
}

static void need(struct making *m, const struct ovnet_addr *addr, const char *what)
{
	if (!may_need(m, addr))
		return;
	for (unsigned i = 0; i < m->n_need; i++)
		if (ovnet_addr_equal(&m->need[i].addr, addr))
			return;
	m->need[m->n_need++] = (struct blackhole_need){*addr, what};
}

static void need_gateway(void *arg, const struct ovnet_main_route *r)
{
	if (ovnet_prefix_len(&r->dst) == 0 && r->gateway.family != 0)
		need(arg, &r->gateway, "the default gateway");
}

/* The overlay's own addresses are no obstacle: the host device's, and the pods' bridge's. */
static bool is_overlays(const struct blackhole *b, const struct ovnet_local_addr *a)
{
	const struct ovnet_prefix own = ovnet_prefix_from4(&b->node->own.subnet);
	const struct ovnet_prefix own6 = ovnet_prefix_from6(&b->node->own.subnet6);

	return a->ifindex == b->host_ifindex || ovnet_prefix_contains(&own, &a->addr) ||
	       (b->node->own.has_v6 && ovnet_prefix_contains(&own6, &a->addr));
}

static void see_gateway(void *arg, const struct ovnet_main_route *r)
{
	bool *seen = arg;

	*seen = *seen || r->gateway.family != 0;
}

/*
 * A bridge, or a pair, that no router is behind leads to containers: docker0 with its own network,
 * cni0 with the subnet of a former lease. The underlay is not reached by it, and its connected
 * route is no wider than what it is for: it beats the blackhole as things are.
 */
static bool is_containers(const struct blackhole *b, uint32_t ifindex)
{
	struct ovnet_link link;
	bool routed = false;

	for (unsigned i = 0; i < b->underlay->n; i++)
		if (b->underlay->uplinks[i].link.ifindex == ifindex)
			return false;
	if (ovnet_kernel_link_by_index(b->kernel, ifindex, &link) < 0 ||
		(strcmp(link.kind, "bridge") != 0 && strcmp(link.kind, "veth") != 0))
		return false;
	return ovnet_kernel_main_routes(b->kernel, ifindex, see_gateway, &routed) == 0 && !routed;
}

static int need_node(struct making *m)
{
	struct ovnet_local_addr *addrs = NULL;
	struct blackhole *b = m->b;
	int n = ovnet_kernel_local_addrs(b->kernel, &addrs);

	if (n < 0)
		return n;
	need(m, &b->node->public_ip, "this node's public IP");
	need(m, &b->node->public_ip6, "this node's public IPv6");
	for (int i = 0; i < n; i++)
		if (may_need(m, &addrs[i].addr) && !is_overlays(b, &addrs[i]) &&
			!is_containers(b, addrs[i].ifindex))
			need(m, &addrs[i].addr, "an address of this node");
	free(addrs);
	return 0;
}

/* All of it or nothing: what is not known of would be blackholed. */
static int collect(struct making *m)
{
	struct blackhole *b = m->b;
	const struct endpoint_names *names = &b->names;
	int rc = 0;

	for (unsigned i = 0; i < names->n; i++)
		for (unsigned k = 0; k < names->name[i].n; k++)
			need(m, &names->name[i].addr[k], "an etcd endpoint");
	for (unsigned i = 0; i < b->underlay->n && rc == 0; i++) {
		const struct uplink *u = &b->underlay->uplinks[i];
		if (u->link.ifindex != 0)
			rc = ovnet_kernel_main_routes(b->kernel, u->link.ifindex, need_gateway, m);
		else if (u->conf != NULL)
			need(m, &u->conf->gateway, "the default gateway");
	}
	return rc < 0 ? rc : need_node(m);
}

static int add_ranges(struct making *m)
{
	const struct ovnet_netconf *c = &m->b->node->netconf;
	struct ovnet_addr first = ovnet_addr_v4(c->range_first);
	struct ovnet_addr last = ovnet_addr_v4(c->range_last);
	int rc = ovnet_prefix_list_range(&m->list, &first, &last);

	if (rc < 0 || !m->b->node->own.has_v6)
		return rc;
	first = ovnet_addr_v6(c->range6_first);
	last = ovnet_addr_v6(c->range6_last);
	return ovnet_prefix_list_range(&m->list, &first, &last);
}

/*
 * A route that beats the whole blackhole would not beat its pieces around one address: the widest
 * of those that lead to the address stays whole.
 */
static void widen(void *arg, const struct ovnet_main_route *r)
{
	struct making *m = arg;

	for (unsigned i = 0; i < m->n_need; i++) {
		const struct ovnet_prefix *hole =
			ovnet_prefix_list_find(&m->list, &m->need[i].addr);
		if (hole != NULL && ovnet_prefix_covers(hole, &r->dst) &&
			ovnet_prefix_covers(&r->dst, &m->left_out[i]))
			m->left_out[i] = r->dst;
	}
}

static int leave_out(struct making *m)
{
	int rc = 0;

	for (unsigned i = 0; i < m->n_need; i++)
		m->left_out[i] = ovnet_prefix_of_addr(&m->need[i].addr);
	if (m->n_need > 0)
		rc = ovnet_kernel_main_routes(m->b->kernel, 0, widen, m);
	for (unsigned i = 0; i < m->n_need && rc == 0; i++)
		rc = ovnet_prefix_list_without(&m->list, &m->left_out[i]);
	return rc;
}

static void warn(struct blackhole *b, const struct making *m)
{
	char text[256] = "", addr[OVNET_ADDR_STRLEN];
	bool on = b->node->conf->host.blackhole == CONF_BLACKHOLE_ON;
	size_t n = 0;

	for (unsigned i = 0; i < m->n_need && i < NAMED; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s (%s)", i == 0 ? "" : ", ",
			ovnet_addr_text(&m->need[i].addr, addr, sizeof(addr)), m->need[i].what);
	if (m->n_need > NAMED)
		snprintf(text + n, sizeof(text) - n, " and %u more", m->n_need - NAMED);
	if (m->n_need == 0)
		warn_clear(b->warnings, "blackhole");
	else
		warn_set(b->warnings, "blackhole",
			"%s: inside what the network config leases out. %s, and whoever leases it "
			"takes it away: let SubnetMin and SubnetMax leave it out",
			text,
			on ? "It is blackholed where no narrower route leads to it "
			     "(host.blackhole = on)"
			   : "There is no blackhole for it");
}

static int make(struct making *m)
{
	struct blackhole *b = m->b;
	int rc = collect(m);

	/* Who leases an address of ours takes it away without a blackhole, too. */
	if (rc == 0 && b->node->conf->host.blackhole != CONF_BLACKHOLE_OFF)
		rc = add_ranges(m);
	if (rc == 0 && b->node->conf->host.blackhole == CONF_BLACKHOLE_AUTO)
		rc = leave_out(m);
	if (rc == 0)
		warn(b, m);
	return rc;
}

const struct ovnet_prefix_list *blackhole_list(struct blackhole *b, uint32_t host_ifindex)
{
	struct making *m = calloc(1, sizeof(*m));
	int rc = -ENOMEM;

	b->host_ifindex = host_ifindex;
	(void)endpoint_names_poll(&b->names);
	if (m != NULL) {
		m->b = b;
		rc = make(m);
	}
	if (rc < 0) {
		LOG(ERR, "the list of blackholes cannot be made: %s", strerror(-rc));
		if (m != NULL)
			ovnet_prefix_list_free(&m->list);
		free(m);
		return NULL;
	}
	ovnet_prefix_list_free(&b->list);
	b->list = m->list;
	memcpy(b->need, m->need, sizeof(b->need));
	b->n_need = m->n_need;
	b->routes_changed = false;
	b->computed = true;
	free(m);
	return &b->list;
}

/* Are others needed than those the list was made for? Who cannot tell finds out by making it. */
static bool needs_changed(struct blackhole *b)
{
	struct making *m = calloc(1, sizeof(*m));
	bool changed;

	if (m == NULL)
		return true;
	m->b = b;
	changed = collect(m) < 0 || m->n_need != b->n_need;
	for (unsigned i = 0; i < m->n_need && !changed; i++)
		changed = !ovnet_addr_equal(&m->need[i].addr, &b->need[i].addr);
	free(m);
	return changed;
}

void blackhole_check(struct blackhole *b)
{
	const struct ovnet_prefix_list *list;

	if (!b->computed)
		return;
	/* Routes matter only where something lies in the range. */
	bool again = b->routes_changed && b->n_need > 0;
	b->routes_changed = false;
	if (!needs_changed(b) && !again)
		return;
	list = blackhole_list(b, b->host_ifindex);
	if (list != NULL)
		(void)ovnet_host_blackholes_set(b->kernel, list); /* the peers' check compares */
	else
		b->routes_changed = true; /* the next check tries again */
}

static void on_names(void *arg)
{
	blackhole_check(arg);
}

static const char *endpoints_of(const struct conf *conf)
{
	return conf->registry.type == CONF_REGISTRY_ETCD ? conf->etcd.endpoints : "";
}

int blackhole_init(struct blackhole *b, struct ovnet_kernel *kernel, struct event_base *base,
	const struct underlay *underlay)
{
	*b = (struct blackhole){.kernel = kernel,
		.node = underlay->node,
		.underlay = underlay,
		.warnings = underlay->warnings};
	return endpoint_names_start(&b->names, base, endpoints_of(underlay->conf), on_names, b);
}

void blackhole_endpoints(struct blackhole *b)
{
	if (b->underlay == NULL) /* not started */
		return;
	endpoint_names_more(&b->names, endpoints_of(b->underlay->conf));
	b->routes_changed = true;
	blackhole_check(b);
}

void blackhole_fini(struct blackhole *b)
{
	endpoint_names_stop(&b->names);
	ovnet_prefix_list_free(&b->list);
	b->computed = false;
}
