/* SPDX-License-Identifier: BSD-3-Clause */
/* kernel/host_device.h's functions on the fake kernel's lists. */
#include <errno.h>
#include <sys/socket.h>

#include "bed/fake_kernel_int.h"
#include "kernel/host_device.h"

#define MAX_GATEWAY_BITS 12

static bool routable(const struct ovnet_prefix *subnet)
{
	struct ovnet_addr base = ovnet_prefix_first(subnet);
	struct ovnet_prefix6 masked = subnet->v6;
	uint8_t len = ovnet_prefix_len(subnet);

	if (!ovnet_addr_is_unicast(&base) || len == 0)
		return false;
	if (subnet->family == AF_INET)
		return len <= 32 && (len == 32 || (subnet->v4.addr_host & ~0u >> len) == 0);
	ovnet_prefix6_mask(&masked);
	return len <= 128 && ovnet_prefix6_equal(&masked, &subnet->v6);
}

int ovnet_host_route_set(
	struct ovnet_kernel *k, uint32_t ifindex, const struct ovnet_prefix *subnet)
{
	struct fake_route r = {.dst = *subnet, .ifindex = ifindex, .ours = true};
	const struct ovnet_link *link = fake_link_find(ifindex);
	int rc = fake_called(FAKE_ROUTE_SET);

	if (rc < 0)
		return rc;
	if (!routable(subnet))
		return -EINVAL;
	if (link == NULL || !link->up)
		return link == NULL ? -ENODEV : -ENETDOWN;
	if (subnet->family == AF_INET6 || !k->no_gateways)
		r.gateway = ovnet_prefix_first(subnet);
	fake_route_put(&r);
	return 0;
}

int ovnet_host_route_del(
	struct ovnet_kernel *k, uint32_t ifindex, const struct ovnet_prefix *subnet)
{
	int rc = fake_called(FAKE_ROUTE_DEL);

	(void)k;
	for (unsigned i = fake.n_routes; rc == 0 && i-- > 0;)
		if (fake.route[i].ours && fake.route[i].ifindex == ifindex &&
			ovnet_prefix_equal(&fake.route[i].dst, subnet))
			fake_route_drop(i);
	return rc;
}

void ovnet_host_routes_change(struct ovnet_kernel *k, uint32_t ifindex,
	struct ovnet_host_route_change *changes, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		changes[i].rc = changes[i].set
					? ovnet_host_route_set(k, ifindex, &changes[i].subnet)
					: ovnet_host_route_del(k, ifindex, &changes[i].subnet);
}

/* 0 made, 1 there already, -EEXIST by another device. */
static int port_route_set(uint32_t ifindex, bool gateways, const struct ovnet_prefix *dst)
{
	const struct ovnet_link *link = fake_link_find(ifindex);
	struct fake_route r = {.dst = *dst, .ifindex = ifindex, .ours = true};
	int rc = fake_called(FAKE_ROUTE_SET);

	if (rc < 0)
		return rc;
	if (link == NULL || !link->up)
		return link == NULL ? -ENODEV : -ENETDOWN;
	for (unsigned i = 0; i < fake.n_routes; i++)
		if (ovnet_prefix_equal(&fake.route[i].dst, dst) && fake.route[i].metric == 0)
			return fake.route[i].ifindex == ifindex ? 1 : -EEXIST;
	if (gateways && dst->family == AF_INET)
		r.gateway = ovnet_prefix_first(dst);
	fake_route_put(&r);
	return 0;
}

void ovnet_port_routes_change(struct ovnet_kernel *k, uint32_t ifindex, bool gateways,
	struct ovnet_host_route_change *changes, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		changes[i].rc = changes[i].set
					? port_route_set(ifindex, gateways, &changes[i].subnet)
					: ovnet_host_route_del(k, ifindex, &changes[i].subnet);
}

static void put_blackholes(const struct ovnet_prefix_list *want)
{
	for (unsigned i = 0; i < want->n; i++) {
		const struct fake_route r = {
			.dst = want->items[i], .metric = OVNET_BLACKHOLE_METRIC, .ours = true};
		fake_route_put(&r);
	}
}

