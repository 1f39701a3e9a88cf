/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/if_packet.h>
#include <linux/virtio_net.h>

#include "bed/lab_uplink.h"

static struct ovnet_port *open_packet(uint16_t queues, int *err)
{
	return open_uplink(&ovnet_driver_af_packet, "up0", queues, err);
}

static void overlay_is_seen_and_the_rest_is_not(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_packet(1, &err);

	assert_non_null(port);
	assert_int_equal(port->n_rxq, 1);
	assert_int_equal(port->mtu, 1500);
	assert_memory_equal(ovnet_port_mac(port).b, mac_a, 6);
	assert_true(lab_comes_up(port));
	int other = lab_udp4("10.9.0.1", 5000);
	struct lab_packet p = packet(PORT, "before the first filter");
	assert_true(passes(port, &p));
	take(port, PORT, 2);
	p = packet(PORT, "overlay");
	assert_true(taken(port, &p));
	p.options = 3;
	assert_true(taken(port, &p));
	p = packet(5000, "other port");
	assert_true(passes(port, &p));
	assert_true(lab_receives(other, p.text, 300));
	close(other);
	ovnet_port_close(port);
	lab_no_leak();
}

/* Which port one is for may be told by another one. */
static void fragments_of_udp_to_us_are_taken(void **state)
{
	(void)state;
	static const uint16_t ports[] = {PORT, 53};
	int err;
	struct ovnet_port *port = open_packet(1, &err);

	assert_non_null(port);
	for (unsigned i = 0; i < 2 * RTE_DIM(ports); i++) {
		take(port, PORT, 2);
		struct lab_packet p = packet(ports[i / 2], "fragment");
		p.frag = i % 2 == 0 ? IP_MF : 20;
		assert_true(taken(port, &p));
		p.dst = "10.9.0.99";
		assert_true(passes(port, &p));
		p.dst = "10.9.0.1";
		p.proto = IPPROTO_TCP;
		assert_true(passes(port, &p));
		p.proto = 0;
		take(port, 0, 2);
		assert_true(passes(port, &p));
	}
	ovnet_port_close(port);
	lab_no_leak();
}

/* A fragment of `next`, its payload cut off: the driver has no interest in it. */
static bool fragment6_arrives(struct ovnet_port *port, const char *dst, uint8_t next)
{
	struct lab_packet p = packet(PORT, "six");
	uint8_t frame[512];
	struct rte_mbuf *m;

	p.src = "fd09::2";
	p.dst = dst;
	size_t n = lab_frame(frame, &p);
	memmove(frame + 62, frame + 54, n - 54);
	memcpy(frame + 54, (uint8_t[8]){next, 0, 0, 1, 0, 0, 0, 7}, 8);
	frame[19] = (uint8_t)(frame[19] + 8);
	frame[20] = IPPROTO_FRAGMENT;
	assert_int_equal(send(peer, frame, n + 8, 0), n + 8);
	if (lab_rx(port, &m, 1, 100) == 0)
		return false;
	assert_int_equal(m->pkt_len, n + 8);
	rte_pktmbuf_free(m);
	return true;
}

static void fragments_of_ipv6_too(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_packet(1, &err);

	assert_non_null(port);
	take(port, PORT, 2);
	assert_true(fragment6_arrives(port, "fd09::1", IPPROTO_UDP));
	assert_false(fragment6_arrives(port, "fd09::1", IPPROTO_TCP));
	assert_false(fragment6_arrives(port, "fd09::9", IPPROTO_UDP));
	ovnet_port_close(port);
	lab_no_leak();
}

static void vlans_and_other_destinations_are_not_seen(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_packet(1, &err);

	assert_non_null(port);
	take(port, PORT, 2);
	struct lab_packet p = packet(PORT, "vlan");
	p.vlan = 7;
	assert_true(passes(port, &p));
	p = packet(PORT, "whole");
	p.frag = IP_DF;
	assert_true(taken(port, &p));
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
	p.dst = "fd08::1";
	assert_true(passes(port, &p));

	/* For another station: only a promiscuous interface shows it at all. */
	lab("ip", "link", "set", "dev", "up0", "promisc", "on");
	p = packet(PORT, "other host");
	p.dst_mac[5] ^= 1;
	assert_true(passes(port, &p));
	lab("ip", "link", "set", "dev", "up0", "promisc", "off");
	ovnet_port_close(port);
	lab_no_leak();
}

