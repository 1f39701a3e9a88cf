/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/lab_socket.h"

#include <netinet/udp.h>

#include "port/udp_guard.h"

static struct ovnet_udp_guard guard;

uint8_t lab_own_mac[6], lab_peer_mac[6];

void lab_socket_guard(bool on)
{
	if (on)
		assert_int_equal(ovnet_udp_guard_open(&guard, LAB_OVERLAY, NULL), 0);
	else
		ovnet_udp_guard_close(&guard);
}

int lab_socket_set_up(void **state)
{
	lab_peer_set_up(state);
	lab_mac("up0", lab_own_mac);
	lab_in_peer();
	lab_mac("up0p", lab_peer_mac);
	/* Its own stack's checksums: whole packets cross. */
	lab("ethtool", "-K", "up0p", "tx", "on");
	lab_in_own();
	lab_socket_guard(true);
	return 0;
}

int lab_socket_tear_down(void **state)
{
	lab_socket_guard(false);
	return lab_peer_tear_down(state);
}

void lab_socket_guard_merge(bool on)
{
	ovnet_udp_guard_merge(&guard, on);
}

struct ovnet_port *lab_socket_try(uint16_t queues, bool send_udp, int *err)
{
	return lab_socket_try_on("up0", queues, send_udp, err);
}

struct ovnet_port *lab_socket_try_on(const char *iface, uint16_t queues, bool send_udp, int *err)
{
	const struct ovnet_port_conf conf = {.name = iface,
		.role = OVNET_PORT_UPLINK,
		.iface = iface,
		.queues = queues,
		.send_udp = send_udp,
		.pool = lab_pool};

	return ovnet_port_open(&ovnet_driver_socket, LAB_SOCKET_ID, &conf, err);
}

int lab_socket_take(struct ovnet_port *port, uint16_t udp_port)
{
	const struct ovnet_port_filter f = {.udp_port = udp_port, .vni = 1};

	return port->driver->filter(port, &f);
}

struct ovnet_port *lab_socket_open(uint16_t queues)
{
	int err;
	struct ovnet_port *port = lab_socket_try(queues, false, &err);

	assert_non_null(port);
	assert_int_equal(lab_socket_take(port, LAB_OVERLAY), 0);
	return port;
}

void lab_socket_close(struct ovnet_port *port)
{
	ovnet_port_close(port);
	lab_no_leak();
}

/* The next `n` packets, in reads of `at_once`. */
void lab_receive(struct ovnet_port *port, struct rte_mbuf **m, unsigned n, uint16_t at_once)
{
	unsigned got = 0;

	while (got < n) {
		uint16_t k = lab_rx(port, m + got, (uint16_t)RTE_MIN(n - got, at_once), 2000);
		assert_int_not_equal(k, 0);
		got += k;
	}
}

void lab_batch_comes(
	struct ovnet_port *port, bool v6, size_t len, uint16_t segment, uint16_t at_once)
{
	struct rte_mbuf *m[128];
	unsigned n = (unsigned)((len + segment - 1) / segment);
	const uint8_t *data = lab_pattern(len);

	lab_peer_sends_batch(v6 ? "fd09::1" : "10.9.0.1", data, len, segment, 2);
	lab_receive(port, m, n, at_once);
	for (unsigned i = 0; i < n; i++) {
		size_t at = (size_t)i * segment;
		lab_is_datagram(m[i], LAB_SOCKET_ID, v6, data + at, RTE_MIN(len - at, segment), 2);
	}
}

bool lab_is_quiet(struct ovnet_port *port)
{
	struct rte_mbuf *m;

	if (lab_rx(port, &m, 1, 30) == 0)
		return true;
	rte_pktmbuf_free(m);
	return false;
}

struct rte_mbuf *lab_outer(const struct lab_outer *o, const uint8_t *data, size_t len)
{
	static uint16_t id;
	uint8_t at[2048] = {0}, *ip = at + 14, *udp = ip + (o->v6 ? 40 : 20);
	const uint16_t udp_len = htons((uint16_t)(8 + len)), from = htons(LAB_FLOW + o->flow),
		       to = htons(o->to), ip_len = htons((uint16_t)(28 + len));

