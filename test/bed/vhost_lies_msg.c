/* SPDX-License-Identifier: BSD-3-Clause */
/* What a front end can say, to a switch that has its rings already. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "bed/vhost_lies.h"

#define VERSION 1
#define FLOOD   20000

static bool request(struct vg *g, uint32_t what, size_t len)
{
	const uint64_t body[8] = {1, 1, 1, 1, 1, 1, 1, 1};

	return vg_tell(g, what, body, len);
}

static bool unknown_requests(struct vg *g)
{
	return request(g, 0, 8) || request(g, 99, 8) || request(g, UINT32_MAX, 8);
}

static bool requests_for_other_devices(struct vg *g)
{
	return request(g, VG_GET_CONFIG, 60) || request(g, VG_POSTCOPY_ADVISE, 0);
}

static bool an_iotlb_message(struct vg *g)
{
	return request(g, VG_IOTLB_MSG, 40);
}

static bool reset_owner(struct vg *g)
{
	return vg_tell(g, VG_RESET_OWNER, NULL, 0);
}

static bool half_a_header(struct vg *g)
{
	return write(g->fd, "\x08\0\0\0\1", 5) == 5;
}

/* The rest never comes. */
static bool half_a_message(struct vg *g)
{
	return vg_tell_as(g, VG_SET_VRING_NUM, VERSION, 8, "\0\0\0", 3, NULL, 0);
}

static bool only_the_head_of_a_message(struct vg *g)
{
	return vg_tell_as(g, VG_SET_MEM_TABLE, VERSION, 40, NULL, 0, &g->memfd, 1);
}

static bool a_payload_of_four_gigabytes(struct vg *g)
{
	return vg_tell_as(g, VG_SET_FEATURES, VERSION, UINT32_MAX, "x", 1, NULL, 0);
}

static bool short_payloads(struct vg *g)
{
	return vg_tell_as(g, VG_SET_VRING_NUM, VERSION | VG_NEED_REPLY, 4, "\0\0\0", 4, NULL, 0) &&
	       vg_tell_as(g, VG_SET_VRING_ADDR, VERSION, 0, NULL, 0, NULL, 0);
}

static bool another_version(struct vg *g)
{
	return vg_tell_as(g, VG_SET_OWNER, 3, 0, NULL, 0, NULL, 0);
}

static bool a_kick_without_its_fd(struct vg *g)
{
	const uint64_t ring = LIE_TX;

	return vg_tell(g, VG_SET_VRING_KICK, &ring, sizeof(ring));
}

static bool fds_for_nothing(struct vg *g)
{
	const int fds[8] = {g->memfd, g->memfd, g->memfd, g->memfd, 0, 1, 2, g->fd};

	return vg_tell_as(g, VG_SET_OWNER, VERSION, 0, NULL, 0, fds, 8);
}

static bool fds_for_a_question(struct vg *g)
{
	return vg_tell_as(g, VG_GET_QUEUE_NUM, VERSION, 0, NULL, 0, &g->memfd, 1);
}

static bool more_fds_than_there_may_be(struct vg *g)
{
	int fds[16];

	for (unsigned i = 0; i < 16; i++)
		fds[i] = g->memfd;
	return vg_tell_as(g, VG_SET_OWNER, VERSION, 0, NULL, 0, fds, 16);
}

static bool memory(struct vg *g, const struct vg_region *r, uint32_t n, unsigned fds)
{
	int fd[8];

	for (unsigned i = 0; i < 8; i++)
		fd[i] = g->memfd;
	return vg_tell_memory(g, r, n, fd, fds);
}

static bool no_memory(struct vg *g)
{
	const struct vg_region r[1] = {{0}};

	return memory(g, r, 0, 0);
}

static bool nine_regions(struct vg *g)
{
	const struct vg_region r[16] = {{VG_GPA, 4096, VG_USER, 0}};

	return memory(g, r, 9, 8);
}

static bool four_billion_regions(struct vg *g)
{
	const struct vg_region r[16] = {{VG_GPA, 4096, VG_USER, 0}};

	return memory(g, r, UINT32_MAX, 8);
}

static bool regions_without_fds(struct vg *g)
{
	const struct vg_region r[2] = {{VG_GPA, 4096, VG_USER, 0}, {0, 4096, 0, 0}};

	return memory(g, r, 2, 1);
}