static void filter_changes_live(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_packet(1, &err);
	struct lab_packet p = packet(PORT, "live");
	struct lab_packet six = p;

	assert_non_null(port);
	six.src = "fd09::2";
	six.dst = "fd09::1";
	take(port, PORT, 2);
	assert_true(taken(port, &six));
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

	struct ovnet_prefix net[9];
	assert_int_equal(ovnet_prefix_parse("10.5.4.0/24", &net[0]), 0);
	struct ovnet_port_filter f = {.udp_port = PORT, .subnets = net, .n_subnets = 1};
	assert_int_equal(port->driver->filter(port, &f), 0);
	p.dst = "10.5.4.9";
	p.proto = IPPROTO_TCP;
	assert_true(taken(port, &p));
	p.dst = "10.5.5.9";
	assert_true(passes(port, &p));
	f.n_subnets = 9;
	assert_int_equal(port->driver->filter(port, &f), -E2BIG);
	ovnet_port_close(port);
	lab_no_leak();
}

/* The longest program there is: the kernel must take it, and it must still tell them apart. */
static void many_addresses_fit_the_filter(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_packet(1, &err);
	struct ovnet_addr many[40];
	struct ovnet_prefix nets[8];
	struct ovnet_port_filter f = {
		.udp_port = PORT, .addrs = many, .subnets = nets, .n_subnets = 8};
	struct lab_packet p = packet(PORT, "many"), six = p;

	assert_non_null(port);
	for (unsigned i = 0; i < 8; i++)
		nets[i] = (struct ovnet_prefix){AF_INET, .v4 = {0x0b000000 | i << 8, 24}};
	for (unsigned i = 0; i < 40; i++)
		many[i] = ovnet_addr_v4(0x0a0a0000 | i);
	for (unsigned i = 0; i < 7; i++) {
		many[i] = addrs[1];
		many[i].v6[15] = (uint8_t)(0x10 + i);
	}
	many[7] = addrs[1];
	many[31] = addrs[0];
	f.n_addrs = 32;
	assert_int_equal(port->driver->filter(port, &f), 0);
	assert_true(taken(port, &p));
	p.dst = "10.9.0.99";
	assert_true(passes(port, &p));
	six.src = "fd09::2";
	six.dst = "fd09::1";
	assert_true(taken(port, &six));
	six.dst = "fd09::9";
	assert_true(passes(port, &six));
	f.n_addrs = 40; /* too many to tell apart */
	assert_int_equal(port->driver->filter(port, &f), 0);
	assert_true(taken(port, &p));
	ovnet_port_close(port);
	lab_no_leak();
}

static void what_is_sent_arrives_and_is_not_heard_again(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_packet(1, &err);
	struct rte_mbuf *m[OVNET_BURST];
	struct lab_packet p = packet(PORT, "sent");
	uint8_t frame[512], seen[2048];
	unsigned n = 0;

	assert_non_null(port);
	take(port, PORT, 2);
	size_t len = lab_frame(frame, &p);
	for (unsigned burst = 0; burst < 10; burst++) {
		for (unsigned i = 0; i < OVNET_BURST; i++)
			m[i] = lab_mbuf(frame, len, 1 + i % 8);
		assert_int_equal(port->driver->tx(port->queue[0], m, OVNET_BURST), OVNET_BURST);
		while (lab_readable(peer, 0)) {
			ssize_t k = recv(peer, seen, sizeof(seen), 0);
			if (k == (ssize_t)len && memcmp(seen, frame, len) == 0)
				n++;
		}
	}
	assert_int_equal(n, 10 * OVNET_BURST);
	assert_int_equal(lab_rx(port, m, 1, 20), 0);

	/* Too many segments, and more than the interface carries: refused alone. */
	uint8_t big[4000] = {0};
	m[0] = lab_mbuf(frame, 66, 66);
	m[1] = lab_mbuf(frame, len, 1);
	m[2] = lab_mbuf(big, sizeof(big), 2);
	m[3] = lab_mbuf(frame, len, 1);
	for (unsigned i = 0; i < 4; i += 2) {
		assert_int_equal(port->driver->tx(port->queue[0], m + i, 4 - i), 0);
		assert_int_equal(port->queue[0]->tx_reason, OVNET_DROP_TX_REFUSED);
		rte_pktmbuf_free(m[i]);
		assert_int_equal(port->driver->tx(port->queue[0], m + i + 1, 1), 1);
	}
	/* The kernel speaks on the interface as well: ARP, router solicitations. */
	for (n = 0; lab_readable(peer, 50);)
		if (recv(peer, seen, sizeof(seen), 0) == (ssize_t)len &&
			memcmp(seen, frame, len) == 0)
			n++;
	assert_int_equal(n, 2);

	/* An interface takes its time: that is no reason to lose the next burst. */
	lab("tc", "qdisc", "add", "dev", "up0", "root", "tbf", "rate", "8kbit", "burst", "2kb",
		"limit", "10mb");
	for (unsigned i = 0; i < 8 * OVNET_BURST; i++) {
		m[0] = lab_mbuf(big, 1514, 1);
		assert_int_equal(port->driver->tx(port->queue[0], m, 1), 1);
	}
	lab("tc", "qdisc", "del", "dev", "up0", "root");

	lab("ip", "link", "set", "dev", "up0", "down");
	m[0] = lab_mbuf(frame, len, 1);
	assert_int_equal(port->driver->tx(port->queue[0], m, 1), 0);
	assert_int_equal(port->queue[0]->tx_reason, OVNET_DROP_TX_DOWN);
	assert_false(port->driver->link_up(port));
	lab("ip", "link", "set", "dev", "up0", "up");
	lab("ip", "addr", "add", "fd09::1/64", "dev", "up0", "nodad");
	assert_int_equal(port->driver->tx(port->queue[0], m, 1), 1);
	ovnet_port_close(port);
	lab_no_leak();
}

