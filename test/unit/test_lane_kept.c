/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the kernel lane makes in the kernel: gone when it is closed, found when its daemon died, and
 * nothing of anybody else's touched.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <sys/wait.h>

#include "bed/lane.h"
#include "kernel/nl.h"

/* The place of ours (lib/lane/lane_tc.c). */
#define PRIORITY 50111
#define HANDLE   0x6f76

static bool has_clsact(const char *dev)
{
	return try_sh("tc qdisc show dev %s | grep -q clsact", dev) == 0;
}

static void ping_by_lane(struct lane_bed *b)
{
	lane_drain(b->tun);
	sh("ping -q -c 1 -W 5 -I " LANE_OWN " " LANE_FAR " >/dev/null");
	/* Only the lane answers: nobody reads the host device. */
	uint8_t packet[2048];
	assert_int_equal(lane_read(b->tun, packet, sizeof(packet), 0), 0);
}

/* Somebody else's program, which lets everything pass. */
static int others_program(void)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -1},
		{.code = BPF_JMP | BPF_EXIT}};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "others", "BSD", insns, 2, NULL);

	assert_true(fd >= 0);
	return fd;
}

static void others_attach(const struct lane_bed *b, uint32_t priority, uint32_t handle)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)b->lab->u0, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = others_program(), .priority = priority,
		.handle = handle);

	assert_int_equal(bpf_tc_attach(&hook, &opts), 0);
	close(opts.prog_fd);
}

static bool others_there(const struct lane_bed *b, uint32_t priority, uint32_t handle)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)b->lab->u0, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .priority = priority, .handle = handle);
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);

	if (bpf_tc_query(&hook, &opts) < 0)
		return false;
	int fd = bpf_prog_get_fd_by_id(opts.prog_id);
	assert_true(fd >= 0);
	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	close(fd);
	return strcmp(info.name, "others") == 0;
}

static void close_lane(struct lane_bed *b)
{
	ovnet_lane_close(b->lane);
	b->lane = NULL;
}

static void nothing_stays(void **state)
{
	struct lane_bed *b = *state;

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(lane_bed_open(b), 0);
		assert_true(if_nametoindex(OVNET_LANE_DEVICE) != 0);
		assert_true(has_clsact("u0") && has_clsact("ovnet0"));
		ping_by_lane(b);
		/* Once more is the same, and it is found again to be removed. */
		assert_int_equal(ovnet_lane_uplink_add(b->lane, b->lab->u0), 0);
		close_lane(b);
		b->lane = NULL;
		assert_int_equal(if_nametoindex(OVNET_LANE_DEVICE), 0);
		assert_false(has_clsact("u0") || has_clsact("ovnet0"));
	}
	ovnet_lane_close(NULL);
}

/* The device has no address to be spoken to, and asks nobody for one. */
static void the_device_is_silent(void **state)
{
	struct lane_bed *b = *state;

	assert_int_equal(lane_bed_open(b), 0);
	sh("ip -o link show " OVNET_LANE_DEVICE " | grep -q NOARP");
	sh("test -z \"$(ip -o addr show dev " OVNET_LANE_DEVICE ")\"");
	sh("ip -d link show " OVNET_LANE_DEVICE " | grep -q external");
}

static void others_filters_stay(void **state)
{
	struct lane_bed *b = *state;

	/* In a qdisc of theirs, which stays even empty. */
	sh("tc qdisc add dev u0 clsact");
	assert_int_equal(lane_bed_open(b), 0);
	others_attach(b, 7, 1);
	ping_by_lane(b);
	close_lane(b);
	assert_true(others_there(b, 7, 1));
	sh("tc filter del dev u0 ingress");
	assert_int_equal(lane_bed_open(b), 0);
	close_lane(b);
	assert_true(has_clsact("u0"));
	sh("tc qdisc del dev u0 clsact");
	/* In one of ours: with them it stays. */
	assert_int_equal(lane_bed_open(b), 0);
	others_attach(b, 7, 1);
	ovnet_lane_uplink_del(b->lane, b->lab->u0);
	assert_true(others_there(b, 7, 1));
}

