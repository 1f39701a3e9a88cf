/* SPDX-License-Identifier: BSD-3-Clause */
/* What comes in by the socket uplink, from the kernel's own UDP sockets at its far end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/if_packet.h>
#include <linux/virtio_net.h>

#include "bed/lab_socket.h"
#include "port/virtio_compat.h"

#define PORT LAB_OVERLAY
#define ID   LAB_SOCKET_ID

static void datagrams_come_with_their_headers(void **state)
{
	(void)state;
	static const size_t sizes[] = {0, 1, 58, 1300, 1472, 1473, 2000, 4100, 9216, 60000};
	struct ovnet_port *port = lab_socket_open(1);
	struct rte_mbuf *m;

	for (unsigned i = 0; i < 2 * RTE_DIM(sizes); i++) {
		size_t len = sizes[i / 2];
		uint8_t tos = (uint8_t)(0xb8 | i % 4);
		bool v6 = i % 2 == 1;
		lab_peer_sends(v6 ? "fd09::1" : "10.9.0.1", lab_pattern(len), len, tos);
		lab_receive(port, &m, 1, 1);
		lab_is_datagram(m, ID, v6, lab_pattern(len), len, tos);
	}
	lab_socket_close(port);
}

/* Guessed right and wrong, larger and smaller, whole and cut on the way. */
static void batches_come_as_datagrams(void **state)
{
	(void)state;
	static const struct {
		uint16_t segment;
		size_t len;
	} batches[] = {{1422, 60000}, {1422, 60000}, {1422, 2000}, {1000, 55500}, {1000, 1000},
		{1422, 50000}, {100, 6400}, {100, 6301}, {1400, 2800}, {40, 81}, {1422, 60000}};
	struct ovnet_port *port = lab_socket_open(1);

	for (unsigned cut = 0; cut < 2; cut++) {
		for (unsigned i = 0; i < 2 * RTE_DIM(batches); i++)
			lab_batch_comes(port, i % 2 == 1, batches[i / 2].len,
				batches[i / 2].segment, OVNET_BURST);
		lab_in_peer();
		lab("ethtool", "-K", "up0p", "tx-udp-segmentation", cut == 0 ? "off" : "on");
		lab_in_own();
	}
	assert_true(lab_is_quiet(port));
	lab_socket_close(port);
}

/* From what came in batches to what comes alone and back. */
static void singles_after_batches(void **state)
{
	(void)state;
	struct ovnet_port *port = lab_socket_open(1);
	struct rte_mbuf *m[40];

	for (unsigned round = 0; round < 2; round++) {
		lab_batch_comes(port, false, 60000, 1422, OVNET_BURST);
		for (unsigned i = 0; i < RTE_DIM(m); i++)
			lab_peer_sends("10.9.0.1", lab_pattern(1472), 1472 - i * 30, 0);
		lab_receive(port, m, RTE_DIM(m), OVNET_BURST);
		for (unsigned i = 0; i < RTE_DIM(m); i++)
			lab_is_datagram(m[i], ID, false, lab_pattern(1472), 1472 - i * 30, 0);
	}
	lab_socket_close(port);
}

static void what_a_burst_left_waits(void **state)
{
	(void)state;
	struct ovnet_port *port = lab_socket_open(1);
	struct ovnet_port_queue *q = port->queue[0];
	struct rte_mbuf *m[42];

	lab_batch_comes(port, false, 40000, 1000, 7);
	assert_int_equal(port->driver->arm(q), 0);
	lab_peer_sends_batch("10.9.0.1", lab_pattern(42000), 42000, 1000, 0);
	assert_int_equal(lab_rx(port, m, 5, 2000), 5);
	assert_false(lab_readable(port->driver->wait_fd(q), 0));
	assert_int_equal(port->driver->arm(q), 1);
	assert_int_equal(lab_rx(port, m + 5, 37, 2000), 37);
	assert_int_equal(port->driver->arm(q), 0);
	for (unsigned i = 0; i < 42; i++)
		lab_is_datagram(m[i], ID, false, lab_pattern(42000) + i * 1000, 1000, 0);

	/* Closed with half a batch read. */
	lab_peer_sends_batch("10.9.0.1", lab_pattern(42000), 42000, 1000, 0);
	assert_int_equal(lab_rx(port, m, 5, 2000), 5);
	rte_pktmbuf_free_bulk(m, 5);
	lab_socket_close(port);
}

