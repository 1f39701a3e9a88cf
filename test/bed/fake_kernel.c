/* SPDX-License-Identifier: BSD-3-Clause */
/* kernel/kernel.h's functions on the fake kernel's lists. */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bed/fake_kernel_int.h"
#include "kernel/kernel.h"

struct ovnet_kernel *fake_open;

struct ovnet_kernel *ovnet_kernel_open(
	struct event_base *base, const struct ovnet_kernel_events *events, void *arg)
{
	struct ovnet_kernel *k;

	(void)base;
	if (fake_open != NULL)
		fake_misuse("opened twice");
	if (fake_called(FAKE_OPEN) < 0)
		return NULL;
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		return NULL;
	k->events = *events;
	k->arg = arg;
	fake_open = k;
	return k;
}

void ovnet_kernel_close(struct ovnet_kernel *k)
{
	if (k == NULL)
		return;
	for (unsigned i = 0; i < fake.n_neighs; i++)
		fake.neigh[i].refs = 0;
	fake_due_nothing();
	ovnet_prefix_list_free(&k->blackholes);
	fake_open = NULL;
	free(k);
}

static int get_link(uint32_t ifindex, struct ovnet_link *out)
{
	const struct ovnet_link *link = fake_link_find(ifindex);

	if (link == NULL)
		return -ENODEV;
	*out = *link;
	return 0;
}

int ovnet_kernel_link_by_index(struct ovnet_kernel *k, uint32_t ifindex, struct ovnet_link *out)
{
	int rc = fake_called(FAKE_LINK);

	(void)k;
	*out = (struct ovnet_link){0};
	return rc < 0 ? rc : get_link(ifindex, out);
}

int ovnet_kernel_link_by_name(struct ovnet_kernel *k, const char *name, struct ovnet_link *out)
{
	int rc = fake_called(FAKE_LINK);

	(void)k;
	*out = (struct ovnet_link){0};
	for (unsigned i = 0; rc == 0 && i < fake.n_links; i++)
		if (strcmp(fake.link[i].name, name) == 0)
			return get_link(fake.link[i].ifindex, out);
	return rc < 0 ? rc : -ENODEV;
}

int ovnet_kernel_link_mark_twin(struct ovnet_kernel *k, uint32_t ifindex)
{
	(void)k;
	for (unsigned i = 0; i < fake.n_links; i++)
		if (fake.link[i].ifindex == ifindex) {
			fake.twins |= 1u << i;
			return 0;
		}
	return -ENODEV;
}

int ovnet_kernel_link_by_addr(
	struct ovnet_kernel *k, const struct ovnet_addr *addr, struct ovnet_link *out)
{
	int rc = fake_called(FAKE_LINK);

	(void)k;
	for (unsigned i = 0; rc == 0 && i < fake.n_addrs; i++)
		if (ovnet_addr_equal(&fake.addr[i].addr, addr))
			return get_link(fake.addr[i].ifindex, out);
	return rc < 0 ? rc : -ENODEV;
}

static bool link_local(const struct ovnet_addr *a)
{
	const struct ovnet_prefix4 net = {0xa9fe0000, 16};

	if (a->family == AF_INET6)
		return a->v6[0] == 0xfe && (a->v6[1] & 0xc0) == 0x80;
	return ovnet_prefix4_contains(&net, be32toh(a->v4_be));
}

int ovnet_kernel_link_addr(
	struct ovnet_kernel *k, uint32_t ifindex, uint8_t family, struct ovnet_addr *out)
{
	const struct fake_addr *best = NULL;
	int rc = fake_called(FAKE_ADDR);

	(void)k;
	for (unsigned i = 0; i < fake.n_addrs; i++) {
		const struct fake_addr *a = &fake.addr[i];
		if (a->ifindex != ifindex || a->addr.family != family || a->deprecated ||
			!ovnet_addr_is_unicast(&a->addr))
			continue;
		if (best == NULL || (link_local(&best->addr) && !link_local(&a->addr)))
			best = a;
	}
	if (rc < 0)
		return rc;
	if (fake_link_find(ifindex) == NULL)
		return -ENODEV;
	if (best == NULL)
		return -EADDRNOTAVAIL;
	*out = best->addr;
	return 0;
}

