/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments that stay whole, with a kernel at both ends: sockets of two network namespaces, and what
 * this suite reads from the TUN or TAP of one it writes to that of the other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/tcp.h>
#include <netinet/udp.h>

#include "bed/tun_pair.h"

#define SERVED 7777
#define MB     (1u << 20)

struct address {
	struct sockaddr_storage at;
	socklen_t len;
};

static struct address address(const char *text, uint16_t port)
{
	struct address a = {.len = sizeof(struct sockaddr_in)};

	if (strchr(text, ':') != NULL) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a.at;
		*in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
		assert_int_equal(inet_pton(AF_INET6, text, &in6->sin6_addr), 1);
		a.len = sizeof(*in6);
	} else {
		struct sockaddr_in *in = (struct sockaddr_in *)&a.at;
		*in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
		assert_int_equal(inet_pton(AF_INET, text, &in->sin_addr), 1);
	}
	return a;
}

/* A connection through both devices: fd[0] here, fd[1] there. `mss` 0: as it comes. */
static void connect_both(const char *to, int mss, int fd[2])
{
	const struct address a = address(to, SERVED);
	const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, one = 1;

	tun_pair_go_to(true);
	int listener = socket(a.at.ss_family, type, 0);
	assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	assert_int_equal(bind(listener, (const struct sockaddr *)&a.at, a.len), 0);
	assert_int_equal(listen(listener, 1), 0);
	tun_pair_go_to(false);
	fd[0] = socket(a.at.ss_family, type, 0);
	if (mss != 0)
		assert_int_equal(setsockopt(fd[0], IPPROTO_TCP, TCP_MAXSEG, &mss, sizeof(mss)), 0);
	assert_int_equal(connect(fd[0], (const struct sockaddr *)&a.at, a.len), -1);
	assert_int_equal(errno, EINPROGRESS);
	fd[1] = -1;
	for (unsigned i = 0; i < 10000 && fd[1] < 0; i++) {
		if (tun_pair_relay() == 0)
			usleep(1000);
		fd[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	}
	assert_true(fd[1] >= 0);
	close(listener);
}

static void close_both(const int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

static uint8_t byte(size_t at)
{
	return (uint8_t)(at * 5 + (at >> 8) * 3 + (at >> 16));
}

/* From one end to the other, and each byte is the one that was sent. */
struct stream {
	int from, to;
	size_t total, sent, got;
};

/* Whether anything moved. */
static bool move(struct stream *s)
{
	static uint8_t out[65536], in[65536];
	bool moved = false;

	if (s->sent < s->total) {
		size_t n = RTE_MIN(sizeof(out), s->total - s->sent);
		for (size_t i = 0; i < n; i++)
			out[i] = byte(s->sent + i);
		ssize_t k = send(s->from, out, n, MSG_NOSIGNAL);
		assert_true(k > 0 || errno == EAGAIN);
		s->sent += k > 0 ? (size_t)k : 0;
		moved = k > 0;
	}
	ssize_t k = recv(s->to, in, sizeof(in), 0);
	assert_true(k > 0 || (k < 0 && errno == EAGAIN));
	for (ssize_t i = 0; i < k; i++)
		if (in[i] != byte(s->got + (size_t)i))
			fail_msg("byte %zu is another one", s->got + (size_t)i);
	s->got += k > 0 ? (size_t)k : 0;
	return moved || k > 0;
}

/* All of them, until all is there; 20 s of silence are the end. */
static void transfer(struct stream *s, unsigned n)
{
	unsigned silent = 0, done = 0;

	while (done < n && silent < 20000) {
		bool moved = tun_pair_relay() > 0;
		done = 0;
		for (unsigned i = 0; i < n; i++) {
			moved = move(&s[i]) || moved;
			done += s[i].got == s[i].total;
		}
		silent = moved ? 0 : silent + 1;
		if (!moved)
			usleep(1000);
	}
	assert_int_equal(done, n);
}

static void transfer_one(const int fd[2], size_t bytes)
{
	struct stream s = {fd[0], fd[1], bytes, 0, 0};

	transfer(&s, 1);
}

/* Packets with data the kernel there was handed by that connection. */
static uint32_t packets_in(int fd)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	return info.tcpi_data_segs_in;
}

static void stream_by(const struct ovnet_driver *driver, const char *to, bool cut)
{
	const uint32_t takes = OVNET_CAP_RX_CSUM | OVNET_CAP_RX_GSO | OVNET_CAP_TX_CSUM |
			       OVNET_CAP_TX_TSO4 | OVNET_CAP_TX_TSO6 | OVNET_CAP_TX_ECN;
	const struct tun_way *w = &tun_pair.way;
	int fd[2];

	tun_pair_begin(driver);
	assert_int_equal(tun_pair.near->caps & takes, takes);
	tun_pair.way.cut = cut;
	connect_both(to, 0, fd);
	transfer_one(fd, 8 * MB);
	/* A stream takes its time to send 64 KB at once, but most of it goes in such packets. */
	assert_true(w->largest > 20000);
	assert_true(w->packets * 4 < 8 * MB / TUN_PAIR_MTU);
	/* Wrongly foreseen or not. */
	assert_int_equal(w->landed, w->whole);
	if (cut)
		assert_true(packets_in(fd[1]) > 8 * MB / TUN_PAIR_MTU);
	else
		assert_true(packets_in(fd[1]) <= w->packets);
	close_both(fd);
	tun_pair_end();
}

static void tcp4_goes_whole(void **state)
{
	(void)state;
	stream_by(&ovnet_driver_host, TUN_PAIR_FAR, false);
}

static void tcp6_goes_whole(void **state)
{
	(void)state;
	stream_by(&ovnet_driver_host, TUN_PAIR_FAR6, false);
}

static void tcp4_goes_whole_in_frames(void **state)
{
	(void)state;
	stream_by(&ovnet_driver_tap, TUN_PAIR_FAR, false);
}

static void what_landed_is_cut(void **state)
{
	(void)state;
	stream_by(&ovnet_driver_host, TUN_PAIR_FAR, true);
	stream_by(&ovnet_driver_host, TUN_PAIR_FAR6, true);
	stream_by(&ovnet_driver_tap, TUN_PAIR_FAR6, true);
}

/* The kernel would cut these itself for a device that takes no CWR whole. */
static void cwr_goes_whole(void **state)
{
	(void)state;
	int fd[2];

	for (unsigned cut = 0; cut < 2; cut++) {
		tun_pair_begin(&ovnet_driver_host);
		tun_pair.way.cut = cut;
		connect_both(TUN_PAIR_FAR, 0, fd);
		for (unsigned i = 0; i < 20 && tun_pair.way.with_cwr == 0; i++) {
			tun_pair.way.mark = true;
			transfer_one(fd, MB);
		}
		assert_true(tun_pair.way.with_cwr > 0);
		assert_int_equal(tun_pair.way.landed, tun_pair.way.whole);
		close_both(fd);
		tun_pair_end();
	}
}

/* Two sizes in turn, and one of which 64 buffers do not hold all: those are cut by copying. */
static void streams_of_other_sizes_beside_each_other(void **state)
{
	(void)state;
	const int mss[] = {0, 1100, 560};
	struct stream s[RTE_DIM(mss)];
	int fd[RTE_DIM(mss)][2];

	for (unsigned cut = 0; cut < 2; cut++) {
		tun_pair_begin(&ovnet_driver_host);
		tun_pair.way.cut = cut;
		for (unsigned i = 0; i < RTE_DIM(mss); i++) {
			connect_both(TUN_PAIR_FAR, mss[i], fd[i]);
			s[i] = (struct stream){fd[i][0], fd[i][1], 4 * MB, 0, 0};
		}
		transfer(s, RTE_DIM(mss));
		assert_true(tun_pair.way.whole > 0);
		for (unsigned i = 0; i < RTE_DIM(mss); i++)
			close_both(fd[i]);
		tun_pair_end();
	}
}

/* By somebody, while it is in use: segments come one by one, finished. */
static void offloads_that_somebody_switched_off(void **state)
{
	(void)state;
	int fd[2];

	tun_pair_begin(&ovnet_driver_host);
	connect_both(TUN_PAIR_FAR, 0, fd);
	transfer_one(fd, MB);
	assert_true(tun_pair.way.whole > 0);
	lab("sh", "-c", "ethtool -K near0 tx off >/dev/null");
	while (tun_pair_relay() > 0)
		;
	tun_pair.way = (struct tun_way){0};
	transfer_one(fd, MB);
	assert_int_equal(tun_pair.way.whole, 0);
	assert_true(tun_pair.way.packets >= MB / TUN_PAIR_MTU);
	/* And on again. */
	lab("sh", "-c", "ethtool -K near0 tx on >/dev/null");
	transfer_one(fd, 4 * MB);
	assert_true(tun_pair.way.whole > 0);
	close_both(fd);
	tun_pair_end();
}

/* Without buffers they are counted, and TCP sends them again when there are some. */
static void without_buffers_they_are_counted(void **state)
{
	(void)state;
	static struct rte_mbuf *held[8192];
	struct ovnet_port_stats stats;
	int fd[2];

	tun_pair_begin(&ovnet_driver_host);
	connect_both(TUN_PAIR_FAR, 0, fd);
	transfer_one(fd, 4 * MB);
	unsigned n = 0;
	while ((held[n] = rte_pktmbuf_alloc(lab_pool)) != NULL)
		n++;
	struct stream s = {fd[0], fd[1], 2 * MB, 0, 0};
	for (unsigned i = 0; i < 50; i++) {
		move(&s);
		tun_pair_relay();
	}
	tun_pair.near->driver->stats(tun_pair.near, &stats);
	assert_true(stats.no_mbuf > 0);
	rte_pktmbuf_free_bulk(held, n);
	transfer(&s, 1);
	close_both(fd);
	tun_pair_end();
}

static void udp_sockets(int fd[2])
{
	const struct address far = address(TUN_PAIR_FAR, SERVED);
	const int one = 1, big = MB;

	tun_pair_go_to(true);
	fd[1] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd[1], (const struct sockaddr *)&far.at, far.len), 0);
	assert_int_equal(setsockopt(fd[1], IPPROTO_UDP, UDP_GRO, &one, sizeof(one)), 0);
	assert_int_equal(setsockopt(fd[1], SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big)), 0);
	tun_pair_go_to(false);
	fd[0] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd[0], (const struct sockaddr *)&far.at, far.len), 0);
}