static void without_buffers_it_is_lost_and_counted(void **state)
{
	(void)state;
	static struct rte_mbuf *all[8192]; /* the pool and the NULL behind it */
	struct ovnet_port *port = lab_socket_open(1);
	const uint64_t *lost = port->queue[0]->rx_drops;
	struct ovnet_port_stats st;
	unsigned n = 0;

	for (unsigned i = 0; i < 2; i++) /* its own buffers as well: those it guessed right */
		lab_batch_comes(port, false, 60000, 1422, OVNET_BURST);
	while ((all[n] = rte_pktmbuf_alloc(lab_pool)) != NULL)
		n++;
	lab_peer_sends_batch("10.9.0.1", lab_pattern(42000), 42000, 1000, 0);
	lab_peer_sends("10.9.0.1", lab_pattern(100), 100, 0);
	assert_true(lab_is_quiet(port));
	assert_int_equal(lost[OVNET_DROP_NO_MBUF], 43);
	assert_false(lab_readable(port->driver->wait_fd(port->queue[0]), 0));
	port->driver->stats(port, &st);
	assert_int_equal(st.no_mbuf, 43);
	rte_pktmbuf_free_bulk(all, n);
	lab_batch_comes(port, false, 60000, 1422, OVNET_BURST);
	lab_socket_close(port);
}

static void set_mtu(const char *mtu)
{
	lab("ip", "link", "set", "up0", "mtu", mtu);
	lab_in_peer();
	lab("ip", "link", "set", "up0p", "mtu", mtu);
	lab_in_own();
}

/*
 * Large segments are cut into fewer slots than singles were read into before: what is behind those
 * is no place for what comes when the pool is empty.
 */
static void without_buffers_nothing_is_overwritten(void **state)
{
	(void)state;
	enum { JUMBO = 8972, SINGLES = 31, BATCH = 7 };
	struct rte_mempool *small = lab_pool;
	struct rte_mbuf *all[512], *m[SINGLES + BATCH];
	unsigned n = 0;

	set_mtu("9000");
	lab_pool = ovnet_pool_new("jumbo", 511, 0, 9216, SOCKET_ID_ANY);
	assert_non_null(lab_pool);
	struct ovnet_port *port = lab_socket_open(1);
	for (unsigned i = 0; i < SINGLES; i++)
		lab_peer_sends("10.9.0.1", lab_pattern(100), 100, 0);
	lab_peer_sends_batch("10.9.0.1", lab_pattern(60000), 60000, JUMBO, 0);
	/* All of it in one read, and nothing more: what comes next lands cut. */
	lab_receive(port, m, RTE_DIM(m), RTE_DIM(m));
	rte_pktmbuf_free_bulk(m, RTE_DIM(m));
	lab_batch_comes(port, false, 60000, JUMBO, BATCH);
	while ((all[n] = rte_pktmbuf_alloc(lab_pool)) != NULL)
		memset(rte_mbuf_to_baddr(all[n++]), 0xa5, 9216);
	lab_peer_sends_batch("10.9.0.1", lab_pattern(60000), 60000, JUMBO, 0);
	assert_true(lab_is_quiet(port));
	assert_int_equal(port->queue[0]->rx_drops[OVNET_DROP_NO_MBUF], BATCH);
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *canary = (const uint8_t *)rte_mbuf_to_baddr(all[i]);
		assert_int_equal(canary[0], 0xa5);
		assert_int_equal(memcmp(canary, canary + 1, 9215), 0);
	}
	rte_pktmbuf_free_bulk(all, n);
	lab_batch_comes(port, false, 60000, JUMBO, BATCH);
	lab_socket_close(port);
	rte_mempool_free(lab_pool);
	lab_pool = small;
	set_mtu("1500");
}

