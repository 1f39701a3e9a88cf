/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel lane is told, and when it is off. */
#include "bed/lane_node.h"
#include "path/taps.h"

#define U0_ETH                     \
	"\x02\x00\x00\x00\x77\x03" \
	"\x02\x00\x00\x00\x77\x01" \
	"\x08\x00"

static void del(struct wired *w, unsigned n)
{
	const struct ovnet_lease l = peers_lease(n, false);

	peers_del(&w->peers, &l);
	wired_run(w);
}

static void attached(const char *prefix)
{
	const struct ovnet_prefix p =
		prefix != NULL ? wired_prefix(prefix) : (struct ovnet_prefix){0};

	kernel_lane_attached(&the_lane, &p, prefix != NULL);
}

static const struct fake_lane_row *row(const char *prefix)
{
	const struct ovnet_prefix p = wired_prefix(prefix);

	return fake_lane_row(&p.v4);
}

/* "": on */
static void assert_why(const char *part)
{
	if (part[0] == '\0') {
		assert_null(the_lane.why);
		assert_true(fake_lane.out && fake_lane.in);
		return;
	}
	if (the_lane.why == NULL || strstr(the_lane.why, part) == NULL)
		fail_msg(
			"\"%s\" is not in: %s", part, the_lane.why != NULL ? the_lane.why : "(on)");
	assert_false(fake_lane.out || fake_lane.in);
}

/* --- cases --- */

static void told_of_the_node(void **state)
{
	(void)state;
	struct wired *w = lane_node("node: { iface = \"u0\"; };");
	kernel_lane_update(&the_lane);
	assert_why("no lease yet");
	assert_false(fake_lane.open);
	lane_node_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_why("");
	assert_int_equal(fake_lane.conf.host_ifindex, w->host.port->ifindex);
	assert_int_equal(fake_lane.conf.udp_port, 8472);
	assert_int_equal(fake_lane.conf.lane_port, 8473);
	assert_int_equal(fake_lane.conf.vni, 1);
	assert_memory_equal(fake_lane.conf.vtep_mac.b, "\x02\x00\x00\x00\x09\x09", 6);
	assert_int_equal(fake_lane.n, 1);
	assert_int_equal(row("10.5.9.0/24")->kind, FAKE_LANE_HOST);
	assert_int_equal(fake_lane.n_uplinks, 1);
	assert_int_equal(fake_lane.uplink[0], u0);
	assert_int_equal(fake_lane.n_addrs, 1); /* of IPv4 */
	assert_int_equal(fake_lane.addr_be[0], htonl(0xc0a84d01));
	fake_addr_add(u0, "192.168.77.4/24");
	wired_run(w);
	assert_int_equal(fake_lane.n_addrs, 2);
	lane_node_end(w);
}

static void told_of_peers_and_their_next_hops(void **state)
{
	(void)state;
	struct wired *w = lane_node_start();
	lane_node_peer(w, 3, true);
	const struct fake_lane_row *r = row("10.5.3.0/24");
	assert_int_equal(fake_lane.n, 2); /* IPv6 is the workers' */
	assert_int_equal(r->kind, FAKE_LANE_PEER);
	assert_int_equal(r->peer.public_be, htonl(0xc0a84d03));
	assert_int_equal(r->peer.ifindex, u0);
	assert_int_equal(r->peer.next_hop_be, htonl(0xc0a84d03));
	assert_int_equal(r->peer.mtu, 1450);
	assert_int_equal(r->peer.id, in_fib(w, "10.5.3.0/24")->id);
	assert_memory_equal(r->peer.head + 26, "\xc0\xa8\x4d\x01\xc0\xa8\x4d\x03", 8);
	assert_memory_equal(
		r->peer.head + 50, "\x02\x00\x00\x05\x00\x03\x02\x00\x00\x00\x09\x09", 12);
	assert_int_equal(fake_lane.n_hops, 0);
	fake_neigh_set(u0, "192.168.77.3", "02:00:00:00:77:03");
	wired_run(w);
	assert_int_equal(fake_lane.n_hops, 1);
	assert_memory_equal(fake_lane.hop[0].eth, U0_ETH, 14);
	fake_neigh_set(u0, "192.168.77.3", "02:00:00:00:77:33");
	wired_run(w);
	assert_memory_equal(fake_lane.hop[0].eth, "\x02\x00\x00\x00\x77\x33", 6);
	fake_neigh_set(u0, "192.168.77.3", NULL);
	wired_run(w);
	assert_int_equal(fake_lane.n_hops, 0);
	del(w, 3);
	assert_null(row("10.5.3.0/24"));
	lane_node_end(w);
}