int ovnet_host_blackholes_set(struct ovnet_kernel *k, const struct ovnet_prefix_list *want)
{
	int rc = fake_called(FAKE_BLACKHOLES);

	if (rc < 0)
		return rc;
	ovnet_prefix_list_free(&k->blackholes);
	for (unsigned i = 0; i < want->n; i++)
		if (ovnet_prefix_list_add(&k->blackholes, &want->items[i]) < 0)
			return -ENOMEM;
	put_blackholes(want);
	for (unsigned i = fake.n_routes; i-- > 0;)
		if (fake.route[i].ours && fake.route[i].ifindex == 0 &&
			!ovnet_prefix_list_has(want, &fake.route[i].dst))
			fake_route_drop(i);
	return 0;
}

static int check_pair(const struct ovnet_prefix *network, const struct ovnet_prefix *own)
{
	struct ovnet_addr base = ovnet_prefix_first(own);

	if (network->family == 0 && own->family == 0)
		return 0;
	return ovnet_prefix_len(network) > 0 &&
			       ovnet_prefix_len(own) >= ovnet_prefix_len(network) &&
			       ovnet_prefix_contains(network, &base) && ovnet_addr_is_unicast(&base)
		       ? 0
		       : -EINVAL;
}

static int check(const struct ovnet_host_conf *conf)
{
	int rc = check_pair(&conf->network[0], &conf->own[0]);

	if (rc == 0)
		rc = check_pair(&conf->network[1], &conf->own[1]);
	return rc == 0 && conf->mtu < (conf->own[1].family != 0 ? 1280 : 68) ? -EINVAL : rc;
}

/* Others of the networks go, ours come. */
static void set_addresses(uint32_t ifindex, const struct ovnet_host_conf *conf)
{
	for (unsigned i = fake.n_addrs; i-- > 0;) {
		const struct fake_addr *a = &fake.addr[i];
		unsigned v6 = a->addr.family == AF_INET6;
		struct ovnet_addr want = ovnet_prefix_first(&conf->own[v6]);
		if (a->ifindex == ifindex && ovnet_prefix_contains(&conf->network[v6], &a->addr) &&
			!(ovnet_addr_equal(&a->addr, &want) && a->len == (v6 ? 128 : 32)))
			fake_addr_drop(i);
	}
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct ovnet_addr want = ovnet_prefix_first(&conf->own[v6]);
		if (conf->own[v6].family != 0)
			fake_addr_put(ifindex, &want, v6 ? 128 : 32);
	}
}

int ovnet_host_device_setup(
	struct ovnet_kernel *k, uint32_t ifindex, const struct ovnet_host_conf *conf)
{
	int rc = fake_called(FAKE_HOST_SETUP);

	if (rc == 0)
		rc = check(conf);
	if (rc < 0)
		return rc;
	k->no_gateways = conf->own[0].v4.len - conf->network[0].v4.len > MAX_GATEWAY_BITS;
	rc = ovnet_host_blackholes_set(k, conf->blackholes);
	if (rc < 0)
		return rc;
	const struct ovnet_link *link = fake_link_find(ifindex);
	if (link == NULL)
		return -ENODEV;
	struct ovnet_link up = *link;
	up.up = true;
	up.mtu = conf->mtu;
	fake_link_set(&up);
	set_addresses(ifindex, conf);
	return 0;
}

int ovnet_host_routes_check(struct ovnet_kernel *k, uint32_t ifindex,
	bool (*keep)(void *arg, const struct ovnet_prefix *subnet),
	void (*done)(void *arg, int err), void *arg)
{
	int rc = fake_called(FAKE_ROUTES_CHECK);

	if (rc < 0)
		return rc;
	if (k->check.done != NULL)
		return -EBUSY;
	k->check = (struct fake_check){keep, done, arg, ifindex};
	return 0;
}

void fake_check_run(struct ovnet_kernel *k)
{
	const struct fake_check c = k->check;
	int err = fake.check_err;

	if (c.done == NULL)
		return;
	for (unsigned i = fake.n_routes; i-- > 0;) {
		const struct fake_route r = fake.route[i];
		if (r.ours && r.ifindex == c.ifindex && !c.keep(c.arg, &r.dst))
			fake_route_drop(i);
	}
	if (err == 0)
		put_blackholes(&k->blackholes);
	fake.check_err = 0;
	k->check = (struct fake_check){0};
	c.done(c.arg, err);
}
