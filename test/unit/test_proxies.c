/* SPDX-License-Identifier: BSD-3-Clause */
/* Proxy entries for what is at attach ports, on the interfaces of containers. */
#include "bed/peers.h"

static uint32_t cni0;

static struct wired *start(void)
{
	return peers_start(WIRED_DUAL, WIRED_OWN2); /* 10.5.9.0/24, fd05:0:0:9::/64 */
}

static void add_bridge(struct wired *w)
{
	cni0 = fake_link_add("cni0", "bridge", 1450, "02:00:00:00:00:c0");
	fake_addr_add(cni0, "10.5.9.1/24");
	fake_addr_add(cni0, "fd05:0:0:9::1/64");
	wired_run(w);
}

static void want_list(struct wired *w, const char *const *texts, unsigned n)
{
	struct ovnet_prefix addrs[8];

	assert_true(n <= 8);
	for (unsigned i = 0; i < n; i++)
		addrs[i] = wired_prefix(texts[i]);
	assert_int_equal(proxies_want(&w->proxies, addrs, n), 0);
	wired_run(w);
}

#define WANT(w, ...)                                                   \
	do {                                                           \
		static const char *const list_[] = {__VA_ARGS__};      \
		want_list(w, list_, sizeof(list_) / sizeof(list_[0])); \
	} while (0)

static void check(struct wired *w)
{
	proxies_check(&w->proxies);
	wired_run(w);
}

static bool answered(uint32_t ifindex, const char *addr)
{
	const struct ovnet_proxy *p = fake_proxy_find(ifindex, addr);

	return p != NULL && p->ours;
}

static void made_and_removed(void **state)
{
	struct wired *w = start();

	(void)state;
	add_bridge(w);
	WANT(w, "10.5.9.200/32", "fd05:0:0:9::c8/128");
	assert_true(answered(cni0, "10.5.9.200"));
	assert_true(answered(cni0, "fd05:0:0:9::c8"));
	assert_int_equal(fake.n_proxies, 2);
	unsigned asked = fake.calls[FAKE_PROXY_SET];
	check(w);
	assert_int_equal(fake.calls[FAKE_PROXY_SET], asked);
	WANT(w, "10.5.9.201/32");
	assert_true(answered(cni0, "10.5.9.201"));
	assert_int_equal(fake.n_proxies, 1);
	want_list(w, NULL, 0);
	assert_int_equal(fake.n_proxies, 0);
	asked = fake.calls[FAKE_PROXIES_LIST];
	check(w);
	assert_int_equal(fake.calls[FAKE_PROXIES_LIST], asked); /* nothing to look after */
	wired_close(w);
}

static void the_bridge_comes_later(void **state)
{
	struct wired *w = start();

	(void)state;
	WANT(w, "10.5.9.200/32", "fd05:0:0:9::c8/128");
	assert_int_equal(fake.n_proxies, 0);
	add_bridge(w);
	assert_int_equal(fake_proxies_of_ours(cni0), 2);
	fake_link_del(cni0);
	wired_run(w);
	assert_int_equal(fake.n_proxies, 0);
	add_bridge(w);
	assert_int_equal(fake_proxies_of_ours(cni0), 2);
	wired_close(w);
}

/* The kernel tells nobody. */
static void somebody_flushes_them(void **state)
{
	struct wired *w = start();

	(void)state;
	add_bridge(w);
	WANT(w, "10.5.9.200/32", "10.5.9.201/32");
	fake_proxy_del(cni0, "10.5.9.200");
	wired_run(w);
	assert_false(answered(cni0, "10.5.9.200"));
	check(w);
	assert_true(answered(cni0, "10.5.9.200"));
	assert_true(answered(cni0, "10.5.9.201"));
	wired_close(w);
}

static void others_entries_stay(void **state)
{
	struct wired *w = start();

	(void)state;
	add_bridge(w);
	fake_proxy_add(cni0, "10.5.9.200");
	fake_proxy_add(cni0, "10.5.9.77");
	WANT(w, "10.5.9.200/32", "10.5.9.201/32");
	assert_false(answered(cni0, "10.5.9.200")); /* it does as well */
	assert_true(answered(cni0, "10.5.9.201"));
	want_list(w, NULL, 0);
	assert_int_equal(fake.n_proxies, 2);
	wired_close(w);
}

