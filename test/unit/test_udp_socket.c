/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the kernel puts together comes back: up0 with its XDP program and its port for fragments,
 * the peer in a network namespace of its own behind a smaller MTU.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/lab_peer.h"
#include "port/udp_guard.h"
#include "port/udp_socket.h"

#define PORT LAB_OVERLAY

static struct ovnet_udp_guard guard;

static int set_up(void **state)
{
	lab_peer_set_up(state);
	lab_in_peer();
	lab("ip", "link", "set", "dev", "up0p", "mtu", "1400");
	lab_in_own();
	return 0;
}

static struct ovnet_port *open_port(void)
{
	const struct ovnet_port_conf conf = {.name = "fragments:up0",
		.role = OVNET_PORT_UPLINK,
		.iface = "up0",
		.queues = 1,
		.pool = lab_pool};
	int err;
	struct ovnet_port *port = ovnet_port_open(&ovnet_driver_udp_socket, 4, &conf, &err);

	assert_non_null(port);
	assert_int_equal(port->n_rxq, 1);
	assert_int_equal(port->n_txq, 0);
	return port;
}

static int take(struct ovnet_port *port, uint16_t udp_port)
{
	const struct ovnet_port_filter f = {.udp_port = udp_port, .vni = 1};

	return port->driver->filter(port, &f);
}

static struct ovnet_port *guarded_port(void)
{
	assert_int_equal(ovnet_udp_guard_open(&guard, PORT, NULL), 0);
	struct ovnet_port *port = open_port();
	assert_int_equal(take(port, PORT), 0);
	return port;
}

static void close_all(struct ovnet_port *port)
{
	ovnet_port_close(port);
	ovnet_udp_guard_close(&guard);
	lab_no_leak();
}

static struct rte_mbuf *next(struct ovnet_port *port)
{
	struct rte_mbuf *m;

	if (!lab_readable(ovnet_udp_socket_fd(port), 2000))
		return NULL;
	ovnet_udp_socket_read(port);
	return port->driver->rx(port->queue[0], &m, 1) == 1 ? m : NULL;
}

/* `len` bytes of the pattern. */
static void is_frame(struct rte_mbuf *m, bool v6, size_t len, uint8_t tos)
{
	lab_is_datagram(m, 4, v6, lab_pattern(len), len, tos);
}

static void kernels_fragments_come_back_whole(void **state)
{
	(void)state;
	static const size_t sizes[] = {0, 1, 1300, 1450, 2000, 4100, 9216};
	struct ovnet_port *port = guarded_port();

	for (unsigned i = 0; i < RTE_DIM(sizes); i++) {
		uint8_t tos = (uint8_t)(0xb8 | i % 4);
		lab_peer_sends("10.9.0.1", lab_pattern(sizes[i]), sizes[i], tos);
		is_frame(next(port), false, sizes[i], tos);
		lab_peer_sends("fd09::1", lab_pattern(sizes[i]), sizes[i], tos);
		is_frame(next(port), true, sizes[i], tos);
	}
	assert_false(lab_readable(guard.fd4, 0));
	assert_false(lab_readable(guard.fd6, 0));
	close_all(port);
}

static void the_program_leaves_fragments_alone(void **state)
{
	(void)state;
	const struct ovnet_port_conf conf = {.name = "up0",
		.role = OVNET_PORT_UPLINK,
		.iface = "up0",
		.queues = 1,
		.pool = lab_pool};
	struct ovnet_port *port = guarded_port();
	struct ovnet_addr own = ovnet_addr_v4(0x0a090001);
	const struct ovnet_port_filter f = {
		.udp_port = PORT, .vni = 1, .addrs = &own, .n_addrs = 1};
	struct rte_mbuf *m;
	int err;
	struct ovnet_port *xdp = ovnet_port_open(&ovnet_driver_af_xdp, 3, &conf, &err);

	assert_non_null(xdp);
	assert_int_equal(xdp->driver->filter(xdp, &f), 0);
	lab_peer_sends("10.9.0.1", lab_pattern(1200), 1200, 0);
	lab_peer_sends("10.9.0.1", lab_pattern(1500), 1500, 0);
	assert_int_equal(lab_rx(xdp, &m, 1, 2000), 1);
	assert_int_equal(m->pkt_len, 1242);
	rte_pktmbuf_free(m);
	is_frame(next(port), false, 1500, 0);
	assert_int_equal(lab_rx(xdp, &m, 1, 20), 0);
	assert_int_equal(port->driver->rx(port->queue[0], &m, 1), 0);
	ovnet_port_close(xdp);
	close_all(port);
}

static void too_large_ones_and_broadcasts_are_left_out(void **state)
{
	(void)state;
	struct ovnet_port *port = guarded_port();
	struct ovnet_port_stats st;

	lab_peer_sends("10.9.0.255", lab_pattern(100), 100, 0);
	assert_null(next(port));
	lab_peer_sends("10.9.0.1", lab_pattern(9217), 9217, 0);
	assert_null(next(port));
	assert_int_equal(port->queue[0]->rx_drops[OVNET_DROP_TRUNCATED], 1);
	port->driver->stats(port, &st);
	assert_int_equal(st.errors, 1);
	lab_peer_sends("10.9.0.1", lab_pattern(50), 50, 0);
	is_frame(next(port), false, 50, 0);
	close_all(port);
}

