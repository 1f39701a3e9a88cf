/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors and fragments against Linux: it says the same as we do about the same packet, its
 * sockets believe our errors, and it puts our fragments together.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "bed/path.h"

#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/icmp6.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "packet/fragment.h"
#include "packet/icmp_error.h"

#define ROOM  4096u
#define FAR   0x0a080002u /* behind the small MTU */
#define POD   0x0a090002u
#define HOSTS 0x0a090001u
#define MTU   1280

struct packet {
	uint8_t b[ROOM];
	uint16_t len;
};

static int near_fd, far_fd;
static uint8_t host6[16], pod6[16], far6[16], nowhere6[16];

static void sh(const char *command)
{
	assert_int_equal(system(command), 0);
}

static int tun(const char *name)
{
	struct ifreq ifr = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	assert_true(fd >= 0);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
	return fd;
}

static int lab_up(void **state)
{
	(void)state;
	near_fd = tun("near");
	far_fd = tun("far");
	sh("ip link set lo up");
	sh("ip addr add 10.9.0.1/24 dev near && ip addr add fd09::1/64 dev near nodad");
	sh("ip addr add 10.8.0.1/24 dev far && ip addr add fd08::1/64 dev far nodad");
	sh("ip link set near up && ip link set far mtu 1280 up");
	sh("ip route add unreachable 10.6.0.0/24");
	sh("echo 1 >/proc/sys/net/ipv4/ip_forward");
	sh("echo 1 >/proc/sys/net/ipv6/conf/all/forwarding");
	/* Not icmp_ratelimit=0: that takes the tokens routing errors need. */
	sh("echo 0 >/proc/sys/net/ipv4/icmp_ratemask");
	sh("echo 0 >/proc/sys/net/ipv6/icmp/ratelimit");
	inet_pton(AF_INET6, "fd09::1", host6);
	inet_pton(AF_INET6, "fd09::2", pod6);
	inet_pton(AF_INET6, "fd08::2", far6);
	inet_pton(AF_INET6, "fd66::2", nowhere6);
	return 0;
}

static int lab_down(void **state)
{
	(void)state;
	close(near_fd);
	close(far_fd);
	return 0;
}

static void put4(struct packet *p, uint32_t dst, uint16_t len, uint8_t ttl)
{
	p->len = put_inner(p->b, POD, dst, 4000, len);
	p->b[6] = 0x40;
	p->b[8] = ttl;
	be_put16(p->b + 10, 0);
	be_put16(p->b + 10, ~be_sum(p->b, 20, 0));
}

static void put6(struct packet *p, const uint8_t *dst, uint16_t len, uint8_t hops)
{
	memset(p->b, 0, 40);
	p->b[0] = 0x60;
	be_put16(p->b + 4, len - 40u);
	p->b[6] = 17;
	p->b[7] = hops;
	memcpy(p->b + 8, pod6, 16);
	memcpy(p->b + 24, dst, 16);
	for (uint16_t i = 40; i < len; i++)
		p->b[i] = (uint8_t)(i * 11);
	p->len = len;
}

static void give(int fd, const struct packet *p)
{
	assert_int_equal(write(fd, p->b, p->len), p->len);
}

static bool is_wanted(const struct packet *p, bool error)
{
	bool v4 = p->b[0] >> 4 == 4;

	if (!error)
		return p->b[v4 ? 9 : 6] == 17;
	return v4 ? p->b[9] == 1 && (p->b[20] == 3 || p->b[20] == 11)
		  : p->b[6] == 58 && p->b[40] < 128;
}

/* The next ICMP error, or the next UDP packet, the kernel sends to the device. */
static void get(int fd, bool error, struct packet *p)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	do {
		assert_int_equal(poll(&pfd, 1, 3000), 1);
		ssize_t n = read(fd, p->b, sizeof(p->b));
		assert_in_range(n, 20, sizeof(p->b));
		p->len = (uint16_t)n;
	} while (!is_wanted(p, error));
}

/* Ours, from the same address as the kernel's. False: there is none. */
static bool our_error(const struct packet *about, enum ovnet_icmp what, uint32_t src4,
	const uint8_t *src6, struct packet *p)
{
	struct rte_mbuf *m = bed_packet(HOST, about->b, about->len, 33, 200), *e;

	e = about->b[0] >> 4 == 4 ? ovnet_icmp4_error(bed_pool, m, what, MTU, htonl(src4))
				  : ovnet_icmp6_error(bed_pool, m, what, MTU, src6);
	rte_pktmbuf_free(m);
	if (e == NULL)
		return false;
	p->len = (uint16_t)e->pkt_len;
	memcpy(p->b, rte_pktmbuf_mtod(e, void *), p->len);
	rte_pktmbuf_free(e);
	return true;
}