static bool one_region(struct vg *g, uint64_t gpa, uint64_t size, uint64_t user, uint64_t offset)
{
	const struct vg_region r = {gpa, size, user, offset};

	return memory(g, &r, 1, 1);
}

static bool a_region_of_no_bytes(struct vg *g)
{
	return one_region(g, VG_GPA, 0, VG_USER, 0);
}

static bool a_region_of_all_bytes(struct vg *g)
{
	return one_region(g, 0, UINT64_MAX, 0, 0);
}

static bool a_region_that_wraps(struct vg *g)
{
	return one_region(g, UINT64_MAX - 4095, 8192, UINT64_MAX - 4095, 0);
}

static bool an_offset_that_wraps(struct vg *g)
{
	return one_region(g, VG_GPA, 8192, VG_USER, UINT64_MAX - 4095);
}

static bool a_region_larger_than_its_file(struct vg *g)
{
	return one_region(g, VG_GPA, g->mem_size * 2, VG_USER, 0);
}

static bool regions_that_overlap(struct vg *g)
{
	const struct vg_region r[2] = {
		{VG_GPA, g->mem_size, VG_USER, 0}, {VG_GPA + 4096, g->mem_size, VG_USER + 4096, 0}};

	return memory(g, r, 2, 2);
}

static bool region_of(struct vg *g, int fd)
{
	const struct vg_region r = {VG_GPA, 8192, VG_USER, 0};
	bool told = fd >= 0 && vg_tell_memory(g, &r, 1, &fd, 1);

	if (fd >= 0)
		close(fd);
	return told;
}

static bool memory_that_is_a_pipe(struct vg *g)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return false;
	close(fds[1]);
	return region_of(g, fds[0]);
}

static bool memory_that_is_read_only(struct vg *g)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", g->memfd);
	return region_of(g, open(path, O_RDONLY | O_CLOEXEC));
}

/* A good file but for that: its file system might be one that asks a program. */
static bool memory_on_a_disk(struct vg *g)
{
	char path[] = "/var/tmp/ovnet-lie-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0 || unlink(path) < 0 || ftruncate(fd, 8192) < 0)
		return false;
	return region_of(g, fd);
}

static bool the_same_memory_elsewhere(struct vg *g)
{
	return one_region(g, VG_GPA + 0x10000000, g->mem_size, VG_USER + 0x10000000, 0);
}

/* Half of it: the rings lie in it, some of the buffers do not. */
static bool less_memory(struct vg *g)
{
	return one_region(g, VG_GPA, VG_SPARE / 16, VG_USER, 0);
}

static bool memory_that_shrinks(struct vg *g)
{
	uint8_t frame[60] = {2};

	for (unsigned i = 0; i < 8; i++)
		vg_send(g, LIE_TX, NULL, frame, sizeof(frame), VG_PLAIN);
	return ftruncate(g->memfd, 0) == 0;
}

static bool event_of(struct vg *g, uint32_t what, int fd)
{
	bool told = fd >= 0 && vg_tell_fd(g, what, LIE_TX, fd);

	if (fd >= 0)
		close(fd);
	return told;
}

/* Whoever writes to it waits until somebody reads. */
static bool calls_by_a_full_pipe(struct vg *g)
{
	char much[4096] = {0};
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0 || fcntl(fds[1], F_SETFL, O_NONBLOCK) < 0)
		return false;
	while (write(fds[1], much, sizeof(much)) > 0)
		;
	bool told = fcntl(fds[1], F_SETFL, 0) == 0 && event_of(g, VG_SET_VRING_CALL, fds[1]);
	return close(fds[0]) == 0 && told; /* a copy of it may be on the way: nobody reads */
}

static bool calls_by_a_full_eventfd(struct vg *g)
{
	const uint64_t most = UINT64_MAX - 1;
	int fd = eventfd(0, EFD_CLOEXEC);

	if (fd < 0 || write(fd, &most, sizeof(most)) != sizeof(most))
		return false;
	return vg_tell_fd(g, VG_SET_VRING_CALL, LIE_RX, fd) && event_of(g, VG_SET_VRING_CALL, fd);
}

static bool kicks_by_a_file(struct vg *g)
{
	return event_of(g, VG_SET_VRING_KICK, open("/dev/null", O_RDWR | O_CLOEXEC));
}