unsigned ovnet_kernel_link_addrs(
	struct ovnet_kernel *k, uint32_t ifindex, struct ovnet_addr *out, unsigned max)
{
	unsigned n = 0;

	(void)k;
	if (fake_called(FAKE_ADDR) < 0)
		return 0;
	for (unsigned i = 0; i < fake.n_addrs && n < max; i++)
		if (fake.addr[i].ifindex == ifindex && ovnet_addr_is_unicast(&fake.addr[i].addr))
			out[n++] = fake.addr[i].addr;
	return n;
}

int ovnet_kernel_local_addrs(struct ovnet_kernel *k, struct ovnet_local_addr **out)
{
	int rc = fake_called(FAKE_ADDR), n = 0;

	(void)k;
	*out = rc == 0 ? calloc(fake.n_addrs + 1u, sizeof(**out)) : NULL;
	if (*out == NULL)
		return rc < 0 ? rc : -ENOMEM;
	for (unsigned i = 0; i < fake.n_addrs; i++)
		if (ovnet_addr_is_unicast(&fake.addr[i].addr))
			(*out)[n++] =
				(struct ovnet_local_addr){fake.addr[i].ifindex, fake.addr[i].addr};
	return n;
}

int ovnet_kernel_link_match(struct ovnet_kernel *k, bool (*match)(void *arg, const char *text),
	void *arg, char *text, size_t size)
{
	char one[OVNET_ADDR_STRLEN];
	int rc = fake_called(FAKE_LINK);

	(void)k;
	for (unsigned i = 0; rc == 0 && i < fake.n_addrs; i++) {
		const struct ovnet_addr *a = &fake.addr[i].addr;
		if (a->family == AF_INET && ovnet_addr_is_unicast(a) &&
			match(arg, ovnet_addr_text(a, one, sizeof(one)))) {
			snprintf(text, size, "%s", one);
			return 0;
		}
	}
	for (unsigned i = 0; rc == 0 && i < fake.n_links; i++)
		if (fake.link[i].ifindex != FAKE_LOOPBACK && match(arg, fake.link[i].name)) {
			snprintf(text, size, "%s", fake.link[i].name);
			return 0;
		}
	return rc < 0 ? rc : -ENODEV;
}

int ovnet_kernel_default_link(struct ovnet_kernel *k, struct ovnet_link *out)
{
	const struct fake_route *best = NULL;
	int rc = fake_called(FAKE_LINK);

	(void)k;
	for (unsigned i = 0; rc == 0 && i < fake.n_routes; i++) {
		const struct fake_route *r = &fake.route[i];
		if (r->dst.family == AF_INET && r->dst.v4.len == 0 && r->ifindex != 0 &&
			(best == NULL || r->metric < best->metric))
			best = r;
	}
	if (rc < 0)
		return rc;
	return best == NULL ? -ENETUNREACH : get_link(best->ifindex, out);
}

static const struct fake_route *look_up(const struct ovnet_addr *dst)
{
	const struct fake_route *best = NULL;

	for (unsigned i = 0; i < fake.n_routes; i++) {
		const struct fake_route *r = &fake.route[i];
		if (!ovnet_prefix_contains(&r->dst, dst))
			continue;
		int longer =
			best == NULL ? 1 : ovnet_prefix_len(&r->dst) - ovnet_prefix_len(&best->dst);
		if (longer > 0 || (longer == 0 && r->metric < best->metric))
			best = r;
	}
	return best;
}

/* Of the link, nearest to the destination's own net. */
static struct ovnet_addr source_of(const struct fake_route *r, const struct ovnet_addr *dst)
{
	const struct ovnet_addr *to = r->gateway.family == dst->family ? &r->gateway : dst;
	struct ovnet_addr first = {0};

