/* SPDX-License-Identifier: BSD-3-Clause */
/* Which peer is in the FIB, and how: by its lease, by the way there. */
#include "bed/peers.h"

static unsigned routes(struct wired *w)
{
	return fake_routes_of_ours(w->host.port->ifindex);
}

static struct ovnet_nh_slot *slot(struct wired *w, const char *addr)
{
	const struct ovnet_addr a = wired_addr(addr);

	return ovnet_fib_nh_find(w->engine.fib, 0, &a);
}

/* --- leases --- */

static void comes_and_goes(void **state)
{
	const struct ovnet_lease l = peers_lease(3, false);

	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	fake_neigh_set(u0, "192.168.77.3", "02:00:00:00:77:03");
	peers_set(&w->peers, &l);
	assert_int_equal(w->peers.n, 1);
	assert_string_equal(state_of(w, "10.5.3.0/24"), "pending");
	assert_null(in_fib(w, "10.5.3.0/24")); /* it is done in the loop */
	assert_int_equal(w->settled, 0);
	wired_run(w);
	const struct ovnet_peer *fp = in_fib(w, "10.5.3.0/24");
	assert_non_null(fp);
	assert_addr(&fp->public_addr, "192.168.77.3");
	assert_header(fp, "192.168.77.1", "192.168.77.3", 1, "02:00:00:05:00:03");
	assert_int_equal(fp->mtu, 1450);
	assert_hop(fp->nh, "02:00:00:00:77:03", U0_MAC);
	assert_string_equal(state_of(w, "10.5.3.0/24"), "ok");
	assert_true(is_routed(w, "10.5.3.0/24"));
	assert_int_equal(fake_neigh_refs(u0, "192.168.77.3"), 1);
	assert_int_equal(w->settled, 1);
	peers_del(&w->peers, &l);
	assert_int_equal(w->peers.n, 0);
	assert_non_null(in_fib(w, "10.5.3.0/24"));
	wired_run(w);
	assert_null(in_fib(w, "10.5.3.0/24"));
	assert_string_equal(state_of(w, "10.5.3.0/24"), "none");
	assert_int_equal(routes(w), 0);
	assert_int_equal(fake_neigh_refs(u0, "192.168.77.3"), 0);
	assert_null(slot(w, "192.168.77.3"));
	assert_int_equal(w->settled, 2);
	wired_close(w);
}

static void goes_before_it_was_there(void **state)
{
	const struct ovnet_lease l = peers_lease(3, false), other = peers_lease(4, false);

	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	peers_set(&w->peers, &l);
	peers_del(&w->peers, &l);
	peers_del(&w->peers, &l);
	peers_del(&w->peers, &other);
	assert_int_equal(w->peers.n, 0);
	wired_run(w);
	assert_string_equal(state_of(w, "10.5.3.0/24"), "none");
	assert_null(in_fib(w, "10.5.3.0/24"));
	assert_int_equal(fake.calls[FAKE_ROUTE_SET], 0);
	assert_int_equal(fake.calls[FAKE_NEIGH_WANT], 0);
	wired_close(w);
}

/* Another node's before the queue came to it: it never leaves FIB and kernel. */
static void goes_and_comes_back(void **state)
{
	struct ovnet_lease l = peers_lease(3, false);

	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	peers_set(&w->peers, &l);
	wired_run(w);
	uint32_t id = in_fib(w, "10.5.3.0/24")->id;
	peers_del(&w->peers, &l);
	l.public_ip = wired_addr("192.168.77.30");
	l.vtep_mac.b[5] = 0x30;
	peers_set(&w->peers, &l);
	assert_int_equal(w->peers.n, 1);
	wired_run(w);
	const struct ovnet_peer *fp = in_fib(w, "10.5.3.0/24");
	assert_header(fp, "192.168.77.1", "192.168.77.30", 1, "02:00:00:05:00:30");
	assert_int_equal(fp->id, id);
	assert_ptr_equal(fp->nh, slot(w, "192.168.77.30"));
	assert_null(slot(w, "192.168.77.3"));
	assert_int_equal(fake_neigh_refs(u0, "192.168.77.3"), 0);
	assert_int_equal(fake_neigh_refs(u0, "192.168.77.30"), 1);
	assert_int_equal(fake.calls[FAKE_ROUTE_DEL], 0);
	assert_int_equal(fake.calls[FAKE_ROUTE_SET], 1);
	wired_close(w);
}

/* The way there is the same, the header is not. */
static void gets_another_vtep_mac(void **state)
{
	struct ovnet_lease l = peers_lease(3, false);

	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	peers_set(&w->peers, &l);
	wired_run(w);
	l.vtep_mac.b[5] = 0x33;
	peers_set(&w->peers, &l);
	wired_run(w);
	assert_header(
		in_fib(w, "10.5.3.0/24"), "192.168.77.1", "192.168.77.3", 1, "02:00:00:05:00:33");
	assert_int_equal(fake.calls[FAKE_NEIGH_WANT], 1);
	wired_close(w);
}

