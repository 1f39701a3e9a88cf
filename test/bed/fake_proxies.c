/* SPDX-License-Identifier: BSD-3-Clause */
/* kernel/proxy.h's functions on the fake kernel's lists. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bed/fake_kernel_int.h"

static struct ovnet_proxy *find(uint32_t ifindex, const struct ovnet_addr *addr)
{
	for (unsigned i = 0; i < fake.n_proxies; i++)
		if (fake.proxy[i].ifindex == ifindex && ovnet_addr_equal(&fake.proxy[i].addr, addr))
			return &fake.proxy[i];
	return NULL;
}

static void put(const struct ovnet_proxy *p)
{
	struct ovnet_proxy *at = find(p->ifindex, &p->addr);

	if (at == NULL && fake.n_proxies == FAKE_PROXIES)
		fake_misuse("more than %u proxy entries", FAKE_PROXIES);
	if (at == NULL)
		at = &fake.proxy[fake.n_proxies++];
	*at = *p;
}

/* The last takes its place. */
static void drop(struct ovnet_proxy *p)
{
	*p = fake.proxy[--fake.n_proxies];
}

void fake_proxies_drop(uint32_t ifindex)
{
	for (unsigned i = fake.n_proxies; i-- > 0;)
		if (fake.proxy[i].ifindex == ifindex)
			drop(&fake.proxy[i]);
}

int ovnet_kernel_proxies(struct ovnet_kernel *k, struct ovnet_proxy **out)
{
	int rc = fake_called(FAKE_PROXIES_LIST);

	(void)k;
	*out = rc == 0 ? calloc(fake.n_proxies + 1u, sizeof(**out)) : NULL;
	if (*out == NULL)
		return rc < 0 ? rc : -ENOMEM;
	memcpy(*out, fake.proxy, fake.n_proxies * sizeof(**out));
	return (int)fake.n_proxies;
}

static int change(const struct ovnet_proxy_change *c)
{
	const struct ovnet_proxy ours = {c->proxy.ifindex, c->proxy.addr, true};
	struct ovnet_proxy *there = find(c->proxy.ifindex, &c->proxy.addr);
	int rc = fake_called(FAKE_PROXY_SET);

	if (rc < 0)
		return rc;
	if (c->set && fake_link_find(c->proxy.ifindex) == NULL)
		return -ENODEV;
	if (c->set)
		put(&ours);
	else if (there != NULL)
		drop(there);
	return 0;
}

void ovnet_kernel_proxies_change(
	struct ovnet_kernel *k, struct ovnet_proxy_change *changes, unsigned n)
{
	(void)k;
	for (unsigned i = 0; i < n; i++)
		changes[i].rc = change(&changes[i]);
}

int ovnet_kernel_link_forward(struct ovnet_kernel *k, uint32_t ifindex, uint8_t family, bool proxy,
	char *what, size_t size)
{
	const struct ovnet_link *link = fake_link_find(ifindex);
	int rc = fake_called(FAKE_FORWARD);

	(void)k;
	snprintf(what, size, "net.ipv%c.conf.%s.forwarding", family == AF_INET ? '4' : '6',
		link != NULL ? link->name : "none");
	if (rc < 0 || link == NULL)
		return rc < 0 ? rc : -ENODEV;
	if (family == AF_INET6 && !proxy)
		return 0;
	fake.forwards[link - fake.link][family == AF_INET6] = true;
	return 0;
}

bool ovnet_kernel_forwards(struct ovnet_kernel *k, uint8_t family)
{
	(void)k;
	return !fake.no_forward[family == AF_INET6];
}

/* Who answered, or is told of. */
int ovnet_kernel_neighbour(
	struct ovnet_kernel *k, const struct ovnet_addr *addr, struct ovnet_neighbour *out)
{
	(void)k;
	for (unsigned i = 0; i < fake.n_neighs; i++) {
		if (fake.neigh[i].answer != FAKE_KNOWN ||
			!ovnet_addr_equal(&fake.neigh[i].addr, addr))
			continue;
		*out = (struct ovnet_neighbour){fake.neigh[i].ifindex, fake.neigh[i].mac};
		return 0;
	}
	return -ENOENT;
}

static struct ovnet_addr addr_in(const char *text)
{
	struct ovnet_addr a;

	if (ovnet_addr_parse(text, &a) < 0)
		fake_misuse("%s is no address", text);
	return a;
}

void fake_proxy_add(uint32_t ifindex, const char *addr)
{
	const struct ovnet_proxy p = {fake_link_there(ifindex)->ifindex, addr_in(addr), false};

	put(&p);
}

void fake_proxy_del(uint32_t ifindex, const char *addr)
{
	const struct ovnet_addr a = addr_in(addr);
	struct ovnet_proxy *p = find(ifindex, &a);

	if (p == NULL)
		fake_misuse("no proxy entry %s on link %u", addr, ifindex);
	drop(p);
}

const struct ovnet_proxy *fake_proxy_find(uint32_t ifindex, const char *addr)
{
	const struct ovnet_addr a = addr_in(addr);

	return find(ifindex, &a);
}

unsigned fake_proxies_of_ours(uint32_t ifindex)
{
	unsigned n = 0;

	for (unsigned i = 0; i < fake.n_proxies; i++)
		n += fake.proxy[i].ours && fake.proxy[i].ifindex == ifindex;
	return n;
}