/* The kernel numbers its errors and leaves DF clear; it gives them a flow label in IPv6. */
static void take_out_what_may_differ(struct packet *p)
{
	if (p->b[0] >> 4 == 4) {
		memset(p->b + 4, 0, 4);
		memset(p->b + 10, 0, 2);
	} else {
		memset(p->b + 1, 0, 3);
	}
}

static void alike(const struct packet *about, enum ovnet_icmp what)
{
	struct packet kernel, ours;

	assert_true(our_error(about, what, HOSTS, host6, &ours));
	give(near_fd, about);
	get(near_fd, true, &kernel);
	take_out_what_may_differ(&kernel);
	take_out_what_may_differ(&ours);
	assert_int_equal(kernel.len, ours.len);
	assert_memory_equal(kernel.b, ours.b, ours.len);
}

static void the_kernel_sends_the_same_errors(void **state)
{
	(void)state;
	static const uint16_t lens[] = {60, 61, 547, 549, 1281, 1499, 1500};
	struct packet p;

	for (unsigned i = 0; i < RTE_DIM(lens); i++) {
		put4(&p, FAR, lens[i], lens[i] <= MTU ? 1 : 64);
		alike(&p, lens[i] <= MTU ? OVNET_ICMP_TIME_EXCEEDED : OVNET_ICMP_TOO_BIG);
		put6(&p, far6, lens[i], lens[i] <= MTU ? 1 : 64);
		alike(&p, lens[i] <= MTU ? OVNET_ICMP_TIME_EXCEEDED : OVNET_ICMP_TOO_BIG);
	}
	put4(&p, 0x0a4d0001, 100, 64);
	alike(&p, OVNET_ICMP_NET_UNREACHABLE);
	put4(&p, 0x0a060001, 100, 64);
	alike(&p, OVNET_ICMP_HOST_UNREACHABLE);
	put6(&p, nowhere6, 100, 64);
	alike(&p, OVNET_ICMP_NET_UNREACHABLE);
}

/* No error about `p` from either; seen by the answer to the packet behind it being next. */
static void both_silent(const struct packet *p)
{
	struct packet next, ignored;

	assert_false(our_error(p, OVNET_ICMP_TIME_EXCEEDED, HOSTS, host6, &ignored));
	give(near_fd, p);
	p->b[0] >> 4 == 4 ? put4(&next, FAR, 99, 1) : put6(&next, far6, 99, 1);
	alike(&next, OVNET_ICMP_TIME_EXCEEDED);
}

static void the_kernel_is_silent_about_the_same(void **state)
{
	(void)state;
	struct packet p, ignored;

	for (uint8_t type = 0; type <= 18; type++) {
		put4(&p, FAR, 80, 1);
		p.b[9] = 1;
		p.b[20] = type;
		be_put16(p.b + 10, 0);
		be_put16(p.b + 10, ~be_sum(p.b, 20, 0));
		if (our_error(&p, OVNET_ICMP_TIME_EXCEEDED, HOSTS, host6, &ignored))
			alike(&p, OVNET_ICMP_TIME_EXCEEDED);
		else
			both_silent(&p);
	}
	for (uint8_t type = 125; type <= 129; type++) {
		put6(&p, far6, 80, 1);
		p.b[6] = 58;
		p.b[40] = type;
		type < 128 ? both_silent(&p) : alike(&p, OVNET_ICMP_TIME_EXCEEDED);
	}
	put4(&p, FAR, 80, 1);
	be_put16(p.b + 6, 100);
	be_put16(p.b + 10, 0);
	be_put16(p.b + 10, ~be_sum(p.b, 20, 0));
	both_silent(&p);
}

static int connected(int family)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(5000), .sin_addr.s_addr = htonl(POD)};
	struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_port = htons(5000)};
	int on = 1, fd = socket(family, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	memcpy(&to6.sin6_addr, pod6, sizeof(pod6));
	if (family == AF_INET) {
		assert_int_equal(setsockopt(fd, SOL_IP, IP_RECVERR, &on, sizeof(on)), 0);
		assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	} else {
		assert_int_equal(setsockopt(fd, SOL_IPV6, IPV6_RECVERR, &on, sizeof(on)), 0);
		assert_int_equal(connect(fd, (struct sockaddr *)&to6, sizeof(to6)), 0);
	}
	return fd;
}

static struct sock_extended_err error_of(int fd)
{
	struct pollfd pfd = {.fd = fd};
	char data[ROOM], control[512];
	struct iovec iov = {data, sizeof(data)};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	struct sock_extended_err e;

	assert_int_equal(poll(&pfd, 1, 3000), 1);
	assert_true(recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) > 0);
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	assert_non_null(c);
	memcpy(&e, CMSG_DATA(c), sizeof(e));
	return e;
}