/* A frame of somebody who says where to cut it. */
static void injected(int fd, const uint8_t *data, uint16_t len, uint16_t segment)
{
	static uint8_t at[66000];
	struct virtio_net_hdr vnet = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_UDP_L4,
		.hdr_len = 42,
		.gso_size = segment,
		.csum_start = 34,
		.csum_offset = 6};
	struct lab_packet p = {.src = "10.9.0.2", .dst = "10.9.0.1", .port = PORT, .text = ""};
	uint8_t *frame = at + sizeof(vnet), pseudo[12] = {0};

	memcpy(p.src_mac, lab_peer_mac, 6);
	memcpy(p.dst_mac, lab_own_mac, 6);
	memcpy(at, &vnet, sizeof(vnet));
	lab_frame(frame, &p);
	memcpy(frame + 42, data, len);
	frame[16] = (uint8_t)((28 + len) >> 8);
	frame[17] = (uint8_t)(28 + len);
	frame[38] = pseudo[10] = (uint8_t)((8 + len) >> 8);
	frame[39] = pseudo[11] = (uint8_t)(8 + len);
	frame[24] = frame[25] = 0;
	uint16_t sum = lab_sum(frame + 14, 20);
	memcpy(frame + 24, &sum, 2);
	memcpy(pseudo, frame + 26, 8);
	pseudo[9] = IPPROTO_UDP;
	sum = (uint16_t)~lab_sum(pseudo, sizeof(pseudo));
	memcpy(frame + 40, &sum, 2);
	if (send(fd, at, sizeof(vnet) + 42u + len, 0) < 0)
		fail_msg("%m");
}

static void hostile_ones_are_left_out(void **state)
{
	(void)state;
	const int one = 1;
	struct ovnet_port *port = lab_socket_open(1);
	struct ovnet_port_stats st;
	struct rte_mbuf *m[30];

	lab_peer_sends("10.9.0.255", lab_pattern(100), 100, 0);
	lab_in_peer();
	int fd = lab_raw("up0p");
	lab_in_own();
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)), 0);
	/* Cut to nothing: work for whoever takes it, and no packet fits. */
	injected(fd, lab_pattern(64), 64, 1);
	injected(fd, lab_pattern(600), 600, 19);
	assert_true(lab_is_quiet(port));
	assert_int_equal(port->queue[0]->rx_drops[OVNET_DROP_TRUNCATED], 64 + 32);
	port->driver->stats(port, &st);
	assert_int_equal(st.errors, 64 + 32);
	injected(fd, lab_pattern(600), 600, 20);
	lab_receive(port, m, 30, OVNET_BURST);
	for (unsigned i = 0; i < 30; i++)
		lab_is_datagram(m[i], ID, false, lab_pattern(600) + i * 20, 20, 0);
	close(fd);
	lab_socket_close(port);
}

static void flows_have_a_queue_each(void **state)
{
	(void)state;
	struct ovnet_port *port = lab_socket_open(2);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	struct rte_mbuf *m[OVNET_BURST];
	unsigned got[2] = {0};

	assert_int_equal(port->n_rxq, 2);
	assert_int_equal(inet_pton(AF_INET, "10.9.0.1", &at.sin_addr), 1);
	lab_in_peer();
	for (uint16_t i = 0; i < 64; i++) {
		int fd = lab_udp4("10.9.0.2", (uint16_t)(20000 + i));
		for (unsigned k = 0; k < 2; k++)
			assert_int_equal(
				sendto(fd, "abc", 3, 0, (struct sockaddr *)&at, sizeof(at)), 3);
		close(fd);
	}
	lab_in_own();
	for (unsigned q = 0; q < 2; q++)
		for (uint16_t n; (n = port->driver->rx(port->queue[q], m, OVNET_BURST)) > 0;) {
			rte_pktmbuf_free_bulk(m, n);
			got[q] += n;
		}
	assert_int_equal(got[0] + got[1], 128);
	assert_true(got[0] > 8 && got[1] > 8);
	assert_int_equal(got[0] % 2, 0);
	lab_socket_close(port);
}

static void a_flood_is_bounded_and_counted(void **state)
{
	(void)state;
	struct ovnet_port *port = lab_socket_open(1);
	struct rte_mbuf *m[OVNET_BURST];
	struct ovnet_port_stats st;
	unsigned got = 0;
	uint16_t n;

	for (unsigned i = 0; i < 60; i++)
		for (unsigned k = 0; k < 8; k++)
			lab_peer_sends_batch("10.9.0.1", lab_pattern(60000), 60000, 1000, 0);
	while ((n = lab_rx(port, m, OVNET_BURST, 30)) > 0) {
		rte_pktmbuf_free_bulk(m, n);
		got += n;
	}
	port->driver->stats(port, &st);
	assert_true(st.missed > 0);
	assert_true(got > 0);
	port->driver->stats(port, &st);
	uint64_t missed = st.missed;
	/* What a socket lost is not forgotten with it. */
	assert_int_equal(lab_socket_take(port, 0), 0);
	port->driver->stats(port, &st);
	assert_int_equal(st.missed, missed);
	lab_socket_close(port);
}

