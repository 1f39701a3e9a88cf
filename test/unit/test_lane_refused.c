/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the kernel lane leaves to the workers: packets of each kind by hand, one byte of an ordinary
 * one changed. It has to be found where it would be without a lane, and the lane must not have
 * counted it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>

#include "bed/lane.h"
#include "bed/lane_frame.h"

#define VNET 10 /* what the TUN has in front */

enum fate { LANE, WORKERS, NOBODY, BAD };

struct change {
	const char *what;
	unsigned at; /* which byte becomes `to` */
	uint8_t to;
	enum fate fate;
};

static uint8_t got[70000];

static size_t make_frame(uint8_t *f, const uint8_t *inner, const struct change *c)
{
	lane_frame(f, inner);
	f[c->at] = c->to;
	lane_frame_sums(f);
	return LANE_FRAME;
}

/* A frame of the peer's, and where it has to come to. */
static void arrives(struct lane_bed *b, const uint8_t *frame, size_t len, const struct change *c)
{
	struct ovnet_lane_stats want = lane_stats(b);

	lane_drain(b->socket);
	lane_inject_far(b, frame, len);
	want.sent_up += c->fate == LANE;
	want.came_up += c->fate == LANE;
	want.rx_packets += c->fate == LANE;
	want.bad += c->fate == BAD;
	if (c->fate == WORKERS && lane_read(b->socket, got, sizeof(got), 5000) == 0)
		fail_msg("%s: the workers did not get it", c->what);
	lane_wait(b, &want, c->what);
	if (c->fate != NOBODY)
		return;
	/* Nothing was to happen; what follows it arrives. */
	const struct change none = {"the next", 0, 2, LANE};
	uint8_t f[LANE_FRAME];
	arrives(b, f, make_frame(f, lane_echo_reply, &none), &none);
	if (lane_read(b->socket, got, sizeof(got), 0) > 0)
		fail_msg("%s: the workers got it", c->what);
}

static void arrive(struct lane_bed *b, const uint8_t *inner, const struct change *c)
{
	uint8_t f[LANE_FRAME];

	arrives(b, f, make_frame(f, inner, c), c);
}

/* Another peer, and somebody at another port of ours. */
static void more_entries(struct lane_bed *b)
{
	struct ovnet_lane_peer other = b->peer;
	const struct ovnet_prefix4 guest = lane_prefix("10.5.1.77/32");

	other.subnet = lane_prefix("10.5.3.0/24");
	other.public_be = lane_addr_be("192.168.77.3");
	other.mtu = 0;
	assert_int_equal(ovnet_lane_set_peer(b->lane, &other), 0);
	assert_int_equal(ovnet_lane_set_elsewhere(b->lane, &guest), 0);
}

static void what_comes_has_to_be_ordinary(void **state)
{
	static const struct change changes[] = {{"as it should be", 0, 2, LANE},
		{"another MAC than ours", 5, 9, NOBODY}, {"marked on the way", 15, 3, LANE},
		{"a fragment", 20, 0x20, NOBODY}, {"from another node", 29, 3, WORKERS},
		{"for another node", 33, 9, NOBODY},
		{"a UDP length that lies", 39, 29 + LANE_INNER, WORKERS},
		{"no VNI", 42, 0, WORKERS}, {"a reserved flag", 42, 0x88, WORKERS},
		{"a reserved byte", 44, 1, WORKERS}, {"another VNI", 48, LANE_VNI + 1, WORKERS},
		{"the last reserved byte", 49, 1, WORKERS}, {"another VTEP", 55, 9, WORKERS},
		{"ARP inside", 63, 6, WORKERS}, {"options inside", 64, 0x46, WORKERS},
		{"IPv6 inside", 64, 0x65, WORKERS},
		{"longer than it is", 67, LANE_INNER + 1, WORKERS},
		{"shorter than it is", 67, LANE_INNER - 1, WORKERS},
		{"more fragments inside", 70, 0x20, WORKERS},
		{"the reserved bit inside", 70, 0x80, WORKERS},
		{"don't fragment inside", 70, 0x40, LANE},
		{"a later fragment inside", 71, 1, WORKERS},
		{"a UDP length that lies inside", 73, 17, WORKERS},
		{"from nobody's address", 78, 9, WORKERS}, {"from our address", 78, 1, WORKERS},
		{"from another peer's address", 78, 3, WORKERS},
		{"for a peer's address", 82, 2, WORKERS}, {"for a guest", 83, 77, WORKERS},
		{"an error inside", 84, 3, WORKERS}, {"a code of echo", 85, 1, WORKERS}};
	struct lane_bed *b = *state;

	more_entries(b);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		arrive(b, lane_echo_reply, &changes[i]);
}

