/* SPDX-License-Identifier: BSD-3-Clause */
/* How the socket uplink reads what the kernel merged: what it foresees, and where bursts end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/lab_socket.h"
#include "port/socket_uplink.h"

#define PORT LAB_OVERLAY
#define ID   LAB_SOCKET_ID

/* What the next read is laid out for. */
static uint16_t foreseen(const struct ovnet_port *port)
{
	return ((const struct socket_queue *)port->queue[0])->rx.want_cut;
}

/* One of another size says nothing of the next one, and tiny ones never do. */
static void only_what_goes_on_is_foreseen(void **state)
{
	(void)state;
	struct ovnet_port *port = lab_socket_open(1);

	for (unsigned i = 0; i < 3; i++) {
		lab_batch_comes(port, false, 6400, 100, OVNET_BURST);
		assert_int_equal(foreseen(port), 0);
	}
	lab_batch_comes(port, false, 60000, 1422, OVNET_BURST);
	assert_int_equal(foreseen(port), 1422);
	for (unsigned i = 0; i < 8; i++) {
		lab_batch_comes(port, false, 40000, i % 2 == 0 ? 1000 : 1422, OVNET_BURST);
		assert_int_equal(foreseen(port), 1422);
		lab_batch_comes(port, false, 6400, 100, OVNET_BURST);
		assert_int_equal(foreseen(port), 1422);
	}
	lab_batch_comes(port, false, 40000, 1000, OVNET_BURST);
	lab_batch_comes(port, false, 40000, 1000, OVNET_BURST);
	assert_int_equal(foreseen(port), 1000);
	lab_socket_close(port);
}

static void burst_is(struct ovnet_port *port, uint16_t n)
{
	struct rte_mbuf *m[OVNET_BURST];

	assert_true(lab_readable(port->driver->wait_fd(port->queue[0]), 2000));
	assert_int_equal(port->driver->rx(port->queue[0], m, OVNET_BURST), n);
	rte_pktmbuf_free_bulk(m, n);
}

/* What was merged is not torn apart by where a burst ends. */
static void batches_come_whole(void **state)
{
	(void)state;
	struct ovnet_port *port = lab_socket_open(1);

	for (unsigned i = 0; i < 2; i++)
		lab_batch_comes(port, false, 40000, 1000, OVNET_BURST);
	for (unsigned i = 0; i < 4; i++)
		lab_peer_sends_batch("10.9.0.1", lab_pattern(40000), 40000, 1000, 0);
	for (unsigned i = 0; i < 4; i++)
		burst_is(port, 40);
	/* Where two fit, two come. */
	lab_batch_comes(port, false, 20000, 1000, OVNET_BURST);
	for (unsigned i = 0; i < 4; i++)
		lab_peer_sends_batch("10.9.0.1", lab_pattern(20000), 20000, 1000, 0);
	burst_is(port, 60);
	burst_is(port, 20);
	lab_socket_close(port);
}

/* However many of these come first, what was read with them is not left lying. */
static void what_nobody_wants_hides_nothing(void **state)
{
	(void)state;
	struct ovnet_port *port = lab_socket_open(1);
	struct rte_mbuf *m[20];

	for (unsigned i = 0; i < 130; i++)
		lab_peer_sends("10.9.0.255", lab_pattern(10), 10, 0);
	lab_peer_sends("10.9.0.1", lab_pattern(10), 10, 0);
	assert_true(lab_readable(port->driver->wait_fd(port->queue[0]), 2000));
	assert_int_equal(port->driver->rx(port->queue[0], m, 20), 1);
	lab_is_datagram(m[0], ID, false, lab_pattern(10), 10, 0);
	lab_socket_close(port);
}

/* From devices that cut what we send, so that the kernel has something to merge. */
static void wire(bool cuts)
{
	lab("ethtool", "-K", "up0", "gro", cuts ? "on" : "off");
	lab_in_peer();
	lab("ethtool", "-K", "up0p", "tso", cuts ? "off" : "on", "tx-udp-segmentation",
		cuts ? "off" : "on");
	lab_in_own();
}

/* Merged before the kernel knows of the bridge, for whoever hears the device below: the guard. */
static void a_bridges_datagrams_come_merged(void **state)
{
	(void)state;
	const struct ovnet_port_filter f = {.udp_port = PORT, .vni = 1};
	struct rte_mbuf *m[40];
	int err;

	wire(true);
	lab("ip", "link", "add", "name", "br7", "type", "bridge");
	lab("ip", "link", "set", "up0", "master", "br7");
	lab("ip", "addr", "add", "10.7.0.1/24", "dev", "br7");
	lab("ip", "link", "set", "br7", "up");
	lab_in_peer();
	lab("ip", "addr", "add", "10.7.0.2/24", "dev", "up0p");
	lab_in_own();
	for (unsigned merge = 0; merge < 2; merge++) {
		lab_socket_guard_merge(merge);
		struct ovnet_port *port = lab_socket_try_on("br7", 1, false, &err);
		assert_non_null(port);
		assert_int_equal(port->driver->filter(port, &f), 0);
		lab_peer_sends_batch("10.7.0.1", lab_pattern(40000), 40000, 1000, 0);
		lab_receive(port, m, 40, OVNET_BURST);
		for (unsigned i = 0; i < 40; i++)
			assert_memory_equal(rte_pktmbuf_mtod_offset(m[i], void *, 42),
				lab_pattern(40000) + i * 1000, 1000);
		rte_pktmbuf_free_bulk(m, 40);
		assert_int_equal(foreseen(port), merge ? 1000 : 0);
		lab_socket_close(port);
	}
	lab_socket_guard_merge(false);
	lab("ip", "link", "del", "br7");
	lab_in_peer();
	lab("ip", "addr", "del", "10.7.0.2/24", "dev", "up0p");
	lab_in_own();
	wire(false);
}

static void merged_while_it_may_be(void **state)
{
	(void)state;
	struct ovnet_port *port = lab_socket_open(1);

	wire(true);
	for (unsigned round = 0; round < 4; round++) {
		port->driver->merge(port, round % 2 == 0);
		lab_batch_comes(port, false, 40000, 1000, OVNET_BURST);
		assert_int_equal(foreseen(port), round % 2 == 0 ? 1000 : 0);
	}
	wire(false);
	lab_socket_close(port);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_goes_on_is_foreseen),
		cmocka_unit_test(batches_come_whole),
		cmocka_unit_test(what_nobody_wants_hides_nothing),
		cmocka_unit_test(a_bridges_datagrams_come_merged),
		cmocka_unit_test(merged_while_it_may_be),
	};

	lab_enter();
	return cmocka_run_group_tests_name(
		"socket_uplink_in", tests, lab_socket_set_up, lab_socket_tear_down);
}
