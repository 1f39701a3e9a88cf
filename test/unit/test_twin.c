/* SPDX-License-Identifier: BSD-3-Clause */
/* An uplink of ours alone, and the twin that stands for it in the kernel. */
#include <event2/event.h>

#include "bed/wired.h"
#include "underlay/next_hop.h"

static const char on_nic[] = "uplinks = ( { devargs = \"net_x0\"; } );";
static const char nic_mac[] = "02:00:00:00:dd:00"; /* fake_drivers.h */
static uint32_t twin;

static struct wired *start(const char *conf)
{
	struct wired *w = wired_open(conf);

	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	wired_run(w);
	return w;
}

/* As a former daemon left it. */
static void add_twin(void)
{
	twin = fake_link_add("ovnet-uplink0", "tun", 1500, nic_mac);
	fake_addr_add(twin, "192.168.77.1/24");
}

static void set_twin(uint16_t mtu, const char *mac)
{
	struct ovnet_link l = {.ifindex = twin, .name = "ovnet-uplink0", .kind = "tun"};

	l.up = l.running = true;
	l.mtu = mtu;
	l.mac = wired_mac(mac);
	fake_link_set(&l);
}

static void a_twin_waits_for_its_address(void **state)
{
	int rc;

	(void)state;
	struct wired *w = wired_try_open(on_nic, &rc);
	assert_int_equal(rc, -EAGAIN);
	const struct uplink *u = &w->underlay.uplinks[0];
	assert_string_equal(wired_warning(w, "twin-address uplink0"),
		"twin ovnet-uplink0 of uplink uplink0 has no IPv4 address, and no overlay "
		"traffic without one: give it what the NIC had (`ip addr add ADDRESS/LENGTH dev "
		"ovnet-uplink0`, then the routes), or run a DHCP client on it");
	assert_string_equal(u->port->driver->name, "dpdk");
	assert_string_equal(u->twin->name, "twin:uplink0");
	assert_int_equal(u->twin->role, OVNET_PORT_TWIN);
	assert_int_equal(ovnet_port_twin(u->port), u->twin->id);
	assert_int_equal(ovnet_port_twin(u->twin), u->port->id);
	assert_true(fake_drivers.stays[u->twin->id]);
	assert_true(fake_drivers.multicast[u->port->id]);
	const struct ovnet_mac mac = wired_mac(nic_mac);
	assert_true(ovnet_mac_equal(&u->link.mac, &mac));
	assert_int_equal(fake.twins, 1u << (fake.n_links - 1));
	fake_addr_add(u->link.ifindex, "192.168.77.1/24");
	assert_int_equal(underlay_await_address(&w->underlay), 0);
	assert_null(wired_warning(w, "twin-address uplink0"));
	assert_addr(&u->addr, "192.168.77.1");
	wired_close(w);
}

/* Another address there is the host's; what is taken is said before there is anything to take. */
static void a_twins_kernel_is_asked(void **state)
{
	(void)state;
	add_twin();
	fake_addr_add(twin, "192.168.77.5/24");
	fake_route_add(twin, "0.0.0.0/0", "192.168.77.254", 0);
	struct wired *w = start(on_nic);
	const struct ovnet_addr peer = wired_addr("192.0.2.7");
	struct uplink *u = &w->underlay.uplinks[0];
	struct ovnet_route_query q = {.dst = peer};
	struct next_hop hop;

	assert_int_equal(u->link.ifindex, twin);
	assert_addr(&u->port->local, "192.168.77.1");
	assert_int_equal(u->port->local6.family, 0);
	ovnet_kernel_routes_get(w->kernel, &q, 1);
	assert_int_equal(next_hop_find(&w->underlay, &peer, &q, &hop), 0);
	assert_ptr_equal(hop.uplink, u);
	assert_addr(&hop.addr, "192.168.77.254");
	assert_addr(&hop.source, "192.168.77.1");
	assert_true(underlay_facts(&w->underlay).has_public);
	assert_null(u->fragments);
	wired_close(w);
}