static void tcp_has_to_be_as_it_says(void **state)
{
	static const struct change changes[] = {{"TCP", 0, 2, LANE},
		{"a header that is too short", 96, 0x40, WORKERS},
		{"a header beyond the end", 96, 0xb0, WORKERS},
		{"all of it header", 96, 0xa0, LANE}, {"a SYN", 97, 2, LANE}};
	const struct change syn = {"a SYN to be changed", 97, 2, WORKERS},
			    ack = {"others than SYN", 0, 2, LANE};
	struct lane_bed *b = *state;

	ovnet_lane_enable(b->lane, false, true); /* what answers is not counted */
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		arrive(b, lane_tcp_ack, &changes[i]);
	b->conf.leave_syn = true;
	assert_int_equal(ovnet_lane_set_conf(b->lane, &b->conf), 0);
	arrive(b, lane_tcp_ack, &syn);
	arrive(b, lane_tcp_ack, &ack);
}

static void outer_shapes_that_are_left(void **state)
{
	const struct change none = {"", 0, 2, LANE}, padded = {"padding", 0, 2, WORKERS},
			    tagged = {"a VLAN", 0, 2, NOBODY},
			    unmarked = {"marked, though it cannot be", 0, 2, WORKERS};
	struct lane_bed *b = *state;
	uint8_t f[LANE_FRAME + 4] = {0}, tag[LANE_FRAME + 4];

	size_t len = make_frame(f, lane_echo_reply, &none);
	arrives(b, f, len + 4, &padded);
	memcpy(tag, f, 12);
	memcpy(tag + 12, "\x81\x00\x00\x05", 4);
	memcpy(tag + 16, f + 12, len - 12);
	arrives(b, tag, len + 4, &tagged);
	f[15] = 3;
	f[65] = 0;
	lane_put_sum(f + 14);
	lane_put_sum(f + 64);
	arrives(b, f, len, &unmarked);
}

static void what_is_configured_counts(void **state)
{
	const struct change left = {"left", 0, 2, WORKERS}, taken = {"taken", 0, 2, LANE};
	struct lane_bed *b = *state;
	const uint32_t node = lane_addr_be(LANE_OWN_NODE), other = lane_addr_be("192.168.77.9");

	ovnet_lane_enable(b->lane, true, false);
	arrive(b, lane_echo_reply, &left);
	ovnet_lane_enable(b->lane, false, true);
	arrive(b, lane_echo_reply, &taken);
	assert_int_equal(ovnet_lane_set_addresses(b->lane, &other, 1), 0);
	arrive(b, lane_echo_reply, &left);
	assert_int_equal(ovnet_lane_set_addresses(b->lane, &node, 1), 0);
	arrive(b, lane_echo_reply, &taken);
	b->conf.host_mtu = LANE_INNER - 1;
	assert_int_equal(ovnet_lane_set_conf(b->lane, &b->conf), 0);
	arrive(b, lane_echo_reply, &left);
	b->conf.host_mtu = LANE_INNER;
	assert_int_equal(ovnet_lane_set_conf(b->lane, &b->conf), 0);
	arrive(b, lane_echo_reply, &taken);
	assert_int_equal(ovnet_lane_del(b->lane, &b->peer.subnet), 0);
	arrive(b, lane_echo_reply, &left);
	assert_int_equal(ovnet_lane_set_peer(b->lane, &b->peer), 0);
	ovnet_lane_uplink_del(b->lane, b->lab->u0);
	arrive(b, lane_echo_reply, &left);
	assert_int_equal(ovnet_lane_uplink_add(b->lane, b->lab->u0), 0);
	arrive(b, lane_echo_reply, &taken);
	assert_int_equal(lane_counts(b).rx_packets, 4);
	assert_int_equal(lane_counts(b).rx_bytes, 4 * LANE_INNER);
}

/* All configurations there are room for, and some more: the one that counts is the last. */
static void configurations_follow_each_other(void **state)
{
	const struct change left = {"left", 0, 2, WORKERS}, taken = {"taken", 0, 2, LANE};
	struct lane_bed *b = *state;

	for (unsigned i = 0; i < 150; i++) {
		b->conf.vni = LANE_VNI + 1 + i;
		assert_int_equal(ovnet_lane_set_conf(b->lane, &b->conf), 0);
	}
	arrive(b, lane_echo_reply, &left);
	b->conf.vni = LANE_VNI;
	assert_int_equal(ovnet_lane_set_conf(b->lane, &b->conf), 0);
	arrive(b, lane_echo_reply, &taken);
	b->conf.vni = 1u << 24;
	assert_int_equal(ovnet_lane_set_conf(b->lane, &b->conf), -EINVAL);
	arrive(b, lane_echo_reply, &taken);
}

