/* SPDX-License-Identifier: BSD-3-Clause */
/* The interfaces proxy entries are for, and what of them and of the host has to be switched on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/prefix_list.h"
#include "host/proxies.h"

static int by_ifindex(const void *a, const void *b)
{
	const struct proxy_bridge *p = a, *q = b;

	return p->ifindex < q->ifindex ? -1 : p->ifindex > q->ifindex;
}

static struct proxy_bridge *bridge_of(struct proxies *p, uint32_t ifindex)
{
	for (unsigned i = 0; i < p->n_bridges; i++)
		if (p->bridge[i].ifindex == ifindex)
			return &p->bridge[i];
	if (p->n_bridges == PROXIES_MAX_BRIDGES)
		return NULL;
	p->bridge[p->n_bridges] = (struct proxy_bridge){.ifindex = ifindex};
	return &p->bridge[p->n_bridges++];
}

/* A route to one address is a veth's, whose other end asks for no neighbours but the gateway. */
static void look_at_route(void *arg, const struct ovnet_main_route *r)
{
	struct proxies *p = arg;
	bool v6 = r->dst.family == AF_INET6;
	const struct ovnet_prefix own = v6 ? ovnet_prefix_from6(&p->node->own.subnet6)
					   : ovnet_prefix_from4(&p->node->own.subnet);

	if (r->ifindex == 0 || r->ifindex == p->host->port->ifindex || r->gateway.family != 0 ||
		ovnet_prefix_len(&r->dst) == (v6 ? 128 : 32) || ovnet_prefix_len(&own) == 0 ||
		!ovnet_prefix_covers(&own, &r->dst))
		return;
	struct proxy_bridge *b = bridge_of(p, r->ifindex);
	if (b != NULL)
		b->has[v6] = true;
}

void proxy_links_find(struct proxies *p)
{
	struct proxy_bridge was[PROXIES_MAX_BRIDGES];
	unsigned n = p->n_bridges;

	memcpy(was, p->bridge, sizeof(was));
	p->n_bridges = 0;
	p->links_changed = ovnet_kernel_main_routes(p->kernel, 0, look_at_route, p) < 0;
	if (p->links_changed) {
		memcpy(p->bridge, was, sizeof(was));
		p->n_bridges = n;
		return;
	}
	qsort(p->bridge, p->n_bridges, sizeof(p->bridge[0]), by_ifindex);
}

static bool wants_family(const struct proxies *p, uint8_t family)
{
	/* IPv4 stands before IPv6. */
	return p->n > 0 && p->addrs[family == AF_INET ? 0 : p->n - 1].family == family;
}

/* False: a warning. */
static bool forward_on(struct proxies *p, uint32_t ifindex, uint8_t family, bool proxy)
{
	char what[80];
	int rc = ovnet_kernel_link_forward(p->kernel, ifindex, family, proxy, what, sizeof(what));

	/* An interface may be gone by now. */
	if (rc == 0 || rc == -ENODEV || rc == -ENOENT)
		return true;
	warn_set(p->node->warnings, "attach-links",
		"%s cannot be set (%s): containers of this node may not reach what is at attach "
		"ports; `sysctl -w %s=1`",
		what, strerror(-rc), what);
	return false;
}

static void forward_links(struct proxies *p)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	bool good = true;

	for (unsigned f = 0; f < 2; f++) {
		if (!wants_family(p, families[f]))
			continue;
		good = forward_on(p, p->host->port->ifindex, families[f], false) && good;
		for (unsigned i = 0; i < p->n_bridges; i++)
			if (p->bridge[i].has[f])
				good = forward_on(p, p->bridge[i].ifindex, families[f], true) &&
				       good;
	}
	if (good)
		warn_clear(p->node->warnings, "attach-links");
}

/*
 * Not ours to switch on: it makes a router of the whole host, and IPv6 stops taking routers'
 * advertisements for it.
 */
static void warn_forwarding(const struct proxies *p)
{
	bool v4 = !wants_family(p, AF_INET) || ovnet_kernel_forwards(p->kernel, AF_INET);
	bool v6 = !wants_family(p, AF_INET6) || ovnet_kernel_forwards(p->kernel, AF_INET6);

	if (v4 && v6) {
		warn_clear(p->node->warnings, "forwarding");
		return;
	}
	warn_set(p->node->warnings, "forwarding",
		"this host does not forward %s: what is at attach ports reaches neither the world "
		"nor pods of this node by it; `sysctl -w %s=1`%s",
		v4 ? "IPv6" : "IPv4", v4 ? "net.ipv6.conf.all.forwarding" : "net.ipv4.ip_forward",
		v4 ? " (with accept_ra=2 on an interface whose routes come from advertisements)"
		   : "");
}

void proxy_links_set(struct proxies *p)
{
	forward_links(p);
	warn_forwarding(p);
}