static struct ovnet_lane_hook hook_of(const struct lane_bed *b, const char *dev)
{
	struct ovnet_lane_hook hooks[8];
	const unsigned n = ovnet_lane_hooks(b->lane, hooks, 8);

	for (unsigned i = 0; i < n; i++)
		if (hooks[i].ifindex == if_nametoindex(dev))
			return hooks[i];
	fail_msg("no hook at %s", dev);
	return hooks[0];
}

static void what_others_remove_is_put_back(void **state)
{
	struct lane_bed *b = *state;

	assert_int_equal(lane_bed_open(b), 0);
	assert_int_equal(ovnet_lane_mend(b->lane), 0);
	sh("tc qdisc del dev u0 clsact && tc qdisc del dev ovnet0 clsact");
	sh("tc filter del dev " OVNET_LANE_DEVICE " ingress");
	assert_int_equal(ovnet_lane_mend(b->lane), 3);
	ping_by_lane(b);
	assert_int_equal(ovnet_lane_mend(b->lane), 0);
	assert_int_equal(ovnet_lane_hooks(b->lane, NULL, 0), 3);
	assert_true(hook_of(b, "ovnet0").egress && hook_of(b, "ovnet0").attached);
	assert_false(hook_of(b, OVNET_LANE_DEVICE).egress);
	/* By one of somebody else's it is known, and at its place it is missing. */
	others_attach(b, 7, 1);
	assert_int_equal(ovnet_lane_mend(b->lane), 0);
	assert_int_equal(hook_of(b, "u0").others, 1);
	assert_int_equal(hook_of(b, "ovnet0").others, 0);
	sh("tc filter del dev u0 ingress");
	others_attach(b, PRIORITY, HANDLE);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(ovnet_lane_mend(b->lane), -EEXIST);
	assert_false(hook_of(b, "u0").attached);
	assert_true(others_there(b, PRIORITY, HANDLE));
	/* A device that is gone. */
	sh("tc filter del dev u0 ingress && ip tuntap add dev ovnet1 mode tun");
	assert_int_equal(ovnet_lane_mend(b->lane), 1);
	assert_int_equal(ovnet_lane_uplink_add(b->lane, if_nametoindex("ovnet1")), 0);
	sh("ip link del ovnet1");
	assert_int_equal(ovnet_lane_mend(b->lane), 0);
	assert_int_equal(ovnet_lane_hooks(b->lane, NULL, 0), 4);
}

/* Before all filters, where the kernel has such (Linux 6.6). */
static void newer_programs_are_seen(void **state)
{
	const enum bpf_attach_type tcx_ingress = 46;
	struct lane_bed *b = *state;
	int fd = others_program();

	assert_int_equal(lane_bed_open(b), 0);
	if (bpf_prog_attach(fd, (int)b->lab->u0, tcx_ingress, 0) < 0) {
		close(fd);
		skip();
	}
	assert_int_equal(ovnet_lane_mend(b->lane), 0);
	assert_int_equal(hook_of(b, "u0").others, 1);
	assert_int_equal(hook_of(b, "ovnet0").others, 0);
	assert_int_equal(bpf_prog_detach2(fd, (int)b->lab->u0, tcx_ingress), 0);
	assert_int_equal(ovnet_lane_mend(b->lane), 0);
	assert_int_equal(hook_of(b, "u0").others, 0);
	close(fd);
}

