/* SPDX-License-Identifier: BSD-3-Clause */
/* The host device, its routes and the blackhole, on a real persistent TUN. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include "bed/host.h"

#define V4(addr, len) ((struct ovnet_prefix){AF_INET, .v4 = {addr, len}})

static void setup_is_complete_and_may_be_repeated(void **state)
{
	struct lab *l = *state;
	uint32_t dev = add_tun(l, "ovnet0");

	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(lab_host_set_up(l, dev), 0);
		prints(ADDRS, "10.5.9.0/32\n"); /* and nothing of IPv6 */
		prints(ROUTES, HOLE);
		prints("ip -d -j link show dev ovnet0 | jq -r '.[0] | \"\\(.mtu) \\(.ifalias) "
		       "\\(.flags | index(\"UP\") != null) \\(.inet6_addr_gen_mode)\"'",
			"1450 ovnet host device true none\n");
		prints("cat /proc/sys/net/ipv6/conf/ovnet0/accept_ra", "0\n");
		prints("cat /proc/sys/net/ipv4/conf/ovnet0/rp_filter", "2\n");
	}
}

static void leftovers_of_a_former_life_go(void **state)
{
	struct lab *l = *state;
	uint32_t dev = add_tun(l, "ovnet0");

	sh("ip link set ovnet0 up mtu 9000");
	sh("ip addr add 10.5.3.0/32 dev ovnet0 && ip addr add 10.5.9.0/24 dev ovnet0");
	sh("ip addr add 10.5.9.1/24 dev ovnet0 && ip addr add 172.16.1.1/24 dev ovnet0");
	sh("ip -6 addr add fe80::5/64 dev ovnet0 && ip -6 addr add fd05::1/64 dev ovnet0");
	sh("ip addr add 10.5.44.1/24 dev u0");
	assert_int_equal(lab_host_set_up(l, dev), 0);
	prints(ADDRS " | sort", "10.5.9.0/32\n172.16.1.1/24\nfd05::1/64\n");
	/* Another interface's address inside the network is a bridge's: not ours. */
	prints("ip -o -4 addr show dev u0 | grep -c 10.5.44.1", "1\n");
}

static void a_route_per_lease(void **state)
{
	struct lab *l = *state;
	uint32_t dev = add_tun(l, "ovnet0");
	struct ovnet_prefix p = net("10.5.1.0/24");

	assert_int_equal(lab_host_set_up(l, dev), 0);
	set_route(l, dev, "10.5.1.0/24");
	set_route(l, dev, "10.5.1.0/24");
	set_route(l, dev, "10.5.2.7/32");
	set_route(l, dev, "10.5.128.0/17");
	prints(ROUTES, HOLE "10.5.1.0/24 via 10.5.1.0 dev ovnet0 onlink\n"
			    "10.5.2.7 via 10.5.2.7 dev ovnet0 onlink\n"
			    "10.5.128.0/17 via 10.5.128.0 dev ovnet0 onlink\n");
	struct ovnet_addr dst = ip("10.5.1.8"), base = ip("10.5.9.0");
	struct ovnet_route r;
	assert_int_equal(ovnet_kernel_route_get(l->k, &dst, &r), 0);
	assert_int_equal(r.ifindex, dev);
	assert_true(ovnet_addr_equal(&r.prefsrc, &base));
	assert_int_equal(r.mtu, MTU);
	assert_int_equal(ovnet_host_route_del(l->k, dev, &p), 0);
	assert_int_equal(ovnet_host_route_del(l->k, dev, &p), 0);
	p = net("10.5.2.7/32");
	assert_int_equal(ovnet_host_route_del(l->k, dev, &p), 0);
	prints(ROUTES, HOLE "10.5.128.0/17 via 10.5.128.0 dev ovnet0 onlink\n");
	/* One of somebody else's is not ours to remove. */
	sh("ip route add 10.5.1.0/24 dev ovnet0");
	p = net("10.5.1.0/24");
	assert_int_equal(ovnet_host_route_del(l->k, dev, &p), 0);
	prints("ip route show 10.5.1.0/24 | wc -l", "1\n");
}

