/* SPDX-License-Identifier: BSD-3-Clause */
/* A dpdk port in a VLAN: what is on its wire (a ring, looked into behind the port's back), and what
 * comes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <rte_ethdev.h>

#include "bed/lab.h"

#define VLAN  100
#define FRAME 64
#define TAG   4

static struct ovnet_port *open_vlan(const char *devargs, uint16_t vlan, uint16_t *wire)
{
	const struct ovnet_port_conf conf = {.name = "trunk",
		.role = OVNET_PORT_UPLINK,
		.devargs = devargs,
		.queues = 1,
		.vlan = vlan,
		.pool = lab_pool};
	int err;
	struct ovnet_port *port = ovnet_port_open(&ovnet_driver_dpdk, 9, &conf, &err);

	assert_non_null(port);
	assert_int_equal(port->vlan, vlan);
	assert_int_equal(rte_eth_dev_get_port_by_name(devargs, wire), 0);
	return port;
}

/* An Ethernet frame whose bytes all differ. */
static void fill(uint8_t at[FRAME], uint8_t first)
{
	for (unsigned i = 0; i < FRAME; i++)
		at[i] = (uint8_t)(first + i);
}

/* `tci` of type `type` behind the addresses. */
static size_t tagged(uint8_t *to, const uint8_t frame[FRAME], uint16_t type, uint16_t tci)
{
	const uint8_t tag[TAG] = {
		(uint8_t)(type >> 8), (uint8_t)type, (uint8_t)(tci >> 8), (uint8_t)tci};

	memcpy(to, frame, 12);
	memcpy(to + 12, tag, TAG);
	memcpy(to + 12 + TAG, frame + 12, FRAME - 12);
	return FRAME + TAG;
}

static void put(uint16_t wire, struct rte_mbuf *m)
{
	assert_int_equal(rte_eth_tx_burst(wire, 0, &m, 1), 1);
}

static void put_tagged(uint16_t wire, uint8_t first, uint16_t type, uint16_t tci)
{
	uint8_t frame[FRAME], wide[FRAME + TAG];

	fill(frame, first);
	put(wire, lab_mbuf(wide, tagged(wide, frame, type, tci), 1));
}

static void comes(struct ovnet_port *port, uint8_t first)
{
	uint8_t frame[FRAME];
	struct rte_mbuf *m;

	fill(frame, first);
	assert_int_equal(port->driver->rx(port->queue[0], &m, 1), 1);
	assert_int_equal(m->pkt_len, FRAME);
	assert_int_equal(m->data_len, FRAME);
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), frame, FRAME);
	rte_pktmbuf_free(m);
}

static uint64_t others(const struct ovnet_port *port)
{
	return port->queue[0]->rx_drops[OVNET_DROP_OTHER_VLAN];
}

static void what_leaves_has_the_tag(void **state)
{
	(void)state;
	uint8_t frame[FRAME], wide[FRAME + TAG];
	uint16_t wire;
	struct ovnet_port *port = open_vlan("net_ring0", VLAN, &wire);
	struct rte_mbuf *m;

	fill(frame, 7);
	m = lab_mbuf(frame, FRAME, 1);
	assert_int_equal(port->driver->tx(port->queue[0], &m, 1), 1);
	assert_int_equal(rte_eth_rx_burst(wire, 0, &m, 1), 1);
	assert_int_equal(m->pkt_len, tagged(wide, frame, 0x8100, VLAN));
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), wide, sizeof(wide));
	put(wire, m);
	comes(port, 7);
	assert_int_equal(others(port), 0);
	ovnet_port_close(port);
	lab_no_leak();
}

static void what_is_not_of_it_is_counted(void **state)
{
	(void)state;
	uint8_t frame[FRAME];
	uint16_t wire;
	struct ovnet_port *port = open_vlan("net_ring1", VLAN, &wire);
	struct rte_mbuf *m;

	fill(frame, 1);
	put(wire, lab_mbuf(frame, FRAME, 1));
	put_tagged(wire, 2, 0x8100, VLAN + 1);
	put_tagged(wire, 3, 0x8100, 0);             /* priority alone */
	put_tagged(wire, 4, 0x88a8, VLAN);          /* a provider's */
	put(wire, lab_mbuf(frame, 15, 1));          /* ends in its tag */
	put_tagged(wire, 5, 0x8100, 0xf000 | VLAN); /* ours, of whatever priority */
	put_tagged(wire, 6, 0x8100, VLAN);
	comes(port, 5);
	assert_int_equal(others(port), 5);
	comes(port, 6);
	assert_int_equal(port->driver->rx(port->queue[0], &m, 1), 0);
	assert_int_equal(others(port), 5);
	ovnet_port_close(port);
	lab_no_leak();
}