/* Nobody reads for a while, then nobody takes from the ring, then there is no buffer. */
static void a_flood_is_bounded_and_counted(void **state)
{
	(void)state;
	static struct rte_mbuf *all[8192]; /* the pool and the NULL behind it */
	struct ovnet_port *port = guarded_port();
	struct ovnet_port_stats st;
	unsigned n = 0, got = 0, sent = 1500;
	const uint64_t *lost = port->queue[0]->rx_drops;

	for (unsigned i = 0; i < sent; i++)
		lab_peer_sends("10.9.0.1", lab_pattern(3000), 3000, 0);
	while (lab_readable(ovnet_udp_socket_fd(port), 50))
		ovnet_udp_socket_read(port);
	while ((n = port->driver->rx(port->queue[0], all, OVNET_BURST)) > 0) {
		rte_pktmbuf_free_bulk(all, n);
		got += n;
	}
	lab_peer_sends("10.9.0.1", lab_pattern(3000), 3000, 0); /* tells the kernel's count */
	is_frame(next(port), false, 3000, 0);
	port->driver->stats(port, &st);
	assert_in_range(got, 100, 1024);
	assert_true(lost[OVNET_DROP_HANDOFF_FULL] + st.missed > 0);
	assert_int_equal(got + lost[OVNET_DROP_HANDOFF_FULL] + st.missed, sent);

	for (n = 0; (all[n] = rte_pktmbuf_alloc(lab_pool)) != NULL;)
		n++;
	rte_pktmbuf_free(all[--n]); /* a chain needs two */
	lab_peer_sends("10.9.0.1", lab_pattern(3000), 3000, 0);
	assert_null(next(port));
	assert_int_equal(lost[OVNET_DROP_NO_MBUF], 1);
	rte_pktmbuf_free_bulk(all, n);
	close_all(port);
}

static void a_sleeper_is_woken(void **state)
{
	(void)state;
	struct ovnet_port *port = guarded_port();
	struct ovnet_port_queue *q = port->queue[0];
	struct rte_mbuf *m;

	assert_int_equal(port->driver->arm(q), 0);
	assert_false(lab_readable(port->driver->wait_fd(q), 0));
	lab_peer_sends("10.9.0.1", lab_pattern(10), 10, 0);
	assert_true(lab_readable(ovnet_udp_socket_fd(port), 2000));
	ovnet_udp_socket_read(port);
	assert_true(lab_readable(port->driver->wait_fd(q), 0));
	assert_int_equal(port->driver->arm(q), 1);
	assert_int_equal(port->driver->rx(q, &m, 1), 1);
	is_frame(m, false, 10, 0);
	assert_int_equal(port->driver->arm(q), 0);
	assert_false(lab_readable(port->driver->wait_fd(q), 0));
	assert_int_equal(port->driver->tx(q, &m, 1), 0);
	assert_int_equal(q->tx_reason, OVNET_DROP_TX_REFUSED);
	close_all(port);
}

static void the_filter_opens_and_closes(void **state)
{
	(void)state;
	struct ovnet_port *port = guarded_port();

	assert_int_equal(take(port, PORT), 0);
	assert_int_equal(take(port, 0), 0);
	lab_peer_sends("10.9.0.1", lab_pattern(10), 10, 0);
	assert_false(lab_readable(ovnet_udp_socket_fd(port), 50));
	assert_int_equal(take(port, PORT), 0);
	lab_peer_sends("10.9.0.1", lab_pattern(10), 10, 0);
	is_frame(next(port), false, 10, 0);
	assert_true(port->driver->link_up(port));
	close_all(port);
}

/* The guard finds who was there before it, and lets nobody in but us. */
static void the_port_stays_ours(void **state)
{
	(void)state;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	const int one = 1;
	struct ovnet_udp_guard second;
	struct ovnet_port *port = guarded_port();

	assert_int_equal(ovnet_udp_guard_open(&second, PORT, NULL), -EADDRINUSE);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), -1);
	assert_int_equal(errno, EADDRINUSE);
	close(fd);
	lab("ip", "link", "add", "vx0", "type", "vxlan", "id", "1", "dev", "up0", "dstport",
		"8472");
	assert_int_not_equal(
		lab_run((const char *const[]){"ip", "link", "set", "vx0", "up", NULL}), 0);
	close_all(port);

	lab("ip", "link", "set", "vx0", "up");
	assert_int_equal(ovnet_udp_guard_open(&guard, PORT, NULL), -EADDRINUSE);
	lab("ip", "link", "delete", "vx0");
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(ovnet_udp_guard_open(&guard, PORT, NULL), -EADDRINUSE);
	port = open_port();
	close(fd);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(take(port, PORT), -EADDRINUSE);
	close(fd);
	assert_int_equal(take(port, PORT), 0);
	ovnet_port_close(port);
	lab_no_leak();
}

/* Its sockets are bound to what is gone; the next filter binds them to the new one. */
static void another_interface_of_the_name(void **state)
{
	(void)state;
	struct ovnet_port *port = guarded_port();

	lab("ip", "link", "delete", "up0");
	lab_peer_tear_down(NULL);
	assert_int_equal(take(port, PORT), -ENODEV);
	set_up(NULL);
	assert_int_equal(take(port, PORT), 0);
	lab_peer_sends("10.9.0.1", lab_pattern(1500), 1500, 2);
	is_frame(next(port), false, 1500, 2);
	close_all(port);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernels_fragments_come_back_whole),
		cmocka_unit_test(the_program_leaves_fragments_alone),
		cmocka_unit_test(too_large_ones_and_broadcasts_are_left_out),
		cmocka_unit_test(a_flood_is_bounded_and_counted),
		cmocka_unit_test(a_sleeper_is_woken),
		cmocka_unit_test(the_filter_opens_and_closes),
		cmocka_unit_test(the_port_stays_ours),
		cmocka_unit_test(another_interface_of_the_name),
	};

	lab_enter();
	return cmocka_run_group_tests_name("udp_socket", tests, set_up, lab_peer_tear_down);
}