/* From a neighbour in the same kernel, whose stack leaves checksums to the device. */
static void unfinished_checksums_are_declared(void **state)
{
	(void)state;
	int err, one = 1;
	struct ovnet_port *port = open_packet(1, &err);
	struct lab_packet p = packet(PORT, "partial");
	uint8_t frame[600] = {0};
	struct virtio_net_hdr vnet = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 6};
	struct rte_mbuf *m;

	assert_non_null(port);
	assert_true(port->caps & OVNET_CAP_RX_CSUM);
	take(port, PORT, 2);
	int fd = lab_raw("up0p");
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)), 0);
	memcpy(frame, &vnet, sizeof(vnet));
	size_t n = sizeof(vnet) + lab_frame(frame + sizeof(vnet), &p);
	assert_int_equal(send(fd, frame, n, 0), n);
	assert_int_equal(lab_rx(port, &m, 1, 300), 1);
	assert_int_equal(ovnet_meta(m)->offload, OVNET_OFF_CSUM);
	assert_int_equal(ovnet_meta(m)->csum_start, 34);
	assert_int_equal(ovnet_meta(m)->csum_offset, 6);
	rte_pktmbuf_free(m);

	/* Unsegmented ones are not for this driver. */
	vnet.gso_type = 5; /* UDP */
	vnet.gso_size = 4;
	vnet.hdr_len = 42;
	memcpy(frame, &vnet, sizeof(vnet));
	assert_int_equal(send(fd, frame, n, 0), n);
	assert_int_equal(lab_rx(port, &m, 1, 100), 0);
	assert_int_equal(port->queue[0]->rx_drops[OVNET_DROP_GSO_STATE], 1);
	assert_true(taken(port, &p)); /* its buffer is used again */
	close(fd);
	ovnet_port_close(port);
	lab_no_leak();
}

static void what_does_not_fit_is_counted(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_packet(1, &err);
	struct lab_packet p = packet(PORT, "long");
	uint8_t frame[3000] = {0};
	struct ovnet_port_stats stats;

	assert_non_null(port);
	take(port, PORT, 2);
	lab("ip", "link", "set", "dev", "up0", "mtu", "4000");
	lab("ip", "link", "set", "dev", "up0p", "mtu", "4000");
	lab_frame(frame, &p);
	assert_int_equal(send(peer, frame, sizeof(frame), 0), sizeof(frame));
	assert_true(taken(port, &p));
	assert_int_equal(port->queue[0]->rx_drops[OVNET_DROP_TRUNCATED], 1);
	port->driver->stats(port, &stats);
	assert_int_equal(stats.errors, 1);
	assert_null(open_packet(1, &err));
	assert_int_equal(err, -EMSGSIZE);
	assert_null(open_uplink(&ovnet_driver_af_packet, NULL, 1, &err));
	assert_int_equal(err, -ENODEV);
	lab("ip", "link", "set", "dev", "up0", "mtu", "1500");
	lab("ip", "link", "set", "dev", "up0p", "mtu", "1500");
	ovnet_port_close(port);
	lab_no_leak();
}