static void a_dual_stack_lease_is_two(void **state)
{
	struct ovnet_lease l = peers_lease(3, true);

	(void)state;
	struct wired *w = peers_start(WIRED_DUAL, WIRED_OWN2);
	peers_set(&w->peers, &l);
	wired_run(w);
	assert_int_equal(w->peers.n, 2);
	const struct ovnet_peer *fp = in_fib(w, "fd05:0:0:3::/64");
	assert_int_equal(fp->encap, OVNET_ENCAP_VXLAN6);
	assert_addr(&fp->public_addr, "fd77::3");
	assert_int_equal(in_fib(w, "10.5.3.0/24")->encap, OVNET_ENCAP_VXLAN4);
	assert_true(is_routed(w, "fd05:0:0:3::/64"));
	assert_int_equal(fake_neigh_refs(u0, "fd77::3"), 1);
	/* Its IPv6 half moves. */
	l.subnet6.addr[7] = 4;
	peers_set(&w->peers, &l);
	wired_run(w);
	assert_int_equal(w->peers.n, 2);
	assert_null(in_fib(w, "fd05:0:0:3::/64"));
	assert_false(is_routed(w, "fd05:0:0:3::/64"));
	assert_non_null(in_fib(w, "fd05:0:0:4::/64"));
	/* And goes. */
	l.has_v6 = false;
	peers_set(&w->peers, &l);
	wired_run(w);
	assert_int_equal(w->peers.n, 1);
	assert_null(in_fib(w, "fd05:0:0:4::/64"));
	assert_non_null(in_fib(w, "10.5.3.0/24"));
	l.has_v6 = true;
	peers_set(&w->peers, &l);
	wired_run(w);
	peers_del(&w->peers, &l);
	wired_run(w);
	assert_int_equal(w->peers.n, 0);
	assert_int_equal(routes(w), 0);
	assert_null(in_fib(w, "fd05:0:0:4::/64"));
	wired_close(w);
}

/* --- leases that are not for us --- */

static void ignored_until(
	struct wired *w, const struct ovnet_lease *bad, const struct ovnet_lease *good)
{
	peers_set(&w->peers, bad);
	wired_run(w);
	assert_string_equal(state_of(w, "10.5.3.0/24"), "ignored");
	assert_null(in_fib(w, "10.5.3.0/24"));
	assert_false(is_routed(w, "10.5.3.0/24"));
	assert_int_equal(fake_neigh_refs(u0, "192.168.77.3"), 0);
	peers_set(&w->peers, good);
	wired_run(w);
	assert_non_null(in_fib(w, "10.5.3.0/24"));
	assert_true(is_routed(w, "10.5.3.0/24"));
	/* And the other way round. */
	peers_set(&w->peers, bad);
	wired_run(w);
	assert_string_equal(state_of(w, "10.5.3.0/24"), "ignored");
	assert_null(in_fib(w, "10.5.3.0/24"));
	assert_false(is_routed(w, "10.5.3.0/24"));
	assert_int_equal(fake_neigh_refs(u0, "192.168.77.3"), 0);
	assert_int_equal(w->peers.n, 1);
	peers_del(&w->peers, bad);
	wired_run(w);
	assert_string_equal(state_of(w, "10.5.3.0/24"), "none");
}

static void of_another_backend_or_without_a_vtep_mac(void **state)
{
	const struct ovnet_lease good = peers_lease(3, false);
	struct ovnet_lease bad = good;

	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	bad.backend = OVNET_BACKEND_HOST_GW;
	ignored_until(w, &bad, &good);
	bad = good;
	bad.has_vtep_mac = false;
	ignored_until(w, &bad, &good);
	wired_close(w);
}

static void without_a_public_ipv6(void **state)
{
	const struct ovnet_lease good = peers_lease(3, true);
	struct ovnet_lease bad = good;

	(void)state;
	struct wired *w = peers_start(WIRED_DUAL, WIRED_OWN2);
	bad.public_ip6 = (struct ovnet_addr){0};
	peers_set(&w->peers, &bad);
	wired_run(w);
	assert_string_equal(state_of(w, "fd05:0:0:3::/64"), "ignored");
	assert_null(in_fib(w, "fd05:0:0:3::/64"));
	assert_non_null(in_fib(w, "10.5.3.0/24")); /* the other half has what it needs */
	peers_set(&w->peers, &good);
	wired_run(w);
	assert_non_null(in_fib(w, "fd05:0:0:3::/64"));
	wired_close(w);
}

