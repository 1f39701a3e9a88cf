/* SPDX-License-Identifier: BSD-3-Clause */
/* What the host device's blackholes leave out, what is said of it, and when they are made anew. */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "bed/parts.h"
#include "host/blackhole.h"

#define WHY  " inside what the network config leases out. "
#define AUTO "There is no blackhole for it"
#define CURE ", and whoever leases it takes it away: let SubnetMin and SubnetMax leave it out"

static struct blackhole b;
static uint32_t eth0, eth1, host_device;

/* eth0 is the uplink, and its way out; eth1 a link of this node. */
static int set_up(void **state)
{
	assert_int_equal(parts_open(state), 0);
	eth0 = fake_link_add("eth0", "", 1500, "02:00:00:00:00:01");
	eth1 = fake_link_add("eth1", "", 1500, "02:00:00:00:00:02");
	host_device = fake_link_add("ovnet0", "tun", 1450, NULL);
	fake_addr_add(eth0, "192.168.0.2/24");
	fake_route_add(eth0, "0.0.0.0/0", "192.168.0.1", 0);
	parts.node.public_ip = parts_addr("192.168.0.2");
	parts.underlay.n = 1;
	parts.underlay.uplinks[0].link.ifindex = eth0;
	return 0;
}

static int tear_down(void **state)
{
	blackhole_fini(&b);
	return parts_close(state);
}

/* Knows these endpoints from now on; the lease is known as well. */
static void start(const char *endpoints, const char *netconf, const char *own6)
{
	char text[256];

	snprintf(text, sizeof(text), "%s", endpoints);
	parts.conf.etcd.endpoints = text;
	parts_lease(netconf, PARTS_OWN, own6);
	assert_int_equal(blackhole_init(&b, parts.kernel, parts.base, &parts.underlay), 0);
}

/* The list, made now: "10.5.0.0/17 10.5.128.0/18". */
static void is_listed(const char *want)
{
	const struct ovnet_prefix_list *l = blackhole_list(&b, host_device);
	char have[4096] = "", one[OVNET_PREFIX_STRLEN];
	size_t n = 0;

	assert_non_null(l);
	for (unsigned i = 0; i < l->n; i++)
		n += (size_t)snprintf(have + n, sizeof(have) - n, "%s%s", i > 0 ? " " : "",
			ovnet_prefix_text(&l->items[i], one, sizeof(one)));
	assert_string_equal(have, want);
}

/* The list, made now, is all but these prefixes (NULL: no more), and the warning names them. */
static void leaves_out(const char *first, const char *second, const char *warning)
{
	const struct ovnet_prefix_list *l = blackhole_list(&b, host_device);
	const char *holes[] = {first, second};
	struct ovnet_prefix_list want = {0};
	struct ovnet_prefix p;

	assert_int_equal(ovnet_prefix_parse("10.5.0.0/16", &p), 0);
	assert_int_equal(ovnet_prefix_list_add(&want, &p), 0);
	for (unsigned i = 0; i < 2 && holes[i] != NULL; i++) {
		assert_int_equal(ovnet_prefix_parse(holes[i], &p), 0);
		assert_int_equal(ovnet_prefix_list_without(&want, &p), 0);
	}
	assert_non_null(l);
	assert_true(ovnet_prefix_list_equal(l, &want));
	ovnet_prefix_list_free(&want);
	assert_string_equal(parts_warning("blackhole"), warning);
}

/* --- the range --- */

static void is_all_that_may_be_leased(void **state)
{
	(void)state;
	start("http://192.168.0.9:2379", PARTS_NET, NULL);
	is_listed("10.5.0.0/16");
	assert_string_equal(parts_warning("blackhole"), "");
	assert_int_equal(b.n_need, 0);
}

static void is_what_the_config_bounds(void **state)
{
	(void)state;
	fake_addr_add(eth1, "10.5.1.1/24"); /* beside what is leased */
	start("http://10.5.1.9:2379",
		"{\"Network\":\"10.5.0.0/"
		"16\",\"SubnetMin\":\"10.5.16.0\",\"SubnetMax\":\"10.5.63.0\"}",
		NULL);
	is_listed("10.5.16.0/20 10.5.32.0/19");
	assert_string_equal(parts_warning("blackhole"), "");
}

