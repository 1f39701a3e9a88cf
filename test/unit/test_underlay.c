/* SPDX-License-Identifier: BSD-3-Clause */
/* Uplinks in an operator's hands: which it is, and what becomes of it. */
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <event2/event.h>

#include "bed/wired.h"

#define U0_MAC "02:00:00:00:77:01"

static const char on_u0[] = "node: { iface = \"u0\"; };";
static uint32_t u0;

static void add_u0(void)
{
	u0 = fake_link_add("u0", "veth", 1500, U0_MAC);
	fake_addr_add(u0, "192.168.77.1/24");
}

/* With a lease, and nothing due any more. */
static struct wired *start(const char *conf, const char *netconf, const char *key)
{
	struct wired *w = wired_open(conf);

	wired_lease(w, netconf, key);
	wired_run(w);
	w->changed = 0;
	return w;
}

static void set_up(uint32_t ifindex, bool up, uint16_t mtu, const char *mac)
{
	struct ovnet_link l = {.ifindex = ifindex, .name = "u0", .kind = "veth"};

	l.up = l.running = up;
	l.mtu = mtu;
	l.mac = wired_mac(mac);
	fake_link_set(&l);
}

static void refused(const char *conf, int err)
{
	int rc;
	struct wired *w = wired_try_open(conf, &rc);

	assert_int_equal(rc, err);
	assert_int_equal(fake_drivers.opened, fake_drivers.closed);
	wired_close(w);
}

/* --- which interface --- */

static void the_first_of_a_list_that_is_there(void **state)
{
	(void)state;
	add_u0();
	fake_addr_add(u0, "192.168.77.5/24");
	struct wired *w = wired_open("node: { iface = \"none0,192.168.77.5,lo\"; };");
	assert_int_equal(w->underlay.n, 1);
	assert_int_equal(w->underlay.uplinks[0].port->ifindex, u0);
	/* The one that is named, not the link's first. */
	assert_addr(&w->underlay.uplinks[0].addr, "192.168.77.5");
	assert_addr(&w->node.public_ip, "192.168.77.5");
	wired_close(w);
}

static void of_the_default_route(void **state)
{
	(void)state;
	add_u0();
	uint32_t x0 = fake_link_add("x0", "veth", 1400, NULL);
	fake_addr_add(x0, "192.168.55.1/24");
	refused("", -ENETUNREACH);
	fake_route_add(x0, "0.0.0.0/0", "192.168.55.2", 0);
	struct wired *w = wired_open("");
	assert_string_equal(w->underlay.uplinks[0].port->name, "x0");
	assert_int_equal(w->underlay.uplinks[0].port->mtu, 1400);
	wired_close(w);
}

static void refuses_what_cannot_serve(void **state)
{
	(void)state;
	refused(on_u0, -ENODEV);
	u0 = fake_link_add("u0", "veth", 1500, U0_MAC);
	refused(on_u0, -EADDRNOTAVAIL);
	fake_drivers.no_af_xdp = true;
	fake_addr_add(u0, "192.168.77.1/24");
	refused("uplinks = ( { iface = \"u0\"; driver = \"af_xdp\"; } );", -EOPNOTSUPP);
}

static void waits_for_one_that_is_down(void **state)
{
	int rc;

	(void)state;
	add_u0();
	set_up(u0, false, 1500, U0_MAC);
	struct wired *w = wired_try_open(on_u0, &rc);
	assert_int_equal(rc, -EAGAIN);
	assert_string_equal(wired_warning(w, "uplink-down u0"),
		"uplink u0 is down: no overlay traffic until `ip link set u0 up`");
	set_up(u0, true, 1500, U0_MAC);
	assert_int_equal(underlay_open(&w->underlay, NULL), 0);
	assert_null(wired_warning(w, "uplink-down u0"));
	wired_close(w);
}

static const char *driver_with(const char *conf, const char *warning)
{
	struct wired *w = wired_open(conf);
	const char *name = w->underlay.uplinks[0].port->driver->name;

	if (warning != NULL)
		assert_non_null(strstr(wired_warning(w, "af-packet u0"), warning));
	else
		assert_null(wired_warning(w, "af-packet u0"));
	wired_close(w);
	return name;
}