static void what_is_no_subnet_is_refused(void **state)
{
	struct lab *l = *state;
	uint32_t dev = add_tun(l, "ovnet0");
	struct ovnet_prefix network = net(NETWORK), own = net(OWN);
	struct ovnet_prefix bad[] = {V4(0, 0), V4(0x7f000000, 24), V4(0xe0000000, 24), V4(0, 24),
		V4(0x0a050101, 24), V4(0x0a050100, 33), net("::/64"), net("ff05::/64"),
		net("::1/128"), net("::/0"), {0}};

	for (unsigned i = 0; i < MNL_ARRAY_SIZE(bad); i++)
		assert_int_equal(ovnet_host_route_set(l->k, dev, &bad[i]), -EINVAL);
	const struct ovnet_host_conf confs[] = {
		{{network}, {net("10.6.1.0/24")}, holes(NETWORK, NULL), MTU},
		{{V4(0, 0)}, {own}, holes(NETWORK, NULL), MTU},
		{{network}, {own}, holes(NETWORK, NULL), 0},
		{{network, net("fd05::/48")}, {own, net("fd06::/64")}, holes(NETWORK, NULL), MTU},
		{{network, net("fd05::/48")}, {own, net("fd05::/64")}, holes(NETWORK, NULL), 1279},
	};
	for (unsigned i = 0; i < MNL_ARRAY_SIZE(confs); i++)
		assert_int_equal(ovnet_host_device_setup(l->k, dev, &confs[i]), -EINVAL);
	prints(ROUTES, "");
	/* Refused by the kernel, too, with its own error. */
	own = net("10.5.1.0/24");
	assert_int_equal(ovnet_host_route_set(l->k, dev, &own), -ENETDOWN);
	assert_int_equal(ovnet_host_route_set(l->k, 999999, &own), -ENODEV);
	assert_int_equal(lab_host_set_up(l, 999999), -ENODEV);
}

static void both_families_of_a_dual_stack_overlay(void **state)
{
	struct lab *l = *state;
	uint32_t dev = add_tun(l, "ovnet0");
	const struct ovnet_host_conf conf = {{net(NETWORK), net("fd05::/48")},
		{net(OWN), net("fd05:0:0:9::/64")}, holes(NETWORK, "fd05::/48"), MTU};
	struct ovnet_prefix p = net("fd05:0:0:3a::/64");

	sh("ip -6 addr add fd05:0:0:7::/128 dev ovnet0 && ip -6 addr add fd07::1/64 dev ovnet0");
	/* As flannel-v6.1 has it: replaced like any other. */
	sh("ip -6 route add fd05:0:0:3a::/64 via fd05:0:0:3a:: dev u0 onlink");
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(ovnet_host_device_setup(l->k, dev, &conf), 0);
		assert_int_equal(ovnet_host_route_set(l->k, dev, &p), 0);
		prints(ADDRS " | sort", "10.5.9.0/32\nfd05:0:0:9::/128\nfd07::1/64\n");
		prints(ROUTES, HOLE);
		prints(ROUTES6, "fd05:0:0:3a::/64 via fd05:0:0:3a:: dev ovnet0 metric 1024 "
				"onlink pref medium\n" HOLE6);
	}
	struct ovnet_addr dst = ip("fd05:0:0:3a::8");
	struct ovnet_route r;
	assert_int_equal(ovnet_kernel_route_get(l->k, &dst, &r), 0);
	assert_int_equal(r.ifindex, dev);
	sh("ip -6 route del blackhole fd05::/48");
	assert_int_equal(compare(l, dev), 1); /* the lease of fd05:0:0:3a::/64 is dead there */
	prints(ROUTES6, HOLE6);
	assert_int_equal(ovnet_host_route_set(l->k, dev, &p), 0);
	assert_int_equal(ovnet_host_route_del(l->k, dev, &p), 0);
	assert_int_equal(ovnet_host_route_del(l->k, dev, &p), 0);
	prints(ROUTES6, HOLE6);
	struct ovnet_host_route_change c[100];
	for (unsigned i = 0; i < 100; i++) {
		c[i] = (struct ovnet_host_route_change){p, true, 1};
		c[i].subnet.v6.addr[7] = (uint8_t)(100 + i);
	}
	ovnet_host_routes_change(l->k, dev, c, 100);
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(c[i].rc, 0);
		c[i].set = false;
	}
	prints("ip -6 route show proto 111 dev ovnet0 | wc -l", "100\n");
	ovnet_host_routes_change(l->k, dev, c, 100);
	prints(ROUTES6, HOLE6);
	assert_int_equal(ovnet_kernel_cleanup(false, NULL, NULL), 3); /* blackholes, link */
	prints(ROUTES6, "");
}

