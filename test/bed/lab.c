/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/lab.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include <rte_eal.h>

struct rte_mempool *lab_pool;

int lab_run(const char *const *argv)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

void lab_enter(void)
{
	const char *argv[] = {"test", "--no-huge", "-m", "128", "--no-pci", "--no-shconf",
		"--no-telemetry", "--lcores", "0@(0,1)", "--log-level", "error"};

	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0) {
		fprintf(stderr, "skipped: needs root for a network namespace of its own\n");
		exit(LAB_SKIP);
	}
	if (rte_eal_init((int)RTE_DIM(argv), (char **)argv) < 0) {
		fprintf(stderr, "EAL does not start\n");
		exit(1);
	}
	lab_pool = ovnet_pool_new("lab", 8191, 128, 2048, SOCKET_ID_ANY);
	if (lab_pool == NULL)
		exit(1);
}

void lab_veth(const char *name, const char *peer)
{
	lab("ip", "link", "set", "dev", "lo", "up");
	lab("ip", "link", "add", "name", name, "type", "veth", "peer", "name", peer);
	lab("ip", "addr", "add", "10.9.0.1/24", "dev", name);
	lab("ip", "addr", "add", "fd09::1/64", "dev", name, "nodad");
	lab("ip", "link", "set", "dev", name, "up");
	lab("ip", "link", "set", "dev", peer, "up");
}

pid_t lab_container(const char *iface, char *pid, size_t size)
{
	int fds[2];
	char ready;

	assert_int_equal(pipe(fds), 0);
	pid_t container = fork();
	if (container == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) == 0 && write(fds[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(fds[0], &ready, 1), 1);
	close(fds[0]);
	close(fds[1]);
	snprintf(pid, size, "%d", container);
	lab("ip", "link", "set", "dev", iface, "netns", pid);
	return container;
}

void lab_container_end(pid_t container)
{
	assert_int_equal(kill(container, SIGKILL), 0);
	assert_int_equal(waitpid(container, NULL, 0), container);
}

int lab_raw(const char *iface)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	const int one = 1;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)), 0);
	at.sll_ifindex = (int)if_nametoindex(iface);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

void lab_mac(const char *iface, uint8_t *mac)
{
	struct ifreq ifr = {0};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	strcpy(ifr.ifr_name, iface);
	assert_int_equal(ioctl(fd, SIOCGIFHWADDR, &ifr), 0);
	memcpy(mac, ifr.ifr_hwaddr.sa_data, 6);
	close(fd);
}

