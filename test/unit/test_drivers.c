/* SPDX-License-Identifier: BSD-3-Clause */
/* The host driver, the UDP guard, and what every driver has in common. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "bed/lab.h"
#include "port/udp_guard.h"

static struct ovnet_port *open_host(const char *name, uint16_t queues, bool offloads, int *err)
{
	const struct ovnet_port_conf conf = {.name = "host",
		.role = OVNET_PORT_HOST,
		.iface = name,
		.queues = queues,
		.mtu = 1450,
		.pool = lab_pool,
		.offloads = offloads};

	return ovnet_port_open(&ovnet_driver_host, 5, &conf, err);
}

static void give_address(const char *name)
{
	lab("ip", "addr", "add", "10.8.0.0/32", "dev", name);
	lab("ip", "link", "set", "dev", name, "up");
	lab("ip", "route", "add", "10.8.0.0/16", "dev", name);
}

static void send_text(const char *to, uint16_t port, const char *text)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(inet_pton(AF_INET, to, &at.sin_addr), 1);
	assert_int_equal(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&at, sizeof(at)),
		strlen(text));
	close(fd);
}

/* The next IPv4 packet; the kernel also says hello by IPv6. */
static struct rte_mbuf *next4(struct ovnet_port *port)
{
	struct rte_mbuf *m;

	while (lab_rx(port, &m, 1, 300) == 1) {
		if (*rte_pktmbuf_mtod(m, uint8_t *) >> 4 == 4)
			return m;
		rte_pktmbuf_free(m);
	}
	return NULL;
}

static void host_carries_packets_both_ways(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_host("host0", 2, false, &err);

	assert_non_null(port);
	assert_int_equal(port->n_rxq, 2);
	assert_int_equal(port->n_txq, 2);
	assert_int_equal(port->mtu, 1450);
	assert_int_equal(port->ifindex, if_nametoindex("host0"));
	assert_true(port->caps & OVNET_CAP_L3);
	assert_false(port->caps & OVNET_CAP_RX_CSUM);
	assert_false(port->driver->link_up(port));
	give_address("host0");
	assert_true(lab_comes_up(port));

	send_text("10.8.7.7", 9999, "out");
	struct rte_mbuf *m = next4(port);
	assert_non_null(m);
	assert_int_equal(m->pkt_len, 20 + 8 + 3);
	assert_int_equal(ovnet_meta(m)->in_port, 5);
	assert_int_equal(ovnet_meta(m)->offload, 0);
	assert_memory_equal(rte_pktmbuf_mtod_offset(m, char *, 28), "out", 3);
	rte_pktmbuf_free(m);

	/* In one segment and in three, by the second queue. */
	int fd = lab_udp4("10.8.0.0", 7000);
	for (unsigned segs = 1; segs <= 3; segs += 2) {
		uint8_t frame[512];
		const struct lab_packet p = {
			.src = "10.8.7.7", .dst = "10.8.0.0", .port = 7000, .text = "inward"};
		size_t n = lab_frame(frame, &p);
		m = lab_mbuf(frame + 14, n - 14, segs);
		assert_int_equal(port->driver->tx(port->queue[1], &m, 1), 1);
		assert_true(lab_receives(fd, "inward", 300));
	}
	close(fd);
	ovnet_port_close(port);
	lab("ip", "link", "delete", "host0");
	lab_no_leak();
}

static void host_fd_tells_when_to_look(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_host("host0", 1, false, &err);
	struct rte_mbuf *m;

	assert_non_null(port);
	give_address("host0");
	while (lab_rx(port, &m, 1, 100) == 1)
		rte_pktmbuf_free(m);
	int fd = port->driver->wait_fd(port->queue[0]);
	assert_false(lab_readable(fd, 0));
	send_text("10.8.7.7", 9999, "knock");
	assert_true(lab_readable(fd, 300));
	ovnet_port_close(port);
	lab("ip", "link", "delete", "host0");
	lab_no_leak();
}