/* Nothing is sent to where no uplink of ours leads, and nothing is the lane's that goes bare. */
static void peers_that_are_not_the_lanes(void **state)
{
	(void)state;
	struct wired *w = lane_node("node: { iface = \"u0\"; };");
	lane_node_lease(w, WIRED_DIRECT, WIRED_OWN);
	assert_why("");
	lane_node_peer(w, 3, false);
	assert_int_equal(in_fib(w, "10.5.3.0/24")->encap, OVNET_ENCAP_DIRECT);
	assert_null(row("10.5.3.0/24"));
	fake_route_add(u0, "192.168.77.3/32", "192.168.77.2", 0);
	wired_run(w);
	assert_int_equal(row("10.5.3.0/24")->peer.next_hop_be, htonl(0xc0a84d02));
	fake_route_del("192.168.77.3/32");
	fake_route_add(0, "192.168.77.3/32", NULL, 0);
	wired_run(w);
	assert_string_equal(state_of(w, "10.5.3.0/24"), "no-route");
	assert_null(row("10.5.3.0/24"));
	lane_node_end(w);
}

static void one_that_is_not_taken_goes_by_the_workers(void **state)
{
	(void)state;
	struct wired *w = lane_node_start();
	lane_node_peer(w, 3, false);
	fake_lane.peer_rc = -ENOSPC;
	lane_node_lease(w, WIRED_VXLAN, WIRED_OWN); /* published anew */
	assert_null(row("10.5.3.0/24"));
	assert_why("");
	lane_node_end(w);
}

static void what_is_at_attach_ports_is_not_the_hosts(void **state)
{
	(void)state;
	struct wired *w = lane_node_start();
	attached("10.5.9.8/30");
	assert_int_equal(row("10.5.9.8/30")->kind, FAKE_LANE_ELSEWHERE);
	attached("10.5.9.7/32");
	assert_null(row("10.5.9.8/30"));
	assert_int_equal(row("10.5.9.7/32")->kind, FAKE_LANE_ELSEWHERE);
	attached("10.5.9.0/24"); /* all of it */
	assert_int_equal(row("10.5.9.0/24")->kind, FAKE_LANE_ELSEWHERE);
	attached("fd05:0:0:9::7/128");
	assert_int_equal(fake_lane.n, 1);
	assert_int_equal(row("10.5.9.0/24")->kind, FAKE_LANE_HOST);
	fake_lane.elsewhere_rc = -ENOSPC;
	attached("10.5.9.7/32");
	assert_why("could not be told");
	assert_non_null(wired_warning(w, "kernel-lane"));
	fake_lane.elsewhere_rc = 0;
	attached(NULL);
	assert_why("could not be told");
	lane_node_end(w);
}

static void another_lease(void **state)
{
	(void)state;
	struct wired *w = lane_node_start();
	attached("10.5.9.8/30");
	lane_node_peer(w, 3, false);
	node_leave_lease(&w->node);
	attached(NULL);
	assert_why("left to another node");
	assert_null(row("10.5.9.0/24"));
	lane_node_peer(w, 9, false); /* which is a peer's now */
	lane_node_lease(w, WIRED_VXLAN, "10.5.3.0-24");
	assert_why("");
	assert_int_equal(
		row("10.5.3.0/24")->kind, FAKE_LANE_HOST); /* whoever else has a lease of it */
	assert_int_equal(row("10.5.9.0/24")->kind, FAKE_LANE_PEER);
	del(w, 3);
	assert_int_equal(row("10.5.3.0/24")->kind, FAKE_LANE_HOST);
	lane_node_end(w);
}

static void see_nothing(void *arg, uint16_t worker, enum ovnet_stage stage, uint16_t info,
	struct rte_mbuf **pkts, uint16_t n)
{
	(void)arg, (void)worker, (void)stage, (void)info, (void)pkts, (void)n;
}