/* The device's driver says so, and in the metadata of which VLAN it was. */
static void a_tag_that_is_off_already_counts(void **state)
{
	(void)state;
	uint8_t frame[FRAME];
	uint16_t wire;
	struct ovnet_port *port = open_vlan("net_ring2", VLAN, &wire);
	struct rte_mbuf *m;

	fill(frame, 8);
	for (uint16_t vid = VLAN - 1; vid <= VLAN; vid++) {
		m = lab_mbuf(frame, FRAME, 1);
		m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
		m->vlan_tci = vid;
		put(wire, m);
	}
	comes(port, 8);
	assert_int_equal(others(port), 1);
	ovnet_port_close(port);
	lab_no_leak();
}

/* A worker that finds nothing sleeps, and nobody wakes it for what is there already. */
static void ours_is_found_behind_others(void **state)
{
	(void)state;
	uint16_t wire;
	struct ovnet_port *port = open_vlan("net_ring3", VLAN, &wire);
	struct rte_mbuf *m[OVNET_BURST];

	for (unsigned i = 0; i < 10 * OVNET_BURST; i++)
		put_tagged(wire, 1, 0x8100, VLAN + 1);
	put_tagged(wire, 2, 0x8100, VLAN);
	assert_int_equal(port->driver->rx(port->queue[0], m, OVNET_BURST), 1);
	rte_pktmbuf_free(m[0]);
	assert_int_equal(others(port), 10 * OVNET_BURST);
	ovnet_port_close(port);
	lab_no_leak();
}

/* It is sent again, or shown with a drop. */
static void what_is_not_taken_is_as_it_was(void **state)
{
	(void)state;
	uint8_t frame[FRAME];
	uint16_t wire, sent;
	struct ovnet_port *port = open_vlan("net_ring4", VLAN, &wire);
	struct rte_mbuf *m[OVNET_BURST];

	fill(frame, 9);
	do {
		for (unsigned i = 0; i < OVNET_BURST; i++)
			m[i] = lab_mbuf(frame, FRAME, 1);
		sent = port->driver->tx(port->queue[0], m, OVNET_BURST);
	} while (sent == OVNET_BURST);
	assert_int_equal(port->queue[0]->tx_reason, OVNET_DROP_TX_FULL);
	for (unsigned i = sent; i < OVNET_BURST; i++) {
		assert_int_equal(m[i]->pkt_len, FRAME);
		assert_memory_equal(rte_pktmbuf_mtod(m[i], uint8_t *), frame, FRAME);
	}
	rte_pktmbuf_free_bulk(m + sent, OVNET_BURST - sent);
	while ((sent = port->driver->rx(port->queue[0], m, OVNET_BURST)) > 0)
		rte_pktmbuf_free_bulk(m, sent);
	assert_int_equal(others(port), 0);

	/* Without room in front of it. */
	m[0] = lab_mbuf(frame, FRAME, 1);
	m[1] = lab_mbuf(frame, FRAME, 1);
	m[2] = lab_mbuf(frame, FRAME, 1);
	assert_non_null(rte_pktmbuf_prepend(m[1], rte_pktmbuf_headroom(m[1])));
	assert_int_equal(port->driver->tx(port->queue[0], m, 3), 1);
	assert_int_equal(port->queue[0]->tx_reason, OVNET_DROP_TX_REFUSED);
	assert_int_equal(m[2]->pkt_len, FRAME);
	rte_pktmbuf_free_bulk(m + 1, 2);
	comes(port, 9);
	ovnet_port_close(port);
	lab_no_leak();
}

/* Tags are bytes of the packets then. */
static void without_a_vlan_nothing_is_touched(void **state)
{
	(void)state;
	uint8_t frame[FRAME], wide[FRAME + TAG];
	uint16_t wire;
	struct ovnet_port *port = open_vlan("net_ring5", 0, &wire);
	struct rte_mbuf *m;

	fill(frame, 3);
	put_tagged(wire, 3, 0x8100, VLAN);
	assert_int_equal(port->driver->rx(port->queue[0], &m, 1), 1);
	assert_int_equal(m->pkt_len, tagged(wide, frame, 0x8100, VLAN));
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), wide, sizeof(wide));
	assert_int_equal(port->driver->tx(port->queue[0], &m, 1), 1);
	assert_int_equal(rte_eth_rx_burst(wire, 0, &m, 1), 1);
	assert_int_equal(m->pkt_len, sizeof(wide));
	rte_pktmbuf_free(m);
	ovnet_port_close(port);
	lab_no_leak();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_leaves_has_the_tag),
		cmocka_unit_test(what_is_not_of_it_is_counted),
		cmocka_unit_test(a_tag_that_is_off_already_counts),
		cmocka_unit_test(ours_is_found_behind_others),
		cmocka_unit_test(what_is_not_taken_is_as_it_was),
		cmocka_unit_test(without_a_vlan_nothing_is_touched),
	};

	lab_enter();
	return cmocka_run_group_tests_name("vlan", tests, NULL, NULL);
}