static void of_ipv6_where_we_have_none(void **state)
{
	const struct ovnet_lease l = peers_lease(3, true);

	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	peers_set(&w->peers, &l);
	wired_run(w);
	assert_string_equal(state_of(w, "fd05:0:0:3::/64"), "ignored");
	assert_false(is_routed(w, "fd05:0:0:3::/64"));
	assert_non_null(in_fib(w, "10.5.3.0/24"));
	wired_close(w);
}

/* --- the way there --- */

static void no_uplink_leads_there(void **state)
{
	const struct ovnet_lease near = peers_lease(3, false);
	struct ovnet_lease far = peers_lease(4, false);

	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	far.public_ip = wired_addr("172.16.0.9");
	peers_set(&w->peers, &near);
	peers_set(&w->peers, &far);
	wired_run(w);
	assert_string_equal(wired_warning(w, "no-route"),
		"no uplink leads to 1 of 2 peers, 172.16.0.9 for one: their packets are dropped "
		"(no-uplink) until `ip route get 172.16.0.9` names one of ours");
	assert_string_equal(state_of(w, "10.5.4.0/24"), "no-route");
	/* In the FIB and routed to us, so that it is counted. */
	assert_null(in_fib(w, "10.5.4.0/24")->nh);
	assert_true(is_routed(w, "10.5.4.0/24"));
	fake_route_add(u0, "0.0.0.0/0", "192.168.77.2", 0);
	wired_run(w);
	assert_null(wired_warning(w, "no-route"));
	assert_ptr_equal(in_fib(w, "10.5.4.0/24")->nh, slot(w, "192.168.77.2"));
	assert_int_equal(fake_neigh_refs(u0, "192.168.77.2"), 1);
	fake_route_del("0.0.0.0/0");
	wired_run(w);
	assert_non_null(wired_warning(w, "no-route"));
	assert_null(in_fib(w, "10.5.4.0/24")->nh);
	assert_int_equal(fake_neigh_refs(u0, "192.168.77.2"), 0);
	peers_del(&w->peers, &far);
	wired_run(w);
	assert_null(wired_warning(w, "no-route"));
	wired_close(w);
}

static void host_gw_reaches_nobody_behind_a_router(void **state)
{
	struct ovnet_lease l = peers_lease(3, false);

	(void)state;
	struct wired *w = peers_start(WIRED_HOST_GW, WIRED_OWN);
	fake_route_add(u0, "172.16.0.0/16", "192.168.77.2", 0);
	l.backend = OVNET_BACKEND_HOST_GW;
	l.public_ip = wired_addr("172.16.0.9");
	peers_set(&w->peers, &l);
	wired_run(w);
	assert_string_equal(state_of(w, "10.5.3.0/24"), "off-link");
	assert_string_equal(wired_warning(w, "off-link"),
		"1 of 1 peers are behind a router, 172.16.0.9 for one: host-gw cannot reach them, "
		"their packets are dropped (no-uplink); use Backend.Type vxlan, with DirectRouting "
		"for the others");
	assert_null(in_fib(w, "10.5.3.0/24")->nh);
	assert_null(wired_warning(w, "no-route"));
	assert_int_equal(fake.calls[FAKE_NEIGH_WANT], 0);
	fake_route_add(u0, "172.16.0.0/16", NULL, 0);
	wired_run(w);
	assert_null(wired_warning(w, "off-link"));
	assert_int_equal(in_fib(w, "10.5.3.0/24")->encap, OVNET_ENCAP_DIRECT);
	assert_int_equal(in_fib(w, "10.5.3.0/24")->mtu, 1500);
	assert_ptr_equal(in_fib(w, "10.5.3.0/24")->nh, slot(w, "172.16.0.9"));
	wired_close(w);
}

static void direct_where_no_router_is_between(void **state)
{
	struct ovnet_lease l = peers_lease(3, false);

	(void)state;
	struct wired *w = peers_start(WIRED_DIRECT, WIRED_OWN);
	fake_route_add(u0, "172.16.0.0/16", "192.168.77.2", 0);
	peers_set(&w->peers, &l);
	wired_run(w);
	assert_int_equal(in_fib(w, "10.5.3.0/24")->encap, OVNET_ENCAP_DIRECT);
	assert_int_equal(in_fib(w, "10.5.3.0/24")->mtu, 1500);
	l.public_ip = wired_addr("172.16.0.9");
	peers_set(&w->peers, &l);
	wired_run(w);
	assert_int_equal(in_fib(w, "10.5.3.0/24")->encap, OVNET_ENCAP_VXLAN4);
	assert_int_equal(in_fib(w, "10.5.3.0/24")->mtu, 1450);
	wired_close(w);
}

