/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>
#include <linux/if_link.h>
#include <signal.h>

#include "bed/lab_uplink.h"
#include "port/xsk.h"

static struct ovnet_port *open_xdp(const char *iface, int *err)
{
	return open_uplink(&ovnet_driver_af_xdp, iface, 1, err);
}

static uint32_t xdp_prog(const char *iface)
{
	uint32_t id = 0;

	assert_int_equal(bpf_xdp_query_id((int)if_nametoindex(iface), 0, &id), 0);
	return id;
}

static void overlay_is_taken_and_the_rest_passes(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_xdp("up0", &err);

	assert_non_null(port);
	assert_int_equal(port->n_rxq, 1);
	assert_int_equal(port->n_txq, 1);
	assert_int_equal(port->mtu, 1500);
	assert_memory_equal(ovnet_port_mac(port).b, mac_a, 6);
	assert_int_equal(port->ifindex, if_nametoindex("up0"));
	assert_false(port->caps & OVNET_CAP_EXCLUSIVE);
	assert_true(lab_comes_up(port));

	int ours = lab_udp4("10.9.0.1", PORT), other = lab_udp4("10.9.0.1", 5000);
	struct lab_packet p = packet(PORT, "before the first filter");
	assert_true(passes(port, &p));
	assert_true(lab_receives(ours, p.text, 300));

	take(port, PORT, 2);
	p = packet(PORT, "overlay");
	assert_true(taken(port, &p));
	assert_false(lab_receives(ours, p.text, 20));
	p.options = 3;
	assert_true(taken(port, &p));
	p = packet(PORT, ""); /* no VXLAN header at all: for the path to count */
	assert_true(taken(port, &p));

	p = packet(5000, "other port");
	assert_true(passes(port, &p));
	assert_true(lab_receives(other, p.text, 300));
	close(ours);
	close(other);
	ovnet_port_close(port);
	lab_no_leak();
}

static void ping_is_answered_by_the_kernel(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_xdp("up0", &err);
	/* An echo request has type 8 where UDP has its source port's first byte. */
	struct lab_packet p = packet(0, "echo");
	uint8_t frame[512], reply[512];

	assert_non_null(port);
	take(port, PORT, 2);
	lab("ip", "neigh", "replace", "10.9.0.2", "lladdr", "02:00:00:00:00:02", "dev", "up0");
	p.proto = IPPROTO_ICMP;
	size_t n = lab_frame(frame, &p);
	memcpy(frame + 34, "\x08\x00\x00\x00\x12\x34\x00\x01", 8);
	uint16_t sum = lab_sum(frame + 34, n - 34);
	memcpy(frame + 36, &sum, 2);
	assert_int_equal(send(peer, frame, n, 0), n);
	bool answered = false;
	while (!answered && lab_readable(peer, 300)) {
		ssize_t k = recv(peer, reply, sizeof(reply), 0);
		answered = k > 34 && reply[12] == 8 && reply[13] == 0 &&
			   reply[23] == IPPROTO_ICMP && reply[34] == 0;
	}
	assert_true(answered);
	ovnet_port_close(port);
	lab_no_leak();
}

static void fragments_vlans_and_other_addresses_pass(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_xdp("up0", &err);

	assert_non_null(port);
	take(port, PORT, 2);
	struct lab_packet p = packet(PORT, "first fragment");
	p.frag = IP_MF;
	assert_true(passes(port, &p));
	p.frag = 20;
	assert_true(passes(port, &p));
	p.frag = IP_DF; /* which is no fragment */
	assert_true(taken(port, &p));
	p = packet(PORT, "vlan");
	p.vlan = 7;
	assert_true(passes(port, &p));
	p = packet(PORT, "elsewhere");
	p.dst = "10.9.0.99";
	assert_true(passes(port, &p));
	p = packet(PORT, "tcp");
	p.proto = IPPROTO_TCP;
	assert_true(passes(port, &p));
	p = packet(PORT, "six");
	p.src = "fd09::2";
	p.dst = "fd09::1";
	assert_true(taken(port, &p));
	p.dst = "fd09::9";
	assert_true(passes(port, &p));
	ovnet_port_close(port);
	lab_no_leak();
}

