/* SPDX-License-Identifier: BSD-3-Clause */
#include "unit/kernel_story.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/prefix_list.h"
#include "kernel/host_device.h"
#include "kernel/kernel.h"

#define LINES 64
#define LINKS 8

static const struct story_world *world;
static FILE *out;
static struct ovnet_kernel *k;
static uint32_t u0, ovnet0;

/* What was raised since the last look. */
static struct {
	bool addrs, routes;
	struct ovnet_link link[LINKS], told[LINKS];
} seen;

/* Lines in the order of their text: lists have no order of their own. */
static char lines[LINES][128];
static unsigned n_lines;

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void flush(const char *title)
{
	qsort(lines, n_lines, sizeof(lines[0]), by_text);
	fprintf(out, "%s\n", title);
	for (unsigned i = 0; i < n_lines; i++)
		fprintf(out, "  %s\n", lines[i]);
	n_lines = 0;
}

static const char *text_of(const struct ovnet_addr *a)
{
	static char buf[4][OVNET_ADDR_STRLEN];
	static unsigned i;

	i = (i + 1) % 4;
	return a->family == 0 ? "-" : ovnet_addr_text(a, buf[i], sizeof(buf[i]));
}

static const char *dev_of(uint32_t ifindex)
{
	return ifindex == u0 ? "u0" : ifindex == ovnet0 ? "ovnet0" : ifindex == 1 ? "lo" : "?";
}

static struct ovnet_addr addr(const char *text)
{
	struct ovnet_addr a = {0};

	if (ovnet_addr_parse(text, &a) < 0)
		abort();
	return a;
}

static struct ovnet_prefix prefix(const char *text)
{
	struct ovnet_prefix p;

	if (ovnet_prefix_parse(text, &p) < 0)
		abort();
	return p;
}

/* --- what is raised --- */

static void on_neighbour(
	void *arg, uint32_t ifindex, const struct ovnet_addr *a, const struct ovnet_mac *mac)
{
	char text[32] = "gone";

	(void)arg;
	if (mac != NULL)
		ovnet_mac_text(mac, text, sizeof(text));
	fprintf(out, "  event: neighbour %s of %s: %s\n", text_of(a), dev_of(ifindex), text);
}

static void on_link(void *arg, const struct ovnet_link *link)
{
	(void)arg;
	for (unsigned i = 0; i < LINKS; i++)
		if (seen.link[i].ifindex == link->ifindex || seen.link[i].ifindex == 0) {
			seen.link[i] = *link;
			return;
		}
	abort();
}

static void on_addrs(void *arg)
{
	(void)arg;
	seen.addrs = true;
}

static void on_routes(void *arg)
{
	(void)arg;
	seen.routes = true;
}

/* A link's state as it was told last; "running" comes when it likes. */
static void say_links(void)
{
	char mac[32];

	for (unsigned i = 0; i < LINKS; i++) {
		const struct ovnet_link *l = &seen.link[i], *t = &seen.told[i];
		if (l->ifindex == 0 ||
			(l->up == t->up && l->mtu == t->mtu && ovnet_mac_equal(&l->mac, &t->mac)))
			continue;
		snprintf(lines[n_lines++], sizeof(lines[0]), "event: link %s %s MTU %u %s", l->name,
			l->up ? "up" : "down", l->mtu, ovnet_mac_text(&l->mac, mac, sizeof(mac)));
		seen.told[i] = *l;
	}
}

static void turn(const char *what)
{
	fprintf(out, "%s:\n", what);
	world->turn();
	say_links();
	flush("  then");
	fprintf(out, "  addresses %s, routes %s\n", seen.addrs ? "changed" : "as before",
		seen.routes ? "changed" : "as before");
	seen.addrs = seen.routes = false;
}

/* --- what is answered --- */