static void prune_takes_only_dead_leases(void **state)
{
	struct lab *l = *state;
	uint32_t dev = add_tun(l, "ovnet0"), other = add_tun(l, "ovnet1");

	assert_int_equal(lab_host_set_up(l, dev), 0);
	sh("ip link set ovnet1 up");
	set_route(l, dev, "10.5.1.0/24");
	set_route(l, dev, "10.5.2.0/24");
	set_route(l, dev, "10.5.3.0/24");
	set_route(l, other, "10.5.4.0/24");
	sh("ip route add 10.5.5.0/24 dev ovnet0"); /* an operator's */
	assert_int_equal(compare(l, dev), 3);
	prints(ROUTES, HOLE "10.5.1.0/24 via 10.5.1.0 dev ovnet0 onlink\n"
			    "10.5.4.0/24 via 10.5.4.0 dev ovnet1 onlink\n");
	prints("ip route show 10.5.5.0/24 | wc -l", "1\n");
}

static void prune_puts_the_blackhole_back(void **state)
{
	struct lab *l = *state;
	uint32_t dev = add_tun(l, "ovnet0");

	assert_int_equal(lab_host_set_up(l, dev), 0);
	sh("ip route flush type blackhole");
	sh("ip route add blackhole 10.5.0.0/16 metric 7"); /* an operator's */
	assert_int_equal(compare(l, dev), 0);
	prints(ROUTES, HOLE);
	prints("ip route show type blackhole 10.5.0.0/16 | wc -l", "2\n");
}

/* A comparison that is cut off leaves nothing behind and calls nobody. */
static void closing_ends_a_comparison(void **state)
{
	struct lab *l = *state;
	uint32_t dev = add_tun(l, "ovnet0");
	struct comparison c = {0};

	assert_int_equal(lab_host_set_up(l, dev), 0);
	set_route(l, dev, "10.5.2.0/24");
	assert_int_equal(ovnet_host_routes_check(l->k, dev, keep_one, on_compared, &c), 0);
	ovnet_kernel_close(l->k);
	l->k = NULL;
	run_for(l, 50);
	assert_false(c.over);
	assert_int_equal(c.asked, 0);
}

static int try_send(const char *dst)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(inet_pton(AF_INET, dst, &to.sin_addr), 1);
	ssize_t n = sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
	int err = n < 0 ? -errno : 0;
	close(fd);
	return err;
}

/* IPv4 packets to `dst` that were sent by u0 since the last call. */
static unsigned leaked(int tap, const char *dst)
{
	unsigned char frame[256];
	struct in_addr want;
	unsigned seen = 0;

	assert_int_equal(inet_pton(AF_INET, dst, &want), 1);
	for (;;) {
		ssize_t n = recv(tap, frame, sizeof(frame), MSG_DONTWAIT);
		if (n < 0)
			return seen;
		if (n >= 34 && frame[12] == 8 && frame[13] == 0 &&
			memcmp(frame + 30, &want, sizeof(want)) == 0)
			seen++;
	}
}