static void host_passes_unfinished_checksums_both_ways(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_host("host0", 1, true, &err);
	uint8_t frame[512];

	assert_non_null(port);
	assert_true(port->caps & OVNET_CAP_RX_CSUM);
	assert_true(port->caps & OVNET_CAP_TX_CSUM);
	give_address("host0");
	send_text("10.8.7.7", 9999, "undone");
	struct rte_mbuf *m = next4(port);
	assert_non_null(m);
	assert_int_equal(ovnet_meta(m)->offload, OVNET_OFF_CSUM);
	assert_int_equal(ovnet_meta(m)->csum_start, 20);
	assert_int_equal(ovnet_meta(m)->csum_offset, 6);
	rte_pktmbuf_free(m);

	/* Inward: a wrong checksum is refused by the kernel, an unfinished one is not looked at. */
	int fd = lab_udp4("10.8.0.0", 7000);
	const struct lab_packet p = {
		.src = "10.8.7.7", .dst = "10.8.0.0", .port = 7000, .text = "partial"};
	size_t n = lab_frame(frame, &p);
	memset(frame + 14 + 20 + 6, 0x5a, 2);
	m = lab_mbuf(frame + 14, n - 14, 1);
	assert_int_equal(port->driver->tx(port->queue[0], &m, 1), 1);
	assert_false(lab_receives(fd, "partial", 100));
	m = lab_mbuf(frame + 14, n - 14, 1);
	*ovnet_meta(m) =
		(struct ovnet_meta){.offload = OVNET_OFF_CSUM, .csum_start = 20, .csum_offset = 6};
	assert_int_equal(port->driver->tx(port->queue[0], &m, 1), 1);
	assert_true(lab_receives(fd, "partial", 300));
	close(fd);
	ovnet_port_close(port);
	lab("ip", "link", "delete", "host0");
	lab_no_leak();
}

static void host_device_outlives_its_daemon(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_host("host0", 1, true, &err);
	unsigned index = if_nametoindex("host0");

	assert_non_null(port);
	ovnet_port_close(port);
	assert_int_equal(if_nametoindex("host0"), index);

	/* Taken over, with another number of queues and without offloads. */
	port = open_host("host0", 3, false, &err);
	assert_non_null(port);
	assert_int_equal(port->ifindex, index);
	assert_int_equal(port->n_rxq, 3);
	give_address("host0");
	send_text("10.8.7.7", 9999, "done");
	struct rte_mbuf *m = next4(port);
	assert_non_null(m);
	assert_int_equal(ovnet_meta(m)->offload, 0);
	rte_pktmbuf_free(m);

	/* But not while somebody has it. */
	assert_null(open_host("host0", 1, false, &err));
	assert_int_equal(err, -EBUSY);
	ovnet_port_close(port);
	lab("ip", "link", "delete", "host0");
	lab_no_leak();
}

static void foreign_devices_are_refused(void **state)
{
	(void)state;
	int err;
	const char *const kinds[][10] = {
		{"ip", "tuntap", "add", "host1", "mode", "tun"},
		{"ip", "tuntap", "add", "host1", "mode", "tun", "multi_queue"},
		{"ip", "tuntap", "add", "host1", "mode", "tun", "vnet_hdr"},
		{"ip", "tuntap", "add", "host1", "mode", "tap", "multi_queue", "vnet_hdr"},
		{"ip", "link", "add", "name", "host1", "type", "bridge"},
	};

	for (unsigned i = 0; i < RTE_DIM(kinds); i++) {
		assert_int_equal(lab_run(kinds[i]), 0);
		assert_null(open_host("host1", 1, false, &err));
		assert_int_equal(err, -EEXIST);
		lab("ip", "link", "delete", "host1");
	}
	assert_null(open_host("a-name-too-long-for-a-device", 1, false, &err));
	assert_int_equal(err, -EINVAL);
	assert_int_equal(if_nametoindex("host1"), 0);
}

static void one_bad_packet_does_not_block_the_queue(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_host("host0", 1, false, &err);
	struct rte_mbuf *m[3];
	uint8_t frame[512];

	assert_non_null(port);
	give_address("host0");
	int fd = lab_udp4("10.8.0.0", 7000);
	const struct lab_packet p = {
		.src = "10.8.7.7", .dst = "10.8.0.0", .port = 7000, .text = "good"};
	size_t n = lab_frame(frame, &p);
	m[0] = lab_mbuf(frame + 14, n - 14, 1);
	m[1] = lab_mbuf((const uint8_t *)"\xf0 no IP version", 15, 1);
	m[2] = lab_mbuf(frame + 14, n - 14, 1);
	assert_int_equal(port->driver->tx(port->queue[0], m, 3), 1);
	assert_int_equal(port->queue[0]->tx_reason, OVNET_DROP_TX_REFUSED);
	assert_true(lab_receives(fd, "good", 300));
	rte_pktmbuf_free(m[1]);
	assert_int_equal(port->driver->tx(port->queue[0], m + 2, 1), 1);
	assert_true(lab_receives(fd, "good", 300));

	/* A device that is down is no packet's fault. */
	lab("ip", "link", "set", "dev", "host0", "down");
	m[0] = lab_mbuf(frame + 14, n - 14, 1);
	assert_int_equal(port->driver->tx(port->queue[0], m, 1), 0);
	assert_int_equal(port->queue[0]->tx_reason, OVNET_DROP_TX_DOWN);
	rte_pktmbuf_free(m[0]);
	close(fd);
	ovnet_port_close(port);
	lab("ip", "link", "delete", "host0");
	lab_no_leak();
}