static void say_link(const char *how, int rc, const struct ovnet_link *l)
{
	char mac[32];

	if (rc < 0)
		fprintf(out, "link %s: %s\n", how, strerror(-rc));
	else
		fprintf(out, "link %s: %s \"%s\" %u %s %s\n", how, l->name, l->kind, l->mtu,
			l->up ? "up" : "down", ovnet_mac_text(&l->mac, mac, sizeof(mac)));
}

static void ask_links(void)
{
	static const char *const names[] = {"u0", "ovnet0", "lo", "none0", ""};
	static const char *const addrs[] = {"192.168.77.1", "fd77::1", "192.168.77.2", "::1"};
	struct ovnet_link l = {0};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		say_link(names[i], ovnet_kernel_link_by_name(k, names[i], &l), &l);
	for (unsigned i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
		struct ovnet_addr a = addr(addrs[i]);
		say_link(addrs[i], ovnet_kernel_link_by_addr(k, &a, &l), &l);
	}
	say_link("of index", ovnet_kernel_link_by_index(k, u0, &l), &l);
	say_link("of no index", ovnet_kernel_link_by_index(k, 0, &l), &l);
	say_link("of index 99999", ovnet_kernel_link_by_index(k, 99999, &l), &l);
	say_link("by default", ovnet_kernel_default_link(k, &l), &l);
}

static bool is(void *arg, const char *text)
{
	return strcmp(arg, text) == 0;
}

static void ask_match(const char *text)
{
	char got[64] = "";
	int rc = ovnet_kernel_link_match(k, is, (void *)text, got, sizeof(got));

	fprintf(out, "match %s: %s\n", text, rc < 0 ? strerror(-rc) : got);
}

static void ask_addrs(uint32_t ifindex)
{
	struct ovnet_addr a[16];
	struct ovnet_local_addr *all;
	int rc;
	unsigned n = ovnet_kernel_link_addrs(k, ifindex, a, 16);

	for (unsigned i = 0; i < n; i++)
		snprintf(lines[n_lines++], sizeof(lines[0]), "%s", text_of(&a[i]));
	flush("addresses of the link");
	rc = ovnet_kernel_link_addr(k, ifindex, AF_INET, &a[0]);
	fprintf(out, "first: %s", rc < 0 ? strerror(-rc) : text_of(&a[0]));
	rc = ovnet_kernel_link_addr(k, ifindex, AF_INET6, &a[0]);
	fprintf(out, ", %s\n", rc < 0 ? strerror(-rc) : text_of(&a[0]));
	rc = ovnet_kernel_local_addrs(k, &all);
	for (int i = 0; i < rc; i++)
		snprintf(lines[n_lines++], sizeof(lines[0]), "%s on %s", text_of(&all[i].addr),
			dev_of(all[i].ifindex));
	flush("addresses of the node");
	free(all);
}

static void ask_routes(void)
{
	static const char *const to[] = {"192.168.77.9", "192.168.77.1", "10.20.3.4", "10.31.0.1",
		"172.16.0.1", "10.5.3.7", "10.5.200.1", "fd77::9", "fd99::5", "fd98::1",
		"fd05:0:0:3::7"};
	enum { N = sizeof(to) / sizeof(to[0]) };
	struct ovnet_route_query q[N];

	for (unsigned i = 0; i < N; i++)
		q[i] = (struct ovnet_route_query){.dst = addr(to[i])};
	ovnet_kernel_routes_get(k, q, N);
	for (unsigned i = 0; i < N; i++) {
		struct ovnet_route r;
		int rc = ovnet_kernel_route_get(k, &q[i].dst, &r);
		fprintf(out, "route to %s: ", to[i]);
		if (rc < 0)
			fprintf(out, "%s, %s\n", strerror(-rc), strerror(-q[i].rc));
		else
			fprintf(out, "%s via %s from %s MTU %u%s\n", dev_of(r.ifindex),
				text_of(&r.gateway), text_of(&r.prefsrc), r.mtu,
				q[i].rc == 0 && q[i].route.ifindex == r.ifindex &&
						q[i].route.mtu == r.mtu
					? ""
					: ", but not among many");
	}
}

