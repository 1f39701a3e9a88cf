/* SPDX-License-Identifier: BSD-3-Clause */
/* What leaves by the socket uplink, judged by the kernel at its far end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/lab_socket.h"
#include "port/udp_run.h"

#define PORT LAB_OVERLAY
#define ID   LAB_SOCKET_ID

static void sent(struct ovnet_port *port, struct rte_mbuf **m, uint16_t n)
{
	assert_int_equal(port->driver->tx(port->queue[0], m, n), n);
}

/* As one, whole; the last one shorter; in buffers of one and of several segments. */
static void a_run_leaves_as_one(void **state)
{
	(void)state;
	static struct lab_heard h;
	struct ovnet_port *port = lab_socket_open(1);
	struct rte_mbuf *m[OVNET_BURST];
	const uint8_t *data = lab_pattern(65000);

	for (unsigned v6 = 0; v6 < 2; v6++) {
		int fd = lab_hearer(v6, PORT);
		for (unsigned i = 0; i < 44; i++) {
			struct lab_outer o = {
				.v6 = v6, .tos = 0xba, .to = PORT, .segs = i < 43 ? 1 + i % 3 : 1};
			m[i] = lab_outer(&o, data + i * 1400, i < 43 ? 1400 : 37);
		}
		sent(port, m, 44);
		assert_true(lab_hears(fd, &h));
		assert_int_equal(h.len, 43 * 1400 + 37);
		assert_int_equal(h.segment, 1400);
		assert_int_equal(h.tos, 0xba);
		assert_int_equal(h.ttl, 61);
		assert_int_equal(h.from, LAB_FLOW);
		assert_memory_equal(h.data, data, h.len);
		assert_false(lab_readable(fd, 0));
		close(fd);
	}
	lab_socket_close(port);
}

/* What differs in anything stays apart, and the order is that of the burst. */
static void other_headers_end_a_run(void **state)
{
	(void)state;
	static struct lab_heard h;
	static const struct {
		struct lab_outer o;
		size_t len;
	} burst[] = {{{.to = PORT}, 500}, {{.to = PORT}, 500}, {{.to = PORT}, 501},
		{{.to = PORT}, 500}, {{.to = PORT}, 500}, {{.to = PORT, .tos = 1}, 500},
		{{.to = PORT, .tos = 1, .df = true}, 500}, {{.to = PORT, .df = true}, 500},
		{{.to = PORT, .flow = 1}, 500}, {{.to = PORT, .flow = 1}, 20},
		{{.to = PORT, .flow = 1}, 500}};
	/* {first, frames} of what is to arrive */
	static const unsigned runs[][2] = {
		{0, 2}, {2, 2}, {4, 1}, {5, 1}, {6, 1}, {7, 1}, {8, 2}, {10, 1}};
	struct ovnet_port *port = lab_socket_open(1);
	struct rte_mbuf *m[RTE_DIM(burst)];
	const uint8_t *data = lab_pattern(16000);
	int fd = lab_hearer(false, PORT);

	for (unsigned i = 0; i < RTE_DIM(burst); i++)
		m[i] = lab_outer(&burst[i].o, data + i * 501, burst[i].len);
	sent(port, m, RTE_DIM(m));
	for (unsigned i = 0; i < RTE_DIM(runs); i++) {
		unsigned first = runs[i][0], n = runs[i][1];
		assert_true(lab_hears(fd, &h));
		size_t len = 0;
		for (unsigned k = first; k < first + n; len += burst[k++].len)
			assert_memory_equal(h.data + len, data + k * 501, burst[k].len);
		assert_int_equal(h.len, len);
		assert_int_equal(h.segment, n > 1 ? burst[first].len : 0);
		assert_int_equal(h.tos, burst[first].o.tos);
		assert_int_equal(h.from, LAB_FLOW + burst[first].o.flow);
	}
	assert_false(lab_readable(fd, 0));
	close(fd);
	lab_socket_close(port);
}