	memcpy(at, lab_peer_mac, 6);
	memcpy(at + 6, lab_own_mac, 6);
	if (o->v6) {
		memcpy(at + 12, (uint8_t[]){0x86, 0xdd, 0x60 | o->tos >> 4, (uint8_t)(o->tos << 4)},
			4);
		memcpy(ip + 4, &udp_len, 2);
		memcpy(ip + 6, (uint8_t[]){IPPROTO_UDP, 61}, 2);
		assert_int_equal(inet_pton(AF_INET6, "fd09::1", ip + 8), 1);
		assert_int_equal(inet_pton(AF_INET6, "fd09::2", ip + 24), 1);
	} else {
		memcpy(at + 12, (uint8_t[]){8, 0, 0x45, o->tos}, 4);
		memcpy(ip + 2, &ip_len, 2);
		memcpy(ip + 4, &id, 2);
		memcpy(ip + 6, (uint8_t[]){o->df ? 0x40 : 0, 0, 61, IPPROTO_UDP}, 4);
		assert_int_equal(inet_pton(AF_INET, "10.9.0.1", ip + 12), 1);
		assert_int_equal(inet_pton(AF_INET, "10.9.0.2", ip + 16), 1);
		uint16_t sum = lab_sum(ip, 20);
		memcpy(ip + 10, &sum, 2);
		id++;
	}
	memcpy(udp, &from, 2);
	memcpy(udp + 2, &to, 2);
	memcpy(udp + 4, &udp_len, 2);
	memcpy(udp + 8, data, len);
	if (o->v6) {
		uint8_t pseudo[2048] = {0};
		memcpy(pseudo, ip + 8, 32);
		memcpy(pseudo + 34, &udp_len, 2);
		pseudo[39] = IPPROTO_UDP;
		memcpy(pseudo + 40, udp, 8 + len);
		uint16_t sum = lab_sum(pseudo, (48 + len + 1) & ~(size_t)1);
		memcpy(udp + 6, &sum, 2);
	}
	return lab_mbuf(at, (size_t)(udp - at) + 8 + len, o->segs > 0 ? o->segs : 1);
}

/* A socket of the peer's that tells TOS, TTL and what was merged. */
int lab_hearer(bool v6, uint16_t port)
{
	const int one = 1;

	lab_in_peer();
	int fd = v6 ? lab_udp6("fd09::2", port) : lab_udp4("10.9.0.2", port);
	lab_in_own();
	const struct {
		int level, option;
	} set[] = {{IPPROTO_UDP, UDP_GRO},
		{v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVTCLASS : IP_RECVTOS},
		{v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVHOPLIMIT : IP_RECVTTL}};
	for (unsigned i = 0; i < RTE_DIM(set); i++)
		assert_int_equal(setsockopt(fd, set[i].level, set[i].option, &one, sizeof(one)), 0);
	return fd;
}

bool lab_hears(int fd, struct lab_heard *h)
{
	_Alignas(struct cmsghdr) uint8_t control[256];
	struct sockaddr_in6 from;
	struct iovec iov = {h->data, sizeof(h->data)};
	struct msghdr msg = {.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};

	if (!lab_readable(fd, 2000))
		return false;
	ssize_t n = recvmsg(fd, &msg, 0);
	assert_true(n >= 0);
	h->len = (size_t)n;
	h->segment = h->tos = h->ttl = 0;
	h->from = ntohs(from.sin6_port); /* where IPv4's is */
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
		int value = 0;
		memcpy(&value, CMSG_DATA(c), RTE_MIN(sizeof(value), c->cmsg_len - CMSG_LEN(0)));
		if (c->cmsg_level == IPPROTO_UDP)
			h->segment = value;
		else if (c->cmsg_type == IP_TOS || c->cmsg_type == IPV6_TCLASS)
			h->tos = value;
		else
			h->ttl = value;
	}
	return true;
}