static void filter_changes_live(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_xdp("up0", &err);
	struct lab_packet p = packet(PORT, "live");
	struct lab_packet six = p;

	assert_non_null(port);
	six.src = "fd09::2";
	six.dst = "fd09::1";
	take(port, PORT, 2);
	assert_true(taken(port, &p));
	take(port, PORT, 1);
	assert_true(taken(port, &p));
	assert_true(passes(port, &six));
	take(port, PORT, 0);
	assert_true(passes(port, &p));
	take(port, 4789, 2);
	assert_true(passes(port, &p));
	p.port = 4789;
	assert_true(taken(port, &p));
	take(port, 0, 2);
	assert_true(passes(port, &p));

	/* host-gw: our own subnets, whatever is in them. */
	struct ovnet_prefix net;
	assert_int_equal(ovnet_prefix_parse("10.5.4.0/24", &net), 0);
	struct ovnet_port_filter f = {.udp_port = PORT, .subnets = &net, .n_subnets = 1};
	assert_int_equal(port->driver->filter(port, &f), 0);
	p.dst = "10.5.4.9";
	p.proto = IPPROTO_TCP;
	assert_true(taken(port, &p));
	p.dst = "10.5.5.9";
	assert_true(passes(port, &p));

	static const struct ovnet_addr many[200];
	f = (struct ovnet_port_filter){.udp_port = PORT, .addrs = many, .n_addrs = 200};
	assert_int_equal(port->driver->filter(port, &f), -E2BIG);
	ovnet_port_close(port);
	lab_no_leak();
}

static void what_is_sent_arrives_at_the_peer(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_xdp("up0", &err);
	struct rte_mbuf *m[OVNET_BURST];
	struct lab_packet p = packet(PORT, "sent");
	uint8_t frame[512], seen[2048];
	unsigned n = 0;

	assert_non_null(port);
	size_t len = lab_frame(frame, &p);
	/* More than there are frames, and in one to four segments. */
	for (unsigned burst = 0; burst < 40; burst++) {
		for (unsigned i = 0; i < OVNET_BURST; i++)
			m[i] = lab_mbuf(frame, len, 1 + i % 4);
		assert_int_equal(port->driver->tx(port->queue[0], m, OVNET_BURST), OVNET_BURST);
		while (lab_readable(peer, 0)) {
			ssize_t k = recv(peer, seen, sizeof(seen), 0);
			if (k == (ssize_t)len && memcmp(seen, frame, len) == 0)
				n++;
		}
	}
	assert_int_equal(n, 40 * OVNET_BURST);

	/* What no frame holds is refused alone. */
	uint8_t big[4100] = {0};
	m[0] = lab_mbuf(frame, len, 1);
	m[1] = lab_mbuf(big, sizeof(big), 3);
	m[2] = lab_mbuf(frame, len, 1);
	assert_int_equal(port->driver->tx(port->queue[0], m, 3), 1);
	assert_int_equal(port->queue[0]->tx_reason, OVNET_DROP_TX_REFUSED);
	rte_pktmbuf_free(m[1]);
	assert_int_equal(port->driver->tx(port->queue[0], m + 2, 1), 1);
	assert_true(lab_readable(peer, 300));

	lab("ip", "link", "set", "dev", "up0", "down");
	m[0] = lab_mbuf(frame, len, 1);
	m[1] = lab_mbuf(frame, len, 1);
	uint16_t sent = port->driver->tx(port->queue[0], m, 1); /* finds out */
	assert_int_equal(port->driver->tx(port->queue[0], m + 1, 1), 0);
	assert_int_equal(port->queue[0]->tx_reason, OVNET_DROP_TX_DOWN);
	rte_pktmbuf_free_bulk(m + sent, 2u - sent);
	lab("ip", "link", "set", "dev", "up0", "up");
	lab("ip", "addr", "add", "fd09::1/64", "dev", "up0", "nodad");
	m[0] = lab_mbuf(frame, len, 1);
	assert_int_equal(port->driver->tx(port->queue[0], m, 1), 1);
	ovnet_port_close(port);
	lab_no_leak();
}

static void fd_tells_when_to_look(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_xdp("up0", &err);
	struct lab_packet p = packet(PORT, "knock");
	struct rte_mbuf *m;

	assert_non_null(port);
	take(port, PORT, 2);
	int fd = port->driver->wait_fd(port->queue[0]);
	assert_int_equal(port->driver->arm(port->queue[0]), 0);
	assert_false(lab_readable(fd, 0));
	send_packet(&p);
	assert_true(lab_readable(fd, 300));
	assert_int_equal(port->driver->arm(port->queue[0]), 1);
	assert_int_equal(lab_rx(port, &m, 1, 10), 1);
	rte_pktmbuf_free(m);
	assert_false(lab_readable(fd, 0));
	ovnet_port_close(port);
	lab_no_leak();
}

/* What was sent may still be on its way to the ring. */
static bool missed_at_last(struct ovnet_port *port, uint64_t n)
{
	struct ovnet_port_stats stats = {0};

	for (unsigned i = 0; i < 5000 && stats.missed < n; i++) {
		usleep(1000);
		port->driver->stats(port, &stats);
	}
	return stats.missed >= n;
}

