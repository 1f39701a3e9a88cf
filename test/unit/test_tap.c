/* SPDX-License-Identifier: BSD-3-Clause */
/* TAPs as attach ports: the kernel's own stack is what lives behind them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/lab.h"

#define GATEWAY "10.5.1.1"
#define FAR     "10.5.1.7"

static const struct ovnet_mac far_mac = {{0x02, 0, 0, 0, 0, 0x07}};

static struct ovnet_port_conf conf_of(const char *name)
{
	return (struct ovnet_port_conf){.name = name,
		.role = OVNET_PORT_ATTACH,
		.queues = 1,
		.mtu = 1450,
		.mac = &far_mac,
		.pool = lab_pool};
}

static struct ovnet_port *open_tap(const struct ovnet_port_conf *conf)
{
	int err;
	struct ovnet_port *port = ovnet_port_open(&ovnet_driver_tap, 5, conf, &err);

	assert_non_null(port);
	return port;
}

/* As a guest has it; without IPv6, which talks by itself. */
static void give_address(const char *name, const struct ovnet_port *port)
{
	char text[OVNET_MAC_STRLEN], key[64];
	const struct ovnet_mac mac = ovnet_port_mac(port);

	snprintf(key, sizeof(key), "net.ipv6.conf.%s.disable_ipv6=1", name);
	lab("sysctl", "-qw", key);
	lab("ip", "addr", "add", FAR "/24", "dev", name);
	lab("ip", "neigh", "replace", GATEWAY, "lladdr", ovnet_mac_text(&mac, text, sizeof(text)),
		"dev", name);
}

static void send_text(const char *text)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(9999)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(inet_pton(AF_INET, GATEWAY, &at.sin_addr), 1);
	assert_int_equal(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&at, sizeof(at)),
		strlen(text));
	close(fd);
}

/* The next IPv4 frame. */
static struct rte_mbuf *next4(struct ovnet_port *port)
{
	struct rte_mbuf *m;

	while (lab_rx(port, &m, 1, 1000) == 1) {
		const uint8_t *b = rte_pktmbuf_mtod(m, uint8_t *);
		if (b[12] == 8 && b[13] == 0)
			return m;
		rte_pktmbuf_free(m);
	}
	return NULL;
}

static size_t frame_inward(const struct ovnet_port *port, uint8_t *frame, const char *text)
{
	struct lab_packet p = {.src = GATEWAY, .dst = FAR, .port = 7000, .text = text};
	const struct ovnet_mac mac = ovnet_port_mac(port);

	memcpy(p.dst_mac, far_mac.b, 6);
	memcpy(p.src_mac, mac.b, 6);
	return lab_frame(frame, &p);
}

static void frames_go_both_ways(void **state)
{
	(void)state;
	struct ovnet_port_conf conf = conf_of("tap0");
	uint8_t frame[512], mac[6];

	conf.queues = 2;
	struct ovnet_port *port = open_tap(&conf);
	assert_int_equal(port->n_rxq, 2);
	assert_int_equal(port->n_txq, 2);
	assert_int_equal(port->mtu, 1450);
	assert_int_equal(port->ifindex, if_nametoindex("tap0"));
	assert_int_equal(port->caps, OVNET_CAP_CHAINED | OVNET_CAP_TX_CSUM);
	assert_true(port->driver->link_up(port));
	assert_false(port->driver->gone(port));
	lab_mac("tap0", mac);
	assert_memory_equal(mac, far_mac.b, 6);
	const struct ovnet_mac ours = ovnet_port_mac(port);
	assert_int_equal(ours.b[0] & 3, 2);
	assert_false(ovnet_mac_equal(&ours, &far_mac));
	give_address("tap0", port);

	send_text("out");
	struct rte_mbuf *m = next4(port);
	assert_non_null(m);
	const uint8_t *b = rte_pktmbuf_mtod(m, uint8_t *);
	assert_int_equal(m->pkt_len, 14 + 20 + 8 + 3);
	assert_memory_equal(b, ours.b, 6);
	assert_memory_equal(b + 6, far_mac.b, 6);
	assert_memory_equal(b + 42, "out", 3);
	assert_int_equal(ovnet_meta(m)->in_port, 5);
	assert_int_equal(ovnet_meta(m)->offload, 0);
	rte_pktmbuf_free(m);

	/* In one segment and in three, by the second queue. */
	int fd = lab_udp4(FAR, 7000);
	for (unsigned segs = 1; segs <= 3; segs += 2) {
		size_t n = frame_inward(port, frame, "inward");
		m = lab_mbuf(frame, n, segs);
		assert_int_equal(port->driver->tx(port->queue[1], &m, 1), 1);
		assert_true(lab_receives(fd, "inward", 1000));
	}
	close(fd);
	ovnet_port_close(port);
	assert_int_equal(if_nametoindex("tap0"), 0); /* it goes with the port */
	lab_no_leak();
}