static bool protocol_features_never_offered(struct vg *g)
{
	return vg_tell_u64(g, VG_SET_PROTOCOL_FEATURES, UINT64_MAX);
}

static bool an_mtu_of(struct vg *g, uint64_t mtu)
{
	return vg_tell_u64(g, VG_NET_SET_MTU, mtu);
}

static bool an_mtu_of_nothing(struct vg *g)
{
	return an_mtu_of(g, 0) || an_mtu_of(g, UINT64_MAX);
}

static bool a_log_of_writes(struct vg *g)
{
	const uint64_t log[2] = {UINT64_MAX, 0};

	return vg_tell_as(g, VG_SET_LOG_BASE, VERSION, 16, log, 16, &g->memfd, 1) ||
	       vg_tell_fd(g, VG_SET_LOG_FD, 0, g->memfd);
}

static bool in_flight_memory(struct vg *g)
{
	const uint64_t body[3] = {4096, 0, 0xffff0002};

	return vg_tell_as(g, VG_SET_INFLIGHT_FD, VERSION, 20, body, 20, &g->memfd, 1);
}

static bool its_own_socket_for_requests(struct vg *g)
{
	return vg_tell_as(g, VG_SET_SLAVE_REQ_FD, VERSION, 0, NULL, 0, &g->fd, 1);
}

/* Nobody reads the answers. */
static bool questions_without_end(struct vg *g)
{
	const struct timeval soon = {.tv_usec = 1000};

	if (setsockopt(g->fd, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon)) < 0)
		return false;
	for (unsigned i = 0; i < FLOOD; i++)
		if (!vg_tell_as(g, VG_SET_OWNER, VERSION | VG_NEED_REPLY, 0, NULL, 0, NULL, 0))
			break;
	return true;
}

static bool rings_switched_all_the_time(struct vg *g)
{
	bool told = true;

	for (unsigned i = 0; told && i < 500; i++)
		told = vg_ring_enable(g, i & 1, (i & 2) != 0);
	return told;
}

static bool kicks_all_the_time(struct vg *g)
{
	for (unsigned i = 0; i < FLOOD; i++)
		vg_kick(g, i & 1);
	return true;
}

static bool hangs_up(struct vg *g)
{
	uint8_t frame[60] = {2};

	for (unsigned i = 0; i < VG_SLOTS / 2; i++)
		vg_send(g, LIE_TX, NULL, frame, sizeof(frame), VG_PLAIN);
	vg_hang_up(g);
	return true;
}

#define LIE(f)                     \
	{                          \
#f, LIE_MESSAGE, f \
	}
#define BORNE(f)                 \
	{                        \
#f, LIE_BORNE, f \
	}
const struct lie vhost_message_lies[] = {LIE(unknown_requests), LIE(requests_for_other_devices),
	LIE(an_iotlb_message), LIE(reset_owner), LIE(half_a_header), LIE(half_a_message),
	LIE(only_the_head_of_a_message), LIE(a_payload_of_four_gigabytes), LIE(short_payloads),
	BORNE(another_version), LIE(a_kick_without_its_fd), LIE(fds_for_nothing),
	LIE(fds_for_a_question), LIE(more_fds_than_there_may_be), LIE(no_memory), LIE(nine_regions),
	LIE(four_billion_regions), LIE(regions_without_fds), LIE(a_region_of_no_bytes),
	LIE(a_region_of_all_bytes), LIE(a_region_that_wraps), LIE(an_offset_that_wraps),
	LIE(a_region_larger_than_its_file), LIE(regions_that_overlap), LIE(memory_that_is_a_pipe),
	LIE(memory_that_is_read_only), LIE(memory_on_a_disk), LIE(the_same_memory_elsewhere),
	BORNE(less_memory), BORNE(memory_that_shrinks), LIE(calls_by_a_full_pipe),
	BORNE(calls_by_a_full_eventfd), LIE(kicks_by_a_file), LIE(protocol_features_never_offered),
	LIE(an_mtu_of_nothing), LIE(a_log_of_writes), LIE(in_flight_memory),
	LIE(its_own_socket_for_requests), LIE(questions_without_end),
	BORNE(rings_switched_all_the_time), BORNE(kicks_all_the_time), BORNE(hangs_up),
	{NULL, LIE_MESSAGE, NULL}};