static void has_both_ip_versions_where_the_lease_has(void **state)
{
	(void)state;
	fake_addr_add(eth1, "fd05::1/64");
	start("", PARTS_DUAL, NULL);
	is_listed("10.5.0.0/16");
	assert_string_equal(parts_warning("blackhole"), "");
	assert_int_equal(ovnet_prefix6_parse(PARTS_OWN6, &parts.node.own.subnet6), 0);
	parts.node.own.has_v6 = true;
	fake_route_del("fd05::/64"); /* it would be left out whole */
	const struct ovnet_prefix_list *l = blackhole_list(&b, host_device);
	assert_non_null(l);
	assert_int_equal(l->n, 1 + 80); /* one for each bit between the /48 and the address */
	struct ovnet_addr out = parts_addr("fd05::1"), in = parts_addr("fd05::2");
	assert_null(ovnet_prefix_list_find(l, &out));
	assert_non_null(ovnet_prefix_list_find(l, &in));
	assert_string_equal(
		parts_warning("blackhole"), "fd05::1 (an address of this node):" WHY AUTO CURE);
}

/* --- what is left out --- */

static void an_endpoint_is_left_out(void **state)
{
	(void)state;
	start("http://192.168.0.9:2379,https://10.5.9.9:2379", PARTS_NET, NULL);
	leaves_out("10.5.9.9/32", NULL, "10.5.9.9 (an etcd endpoint):" WHY AUTO CURE);
}

static void the_gateway_is_left_out(void **state)
{
	(void)state;
	/* Not the default one; of the default one on another link. */
	fake_route_add(eth0, "172.16.0.0/12", "10.5.1.1", 0);
	fake_route_add(eth1, "::/0", "10.5.1.2", 0);
	start("", PARTS_NET, NULL);
	leaves_out(NULL, NULL, "");
	fake_route_del("0.0.0.0/0");
	fake_route_add(eth0, "0.0.0.0/0", "10.5.1.3", 0);
	leaves_out("10.5.1.3/32", NULL, "10.5.1.3 (the default gateway):" WHY AUTO CURE);
}

/* An uplink without a kernel device has it from the configuration. */
static void a_configured_gateway_is_left_out(void **state)
{
	const struct conf_uplink dpdk = {.gateway = parts_addr("10.5.1.4")};

	(void)state;
	parts.underlay.uplinks[0].link.ifindex = 0;
	start("", PARTS_NET, NULL);
	leaves_out(NULL, NULL, "");
	parts.underlay.uplinks[0].conf = &dpdk;
	leaves_out("10.5.1.4/32", NULL, "10.5.1.4 (the default gateway):" WHY AUTO CURE);
}

static void an_address_of_the_node_is_left_out(void **state)
{
	(void)state;
	start("", PARTS_NET, NULL);
	fake_addr_add(eth1, "10.5.3.1/32");
	leaves_out("10.5.3.1/32", NULL, "10.5.3.1 (an address of this node):" WHY AUTO CURE);
	/* Known by two names: by the first. */
	parts.node.public_ip = parts_addr("10.5.3.1");
	leaves_out("10.5.3.1/32", NULL, "10.5.3.1 (this node's public IP):" WHY AUTO CURE);
}

/* The host device's, and what is in our own subnet. */
static void the_overlays_own_addresses_are_not(void **state)
{
	(void)state;
	fake_addr_add(host_device, "10.5.7.0/32");
	fake_addr_add(fake_link_add("cni0", "", 1450, NULL), "10.5.82.1/24");
	start("", PARTS_DUAL, PARTS_OWN6);
	fake_addr_add(eth1, "fd05:0:0:52::1/128");
	is_listed("10.5.0.0/16 fd05::/48");
	assert_string_equal(parts_warning("blackhole"), "");
}

static void those_of_containers_are_not(void **state)
{
	(void)state;
	uint32_t docker0 = fake_link_add("docker0", "bridge", 1500, NULL);
	fake_addr_add(docker0, "10.5.3.1/24");
	fake_addr_add(fake_link_add("veth1", "veth", 1500, NULL), "10.5.4.1/24");
	start("", PARTS_NET, NULL);
	leaves_out(NULL, NULL, "");
	/* A router is behind it. */
	fake_route_add(docker0, "172.16.0.0/12", "10.5.3.2", 0);
	fake_route_add(docker0, "192.0.2.0/24", NULL, 0);
	leaves_out("10.5.3.0/24", NULL, "10.5.3.1 (an address of this node):" WHY AUTO CURE);
}

static void those_of_an_uplink_are_whatever_it_is(void **state)
{
	(void)state;
	uint32_t br0 = fake_link_add("br0", "bridge", 1500, NULL);
	fake_addr_add(br0, "10.5.3.1/24");
	parts.underlay.uplinks[0].link.ifindex = br0;
	start("", PARTS_NET, NULL);
	leaves_out("10.5.3.0/24", NULL, "10.5.3.1 (an address of this node):" WHY AUTO CURE);
}

/* --- widened by what leads to it --- */