static void the_ring_goes_round_and_overruns_are_counted(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_xdp("up0", &err);
	struct lab_packet p = packet(PORT, "again");
	struct rte_mbuf *m[OVNET_BURST];
	struct ovnet_port_stats stats;
	unsigned got = 0, k;

	assert_non_null(port);
	take(port, PORT, 2);
	for (unsigned i = 0; i < 6000; i++) {
		send_packet(&p);
		if (i % 32 != 31)
			continue;
		k = lab_rx(port, m, 32, 100);
		assert_int_equal(k, 32);
		rte_pktmbuf_free_bulk(m, k);
	}
	while ((k = lab_rx(port, m, OVNET_BURST, 20)) > 0)
		rte_pktmbuf_free_bulk(m, k);
	port->driver->stats(port, &stats);
	assert_int_equal(stats.missed, 0);

	/* Nobody looks: 2048 wait, the others are missed. */
	for (unsigned i = 0; i < 2148; i++)
		send_packet(&p);
	assert_true(missed_at_last(port, 100));
	while ((k = lab_rx(port, m, OVNET_BURST, 20)) > 0) {
		rte_pktmbuf_free_bulk(m, k);
		got += k;
	}
	assert_int_equal(got, 2048);
	port->driver->stats(port, &stats);
	assert_int_equal(stats.missed, 100);
	ovnet_port_close(port);
	lab_no_leak();
}

/*
 * No driver here has zero-copy, but asked for it, the driver has the frames for it: a ring that
 * nobody reads leaves as many as the NIC may need (of veth nobody knows how many).
 */
static void a_full_ring_leaves_frames_for_the_host(void **state)
{
	(void)state;
	struct ovnet_patience patience = {0};
	const struct ovnet_port_conf conf = {.name = "up",
		.role = OVNET_PORT_UPLINK,
		.iface = "up0",
		.pool = lab_pool,
		.zero_copy = true,
		.patience = &patience};
	struct lab_packet p = packet(PORT, "flood");
	struct rte_mbuf *m[OVNET_BURST];
	struct xdp_statistics s;
	socklen_t len = sizeof(s);
	int err;
	struct ovnet_port *port = ovnet_port_open(&ovnet_driver_af_xdp, 3, &conf, &err);

	assert_int_equal(ovnet_xsk_rx_frames(false, 512), 2048);
	assert_int_equal(ovnet_xsk_rx_frames(true, 512), 2048 + 2 * 512);
	assert_non_null(port);
	take(port, PORT, 2);
	for (unsigned i = 0; i < 2048 + 4096; i++)
		send_packet(&p);
	assert_true(missed_at_last(port, 4096));
	int fd = port->driver->wait_fd(port->queue[0]);
	assert_int_equal(getsockopt(fd, SOL_XDP, XDP_STATISTICS, &s, &len), 0);
	assert_int_equal(s.rx_ring_full, 4096);
	assert_int_equal(s.rx_fill_ring_empty_descs, 0);
	for (unsigned k, got = 0; got < 2048; got += k) {
		k = lab_rx(port, m, OVNET_BURST, 100);
		assert_true(k > 0);
		rte_pktmbuf_free_bulk(m, k);
	}
	assert_true(taken(port, &p));
	ovnet_port_close(port);
	lab_no_leak();
}

static void every_channel_has_a_socket(void **state)
{
	(void)state;
	int err;

	lab("ip", "link", "add", "name", "mq0", "numrxqueues", "3", "numtxqueues", "2", "type",
		"veth", "peer", "name", "mq0p", "numrxqueues", "2", "numtxqueues", "3");
	lab("ip", "link", "set", "dev", "mq0", "up");
	lab("ip", "link", "set", "dev", "mq0p", "up");
	struct ovnet_port *port = open_xdp("mq0", &err);
	assert_non_null(port);
	assert_int_equal(port->n_rxq, 3);
	assert_int_equal(port->n_txq, 2);
	ovnet_port_close(port);
	lab("ip", "link", "delete", "mq0");
	lab_no_leak();
}