static void what_does_not_fit_is_counted(void **state)
{
	(void)state;
	int err;
	char big[3000];
	struct rte_mbuf *m;
	struct ovnet_port *port = open_host("host0", 1, false, &err);

	assert_non_null(port);
	give_address("host0");
	lab("ip", "link", "set", "dev", "host0", "mtu", "4000");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	send_text("10.8.7.7", 9999, big);
	send_text("10.8.7.7", 9999, "small");
	m = next4(port);
	assert_non_null(m);
	assert_int_equal(m->pkt_len, 28 + 5);
	assert_int_equal(port->queue[0]->rx_drops[OVNET_DROP_TRUNCATED], 1);
	rte_pktmbuf_free(m);
	ovnet_port_close(port);
	lab("ip", "link", "delete", "host0");
	lab_no_leak();
}

static void an_empty_pool_is_counted_and_leaves_nothing_readable(void **state)
{
	(void)state;
	int err;
	struct rte_mbuf *m;
	struct ovnet_port *port = open_host("host0", 1, false, &err);
	static struct rte_mbuf *all[8192]; /* the pool and the NULL behind it */
	unsigned n = 0;

	assert_non_null(port);
	lab("sysctl", "-qw", "net.ipv6.conf.host0.disable_ipv6=1");
	give_address("host0");
	while ((all[n] = rte_pktmbuf_alloc(lab_pool)) != NULL)
		n++;
	for (unsigned i = 0; i < 3; i++)
		send_text("10.8.7.7", 9999, "lost");
	assert_int_equal(lab_rx(port, &m, 1, 50), 0);
	assert_int_equal(port->queue[0]->rx_drops[OVNET_DROP_NO_MBUF], 3);
	assert_false(lab_readable(port->driver->wait_fd(port->queue[0]), 0));
	rte_pktmbuf_free_bulk(all, n);
	send_text("10.8.7.7", 9999, "found");
	m = next4(port);
	assert_non_null(m);
	rte_pktmbuf_free(m);
	ovnet_port_close(port);
	lab("ip", "link", "delete", "host0");
	lab_no_leak();
}

static uint64_t missed(struct ovnet_port *port)
{
	struct ovnet_port_stats stats;

	port->driver->stats(port, &stats);
	return stats.missed;
}

/* The kernel drops what is sent until it has seen that there is a reader again. */
static void wait_for_carrier(struct ovnet_port *port)
{
	struct rte_mbuf *m = NULL;

	for (unsigned i = 0; i < 300 && m == NULL; i++) {
		send_text("10.8.7.7", 9999, "knock");
		(void)lab_rx(port, &m, 1, 10);
	}
	assert_non_null(m);
	rte_pktmbuf_free(m);
}

/* The device's count is older than the port, and ends with the device. */
static void what_the_kernel_has_no_room_for_is_counted(void **state)
{
	(void)state;
	const unsigned room = 1024, hellos = 8; /* the kernel's own, of multicast */
	int err;

	for (unsigned over = 3; over <= 7; over += 4) {
		struct ovnet_port *port = open_host("host0", 1, false, &err);
		assert_non_null(port);
		if (over == 3) {
			lab("sysctl", "-qw", "net.ipv6.conf.host0.disable_ipv6=1");
			give_address("host0");
		}
		assert_int_equal(missed(port), 0);
		wait_for_carrier(port);
		uint64_t before = missed(port);
		for (unsigned i = 0; i < room - hellos; i++)
			send_text("10.8.7.7", 9999, "kept");
		assert_int_equal(missed(port), before);
		for (unsigned i = 0; i < hellos + over; i++)
			send_text("10.8.7.7", 9999, "lost");
		assert_in_range(missed(port), before + over, before + over + hellos);
		uint64_t last = missed(port);
		if (over == 7)
			lab("ip", "link", "delete", "host0");
		assert_int_equal(missed(port), last);
		ovnet_port_close(port);
	}
	lab_no_leak();
}

static void a_longer_queue_is_left_alone(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_host("host0", 1, false, &err);

	assert_non_null(port);
	lab("ip", "link", "set", "dev", "host0", "txqueuelen", "5000");
	ovnet_port_close(port);
	port = open_host("host0", 1, false, &err);
	assert_non_null(port);
	lab("sh", "-c", "ip link show host0 | grep -q 'qlen 5000'");
	ovnet_port_close(port);
	lab("ip", "link", "delete", "host0");
}

