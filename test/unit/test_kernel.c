/* SPDX-License-Identifier: BSD-3-Clause */
/* The mirror of the underlay against a real kernel: links, addresses, routes, notifications. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <sys/socket.h>

#include "bed/kernel.h"

static void links_are_found(void **state)
{
	struct lab *l = *state;
	struct ovnet_link a, b;
	struct ovnet_addr addr;

	sh("ip link set u0 mtu 1400 address 02:00:00:00:77:01");
	sh("ip link property add dev u0 altname a_name_longer_than_15_bytes");
	assert_int_equal(ovnet_kernel_link_by_name(l->k, "u0", &a), 0);
	assert_string_equal(a.name, "u0");
	assert_string_equal(a.kind, "veth");
	assert_int_equal(a.mtu, 1400);
	assert_true(a.up);
	assert_true(a.running);
	assert_memory_equal(a.mac.b, "\x02\x00\x00\x00\x77\x01", 6);
	assert_int_equal(ovnet_kernel_link_by_index(l->k, a.ifindex, &b), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(ovnet_kernel_link_by_name(l->k, "a_name_longer_than_15_bytes", &b), 0);
	assert_int_equal(b.ifindex, a.ifindex);
	addr = ip("192.168.77.1");
	assert_int_equal(ovnet_kernel_link_by_addr(l->k, &addr, &b), 0);
	assert_int_equal(b.ifindex, a.ifindex);
	addr = ip("fd77::1");
	assert_int_equal(ovnet_kernel_link_by_addr(l->k, &addr, &b), 0);
	assert_int_equal(b.ifindex, a.ifindex);
	assert_int_equal(ovnet_kernel_link_by_name(l->k, "lo", &b), 0);
	assert_string_equal(b.kind, "");
	assert_int_equal(b.mtu, 65535);
}

static void missing_links_are_missing(void **state)
{
	struct lab *l = *state;
	struct ovnet_link link;
	struct ovnet_addr addr = ip("192.168.77.2");
	char longest[512];

	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(ovnet_kernel_link_by_name(l->k, "none0", &link), -ENODEV);
	assert_int_equal(ovnet_kernel_link_by_name(l->k, "", &link), -ENODEV);
	assert_int_equal(ovnet_kernel_link_by_name(l->k, longest, &link), -ENODEV);
	longest[127] = '\0';
	assert_int_equal(ovnet_kernel_link_by_name(l->k, longest, &link), -ENODEV);
	assert_int_equal(ovnet_kernel_link_by_index(l->k, 0, &link), -ENODEV);
	assert_int_equal(ovnet_kernel_link_by_index(l->k, 999999, &link), -ENODEV);
	assert_int_equal(ovnet_kernel_link_by_index(l->k, UINT32_MAX, &link), -ENODEV);
	assert_int_equal(ovnet_kernel_link_by_addr(l->k, &addr, &link), -ENODEV);
}

static void the_address_flannel_would_choose(void **state)
{
	struct lab *l = *state;
	struct ovnet_addr got, want;

	sh("ip -4 addr flush dev u0");
	assert_int_equal(ovnet_kernel_link_addr(l->k, l->u0, AF_INET, &got), -EADDRNOTAVAIL);
	sh("ip addr add 169.254.3.3/16 dev u0 scope link");
	want = ip("169.254.3.3");
	assert_int_equal(ovnet_kernel_link_addr(l->k, l->u0, AF_INET, &got), 0);
	assert_true(ovnet_addr_equal(&got, &want));
	sh("ip addr add 192.168.78.1/24 dev u0 preferred_lft 0");
	sh("ip addr add 192.168.79.1/24 dev u0");
	sh("ip addr add 192.168.80.1/24 dev u0");
	want = ip("192.168.79.1");
	assert_int_equal(ovnet_kernel_link_addr(l->k, l->u0, AF_INET, &got), 0);
	assert_true(ovnet_addr_equal(&got, &want));
	/* A point-to-point address is the local end's. */
	sh("ip -4 addr flush dev u0 && ip addr add 10.9.9.1 peer 10.9.9.2 dev u0");
	want = ip("10.9.9.1");
	assert_int_equal(ovnet_kernel_link_addr(l->k, l->u0, AF_INET, &got), 0);
	assert_true(ovnet_addr_equal(&got, &want));
}