static void see(void *arg, const struct ovnet_main_route *r)
{
	char text[OVNET_PREFIX_STRLEN];

	(void)arg;
	snprintf(lines[n_lines++], sizeof(lines[0]), "%s via %s",
		ovnet_prefix_text(&r->dst, text, sizeof(text)), text_of(&r->gateway));
}

static void ask_main_routes(void)
{
	fprintf(out, "%d ", ovnet_kernel_main_routes(k, 0, see, NULL));
	flush("others' routes");
	fprintf(out, "%d ", ovnet_kernel_main_routes(k, u0, see, NULL));
	flush("others' routes of u0");
}

static void want(const char *text)
{
	struct ovnet_addr a = addr(text);
	struct ovnet_mac mac = {0};
	char m[32];
	int rc = ovnet_kernel_neigh_want(k, u0, &a, &mac);

	fprintf(out, "neighbour %s wanted: %d %s\n", text, rc,
		rc == 1 ? ovnet_mac_text(&mac, m, sizeof(m)) : "");
}

static void release(const char *text)
{
	struct ovnet_addr a = addr(text);

	ovnet_kernel_neigh_release(k, u0, &a);
}

/* --- the host device --- */

static void set_up(const char *hole)
{
	struct ovnet_prefix holes[2] = {prefix(hole), prefix("fd05::/48")};
	struct ovnet_prefix_list list = {.items = holes, .n = 2};
	struct ovnet_host_conf conf = {{prefix("10.5.0.0/16"), prefix("fd05::/48")},
		{prefix("10.5.9.0/24"), prefix("fd05:0:0:9::/64")}, &list, 1450};
	int none = ovnet_host_device_setup(k, 99999, &conf);
	int rc = ovnet_host_device_setup(k, ovnet0, &conf);

	fprintf(out, "host device: %d; no such: %s\n", rc, strerror(-none));
	conf.mtu = 1000;
	fprintf(out, "MTU 1000: %s\n", strerror(-ovnet_host_device_setup(k, ovnet0, &conf)));
	conf.mtu = 1450;
	conf.own[0] = prefix("10.6.0.0/24");
	fprintf(out, "strange subnet: %s\n", strerror(-ovnet_host_device_setup(k, ovnet0, &conf)));
}

static void change(uint32_t ifindex, const char *subnet, bool set)
{
	struct ovnet_host_route_change one = {.subnet = prefix(subnet), .set = set};

	ovnet_host_routes_change(k, ifindex, &one, 1);
	int rc = set ? ovnet_host_route_set(k, ifindex, &one.subnet)
		     : ovnet_host_route_del(k, ifindex, &one.subnet);
	fprintf(out, "%s %s: %s, %s\n", set ? "set" : "remove", subnet, strerror(-one.rc),
		strerror(-rc));
}

static bool keep(void *arg, const struct ovnet_prefix *subnet)
{
	char text[OVNET_PREFIX_STRLEN];
	bool kept = strcmp(ovnet_prefix_text(subnet, text, sizeof(text)), arg) != 0;

	snprintf(lines[n_lines++], sizeof(lines[0]), "%s %s", text, kept ? "stays" : "goes");
	return kept;
}

static void on_checked(void *arg, int err)
{
	(void)arg;
	flush("  checked");
	fprintf(out, "  with %s\n", strerror(-err));
}

static void check(const char *unwanted)
{
	int rc = ovnet_host_routes_check(k, ovnet0, keep, on_checked, (void *)unwanted);
	int again = ovnet_host_routes_check(k, ovnet0, keep, on_checked, (void *)unwanted);

	fprintf(out, "check: %s; a second one: %s\n", strerror(-rc), strerror(-again));
	turn("routes are checked");
}