static void unfinished_checksums_are_as_declared(void **state)
{
	(void)state;
	struct ovnet_port_conf conf = conf_of("tap0");
	uint8_t frame[512];

	conf.offloads = true;
	struct ovnet_port *port = open_tap(&conf);
	assert_true(port->caps & OVNET_CAP_RX_CSUM);
	assert_true(port->caps & OVNET_CAP_TX_CSUM);
	give_address("tap0", port);
	send_text("undone");
	struct rte_mbuf *m = next4(port);
	assert_non_null(m);
	assert_int_equal(ovnet_meta(m)->offload, OVNET_OFF_CSUM);
	assert_int_equal(ovnet_meta(m)->csum_start, 34);
	assert_int_equal(ovnet_meta(m)->csum_offset, 6);
	rte_pktmbuf_free(m);

	/* Inward: a wrong checksum is refused by the kernel, an unfinished one is not looked at. */
	int fd = lab_udp4(FAR, 7000);
	size_t n = frame_inward(port, frame, "partial");
	memset(frame + 40, 0x5a, 2);
	m = lab_mbuf(frame, n, 1);
	assert_int_equal(port->driver->tx(port->queue[0], &m, 1), 1);
	assert_false(lab_receives(fd, "partial", 100));
	m = lab_mbuf(frame, n, 1);
	*ovnet_meta(m) =
		(struct ovnet_meta){.offload = OVNET_OFF_CSUM, .csum_start = 34, .csum_offset = 6};
	assert_int_equal(port->driver->tx(port->queue[0], &m, 1), 1);
	assert_true(lab_receives(fd, "partial", 1000));
	close(fd);
	ovnet_port_close(port);
	lab_no_leak();
}

static void what_no_buffer_holds_is_a_counted_drop(void **state)
{
	(void)state;
	struct ovnet_port_conf conf = conf_of("tap0");
	struct ovnet_port_stats stats;
	char big[3000];
	int err;

	struct ovnet_port *port = open_tap(&conf);
	give_address("tap0", port);
	lab("ip", "link", "set", "dev", "tap0", "mtu", "4000"); /* somebody */
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	send_text(big);
	send_text("small");
	struct rte_mbuf *m = next4(port);
	assert_non_null(m);
	assert_int_equal(m->pkt_len, 42 + 5);
	rte_pktmbuf_free(m);
	assert_int_equal(port->queue[0]->rx_drops[OVNET_DROP_TRUNCATED], 1);
	port->driver->stats(port, &stats);
	assert_int_equal(stats.errors, 1);
	ovnet_port_close(port);

	/* Asked for, it is refused. */
	conf.mtu = 4000;
	assert_null(ovnet_port_open(&ovnet_driver_tap, 5, &conf, &err));
	assert_int_equal(err, -EMSGSIZE);
	assert_int_equal(if_nametoindex("tap0"), 0);
	lab_no_leak();
}

static void a_deleted_device_is_gone_and_comes_back(void **state)
{
	(void)state;
	struct ovnet_port_conf conf = conf_of("tap0");
	struct ovnet_port *port = open_tap(&conf);
	uint8_t frame[512];
	size_t n = frame_inward(port, frame, "nowhere");
	struct rte_mbuf *m = lab_mbuf(frame, n, 1);

	lab("ip", "link", "set", "dev", "tap0", "down");
	assert_false(port->driver->link_up(port));
	assert_false(port->driver->gone(port));
	lab("ip", "link", "delete", "tap0");
	assert_true(port->driver->gone(port));
	assert_false(port->driver->link_up(port));
	assert_int_equal(port->driver->tx(port->queue[0], &m, 1), 0);
	assert_int_equal(port->queue[0]->tx_reason, OVNET_DROP_TX_DOWN);
	rte_pktmbuf_free(m);
	assert_int_equal(lab_rx(port, &m, 1, 0), 0);

	/* As a lost port is replaced: the new one first. */
	const struct ovnet_mac before = ovnet_port_mac(port);
	struct ovnet_port *fresh = open_tap(&conf);
	const struct ovnet_mac after = ovnet_port_mac(fresh);
	assert_true(ovnet_mac_equal(&before, &after));
	ovnet_port_close(port);
	give_address("tap0", fresh);
	send_text("again");
	m = next4(fresh);
	assert_non_null(m);
	rte_pktmbuf_free(m);
	ovnet_port_close(fresh);
	lab_no_leak();
}