static void nothing_leaks_when_the_device_is_gone(void **state)
{
	struct lab *l = *state;
	uint32_t dev = add_tun(l, "ovnet0");
	struct sockaddr_ll ll = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)l->u0};
	int tap = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));

	assert_true(tap >= 0);
	assert_int_equal(bind(tap, (struct sockaddr *)&ll, sizeof(ll)), 0);
	sh("ip route add default via 192.168.77.2");
	sh("ip neigh replace 192.168.77.2 lladdr 02:00:00:00:77:02 dev u0 nud permanent");
	assert_int_equal(lab_host_set_up(l, dev), 0);
	set_route(l, dev, "10.5.77.0/24");
	assert_int_equal(try_send("10.5.77.1"), 0); /* into the TUN nobody reads */
	assert_int_equal(leaked(tap, "10.5.77.1"), 0);
	sh("ip link del ovnet0");
	assert_int_equal(try_send("10.5.77.1"), -EINVAL); /* the blackhole's error */
	assert_int_equal(leaked(tap, "10.5.77.1"), 0);
	/* The tap would have seen it. */
	sh("ip route del blackhole 10.5.0.0/16 metric 4278198272");
	assert_int_equal(try_send("10.5.77.1"), 0);
	assert_int_equal(leaked(tap, "10.5.77.1"), 1);
	close(tap);
}

struct lines {
	char text[1024];
};

static void append(void *arg, const char *what)
{
	struct lines *lines = arg;
	size_t n = strlen(lines->text);

	snprintf(lines->text + n, sizeof(lines->text) - n, "%s\n", what);
}

#define EVERYTHING                                \
	"route 10.5.1.0/24 dev ovnet0\n"          \
	"route 10.5.2.0/24 dev ovnet0\n"          \
	"managed neighbour 192.168.77.2 dev u0\n" \
	"link ovnet0\n"                           \
	"blackhole 10.5.0.0/16\n"

static void cleanup_finds_everything_and_only_that(void **state)
{
	struct lab *l = *state;
	uint32_t dev = add_tun(l, "ovnet0");
	struct lines lines = {0};
	struct ovnet_addr peer = ip("192.168.77.2"), others = ip("192.168.77.9");
	struct neigh_entry e;

	add_tun(l, "other0"); /* a TUN without our alias, a veth with it, others' routes */
	sh("ip link set other0 up && ip link set u0 alias 'ovnet host device'");
	sh("ip route add blackhole 10.66.0.0/16 && ip route add 10.67.0.0/16 dev other0");
	sh("ip neigh add 192.168.77.9 dev u0 managed");
	assert_int_equal(lab_host_set_up(l, dev), 0);
	set_route(l, dev, "10.5.1.0/24");
	set_route(l, dev, "10.5.2.0/24");
	assert_int_equal(neigh_use(&l->k->nl, l->u0, &peer, true), 0);

	for (unsigned i = 0; i < 2; i++) { /* a dry run changes nothing */
		lines.text[0] = '\0';
		assert_int_equal(ovnet_kernel_cleanup(true, append, &lines), 5);
		assert_string_equal(lines.text, EVERYTHING);
	}
	lines.text[0] = '\0';
	assert_int_equal(ovnet_kernel_cleanup(false, append, &lines), 5);
	assert_string_equal(lines.text, EVERYTHING);
	prints(ROUTES, "");
	assert_int_not_equal(try_sh("ip link show ovnet0 2>/dev/null"), 0);
	assert_int_equal(neigh_get(&l->k->nl, l->u0, &peer, &e), 0);
	assert_false(e.managed);
	assert_int_equal(neigh_get(&l->k->nl, l->u0, &others, &e), 0);
	assert_true(e.managed);
	sh("ip link show other0 >/dev/null && ip link show u0 >/dev/null");
	prints("ip route show 10.66.0.0/16 | wc -l; ip route show 10.67.0.0/16 | wc -l", "1\n1\n");
	assert_int_equal(ovnet_kernel_cleanup(false, append, &lines), 0);
	assert_int_equal(ovnet_kernel_cleanup(false, NULL, NULL), 0);
}