static void off_while_somebody_looks_at_packets(void **state)
{
	(void)state;
	struct wired *w = lane_node_start();
	assert_int_equal(ovnet_taps_add(&w->engine.shared, see_nothing, NULL), 0);
	kernel_lane_update(&the_lane);
	assert_why("looked at");
	assert_int_equal(ovnet_taps_remove(&w->engine.shared, see_nothing, NULL), 0);
	kernel_lane_look(&the_lane); /* by whom nobody told */
	assert_why("");
	lane_node_end(w);
}

/* What stands against it for good. */
static void off_by(const char *conf, const char *netconf, const char *why)
{
	assert_int_equal(lane_node_reset(NULL), 0);
	struct wired *w = lane_node(conf);
	lane_node_lease(w, netconf, WIRED_OWN);
	assert_why(why);
	assert_false(fake_lane.open);
	lane_node_peer(w, 3, false);
	lane_node_end(w);
}

static void off_where_it_is_of_no_use(void **state)
{
	(void)state;
#define U0 "node: { iface = \"u0\"; };"
	off_by(U0 "host: { kernel-lane = \"off\"; };", WIRED_VXLAN, "host.kernel-lane");
	off_by(U0, WIRED_HOST_GW, "not vxlan");
	off_by(U0 "encap: { dscp = \"inherit\"; };", WIRED_VXLAN, "outer headers");
	off_by(U0 "encap: { udp-checksum = \"on\"; };", WIRED_VXLAN, "outer headers");
	off_by("uplinks = ( { iface = \"u0\"; driver = \"af_xdp\"; } );", WIRED_VXLAN, "no uplink");
	off_by("uplinks = ( { iface = \"u0\"; driver = \"socket\"; send = \"udp\"; } );",
		WIRED_VXLAN, "no uplink");
#undef U0
}

static void a_kernel_that_cannot(void **state)
{
	(void)state;
	struct wired *w = lane_node("node: { iface = \"u0\"; };");
	fake_lane.open_rc = -EOPNOTSUPP;
	lane_node_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_why("this kernel");
	assert_null(wired_warning(w, "kernel-lane"));
	lane_node_peer(w, 3, false);
	lane_node_end(w);
}

/* It is of use until there is another one, or none. */
static void a_former_ones_lane(void **state)
{
	static const struct {
		const char *conf, *netconf;
	} start[] = {{"node: { iface = \"u0\"; };", WIRED_VXLAN},
		{"node: { iface = \"u0\"; };", WIRED_HOST_GW},
		{"uplinks = ( { iface = \"u0\"; driver = \"af_xdp\"; } );", WIRED_VXLAN},
		{"node: { iface = \"u0\"; }; host: { kernel-lane = \"off\"; };", WIRED_VXLAN}};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(lane_node_reset(NULL), 0);
		struct wired *w = lane_node(start[i].conf);
		fake_lane.leftovers = 3;
		kernel_lane_start(&the_lane);
		kernel_lane_look(&the_lane);
		assert_int_equal(fake_lane.leftovers, i < 3 ? 3 : 0);
		lane_node_lease(w, start[i].netconf, WIRED_OWN);
		assert_int_equal(fake_lane.leftovers, 0);
		lane_node_end(w);
	}
}

static void its_port_is_somebody_elses(void **state)
{
	(void)state;
	struct wired *w = lane_node("node: { iface = \"u0\"; };");
	fake_lane.port_taken = true;
	lane_node_lease(w, WIRED_VXLAN, WIRED_OWN);
	assert_why("");
	assert_int_equal(fake_lane.conf.lane_port, 0);
	lane_node_end(w);
}

/* Peers are known by then. */
static void opened_late(void **state)
{
	(void)state;
	struct wired *w = lane_node_start();
	lane_node_peer(w, 3, false);
	fake_neigh_set(u0, "192.168.77.3", "02:00:00:00:77:03");
	wired_run(w);
	kernel_lane_fini(&the_lane);
	memset(&fake_lane, 0, sizeof(fake_lane));
	lane_node_init(w);
	kernel_lane_look(&the_lane);
	wired_run(w);
	assert_int_equal(row("10.5.3.0/24")->kind, FAKE_LANE_PEER);
	assert_memory_equal(fake_lane.hop[0].eth, U0_ETH, 14);
	lane_node_end(w);
}

