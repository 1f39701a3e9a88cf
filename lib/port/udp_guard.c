/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/udp_guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

OVNET_LOG_TYPE(port)

static int drop_all(int fd)
{
	struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog prog = {.len = 1, .filter = &code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog));
}

static int bind_to(int fd, int family, uint16_t port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	const int one = 1;

	if (family == AF_INET)
		return bind(fd, (struct sockaddr *)&v4, sizeof(v4));
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0)
		return -1;
	return bind(fd, (struct sockaddr *)&v6, sizeof(v6));
}

/*
 * Only now, with the port ours: sockets of this process and user may stand beside it, and the
 * kernel prefers those of an interface (udp_socket.h). Nobody else's can.
 */
static int let_in(int fd)
{
	const int one = 1;

	return setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
}

static int open_family(int family, uint16_t port)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	/* The filter first: not one packet is to be queued. */
	if (drop_all(fd) < 0 || bind_to(fd, family, port) < 0 || let_in(fd) < 0) {
		int err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int failed(uint16_t port, int err, struct ovnet_patience *patience)
{
	if (err == -EADDRINUSE && ovnet_patience_left(patience, "UDP port %u", port))
		return -EAGAIN;
	if (err == -EADDRINUSE)
		LOG(ERR,
			"UDP port %u is taken: by a kernel vxlan device (ip -d link show type "
			"vxlan; remove it: ip link delete NAME; is flanneld still running?) or by "
			"another process (ss -ulnp sport = :%u)",
			port, port);
	else
		LOG(ERR, "cannot hold UDP port %u: %s", port, strerror(-err));
	return err;
}

int ovnet_udp_guard_open(
	struct ovnet_udp_guard *guard, uint16_t port, struct ovnet_patience *patience)
{
	*guard = (struct ovnet_udp_guard){-1, -1};
	guard->fd4 = open_family(AF_INET, port);
	if (guard->fd4 < 0)
		return failed(port, guard->fd4, patience);
	guard->fd6 = open_family(AF_INET6, port);
	if (guard->fd6 == -EAFNOSUPPORT) {
		guard->fd6 = -1;
		return 0;
	}
	if (guard->fd6 < 0) {
		int err = guard->fd6;
		guard->fd6 = -1;
		ovnet_udp_guard_close(guard);
		return failed(port, err, patience);
	}
	return 0;
}

void ovnet_udp_guard_merge(const struct ovnet_udp_guard *guard, bool on)
{
	const int value = on;

	if (guard->fd4 >= 0)
		(void)setsockopt(guard->fd4, IPPROTO_UDP, UDP_GRO, &value, sizeof(value));
	if (guard->fd6 >= 0)
		(void)setsockopt(guard->fd6, IPPROTO_UDP, UDP_GRO, &value, sizeof(value));
}

void ovnet_udp_guard_close(struct ovnet_udp_guard *guard)
{
	if (guard->fd4 >= 0)
		close(guard->fd4);
	if (guard->fd6 >= 0)
		close(guard->fd6);
	*guard = (struct ovnet_udp_guard){-1, -1};
}