/* Bytes of a frame that must not begin or continue a run: none is read that is not there. */
static void what_is_no_tunnels_stays_alone(void **state)
{
	(void)state;
	static const struct {
		bool v6;
		uint8_t at, value;
	} bad[] = {{false, 12, 0x88}, {false, 14, 0x46}, {false, 17, 127}, {false, 17, 129},
		{false, 20, 0x20}, {false, 21, 1}, {false, 23, IPPROTO_TCP}, {false, 39, 109},
		{false, 39, 7}, {true, 19, 109}, {true, 20, IPPROTO_FRAGMENT}, {true, 59, 107},
		{true, 59, 200}};

	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		const struct lab_outer o = {.v6 = bad[i].v6, .to = PORT};
		struct rte_mbuf *m[] = {
			lab_outer(&o, lab_pattern(100), 100), lab_outer(&o, lab_pattern(100), 100)};
		struct ovnet_udp_run run = ovnet_udp_run(m, 2, 1500);
		assert_int_equal(run.frames, 2);
		assert_int_equal(run.head, bad[i].v6 ? 62 : 42);
		assert_int_equal(run.len, 200);
		assert_int_equal(ovnet_udp_run(m, 2, bad[i].v6 ? 147 : 127).frames, 1);
		rte_pktmbuf_mtod(m[1], uint8_t *)[bad[i].at] = bad[i].value;
		assert_int_equal(ovnet_udp_run(m, 2, 1500).frames, 1);
		assert_int_equal(ovnet_udp_run(m + 1, 1, 1500).head, 0);
		for (uint16_t len = 0; len < run.head; len++) {
			m[0]->data_len = len;
			assert_int_equal(ovnet_udp_run(m, 1, 1500).head, 0);
		}
		rte_pktmbuf_free_bulk(m, 2);
	}
	lab_no_leak();
}

/* 64 frames, more than 64 KB; what is no tunnel's between them; what the interface cannot carry. */
static void limits_hold(void **state)
{
	(void)state;
	static struct lab_heard h;
	struct ovnet_port *port = lab_socket_open(1);
	struct ovnet_port_queue *q = port->queue[0];
	const struct lab_outer o = {.to = PORT};
	struct rte_mbuf *m[OVNET_BURST];
	const uint8_t *data = lab_pattern(65536);
	int fd = lab_hearer(false, PORT);

	for (unsigned i = 0; i < OVNET_BURST; i++)
		m[i] = lab_outer(&o, data + i * 900, 1450);
	sent(port, m, OVNET_BURST);
	size_t all = 0;
	while (all < OVNET_BURST * 1450u) {
		assert_true(lab_hears(fd, &h));
		assert_true(h.len <= 65535 - 28);
		assert_int_equal(h.len % 1450, 0);
		for (size_t k = 0; k < h.len; k += 1450, all += 1450)
			assert_memory_equal(h.data + k, data + all / 1450 * 900, 1450);
	}

	/* 1,473 bytes are one too many; the frames beside it leave all the same. */
	for (unsigned i = 0; i < 4; i++)
		m[i] = lab_outer(&o, data, 1473);
	m[4] = lab_outer(&o, data, 1472);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(port->driver->tx(q, m + i, (uint16_t)(5 - i)), 0);
		assert_int_equal(q->tx_reason, OVNET_DROP_TX_REFUSED);
		rte_pktmbuf_free(m[i]);
	}
	sent(port, m + 4, 1);
	assert_true(lab_hears(fd, &h));
	assert_int_equal(h.len, 1472);

	/* The interface was given a smaller MTU: told by the filter. */
	lab("ip", "link", "set", "dev", "up0", "mtu", "1400");
	assert_int_equal(lab_socket_take(port, PORT), 0);
	for (unsigned i = 0; i < 3; i++)
		m[i] = lab_outer(&o, data, i < 2 ? 1373 : 1372);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(port->driver->tx(q, m + i, (uint16_t)(3 - i)), 0);
		assert_int_equal(q->tx_reason, OVNET_DROP_TX_REFUSED);
		rte_pktmbuf_free(m[i]);
	}
	sent(port, m + 2, 1);
	lab("ip", "link", "set", "dev", "up0", "mtu", "1500");
	assert_int_equal(lab_socket_take(port, PORT), 0);
	close(fd);
	lab_socket_close(port);
}

