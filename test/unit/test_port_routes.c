/* SPDX-License-Identifier: BSD-3-Clause */
/* Routes to attach ports, proxy entries and what goes with them, in the real kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/socket.h>

#include "bed/host.h"
#include "kernel/proxy.h"

#define PROXIES "(ip -4 neigh show proxy; ip -6 neigh show proxy) | sed 's/  */ /g; s/ *$//'"
#define MANY    300 /* more than four requests hold */

static int set(struct lab *l, uint32_t dev, bool gateways, bool there, const char *prefix)
{
	struct ovnet_host_route_change c = {.subnet = net(prefix), .set = there};

	ovnet_port_routes_change(l->k, dev, gateways, &c, 1);
	return c.rc;
}

static uint32_t start(struct lab *l)
{
	const struct ovnet_host_conf conf = {{net(NETWORK), net("fd05::/48")},
		{net(OWN), net("fd05:0:0:9::/64")}, holes(NETWORK, "fd05::/48"), MTU};
	uint32_t dev = add_tun(l, "ovnet0");

	assert_int_equal(ovnet_host_device_setup(l->k, dev, &conf), 0);
	return dev;
}

static void add_bridge(void)
{
	sh("ip link add br0 type bridge && ip link set br0 up");
	sh("ip addr add 10.5.9.1/24 dev br0 && ip addr add fd05:0:0:9::1/64 dev br0 nodad");
}

static void an_address_and_a_range(void **state)
{
	struct lab *l = *state;
	uint32_t dev = start(l);

	add_bridge();
	for (unsigned i = 0; i < 2; i++) {
		int there = (int)i; /* the second time they are */
		assert_int_equal(set(l, dev, true, true, "10.5.9.7/32"), there);
		assert_int_equal(set(l, dev, true, true, "10.5.9.192/26"), there);
		assert_int_equal(set(l, dev, true, true, "10.5.9.128/31"), there);
		assert_int_equal(set(l, dev, true, true, "10.5.9.0/31"), there);
		assert_int_equal(set(l, dev, true, true, "fd05:0:0:9::7/128"), there);
		assert_int_equal(set(l, dev, true, true, "fd05:0:0:9::100/120"), there);
	}
	prints(ROUTES " | grep -v blackhole", "10.5.9.0/31 dev ovnet0 scope link\n"
					      "10.5.9.7 via 10.5.9.7 dev ovnet0 onlink\n"
					      "10.5.9.128/31 via 10.5.9.128 dev ovnet0 onlink\n"
					      "10.5.9.192/26 via 10.5.9.254 dev ovnet0 onlink\n");
	prints(ROUTES6 " | grep -v blackhole",
		"fd05:0:0:9::7 dev ovnet0 metric 1024 pref medium\n"
		"fd05:0:0:9::100/120 dev ovnet0 metric 1024 pref medium\n");
	assert_int_equal(set(l, dev, true, false, "10.5.9.7/32"), 0);
	assert_int_equal(set(l, dev, true, false, "10.5.9.7/32"), 0);
	assert_int_equal(set(l, dev, false, true, "10.5.9.7/32"), 0);
	prints("ip route show 10.5.9.7 proto 111 | sed 's/ linkdown//; s/ *$//'",
		"10.5.9.7 dev ovnet0 scope link\n");
}