static void the_nic_follows_its_twin(void **state)
{
	(void)state;
	add_twin();
	set_twin(9000, nic_mac); /* what it was set to in a former life */
	struct wired *w = start(on_nic);
	const uint16_t nic = w->underlay.uplinks[0].port->id;
	assert_int_equal(underlay_max_mtu(&w->underlay), 9000);
	assert_int_equal(fake_drivers.mtu[nic], 9000);
	assert_true(fake_drivers.mtu_near[nic]); /* another NIC may not take it */
	assert_int_equal(w->node.overlay_mtu, 8950);
	set_twin(1400, "02:00:00:00:77:aa");
	wired_run(w);
	assert_int_equal(fake_drivers.mtu[nic], 1400);
	const struct ovnet_mac mac = wired_mac("02:00:00:00:77:aa");
	struct ovnet_mac is = ovnet_port_mac(w->underlay.uplinks[0].port);
	assert_true(ovnet_mac_equal(&fake_drivers.mac[nic], &mac));
	assert_true(ovnet_mac_equal(&is, &mac));
	assert_non_null(wired_warning(w, "mtu"));
	fake_drivers.refuses_changes = true;
	set_twin(9000, nic_mac);
	wired_run(w);
	is = ovnet_port_mac(w->underlay.uplinks[0].port);
	assert_true(ovnet_mac_equal(&is, &mac));
	assert_string_equal(wired_warning(w, "twin-mtu uplink0"),
		"uplink uplink0 does not take the MTU 9000 of its twin while it runs (reason in "
		"the log): restart ovnetd, or `ip link set ovnet-uplink0 mtu 1400`");
	assert_string_equal(wired_warning(w, "twin-mac uplink0"),
		"uplink uplink0 does not take the MAC address of its twin (reason in the log), so "
		"that what is for it does not arrive: `ip link set ovnet-uplink0 address "
		"02:00:00:00:77:aa`");
	set_twin(1400, "02:00:00:00:77:aa");
	wired_run(w);
	assert_null(wired_warning(w, "twin-mtu uplink0"));
	assert_null(wired_warning(w, "twin-mac uplink0"));
	wired_close(w);
}

static void the_twin_shows_the_nics_link(void **state)
{
	(void)state;
	add_twin();
	struct wired *w = start(on_nic);
	const struct uplink *u = &w->underlay.uplinks[0];
	fake_drivers.no_link[u->port->id] = true;
	underlay_look(&w->underlay);
	assert_true(fake_drivers.no_carrier[u->twin->id]);
	fake_drivers.no_link[u->port->id] = false;
	underlay_look(&w->underlay);
	assert_false(fake_drivers.no_carrier[u->twin->id]);
	wired_close(w);
}

static void a_deleted_twin_is_made_anew(void **state)
{
	(void)state;
	add_twin();
	struct wired *w = start(on_nic);
	const struct uplink *u = &w->underlay.uplinks[0];
	const uint16_t id = u->twin->id;
	fake_link_del(twin);
	wired_run(w);
	assert_int_equal(fake_drivers.lost, 1);
	event_active(w->ports.timer, EV_TIMEOUT, 0);
	wired_run(w);
	assert_false(ports_is_lost(&w->ports, u->twin));
	assert_null(wired_warning(w, "uplink-down uplink0"));
	assert_non_null(wired_warning(w, "public-ip"));
	assert_non_null(wired_warning(w, "twin-address uplink0"));
	assert_int_equal(u->twin->id, id);
	assert_int_equal(ovnet_port_twin(u->port), id);
	assert_int_equal(ovnet_port_twin(u->twin), u->port->id);
	assert_int_not_equal(u->link.ifindex, twin);
	fake_addr_add(u->link.ifindex, "192.168.77.1/24");
	wired_run(w);
	assert_null(wired_warning(w, "public-ip"));
	assert_null(wired_warning(w, "twin-address uplink0"));
	wired_close(w);
}

/* As ever. */
static void without_a_twin_the_configuration_has_it_all(void **state)
{
	(void)state;
	struct wired *w = start("uplinks = ( { devargs = \"net_x0\"; address = "
				"\"192.168.77.1/24\"; } );");
	const struct uplink *u = &w->underlay.uplinks[0];
	assert_null(u->twin);
	assert_int_equal(u->link.ifindex, 0);
	assert_int_equal(ovnet_port_twin(u->port), OVNET_PORT_NONE);
	assert_false(fake_drivers.multicast[u->port->id]);
	assert_addr(&u->port->local, "192.168.77.1");
	assert_int_equal(fake.twins, 0);
	wired_close(w);
}

#define CASE(f) cmocka_unit_test_setup(f, wired_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_twin_waits_for_its_address),
		CASE(a_twins_kernel_is_asked),
		CASE(the_nic_follows_its_twin),
		CASE(the_twin_shows_the_nics_link),
		CASE(a_deleted_twin_is_made_anew),
		CASE(without_a_twin_the_configuration_has_it_all),
	};

	return cmocka_run_group_tests(tests, wired_eal, NULL);
}