/* Cut by our own kernel, as for a NIC without offloads: each frame is judged by itself. */
static void cut_frames_are_right(void **state)
{
	(void)state;
	struct ovnet_port *port = lab_socket_open(1);
	struct rte_mbuf *m[40];
	const uint8_t *data = lab_pattern(65000);

	lab("ethtool", "-K", "up0", "tx", "off", "tx-udp-segmentation", "off");
	lab_in_peer();
	int raw = lab_raw("up0p");
	lab_in_own();
	for (unsigned v6 = 0; v6 < 2; v6++) {
		const unsigned head = v6 ? 62 : 42;
		const struct lab_outer o = {.v6 = v6, .to = 9, .tos = 2};
		for (unsigned i = 0; i < RTE_DIM(m); i++)
			m[i] = lab_outer(&o, data + i * 999, i < 39 ? 999 : 40);
		sent(port, m, RTE_DIM(m));
		for (unsigned i = 0; i < RTE_DIM(m);) {
			uint8_t at[2048] = {0}, pseudo[2048] = {0};
			const size_t len = i < 39 ? 999 : 40;
			assert_true(lab_readable(raw, 2000));
			ssize_t n = recv(raw, at, sizeof(at), 0);
			if (at[head - 5] != 9 || at[v6 ? 20 : 23] != IPPROTO_UDP)
				continue; /* the kernel's own */
			assert_int_equal(n, head + len);
			if (v6) {
				assert_int_equal(at[18] << 8 | at[19], 8 + len);
				memcpy(pseudo, at + 22, 32);
			} else {
				assert_int_equal(at[16] << 8 | at[17], 28 + len);
				assert_int_equal(lab_sum(at + 14, 20), 0);
				memcpy(pseudo, at + 26, 8);
			}
			assert_int_equal(at[head - 4] << 8 | at[head - 3], 8 + len);
			assert_memory_equal(at + head, data + i * 999, len);
			/* The kernel's checksum, by the rule. */
			pseudo[34] = (uint8_t)((8 + len) >> 8);
			pseudo[35] = (uint8_t)(8 + len);
			pseudo[39] = IPPROTO_UDP;
			memcpy(pseudo + 40, at + head - 8, 8 + len);
			assert_int_not_equal(at[head - 2] << 8 | at[head - 1], 0);
			assert_int_equal(lab_sum(pseudo, (48 + len + 1) & ~(size_t)1), 0);
			i++;
		}
	}
	close(raw);
	lab("ethtool", "-K", "up0", "tx", "on", "tx-udp-segmentation", "on");
	lab_socket_close(port);
}

/* An inner datagram in VXLAN, Ethernet, IPv4. */
static size_t vxlan_of(uint8_t *at, const uint8_t *dst_mac, const uint8_t *data, size_t len)
{
	struct lab_packet p = {.src = "10.5.1.7", .dst = "10.5.2.7", .port = 7000, .text = ""};

	memcpy(at, (uint8_t[]){8, 0, 0, 0, 0, 0, 1, 0}, 8);
	memcpy(p.dst_mac, dst_mac, 6);
	p.src_mac[0] = 2; /* some station's */
	lab_frame(at + 8, &p);
	uint8_t *ip = at + 22;
	const uint16_t ip_len = htons((uint16_t)(28 + len)), udp_len = htons((uint16_t)(8 + len));
	memcpy(ip + 2, &ip_len, 2);
	memset(ip + 10, 0, 2);
	uint16_t sum = lab_sum(ip, 20);
	memcpy(ip + 10, &sum, 2);
	memcpy(ip + 24, &udp_len, 2);
	memcpy(ip + 28, data, len);
	return 50 + len;
}

static void vxlan_takes(struct ovnet_port *port, const uint8_t *mac, int fd, bool v6)
{
	struct rte_mbuf *m[OVNET_BURST];
	uint8_t at[2048], seen[2048];
	const uint8_t *data = lab_pattern(65000);
	const struct lab_outer o = {.v6 = v6, .to = PORT};

	for (unsigned i = 0; i < OVNET_BURST; i++)
		m[i] = lab_outer(
			&o, at, vxlan_of(at, mac, data + i * 900, i % 44 == 43 ? 10 : 1200));
	sent(port, m, OVNET_BURST);
	for (unsigned i = 0; i < OVNET_BURST; i++) {
		size_t len = i % 44 == 43 ? 10 : 1200;
		assert_true(lab_readable(fd, 2000));
		assert_int_equal(recv(fd, seen, sizeof(seen), 0), len);
		assert_memory_equal(seen, data + i * 900, len);
	}
}