static void an_uplink_that_is_made_anew(void **state)
{
	(void)state;
	struct wired *w = lane_node_start();
	lane_node_peer(w, 3, false);
	fake_neigh_set(u0, "192.168.77.3", "02:00:00:00:77:03");
	wired_run(w);
	const uint32_t former = u0;
	fake_link_del(u0);
	wired_run(w);
	u0 = fake_link_add("u0", "veth", 1500, U0_MAC);
	fake_addr_add(u0, "192.168.77.1/24");
	fake_neigh_set(u0, "192.168.77.3", "02:00:00:00:77:03");
	event_active(w->ports.timer, EV_TIMEOUT, 0);
	wired_run(w);
	assert_int_not_equal(u0, former);
	assert_int_equal(fake_lane.n_uplinks, 1);
	assert_int_equal(fake_lane.uplink[0], u0);
	assert_int_equal(row("10.5.3.0/24")->peer.ifindex, u0);
	assert_int_equal(fake_lane.n_hops, 1);
	assert_int_equal(fake_lane.hop[0].ifindex, u0);
	lane_node_end(w);
}

/* What a peer was sent by is known until it is sent by something else. */
static void another_way_to_a_peer(void **state)
{
	(void)state;
	struct wired *w = lane_node_start();
	lane_node_peer(w, 3, false);
	fake_neigh_set(u0, "192.168.77.3", "02:00:00:00:77:03");
	fake_neigh_set(u0, "192.168.77.2", "02:00:00:00:77:02");
	wired_run(w);
	fake_lane.hop_gone_in_use = false;
	fake_route_add(u0, "192.168.77.3/32", "192.168.77.2", 0);
	wired_run(w);
	assert_int_equal(row("10.5.3.0/24")->peer.next_hop_be, htonl(0xc0a84d02));
	assert_int_equal(fake_lane.n_hops, 1);
	assert_int_equal(fake_lane.hop[0].addr_be, htonl(0xc0a84d02));
	assert_false(fake_lane.hop_gone_in_use);
	lane_node_end(w);
}

/* Sent by what AF_PACKET is at, but not taken in: it has a copy before the lane. */
static void not_in_where_copies_are_made(void **state)
{
	(void)state;
	struct wired *w = lane_node("uplinks = ( { iface = \"u0\"; driver = \"af_packet\"; } );");
	lane_node_lease(w, WIRED_VXLAN, WIRED_OWN);
	lane_node_peer(w, 3, false);
	assert_null(the_lane.why);
	assert_true(fake_lane.out);
	assert_false(fake_lane.in);
	assert_int_equal(fake_lane.n_uplinks, 0);
	assert_int_equal(row("10.5.3.0/24")->peer.ifindex, u0);
	lane_node_end(w);
}

static void what_it_counts_is_the_peers(void **state)
{
	const struct ovnet_prefix s = wired_prefix("10.5.3.0/24");
	struct ovnet_peer_counters c;

	(void)state;
	struct wired *w = lane_node_start();
	fake_lane.counters =
		(struct ovnet_lane_counters){7, 70, 8, 80}; /* of the id's former peer */
	lane_node_peer(w, 3, false);
	fake_lane.counters = (struct ovnet_lane_counters){9, 90, 18, 180};
	peer_counters(&w->peers, peers_find(&w->peers, &s), &c);
	assert_int_equal(c.tx_packets, 2);
	assert_int_equal(c.tx_bytes, 20);
	assert_int_equal(c.rx_packets, 10);
	assert_int_equal(c.rx_bytes, 100);
	lane_node_end(w);
}

#define CASE(name) cmocka_unit_test_setup(name, lane_node_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(told_of_the_node),
		CASE(told_of_peers_and_their_next_hops),
		CASE(peers_that_are_not_the_lanes),
		CASE(one_that_is_not_taken_goes_by_the_workers),
		CASE(what_is_at_attach_ports_is_not_the_hosts),
		CASE(another_lease),
		CASE(off_while_somebody_looks_at_packets),
		CASE(off_where_it_is_of_no_use),
		CASE(a_kernel_that_cannot),
		CASE(a_former_ones_lane),
		CASE(its_port_is_somebody_elses),
		CASE(opened_late),
		CASE(an_uplink_that_is_made_anew),
		CASE(another_way_to_a_peer),
		CASE(not_in_where_copies_are_made),
		CASE(what_it_counts_is_the_peers),
	};

	return cmocka_run_group_tests(tests, wired_eal, NULL);
}