static void the_filter_opens_and_closes(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = lab_socket_try(2, false, &err);
	struct rte_mbuf *m;

	assert_non_null(port);
	int fd = port->driver->wait_fd(port->queue[0]);
	lab_peer_sends("10.9.0.1", lab_pattern(10), 10, 0);
	assert_true(lab_is_quiet(port));
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(lab_socket_take(port, PORT), 0);
		lab_peer_sends("10.9.0.1", lab_pattern(10), 10, 0);
		lab_receive(port, &m, 1, 1);
		lab_is_datagram(m, ID, false, lab_pattern(10), 10, 0);
		/* The same again loses nothing. */
		lab_peer_sends("10.9.0.1", lab_pattern(10), 10, 0);
		assert_int_equal(lab_socket_take(port, PORT), 0);
		lab_receive(port, &m, 1, 1);
		lab_is_datagram(m, ID, false, lab_pattern(10), 10, 0);
		assert_int_equal(lab_socket_take(port, 0), 0);
		lab_peer_sends("10.9.0.1", lab_pattern(10), 10, 0);
		assert_true(lab_is_quiet(port));
	}
	assert_int_equal(port->driver->wait_fd(port->queue[0]), fd);
	/* It is the guard's in between, and somebody else's without one. */
	lab_socket_guard(false);
	int other = lab_udp4("10.9.0.1", PORT);
	assert_int_equal(lab_socket_take(port, PORT), -EADDRINUSE);
	close(other);
	lab_socket_guard(true);
	assert_int_equal(lab_socket_take(port, PORT), 0);
	lab_socket_close(port);
}

static void a_sleeper_is_woken(void **state)
{
	(void)state;
	struct ovnet_port *port = lab_socket_open(1);
	int fd = port->driver->wait_fd(port->queue[0]);
	struct rte_mbuf *m;

	for (unsigned v6 = 0; v6 < 2; v6++) {
		assert_false(lab_readable(fd, 0));
		assert_int_equal(port->driver->arm(port->queue[0]), 0);
		lab_peer_sends(v6 ? "fd09::1" : "10.9.0.1", lab_pattern(10), 10, 0);
		assert_true(lab_readable(fd, 2000));
		lab_receive(port, &m, 1, 1);
		lab_is_datagram(m, ID, v6, lab_pattern(10), 10, 0);
	}
	assert_true(lab_comes_up(port));
	lab_socket_close(port);
}

/* Its turn, where the configuration leaves the driver open: AF_XDP would only copy here. */
static void af_xdp_gives_way_where_it_would_copy(void **state)
{
	(void)state;
	struct ovnet_patience patience = {0};
	struct ovnet_port_conf conf = {.name = "up0",
		.role = OVNET_PORT_UPLINK,
		.iface = "up0",
		.zero_copy = true,
		.zero_copy_only = true,
		.patience = &patience,
		.pool = lab_pool};
	int err;

	assert_null(ovnet_port_open(&ovnet_driver_af_xdp, ID, &conf, &err));
	assert_int_equal(err, -EOPNOTSUPP);
	conf.zero_copy_only = false; /* nothing was left in its way */
	struct ovnet_port *port = ovnet_port_open(&ovnet_driver_af_xdp, ID, &conf, &err);
	assert_non_null(port);
	lab_socket_close(port);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_come_with_their_headers),
		cmocka_unit_test(batches_come_as_datagrams),
		cmocka_unit_test(singles_after_batches),
		cmocka_unit_test(what_a_burst_left_waits),
		cmocka_unit_test(without_buffers_it_is_lost_and_counted),
		cmocka_unit_test(without_buffers_nothing_is_overwritten),
		cmocka_unit_test(hostile_ones_are_left_out),
		cmocka_unit_test(flows_have_a_queue_each),
		cmocka_unit_test(a_flood_is_bounded_and_counted),
		cmocka_unit_test(the_filter_opens_and_closes),
		cmocka_unit_test(a_sleeper_is_woken),
		cmocka_unit_test(af_xdp_gives_way_where_it_would_copy),
	};

	lab_enter();
	return cmocka_run_group_tests_name(
		"socket_uplink", tests, lab_socket_set_up, lab_socket_tear_down);
}