/* By an uplink or any other interface, right in all else: the device's program misses the pass. */
static void straight_to_the_lanes_port_is_dropped(void **state)
{
	struct lane_bed *b = *state;
	const uint16_t port = ovnet_lane_port(b->lane);
	const struct change high = {"straight", 36, (uint8_t)(port >> 8), BAD},
			    none = {"", 0, 2, BAD};
	struct ovnet_lane_stats want = lane_stats(b);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	uint8_t f[LANE_FRAME];

	make_frame(f, lane_echo_reply, &high);
	f[37] = (uint8_t)port;
	arrives(b, f, sizeof(f), &none);
	ovnet_lane_uplink_del(b->lane, b->lab->u0);
	want = lane_stats(b);
	arrives(b, f, sizeof(f), &none);
	f[55] = 9;
	arrives(b, f, sizeof(f), &none);
	f[55] = 1;
	f[78] = 3;
	lane_put_sum(f + 64);
	arrives(b, f, sizeof(f), &none);

	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(sendto(fd, f + 42, sizeof(f) - 42, 0, (struct sockaddr *)&at, sizeof(at)) > 0);
	want.bad += 4;
	lane_wait(b, &want, "by loopback");
	assert_int_equal(sendto(fd, "junk", 4, 0, (struct sockaddr *)&at, sizeof(at)), 4);
	lane_wait(b, &want, "junk"); /* the device takes no VXLAN header from it */
	ovnet_lane_enable(b->lane, true, false);
	assert_true(sendto(fd, f + 42, sizeof(f) - 42, 0, (struct sockaddr *)&at, sizeof(at)) > 0);
	want.bad++;
	lane_wait(b, &want, "switched off");
	close(fd);
}

/* A packet of the host's, and where it has to come to. */
static void leaves(struct lane_bed *b, const uint8_t *inner, const struct change *c)
{
	struct ovnet_lane_stats want = lane_stats(b);
	uint8_t p[LANE_INNER];

	memcpy(p, inner, LANE_INNER);
	p[14] = 1; /* from us to the peer */
	p[18] = 2;
	p[c->at] = c->to;
	lane_put_sum(p);
	lane_drain(b->wire);
	lane_drain(b->tun);
	lane_inject("ovnet0", false, p, LANE_INNER);
	if (c->fate == LANE) {
		want.tx_packets++;
		if (lane_read(b->wire, got, sizeof(got), 5000) != LANE_FRAME ||
			memcmp(got + 64, p, LANE_INNER) != 0)
			fail_msg("%s: it is not on the wire", c->what);
	} else if (lane_read(b->tun, got, sizeof(got), 5000) != VNET + LANE_INNER ||
		   memcmp(got + VNET, p, LANE_INNER) != 0) {
		fail_msg("%s: the workers did not get it", c->what);
	}
	lane_wait(b, &want, c->what);
}

static void what_leaves_has_to_be_ordinary(void **state)
{
	static const struct change changes[] = {{"as it should be", 0, 0x45, LANE},
		{"options", 0, 0x46, WORKERS}, {"IPv6", 0, 0x65, WORKERS},
		{"longer than it is", 3, LANE_INNER + 1, WORKERS},
		{"shorter than it is", 3, LANE_INNER - 1, WORKERS},
		{"more fragments", 6, 0x20, WORKERS}, {"the reserved bit", 6, 0x80, WORKERS},
		{"don't fragment", 6, 0x40, LANE}, {"a later fragment", 7, 1, WORKERS},
		{"a UDP length that lies", 9, 17, WORKERS},
		{"from nobody's address", 14, 9, WORKERS},
		{"from a peer's address", 14, 2, WORKERS}, {"from a guest", 15, 77, WORKERS},
		{"to nobody", 18, 9, WORKERS}, {"to us", 18, 1, WORKERS},
		{"to a peer without an MTU", 18, 3, WORKERS}, {"an error", 20, 3, WORKERS},
		{"a code of echo", 21, 1, WORKERS}};
	static const struct change of_tcp[] = {{"TCP", 0, 0x45, LANE},
		{"a header that is too short", 32, 0x40, WORKERS},
		{"a header beyond the end", 32, 0xb0, WORKERS},
		{"all of it header", 32, 0xa0, LANE}, {"a SYN", 33, 2, LANE}};
	struct lane_bed *b = *state;

	more_entries(b);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		leaves(b, lane_echo_reply, &changes[i]);
	ovnet_lane_enable(b->lane, true, false); /* what answers is not counted */
	for (size_t i = 0; i < sizeof(of_tcp) / sizeof(of_tcp[0]); i++)
		leaves(b, lane_tcp_ack, &of_tcp[i]);
}