/* The next datagrams that came together; how large each is, 0: one alone. */
static ssize_t receive(int fd, uint8_t *buf, size_t size, int *each)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {buf, size};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &msg, 0);

	*each = 0;
	for (struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&msg); c != NULL;
		c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
			memcpy(each, CMSG_DATA(c), sizeof(*each));
	return n;
}

static void udp_goes_whole_where_the_kernel_can(void **state)
{
	(void)state;
	static uint8_t out[40 * 1000 + 500], in[65536];
	const int size = 1000;
	int fd[2], each;

	tun_pair_begin(&ovnet_driver_host);
	if ((tun_pair.near->caps & OVNET_CAP_TX_USO) == 0) {
		print_message("no UDP segmentation offload before Linux 6.2\n");
		tun_pair_end();
		skip();
	}
	udp_sockets(fd);
	assert_int_equal(setsockopt(fd[0], IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)), 0);
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = byte(i);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(send(fd[0], out, sizeof(out), 0), sizeof(out));
		tun_pair.way.whole = tun_pair.way.landed = 0;
		tun_pair_relay_until_readable(fd[1]);
		assert_int_equal(tun_pair.way.whole, 1);
		assert_int_equal(tun_pair.way.landed, 1);
		assert_int_equal(receive(fd[1], in, sizeof(in), &each), sizeof(out));
		assert_int_equal(each, size);
		assert_memory_equal(in, out, sizeof(out));
	}
	/* Cut, they come one by one. */
	tun_pair.way.cut = true;
	assert_int_equal(send(fd[0], out, sizeof(out), 0), sizeof(out));
	for (size_t at = 0; at < sizeof(out); at += (size_t)size) {
		tun_pair_relay_until_readable(fd[1]);
		ssize_t n = receive(fd[1], in, sizeof(in), &each);
		assert_int_equal(n, RTE_MIN(sizeof(out) - at, (size_t)size));
		assert_memory_equal(in, out + at, (size_t)n);
	}
	close_both(fd);
	tun_pair_end();
}