/* Of a former life, though nothing is wanted now. */
static void leftovers_go(void **state)
{
	struct wired *w = start();
	struct ovnet_proxy_change c = {.set = true};

	(void)state;
	add_bridge(w);
	c.proxy = (struct ovnet_proxy){cni0, wired_addr("10.5.9.99"), true};
	ovnet_kernel_proxies_change(w->kernel, &c, 1);
	fake_proxy_add(cni0, "10.5.9.77");
	check(w);
	assert_null(fake_proxy_find(cni0, "10.5.9.99"));
	assert_non_null(fake_proxy_find(cni0, "10.5.9.77"));
	wired_close(w);
}

/* Nothing is wanted, so nothing but this would have them looked at again. */
static void leftovers_that_do_not_go_at_once(void **state)
{
	struct wired *w = start();
	struct ovnet_proxy_change c = {.set = true};

	(void)state;
	add_bridge(w);
	c.proxy = (struct ovnet_proxy){cni0, wired_addr("10.5.9.99"), true};
	ovnet_kernel_proxies_change(w->kernel, &c, 1);
	fake_fail(FAKE_PROXIES_LIST, -ENOBUFS, 1);
	check(w);
	fake_fail(FAKE_PROXY_SET, -ENOBUFS, 1);
	check(w);
	assert_true(answered(cni0, "10.5.9.99"));
	check(w);
	assert_false(answered(cni0, "10.5.9.99"));
	unsigned asked = fake.calls[FAKE_PROXIES_LIST];
	check(w);
	assert_int_equal(fake.calls[FAKE_PROXIES_LIST], asked);
	/* The same for one that was wanted until now. */
	WANT(w, "10.5.9.200/32");
	fake_fail(FAKE_PROXY_SET, -ENOBUFS, 1);
	want_list(w, NULL, 0);
	assert_true(answered(cni0, "10.5.9.200"));
	check(w);
	assert_false(answered(cni0, "10.5.9.200"));
	wired_close(w);
}

/* Where containers are is not known for a moment: no reason to cut them off. */
static void the_kernel_does_not_say_the_routes(void **state)
{
	struct wired *w = start();

	(void)state;
	add_bridge(w);
	WANT(w, "10.5.9.200/32");
	fake_fail(FAKE_MAIN_ROUTES, -ENOBUFS, 1);
	proxies_links_changed(&w->proxies);
	wired_run(w);
	assert_true(answered(cni0, "10.5.9.200"));
	uint32_t part = fake_link_add("part0", "bridge", 1450, "02:00:00:00:00:c4");
	fake_route_add(part, "10.5.9.32/27", NULL, 0);
	check(w);
	assert_true(answered(part, "10.5.9.200"));
	assert_true(answered(cni0, "10.5.9.200"));
	wired_close(w);
}

static void routes_are_not_listed_for_each_port(void **state)
{
	struct wired *w = start();

	(void)state;
	add_bridge(w);
	WANT(w, "10.5.9.200/32");
	unsigned asked = fake.calls[FAKE_MAIN_ROUTES];
	WANT(w, "10.5.9.200/32", "10.5.9.201/32");
	assert_true(answered(cni0, "10.5.9.201"));
	assert_int_equal(fake.calls[FAKE_MAIN_ROUTES], asked);
	/* Another subnet has other bridges. */
	w->node.own.subnet.addr_host += 0x100;
	want_list(w, NULL, 0);
	assert_int_equal(fake.calls[FAKE_MAIN_ROUTES], asked + 1);
	wired_close(w);
}

static void only_where_containers_are(void **state)
{
	struct wired *w = start();

	(void)state;
	uint32_t veth = fake_link_add("veth1", "veth", 1450, "02:00:00:00:00:c1");
	uint32_t foreign = fake_link_add("docker1", "bridge", 1500, "02:00:00:00:00:c2");
	uint32_t far = fake_link_add("far0", "dummy", 1500, "02:00:00:00:00:c3");
	uint32_t part = fake_link_add("part0", "bridge", 1450, "02:00:00:00:00:c4");
	fake_route_add(veth, "10.5.9.5/32", NULL, 0); /* one container of its own */
	fake_addr_add(foreign, "172.17.0.1/16");
	fake_route_add(far, "10.5.9.128/25", "192.0.2.1", 0);
	fake_route_add(part, "10.5.9.32/27", NULL, 0); /* a bridge without an address */
	wired_run(w);
	WANT(w, "10.5.9.200/32", "fd05:0:0:9::c8/128");
	assert_true(answered(part, "10.5.9.200"));
	assert_int_equal(fake.n_proxies, 1);
	add_bridge(w);
	assert_int_equal(fake_proxies_of_ours(cni0), 2);
	assert_int_equal(fake.n_proxies, 3);
	wired_close(w);
}

