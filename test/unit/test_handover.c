/* SPDX-License-Identifier: BSD-3-Clause */
/* What a node hands over to the kernel, and when it does not. How it does: smoke swap_back. */
#include "bed/cmocka.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "handover/handover.h"

static struct {
	struct node node;
	struct underlay underlay;
	struct ovnet_port port;
	struct host host;
	struct peers peers;
	struct peer peer[4];
	struct handover h;
	struct ovnet_flannel_layout l;
	char err[512];
} t;

static struct ovnet_addr ip(const char *text)
{
	struct ovnet_addr a;

	assert_int_equal(ovnet_addr_parse(text, &a), 0);
	return a;
}

static struct ovnet_prefix net(const char *text)
{
	struct ovnet_prefix p;

	assert_int_equal(ovnet_prefix_parse(text, &p), 0);
	return p;
}

static struct peer *add_peer(const char *subnet, const char *public_ip, const char *via)
{
	struct peer *p = &t.peer[t.peers.n++];

	*p = (struct peer){.subnet = net(subnet),
		.public_ip = ip(public_ip),
		.vtep_mac = {{2, 0, 0, 0, 0, (uint8_t)t.peers.n}},
		.wanted = true,
		.state = PEER_OK,
		.hop = {.uplink = &t.underlay.uplinks[0], .addr = ip(via)}};
	TAILQ_INSERT_TAIL(&t.peers.list, p, entry);
	return p;
}

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	TAILQ_INIT(&t.peers.list);
	t.node.netconf = (struct ovnet_netconf){
		.backend = OVNET_BACKEND_VXLAN, .vni = 7, .port = 8473, .gbp = true};
	t.node.overlay_mtu = 1450;
	t.node.own.subnet = net("10.5.9.0/24").v4;
	t.node.own.vtep_mac = (struct ovnet_mac){{2, 0, 0, 0, 0, 9}};
	t.node.own.vtep_mac6 = (struct ovnet_mac){{2, 0, 0, 0, 6, 9}};
	t.underlay.n = 1;
	t.underlay.uplinks[0].link.ifindex = 3;
	t.underlay.uplinks[0].addr = ip("10.168.0.1");
	t.host.port = &t.port;
	t.h = (struct handover){
		.node = &t.node, .underlay = &t.underlay, .peers = &t.peers, .host = &t.host};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ovnet_flannel_layout_free(&t.l);
	return 0;
}

static int lay_out(void)
{
	ovnet_flannel_layout_free(&t.l);
	t.err[0] = '\0';
	return handover_layout(&t.h, &t.l, t.err, sizeof(t.err));
}

static void a_device_with_our_lease(void **state)
{
	const struct ovnet_flannel_device *d = t.l.device;
	struct ovnet_prefix own = net("10.5.9.0/24"), own6 = net("fd05:0:0:9::/64");
	struct ovnet_addr local = ip("10.168.0.1"), local6 = ip("fd00:168::1");

	(void)state;
	assert_int_equal(lay_out(), 0);
	assert_int_equal(t.l.kind, OVNET_FLANNEL_VXLAN);
	assert_string_equal(d[0].name, "flannel.7");
	assert_int_equal(d[0].vni, 7);
	assert_int_equal(d[0].port, 8473);
	assert_int_equal(d[0].mtu, 1450);
	assert_int_equal(d[0].lower, 3);
	assert_true(d[0].gbp);
	assert_true(ovnet_addr_equal(&d[0].local, &local));
	assert_true(ovnet_prefix_equal(&d[0].addr, &own));
	assert_true(ovnet_mac_equal(&d[0].mac, &t.node.own.vtep_mac));
	assert_string_equal(d[1].name, "");
	assert_int_equal(t.l.n_peers, 0);

	t.node.own.has_v6 = true;
	t.node.own.subnet6 = own6.v6;
	assert_int_equal(lay_out(), -EOPNOTSUPP); /* nothing to send from */
	assert_non_null(strstr(t.err, "no address"));
	t.underlay.uplinks[0].addr6 = local6;
	assert_int_equal(lay_out(), 0);
	assert_string_equal(d[1].name, "flannel-v6.7");
	assert_true(ovnet_addr_equal(&d[1].local, &local6));
	assert_true(ovnet_prefix_equal(&d[1].addr, &own6));
	assert_true(ovnet_mac_equal(&d[1].mac, &t.node.own.vtep_mac6));
}