static void the_widest_route_to_it_is_left_out_whole(void **state)
{
	(void)state;
	start("http://10.5.9.9:2379", PARTS_NET, NULL);
	const char *warning = "10.5.9.9 (an etcd endpoint):" WHY AUTO CURE;
	fake_route_add(eth0, "10.5.8.0/23", "192.168.0.1", 0);
	leaves_out("10.5.8.0/23", NULL, warning);
	fake_route_add(eth0, "10.5.9.0/24", "192.168.0.1", 0); /* narrower */
	leaves_out("10.5.8.0/23", NULL, warning);
	fake_route_add(eth0, "10.5.0.0/20", "192.168.0.1", 0); /* wider */
	leaves_out("10.5.0.0/20", NULL, warning);
	fake_route_add(eth0, "10.5.64.0/18", "192.168.0.1", 0); /* elsewhere */
	fake_route_add(eth0, "10.0.0.0/8", "192.168.0.1", 0);   /* does not beat the blackhole */
	leaves_out("10.5.0.0/20", NULL, warning);
	fake_route_add(eth0, "10.5.0.0/16", "192.168.0.1", 0); /* beats it by its metric */
	is_listed("");
	assert_string_equal(parts_warning("blackhole"), warning);
}

/* Of a range that takes several prefixes, a route wider than one of them is no help. */
static void a_route_over_several_blackholes_widens_nothing(void **state)
{
	(void)state;
	start("http://10.5.48.1:2379",
		"{\"Network\":\"10.5.0.0/"
		"16\",\"SubnetMin\":\"10.5.32.0\",\"SubnetMax\":\"10.5.191.0\"}",
		NULL);
	fake_route_add(eth0, "10.5.0.0/17", "192.168.0.1", 0);
	fake_route_add(eth0, "10.5.48.0/20", "192.168.0.1", 0);
	is_listed("10.5.32.0/20 10.5.64.0/18 10.5.128.0/18");
	fake_route_add(eth0, "10.5.32.0/19", "192.168.0.1", 0);
	is_listed("10.5.64.0/18 10.5.128.0/18");
}

static void each_is_widened_by_its_own(void **state)
{
	(void)state;
	start("http://10.5.9.9:2379,http://10.5.70.9:2379,http://10.5.9.10:2379", PARTS_NET, NULL);
	fake_route_add(eth0, "10.5.9.0/24", "192.168.0.1", 0);
	leaves_out("10.5.9.0/24", "10.5.70.9/32",
		"10.5.9.9 (an etcd endpoint), 10.5.70.9 (an etcd endpoint), 10.5.9.10 (an etcd "
		"endpoint):" WHY AUTO CURE);
}

/* --- host.blackhole, and the warning --- */

static void on_leaves_out_nothing(void **state)
{
	(void)state;
	parts.conf.host.blackhole = CONF_BLACKHOLE_ON;
	start("http://10.5.9.9:2379", PARTS_NET, NULL);
	leaves_out(NULL, NULL,
		"10.5.9.9 (an etcd endpoint):" WHY
		"It is blackholed where no narrower route leads to it (host.blackhole = on)" CURE);
}

static void off_has_none_and_warns(void **state)
{
	(void)state;
	parts.conf.host.blackhole = CONF_BLACKHOLE_OFF;
	start("http://10.5.9.9:2379", PARTS_NET, NULL);
	is_listed("");
	assert_string_equal(
		parts_warning("blackhole"), "10.5.9.9 (an etcd endpoint):" WHY AUTO CURE);
}

static void the_warning_names_three(void **state)
{
	(void)state;
	start("http://10.5.9.1,http://10.5.9.2,http://10.5.9.3,http://10.5.9.4,http://10.5.9.5",
		PARTS_NET, NULL);
	assert_non_null(blackhole_list(&b, host_device));
	assert_int_equal(b.n_need, 5);
	assert_string_equal(parts_warning("blackhole"),
		"10.5.9.1 (an etcd endpoint), 10.5.9.2 (an etcd endpoint), 10.5.9.3 (an etcd "
		"endpoint) and 2 more:" WHY AUTO CURE);
	/* With one less it is another, and then it is over. */
	b.names.n = 4;
	assert_non_null(blackhole_list(&b, host_device));
	assert_string_equal(parts_warning("blackhole"),
		"10.5.9.1 (an etcd endpoint), 10.5.9.2 (an etcd endpoint), 10.5.9.3 (an etcd "
		"endpoint) and 1 more:" WHY AUTO CURE);
	b.names.n = 0;
	assert_non_null(blackhole_list(&b, host_device));
	assert_string_equal(parts_warning("blackhole"), "");
}

/* --- when --- */

static void is_made(unsigned times)
{
	blackhole_check(&b);
	assert_int_equal(fake.calls[FAKE_BLACKHOLES], times);
	assert_false(b.routes_changed);
}