/* What flannel's peers are. With and without checksums left to the device. */
static void a_kernel_vxlan_device_takes_runs(void **state)
{
	(void)state;
	uint8_t mac[6];
	struct ovnet_port *port = lab_socket_open(1);

	for (unsigned v6 = 0; v6 < 2; v6++) {
		lab_in_peer();
		lab("ip", "link", "add", "vx0", "type", "vxlan", "id", "1", "dev", "up0p",
			"dstport", "8472", "local", v6 ? "fd09::2" : "10.9.0.2");
		lab("ip", "addr", "add", "10.5.2.7/16", "dev", "vx0");
		lab("ip", "link", "set", "vx0", "up");
		lab_mac("vx0", mac);
		int fd = lab_udp4("10.5.2.7", 7000);
		lab_in_own();
		vxlan_takes(port, mac, fd, v6);
		lab("ethtool", "-K", "up0", "tx", "off", "tx-udp-segmentation", "off");
		vxlan_takes(port, mac, fd, v6);
		lab("ethtool", "-K", "up0", "tx", "on", "tx-udp-segmentation", "on");
		close(fd);
		lab_in_peer();
		lab("ip", "link", "del", "vx0");
		lab_in_own();
	}
	lab_socket_close(port);
}

/* Many times what a send buffer holds, and an interface that goes and comes. */
static void down_and_up(void **state)
{
	(void)state;
	struct ovnet_port *port = lab_socket_open(1);
	struct ovnet_port_queue *q = port->queue[0];
	const struct lab_outer o = {.to = 9};
	struct rte_mbuf *m[40];

	for (unsigned round = 0; round < 100; round++) {
		for (unsigned i = 0; i < 40; i++)
			m[i] = lab_outer(&o, lab_pattern(1400), 1400);
		sent(port, m, 40);
	}
	lab("ip", "link", "set", "dev", "up0", "down");
	for (unsigned i = 0; i < 40; i++)
		m[i] = lab_outer(&o, lab_pattern(1400), 1400);
	assert_int_equal(port->driver->tx(q, m, 40), 0);
	assert_int_equal(q->tx_reason, OVNET_DROP_TX_DOWN);
	assert_false(port->driver->link_up(port));
	lab("ip", "link", "set", "dev", "up0", "up");
	lab("ip", "addr", "add", "fd09::1/64", "dev", "up0", "nodad");
	sent(port, m, 40); /* as it was */
	assert_true(lab_comes_up(port));
	lab_peer_sends("10.9.0.1", lab_pattern(10), 10, 0);
	struct rte_mbuf *in;
	lab_receive(port, &in, 1, 1);
	lab_is_datagram(in, ID, false, lab_pattern(10), 10, 0);
	lab_socket_close(port);
}

/* --- out by UDP sockets --- */

static struct ovnet_port *open_udp_port(void)
{
	const struct ovnet_port_filter f = {
		.udp_port = PORT, .vni = 1, .src_port_min = 50000, .src_port_max = 50999};
	int err;
	struct ovnet_port *port = lab_socket_try(1, true, &err);

	assert_non_null(port);
	assert_int_equal(port->driver->filter(port, &f), 0);
	return port;
}

static void udp_sockets_do_the_same(void **state)
{
	(void)state;
	static struct lab_heard h;
	struct ovnet_port *port = open_udp_port();
	struct rte_mbuf *m[OVNET_BURST];
	const uint8_t *data = lab_pattern(65000);

	for (unsigned v6 = 0; v6 < 2; v6++) {
		int fd = lab_hearer(v6, PORT);
		for (unsigned df = 0; df < 2; df++) {
			struct lab_outer o = {.v6 = v6, .tos = 0xba, .to = PORT, .df = df};
			for (unsigned i = 0; i < 45; i++) /* the last one is alone */
				m[i] = lab_outer(&o, data + i * 1400, i < 43 ? 1400 : 37);
			sent(port, m, 45);
			assert_true(lab_hears(fd, &h));
			assert_int_equal(h.len, 43 * 1400 + 37);
			assert_int_equal(h.segment, 1400);
			assert_int_equal(h.tos, 0xba);
			assert_int_equal(h.ttl, 61);
			assert_in_range(h.from, 50000, 50999);
			assert_memory_equal(h.data, data, h.len);
			uint16_t from = h.from;
			assert_true(lab_hears(fd, &h));
			assert_int_equal(h.len, 37);
			assert_int_equal(h.from, from);
			assert_int_equal(h.tos, 0xba);
			assert_false(lab_readable(fd, 0));
		}
		close(fd);
	}
	lab_socket_close(port);
}