static void every_address_of_the_link(void **state)
{
	struct lab *l = *state;
	struct ovnet_addr got[8], want[2] = {ip("192.168.77.1"), ip("fd77::1")};
	unsigned found = 0;

	sh("ip addr add 10.1.1.1/8 dev lo");
	unsigned n = ovnet_kernel_link_addrs(l->k, l->u0, got, 8);
	assert_int_equal(n, 3); /* and the link-local one */
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < 2; j++)
			found += ovnet_addr_equal(&got[i], &want[j]);
	assert_int_equal(found, 2);
	assert_int_equal(ovnet_kernel_link_addrs(l->k, l->u0, got, 1), 1);
	assert_int_equal(ovnet_kernel_link_addrs(l->k, 999999, got, 8), 0);
	sh("ip addr del 10.1.1.1/8 dev lo");
}

static struct ovnet_route route_to(struct lab *l, const char *dst)
{
	struct ovnet_addr addr = ip(dst);
	struct ovnet_route r;

	assert_int_equal(ovnet_kernel_route_get(l->k, &addr, &r), 0);
	assert_int_equal(r.ifindex, l->u0);
	return r;
}

static void routes_are_looked_up(void **state)
{
	struct lab *l = *state;
	struct ovnet_addr gw = ip("192.168.77.2"), gw6 = ip("fd77::2"), own = ip("192.168.77.1");
	struct ovnet_route r = route_to(l, "192.168.77.9");

	assert_int_equal(r.gateway.family, 0);
	assert_true(ovnet_addr_equal(&r.prefsrc, &own));
	assert_int_equal(r.mtu, 1500);
	sh("ip route add 10.20.0.0/16 via 192.168.77.2 mtu 1300");
	r = route_to(l, "10.20.3.4");
	assert_true(ovnet_addr_equal(&r.gateway, &gw));
	assert_int_equal(r.mtu, 1300);
	sh("ip -6 route add fd99::/64 via fd77::2");
	r = route_to(l, "fd99::5");
	assert_true(ovnet_addr_equal(&r.gateway, &gw6));
	assert_int_equal(r.prefsrc.family, AF_INET6);
	assert_int_equal(r.mtu, 1500);
	sh("ip route add 10.21.0.0/16 via inet6 fd77::2 dev u0");
	r = route_to(l, "10.21.0.1");
	assert_true(ovnet_addr_equal(&r.gateway, &gw6));
}

static void no_route_is_an_answer(void **state)
{
	struct lab *l = *state;
	static const char *const dst[] = {"10.30.0.1", "10.31.0.1", "10.32.0.1", "10.33.0.1",
		"fd98::1", "fd97::1", "fd96::1"};
	struct ovnet_route r;
	struct ovnet_addr none = {0};

	sh("ip route add blackhole 10.31.0.0/16");
	sh("ip route add unreachable 10.32.0.0/16");
	sh("ip route add prohibit 10.33.0.0/16");
	sh("ip -6 route add blackhole fd97::/64 && ip -6 route add unreachable fd96::/64");
	for (unsigned i = 0; i < MNL_ARRAY_SIZE(dst); i++) {
		struct ovnet_addr a = ip(dst[i]);
		assert_int_equal(ovnet_kernel_route_get(l->k, &a, &r), -ENETUNREACH);
	}
	assert_int_equal(ovnet_kernel_route_get(l->k, &none, &r), -EINVAL);
	sh("ip -6 route del blackhole fd97::/64 && ip -6 route del unreachable fd96::/64");
}

struct seen {
	unsigned n, gateways;
	bool first, second, other, six, ours;
};

static void see(void *arg, const struct ovnet_main_route *r)
{
	struct seen *s = arg;
	struct ovnet_prefix two = net("10.40.0.0/16"), one = net("10.41.0.0/16");
	struct ovnet_prefix six = net("fd99::/64"), ours = net("10.42.0.0/16");
	struct ovnet_addr a = ip("192.168.77.2"), b = ip("192.168.77.3"), c = ip("fd77::2");

	s->n++;
	s->gateways += r->gateway.family != 0;
	if (ovnet_prefix_equal(&r->dst, &two)) {
		s->first = s->first || ovnet_addr_equal(&r->gateway, &a);
		s->second = s->second || ovnet_addr_equal(&r->gateway, &b);
	}
	s->other = s->other || (ovnet_prefix_equal(&r->dst, &one) && r->gateway.family == 0);
	s->six = s->six || (ovnet_prefix_equal(&r->dst, &six) && ovnet_addr_equal(&r->gateway, &c));
	s->ours = s->ours || ovnet_prefix_equal(&r->dst, &ours);
}