static void the_best_driver_that_opens(void **state)
{
	static const char zero_copy[] = "uplinks = ( { iface = \"u0\"; zero-copy = \"on\"; } );";

	(void)state;
	add_u0();
	assert_string_equal(driver_with(on_u0, NULL), "socket");
	assert_string_equal(driver_with(zero_copy, NULL), "af_xdp");
	fake_drivers.no_af_xdp = true;
	assert_string_equal(driver_with(zero_copy, NULL), "socket");
	fake_drivers.no_socket = true;
	assert_string_equal(driver_with(on_u0, "driver socket did not open"), "af_packet");
	/* As it is meant. */
	assert_string_equal(
		driver_with("uplinks = ( { iface = \"u0\"; driver = \"af_packet\"; } );", NULL),
		"af_packet");
	refused("uplinks = ( { iface = \"u0\"; driver = \"socket\"; } );", -EOPNOTSUPP);
}

/* --- what becomes of it --- */

static void down_and_up(void **state)
{
	(void)state;
	add_u0();
	struct wired *w = start(on_u0, WIRED_VXLAN, WIRED_OWN);
	set_up(u0, false, 1500, U0_MAC);
	wired_run(w);
	assert_string_equal(wired_warning(w, "uplink-down u0"),
		"uplink u0 is down: no overlay traffic until `ip link set u0 up`");
	assert_int_equal(w->changed, 1);
	assert_false(ports_is_lost(&w->ports, w->underlay.uplinks[0].port));
	set_up(u0, true, 1500, U0_MAC);
	wired_run(w);
	assert_null(wired_warning(w, "uplink-down u0"));
	assert_int_equal(w->changed, 2);
	wired_close(w);
}

static void gone_and_back(void **state)
{
	(void)state;
	add_u0();
	struct wired *w = start(on_u0, WIRED_VXLAN, WIRED_OWN);
	const struct uplink *u = &w->underlay.uplinks[0];
	fake_link_del(u0);
	wired_run(w);
	assert_string_equal(wired_warning(w, "uplink-down u0"),
		"uplink u0 is gone: no overlay traffic until there is an interface of that name "
		"again");
	assert_true(ports_is_lost(&w->ports, u->port));
	assert_int_equal(fake_drivers.lost, 1);
	assert_int_equal(w->changed, 1);
	fake_drivers.filter[0] = (struct fake_filter){0};
	uint32_t again = fake_link_add("u0", "veth", 1500, "02:00:00:00:77:02");
	fake_addr_add(again, "192.168.77.1/24");
	event_active(w->ports.timer, EV_TIMEOUT, 0);
	wired_run(w);
	assert_null(wired_warning(w, "uplink-down u0"));
	assert_false(ports_is_lost(&w->ports, u->port));
	assert_int_equal(u->port->id, 0);
	assert_int_equal(u->link.ifindex, again);
	assert_int_equal(u->port->ifindex, again);
	assert_int_equal(fake_drivers.filter[0].udp_port, 8472);
	assert_int_equal(fake_drivers.filter[0].n_addrs, 1);
	assert_true(w->changed > 1);
	wired_close(w);
}

/* What is seen by looking, because no notification came. */
static void gone_unheard(void **state)
{
	(void)state;
	add_u0();
	struct wired *w = start(on_u0, WIRED_VXLAN, WIRED_OWN);
	underlay_check(&w->underlay);
	assert_int_equal(w->changed, 0);
	fake_link_del(u0);
	underlay_check(&w->underlay);
	assert_true(ports_is_lost(&w->ports, w->underlay.uplinks[0].port));
	assert_int_equal(w->changed, 1);
	unsigned asked = fake.calls[FAKE_LINK];
	underlay_check(&w->underlay);
	assert_int_equal(w->changed, 1); /* it is known */
	assert_int_equal(fake.calls[FAKE_LINK], asked);
	wired_close(w);
}

static void events_that_mean_nothing(void **state)
{
	(void)state;
	add_u0();
	uint32_t x0 = fake_link_add("x0", "veth", 1500, NULL);
	struct wired *w = start(on_u0, WIRED_VXLAN, WIRED_OWN);
	/* Old: it is up again. */
	struct ovnet_link old = w->underlay.uplinks[0].link;
	old.up = false;
	old.mtu = 1000;
	underlay_link_changed(&w->underlay, &old);
	assert_null(wired_warning(w, "uplink-down u0"));
	assert_null(wired_warning(w, "mtu"));
	assert_int_equal(w->underlay.uplinks[0].link.mtu, 1500);
	assert_int_equal(w->changed, 1); /* whatever it said, it is looked at */
	/* None of ours. */
	fake_link_del(x0);
	wired_run(w);
	assert_int_equal(w->changed, 1);
	/* The port is lost already. */
	fake_link_del(u0);
	wired_run(w);
	assert_int_equal(w->changed, 2);
	underlay_link_changed(&w->underlay, &old);
	assert_int_equal(w->changed, 2);
	wired_close(w);
}

