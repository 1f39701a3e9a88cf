/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the kernel itself makes of packets: several of them one, one too large to be changed, marks
 * of its rules.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <stddef.h>

#include "bed/lane_frame.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define MUCH 20000

static uint8_t packet[70000];

/* A peer's packets with outer checksums, cut, so that the kernel may merge them for a socket. */
static void cut_by_far(struct lane_bed *b)
{
	sh("ethtool -K u0 gro on >/dev/null");
	peer(b->lab, "ethtool -K p0 tx off gso off tso off tx-udp_tnl-segmentation off >/dev/null");
}

static void merge(const struct lane_bed *b, int on)
{
	assert_int_equal(setsockopt(b->socket, SOL_UDP, UDP_GRO, &on, sizeof(on)), 0);
}

static void send_much(int from)
{
	static const uint8_t data[MUCH];

	assert_int_equal(send(from, data, sizeof(data), MSG_DONTWAIT), sizeof(data));
}

/* Until all of it came, or something was merged. */
static void send_cut(struct lane_bed *b)
{
	const uint64_t merged = lane_stats(b).merged;
	int from, to;

	lane_connect(b, true, &from, &to);
	send_much(from);
	for (size_t i = 0; i < 1000 && lane_stats(b).merged == merged &&
			   recv(to, packet, sizeof(packet), MSG_PEEK | MSG_DONTWAIT) < MUCH;
		i++)
		usleep(5000);
	lane_abort(from, to);
}

static void what_udp_gro_merged_is_counted(void **state)
{
	struct lane_bed *b = *state;

	cut_by_far(b);
	send_cut(b);
	assert_int_equal(lane_stats(b).merged, 0);
	merge(b, 1);
	send_cut(b);
	assert_true(lane_stats(b).merged > 0);
	assert_true(lane_read(b->socket, packet, sizeof(packet), 5000) > 2 * LANE_MTU);
	merge(b, 0);
	const struct ovnet_lane_stats before = lane_stats(b);
	send_cut(b);
	assert_int_equal(lane_stats(b).merged, before.merged);
	assert_true(lane_stats(b).came_up > before.came_up);
}

/* Without merging they would not arrive either, as far as is known. */
static void merged_ones_of_a_closed_way_are_not(void **state)
{
	struct lane_bed *b = *state;
	uint8_t first[LANE_FRAME];
	int from, to;

	cut_by_far(b);
	merge(b, 1);
	lane_connect(b, true, &from, &to);
	sh("ip link set " OVNET_LANE_DEVICE " down");
	assert_int_equal(ovnet_lane_uplink_add(b->lane, b->lab->u0), 0);
	struct ovnet_lane_stats want = lane_stats(b);
	lane_frame(first, lane_echo_reply);
	lane_inject_far(b, first, sizeof(first)); /* is lost */
	want.sent_up++;
	lane_wait(b, &want, "the first");
	send_much(from);
	assert_true(lane_read(b->socket, packet, sizeof(packet), 5000) > 2 * LANE_MTU);
	assert_int_equal(lane_stats(b).merged, 0);
	lane_abort(from, to);
}

/* Somebody else's program, before ours. */
static void attach(
	uint32_t ifindex, enum bpf_tc_attach_point where, const struct bpf_insn *insns, size_t n)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = where);
	LIBBPF_OPTS(bpf_tc_opts, opts, .priority = 1, .handle = 1,
		.prog_fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "others", "BSD", insns, n, NULL));

	assert_true(opts.prog_fd >= 0);
	int err = bpf_tc_hook_create(&hook);
	assert_true(err == 0 || err == -EEXIST);
	assert_int_equal(bpf_tc_attach(&hook, &opts), 0);
	close(opts.prog_fd);
}

#define LOAD(dst, member)                                                          \
	{                                                                          \
		.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = (dst), .src_reg = 1, \
		.off = offsetof(struct __sk_buff, member)                          \
	}