static void ports_without_a_name_id_or_pool_are_refused(void **state)
{
	(void)state;
	int err;
	struct ovnet_port_conf conf = {.name = "", .devargs = "net_null2", .pool = lab_pool};

	assert_null(ovnet_port_open(&ovnet_driver_dpdk, 0, &conf, &err));
	assert_int_equal(err, -EINVAL);
	conf.name = "a-name-of-thirty-two-characters.";
	assert_null(ovnet_port_open(&ovnet_driver_dpdk, 0, &conf, &err));
	assert_int_equal(err, -EINVAL);
	conf.name = "ok";
	assert_null(ovnet_port_open(&ovnet_driver_dpdk, OVNET_MAX_PORTS, &conf, &err));
	assert_int_equal(err, -ENOSPC);
	conf.pool = NULL;
	assert_null(ovnet_port_open(&ovnet_driver_dpdk, 0, &conf, &err));
	assert_int_equal(err, -EINVAL);
	ovnet_port_close(NULL);
}

static void *change_mac(void *arg)
{
	for (unsigned i = 0; i < 3000000; i++) {
		struct ovnet_mac mac;
		memset(mac.b, i % 2 == 0 ? 0x02 : 0xfe, sizeof(mac.b));
		ovnet_port_set_mac(arg, &mac);
	}
	return NULL;
}

static void a_mac_changes_as_a_whole(void **state)
{
	(void)state;
	static struct ovnet_port port;
	pthread_t other;
	void *done;

	assert_int_equal(pthread_create(&other, NULL, change_mac, &port), 0);
	do {
		struct ovnet_mac mac = ovnet_port_mac(&port);
		for (unsigned i = 1; i < sizeof(mac.b); i++)
			assert_int_equal(mac.b[i], mac.b[0]);
	} while (pthread_tryjoin_np(other, &done) == EBUSY);
}

static void guard_holds_the_port_silently(void **state)
{
	(void)state;
	struct ovnet_udp_guard guard, second;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(8472)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	lab("ip", "link", "set", "dev", "lo", "up");
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	/* Nobody there: the second send reports the ICMP error of the first. */
	assert_int_equal(send(fd, "x", 1, 0), 1);
	assert_int_equal(send(fd, "x", 1, 0), -1);
	assert_int_equal(errno, ECONNREFUSED);

	assert_int_equal(ovnet_udp_guard_open(&guard, 8472, NULL), 0);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	assert_false(lab_readable(guard.fd4, 50));
	assert_int_equal(ovnet_udp_guard_open(&second, 8472, NULL), -EADDRINUSE);
	ovnet_udp_guard_close(&guard);
	close(fd);
}

static void guard_finds_a_kernel_vxlan(void **state)
{
	(void)state;
	struct ovnet_udp_guard guard;

	lab("ip", "link", "add", "name", "vx1", "type", "vxlan", "id", "1", "dstport", "8472",
		"dev", "lo");
	lab("ip", "link", "set", "dev", "vx1", "up");
	assert_int_equal(ovnet_udp_guard_open(&guard, 8472, NULL), -EADDRINUSE);
	lab("ip", "link", "delete", "vx1");
	assert_int_equal(ovnet_udp_guard_open(&guard, 8472, NULL), 0);
	ovnet_udp_guard_close(&guard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_carries_packets_both_ways),
		cmocka_unit_test(host_fd_tells_when_to_look),
		cmocka_unit_test(host_passes_unfinished_checksums_both_ways),
		cmocka_unit_test(host_device_outlives_its_daemon),
		cmocka_unit_test(foreign_devices_are_refused),
		cmocka_unit_test(one_bad_packet_does_not_block_the_queue),
		cmocka_unit_test(what_does_not_fit_is_counted),
		cmocka_unit_test(an_empty_pool_is_counted_and_leaves_nothing_readable),
		cmocka_unit_test(what_the_kernel_has_no_room_for_is_counted),
		cmocka_unit_test(a_longer_queue_is_left_alone),
		cmocka_unit_test(ports_without_a_name_id_or_pool_are_refused),
		cmocka_unit_test(a_mac_changes_as_a_whole),
		cmocka_unit_test(guard_holds_the_port_silently),
		cmocka_unit_test(guard_finds_a_kernel_vxlan),
	};

	lab_enter();
	return cmocka_run_group_tests_name("drivers", tests, NULL, NULL);
}
