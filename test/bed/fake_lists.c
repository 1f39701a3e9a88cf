/* SPDX-License-Identifier: BSD-3-Clause */
/* The fake kernel's routes, addresses and neighbours. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bed/fake_kernel_int.h"

static struct ovnet_addr addr_in(const char *text, uint8_t *len)
{
	char part[OVNET_PREFIX_STRLEN];
	const char *slash = strchr(text, '/');
	struct ovnet_addr a;

	snprintf(part, sizeof(part), "%.*s", (int)strcspn(text, "/"), text);
	if (ovnet_addr_parse(part, &a) < 0)
		fake_misuse("%s is no address", text);
	if (len != NULL)
		*len = slash != NULL ? (uint8_t)atoi(slash + 1) : a.family == AF_INET ? 32 : 128;
	return a;
}

static struct ovnet_prefix prefix_in(const char *text)
{
	struct ovnet_prefix p;

	if (ovnet_prefix_parse(text, &p) < 0)
		fake_misuse("%s is no prefix", text);
	return p;
}

/* --- routes --- */

static bool same_route(const struct fake_route *a, const struct fake_route *b)
{
	return ovnet_prefix_equal(&a->dst, &b->dst) && a->metric == b->metric &&
	       (a->dst.family == AF_INET || a->ifindex == b->ifindex);
}

/* Replaces. */
void fake_route_put(const struct fake_route *route)
{
	for (unsigned i = 0; i < fake.n_routes; i++)
		if (same_route(&fake.route[i], route)) {
			fake.route[i] = *route;
			return;
		}
	if (fake.n_routes == FAKE_ROUTES)
		fake_misuse("more than %u routes", FAKE_ROUTES);
	fake.route[fake.n_routes++] = *route;
}

void fake_route_drop(unsigned i)
{
	fake.n_routes--;
	memmove(&fake.route[i], &fake.route[i + 1], (fake.n_routes - i) * sizeof(fake.route[0]));
}

void fake_route_add(uint32_t ifindex, const char *dst, const char *gateway, uint16_t mtu)
{
	struct fake_route r = {.dst = prefix_in(dst), .ifindex = ifindex, .mtu = mtu};

	if (ifindex != 0 && !fake_link_there(ifindex)->up)
		fake_misuse("route %s by link %u, which is down", dst, ifindex);
	if (gateway != NULL)
		r.gateway = addr_in(gateway, NULL);
	fake_route_put(&r);
	fake_due_routes();
}

void fake_route_del(const char *dst)
{
	const struct ovnet_prefix p = prefix_in(dst);
	unsigned before = fake.n_routes;

	for (unsigned i = fake.n_routes; i-- > 0;) {
		if (!ovnet_prefix_equal(&fake.route[i].dst, &p))
			continue;
		if (!fake.route[i].ours)
			fake_due_routes(); /* ours are muted */
		fake_route_drop(i);
	}
	if (fake.n_routes == before)
		fake_misuse("no route %s", dst);
}

const struct fake_route *fake_route_of_ours(uint32_t ifindex, const char *dst)
{
	const struct ovnet_prefix p = prefix_in(dst);

	for (unsigned i = 0; i < fake.n_routes; i++)
		if (fake.route[i].ours && fake.route[i].ifindex == ifindex &&
			ovnet_prefix_equal(&fake.route[i].dst, &p))
			return &fake.route[i];
	return NULL;
}

unsigned fake_routes_of_ours(uint32_t ifindex)
{
	unsigned n = 0;

	for (unsigned i = 0; i < fake.n_routes; i++)
		n += fake.route[i].ours && fake.route[i].ifindex == ifindex;
	return n;
}

/* --- addresses --- */

/* IPv4 has one where there are others in its net. */
void fake_addr_connect(const struct fake_addr *a)
{
	struct fake_route r = {
		.ifindex = a->ifindex, .connected = true, .dst = ovnet_prefix_of_addr(&a->addr)};

	if (a->ifindex == FAKE_LOOPBACK || !fake_link_there(a->ifindex)->up ||
		(a->addr.family == AF_INET && a->len == 32))
		return;
	if (a->addr.family == AF_INET) {
		r.dst.v4.len = a->len;
		r.dst.v4.addr_host &= a->len == 0 ? 0 : ~0u << (32 - a->len);
		r.prefsrc = a->addr;
	} else {
		r.dst.v6.len = a->len;
		ovnet_prefix6_mask(&r.dst.v6);
		r.metric = 256;
	}
	fake_route_put(&r);
}

