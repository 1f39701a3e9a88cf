/* SPDX-License-Identifier: BSD-3-Clause */
/* Where packets for a peer leave: uplink, gateway, source address, MTU, MAC. */
#include "bed/wired.h"
#include "underlay/next_hop.h"

#define U0_MAC "02:00:00:00:77:01"
#define U1_MAC "02:00:00:00:99:01"
#define GW_MAC "02:00:00:00:77:02"

static uint32_t u0, u1;

/* The node of most cases: two uplinks, the first leads everywhere. */
static void add_uplinks(void)
{
	u0 = fake_link_add("u0", "veth", 1500, U0_MAC);
	u1 = fake_link_add("u1", "veth", 9000, U1_MAC);
	fake_addr_add(u0, "192.168.77.1/24");
	fake_addr_add(u0, "192.168.77.5/24");
	fake_addr_add(u1, "192.168.99.1/24");
	fake_route_add(u0, "0.0.0.0/0", "192.168.77.2", 0);
}

static const char both[] = "uplinks = ( { iface = \"u0\"; }, { iface = \"u1\"; } );";

static int find(struct wired *w, const char *dst, struct next_hop *hop)
{
	struct ovnet_route_query q = {.dst = wired_addr(dst)};

	ovnet_kernel_routes_get(w->kernel, &q, 1);
	return next_hop_find(&w->underlay, &q.dst, &q, hop);
}

/* The way there if the kernel answers with this route. */
static int find_by(
	struct wired *w, const char *dst, const struct ovnet_route *route, struct next_hop *hop)
{
	const struct ovnet_route_query q = {.dst = wired_addr(dst), .route = *route};

	return next_hop_find(&w->underlay, &q.dst, &q, hop);
}

static struct ovnet_nh_slot *slot(struct wired *w, uint16_t port, const char *addr)
{
	const struct ovnet_addr a = wired_addr(addr);

	return ovnet_fib_nh_find(w->engine.fib, port, &a);
}

static void on_link_or_by_a_gateway(void **state)
{
	struct next_hop hop;

	(void)state;
	add_uplinks();
	struct wired *w = wired_open(both);
	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_int_equal(find(w, "192.168.99.7", &hop), 0);
	assert_ptr_equal(hop.uplink, &w->underlay.uplinks[1]);
	assert_addr(&hop.addr, "192.168.99.7");
	assert_addr(&hop.source, "192.168.99.1");
	assert_int_equal(hop.mtu, 9000);
	assert_int_equal(find(w, "172.16.0.9", &hop), 0);
	assert_ptr_equal(hop.uplink, &w->underlay.uplinks[0]);
	assert_addr(&hop.addr, "192.168.77.2");
	assert_int_equal(hop.mtu, 1500);
	wired_close(w);
}

static void by_none_of_our_uplinks(void **state)
{
	struct next_hop hop;

	(void)state;
	add_uplinks();
	fake_addr_add(fake_link_add("x0", "veth", 1500, NULL), "192.168.55.1/24");
	fake_route_add(0, "172.16.0.0/16", NULL, 0);
	struct wired *w = wired_open(both);
	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_int_equal(find(w, "192.168.55.9", &hop), -ENETUNREACH);
	assert_int_equal(find(w, "172.16.0.9", &hop), -ENETUNREACH);
	assert_int_equal(find(w, "192.168.77.1", &hop), -ENETUNREACH); /* ourselves */
	wired_close(w);
}

/* Peers know us by it, whatever the route prefers. */
static void the_public_ip_is_the_source(void **state)
{
	const struct ovnet_route r = {.ifindex = 0, .prefsrc = wired_addr("192.168.77.1")};
	struct ovnet_route by_u0 = r, by_u1 = r;
	struct next_hop hop;

	(void)state;
	add_uplinks();
	by_u0.ifindex = u0;
	by_u1.ifindex = u1;
	by_u1.prefsrc = wired_addr("192.168.99.1");
	struct wired *w = wired_open("node: { public-ip = \"192.168.77.5\"; };"
				     "uplinks = ( { iface = \"u0\"; }, { iface = \"u1\"; } );");
	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_int_equal(find_by(w, "172.16.0.9", &by_u0, &hop), 0);
	assert_addr(&hop.source, "192.168.77.5");
	assert_int_equal(find_by(w, "172.16.0.9", &by_u1, &hop), 0);
	assert_addr(&hop.source, "192.168.99.1");
	wired_close(w);
}