/* Flows of a burst mixed, more of them than source ports; routed frames between them. */
static void udp_sockets_keep_flows_apart(void **state)
{
	(void)state;
	static struct lab_heard h;
	struct ovnet_port *port = open_udp_port();
	struct ovnet_port_queue *q = port->queue[0];
	struct rte_mbuf *m[OVNET_BURST];
	uint16_t port_of[16] = {0};
	unsigned next[16] = {0}, ports = 0;
	int fd = lab_hearer(false, PORT);

	for (unsigned i = 0; i < OVNET_BURST; i++) {
		const struct lab_outer o = {.to = PORT, .flow = (uint16_t)(i % 16)};
		const uint8_t what[100] = {(uint8_t)(i % 16), (uint8_t)(i / 16)};
		m[i] = lab_outer(&o, what, sizeof(what));
	}
	sent(port, m, OVNET_BURST);
	for (unsigned i = 0; i < OVNET_BURST;) {
		assert_true(lab_hears(fd, &h));
		for (size_t k = 0; k < h.len; k += 100, i++) {
			unsigned flow = h.data[k];
			assert_int_equal(h.data[k + 1], next[flow]++);
			if (port_of[flow] == 0)
				port_of[flow] = h.from;
			assert_int_equal(port_of[flow], h.from);
		}
	}
	for (unsigned i = 1; i < 16; i++)
		ports += port_of[i] != port_of[0];
	assert_true(ports >= 4);

	/* What no socket can make goes as it is; what is too large is refused by itself. */
	lab_in_peer();
	int raw = lab_raw("up0p");
	lab_in_own();
	struct lab_packet p = {.src = "10.5.1.7", .dst = "10.5.2.7", .port = 9, .text = "routed"};
	uint8_t frame[512], seen[2048];
	memcpy(p.dst_mac, lab_peer_mac, 6);
	p.proto = IPPROTO_TCP;
	size_t len = lab_frame(frame, &p);
	const struct lab_outer o = {.to = PORT, .df = true};
	m[0] = lab_outer(&o, lab_pattern(10), 10);
	m[1] = lab_mbuf(frame, len, 1);
	m[2] = lab_outer(&o, lab_pattern(1473), 1473);
	m[3] = lab_outer(&o, lab_pattern(20), 20);
	assert_int_equal(port->driver->tx(q, m, 4), 2);
	assert_int_equal(q->tx_reason, OVNET_DROP_TX_REFUSED);
	rte_pktmbuf_free(m[2]);
	sent(port, m + 3, 1);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(lab_hears(fd, &h));
		assert_int_equal(h.len, 10 + 10 * i);
	}
	for (bool found = false; !found;) {
		assert_true(lab_readable(raw, 2000));
		found = recv(raw, seen, sizeof(seen), 0) == (ssize_t)len &&
			memcmp(seen, frame, len) == 0;
	}
	close(raw);
	close(fd);
	lab_socket_close(port);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_leaves_as_one),
		cmocka_unit_test(other_headers_end_a_run),
		cmocka_unit_test(what_is_no_tunnels_stays_alone),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(cut_frames_are_right),
		cmocka_unit_test(a_kernel_vxlan_device_takes_runs),
		cmocka_unit_test(down_and_up),
		cmocka_unit_test(udp_sockets_do_the_same),
		cmocka_unit_test(udp_sockets_keep_flows_apart),
	};

	lab_enter();
	return cmocka_run_group_tests_name(
		"socket_uplink_out", tests, lab_socket_set_up, lab_socket_tear_down);
}
