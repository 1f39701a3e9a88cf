/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A host whose own rules drop what the kernel lane sends up: some single packets are lost, all
 * others come to the workers, and only what those rules are about.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <net/if.h>
#include <time.h>

#include "bed/lane_frame.h"
#include "lane/bpf/ovnet_lane.h"

static uint8_t got[2048];

/* "iifname u0", "ip saddr 192.0.2.1" or "": whose packets to the lane's port are dropped. */
static void drop(const struct lane_bed *b, const char *whose)
{
	sh("nft add table ip lane && nft add chain ip lane in "
	   "'{ type filter hook input priority 0; }' && "
	   "nft add rule ip lane in %s udp dport %u drop",
		whose, ovnet_lane_port(b->lane));
}

static void drop_no_more(void)
{
	sh("nft delete table ip lane");
}

static int down(void **state)
{
	(void)try_sh("nft delete table ip lane 2>/dev/null; ip link del u1 2>/dev/null");
	return lane_bed_down(state);
}

/* The programs' own map: the one of that name among our descriptors. */
static int ways_fd(void)
{
	for (int fd = 3; fd < 1024; fd++) {
		struct bpf_map_info info = {0};
		uint32_t len = sizeof(info);
		if (bpf_obj_get_info_by_fd(fd, &info, &len) == 0 &&
			strcmp(info.name, "ways") == 0 &&
			info.value_size == sizeof(struct ovnet_lane_way))
			return fd;
	}
	fail_msg("no map of the ways");
	return -1;
}

static struct ovnet_lane_way way_of(uint32_t id, uint32_t slot)
{
	const struct ovnet_lane_way_key key = {.id = id, .slot = slot};
	struct ovnet_lane_way way;

	assert_int_equal(bpf_map_lookup_elem(ways_fd(), &key, &way), 0);
	return way;
}

static void set_way(uint32_t id, uint32_t slot, const struct ovnet_lane_way *way)
{
	const struct ovnet_lane_way_key key = {.id = id, .slot = slot};

	assert_int_equal(bpf_map_update_elem(ways_fd(), &key, way, BPF_EXIST), 0);
}

/* As if the last try was so many seconds longer ago. */
static void let_pass(uint32_t id, unsigned s)
{
	struct ovnet_lane_way way = way_of(id, 0);

	assert_true(way.tried_ns > s * 1000000000ull);
	way.tried_ns -= s * 1000000000ull;
	set_way(id, 0, &way);
}

enum fate { COMES, LOST, LEFT };

/* One of the peer's 10.5.NODE.0/24, 192.168.77.NODE; `held` counts it where that is 1. */
static void arrives_from(struct lane_bed *b, uint8_t node, enum fate fate, unsigned held)
{
	struct ovnet_lane_stats want = lane_stats(b);
	uint8_t f[LANE_FRAME];

	lane_frame(f, lane_echo_reply);
	f[29] = f[78] = node;
	lane_frame_sums(f);
	want.sent_up += fate != LEFT;
	want.came_up += fate == COMES;
	want.rx_packets += fate == COMES;
	want.held += held;
	lane_drain(b->socket);
	lane_inject_far(b, f, sizeof(f));
	if (fate == LEFT && lane_read(b->socket, got, sizeof(got), 5000) == 0)
		fail_msg("the workers did not get it");
	/* At once after a try it is not counted; what is at once depends on the machine. */
	if (fate == LEFT && held == 0)
		want.held = lane_stats(b).held;
	if (want.held > 0) {
		want.held_ifindex = b->lab->u0;
		want.held_be = lane_addr_be("192.168.77.2");
	}
	lane_wait(b, &want, fate == COMES ? "comes" : fate == LOST ? "is lost" : "is left");
}

static void arrives(struct lane_bed *b, enum fate fate)
{
	arrives_from(b, 2, fate, 0);
}

static void use_up(struct lane_bed *b)
{
	for (unsigned i = 0; i < OVNET_LANE_TRIES; i++) {
		arrives(b, LOST);
		arrives(b, LEFT);
		let_pass(LANE_ID, OVNET_LANE_PACE_S);
	}
	arrives_from(b, 2, LEFT, 1);
}

static void few_are_lost_and_not_at_once(void **state)
{
	struct lane_bed *b = *state;
	struct ovnet_lane_way way;

	drop(b, "iifname u0");
	use_up(b);
	/* Then not for minutes, and next time twice as long. */
	way = way_of(LANE_ID, 0);
	assert_int_equal(way.wait_s, OVNET_LANE_WAIT_MIN_S);
	way.wait_s = 60;
	set_way(LANE_ID, 0, &way);
	arrives_from(b, 2, LEFT, 1);
	way.wait_s = 5;
	set_way(LANE_ID, 0, &way);
	for (unsigned i = 0; i < OVNET_LANE_TRIES; i++) {
		arrives(b, LOST);
		arrives(b, LEFT);
		if (i + 1 < OVNET_LANE_TRIES)
			let_pass(LANE_ID, OVNET_LANE_PACE_S);
	}
	assert_int_equal(way_of(LANE_ID, 0).wait_s, 10);
	/* The rule is gone: one comes, and so do all. */
	drop_no_more();
	arrives(b, LEFT);
	let_pass(LANE_ID, 10);
	for (unsigned i = 0; i < 3; i++)
		arrives(b, COMES);
	assert_int_equal(way_of(LANE_ID, 0).wait_s, OVNET_LANE_WAIT_MIN_S);
}

/* A rule that is added later, for one peer: not all there is of credit is lost, second by second.
 */