/* Behind a router that translates, no uplink has the public IP. */
static void else_what_the_route_prefers(void **state)
{
	struct ovnet_route r = {.prefsrc = wired_addr("192.168.77.5")};
	struct next_hop hop;

	(void)state;
	add_uplinks();
	r.ifindex = u0;
	struct wired *w = wired_open("node: { iface = \"u0\"; public-ip = \"203.0.113.1\"; };");
	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_int_equal(find_by(w, "172.16.0.9", &r, &hop), 0);
	assert_addr(&hop.source, "192.168.77.5");
	r.prefsrc = wired_addr("10.5.9.0"); /* borrowed from the host device */
	assert_int_equal(find_by(w, "172.16.0.9", &r, &hop), 0);
	assert_addr(&hop.source, "192.168.77.1");
	r.prefsrc = (struct ovnet_addr){0};
	assert_int_equal(find_by(w, "172.16.0.9", &r, &hop), 0);
	assert_addr(&hop.source, "192.168.77.1");
	wired_close(w);
}

static void the_smaller_mtu_counts(void **state)
{
	static const uint16_t routes[] = {1300, 1500, 9000, 0};
	static const uint16_t ways[] = {1300, 1500, 1500, 1500};
	struct next_hop hop;

	(void)state;
	add_uplinks();
	struct wired *w = wired_open(both);
	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	for (unsigned i = 0; i < 4; i++) {
		const struct ovnet_route r = {.ifindex = u0, .mtu = routes[i]};
		assert_int_equal(find_by(w, "172.16.0.9", &r, &hop), 0);
		assert_int_equal(hop.mtu, ways[i]);
	}
	wired_close(w);
}

static void no_source_address(void **state)
{
	struct next_hop hop;

	(void)state;
	add_uplinks();
	fake_addr_add(u0, "fe80::1/64"); /* reaches nobody behind a router */
	struct wired *w = wired_open(both);
	const struct ovnet_route r = {.ifindex = u0, .gateway = wired_addr("fd77::2")};
	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_int_equal(find_by(w, "fd99::9", &r, &hop), -EADDRNOTAVAIL);
	/* Without an outer header there is none to put it in. */
	wired_lease(w, WIRED_HOST_GW, WIRED_OWN);
	assert_int_equal(find_by(w, "fd99::9", &r, &hop), 0);
	assert_int_equal(hop.source.family, 0);
	assert_addr(&hop.addr, "fd77::2");
	wired_close(w);
}

/* Of both families, each from its own kind of address. */
static void the_family_of_the_peer(void **state)
{
	struct next_hop hop;

	(void)state;
	add_uplinks();
	fake_addr_add(u0, "fd77::1/64");
	struct wired *w = wired_open(both);
	wired_lease(w, WIRED_DUAL, WIRED_OWN2);
	assert_int_equal(find(w, "fd77::9", &hop), 0);
	assert_addr(&hop.source, "fd77::1");
	assert_int_equal(find(w, "192.168.77.9", &hop), 0);
	assert_addr(&hop.source, "192.168.77.1");
	wired_close(w);
}

