/* SPDX-License-Identifier: BSD-3-Clause */
/* `ovnetd --cleanup`: nothing is remembered, everything is known by its marks. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kernel/flannel_layout.h"
#include "kernel/internal.h"
#include "kernel/proxy.h"

OVNET_LOG_TYPE(kernel)

struct cleanup {
	struct nl *nl;
	bool dry_run;
	const char *only; /* this host device and what is by it; NULL: all there are */
	void (*report)(void *arg, const char *what);
	void *arg;
	struct nl_list links;
	int found;
	int err; /* the first failure; the rest is still cleaned */
};

static const char *link_name(const struct cleanup *c, uint32_t ifindex)
{
	const struct link_entry *l = c->links.items;

	for (unsigned i = 0; i < c->links.n; i++)
		if (l[i].link.ifindex == ifindex)
			return l[i].link.name;
	return "none";
}

static bool is_meant(const struct cleanup *c, const char *name)
{
	return c->only == NULL || strcmp(c->only, name) == 0;
}

static void done(struct cleanup *c, int err, const char *what)
{
	if (err < 0 && err != -ESRCH) { /* -ESRCH: went together with another */
		if (c->err == 0)
			c->err = err;
		return;
	}
	c->found++;
	if (c->report != NULL)
		c->report(c->arg, what);
}

static void clean_routes(struct cleanup *c, const struct nl_list *routes, uint8_t type)
{
	char what[128], dst[OVNET_PREFIX_STRLEN];
	const struct route_entry *r = routes->items;

	for (unsigned i = 0; i < routes->n; i++) {
		if ((r[i].type == RTN_BLACKHOLE) != (type == RTN_BLACKHOLE))
			continue;
		if (type != RTN_BLACKHOLE && !is_meant(c, link_name(c, r[i].ifindex)))
			continue;
		ovnet_prefix_text(&r[i].dst, dst, sizeof(dst));
		if (type == RTN_BLACKHOLE)
			snprintf(what, sizeof(what), "blackhole %s", dst);
		else
			snprintf(what, sizeof(what), "route %s dev %s", dst,
				link_name(c, r[i].ifindex));
		done(c, c->dry_run ? 0 : route_remove(c->nl, &r[i]), what);
	}
}

static void clean_neighbours(struct cleanup *c, const struct nl_list *neighbours)
{
	char what[128], addr[OVNET_ADDR_STRLEN];
	const struct neigh_entry *n = neighbours->items;

	for (unsigned i = 0; i < neighbours->n; i++) {
		if (!n[i].managed || n[i].protocol != OVNET_RTPROT)
			continue;
		snprintf(what, sizeof(what), "managed neighbour %s dev %s",
			ovnet_addr_text(&n[i].addr, addr, sizeof(addr)),
			link_name(c, n[i].ifindex));
		done(c, c->dry_run ? 0 : neigh_unmanage(c->nl, n[i].ifindex, &n[i].addr), what);
	}
}

static void clean_proxies(struct cleanup *c, const struct nl_list *proxies)
{
	char what[128], addr[OVNET_ADDR_STRLEN];
	const struct ovnet_proxy *p = proxies->items;

	for (unsigned i = 0; i < proxies->n; i++) {
		if (!p[i].ours)
			continue;
		snprintf(what, sizeof(what), "proxy entry %s dev %s",
			ovnet_addr_text(&p[i].addr, addr, sizeof(addr)),
			link_name(c, p[i].ifindex));
		done(c, c->dry_run ? 0 : proxy_remove(c->nl, &p[i]), what);
	}
}

static int delete_link(struct nl *nl, const struct ovnet_link *link)
{
	struct nl_request req;
	struct ifinfomsg *ifi = nl_begin(&req, RTM_DELLINK, 0, sizeof(*ifi));

	ifi->ifi_index = (int)link->ifindex;
	int err = nl_send(nl, &req, NULL, NULL);
	if (err < 0 && err != -ENODEV)
		LOG(ERR, "link %s: cannot be removed: %s", link->name, nl_why(nl, err));
	return err == -ENODEV ? -ESRCH : err;
}

static void clean_links(struct cleanup *c)
{
	char what[128];
	const struct link_entry *l = c->links.items;

	for (unsigned i = 0; i < c->links.n; i++) {
		if ((strcmp(l[i].alias.text, OVNET_LINK_ALIAS) != 0 &&
			    strcmp(l[i].alias.text, OVNET_TWIN_ALIAS) != 0) ||
			strcmp(l[i].link.kind, "tun") != 0 || !is_meant(c, l[i].link.name))
			continue;
		snprintf(what, sizeof(what), "link %s", l[i].link.name);
		done(c, c->dry_run ? 0 : delete_link(c->nl, &l[i].link), what);
	}
}