static void sixty_five_thousand_routes(void **state)
{
	struct lab *l = *state;
	uint32_t dev = add_tun(l, "ovnet0");
	const struct ovnet_host_conf conf = {
		{net("10.0.0.0/8")}, {net("10.9.9.0/24")}, holes("10.0.0.0/8", NULL), MTU};
	struct timespec from, to;

	assert_int_equal(ovnet_host_device_setup(l->k, dev, &conf), 0);
	do { /* what the new device itself caused has to be over */
		l->route_calls = 0;
		run_for(l, 200);
	} while (l->route_calls != 0);
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (uint32_t i = 0; i < 65536; i++) {
		struct ovnet_prefix p = V4(0x0a000000 + (i << 8), 24);
		if (ovnet_prefix_equal(&p, &conf.own[0]))
			continue;
		assert_int_equal(ovnet_host_route_set(l->k, dev, &p), 0);
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	double s = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	printf("65,536 routes in %.2f s\n", s);
	assert_true(s < 10); /* 0.5 s on an idle box; with gateways it would be 75 s */
	prints("ip route show 10.1.2.0/24 | sed 's/ linkdown//; s/ *$//'",
		"10.1.2.0/24 dev ovnet0 proto 111 scope link\n");
	/* They did not reach us (that would be a call each 50 ms), and none overran the socket. */
	run_for(l, 150);
	assert_in_range(l->route_calls + l->resync_calls, 0, 2); /* others', on a busy box */
	assert_int_equal(compare(l, dev), 65535);
	prints("ip route show proto 111 dev ovnet0 | wc -l", "1\n");
}

/* More than one system call takes, with some in between that are refused, gone, or not ours. */
static void many_changes_at_once(void **state)
{
	struct lab *l = *state;
	uint32_t dev = add_tun(l, "ovnet0");
	struct ovnet_host_route_change c[150];

	assert_int_equal(lab_host_set_up(l, dev), 0);
	for (uint32_t i = 0; i < 150; i++)
		c[i] = (struct ovnet_host_route_change){
			V4(0x0a050000 + ((i + 20) << 8), 24), true, 1};
	c[70].subnet = V4(0x7f000000, 24);
	c[149].subnet = V4(0, 0);
	ovnet_host_routes_change(l->k, dev, c, 150);
	for (unsigned i = 0; i < 150; i++)
		assert_int_equal(c[i].rc, i == 70 || i == 149 ? -EINVAL : 0);
	prints("ip route show proto 111 dev ovnet0 | wc -l", "148\n");
	prints("ip route show 10.5.20.0/24 | cut -d ' ' -f 1-8",
		"10.5.20.0/24 via 10.5.20.0 dev ovnet0 proto 111 onlink\n");
	/* Gone already, or an operator's: no failure, and the others are not affected. */
	sh("ip route del 10.5.25.0/24 && ip route del 10.5.26.0/24");
	sh("ip route add 10.5.26.0/24 dev ovnet0");
	for (unsigned i = 0; i < 149; i++)
		c[i].set = i >= 100;
	c[70].subnet = c[69].subnet;
	ovnet_host_routes_change(l->k, dev, c, 149);
	for (unsigned i = 0; i < 149; i++)
		assert_int_equal(c[i].rc, 0);
	prints("ip route show proto 111 dev ovnet0 | wc -l", "49\n");
	prints("ip route show 10.5.26.0/24 | wc -l", "1\n");
	ovnet_host_routes_change(l->k, 999999, c + 100, 49);
	for (unsigned i = 100; i < 149; i++)
		assert_int_equal(c[i].rc, -ENODEV);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, lab_setup, lab_teardown)
	const struct CMUnitTest tests[] = {
		CASE(setup_is_complete_and_may_be_repeated),
		CASE(leftovers_of_a_former_life_go),
		CASE(a_route_per_lease),
		CASE(both_families_of_a_dual_stack_overlay),
		CASE(what_is_no_subnet_is_refused),
		CASE(prune_takes_only_dead_leases),
		CASE(prune_puts_the_blackhole_back),
		CASE(closing_ends_a_comparison),
		CASE(nothing_leaks_when_the_device_is_gone),
		CASE(cleanup_finds_everything_and_only_that),
		CASE(sixty_five_thousand_routes),
		CASE(many_changes_at_once),
	};
	int skip = netns_enter();

	if (access("/dev/net/tun", R_OK | W_OK) < 0) {
		printf("SKIP: no /dev/net/tun\n");
		return 77;
	}
	return skip != 0 ? skip : cmocka_run_group_tests_name("host_device", tests, NULL, NULL);
}