static void others_routes_with_all_their_gateways(void **state)
{
	struct lab *l = *state;
	struct seen s = {0};

	sh("ip route add 10.40.0.0/16 nexthop via 192.168.77.2 nexthop via 192.168.77.3");
	sh("ip route add 10.41.0.0/16 dev u0 && ip -6 route add fd99::/64 via fd77::2");
	sh("ip route add 10.42.0.0/16 dev u0 proto 111");
	sh("ip route add 10.42.0.0/16 dev u0 table 7");
	assert_int_equal(ovnet_kernel_main_routes(l->k, 0, see, &s), 0);
	assert_true(s.first && s.second && s.other && s.six);
	assert_false(s.ours);
	assert_int_equal(s.gateways, 3);
	assert_true(s.n >= 5); /* the link's own ones too */
	struct seen of_link = {0}, of_another = {0};
	assert_int_equal(ovnet_kernel_main_routes(l->k, l->u0, see, &of_link), 0);
	assert_true(of_link.first && of_link.second && of_link.six && !of_link.ours);
	assert_int_equal(ovnet_kernel_main_routes(l->k, 1, see, &of_another), 0);
	assert_int_equal(of_another.gateways, 0);
	assert_int_equal(ovnet_kernel_main_routes(l->k, 999999, see, &of_another), 0);
	sh("ip -6 route del fd99::/64");
}

static void many_are_looked_up_at_once(void **state)
{
	struct lab *l = *state;
	struct ovnet_route_query q[150] = {0};
	struct ovnet_addr gw = ip("192.168.77.2");

	sh("ip route add 10.20.0.0/16 via 192.168.77.2 mtu 1300");
	sh("ip route add 10.21.0.0/16 via 192.168.77.2");
	sh("ip route add blackhole 10.31.0.0/16");
	for (uint32_t i = 0; i < 150; i++)
		q[i].dst = ovnet_addr_v4((i % 3 == 0          ? 0x0a140000
						 : i % 3 == 1 ? 0x0a150000
							      : 0x0a1f0000) +
					 i);
	q[40].dst = (struct ovnet_addr){0};
	q[80].dst = ip("fd77::7");
	ovnet_kernel_routes_get(l->k, q, 150);
	for (unsigned i = 0; i < 150; i++) {
		struct ovnet_route alone;
		assert_int_equal(q[i].rc, ovnet_kernel_route_get(l->k, &q[i].dst, &alone));
		if (q[i].rc == 0)
			assert_memory_equal(&q[i].route, &alone, sizeof(alone));
	}
	assert_int_equal(q[0].route.mtu, 1300);
	assert_true(ovnet_addr_equal(&q[1].route.gateway, &gw));
	assert_int_equal(q[1].route.mtu, 1500);
	assert_int_equal(q[149].rc, -ENETUNREACH);
	assert_int_equal(q[40].rc, -EINVAL);
	assert_int_equal(q[80].rc, 0);
}

static void default_link_has_the_best_metric(void **state)
{
	struct lab *l = *state;
	struct ovnet_link link;

	assert_int_equal(ovnet_kernel_default_link(l->k, &link), -ENETUNREACH);
	sh("ip link add u1 type veth peer name u2 && ip link set u1 up && ip link set u2 up");
	sh("ip addr add 192.168.88.1/24 dev u1");
	sh("ip route add default via 192.168.88.2 metric 50");
	sh("ip route add default via 192.168.77.2 metric 20");
	assert_int_equal(ovnet_kernel_default_link(l->k, &link), 0);
	assert_string_equal(link.name, "u0");
	sh("ip route add default nexthop via 192.168.88.2 nexthop via 192.168.77.2");
	assert_int_equal(ovnet_kernel_default_link(l->k, &link), 0);
	assert_string_equal(link.name, "u1");
	sh("ip link del u1");
}

static void link_and_address_changes_are_told(void **state)
{
	struct lab *l = *state;

	run_for(l, 100);
	l->link_calls = 0;
	sh("ip link set u0 mtu 1420");
	run_until(l, l->link.mtu == 1420, 3);
	unsigned before = l->link_calls;
	sh("ip addr add 192.168.90.1/24 dev u0");
	run_until(l, l->link_calls > before, 3);
	before = l->link_calls;
	sh("ip addr add fd90::1/64 dev u0 nodad");
	run_until(l, l->link_calls > before, 3);
	peer(l, "ip link set p0 down");
	run_until(l, l->link.up && !l->link.running, 3);
	sh("ip link set u0 down");
	run_until(l, !l->link.up, 3);
	peer(l, "ip link set p0 up");
	sh("ip link set u0 up");
	run_until(l, l->link.up && l->link.running, 3);
	sh("ip link del u0");
	run_until(l, !l->link.up, 3);
}

static void route_changes_are_folded(void **state)
{
	struct lab *l = *state;

	run_for(l, 200);
	l->route_calls = 0;
	run_for(l, 200);
	assert_int_equal(l->route_calls, 0);
	sh("for i in $(seq 1 200); do echo route add 10.40.$i.0/24 via 192.168.77.2; done | "
	   "ip -batch -");
	run_for(l, 200);
	assert_int_equal(l->route_calls, 1);
	sh("ip -6 route add fd40::/64 via fd77::2");
	run_until(l, l->route_calls == 2, 2);
	/* The kernel removes the routes of a down link without a notification. */
	sh("ip link set u0 down");
	run_until(l, l->route_calls == 3, 2);
}