static void the_device_is_put_back(void **state)
{
	struct lane_bed *b = *state;

	assert_int_equal(lane_bed_open(b), 0);
	sh("ip link set " OVNET_LANE_DEVICE " down");
	assert_int_equal(ovnet_lane_mend(b->lane), 1);
	ping_by_lane(b);
	sh("ip link del " OVNET_LANE_DEVICE);
	assert_int_equal(ovnet_lane_mend(b->lane), 1);
	ping_by_lane(b);
	assert_int_equal(ovnet_lane_mend(b->lane), 0);
	/* Where that cannot be, nothing is sent up. */
	sh("ip link del " OVNET_LANE_DEVICE " && ip link add " OVNET_LANE_DEVICE " type bridge");
	const struct ovnet_lane_stats before = lane_stats(b);
	assert_int_equal(ovnet_lane_mend(b->lane), -EEXIST);
	assert_true(try_sh("ping -q -c 1 -W 1 -I " LANE_OWN " " LANE_FAR " >/dev/null") != 0);
	assert_int_equal(lane_stats(b).sent_up, before.sent_up);
	sh("ip link del " OVNET_LANE_DEVICE " type bridge");
	for (unsigned i = 0; i < 30; i++) /* minutes */
		assert_int_equal(ovnet_lane_mend(b->lane), -ENODEV);
	assert_int_equal(ovnet_lane_mend(b->lane), 1);
	ping_by_lane(b);
}

static void a_place_that_is_taken_stays_so(void **state)
{
	struct lane_bed *b = *state;

	assert_int_equal(lane_bed_open(b), 0);
	ovnet_lane_uplink_del(b->lane, b->lab->u0);
	assert_false(has_clsact("u0"));
	sh("tc qdisc add dev u0 clsact");
	others_attach(b, PRIORITY, HANDLE);
	assert_int_equal(ovnet_lane_uplink_add(b->lane, b->lab->u0), -EEXIST);
	assert_true(others_there(b, PRIORITY, HANDLE));
	close_lane(b);
	assert_int_equal(ovnet_lane_remove_leftovers(false, NULL, NULL), 0);
	assert_true(others_there(b, PRIORITY, HANDLE));
}