static void others_routes_stay(void **state)
{
	struct lab *l = *state;
	uint32_t dev = start(l);

	add_bridge();
	sh("ip route add 10.5.9.7 dev br0 && ip route add 10.5.9.8 dev ovnet0");
	sh("ip -6 route add fd05:0:0:9::7 dev br0 && ip addr add 10.5.9.9/32 dev u0");
	assert_int_equal(set(l, dev, true, true, "10.5.9.7/32"), -EEXIST);
	assert_int_equal(set(l, dev, true, true, "fd05:0:0:9::7/128"), -EEXIST);
	assert_int_equal(set(l, dev, true, true, OWN), -EEXIST); /* the bridge's */
	assert_int_equal(set(l, dev, true, true, "10.5.9.8/32"), 1);
	assert_int_equal(set(l, dev, true, false, "10.5.9.7/32"), 0);
	assert_int_equal(set(l, dev, true, false, "10.5.9.8/32"), 0);
	prints("ip route show 10.5.9.7 | wc -l; ip route show 10.5.9.8 | wc -l; "
	       "ip route show 10.5.9.0/24 | wc -l",
		"1\n1\n1\n");
	assert_int_equal(set(l, dev, true, true, "0.0.0.0/0"), -EINVAL);
	assert_int_equal(set(l, 999999, true, true, "10.5.9.20/32"), -ENODEV);
	assert_int_equal(set(l, 999999, true, false, "10.5.9.20/32"), 0);
}

static void change(struct lab *l, uint32_t link, const char *addr, bool there, int rc)
{
	struct ovnet_proxy_change c = {{link, ip(addr), true}, .set = there};

	ovnet_kernel_proxies_change(l->k, &c, 1);
	assert_int_equal(c.rc, rc);
}

static uint32_t index_of(struct lab *l, const char *name)
{
	struct ovnet_link link;

	assert_int_equal(ovnet_kernel_link_by_name(l->k, name, &link), 0);
	return link.ifindex;
}

/* Theirs and ours told apart; a link that is down forgets them. */
static void proxy_entries(void **state)
{
	struct lab *l = *state;
	struct ovnet_proxy *all;

	add_bridge();
	uint32_t br0 = index_of(l, "br0");
	change(l, br0, "10.5.9.7", true, 0);
	change(l, br0, "10.5.9.7", true, 0);
	change(l, br0, "fd05:0:0:9::7", true, 0);
	sh("ip neigh add proxy 10.5.9.8 dev br0");
	assert_int_equal(ovnet_kernel_proxies(l->k, &all), 3);
	for (unsigned i = 0; i < 3; i++) {
		struct ovnet_addr others = ip("10.5.9.8");
		assert_int_equal(all[i].ifindex, br0);
		assert_int_equal(all[i].ours, !ovnet_addr_equal(&all[i].addr, &others));
	}
	free(all);
	change(l, br0, "10.5.9.7", false, 0);
	change(l, br0, "10.5.9.7", false, 0);
	prints(PROXIES, "10.5.9.8 dev br0 proxy\nfd05:0:0:9::7 dev br0 proxy proto 111\n");
	sh("ip link set br0 down");
	assert_int_equal(ovnet_kernel_proxies(l->k, &all), 0);
	free(all);
	change(l, 999999, "10.5.9.7", true, -ENODEV);
	change(l, 999999, "10.5.9.7", false, 0);
}

static void many_proxy_entries(void **state)
{
	struct lab *l = *state;
	struct ovnet_proxy_change c[MANY];
	struct ovnet_proxy *all;

	add_bridge();
	for (unsigned i = 0; i < MANY; i++)
		c[i] = (struct ovnet_proxy_change){
			{index_of(l, "br0"), ovnet_addr_v4(0x0a050902 + i), true}, .set = true};
	ovnet_kernel_proxies_change(l->k, c, MANY);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(c[i].rc, 0);
	assert_int_equal(ovnet_kernel_proxies(l->k, &all), MANY);
	free(all);
}