static void ranges(void **state)
{
	struct wired *w = start();

	(void)state;
	add_bridge(w);
	WANT(w, "10.5.9.64/26", "10.5.9.70/32", "fd05:0:0:9::100/120");
	assert_int_equal(fake.n_proxies, 64 + 256);
	assert_true(answered(cni0, "10.5.9.64"));
	assert_true(answered(cni0, "10.5.9.127"));
	assert_true(answered(cni0, "fd05:0:0:9::1ff"));
	assert_null(wired_warning(w, "attach-proxies"));
	WANT(w, "fd05:0:0:9::1000/116", "10.5.9.7/32");
	assert_int_equal(fake.n_proxies, 1);
	const char *text = wired_warning(w, "attach-proxies");
	assert_non_null(text);
	assert_non_null(strstr(text, "fd05:0:0:9::1000/116"));
	WANT(w, "10.5.9.7/32");
	assert_null(wired_warning(w, "attach-proxies"));
	wired_close(w);
}

static void refused(void **state)
{
	struct wired *w = start();

	(void)state;
	add_bridge(w);
	fake_fail(FAKE_PROXY_SET, -EPERM, 1);
	WANT(w, "10.5.9.200/32", "10.5.9.201/32");
	const char *text = wired_warning(w, "attach-proxies");
	assert_non_null(text);
	assert_non_null(
		strstr(text, "no proxy entry for 10.5.9.200 on cni0 (Operation not permitted)"));
	assert_true(answered(cni0, "10.5.9.201"));
	fake_fail(FAKE_PROXIES_LIST, -ENOBUFS, 1);
	check(w);
	assert_false(answered(cni0, "10.5.9.200"));
	check(w);
	assert_true(answered(cni0, "10.5.9.200"));
	assert_null(wired_warning(w, "attach-proxies"));
	wired_close(w);
}

static unsigned place(uint32_t ifindex)
{
	for (unsigned i = 0; i < fake.n_links; i++)
		if (fake.link[i].ifindex == ifindex)
			return i;
	fail_msg("link %u is not there", ifindex);
	return 0;
}

static void forwarding(void **state)
{
	struct wired *w = start();

	(void)state;
	add_bridge(w);
	WANT(w, "10.5.9.200/32");
	assert_true(fake.forwards[place(cni0)][0]);
	assert_false(fake.forwards[place(cni0)][1]);
	assert_true(fake.forwards[place(w->host.port->ifindex)][0]);
	WANT(w, "fd05:0:0:9::c8/128");
	assert_true(fake.forwards[place(cni0)][1]);
	assert_null(wired_warning(w, "forwarding"));
	fake.no_forward[1] = true;
	check(w);
	assert_non_null(strstr(wired_warning(w, "forwarding"), "net.ipv6.conf.all.forwarding=1"));
	fake.no_forward[1] = false;
	check(w);
	assert_null(wired_warning(w, "forwarding"));
	fake.no_forward[0] = true;
	check(w);
	assert_null(wired_warning(w, "forwarding")); /* no IPv4 address is wanted */
	WANT(w, "10.5.9.200/32");
	assert_non_null(strstr(wired_warning(w, "forwarding"), "net.ipv4.ip_forward=1"));
	fake_fail(FAKE_FORWARD, -EROFS, 1);
	check(w);
	assert_non_null(strstr(wired_warning(w, "attach-links"), "Read-only file system"));
	check(w);
	assert_null(wired_warning(w, "attach-links"));
	wired_close(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(made_and_removed, wired_reset),
		cmocka_unit_test_setup(the_bridge_comes_later, wired_reset),
		cmocka_unit_test_setup(somebody_flushes_them, wired_reset),
		cmocka_unit_test_setup(others_entries_stay, wired_reset),
		cmocka_unit_test_setup(leftovers_go, wired_reset),
		cmocka_unit_test_setup(leftovers_that_do_not_go_at_once, wired_reset),
		cmocka_unit_test_setup(the_kernel_does_not_say_the_routes, wired_reset),
		cmocka_unit_test_setup(routes_are_not_listed_for_each_port, wired_reset),
		cmocka_unit_test_setup(only_where_containers_are, wired_reset),
		cmocka_unit_test_setup(ranges, wired_reset),
		cmocka_unit_test_setup(refused, wired_reset),
		cmocka_unit_test_setup(forwarding, wired_reset),
	};

	return cmocka_run_group_tests(tests, wired_eal, NULL);
}