/* The blackholes last, so that nothing leaks while the rest goes. */
static int clean_all(struct cleanup *c)
{
	struct nl_list routes = {0}, neighbours = {0}, proxies = {0};
	int err = link_list(c->nl, &c->links);

	if (err == 0)
		err = route_list(c->nl, OVNET_RTPROT, 0, &routes);
	if (err == 0)
		err = neigh_list(c->nl, &neighbours);
	if (err == 0)
		err = proxy_list(c->nl, &proxies);
	if (err == 0) {
		clean_proxies(c, &proxies);
		clean_routes(c, &routes, RTN_UNICAST);
		clean_neighbours(c, &neighbours);
		clean_links(c);
		clean_routes(c, &routes, RTN_BLACKHOLE);
		err = c->err;
	}
	free(routes.items);
	free(neighbours.items);
	free(proxies.items);
	free(c->links.items);
	return err < 0 ? err : c->found;
}

static bool has_addr(const struct nl_list *addrs, uint32_t ifindex, const struct ovnet_addr *addr)
{
	const struct addr_entry *a = addrs->items;

	for (unsigned i = 0; i < addrs->n; i++)
		if (a[i].ifindex == ifindex && ovnet_addr_equal(&a[i].local, addr))
			return true;
	return false;
}

static enum ovnet_overlay_device find_device(struct nl *nl, const struct ovnet_addr *addr)
{
	struct nl_list links = {0}, addrs = {0};
	enum ovnet_overlay_device found = OVNET_DEVICE_NONE;
	int err = link_list(nl, &links);

	if (err == 0)
		err = addr_list(nl, addr->family, 0, &addrs);
	const struct link_entry *l = links.items;
	for (unsigned i = 0; err == 0 && i < links.n && found != OVNET_DEVICE_FLANNELS; i++) {
		bool ours = strcmp(l[i].alias.text, OVNET_LINK_ALIAS) == 0;
		bool flannels = strncmp(l[i].link.name, "flannel", strlen("flannel")) == 0;
		if ((ours || flannels) && has_addr(&addrs, l[i].link.ifindex, addr))
			found = ours ? OVNET_DEVICE_OURS : OVNET_DEVICE_FLANNELS;
	}
	free(links.items);
	free(addrs.items);
	return found;
}

enum ovnet_overlay_device ovnet_kernel_overlay_device(const struct ovnet_addr *addr)
{
	enum ovnet_overlay_device found = OVNET_DEVICE_NONE;
	struct nl *nl = malloc(sizeof(*nl));

	if (nl != NULL && nl_open(nl) == 0) {
		found = find_device(nl, addr);
		nl_close(nl);
	}
	free(nl);
	return found;
}

static int run(struct cleanup *c)
{
	int err;

	c->nl = malloc(sizeof(*c->nl));
	if (c->nl == NULL) {
		LOG(ERR, "cleanup: no memory");
		return -ENOMEM;
	}
	err = nl_open(c->nl);
	if (err == 0) {
		err = clean_all(c);
		nl_close(c->nl);
	}
	free(c->nl);
	return err;
}

int ovnet_kernel_cleanup(bool dry_run, void (*report)(void *arg, const char *what), void *arg)
{
	struct cleanup c = {.dry_run = dry_run, .report = report, .arg = arg};

	return run(&c);
}

int ovnet_kernel_take_away(
	const char *device, void (*report)(void *arg, const char *what), void *arg)
{
	struct cleanup c = {.only = device, .report = report, .arg = arg};

	return run(&c);
}

void ovnet_kernel_handed_over(void (*report)(void *arg, const char *name), void *arg)
{
	struct nl *nl = malloc(sizeof(*nl));
	struct nl_list links = {0};

	if (nl == NULL || nl_open(nl) < 0) {
		free(nl);
		return;
	}
	if (link_list(nl, &links) == 0) {
		const struct link_entry *l = links.items;
		for (unsigned i = 0; i < links.n; i++)
			if (strcmp(l[i].alias.text, OVNET_FLANNEL_ALIAS) == 0)
				report(arg, l[i].link.name);
	}
	free(links.items);
	nl_close(nl);
	free(nl);
}