/* A container has it: neither gone nor down, and served. */
static void a_device_in_another_namespace_is_served_there(void **state)
{
	(void)state;
	struct ovnet_port_conf conf = conf_of("tap0");
	struct ovnet_port *port = open_tap(&conf);
	char pid[16];
	pid_t container = lab_container("tap0", pid, sizeof(pid));

	assert_false(port->driver->gone(port));
	lab("nsenter", "-n", "-t", pid, "ip", "link", "set", "dev", "tap0", "up");
	assert_true(port->driver->link_up(port));
	lab("nsenter", "-n", "-t", pid, "ip", "addr", "add", FAR "/24", "dev", "tap0");
	lab("nsenter", "-n", "-t", pid, "ip", "neigh", "replace", GATEWAY, "lladdr",
		"02:00:00:00:00:01", "dev", "tap0");
	lab("nsenter", "-n", "-t", pid, "sh", "-c",
		"ping -c1 "
		"-W1 " GATEWAY " >/dev/null; true");
	struct rte_mbuf *m = next4(port);
	assert_non_null(m);
	rte_pktmbuf_free(m);
	lab_container_end(container);
	/* The device goes with its namespace. */
	for (unsigned i = 0; i < 500 && !port->driver->gone(port); i++)
		usleep(10000);
	assert_true(port->driver->gone(port));
	ovnet_port_close(port);
	lab_no_leak();
}

static void only_a_tap_like_ours_is_taken(void **state)
{
	(void)state;
	struct ovnet_port_conf conf = conf_of("web");
	const char *const other[][9] = {
		{"ip", "tuntap", "add", "tap1", "mode", "tap"},
		{"ip", "tuntap", "add", "tap1", "mode", "tun", "multi_queue", "vnet_hdr"},
	};
	int err;

	conf.iface = "tap1";
	for (unsigned i = 0; i < RTE_DIM(other); i++) {
		assert_int_equal(lab_run(other[i]), 0);
		assert_null(ovnet_port_open(&ovnet_driver_tap, 5, &conf, &err));
		assert_int_equal(err, -EEXIST);
		lab("ip", "link", "delete", "tap1");
	}
	conf.iface = "tap%d";
	assert_null(ovnet_port_open(&ovnet_driver_tap, 5, &conf, &err));
	assert_int_equal(err, -EINVAL);

	/* Somebody's own, made to stay: used, and left; held by us, it is nobody else's. */
	conf.iface = "tap1";
	lab("ip", "tuntap", "add", "tap1", "mode", "tap", "multi_queue", "vnet_hdr");
	struct ovnet_port *port = open_tap(&conf);
	assert_null(ovnet_port_open(&ovnet_driver_tap, 6, &conf, &err));
	assert_int_equal(err, -EBUSY);
	ovnet_port_close(port);
	assert_true(if_nametoindex("tap1") != 0);
	lab("ip", "link", "delete", "tap1");
	lab_no_leak();
}

/* As many wait for us as were asked for, the rest is `missed`. */
static void descriptors_are_what_the_kernel_keeps(void **state)
{
	(void)state;
	struct ovnet_port_conf conf = conf_of("tap0");
	struct ovnet_port_stats stats;

	conf.descriptors = 2000;
	struct ovnet_port *port = open_tap(&conf);
	lab("sh", "-c", "ip link show tap0 | grep -q 'qlen 2000'");
	give_address("tap0", port);
	for (unsigned i = 0; i < 2100; i++)
		send_text("some");
	port->driver->stats(port, &stats);
	assert_in_range(stats.missed, 100, 108); /* and the kernel's own hellos */
	ovnet_port_close(port);
	lab_no_leak();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_go_both_ways),
		cmocka_unit_test(unfinished_checksums_are_as_declared),
		cmocka_unit_test(what_no_buffer_holds_is_a_counted_drop),
		cmocka_unit_test(a_deleted_device_is_gone_and_comes_back),
		cmocka_unit_test(a_device_in_another_namespace_is_served_there),
		cmocka_unit_test(only_a_tap_like_ours_is_taken),
		cmocka_unit_test(descriptors_are_what_the_kernel_keeps),
	};

	lab_enter();
	return cmocka_run_group_tests_name("tap", tests, NULL, NULL);
}