static void another_mac(void **state)
{
	const struct ovnet_mac mac = wired_mac("02:00:00:00:77:ff");

	(void)state;
	add_u0();
	struct wired *w = start(on_u0, WIRED_VXLAN, WIRED_OWN);
	set_up(u0, true, 1500, "02:00:00:00:77:ff");
	wired_run(w);
	struct ovnet_mac is = ovnet_port_mac(w->underlay.uplinks[0].port);
	assert_true(ovnet_mac_equal(&is, &mac));
	assert_int_equal(w->changed, 1);
	wired_close(w);
}

static void too_small_an_mtu(void **state)
{
	(void)state;
	add_u0();
	struct wired *w = start(on_u0, WIRED_VXLAN, WIRED_OWN);
	set_up(u0, true, 1499, U0_MAC);
	wired_run(w);
	assert_string_equal(wired_warning(w, "mtu"),
		"uplink u0 has MTU 1499, too little for the overlay's 1450: full-size packets are "
		"dropped (oversize) until it has 1500, or Backend.MTU or the uplink's MTU at "
		"ovnetd's start is less");
	set_up(u0, true, 1500, U0_MAC);
	wired_run(w);
	assert_null(wired_warning(w, "mtu"));
	wired_close(w);
}

/* --- addresses --- */

static void told_anew_which_addresses_are_ours(void **state)
{
	const struct fake_filter *f = &fake_drivers.filter[0];

	(void)state;
	add_u0();
	struct wired *w = wired_open(on_u0);
	fake_addr_add(u0, "192.168.77.5/24");
	wired_run(w);
	assert_int_equal(f->set, 0); /* there is nothing to take yet */
	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	wired_run(w);
	assert_int_equal(f->udp_port, 8472);
	assert_int_equal(f->vni, 1);
	assert_int_equal(f->n_subnets, 0);
	assert_int_equal(f->n_addrs, 2);
	assert_addr(&f->addr[1], "192.168.77.5");
	fake_addr_add(u0, "192.168.88.1/24");
	wired_run(w);
	assert_int_equal(f->n_addrs, 3);
	assert_addr(&f->addr[2], "192.168.88.1");
	fake_addr_del(u0, "192.168.77.5");
	wired_run(w);
	assert_int_equal(f->n_addrs, 2);
	assert_addr(&f->addr[1], "192.168.88.1");
	wired_close(w);
}

/* Peers know us by it, a better one or not. */
static void it_goes_on_with_the_address_it_began_with(void **state)
{
	(void)state;
	u0 = fake_link_add("u0", "veth", 1500, U0_MAC);
	fake_addr_add(u0, "169.254.7.1/16");
	struct wired *w = start(on_u0, WIRED_VXLAN, WIRED_OWN);
	fake_addr_add(u0, "192.168.77.1/24");
	wired_run(w);
	assert_int_equal(w->underlay.uplinks[0].n_addrs, 2);
	assert_addr(&w->underlay.uplinks[0].addr, "169.254.7.1");
	fake_addr_del(u0, "169.254.7.1");
	wired_run(w);
	assert_addr(&w->underlay.uplinks[0].addr, "192.168.77.1");
	wired_close(w);
}

/* An address that comes back finds all in place. */
static void without_any_address_it_keeps_the_last(void **state)
{
	const struct fake_filter *f = &fake_drivers.filter[0];

	(void)state;
	add_u0();
	struct wired *w = start(on_u0, WIRED_VXLAN, WIRED_OWN);
	unsigned set = f->set;
	fake_addr_del(u0, "192.168.77.1");
	wired_run(w);
	assert_int_equal(f->set, set);
	assert_int_equal(f->n_addrs, 1);
	assert_addr(&w->underlay.uplinks[0].addr, "192.168.77.1");
	assert_false(uplink_has(&w->underlay.uplinks[0], &w->node.public_ip));
	assert_string_equal(wired_warning(w, "public-ip"),
		"no uplink has the address 192.168.77.1 any more, by which other nodes reach this "
		"one: give it back, or restart ovnetd to take a lease by the new address (and with "
		"it another subnet)");
	fake_addr_add(u0, "192.168.77.1/24");
	wired_run(w);
	assert_null(wired_warning(w, "public-ip"));
	assert_int_equal(f->set, set + 1);
	wired_close(w);
}

/* What a router translates was never among ours. */
static void a_public_ip_of_elsewhere_cannot_be_lost(void **state)
{
	(void)state;
	add_u0();
	struct wired *w = start("node: { iface = \"u0\"; public-ip = \"203.0.113.1\"; public-ipv6 "
				"= \"fd03::1\"; };",
		WIRED_DUAL, WIRED_OWN2);
	fake_addr_add(u0, "192.168.77.5/24");
	fake_addr_del(u0, "192.168.77.1");
	wired_run(w);
	assert_addr(&w->underlay.uplinks[0].addr, "192.168.77.5");
	assert_null(wired_warning(w, "public-ip"));
	assert_null(wired_warning(w, "public-ipv6"));
	wired_close(w);
}