#define STORE(src, member)                                                         \
	{                                                                          \
		.code = BPF_STX | BPF_MEM | BPF_W, .dst_reg = 1, .src_reg = (src), \
		.off = offsetof(struct __sk_buff, member)                          \
	}
#define SET(dst, value)                                                               \
	{                                                                             \
		.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (dst), .imm = (value) \
	}

/* Drops what has a mark or priority. */
static void only_bare_ones_pass(uint32_t ifindex, enum bpf_tc_attach_point where)
{
	const struct bpf_insn insns[] = {LOAD(2, mark), LOAD(3, priority),
		{.code = BPF_ALU64 | BPF_OR | BPF_X, .dst_reg = 2, .src_reg = 3},
		SET(0, TC_ACT_UNSPEC),
		{.code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = 2, .off = 1, .imm = 0},
		SET(0, TC_ACT_SHOT), {.code = BPF_JMP | BPF_EXIT}};

	attach(ifindex, where, insns, sizeof(insns) / sizeof(insns[0]));
}

static void all_are_marked(uint32_t ifindex, enum bpf_tc_attach_point where)
{
	const struct bpf_insn insns[] = {SET(2, 7), STORE(2, mark), STORE(2, priority),
		SET(0, TC_ACT_UNSPEC), {.code = BPF_JMP | BPF_EXIT}};

	attach(ifindex, where, insns, sizeof(insns) / sizeof(insns[0]));
}

/* What rules made of the inner packet says nothing of the outer one, nor the other way round. */
static void marks_end_at_the_tunnel(void **state)
{
	struct lane_bed *b = *state;

	all_are_marked(b->host, BPF_TC_EGRESS);
	only_bare_ones_pass(b->lab->u0, BPF_TC_EGRESS);
	all_are_marked(b->lab->u0, BPF_TC_INGRESS);
	only_bare_ones_pass(b->host, BPF_TC_INGRESS);
	sh("ping -q -c 1 -W 5 -I " LANE_OWN " " LANE_FAR " >/dev/null");
	lane_tcp(b, true, 100000);
}

/* In one piece: by whichever way, but none is lost. */
static void large_ones_are_not_lost(void **state)
{
	struct lane_bed *b = *state;
	static uint8_t p[17000];

	sh("ip link set ovnet0 mtu 65000 && ip link set u0 mtu 65000");
	peer(b->lab, "ip link set p0 mtu 65000");
	b->conf.host_mtu = b->peer.mtu = 65000;
	assert_int_equal(ovnet_lane_set_conf(b->lane, &b->conf), 0);
	assert_int_equal(ovnet_lane_set_peer(b->lane, &b->peer), 0);
	ovnet_lane_enable(b->lane, true, false);
	memcpy(p, lane_tcp_ack, 40);
	p[14] = 1;
	p[18] = 2;
	for (size_t len = 14000; len <= sizeof(p); len += 8) {
		p[2] = (uint8_t)(len >> 8);
		p[3] = (uint8_t)len;
		lane_put_sum(p);
		lane_drain(b->tun);
		lane_drain(b->wire);
		lane_inject("ovnet0", false, p, len);
		if (lane_read(b->wire, packet, sizeof(packet), 0) != len + 64 &&
			lane_read(b->tun, packet, sizeof(packet), 5000) == 0)
			fail_msg("one of %zu bytes is lost", len);
	}
	assert_int_equal(lane_stats(b).failed, 0);
	assert_true(lane_stats(b).tx_packets > 100);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, lane_bed_up, lane_bed_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_udp_gro_merged_is_counted),
		CASE(merged_ones_of_a_closed_way_are_not),
		CASE(marks_end_at_the_tunnel),
		CASE(large_ones_are_not_lost),
	};
	int skip = netns_enter();

	return skip != 0 ? skip : cmocka_run_group_tests_name("lane_skb", tests, NULL, NULL);
}