	if (r->prefsrc.family != 0)
		return r->prefsrc;
	for (unsigned i = 0; i < fake.n_addrs; i++) {
		const struct fake_addr *a = &fake.addr[i];
		if (a->ifindex != r->ifindex || a->addr.family != dst->family)
			continue;
		struct ovnet_prefix net = ovnet_prefix_of_addr(&a->addr);
		if (net.family == AF_INET)
			net.v4.len = a->len;
		else
			net.v6.len = a->len;
		if (ovnet_prefix_contains(&net, to))
			return a->addr;
		if (first.family == 0)
			first = a->addr;
	}
	return first;
}

int ovnet_kernel_route_get(
	struct ovnet_kernel *k, const struct ovnet_addr *dst, struct ovnet_route *out)
{
	int rc = fake_called(FAKE_ROUTE_GET);

	(void)k;
	*out = (struct ovnet_route){0};
	if (rc < 0)
		return rc;
	if (dst->family != AF_INET && dst->family != AF_INET6)
		return -EINVAL;
	for (unsigned i = 0; i < fake.n_addrs; i++)
		if (ovnet_addr_equal(&fake.addr[i].addr, dst)) {
			*out = (struct ovnet_route){
				.ifindex = FAKE_LOOPBACK, .prefsrc = *dst, .mtu = UINT16_MAX};
			return 0;
		}
	const struct fake_route *r = look_up(dst);
	if (r == NULL || r->ifindex == 0)
		return -ENETUNREACH;
	*out = (struct ovnet_route){.ifindex = r->ifindex,
		.gateway = r->gateway,
		.prefsrc = source_of(r, dst),
		.mtu = r->mtu != 0 ? r->mtu : fake_link_find(r->ifindex)->mtu};
	return 0;
}

void ovnet_kernel_routes_get(struct ovnet_kernel *k, struct ovnet_route_query *queries, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		queries[i].rc = ovnet_kernel_route_get(k, &queries[i].dst, &queries[i].route);
}

int ovnet_kernel_main_routes(struct ovnet_kernel *k, uint32_t ifindex,
	void (*each)(void *arg, const struct ovnet_main_route *route), void *arg)
{
	int rc = fake_called(FAKE_MAIN_ROUTES);

	(void)k;
	for (unsigned i = 0; rc == 0 && i < fake.n_routes; i++) {
		const struct fake_route *r = &fake.route[i];
		const struct ovnet_main_route one = {r->dst, r->gateway, r->ifindex};
		if (!r->ours && (ifindex == 0 || r->ifindex == ifindex))
			each(arg, &one);
	}
	return rc;
}

int ovnet_kernel_neigh_want(struct ovnet_kernel *k, uint32_t ifindex, const struct ovnet_addr *addr,
	struct ovnet_mac *mac)
{
	int rc = fake_called(FAKE_NEIGH_WANT);

	(void)k;
	if (rc < 0)
		return rc;
	if (ifindex == 0 || ifindex > INT32_MAX || !ovnet_addr_is_unicast(addr))
		return -EINVAL;
	struct fake_neigh *n = fake_neigh_new(ifindex, addr);
	if (n->refs++ == 0) {
		n->told = n->answer == FAKE_KNOWN ? FAKE_KNOWN : FAKE_NO_ANSWER;
		n->told_mac = n->mac;
	}
	if (n->told != FAKE_KNOWN)
		return 0;
	*mac = n->told_mac;
	return 1;
}

void ovnet_kernel_neigh_release(
	struct ovnet_kernel *k, uint32_t ifindex, const struct ovnet_addr *addr)
{
	struct fake_neigh *n = fake_neigh_find(ifindex, addr);

	(void)k;
	/* The real one forgives it; a part that releases what it has not does count wrong. */
	if (n == NULL || n->refs == 0)
		fake_misuse("a neighbour of link %u released that nobody wants", ifindex);
	n->refs--;
}
