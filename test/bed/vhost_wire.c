/* SPDX-License-Identifier: BSD-3-Clause */
/* vhost-user's messages, right or wrong. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bed/vhost_guest.h"

#define VERSION  1
#define HEAD     12
#define MAX_FDS  16
#define MAX_BODY 4096
#define NO_FD    0x100

bool vg_tell_as(struct vg *g, uint32_t request, uint32_t flags, uint32_t size, const void *payload,
	size_t len, const int *fds, unsigned n_fds)
{
	const uint32_t head[3] = {request, flags | (g->asks ? VG_NEED_REPLY : 0), size};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(MAX_FDS * sizeof(int))];
	} control = {0};
	struct iovec iov[2] = {{(void *)head, HEAD}, {(void *)payload, len}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = len > 0 ? 2 : 1};

	if (n_fds > 0 && n_fds <= MAX_FDS) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	return TEMP_FAILURE_RETRY(sendmsg(g->fd, &msg, MSG_NOSIGNAL)) == (ssize_t)(HEAD + len);
}

bool vg_tell(struct vg *g, uint32_t request, const void *payload, size_t len)
{
	return vg_tell_as(g, request, VERSION, (uint32_t)len, payload, len, NULL, 0);
}

bool vg_tell_u64(struct vg *g, uint32_t request, uint64_t value)
{
	return vg_tell(g, request, &value, sizeof(value));
}

bool vg_tell_ring(struct vg *g, uint32_t request, uint32_t ring, uint32_t num)
{
	const uint32_t state[2] = {ring, num};

	return vg_tell(g, request, state, sizeof(state));
}

bool vg_tell_fd(struct vg *g, uint32_t request, uint64_t value, int fd)
{
	if (fd < 0)
		value |= NO_FD;
	return vg_tell_as(
		g, request, VERSION, sizeof(value), &value, sizeof(value), &fd, fd >= 0 ? 1 : 0);
}

bool vg_tell_memory(
	struct vg *g, const struct vg_region *r, uint32_t n, const int *fds, unsigned n_fds)
{
	uint8_t body[8 + 16 * sizeof(*r)] = {0};
	const uint32_t sent = n < 16 ? n : 16;
	/* As large as the specification has it for that many, or for the eight it allows. */
	const size_t len = 8 + (sent < 8 ? sent : 8) * sizeof(*r);

	memcpy(body, &n, sizeof(n));
	memcpy(body + 8, r, sent * sizeof(*r));
	return vg_tell_as(g, VG_SET_MEM_TABLE, VERSION, (uint32_t)len, body, len, fds, n_fds);
}

bool vg_tell_own_memory(struct vg *g)
{
	const struct vg_region all = {VG_GPA, g->mem_size, VG_USER, 0};

	return vg_tell_memory(g, &all, 1, &g->memfd, 1);
}

/* A timer's signal is not the end of it. */
static bool hear_all(int fd, void *to, size_t n)
{
	uint8_t *at = to;
	ssize_t got = 1;

	for (size_t have = 0; have < n && got > 0; have += (size_t)got) {
		errno = 0; /* of who hangs up */
		got = TEMP_FAILURE_RETRY(recv(fd, at + have, n - have, 0));
		if (got <= 0)
			return false;
	}
	return true;
}

int vg_hear(struct vg *g, uint32_t request, void *payload, size_t size)
{
	uint32_t head[3];
	uint8_t body[MAX_BODY];

	do
		if (!hear_all(g->fd, head, HEAD) || head[2] > sizeof(body) ||
			!hear_all(g->fd, body, head[2]))
			return -1;
	while (g->asks && head[0] != request);
	if (head[0] != request)
		return -1;
	memcpy(payload, body, head[2] < size ? head[2] : size);
	return (int)head[2];
}

bool vg_ask_u64(struct vg *g, uint32_t request, uint64_t *value)
{
	return vg_tell(g, request, NULL, 0) &&
	       vg_hear(g, request, value, sizeof(*value)) == sizeof(*value);
}

bool vg_in_step(struct vg *g)
{
	uint64_t features;

	return vg_ask_u64(g, VG_GET_FEATURES, &features);
}

bool vg_refused(struct vg *g)
{
	uint32_t head[3];
	uint64_t answer = 0;

	while (hear_all(g->fd, head, HEAD)) {
		if (head[2] != sizeof(answer) || !hear_all(g->fd, &answer, sizeof(answer)))
			return false;
		if (answer != 0)
			return true;
	}
	return errno != EAGAIN;
}

bool vg_hung_up(struct vg *g, int ms)
{
	struct pollfd p = {.fd = g->fd, .events = POLLIN};
	char rest[256];

	while (poll(&p, 1, ms) == 1) {
		ssize_t n = recv(g->fd, rest, sizeof(rest), MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return true;
	}
	return false;
}