void fake_addr_put(uint32_t ifindex, const struct ovnet_addr *addr, uint8_t len)
{
	struct fake_addr *a = NULL;

	for (unsigned i = 0; i < fake.n_addrs && a == NULL; i++)
		if (fake.addr[i].ifindex == ifindex && ovnet_addr_equal(&fake.addr[i].addr, addr))
			a = &fake.addr[i];
	if (a == NULL && fake.n_addrs == FAKE_ADDRS)
		fake_misuse("more than %u addresses", FAKE_ADDRS);
	if (a == NULL)
		a = &fake.addr[fake.n_addrs++];
	*a = (struct fake_addr){.ifindex = ifindex, .addr = *addr, .len = len};
	fake_addr_connect(a);
	fake_due_link(ifindex);
	fake_due_addrs();
}

/* The connected route goes with it, and those that prefer it as their source. */
void fake_addr_drop(unsigned i)
{
	const struct fake_addr a = fake.addr[i];

	fake.n_addrs--;
	memmove(&fake.addr[i], &fake.addr[i + 1], (fake.n_addrs - i) * sizeof(a));
	for (unsigned r = fake.n_routes; r-- > 0;) {
		const struct fake_route *route = &fake.route[r];
		if (route->ifindex == a.ifindex && route->connected &&
			ovnet_prefix_contains(&route->dst, &a.addr) &&
			(a.addr.family == AF_INET6 || ovnet_addr_equal(&route->prefsrc, &a.addr)))
			fake_route_drop(r);
	}
	fake_due_link(a.ifindex);
	fake_due_addrs();
}

void fake_addr_add(uint32_t ifindex, const char *addr)
{
	uint8_t len;
	struct ovnet_addr a = addr_in(addr, &len);

	(void)fake_link_there(ifindex);
	fake_addr_put(ifindex, &a, len);
}

void fake_addr_del(uint32_t ifindex, const char *addr)
{
	const struct ovnet_addr a = addr_in(addr, NULL);

	for (unsigned i = 0; i < fake.n_addrs; i++)
		if (fake.addr[i].ifindex == ifindex && ovnet_addr_equal(&fake.addr[i].addr, &a)) {
			fake_addr_drop(i);
			return;
		}
	fake_misuse("link %u has no address %s", ifindex, addr);
}

/* --- neighbours --- */

struct fake_neigh *fake_neigh_find(uint32_t ifindex, const struct ovnet_addr *addr)
{
	for (unsigned i = 0; i < fake.n_neighs; i++)
		if (fake.neigh[i].ifindex == ifindex && ovnet_addr_equal(&fake.neigh[i].addr, addr))
			return &fake.neigh[i];
	return NULL;
}

struct fake_neigh *fake_neigh_new(uint32_t ifindex, const struct ovnet_addr *addr)
{
	struct fake_neigh *n = fake_neigh_find(ifindex, addr);

	if (n != NULL)
		return n;
	if (fake.n_neighs == FAKE_NEIGHS)
		fake_misuse("more than %u neighbours", FAKE_NEIGHS);
	n = &fake.neigh[fake.n_neighs++];
	*n = (struct fake_neigh){.ifindex = ifindex, .addr = *addr};
	return n;
}

void fake_neigh_set(uint32_t ifindex, const char *addr, const char *mac)
{
	const struct ovnet_addr a = addr_in(addr, NULL);
	struct fake_neigh *n = fake_neigh_new(ifindex, &a);

	(void)fake_link_there(ifindex);
	n->answer = mac != NULL ? FAKE_KNOWN : FAKE_FAILED;
	if (mac != NULL)
		n->mac = fake_mac_in(mac);
	fake_due_neigh(ifindex, &a);
}

unsigned fake_neigh_refs(uint32_t ifindex, const char *addr)
{
	const struct ovnet_addr a = addr_in(addr, NULL);
	const struct fake_neigh *n = fake_neigh_find(ifindex, &a);

	return n != NULL ? n->refs : 0;
}