static void two_share_a_gateway(void **state)
{
	struct next_hop_ref a = {0}, b = {0};
	struct next_hop hop;

	(void)state;
	add_uplinks();
	fake_neigh_set(u0, "192.168.77.2", GW_MAC);
	struct wired *w = wired_open(both);
	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_int_equal(find(w, "172.16.0.9", &hop), 0);
	assert_int_equal(next_hop_take(&w->underlay, &hop, NULL, &a), 0);
	assert_int_equal(find(w, "172.17.0.9", &hop), 0);
	assert_int_equal(next_hop_take(&w->underlay, &hop, NULL, &b), 0);
	assert_ptr_equal(a.nh, b.nh);
	assert_int_equal(ovnet_nh_get(a.nh)->port, w->underlay.uplinks[0].port->id);
	assert_hop(a.nh, GW_MAC, U0_MAC);
	assert_int_equal(fake_neigh_refs(u0, "192.168.77.2"), 2);
	next_hop_release(&w->underlay, &a);
	assert_null(a.nh);
	assert_ptr_equal(slot(w, 0, "192.168.77.2"), b.nh);
	assert_int_equal(fake_neigh_refs(u0, "192.168.77.2"), 1);
	next_hop_release(&w->underlay, &b);
	assert_null(slot(w, 0, "192.168.77.2"));
	next_hop_release(&w->underlay, &b); /* nothing is held */
	assert_int_equal(fake_neigh_refs(u0, "192.168.77.2"), 0);
	wired_close(w);
}

static void follows_what_the_neighbour_answers(void **state)
{
	struct next_hop_ref ref = {0};
	struct next_hop hop;

	(void)state;
	add_uplinks();
	struct wired *w = wired_open(both);
	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_int_equal(find(w, "192.168.77.9", &hop), 0);
	assert_int_equal(next_hop_take(&w->underlay, &hop, NULL, &ref), 0);
	assert_hop(ref.nh, NULL, NULL);
	assert_false(ovnet_nh_get(ref.nh)->failed);
	fake_neigh_set(u0, "192.168.77.9", "02:00:00:00:77:09");
	wired_run(w);
	assert_hop(ref.nh, "02:00:00:00:77:09", U0_MAC);
	fake_neigh_set(u0, "192.168.77.9", NULL);
	wired_run(w);
	assert_hop(ref.nh, NULL, NULL);
	assert_true(ovnet_nh_get(ref.nh)->failed);
	fake_neigh_set(u0, "192.168.77.9", "02:00:00:00:77:0a");
	wired_run(w);
	assert_hop(ref.nh, "02:00:00:00:77:0a", U0_MAC);
	next_hop_release(&w->underlay, &ref);
	wired_close(w);
}

static void is_another_when_anything_differs(void **state)
{
	struct next_hop_ref ref = {0};
	struct next_hop hop, other;

	(void)state;
	add_uplinks();
	struct wired *w = wired_open(both);
	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_int_equal(find(w, "192.168.77.9", &hop), 0);
	assert_int_equal(next_hop_take(&w->underlay, &hop, NULL, &ref), 0);
	assert_true(next_hop_is(&ref, &hop));
	other = hop;
	other.uplink = &w->underlay.uplinks[1];
	assert_false(next_hop_is(&ref, &other));
	other = hop;
	other.addr = wired_addr("192.168.77.2");
	assert_false(next_hop_is(&ref, &other));
	other = hop;
	other.source = wired_addr("192.168.77.5");
	assert_false(next_hop_is(&ref, &other));
	other = hop;
	other.mtu--;
	assert_false(next_hop_is(&ref, &other));
	ref.ifindex++; /* the uplink came back as another device */
	assert_false(next_hop_is(&ref, &hop));
	ref.ifindex--;
	next_hop_release(&w->underlay, &ref);
	wired_close(w);
}

static struct {
	uint32_t ifindex; /* 0: nothing was told */
	bool known;
} tell;

static void on_told(void *arg, uint32_t ifindex, const struct ovnet_addr *addr, const uint8_t *eth)
{
	(void)arg, (void)addr;
	tell.ifindex = ifindex;
	tell.known = eth != NULL;
}