static void of_the_underlay(void)
{
	ask_links();
	ask_match("192.168.77.1");
	ask_match("ovnet0");
	ask_match("nothing");
	ask_addrs(u0);
	ask_routes();
	world->route("u0", "10.20.0.0/16", "192.168.77.2", 1300);
	world->route("u0", "fd99::/64", "fd77::2", 0);
	world->route(NULL, "10.31.0.0/16", NULL, 0);
	world->route("u0", "0.0.0.0/0", "192.168.77.2", 0);
	turn("routes were added");
	ask_routes();
	ask_main_routes();
	ask_links();
	world->addr("u0", "192.168.79.1/24", true);
	turn("an address was added");
	ask_addrs(u0);
	world->addr("u0", "192.168.79.1/24", false);
	turn("and removed");
	world->mtu("u0", 1400);
	turn("the MTU changed");
	turn("nothing");
}

static void of_neighbours(void)
{
	want("192.168.77.50");
	want("0.0.0.0");
	world->neigh("u0", "192.168.77.50", "02:00:00:00:77:50");
	turn("the neighbour answers");
	want("192.168.77.50");
	world->neigh("u0", "192.168.77.50", "02:00:00:00:77:51");
	turn("with another MAC");
	world->neigh("u0", "192.168.77.50", NULL);
	turn("it is gone");
	world->neigh("u0", "192.168.77.50", "02:00:00:00:77:50");
	turn("it is back");
	release("192.168.77.50");
	release("192.168.77.50");
	world->neigh("u0", "192.168.77.50", "02:00:00:00:77:51");
	turn("nobody wants it");
	want("192.168.77.50");
}

static void of_the_host_device(void)
{
	set_up("10.5.0.0/16");
	turn("the host device is there");
	ask_addrs(ovnet0);
	change(ovnet0, "10.5.3.0/24", true);
	change(ovnet0, "10.5.4.0/24", true);
	change(ovnet0, "fd05:0:0:3::/64", true);
	change(ovnet0, "0.0.0.0/0", true);
	change(99999, "10.5.7.0/24", true);
	turn("our routes");
	ask_routes();
	change(ovnet0, "10.5.4.0/24", false);
	change(ovnet0, "10.5.4.0/24", false);
	change(ovnet0, "10.5.5.0/24", true);
	check("10.5.5.0/24");
	world->blackhole_of_ours_gone("10.5.0.0/16");
	ask_routes();
	check("nothing");
	ask_routes();
	set_up("10.5.128.0/17");
	turn("another blackhole");
	world->no_route("0.0.0.0/0");
	turn("the default route is gone");
	ask_routes();
	world->up("ovnet0", false);
	turn("the host device is down");
	change(ovnet0, "10.5.3.0/24", true);
	check("nothing");
	world->up("ovnet0", true);
	turn("and up");
	change(ovnet0, "10.5.3.0/24", true);
	ask_addrs(ovnet0);
}

static void of_losses(void)
{
	world->up("u0", false);
	turn("the uplink is down");
	ask_addrs(u0);
	ask_routes();
	ask_main_routes();
	world->up("u0", true);
	turn("and up");
	ask_routes();
	world->gone("u0");
	turn("the uplink is gone");
	ask_links();
	ask_main_routes();
	ask_addrs(u0);
}

void story_tell(const struct story_world *w, FILE *to)
{
	static const struct ovnet_kernel_events events = {.neighbour = on_neighbour,
		.route_changed = on_routes,
		.link_changed = on_link,
		.addrs_changed = on_addrs};
	struct ovnet_link l;

	world = w;
	out = to;
	k = ovnet_kernel_open(w->base, &events, NULL);
	if (k == NULL)
		abort();
	if (ovnet_kernel_link_by_name(k, "u0", &l) == 0)
		u0 = l.ifindex;
	if (ovnet_kernel_link_by_name(k, "ovnet0", &l) == 0)
		ovnet0 = l.ifindex;
	turn("in the beginning");
	of_the_underlay();
	of_neighbours();
	of_the_host_device();
	of_losses();
	ovnet_kernel_close(k);
}