static void flows_spread_over_queues(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_packet(2, &err), *second;
	unsigned got[2] = {0};
	uint8_t frame[512];
	struct rte_mbuf *m[OVNET_BURST];

	assert_non_null(port);
	assert_int_equal(port->n_rxq, 2);
	second = open_packet(2, &err); /* a group of its own */
	assert_non_null(second);
	take(port, PORT, 2);
	for (unsigned i = 0; i < 64; i++) {
		struct lab_packet p = packet(PORT, "flow");
		size_t n = lab_frame(frame, &p);
		frame[35] = (uint8_t)i; /* source port */
		assert_int_equal(send(peer, frame, n, 0), n);
	}
	usleep(20000);
	for (unsigned q = 0; q < 2; q++) {
		uint16_t n = port->driver->rx(port->queue[q], m, OVNET_BURST);
		rte_pktmbuf_free_bulk(m, n);
		got[q] = n;
	}
	assert_int_equal(got[0] + got[1], 64);
	assert_true(got[0] > 8 && got[1] > 8);
	ovnet_port_close(second);
	ovnet_port_close(port);
	lab_no_leak();
}

/* Sends it and says by which queue it comes. */
static unsigned queue_of(struct ovnet_port *port, const struct lab_packet *p)
{
	struct rte_mbuf *m;

	send_packet(p);
	for (unsigned i = 0; i < 2000; i++) {
		for (unsigned q = 0; q < 2; q++) {
			if (port->driver->rx(port->queue[q], &m, 1) == 0)
				continue;
			rte_pktmbuf_free(m);
			return q;
		}
		usleep(1000);
	}
	fail_msg("nothing came");
	return 0;
}

/* Only the first has ports: one worker is to put them together. */
static void fragments_of_one_datagram_share_a_queue(void **state)
{
	(void)state;
	int err;
	unsigned by[2] = {0};
	struct ovnet_port *port = open_packet(2, &err);

	assert_non_null(port);
	take(port, PORT, 2);
	for (unsigned i = 2; i < 66; i++) {
		char src[INET_ADDRSTRLEN];
		struct lab_packet p = packet(PORT, "cut into two or more");
		snprintf(src, sizeof(src), "10.9.0.%u", i);
		p.src = src;
		p.frag = IP_MF;
		unsigned first = queue_of(port, &p);
		p.frag = IP_MF | 20;
		assert_int_equal(queue_of(port, &p), first);
		p.frag = 40;
		assert_int_equal(queue_of(port, &p), first);
		by[first]++;
	}
	assert_true(by[0] > 8 && by[1] > 8);
	ovnet_port_close(port);
	lab_no_leak();
}

static void fd_tells_when_to_look_and_overruns_are_counted(void **state)
{
	(void)state;
	int err;
	struct ovnet_port *port = open_packet(1, &err);
	struct lab_packet p = packet(PORT, "knock");
	struct ovnet_port_stats stats;
	struct rte_mbuf *m[OVNET_BURST];
	unsigned got = 0, sent = 40000;
	uint16_t k;

	assert_non_null(port);
	take(port, PORT, 2);
	int fd = port->driver->wait_fd(port->queue[0]);
	assert_false(lab_readable(fd, 0));
	for (unsigned i = 0; i < sent; i++)
		send_packet(&p);
	assert_true(lab_readable(fd, 300));
	usleep(20000);
	while ((k = lab_rx(port, m, OVNET_BURST, 20)) > 0) {
		rte_pktmbuf_free_bulk(m, k);
		got += k;
	}
	assert_false(lab_readable(fd, 0));
	port->driver->stats(port, &stats);
	assert_true(stats.missed > 0);
	assert_int_equal(got + stats.missed, sent);
	port->driver->stats(port, &stats); /* asked twice, still there */
	assert_int_equal(got + stats.missed, sent);
	ovnet_port_close(port);
	lab_no_leak();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overlay_is_seen_and_the_rest_is_not),
		cmocka_unit_test(fragments_of_udp_to_us_are_taken),
		cmocka_unit_test(fragments_of_ipv6_too),
		cmocka_unit_test(vlans_and_other_destinations_are_not_seen),
		cmocka_unit_test(filter_changes_live),
		cmocka_unit_test(many_addresses_fit_the_filter),
		cmocka_unit_test(what_is_sent_arrives_and_is_not_heard_again),
		cmocka_unit_test(unfinished_checksums_are_declared),
		cmocka_unit_test(what_does_not_fit_is_counted),
		cmocka_unit_test(flows_spread_over_queues),
		cmocka_unit_test(fragments_of_one_datagram_share_a_queue),
		cmocka_unit_test(fd_tells_when_to_look_and_overruns_are_counted),
	};

	lab_enter();
	return cmocka_run_group_tests_name("af_packet", tests, uplink_set_up, uplink_tear_down);
}