/* A daemon that is killed. */
static void die_with_a_lane(struct lane_bed *b)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		b->conf.lane_port = 0;
		_exit(lane_bed_open(b) != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void note(void *arg, const char *what)
{
	char *all = arg;

	snprintf(all + strlen(all), 512 - strlen(all), "%s\n", what);
}

static void what_died_is_replaced(void **state)
{
	struct lane_bed *b = *state;

	die_with_a_lane(b);
	ping_by_lane(b);
	assert_int_equal(lane_bed_open(b), 0);
	ping_by_lane(b);
	assert_int_equal(lane_counts(b).tx_packets, 1);
	assert_int_equal(lane_counts(b).rx_packets, 1);
	sh("test $(tc filter show dev u0 ingress | grep -c ovnet_lane_in) = 1");
}

static void what_died_is_found_and_removed(void **state)
{
	struct lane_bed *b = *state;
	char dry[512] = "", real[512] = "";

	die_with_a_lane(b);
	assert_int_equal(ovnet_lane_remove_leftovers(true, note, dry), 4);
	ping_by_lane(b);
	assert_non_null(strstr(dry, "kernel lane dev u0 ingress\n"));
	assert_non_null(strstr(dry, "kernel lane dev ovnet0 egress\n"));
	assert_non_null(strstr(dry, "link ovnet-lane\n"));
	assert_int_equal(ovnet_lane_remove_leftovers(false, note, real), 4);
	assert_string_equal(dry, real);
	assert_int_equal(if_nametoindex(OVNET_LANE_DEVICE), 0);
	assert_false(has_clsact("u0") || has_clsact("ovnet0"));
	assert_int_equal(ovnet_lane_remove_leftovers(false, NULL, NULL), 0);
}

/* Older than clsact, of somebody who has it for filters of his own. */
static void an_ingress_qdisc_does_at_ingress(void **state)
{
	struct lane_bed *b = *state;

	sh("tc qdisc add dev u0 ingress");
	die_with_a_lane(b);
	ping_by_lane(b);
	assert_int_equal(ovnet_lane_remove_leftovers(false, NULL, NULL), 4);
	sh("test -z \"$(tc filter show dev u0 ingress)\"");
	sh("tc qdisc show dev u0 | grep -q ingress");
	assert_int_equal(lane_bed_open(b), 0);
	ping_by_lane(b);
	close_lane(b);
	sh("test -z \"$(tc filter show dev u0 ingress)\" && tc qdisc del dev u0 ingress");
	/* At egress it would have the way out at the way in. */
	sh("tc qdisc add dev ovnet0 ingress");
	assert_int_equal(lane_bed_open(b), -EOPNOTSUPP);
	sh("test -z \"$(tc filter show dev ovnet0 ingress)\"");
	sh("tc qdisc show dev ovnet0 | grep -q ingress");
	assert_int_equal(if_nametoindex(OVNET_LANE_DEVICE), 0);
}

/* The program that is at u0, once more in a block of filters: nobody removes it by the device. */
static void put_in_block(const struct lane_bed *b, uint32_t block)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)b->lab->u0, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .priority = PRIORITY, .handle = HANDLE);
	struct nl_request req;
	static struct nl nl;

	assert_int_equal(bpf_tc_query(&hook, &opts), 0);
	int fd = bpf_prog_get_fd_by_id(opts.prog_id);
	assert_true(fd >= 0);
	struct tcmsg *tcm = nl_begin(&req, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, sizeof(*tcm));
	tcm->tcm_ifindex = (int)TCM_IFINDEX_MAGIC_BLOCK;
	tcm->tcm_block_index = block;
	tcm->tcm_handle = HANDLE;
	tcm->tcm_info = TC_H_MAKE((uint32_t)PRIORITY << 16, __builtin_bswap16(ETH_P_ALL));
	mnl_attr_put_strz(req.hdr, TCA_KIND, "bpf");
	struct nlattr *nest = mnl_attr_nest_start(req.hdr, TCA_OPTIONS);
	mnl_attr_put_u32(req.hdr, TCA_BPF_FD, (uint32_t)fd);
	mnl_attr_put_strz(req.hdr, TCA_BPF_NAME, "ovnet_lane_in");
	mnl_attr_put_u32(req.hdr, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	mnl_attr_nest_end(req.hdr, nest);
	assert_int_equal(nl_open(&nl), 0);
	assert_int_equal(nl_send(&nl, &req, NULL, NULL), 0);
	nl_close(&nl);
	close(fd);
}

/* It would have nowhere to send what it takes. */
static void the_device_stays_with_a_program(void **state)
{
	struct lane_bed *b = *state;

	die_with_a_lane(b);
	sh("ip link add u1 type veth peer name p1 && tc qdisc add dev u1 ingress_block 22 clsact");
	put_in_block(b, 22);
	assert_int_equal(ovnet_lane_remove_leftovers(false, NULL, NULL), -EBUSY);
	sh("tc filter show dev " OVNET_LANE_DEVICE " ingress | grep -q ovnet_lane_up");
	sh("tc filter del block 22 && ip link del u1");
	assert_int_equal(ovnet_lane_remove_leftovers(false, NULL, NULL), 2);
	assert_int_equal(if_nametoindex(OVNET_LANE_DEVICE), 0);
}

static void the_name_may_be_taken(void **state)
{
	struct lane_bed *b = *state;

	sh("ip link add " OVNET_LANE_DEVICE " type bridge");
	assert_int_equal(lane_bed_open(b), -EEXIST);
	assert_null(b->lane);
	assert_int_equal(ovnet_lane_remove_leftovers(false, NULL, NULL), 0);
	sh("ip link del " OVNET_LANE_DEVICE " type bridge");
	assert_int_equal(lane_bed_open(b), 0);
}