static void nothing_is_left_behind(void **state)
{
	(void)state;
	int err, fds[2];
	char ready;
	struct ovnet_port *port = open_xdp("up0", &err);

	assert_non_null(port);
	assert_true(xdp_prog("up0") != 0);
	ovnet_port_close(port);
	assert_int_equal(xdp_prog("up0"), 0);

	/* A daemon that is killed; the next one starts at once. */
	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();
	if (pid == 0) {
		port = open_xdp("up0", &err);
		if (port != NULL && write(fds[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(fds[0], &ready, 1), 1);
	assert_true(xdp_prog("up0") != 0);
	assert_null(open_xdp("up0", &err)); /* it lives */
	assert_int_equal(err, -EBUSY);
	assert_int_equal(kill(pid, SIGKILL), 0);
	port = open_xdp("up0", &err);
	assert_non_null(port);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	ovnet_port_close(port);
	assert_int_equal(xdp_prog("up0"), 0);
	close(fds[0]);
	close(fds[1]);
	lab_no_leak();
}

static int load_pass(const char *name)
{
	const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, name, "GPL", code, RTE_DIM(code), NULL);
}

static void a_foreign_program_stays_and_a_stale_one_goes(void **state)
{
	(void)state;
	int err, index = (int)if_nametoindex("up0");
	const uint32_t modes[] = {XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE};

	for (unsigned i = 0; i < RTE_DIM(modes); i++) {
		int fd = load_pass("somebody");
		assert_true(fd >= 0);
		assert_int_equal(bpf_xdp_attach(index, fd, modes[i], NULL), 0);
		uint32_t id = xdp_prog("up0");
		assert_null(open_xdp("up0", &err));
		assert_int_equal(err, -EBUSY);
		assert_int_equal(xdp_prog("up0"), id);
		assert_int_equal(bpf_xdp_detach(index, modes[i], NULL), 0);
		close(fd);

		fd = load_pass("ovnet_xdp");
		assert_int_equal(bpf_xdp_attach(index, fd, modes[i], NULL), 0);
		id = xdp_prog("up0");
		struct ovnet_port *port = open_xdp("up0", &err);
		assert_non_null(port);
		assert_true(xdp_prog("up0") != id);
		ovnet_port_close(port);
		close(fd);
	}
	lab_no_leak();
}

static void interfaces_it_cannot_serve_are_refused(void **state)
{
	(void)state;
	int err;

	lab("ip", "link", "add", "name", "big0", "mtu", "9000", "type", "veth", "peer", "name",
		"big0p", "mtu", "9000");
	assert_null(open_xdp("big0", &err));
	assert_int_equal(err, -ENETDOWN);
	lab("ip", "link", "set", "dev", "big0", "up");
	assert_null(open_xdp("big0", &err));
	assert_int_equal(err, -EMSGSIZE);
	lab("ip", "link", "delete", "big0");
	assert_null(open_xdp("nosuch0", &err));
	assert_int_equal(err, -ENODEV);
	lab_no_leak();
}

/* A veth with fewer rx queues than its peer has tx queues refuses native XDP. */
static void generic_mode_is_the_fallback(void **state)
{
	(void)state;
	int err, up0 = peer;

	lab("ip", "link", "add", "name", "gen0", "type", "veth", "peer", "name", "gen0p",
		"numtxqueues", "2");
	lab("ip", "link", "set", "dev", "gen0", "up");
	lab("ip", "link", "set", "dev", "gen0p", "up");
	struct ovnet_port *port = open_xdp("gen0", &err);
	assert_non_null(port);
	take(port, PORT, 2);
	struct lab_packet p = packet(PORT, "generic");
	lab_mac("gen0", p.dst_mac);
	peer = lab_raw("gen0p");
	assert_true(taken(port, &p));
	p.port = 5000;
	assert_true(passes(port, &p));
	close(peer);
	peer = up0;
	ovnet_port_close(port);
	assert_int_equal(xdp_prog("gen0"), 0);
	lab("ip", "link", "delete", "gen0");
	lab_no_leak();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overlay_is_taken_and_the_rest_passes),
		cmocka_unit_test(ping_is_answered_by_the_kernel),
		cmocka_unit_test(fragments_vlans_and_other_addresses_pass),
		cmocka_unit_test(filter_changes_live),
		cmocka_unit_test(what_is_sent_arrives_at_the_peer),
		cmocka_unit_test(fd_tells_when_to_look),
		cmocka_unit_test(a_full_ring_leaves_frames_for_the_host),
		cmocka_unit_test(the_ring_goes_round_and_overruns_are_counted),
		cmocka_unit_test(every_channel_has_a_socket),
		cmocka_unit_test(nothing_is_left_behind),
		cmocka_unit_test(a_foreign_program_stays_and_a_stale_one_goes),
		cmocka_unit_test(interfaces_it_cannot_serve_are_refused),
		cmocka_unit_test(generic_mode_is_the_fallback),
	};

	lab_enter();
	return cmocka_run_group_tests_name("af_xdp", tests, uplink_set_up, uplink_tear_down);
}