/* The port stays the same, and so does the FIB's slot; nobody may go on sending by the former. */
static void of_a_former_device_is_told_to_be_gone(void **state)
{
	struct next_hop_ref former = {0}, same = {0}, now = {0};
	struct next_hop hop;

	(void)state;
	add_uplinks();
	fake_neigh_set(u0, "192.168.77.9", GW_MAC);
	struct wired *w = wired_open(both);
	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	w->underlay.events.next_hop = on_told;
	assert_int_equal(find(w, "192.168.77.9", &hop), 0);
	assert_int_equal(next_hop_take(&w->underlay, &hop, NULL, &former), 0);
	assert_true(tell.ifindex == u0 && tell.known);
	assert_int_equal(next_hop_take(&w->underlay, &hop, NULL, &same), 0);
	tell.ifindex = 0;
	next_hop_release(&w->underlay, &same);
	assert_int_equal(tell.ifindex, 0); /* still in use */
	hop.uplink->link.ifindex = u1;
	assert_int_equal(next_hop_take(&w->underlay, &hop, NULL, &now), 0);
	assert_int_equal(tell.ifindex, u1);
	next_hop_release(&w->underlay, &former);
	assert_true(tell.ifindex == u0 && !tell.known);
	next_hop_release(&w->underlay, &now);
	assert_true(tell.ifindex == u1 && !tell.known);
	hop.uplink->link.ifindex = u0;
	wired_close(w);
}

/* The published header bears the old one. */
static void is_another_when_the_uplinks_mac_changed(void **state)
{
	struct next_hop_ref known = {0}, pending = {0};
	struct next_hop hop, other;

	(void)state;
	add_uplinks();
	fake_neigh_set(u0, "192.168.77.2", GW_MAC);
	struct wired *w = wired_open(both);
	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_int_equal(find(w, "172.16.0.9", &hop), 0);
	assert_int_equal(next_hop_take(&w->underlay, &hop, NULL, &known), 0);
	assert_int_equal(find(w, "192.168.77.9", &other), 0);
	assert_int_equal(next_hop_take(&w->underlay, &other, NULL, &pending), 0);
	struct ovnet_link l = w->underlay.uplinks[0].link;
	l.mac = wired_mac("02:00:00:00:77:ff");
	fake_link_set(&l);
	wired_run(w);
	assert_false(next_hop_is(&known, &hop));
	assert_true(next_hop_is(&pending, &other)); /* it has no header yet */
	struct next_hop_ref old = known;
	assert_int_equal(next_hop_take(&w->underlay, &hop, NULL, &known), 0);
	next_hop_release(&w->underlay, &old);
	assert_hop(known.nh, GW_MAC, "02:00:00:00:77:ff");
	assert_true(next_hop_is(&known, &hop));
	next_hop_release(&w->underlay, &known);
	next_hop_release(&w->underlay, &pending);
	wired_close(w);
}

static void a_failed_take_holds_nothing(void **state)
{
	struct next_hop_ref ref = {0};
	struct next_hop hop;

	(void)state;
	add_uplinks();
	struct wired *w = wired_open(both);
	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_int_equal(find(w, "192.168.77.9", &hop), 0);
	fake_fail(FAKE_NEIGH_WANT, -ENOMEM, 1);
	assert_int_equal(next_hop_take(&w->underlay, &hop, NULL, &ref), -ENOMEM);
	assert_null(ref.nh);
	assert_null(slot(w, 0, "192.168.77.9"));
	assert_int_equal(fake_neigh_refs(u0, "192.168.77.9"), 0);
	wired_close(w);
}

/* --- uplinks without a kernel device --- */

static const char vdevs[] =
	"uplinks = ("
	"{ devargs = \"net_null0\"; address = \"192.0.2.1/24\"; gateway = \"192.0.2.254\";"
	"  neighbours = ( { ip = \"192.0.2.254\"; mac = \"02:00:00:00:02:fe\"; } ); },"
	"{ devargs = \"net_null1\"; address = \"198.51.100.1/24\"; } );";

static void static_uplinks(void **state)
{
	struct next_hop hop;

	(void)state;
	struct wired *w = wired_open(vdevs);
	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_int_equal(find(w, "198.51.100.7", &hop), 0);
	assert_ptr_equal(hop.uplink, &w->underlay.uplinks[1]);
	assert_addr(&hop.addr, "198.51.100.7");
	assert_addr(&hop.source, "198.51.100.1");
	assert_int_equal(hop.mtu, 1500);
	assert_int_equal(find(w, "203.0.113.9", &hop), 0);
	assert_ptr_equal(hop.uplink, &w->underlay.uplinks[0]);
	assert_addr(&hop.addr, "192.0.2.254");
	assert_addr(&hop.source, "192.0.2.1");
	assert_int_equal(find(w, "fd77::9", &hop), -ENETUNREACH);
	wired_close(w);
}