static void silence_ends_it(void **state)
{
	struct lane_bed *b = *state;
	struct ovnet_lane_way way;

	for (unsigned i = 0; i < 2; i++)
		arrives(b, COMES);
	assert_int_equal(way_of(LANE_ID, 0).asked_ns, 0);
	drop(b, "ip saddr 192.168.77.2");
	arrives(b, LOST);
	way = way_of(LANE_ID, 0);
	assert_true(way.credit > OVNET_LANE_TRIES && way.asked_ns > 0);
	way.asked_ns -= OVNET_LANE_SILENCE_S * 1000000000ull;
	set_way(LANE_ID, 0, &way);
	arrives_from(b, 2, LEFT, 1);
	assert_int_equal(way_of(LANE_ID, 0).credit, OVNET_LANE_TRIES);
	let_pass(LANE_ID, OVNET_LANE_PACE_S);
	arrives(b, LOST);
	drop_no_more();
	let_pass(LANE_ID, OVNET_LANE_PACE_S);
	for (unsigned i = 0; i < 2; i++)
		arrives(b, COMES);
}

/* However many come in one go: what is lost has a bound. */
static void credit_has_an_end(void **state)
{
	const unsigned few = 200; /* of them: within less than the silence */
	struct lane_bed *b = *state;
	struct ovnet_lane_way way;
	uint8_t f[LANE_FRAME];

	arrives(b, COMES);
	way = way_of(LANE_ID, 0);
	assert_int_equal(way.credit, OVNET_LANE_CREDIT);
	way.credit = (int)few;
	set_way(LANE_ID, 0, &way);
	drop(b, "");
	const struct ovnet_lane_stats before = lane_stats(b);
	lane_frame(f, lane_echo_reply);
	for (unsigned i = 0; i < 2 * few; i++)
		lane_inject_far(b, f, sizeof(f));
	const struct ovnet_lane_stats after = lane_stats(b);
	assert_int_equal(after.came_up, before.came_up);
	assert_in_range(after.sent_up - before.sent_up, few / 2, few);
	drop_no_more();
	let_pass(LANE_ID, OVNET_LANE_PACE_S);
	arrives(b, COMES);
	arrives(b, COMES);
	/* More than that come when they arrive. */
	for (unsigned i = 0; i < OVNET_LANE_CREDIT + 100; i++)
		lane_inject_far(b, f, sizeof(f));
	struct ovnet_lane_stats want = lane_stats(b);
	want.sent_up = after.sent_up + 2 + OVNET_LANE_CREDIT + 100;
	want.came_up = want.rx_packets = after.came_up + 2 + OVNET_LANE_CREDIT + 100;
	lane_wait(b, &want, "all");
}

static void other_peers_are_not_held(void **state)
{
	struct lane_bed *b = *state;
	struct ovnet_lane_peer other = b->peer;

	other.subnet = lane_prefix("10.5.3.0/24");
	other.public_be = lane_addr_be("192.168.77.3");
	other.id = LANE_ID + 1;
	assert_int_equal(ovnet_lane_set_peer(b->lane, &other), 0);
	drop(b, "ip saddr 192.168.77.2");
	use_up(b);
	for (unsigned i = 0; i < 2; i++)
		arrives_from(b, 3, COMES, 0);
	arrives_from(b, 2, LEFT, 1);
}

/* By u1, into which it is put on its other end. */
static void comes_by_u1(struct lane_bed *b)
{
	struct ovnet_lane_stats want = lane_stats(b);
	uint8_t f[LANE_FRAME];

	lane_frame(f, lane_echo_reply);
	lane_inject("p1", true, f, sizeof(f));
	want.sent_up++;
	want.came_up++;
	want.rx_packets++;
	lane_wait(b, &want, "by u1");
}

static void other_uplinks_are_not_held(void **state)
{
	struct lane_bed *b = *state;

	sh("ip link add u1 address 02:00:00:00:77:01 type veth peer name p1");
	sh("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.u1.rp_filter=0");
	sh("ip link set u1 up && ip link set p1 up");
	assert_int_equal(ovnet_lane_uplink_add(b->lane, if_nametoindex("u1")), 0);
	drop(b, "iifname u0");
	use_up(b);
	for (unsigned i = 0; i < 2; i++)
		comes_by_u1(b);
	arrives_from(b, 2, LEFT, 1);
}

static void another_peer_or_uplink_begins_anew(void **state)
{
	struct lane_bed *b = *state;

	drop(b, "");
	use_up(b);
	/* What is not new goes on. */
	b->peer.mtu--;
	assert_int_equal(ovnet_lane_set_peer(b->lane, &b->peer), 0);
	arrives_from(b, 2, LEFT, 1);
	b->peer.id++;
	assert_int_equal(ovnet_lane_set_peer(b->lane, &b->peer), 0);
	arrives(b, LOST);
	arrives(b, LEFT);
	b->peer.id--;
	assert_int_equal(ovnet_lane_set_peer(b->lane, &b->peer), 0);
	arrives(b, LOST);
	arrives(b, LEFT);
	assert_int_equal(ovnet_lane_del(b->lane, &b->peer.subnet), 0);
	assert_int_equal(ovnet_lane_set_peer(b->lane, &b->peer), 0);
	arrives(b, LOST);
	arrives(b, LEFT);
	ovnet_lane_uplink_del(b->lane, b->lab->u0);
	assert_int_equal(ovnet_lane_uplink_add(b->lane, b->lab->u0), 0);
	arrives(b, LOST);
	arrives(b, LEFT);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, lane_bed_up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(few_are_lost_and_not_at_once),
		CASE(silence_ends_it),
		CASE(credit_has_an_end),
		CASE(other_peers_are_not_held),
		CASE(other_uplinks_are_not_held),
		CASE(another_peer_or_uplink_begins_anew),
	};
	int skip = netns_enter();

	return skip != 0 ? skip : cmocka_run_group_tests_name("lane_way", tests, NULL, NULL);
}