static void a_lost_public_ipv6(void **state)
{
	(void)state;
	add_u0();
	fake_addr_add(u0, "fd77::1/64");
	struct wired *w = start(on_u0, WIRED_VXLAN, WIRED_OWN);
	fake_addr_del(u0, "fd77::1");
	wired_run(w);
	assert_null(wired_warning(w, "public-ipv6")); /* nobody reaches us by it */
	fake_addr_add(u0, "fd77::1/64");
	wired_lease(w, WIRED_DUAL, WIRED_OWN2);
	wired_run(w);
	assert_null(wired_warning(w, "public-ipv6"));
	fake_addr_del(u0, "fd77::1");
	wired_run(w);
	assert_string_equal(wired_warning(w, "public-ipv6"),
		"no uplink has the address fd77::1 any more, by which other nodes reach this one "
		"over IPv6: give it back, or restart ovnetd to tell them another one");
	assert_null(wired_warning(w, "public-ip"));
	fake_addr_add(u0, "fd77::1/64");
	wired_run(w);
	assert_null(wired_warning(w, "public-ipv6"));
	wired_close(w);
}

/* Routed packets to our subnets are taken out of what the kernel sees by AF_XDP alone. */
static void our_subnets_with_host_gw(void **state)
{
	const struct ovnet_prefix own = wired_prefix("10.5.9.0/24");
	const struct fake_filter *f = &fake_drivers.filter[0];

	(void)state;
	add_u0();
	struct wired *w = start("uplinks = ( { iface = \"u0\"; driver = \"af_xdp\"; } );",
		WIRED_HOST_GW, WIRED_OWN);
	assert_int_equal(f->udp_port, 0);
	assert_int_equal(f->n_subnets, 1);
	assert_true(ovnet_prefix_equal(&f->subnet[0], &own));
	assert_null(wired_warning(w, "unvalidated u0"));
	wired_close(w);
	for (unsigned i = 0; i < 2; i++) {
		fake_drivers.no_socket = i == 1;
		w = start(on_u0, WIRED_HOST_GW, WIRED_OWN);
		assert_int_equal(f->n_subnets, 0);
		assert_non_null(wired_warning(w, "unvalidated u0"));
		wired_close(w);
	}
}

static void sysctl(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, value, strlen(value)), strlen(value));
	close(fd);
}

/* By a socket the kernel judges the way of tunnel packets too, where there is more than one. */
static void strict_filtering_of_two_uplinks(void **state)
{
	static const char two[] = "uplinks = ( { iface = \"u0\"; }, { iface = \"u1\"; } );";

	(void)state;
	if (unshare(CLONE_NEWNET) < 0)
		skip();
	for (unsigned i = 0; i < 4; i++) {
		const bool many = i & 1, strict = i & 2;
		wired_reset(state);
		sysctl("/proc/sys/net/ipv4/conf/all/rp_filter", strict ? "1" : "2");
		add_u0();
		fake_addr_add(
			fake_link_add("u1", "veth", 1500, "02:00:00:00:77:02"), "192.168.78.1/24");
		struct wired *w = start(many ? two : on_u0, WIRED_VXLAN, WIRED_OWN);
		const char *said = wired_warning(w, "rp-tunnel u0");
		assert_int_equal(said != NULL, many && strict);
		if (said != NULL)
			assert_non_null(strstr(said, "net.ipv4.conf.u0.rp_filter=2"));
		wired_close(w);
	}
}

#define CASE(f) cmocka_unit_test_setup(f, wired_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_first_of_a_list_that_is_there),
		CASE(of_the_default_route),
		CASE(refuses_what_cannot_serve),
		CASE(waits_for_one_that_is_down),
		CASE(the_best_driver_that_opens),
		CASE(down_and_up),
		CASE(gone_and_back),
		CASE(gone_unheard),
		CASE(events_that_mean_nothing),
		CASE(another_mac),
		CASE(too_small_an_mtu),
		CASE(told_anew_which_addresses_are_ours),
		CASE(it_goes_on_with_the_address_it_began_with),
		CASE(without_any_address_it_keeps_the_last),
		CASE(a_public_ip_of_elsewhere_cannot_be_lost),
		CASE(a_lost_public_ipv6),
		CASE(our_subnets_with_host_gw),
		CASE(strict_filtering_of_two_uplinks),
	};

	return cmocka_run_group_tests(tests, wired_eal, NULL);
}