static void is_made_anew_when_something_changed(void **state)
{
	(void)state;
	start("", PARTS_NET, NULL);
	fake_addr_add(eth1, "10.5.3.1/32");
	is_made(0); /* the host device was never set up */
	fake_addr_del(eth1, "10.5.3.1");
	b.routes_changed = true;
	is_listed("10.5.0.0/16");
	assert_false(b.routes_changed);
	is_made(0);
	b.routes_changed = true; /* nobody is in there */
	is_made(0);
	fake_addr_add(eth1, "10.5.3.1/32");
	is_made(1);
	assert_null(fake_route_of_ours(0, "10.5.0.0/16"));
	assert_int_equal(fake_routes_of_ours(0), 16);
	is_made(1);
	fake_addr_del(eth1, "10.5.3.1");
	fake_addr_add(eth1, "10.5.3.2/32");
	is_made(2);
	fake_route_add(eth1, "10.5.2.0/23", NULL, 0);
	b.routes_changed = true;
	is_made(3);
	assert_int_equal(fake_routes_of_ours(0), 7);
	fake_addr_del(eth1, "10.5.3.2");
	is_made(4);
	assert_non_null(fake_route_of_ours(0, "10.5.0.0/16"));
	assert_int_equal(fake_routes_of_ours(0), 1);
	assert_string_equal(parts_warning("blackhole"), "");
}

/* The former list stays, and the check is due again. */
static void is_not_made(unsigned times)
{
	const struct ovnet_addr beside = parts_addr("10.5.9.8");

	blackhole_check(&b);
	assert_int_equal(fake.calls[FAKE_BLACKHOLES], times);
	assert_true(b.routes_changed);
	assert_non_null(ovnet_prefix_list_find(&b.list, &beside));
	assert_string_equal(
		parts_warning("blackhole"), "10.5.9.9 (the default gateway):" WHY AUTO CURE);
}

static void what_cannot_be_made_leaves_the_former(void **state)
{
	(void)state;
	fake_route_add(eth0, "0.0.0.0/0", "10.5.9.9", 0);
	start("", PARTS_NET, NULL);
	leaves_out("10.5.9.9/32", NULL, "10.5.9.9 (the default gateway):" WHY AUTO CURE);
	/* The gateway is not known; nor are our addresses; nor how wide the route to it is. */
	fake_fail(FAKE_MAIN_ROUTES, -ENOBUFS, 2);
	is_not_made(0);
	fake_fail(FAKE_ADDR, -ENOBUFS, 2);
	is_not_made(0);
	fake_route_add(eth0, "10.5.9.0/24", "192.168.0.1", 0);
	parts.underlay.uplinks[0].link.ifindex = 0; /* one listing less */
	parts.underlay.uplinks[0].conf =
		&(const struct conf_uplink){.gateway = parts_addr("10.5.9.9")};
	fake_fail(FAKE_MAIN_ROUTES, -ENOBUFS, 1);
	is_not_made(0);
	is_made(1);
	assert_non_null(blackhole_list(&b, host_device));
	leaves_out("10.5.9.0/24", NULL, "10.5.9.9 (the default gateway):" WHY AUTO CURE);
}

static void a_change_that_is_not_seen_is_looked_for_again(void **state)
{
	(void)state;
	start("", PARTS_NET, NULL);
	is_listed("10.5.0.0/16");
	fake_addr_add(eth1, "10.5.3.1/32");
	b.routes_changed = true;
	fake_fail(FAKE_ADDR, -ENOBUFS, 2);
	blackhole_check(&b);
	assert_int_equal(fake.calls[FAKE_BLACKHOLES], 0);
	assert_true(b.routes_changed);
	is_made(1);
	leaves_out("10.5.3.1/32", NULL, "10.5.3.1 (an address of this node):" WHY AUTO CURE);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(is_all_that_may_be_leased),
		CASE(is_what_the_config_bounds),
		CASE(has_both_ip_versions_where_the_lease_has),
		CASE(an_endpoint_is_left_out),
		CASE(the_gateway_is_left_out),
		CASE(a_configured_gateway_is_left_out),
		CASE(an_address_of_the_node_is_left_out),
		CASE(the_overlays_own_addresses_are_not),
		CASE(those_of_containers_are_not),
		CASE(those_of_an_uplink_are_whatever_it_is),
		CASE(the_widest_route_to_it_is_left_out_whole),
		CASE(a_route_over_several_blackholes_widens_nothing),
		CASE(each_is_widened_by_its_own),
		CASE(on_leaves_out_nothing),
		CASE(off_has_none_and_warns),
		CASE(the_warning_names_three),
		CASE(is_made_anew_when_something_changed),
		CASE(what_cannot_be_made_leaves_the_former),
		CASE(a_change_that_is_not_seen_is_looked_for_again),
	};

	return parts_run("host_blackhole", tests, RTE_DIM(tests));
}