static void sent_and_answered(int family, enum ovnet_icmp what, int error, uint32_t info)
{
	static const char data[1300];
	uint8_t router6[16];
	struct packet sent, e;
	int fd = connected(family);

	assert_int_equal(inet_pton(AF_INET6, "fd09::9", router6), 1);
	assert_int_equal(send(fd, data, sizeof(data), 0), sizeof(data));
	get(near_fd, false, &sent);
	assert_true(our_error(&sent, what, 0x0a090009, router6, &e));
	give(near_fd, &e);
	struct sock_extended_err got = error_of(fd);
	assert_int_equal(got.ee_errno, error);
	assert_int_equal(got.ee_origin, family == AF_INET ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6);
	assert_int_equal(got.ee_type, e.b[family == AF_INET ? 20 : 40]);
	assert_int_equal(got.ee_code, e.b[family == AF_INET ? 21 : 41]);
	assert_int_equal(got.ee_info, info);
	close(fd);
}

static void sockets_believe_our_errors(void **state)
{
	(void)state;
	static const int families[] = {AF_INET, AF_INET6};

	for (unsigned i = 0; i < 2; i++) {
		sent_and_answered(families[i], OVNET_ICMP_NET_UNREACHABLE, ENETUNREACH, 0);
		sent_and_answered(families[i], OVNET_ICMP_HOST_UNREACHABLE, EHOSTUNREACH, 0);
		sent_and_answered(families[i], OVNET_ICMP_TIME_EXCEEDED, EHOSTUNREACH, 0);
		/* The last one: the kernel keeps the MTU. */
		sent_and_answered(families[i], OVNET_ICMP_TOO_BIG, EMSGSIZE, MTU);
	}
}

static void give_fragments(struct rte_mbuf **f, int n, bool reversed)
{
	for (int i = 0; i < n; i++) {
		struct packet p;
		struct rte_mbuf *m = f[reversed ? n - 1 - i : i];
		p.len = (uint16_t)m->pkt_len;
		memcpy(p.b, rte_pktmbuf_mtod(m, void *), p.len);
		give(near_fd, &p);
	}
	rte_pktmbuf_free_bulk(f, (unsigned)n);
}

/* UDP of `len` bytes of IP to our socket's port, with a record route and a router alert. */
static struct rte_mbuf *datagram(uint8_t *b, uint16_t len, uint16_t id, uint16_t port)
{
	static const uint8_t options[12] = {148, 4, 0, 0, 7, 7, 4};

	put_inner(b, POD, HOSTS, 4000, (uint16_t)(len - 12));
	be_put16(b + 22, port);
	be_put16(b + 26, 0);
	memmove(b + 32, b + 20, len - 32u);
	memcpy(b + 20, options, sizeof(options));
	b[0] = 0x48;
	be_put16(b + 2, len);
	be_put16(b + 4, id);
	be_put16(b + 6, 0); /* may be cut */
	be_put16(b + 10, 0);
	be_put16(b + 10, ~be_sum(b, 32, 0));
	return bed_packet(HOST, b, len, 40, 700);
}

static void the_kernel_puts_fragments_together(void **state)
{
	(void)state;
	static const uint16_t lens[] = {1400, 1401, 3001, 20000, 65535};
	static uint8_t b[65600], got[65600];
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(HOSTS)};
	socklen_t size = sizeof(at);
	struct rte_mbuf *f[200];
	int fd = socket(AF_INET, SOCK_DGRAM, 0), room = 1 << 20;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	for (unsigned i = 0; i < 2 * RTE_DIM(lens); i++) {
		uint16_t len = lens[i / 2];
		struct rte_mbuf *m = datagram(b, len, (uint16_t)(i + 1), ntohs(at.sin_port));
		int n = ovnet_fragment4(m, 576, f, RTE_DIM(f));
		assert_in_range(n, 3, RTE_DIM(f));
		give_fragments(f, n, i % 2);
		struct pollfd pfd = {.fd = fd, .events = POLLIN};
		assert_int_equal(poll(&pfd, 1, 3000), 1);
		assert_int_equal(recv(fd, got, sizeof(got), 0), len - 40);
		assert_memory_equal(got, b + 40, len - 40u);
	}
	close(fd);
	assert_int_equal(rte_mempool_avail_count(bed_pool), BED_MBUFS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernel_sends_the_same_errors),
		cmocka_unit_test(the_kernel_is_silent_about_the_same),
		cmocka_unit_test(sockets_believe_our_errors),
		cmocka_unit_test(the_kernel_puts_fragments_together),
	};

	if (unshare(CLONE_NEWNET) < 0) {
		printf("SKIP: a network namespace needs root\n");
		return 77;
	}
	if (bed_eal("0") != 0)
		return 1;
	return cmocka_run_group_tests_name("packet_kernel", tests, lab_up, lab_down);
}