/* What anybody may send is not what the next ones are read by. */
static void tiny_datagrams_hold_up_nobody(void **state)
{
	(void)state;
	static const int sizes[] = {1, 2, 3, 4, 13, 48};
	const uint8_t out[64 * 48] = {0};
	struct ovnet_port_stats stats;
	int fd[2], udp[2];

	tun_pair_begin(&ovnet_driver_host);
	if ((tun_pair.near->caps & OVNET_CAP_TX_USO) == 0) {
		print_message("no UDP segmentation offload before Linux 6.2\n");
		tun_pair_end();
		skip();
	}
	connect_both(TUN_PAIR_FAR, 0, fd);
	udp_sockets(udp);
	for (unsigned i = 0; i < RTE_DIM(sizes); i++) {
		for (unsigned k = 0; k < 4; k++) {
			assert_int_equal(setsockopt(udp[0], IPPROTO_UDP, UDP_SEGMENT, &sizes[i],
						 sizeof(sizes[i])),
				0);
			assert_int_equal(
				send(udp[0], out, (size_t)sizes[i] * 64, 0), sizes[i] * 64);
			tun_pair_relay_until_readable(udp[1]);
			while (recv(udp[1], (uint8_t[4096]){0}, 4096, 0) >= 0)
				;
		}
		transfer_one(fd, 4 * MB);
		tun_pair.near->driver->stats(tun_pair.near, &stats);
		assert_int_equal(stats.errors, 0);
	}
	close_both(udp);
	close_both(fd);
	tun_pair_end();
}

int main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, tun_pair_clean_up)
	const struct CMUnitTest tests[] = {
		CASE(tcp4_goes_whole),
		CASE(tcp6_goes_whole),
		CASE(tcp4_goes_whole_in_frames),
		CASE(what_landed_is_cut),
		CASE(cwr_goes_whole),
		CASE(streams_of_other_sizes_beside_each_other),
		CASE(offloads_that_somebody_switched_off),
		CASE(without_buffers_they_are_counted),
		CASE(udp_goes_whole_where_the_kernel_can),
		CASE(tiny_datagrams_hold_up_nobody),
	};

	lab_enter();
	return cmocka_run_group_tests_name("tun_segments", tests, NULL, NULL);
}