int lab_udp4(const char *addr, uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_int_equal(inet_pton(AF_INET, addr, &at.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

int lab_udp6(const char *addr, uint16_t port)
{
	struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_int_equal(inet_pton(AF_INET6, addr, &at.sin6_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

bool lab_readable(int fd, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, timeout_ms) == 1 && (p.revents & POLLIN) != 0;
}

bool lab_receives(int fd, const char *text, int timeout_ms)
{
	char buf[4096];

	while (lab_readable(fd, timeout_ms)) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);
		if (n == (ssize_t)strlen(text) && memcmp(buf, text, (size_t)n) == 0)
			return true;
	}
	return false;
}

uint16_t lab_sum(const void *data, size_t len)
{
	const uint8_t *b = data;
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(b[i] << 8 | b[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static size_t lab_ip4(uint8_t *at, const struct lab_packet *p)
{
	size_t text = strlen(p->text), hlen = 20 + 4u * p->options;
	struct iphdr ip = {.version = 4, .ihl = (hlen / 4) & 15, .ttl = 64};

	ip.protocol = p->proto != 0 ? p->proto : IPPROTO_UDP;
	ip.tot_len = htons((uint16_t)(hlen + 8 + text));
	ip.frag_off = htons(p->frag);
	assert_int_equal(inet_pton(AF_INET, p->src, &ip.saddr), 1);
	assert_int_equal(inet_pton(AF_INET, p->dst, &ip.daddr), 1);
	memcpy(at, &ip, 20);
	memset(at + 20, 1, hlen - 20);
	uint16_t sum = lab_sum(at, hlen);
	memcpy(at + 10, &sum, 2);

	struct udphdr udp = {.source = htons(40000), .dest = htons(p->port)};
	udp.len = htons((uint16_t)(8 + text));
	memcpy(at + hlen, &udp, 8);
	memcpy(at + hlen + 8, p->text, text);
	return hlen + 8 + text;
}

/* The checksum is what IPv6 cannot do without. */
static size_t lab_ip6(uint8_t *at, const struct lab_packet *p)
{
	size_t text = strlen(p->text);
	uint8_t pseudo[512] = {0};
	struct ip6_hdr ip = {.ip6_flow = htonl(6u << 28)};
	struct udphdr udp = {.source = htons(40000), .dest = htons(p->port)};

	ip.ip6_plen = udp.len = htons((uint16_t)(8 + text));
	ip.ip6_nxt = IPPROTO_UDP;
	ip.ip6_hlim = 64;
	assert_int_equal(inet_pton(AF_INET6, p->src, &ip.ip6_src), 1);
	assert_int_equal(inet_pton(AF_INET6, p->dst, &ip.ip6_dst), 1);
	memcpy(pseudo, &ip.ip6_src, 32);
	pseudo[35] = (uint8_t)(8 + text);
	pseudo[39] = IPPROTO_UDP;
	memcpy(pseudo + 40, &udp, 8);
	memcpy(pseudo + 48, p->text, text);
	udp.check = lab_sum(pseudo, 48 + text + (text & 1));
	memcpy(at, &ip, 40);
	memcpy(at + 40, &udp, 8);
	memcpy(at + 48, p->text, text);
	return 48 + text;
}

size_t lab_frame(uint8_t *at, const struct lab_packet *p)
{
	bool v6 = strchr(p->dst, ':') != NULL;
	uint16_t type = htons(v6 ? ETH_P_IPV6 : ETH_P_IP);
	size_t n = 12;

	memcpy(at, p->dst_mac, 6);
	memcpy(at + 6, p->src_mac, 6);
	if (p->vlan != 0) {
		uint16_t tag[2] = {htons(ETH_P_8021Q), htons(p->vlan)};
		memcpy(at + n, tag, 4);
		n += 4;
	}
	memcpy(at + n, &type, 2);
	n += 2;
	return n + (v6 ? lab_ip6(at + n, p) : lab_ip4(at + n, p));
}

uint16_t lab_rx(struct ovnet_port *port, struct rte_mbuf **pkts, uint16_t n, int timeout_ms)
{
	uint16_t got = 0;

	for (int waited = 0; got < n && waited <= timeout_ms;) {
		uint16_t k = 0;
		for (uint16_t i = 0; i < port->n_rxq; i++)
			k = (uint16_t)(k + port->driver->rx(port->queue[i], pkts + got + k,
						   (uint16_t)(n - got - k)));
		got = (uint16_t)(got + k);
		if (k == 0) {
			usleep(1000);
			waited++;
		}
	}
	return got;
}

bool lab_comes_up(struct ovnet_port *port)
{
	for (unsigned i = 0; i < 200 && !port->driver->link_up(port); i++)
		usleep(10000);
	return port->driver->link_up(port);
}

struct rte_mbuf *lab_mbuf(const uint8_t *data, size_t len, unsigned segs)
{
	struct rte_mbuf *head = NULL;
	size_t part = (len + segs - 1) / segs;

	for (size_t at = 0; at < len; at += part) {
		size_t n = RTE_MIN(part, len - at);
		struct rte_mbuf *m = rte_pktmbuf_alloc(lab_pool);
		assert_non_null(m);
		memcpy(rte_pktmbuf_append(m, (uint16_t)n), data + at, n);
		ovnet_meta_reset(m, 0);
		if (head == NULL)
			head = m;
		else
			assert_int_equal(rte_pktmbuf_chain(head, m), 0);
	}
	return head;
}

void lab_no_leak(void)
{
	assert_int_equal(rte_mempool_in_use_count(lab_pool), 0);
}