static void the_paths_mtu(void **state)
{
	const struct ovnet_lease l = peers_lease(3, false);

	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	peers_set(&w->peers, &l);
	wired_run(w);
	fake_route_add(u0, "192.168.77.3/32", NULL, 1400);
	wired_run(w);
	assert_int_equal(in_fib(w, "10.5.3.0/24")->mtu, 1350);
	assert_int_equal(fake_neigh_refs(u0, "192.168.77.3"), 1);
	wired_close(w);
}

static void follows_its_neighbour(void **state)
{
	const struct ovnet_lease l = peers_lease(3, false);

	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	peers_set(&w->peers, &l);
	wired_run(w);
	assert_string_equal(state_of(w, "10.5.3.0/24"), "neighbour-pending");
	fake_neigh_set(u0, "192.168.77.3", "02:00:00:00:77:03");
	wired_run(w);
	assert_string_equal(state_of(w, "10.5.3.0/24"), "ok");
	fake_neigh_set(u0, "192.168.77.3", NULL);
	wired_run(w);
	assert_string_equal(state_of(w, "10.5.3.0/24"), "neighbour-pending");
	wired_close(w);
}

static void follows_its_uplink(void **state)
{
	const struct ovnet_lease l = peers_lease(3, false);

	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	fake_neigh_set(u0, "192.168.77.3", "02:00:00:00:77:03");
	peers_set(&w->peers, &l);
	wired_run(w);
	struct ovnet_link now = w->underlay.uplinks[0].link;
	now.mac = wired_mac("02:00:00:00:77:ff");
	fake_link_set(&now);
	wired_run(w);
	assert_hop(in_fib(w, "10.5.3.0/24")->nh, "02:00:00:00:77:03", "02:00:00:00:77:ff");
	assert_int_equal(fake_neigh_refs(u0, "192.168.77.3"), 1);
	fake_link_del(u0);
	wired_run(w);
	assert_string_equal(state_of(w, "10.5.3.0/24"), "no-route");
	assert_int_equal(fake_neigh_refs(u0, "192.168.77.3"), 0);
	uint32_t again = fake_link_add("u0", "veth", 1500, U0_MAC);
	fake_addr_add(again, "192.168.77.1/24");
	event_active(w->ports.timer, EV_TIMEOUT, 0);
	wired_run(w);
	assert_string_equal(state_of(w, "10.5.3.0/24"), "neighbour-pending");
	assert_int_equal(fake_neigh_refs(again, "192.168.77.3"), 1);
	assert_null(wired_warning(w, "no-route"));
	wired_close(w);
}

/* The static registry knows MACs where there is no kernel to ask; etcd's leases are not asked. */
static void the_mac_its_lease_tells(void **state)
{
	static const char conf[] =
		"registry: { type = \"static\"; file = \"/dev/null\"; };"
		"uplinks = ( { devargs = \"net_null0\"; address = \"192.168.77.1/24\"; } );";
	struct ovnet_lease l = peers_lease(3, false);

	(void)state;
	struct wired *w = wired_open(conf);
	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	l.has_next_hop_mac = true;
	l.next_hop_mac = wired_mac("02:00:00:00:aa:01");
	peers_set(&w->peers, &l);
	wired_run(w);
	assert_hop(in_fib(w, "10.5.3.0/24")->nh, "02:00:00:00:aa:01", "02:00:00:00:dd:00");
	l.next_hop_mac = wired_mac("02:00:00:00:aa:02");
	peers_set(&w->peers, &l);
	wired_run(w);
	assert_hop(in_fib(w, "10.5.3.0/24")->nh, "02:00:00:00:aa:02", "02:00:00:00:dd:00");
	wired_close(w);
	w = wired_open(
		conf + sizeof("registry: { type = \"static\"; file = \"/dev/null\"; };") - 1);
	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	peers_set(&w->peers, &l);
	wired_run(w);
	assert_hop(in_fib(w, "10.5.3.0/24")->nh, NULL, NULL);
	wired_close(w);
}

#define CASE(f) cmocka_unit_test_setup(f, wired_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(comes_and_goes),
		CASE(goes_before_it_was_there),
		CASE(goes_and_comes_back),
		CASE(gets_another_vtep_mac),
		CASE(a_dual_stack_lease_is_two),
		CASE(of_another_backend_or_without_a_vtep_mac),
		CASE(without_a_public_ipv6),
		CASE(of_ipv6_where_we_have_none),
		CASE(no_uplink_leads_there),
		CASE(host_gw_reaches_nobody_behind_a_router),
		CASE(direct_where_no_router_is_between),
		CASE(the_paths_mtu),
		CASE(follows_its_neighbour),
		CASE(follows_its_uplink),
		CASE(the_mac_its_lease_tells),
	};

	return cmocka_run_group_tests(tests, wired_eal, NULL);
}
