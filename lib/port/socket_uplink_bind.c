/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sockets a queue hears. One of both IP versions, so that one look serves both; where the
 * kernel has no IPv6, one of IPv4. A worker may be reading meanwhile: it goes on with the same
 * number, behind which the other socket is put at once.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "port/socket_uplink.h"

#define RCVBUF (8 << 20) /* some 4,000 full packets: 3 ms at 10 Gbit/s */

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

static bool set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

/* What the datagrams' own headers said has to come with them. */
static bool set_options(int fd, bool v6)
{
	if (!set(fd, SOL_SOCKET, SO_RCVBUFFORCE, RCVBUF) && !set(fd, SOL_SOCKET, SO_RCVBUF, RCVBUF))
		return false;
	if (!set(fd, SOL_SOCKET, SO_REUSEPORT, 1) || !set(fd, IPPROTO_IP, IP_PKTINFO, 1) ||
		!set(fd, IPPROTO_IP, IP_RECVTOS, 1))
		return false;
	/* RFC 6935: a tunnel may leave the checksum out. */
	return !v6 || (set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) &&
			      set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
			      set(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1) &&
			      set(fd, IPPROTO_UDP, UDP_NO_CHECK6_RX, 1));
}

/* Where the kernel merges none (before 5.0), each datagram comes by itself. */
static void merge(int fd, bool on)
{
	(void)set(fd, IPPROTO_UDP, UDP_GRO, on);
}

void socket_bind_merge(const struct socket_queue *s, bool on)
{
	merge(s->fd, on);
}

bool socket_bind_any(int fd, bool v6, uint16_t port)
{
	const struct sockaddr_in at4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	const struct sockaddr_in6 at6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	return v6 ? bind(fd, (const struct sockaddr *)&at6, sizeof(at6)) == 0
		  : bind(fd, (const struct sockaddr *)&at4, sizeof(at4)) == 0;
}

/* The interface before the port: not one packet of another is to come in. */
static bool set_up(int fd, bool v6, uint32_t ifindex, uint16_t port)
{
	if (!set(fd, SOL_SOCKET, SO_BINDTOIFINDEX, (int)ifindex) || !set_options(fd, v6))
		return false;
	merge(fd, true);
	return socket_bind_any(fd, v6, port);
}

int socket_new(bool *v6)
{
	const int type = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
	int fd = socket(AF_INET6, type, 0);

	*v6 = fd >= 0;
	if (fd < 0 && errno == EAFNOSUPPORT)
		fd = socket(AF_INET, type, 0);
	return fd < 0 ? -errno : fd;
}

int socket_try(uint32_t ifindex)
{
	bool v6;
	int fd = socket_new(&v6), err = 0;

	if (fd < 0)
		return fd;
	if (!set_up(fd, v6, ifindex, 0))
		err = -errno;
	close(fd);
	return err;
}

static int open_socket(uint32_t ifindex, uint16_t port)
{
	bool v6;
	int fd = socket_new(&v6);

	if (fd < 0)
		return fd;
	if (port != 0 && !set_up(fd, v6, ifindex, port)) {
		int err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static uint64_t drops_of(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) < 0)
		return 0;
	return info[SK_MEMINFO_DROPS];
}

uint64_t socket_missed(const struct socket_queue *s)
{
	return s->missed + drops_of(s->fd);
}

/* A socket is watched as long as it lives: the former one leaves the set when it is replaced. */
static int watch(struct socket_queue *s)
{
	struct epoll_event ev = {.events = EPOLLIN};

	return epoll_ctl(s->wait_fd, EPOLL_CTL_ADD, s->fd, &ev) < 0 ? -errno : 0;
}

static int replace(struct socket_queue *s, int fd)
{
	s->missed += drops_of(s->fd);
	int rc = dup3(fd, s->fd, O_CLOEXEC) < 0 ? -errno : 0;
	close(fd);
	return rc < 0 ? rc : watch(s);
}

int socket_bind(struct socket_queue *s, uint16_t udp_port)
{
	int fd = open_socket(s->q.port->ifindex, udp_port);

	if (fd < 0)
		return fd;
	/* Before the first packet of it. */
	atomic_store_explicit(&s->udp_port, udp_port, memory_order_relaxed);
	if (s->fd >= 0)
		return replace(s, fd);
	s->fd = fd;
	s->wait_fd = epoll_create1(EPOLL_CLOEXEC);
	return s->wait_fd < 0 ? -errno : watch(s);
}