static int take_port(uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = __builtin_bswap16(port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void the_port_may_be_given(void **state)
{
	struct lane_bed *b = *state;
	int fd = take_port(39999);

	b->conf.lane_port = 39999;
	assert_int_equal(lane_bed_open(b), -EADDRINUSE);
	assert_null(b->lane);
	assert_int_equal(if_nametoindex(OVNET_LANE_DEVICE), 0);
	assert_false(has_clsact("ovnet0"));
	close(fd);
	assert_int_equal(lane_bed_open(b), 0);
	assert_int_equal(ovnet_lane_port(b->lane), 39999);
	ping_by_lane(b);
}

static void the_host_device_may_be_another(void **state)
{
	struct lane_bed *b = *state;

	assert_int_equal(lane_bed_open(b), 0);
	b->conf.host_ifindex = 99999;
	assert_int_equal(ovnet_lane_set_conf(b->lane, &b->conf), -ENODEV);
	ping_by_lane(b);
	sh("ip tuntap add dev ovnet1 mode tun && ip link set ovnet1 mtu %d up", LANE_MTU);
	sh("ip route replace 10.5.0.0/16 dev ovnet1 src " LANE_OWN);
	b->conf.host_ifindex = if_nametoindex("ovnet1");
	assert_int_equal(ovnet_lane_set_conf(b->lane, &b->conf), 0);
	assert_true(has_clsact("ovnet1"));
	assert_false(has_clsact("ovnet0"));
	ping_by_lane(b);
	assert_int_equal(lane_counts(b).tx_packets, 2);
	/* Gone in the meantime is no error. */
	sh("ip link del ovnet1");
	b->conf.host_ifindex = b->host;
	assert_int_equal(ovnet_lane_set_conf(b->lane, &b->conf), 0);
	sh("ip route replace 10.5.0.0/16 dev ovnet0 src " LANE_OWN);
	ping_by_lane(b);
}

static void nonsense_is_refused(void **state)
{
	struct lane_bed *b = *state;
	const struct ovnet_lane_conf good = b->conf;
	struct ovnet_lane_peer peer = b->peer;

	b->conf.host_ifindex = 99999;
	assert_int_equal(lane_bed_open(b), -ENODEV);
	assert_null(b->lane);
	assert_int_equal(if_nametoindex(OVNET_LANE_DEVICE), 0);
	b->conf = good;
	b->conf.src_port_min = LANE_PORTS_MAX + 1;
	assert_int_equal(lane_bed_open(b), -EINVAL);
	assert_null(b->lane);
	b->conf = good;
	assert_int_equal(lane_bed_open(b), 0);
	peer.ifindex = b->host;
	assert_int_equal(ovnet_lane_set_peer(b->lane, &peer), -EINVAL);
	peer.ifindex = if_nametoindex(OVNET_LANE_DEVICE);
	assert_int_equal(ovnet_lane_set_peer(b->lane, &peer), -EINVAL);
	peer = b->peer;
	peer.head[23] = 6;
	assert_int_equal(ovnet_lane_set_peer(b->lane, &peer), -EINVAL);
	ping_by_lane(b);
}

static int down(void **state)
{
	(void)try_sh("ip link del u1 2>/dev/null");
	return lane_bed_down(state);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, lane_bed_up_closed, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(nothing_stays),
		CASE(the_device_is_silent),
		CASE(others_filters_stay),
		CASE(what_others_remove_is_put_back),
		CASE(newer_programs_are_seen),
		CASE(the_device_is_put_back),
		CASE(a_place_that_is_taken_stays_so),
		CASE(what_died_is_replaced),
		CASE(what_died_is_found_and_removed),
		CASE(an_ingress_qdisc_does_at_ingress),
		CASE(the_device_stays_with_a_program),
		CASE(the_name_may_be_taken),
		CASE(the_port_may_be_given),
		CASE(the_host_device_may_be_another),
		CASE(nonsense_is_refused),
	};
	int skip = netns_enter();

	return skip != 0 ? skip : cmocka_run_group_tests_name("lane_kept", tests, NULL, NULL);
}