static void static_without_a_gateway(void **state)
{
	struct next_hop hop;

	(void)state;
	struct wired *w = wired_open(
		"uplinks = ( { devargs = \"net_null0\"; address = \"192.0.2.1/24\"; } );");
	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_int_equal(find(w, "192.0.2.9", &hop), 0);
	assert_int_equal(find(w, "203.0.113.9", &hop), -ENETUNREACH);
	wired_close(w);
}

static void the_kernels_route_before_static_ones(void **state)
{
	struct next_hop hop;

	(void)state;
	add_uplinks();
	struct wired *w = wired_open("uplinks = ( { iface = \"u0\"; },"
				     "{ devargs = \"net_null1\"; address = \"192.0.2.1/24\"; } );");
	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_int_equal(find(w, "192.0.2.9", &hop), 0);
	assert_ptr_equal(hop.uplink, &w->underlay.uplinks[0]);
	fake_route_del("0.0.0.0/0");
	assert_int_equal(find(w, "192.0.2.9", &hop), 0);
	assert_ptr_equal(hop.uplink, &w->underlay.uplinks[1]);
	wired_close(w);
}

/* There is no kernel to ask, and nobody asks it. */
static void static_neighbours(void **state)
{
	const struct ovnet_mac told = wired_mac("02:00:00:00:02:aa");
	struct next_hop_ref ref = {0}, none = {0};
	struct next_hop hop, other;

	(void)state;
	struct wired *w = wired_open(vdevs);
	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_int_equal(find(w, "203.0.113.9", &hop), 0);
	assert_int_equal(next_hop_take(&w->underlay, &hop, NULL, &ref), 0);
	assert_hop(ref.nh, "02:00:00:00:02:fe", "02:00:00:00:dd:00");
	next_hop_release(&w->underlay, &ref);
	assert_null(slot(w, 0, "192.0.2.254"));
	assert_int_equal(next_hop_take(&w->underlay, &hop, &told, &ref), 0);
	assert_hop(ref.nh, "02:00:00:00:02:aa", "02:00:00:00:dd:00");
	next_hop_release(&w->underlay, &ref);
	assert_int_equal(find(w, "198.51.100.7", &other), 0);
	assert_int_equal(next_hop_take(&w->underlay, &other, NULL, &none), 0);
	assert_hop(none.nh, NULL, NULL);
	assert_true(ovnet_nh_get(none.nh)->failed);
	assert_true(next_hop_is(&none, &other));
	other.uplink = hop.uplink;
	assert_false(next_hop_is(&none, &other)); /* no interface tells them apart */
	next_hop_release(&w->underlay, &none);
	assert_int_equal(fake.calls[FAKE_NEIGH_WANT], 0);
	wired_close(w);
}

#define CASE(f) cmocka_unit_test_setup(f, wired_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(on_link_or_by_a_gateway),
		CASE(by_none_of_our_uplinks),
		CASE(the_public_ip_is_the_source),
		CASE(else_what_the_route_prefers),
		CASE(the_smaller_mtu_counts),
		CASE(no_source_address),
		CASE(the_family_of_the_peer),
		CASE(two_share_a_gateway),
		CASE(follows_what_the_neighbour_answers),
		CASE(is_another_when_anything_differs),
		CASE(is_another_when_the_uplinks_mac_changed),
		CASE(of_a_former_device_is_told_to_be_gone),
		CASE(a_failed_take_holds_nothing),
		CASE(static_uplinks),
		CASE(static_without_a_gateway),
		CASE(the_kernels_route_before_static_ones),
		CASE(static_neighbours),
	};

	return cmocka_run_group_tests(tests, wired_eal, NULL);
}