static void peers_as_they_are(void **state)
{
	(void)state;
	add_peer("10.5.1.0/24", "10.168.0.2", "10.168.0.2");
	add_peer("10.5.2.0/24", "192.0.2.2", "10.168.0.254");
	add_peer("10.5.3.0/24", "10.168.0.3", "10.168.0.3")->gone = true;
	add_peer("10.5.4.0/24", "10.168.0.4", "10.168.0.4")->wanted = false;
	assert_int_equal(lay_out(), 0);
	assert_int_equal(t.l.n_peers, 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(ovnet_prefix_equal(&t.l.peers[i].subnet, &t.peer[i].subnet));
		assert_true(ovnet_addr_equal(&t.l.peers[i].public_ip, &t.peer[i].public_ip));
		assert_true(ovnet_mac_equal(&t.l.peers[i].mac, &t.peer[i].vtep_mac));
		assert_false(t.l.peers[i].direct);
	}
	/* A way that is not known now may be later: the kernel finds it. */
	t.peer[1].state = PEER_NO_ROUTE;
	t.node.netconf.direct_routing = true;
	assert_int_equal(lay_out(), 0);
	assert_int_equal(t.l.n_peers, 2);
	assert_true(t.l.peers[0].direct);
	assert_int_equal(t.l.peers[0].link, 0);
	assert_false(t.l.peers[1].direct);
}

static void host_gw_is_routes_alone(void **state)
{
	(void)state;
	t.node.netconf.backend = OVNET_BACKEND_HOST_GW;
	add_peer("10.5.1.0/24", "10.168.0.2", "10.168.0.2");
	add_peer("10.5.2.0/24", "192.0.2.2", "10.168.0.254")->state = PEER_OFF_LINK;
	add_peer("10.5.3.0/24", "192.0.2.3", "10.168.0.254")->state = PEER_NO_ROUTE;
	assert_int_equal(lay_out(), 0);
	assert_int_equal(t.l.kind, OVNET_FLANNEL_HOST_GW);
	assert_string_equal(t.l.device[0].name, "");
	assert_int_equal(t.l.n_peers, 1);
	assert_true(t.l.peers[0].direct);
	assert_int_equal(t.l.peers[0].link, 3);
}

static void what_the_kernel_cannot(void **state)
{
	(void)state;
	t.node.netconf.backend = OVNET_BACKEND_UDP;
	assert_int_equal(lay_out(), -EOPNOTSUPP);
	assert_non_null(strstr(t.err, "backend udp"));
	t.node.netconf.backend = OVNET_BACKEND_VXLAN;
	t.host.port = NULL;
	assert_int_equal(lay_out(), -EOPNOTSUPP);
	assert_non_null(strstr(t.err, "host.device"));
	t.host.port = &t.port;
	t.underlay.uplinks[0].twin = &t.port;
	assert_int_equal(lay_out(), -EOPNOTSUPP);
	assert_non_null(strstr(t.err, "dpdk"));
	t.underlay.uplinks[0].twin = NULL;
	t.underlay.uplinks[0].link.ifindex = 0;
	assert_int_equal(lay_out(), -EOPNOTSUPP);
}

static void not_before_it_is_up(void **state)
{
	(void)state;
	assert_int_equal(handover_begin(&t.h, NULL, t.err, sizeof(t.err)), -EAGAIN);
	assert_non_null(strstr(t.err, "starting"));
	assert_int_equal(handover_carry_out(&t.h), 0); /* nothing was ordered */
	handover_fini(&t.h);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(a_device_with_our_lease),
		CASE(peers_as_they_are),
		CASE(host_gw_is_routes_alone),
		CASE(what_the_kernel_cannot),
		CASE(not_before_it_is_up),
	};

	return cmocka_run_group_tests_name("handover", tests, NULL, NULL);
}