static void the_way_has_to_be_known(void **state)
{
	const struct change left = {"left", 0, 0x45, WORKERS}, taken = {"taken", 0, 0x45, LANE};
	const uint8_t eth[14] = {2, 0, 0, 0, 0x77, 2, 2, 0, 0, 0, 0x77, 1, 8, 0};
	struct lane_bed *b = *state;

	ovnet_lane_enable(b->lane, false, true);
	leaves(b, lane_echo_reply, &left);
	ovnet_lane_enable(b->lane, true, false);
	leaves(b, lane_echo_reply, &taken);
	for (unsigned i = 0; i < 2; i++) /* gone is gone */
		assert_int_equal(
			ovnet_lane_set_next_hop(b->lane, b->lab->u0, b->peer.next_hop_be, NULL), 0);
	leaves(b, lane_echo_reply, &left);
	assert_int_equal(ovnet_lane_set_next_hop(b->lane, b->lab->u0, b->peer.next_hop_be, eth), 0);
	leaves(b, lane_echo_reply, &taken);
	b->peer.mtu = LANE_INNER - 1;
	assert_int_equal(ovnet_lane_set_peer(b->lane, &b->peer), 0);
	leaves(b, lane_echo_reply, &left);
	b->peer.mtu = LANE_INNER;
	assert_int_equal(ovnet_lane_set_peer(b->lane, &b->peer), 0);
	leaves(b, lane_echo_reply, &taken);
	b->peer.ifindex = 0;
	assert_int_equal(ovnet_lane_set_peer(b->lane, &b->peer), 0);
	leaves(b, lane_echo_reply, &left);
	assert_int_equal(ovnet_lane_del(b->lane, &b->peer.subnet), 0);
	assert_int_equal(ovnet_lane_del(b->lane, &b->peer.subnet), -ENOENT);
	leaves(b, lane_echo_reply, &left);
	assert_int_equal(lane_counts(b).tx_packets, 3);
	assert_int_equal(lane_counts(b).tx_bytes, 3 * LANE_INNER);
}

/* As a guest behind a TAP says how its packet is to be cut. */
static void inject_whole(uint16_t gso_size, uint16_t payload)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};
	static struct {
		struct virtio_net_hdr vnet;
		uint8_t inner[40 + 9000];
	} __attribute__((packed)) p;
	const int one = 1;
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)), 0);
	p.vnet = (struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = 40,
		.gso_size = gso_size,
		.csum_start = 20,
		.csum_offset = 16};
	memcpy(p.inner, lane_tcp_ack, 40);
	p.inner[2] = (uint8_t)((40 + payload) >> 8);
	p.inner[3] = (uint8_t)(40 + payload);
	p.inner[14] = 1;
	p.inner[18] = 2;
	lane_put_sum(p.inner);
	at.sll_ifindex = (int)if_nametoindex("ovnet0");
	const size_t len = sizeof(p.vnet) + 40u + payload;
	assert_int_equal(sendto(fd, &p, len, 0, (struct sockaddr *)&at, sizeof(at)), (ssize_t)len);
	close(fd);
}

static void segments_are_counted_as_they_are_cut(void **state)
{
	struct lane_bed *b = *state;
	struct ovnet_lane_stats want = lane_stats(b);

	sh("ethtool -K u0 gso off tso off tx-udp_tnl-segmentation off >/dev/null");
	ovnet_lane_enable(b->lane, true, false); /* what answers is not counted */
	inject_whole(1000, 4500);
	want.tx_packets += 5;
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(lane_read(b->wire, got, sizeof(got), 5000), 64 + 40 + 1000);
	assert_int_equal(lane_read(b->wire, got, sizeof(got), 5000), 64 + 40 + 500);
	lane_wait(b, &want, "five");
	assert_int_equal(lane_counts(b).tx_bytes, 4500 + 5 * 40);
	/* As many as a burst of them may be, and one more. */
	inject_whole(20, 20 * 128);
	want.tx_packets += 128;
	lane_wait(b, &want, "128");
	lane_drain(b->tun);
	inject_whole(20, 20 * 129);
	assert_int_equal(lane_read(b->tun, got, sizeof(got), 5000), VNET + 40 + 20 * 129);
	lane_wait(b, &want, "129");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, lane_bed_up, lane_bed_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_comes_has_to_be_ordinary),
		CASE(tcp_has_to_be_as_it_says),
		CASE(outer_shapes_that_are_left),
		CASE(what_is_configured_counts),
		CASE(configurations_follow_each_other),
		CASE(straight_to_the_lanes_port_is_dropped),
		CASE(what_leaves_has_to_be_ordinary),
		CASE(the_way_has_to_be_known),
		CASE(segments_are_counted_as_they_are_cut),
	};
	int skip = netns_enter();

	return skip != 0 ? skip : cmocka_run_group_tests_name("lane_refused", tests, NULL, NULL);
}
