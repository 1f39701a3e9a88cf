/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/host.h"

#include <errno.h>
#include <stdio.h>

uint32_t add_tun(struct lab *l, const char *name)
{
	struct ovnet_link link;

	sh("ip tuntap add dev %s mode tun", name);
	assert_int_equal(ovnet_kernel_link_by_name(l->k, name, &link), 0);
	assert_string_equal(link.kind, "tun");
	return link.ifindex;
}

const struct ovnet_prefix_list *holes(const char *a, const char *b)
{
	static struct ovnet_prefix items[4][2];
	static struct ovnet_prefix_list list[4];
	static unsigned turn;
	unsigned i = turn++ % 4;

	list[i] = (struct ovnet_prefix_list){.items = items[i], .n = b != NULL ? 2 : a != NULL};
	if (a != NULL)
		items[i][0] = net(a);
	if (b != NULL)
		items[i][1] = net(b);
	return &list[i];
}

int lab_host_set_up(struct lab *l, uint32_t ifindex)
{
	const struct ovnet_host_conf conf = {{net(NETWORK)}, {net(OWN)}, holes(NETWORK, NULL), MTU};

	return ovnet_host_device_setup(l->k, ifindex, &conf);
}

void set_route(struct lab *l, uint32_t ifindex, const char *subnet)
{
	struct ovnet_prefix p = net(subnet);

	assert_int_equal(ovnet_host_route_set(l->k, ifindex, &p), 0);
}

void prints(const char *cmd, const char *want)
{
	char got[2048];
	FILE *f = popen(cmd, "r");

	assert_non_null(f);
	got[fread(got, 1, sizeof(got) - 1, f)] = '\0';
	pclose(f);
	assert_string_equal(got, want);
}

bool keep_one(void *arg, const struct ovnet_prefix *subnet)
{
	struct ovnet_prefix kept = net("10.5.1.0/24");

	((struct comparison *)arg)->asked++;
	return ovnet_prefix_equal(subnet, &kept);
}

void on_compared(void *arg, int err)
{
	struct comparison *c = arg;

	assert_false(c->over);
	c->over = true;
	c->err = err;
}

unsigned compare(struct lab *l, uint32_t dev)
{
	struct comparison c = {0}, second = {0};

	assert_int_equal(ovnet_host_routes_check(l->k, dev, keep_one, on_compared, &c), 0);
	assert_int_equal(
		ovnet_host_routes_check(l->k, dev, keep_one, on_compared, &second), -EBUSY);
	assert_false(c.over);
	run_until(l, c.over, 10);
	assert_int_equal(c.err, 0);
	assert_false(second.over);
	return c.asked;
}