/* A load balancer takes up its addresses: all are told of together, and listed at once. */
static void address_changes_are_folded(void **state)
{
	struct lab *l = *state;
	struct ovnet_local_addr *addrs = NULL;

	run_for(l, 200);
	l->addrs_calls = 0;
	sh("ip route add 10.40.1.0/24 via 192.168.77.2");
	run_for(l, 200);
	assert_int_equal(l->addrs_calls, 0); /* no route's business */
	sh("for i in $(seq 1 250); do for k in 1 2; do echo addr add 172.17.$k.$i/32 dev u0; done; "
	   "done | ip -batch -");
	run_for(l, 200);
	assert_in_range(l->addrs_calls, 1, 2);
	int n = ovnet_kernel_local_addrs(l->k, &addrs), found = 0;
	for (int i = 0; i < n; i++)
		found += addrs[i].ifindex == l->u0 && ntohl(addrs[i].addr.v4_be) >> 16 == 0xac11;
	free(addrs);
	assert_int_equal(found, 500);
	l->addrs_calls = 0;
	sh("ip addr flush dev u0 to 172.17.0.0/16");
	run_until(l, l->addrs_calls > 0, 2);
	sh("ip link add u1 type bridge && ip addr add 172.18.0.1/32 dev u1");
	run_until(l, l->addrs_calls > 1, 2);
	run_for(l, 100);
	l->addrs_calls = 0;
	sh("ip link del u1");
	run_until(l, l->addrs_calls > 0, 2);
}

static void own_routes_are_not_told(void **state)
{
	struct lab *l = *state;
	struct ovnet_prefix subnet = net("10.50.7.0/24");

	run_for(l, 200);
	l->route_calls = 0;
	assert_int_equal(ovnet_host_route_set(l->k, l->u0, &subnet), 0);
	assert_int_equal(ovnet_host_route_del(l->k, l->u0, &subnet), 0);
	run_for(l, 150);
	assert_int_equal(l->route_calls, 0);
	sh("ip route add 10.50.7.0/24 via 192.168.77.2");
	run_until(l, l->route_calls == 1, 2);
}

static void lost_notifications_are_made_good(void **state)
{
	struct lab *l = *state;
	struct ovnet_addr peer = ip("192.168.77.2");
	struct ovnet_mac mac;
	int tiny = 1;

	want_resolved(l, &peer, &mac);
	run_for(l, 200);
	assert_int_equal(l->resync_calls, 0);
	l->route_calls = 0;
	assert_int_equal(setsockopt(mnl_socket_get_fd(l->k->notify), SOL_SOCKET, SO_RCVBUF, &tiny,
				 sizeof(tiny)),
		0);
	sh("for i in $(seq 1 200); do echo route add 10.40.$i.0/24 via 192.168.77.2; done | "
	   "ip -batch -");
	/* What happens now is lost in the storm and must come out by reading again. */
	sh("ip neigh replace 192.168.77.2 dev u0 lladdr 02:aa:aa:aa:aa:aa nud permanent");
	sh("ip link set u0 mtu 1444");
	run_until(l, l->resync_calls > 0, 3);
	assert_int_equal(l->resync_calls, 1);
	assert_memory_equal(l->mac.b, "\x02\xaa\xaa\xaa\xaa\xaa", 6);
	assert_int_equal(l->link.mtu, 1444);
	assert_int_equal(l->route_calls, 1);
	/* And the socket works on. */
	sh("ip route add 10.41.0.0/24 via 192.168.77.2");
	run_until(l, l->route_calls == 2, 2);
	assert_int_equal(l->resync_calls, 1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, lab_setup, lab_teardown)
	const struct CMUnitTest tests[] = {
		CASE(links_are_found),
		CASE(missing_links_are_missing),
		CASE(the_address_flannel_would_choose),
		CASE(every_address_of_the_link),
		CASE(routes_are_looked_up),
		CASE(no_route_is_an_answer),
		CASE(many_are_looked_up_at_once),
		CASE(others_routes_with_all_their_gateways),
		CASE(default_link_has_the_best_metric),
		CASE(link_and_address_changes_are_told),
		CASE(route_changes_are_folded),
		CASE(address_changes_are_folded),
		CASE(own_routes_are_not_told),
		CASE(lost_notifications_are_made_good),
	};
	int skip = netns_enter();

	return skip != 0 ? skip : cmocka_run_group_tests_name("kernel", tests, NULL, NULL);
}