static void forwarding(void **state)
{
	struct lab *l = *state;
	char what[80];

	add_bridge();
	uint32_t br0 = index_of(l, "br0");
	sh("sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0");
	assert_false(ovnet_kernel_forwards(l->k, AF_INET));
	assert_false(ovnet_kernel_forwards(l->k, AF_INET6));
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(
			ovnet_kernel_link_forward(l->k, br0, AF_INET, true, what, sizeof(what)), 0);
		assert_int_equal(
			ovnet_kernel_link_forward(l->k, br0, AF_INET6, true, what, sizeof(what)),
			0);
		prints("cd /proc/sys/net && cat ipv4/conf/br0/forwarding ipv6/conf/br0/forwarding "
		       "ipv6/conf/br0/proxy_ndp ipv4/ip_forward ipv6/conf/all/forwarding "
		       "ipv4/conf/u0/forwarding",
			"1\n1\n1\n0\n0\n0\n");
	}
	sh("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
	assert_true(ovnet_kernel_forwards(l->k, AF_INET));
	assert_true(ovnet_kernel_forwards(l->k, AF_INET6));
	sh("sysctl -qw net.ipv6.conf.u0.forwarding=0");
	assert_int_equal(
		ovnet_kernel_link_forward(l->k, l->u0, AF_INET6, false, what, sizeof(what)), 0);
	prints("cat /proc/sys/net/ipv6/conf/u0/forwarding", "0\n");
	assert_int_equal(ovnet_kernel_link_forward(l->k, 999999, AF_INET, true, what, sizeof(what)),
		-ENODEV);
}

/* Whoever answered once, not who is only asked for. */
static void who_answered(void **state)
{
	struct lab *l = *state;
	const struct ovnet_addr peer = ip("192.168.77.2"), silent = ip("192.168.77.99"),
				known = ip("fd77::9");
	struct ovnet_neighbour who;

	sh("ping -q -c 1 -W 2 192.168.77.2 >/dev/null");
	(void)try_sh("ping -q -c 1 -W 1 192.168.77.99 >/dev/null");
	sh("ip neigh add fd77::9 lladdr 02:00:00:00:00:09 dev u0 nud permanent");
	assert_int_equal(ovnet_kernel_neighbour(l->k, &peer, &who), 0);
	assert_int_equal(who.ifindex, l->u0);
	assert_int_equal(ovnet_kernel_neighbour(l->k, &silent, &who), -ENOENT);
	assert_int_equal(ovnet_kernel_neighbour(l->k, &known, &who), 0);
	assert_int_equal(who.mac.b[5], 9);
}

struct lines {
	char text[512];
};

static void append(void *arg, const char *what)
{
	struct lines *lines = arg;
	size_t len = strlen(lines->text);

	snprintf(lines->text + len, sizeof(lines->text) - len, "%s\n", what);
}

static void cleanup_takes_ours(void **state)
{
	struct lab *l = *state;
	uint32_t dev = start(l);
	struct lines lines = {0};

	add_bridge();
	assert_int_equal(set(l, dev, true, true, "10.5.9.7/32"), 0);
	change(l, index_of(l, "br0"), "10.5.9.7", true, 0);
	sh("ip neigh add proxy 10.5.9.8 dev br0");
	assert_int_equal(ovnet_kernel_cleanup(true, append, &lines), 5);
	assert_string_equal(lines.text, "proxy entry 10.5.9.7 dev br0\n"
					"route 10.5.9.7/32 dev ovnet0\nlink ovnet0\n"
					"blackhole 10.5.0.0/16\nblackhole fd05::/48\n");
	assert_int_equal(ovnet_kernel_cleanup(false, NULL, NULL), 5);
	prints(PROXIES, "10.5.9.8 dev br0 proxy\n");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, lab_setup, lab_teardown)
	const struct CMUnitTest tests[] = {
		CASE(an_address_and_a_range),
		CASE(others_routes_stay),
		CASE(proxy_entries),
		CASE(many_proxy_entries),
		CASE(forwarding),
		CASE(who_answered),
		CASE(cleanup_takes_ours),
	};
	int skip = netns_enter();

	if (access("/dev/net/tun", R_OK | W_OK) < 0) {
		printf("SKIP: no /dev/net/tun\n");
		return 77;
	}
	return skip != 0 ? skip : cmocka_run_group_tests_name("port_routes", tests, NULL, NULL);
}
