/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/lab_uplink.h"

struct ovnet_addr addrs[2];
uint8_t mac_a[6], mac_b[6];
int peer;

struct ovnet_port *open_uplink(
	const struct ovnet_driver *driver, const char *iface, uint16_t queues, int *err)
{
	/* The kernel takes a moment to let go of a closed AF_XDP socket's queue. */
	struct ovnet_patience patience = {0};
	const struct ovnet_port_conf conf = {.name = "up",
		.role = OVNET_PORT_UPLINK,
		.iface = iface,
		.queues = queues,
		.pool = lab_pool,
		.patience = &patience};

	return ovnet_port_open(driver, 3, &conf, err);
}

void take(struct ovnet_port *port, uint16_t udp_port, unsigned n_addrs)
{
	const struct ovnet_port_filter f = {
		.udp_port = udp_port, .vni = 1, .addrs = addrs, .n_addrs = n_addrs};

	assert_int_equal(port->driver->filter(port, &f), 0);
}

struct lab_packet packet(uint16_t port, const char *text)
{
	struct lab_packet p = {.src = "10.9.0.2", .dst = "10.9.0.1", .port = port, .text = text};

	memcpy(p.src_mac, mac_b, 6);
	memcpy(p.dst_mac, mac_a, 6);
	return p;
}

void send_packet(const struct lab_packet *p)
{
	uint8_t frame[512];
	size_t n = lab_frame(frame, p);

	assert_int_equal(send(peer, frame, n, 0), n);
}

/* How many come within the time; all of them have to be exactly this packet. */
static unsigned seen_within(struct ovnet_port *port, const struct lab_packet *p, int timeout_ms)
{
	uint8_t frame[512];
	size_t n = lab_frame(frame, p);
	struct rte_mbuf *m[2];

	send_packet(p);
	uint16_t got = lab_rx(port, m, 1, timeout_ms);
	if (got == 1)
		got = (uint16_t)(got + lab_rx(port, m + 1, 1, 10));
	for (uint16_t i = 0; i < got; i++) {
		assert_int_equal(m[i]->pkt_len, n);
		assert_memory_equal(rte_pktmbuf_mtod(m[i], void *), frame, n);
		assert_int_equal(ovnet_meta(m[i])->in_port, 3);
		assert_int_equal(ovnet_meta(m[i])->offload, 0);
	}
	rte_pktmbuf_free_bulk(m, got);
	return got;
}

bool taken(struct ovnet_port *port, const struct lab_packet *p)
{
	return seen_within(port, p, 2000) == 1;
}

bool passes(struct ovnet_port *port, const struct lab_packet *p)
{
	return seen_within(port, p, 100) == 0;
}

int uplink_set_up(void **state)
{
	(void)state;
	struct ovnet_addr a;

	lab_veth("up0", "up0p");
	assert_int_equal(ovnet_addr_parse("10.9.0.1", &addrs[0]), 0);
	assert_int_equal(ovnet_addr_parse("fd09::1", &a), 0);
	addrs[1] = a;
	peer = lab_raw("up0p");
	lab_mac("up0", mac_a);
	lab_mac("up0p", mac_b);
	return 0;
}

int uplink_tear_down(void **state)
{
	(void)state;
	close(peer);
	return 0;
}
