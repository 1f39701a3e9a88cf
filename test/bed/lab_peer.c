/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/lab_peer.h"

#include <fcntl.h>
#include <linux/if_ether.h>
#include <netinet/udp.h>
#include <sched.h>

static int own_ns, peer_ns;

static void enter(int ns)
{
	assert_int_equal(setns(ns, CLONE_NEWNET), 0);
}

void lab_in_peer(void)
{
	enter(peer_ns);
}

void lab_in_own(void)
{
	enter(own_ns);
}

static int current_ns(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

int lab_peer_set_up(void **state)
{
	(void)state;
	own_ns = current_ns();
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	peer_ns = current_ns();
	enter(own_ns);
	char pid_fd[32];
	snprintf(pid_fd, sizeof(pid_fd), "/proc/%d/fd/%d", (int)getpid(), peer_ns);
	lab_veth("up0", "up0p");
	lab("ip", "link", "set", "dev", "up0p", "netns", pid_fd);
	enter(peer_ns);
	lab("ip", "link", "set", "dev", "lo", "up");
	lab("ip", "addr", "add", "10.9.0.2/24", "dev", "up0p");
	lab("ip", "addr", "add", "fd09::2/64", "dev", "up0p", "nodad");
	lab("ip", "link", "set", "dev", "up0p", "up");
	/* Nobody finishes checksums between here and who takes a frame as it is. */
	lab("ethtool", "-K", "up0p", "tx", "off");
	enter(own_ns);
	return 0;
}

int lab_peer_tear_down(void **state)
{
	(void)state;
	close(peer_ns);
	close(own_ns);
	return 0;
}

static void set(int fd, int level, int option, int value)
{
	assert_int_equal(setsockopt(fd, level, option, &value, sizeof(value)), 0);
}

/* With the peer's namespace entered. */
static int sender(bool v6, int tos)
{
	int fd = v6 ? lab_udp6("fd09::2", LAB_SENDER) : lab_udp4("10.9.0.2", LAB_SENDER);

	set(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS, tos);
	set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	set(fd, SOL_SOCKET, SO_BROADCAST, 1);
	return fd;
}

static void send_all(int fd, const char *to, const uint8_t *data, size_t len)
{
	bool v6 = strchr(to, ':') != NULL;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(LAB_OVERLAY)};
	struct sockaddr_in6 at6 = {.sin6_family = AF_INET6, .sin6_port = htons(LAB_OVERLAY)};

	assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, to,
				 v6 ? (void *)&at6.sin6_addr : (void *)&at.sin_addr),
		1);
	ssize_t n = v6 ? sendto(fd, data, len, 0, (struct sockaddr *)&at6, sizeof(at6))
		       : sendto(fd, data, len, 0, (struct sockaddr *)&at, sizeof(at));
	assert_int_equal(n, len);
}

void lab_peer_sends(const char *to, const uint8_t *data, size_t len, int tos)
{
	lab_in_peer();
	int fd = sender(strchr(to, ':') != NULL, tos);
	send_all(fd, to, data, len);
	close(fd);
	lab_in_own();
}

void lab_peer_sends_batch(
	const char *to, const uint8_t *data, size_t len, uint16_t segment, int tos)
{
	lab_in_peer();
	int fd = sender(strchr(to, ':') != NULL, tos);
	set(fd, IPPROTO_UDP, UDP_SEGMENT, segment);
	send_all(fd, to, data, len);
	close(fd);
	lab_in_own();
}

const uint8_t *lab_pattern(size_t len)
{
	static uint8_t data[65536];

	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 31 + (i >> 8));
	return data;
}

/* Where the UDP header is. */
static unsigned is_ip(const uint8_t *at, bool v6, size_t len, uint8_t tos)
{
	const uint8_t *ip = at + 14;
	uint8_t src[16], dst[16];

	assert_int_equal(at[12] << 8 | at[13], v6 ? ETH_P_IPV6 : ETH_P_IP);
	inet_pton(v6 ? AF_INET6 : AF_INET, v6 ? "fd09::2" : "10.9.0.2", src);
	inet_pton(v6 ? AF_INET6 : AF_INET, v6 ? "fd09::1" : "10.9.0.1", dst);
	if (v6) {
		assert_int_equal((ip[0] << 4 | ip[1] >> 4) & 0xff, tos);
		assert_int_equal(ip[0] >> 4, 6);
		assert_int_equal(ip[4] << 8 | ip[5], 8 + len);
		assert_int_equal(ip[6], IPPROTO_UDP);
		assert_memory_equal(ip + 8, src, 16);
		assert_memory_equal(ip + 24, dst, 16);
		return 54;
	}
	assert_int_equal(ip[0], 0x45);
	assert_int_equal(ip[1], tos);
	assert_int_equal(ip[2] << 8 | ip[3], 28 + len);
	assert_int_equal(ip[6] << 8 | ip[7], 0);
	assert_int_equal(ip[9], IPPROTO_UDP);
	assert_int_equal(lab_sum(ip, 20), 0);
	assert_memory_equal(ip + 12, src, 4);
	assert_memory_equal(ip + 16, dst, 4);
	return 34;
}

void lab_is_datagram(
	struct rte_mbuf *m, uint16_t in_port, bool v6, const uint8_t *data, size_t len, uint8_t tos)
{
	static uint8_t copy[65536];

	assert_non_null(m);
	rte_mbuf_sanity_check(m, 1);
	assert_int_equal(m->pkt_len, (v6 ? 62 : 42) + len);
	assert_int_equal(ovnet_meta(m)->in_port, in_port);
	assert_int_equal(ovnet_meta(m)->offload, 0);
	const uint8_t *at = rte_pktmbuf_read(m, 0, m->pkt_len, copy);
	const uint8_t *udp = at + is_ip(at, v6, len, tos);
	assert_int_equal(udp[0] << 8 | udp[1], LAB_SENDER);
	assert_int_equal(udp[2] << 8 | udp[3], LAB_OVERLAY);
	assert_int_equal(udp[4] << 8 | udp[5], 8 + len);
	assert_memory_equal(udp + 8, data, len);
	rte_pktmbuf_free(m);
}
