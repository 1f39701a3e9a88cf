/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/vhost_guest.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define TABLES ((size_t)16 << 10) /* of a ring: descriptors, then what else it has */
#define BYTES  (TABLES + (size_t)VG_SLOTS * VG_ROOM)

static_assert(VG_RINGS * BYTES <= VG_SPARE && VG_SPARE < VG_MEMORY, "all rings, and spare room");
static_assert(VG_SPARE < VG_BIG && VG_BIG + VG_SLOTS * VG_BIG_ROOM <= VG_MEMORY, "large frames");

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	return at;
}

static bool listens(struct vg *g)
{
	struct sockaddr_un at = address_of(g->conf.path);

	if (unlink(g->conf.path) < 0 && errno != ENOENT)
		return false;
	g->listen = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return g->listen >= 0 && bind(g->listen, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	       listen(g->listen, 1) == 0;
}

static bool has_memory(struct vg *g)
{
	g->mem_size = VG_MEMORY;
	g->memfd = memfd_create("guest", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (g->memfd < 0 || ftruncate(g->memfd, (off_t)g->mem_size) < 0)
		return false;
	if (g->conf.seal && fcntl(g->memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0)
		return false;
	void *at = mmap(NULL, g->mem_size, PROT_READ | PROT_WRITE, MAP_SHARED, g->memfd, 0);
	g->mem = at != MAP_FAILED ? at : NULL;
	return g->mem != NULL;
}

static bool has_rings(struct vg *g)
{
	for (unsigned i = 0; i < VG_RINGS; i++) {
		struct vg_ring *r = &g->ring[i];
		r->size = g->conf.size;
		r->desc = i * BYTES;
		r->avail = r->desc + VG_SIZE * sizeof(struct vring_desc);
		r->used = r->avail + 2048;
		r->room = r->desc + TABLES;
		r->kick = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		r->call = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (r->kick < 0 || r->call < 0)
			return false;
	}
	return true;
}

bool vg_open(struct vg *g, const struct vg_conf *conf)
{
	*g = (struct vg){.conf = *conf, .listen = -1, .fd = -1, .memfd = -1};
	if (g->conf.pairs == 0)
		g->conf.pairs = 1;
	if (g->conf.size == 0)
		g->conf.size = VG_SIZE;
	if (g->conf.rx_room == 0)
		g->conf.rx_room = VG_ROOM;
	for (unsigned i = 0; i < VG_RINGS; i++)
		g->ring[i].kick = g->ring[i].call = -1;
	if (has_memory(g) && has_rings(g) && (!conf->server || listens(g)))
		return true;
	vg_close(g);
	return false;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void vg_hang_up(struct vg *g)
{
	shut(&g->fd);
}

void vg_close(struct vg *g)
{
	shut(&g->fd);
	if (g->listen >= 0)
		unlink(g->conf.path);
	shut(&g->listen);
	if (g->mem != NULL)
		munmap(g->mem, g->mem_size);
	g->mem = NULL;
	shut(&g->memfd);
	for (unsigned i = 0; i < VG_RINGS; i++) {
		shut(&g->ring[i].kick);
		shut(&g->ring[i].call);
	}
}

static int meet_once(struct vg *g)
{
	struct sockaddr_un at = address_of(g->conf.path);
	struct pollfd p = {.fd = g->listen, .events = POLLIN};

	if (g->listen >= 0)
		return poll(&p, 1, 10) == 1 ? accept4(g->listen, NULL, NULL, SOCK_CLOEXEC) : -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		shut(&fd);
		usleep(10000);
	}
	return fd;
}

bool vg_meet(struct vg *g, int ms)
{
	const struct timeval patience = {.tv_sec = 5};

	for (int waited = 0; g->fd < 0 && waited <= ms; waited += 10)
		g->fd = meet_once(g);
	return g->fd >= 0 &&
	       setsockopt(g->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
	       setsockopt(g->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0;
}

bool vg_negotiate(struct vg *g)
{
	const uint64_t want = g->conf.features | VG_BIT(VIRTIO_F_VERSION_1) | VG_F_PROTOCOL |
			      (g->conf.packed ? VG_BIT(VIRTIO_F_RING_PACKED) : 0) |
			      (g->conf.pairs > 1 ? VG_BIT(VIRTIO_NET_F_MQ) : 0);
	const uint64_t speak = VG_PROTOCOL_MQ | VG_PROTOCOL_REPLY_ACK | VG_PROTOCOL_MTU;

	if (!vg_ask_u64(g, VG_GET_FEATURES, &g->offered))
		return false;
	g->features = want & g->offered;
	if (!vg_ask_u64(g, VG_GET_PROTOCOL_FEATURES, &g->protocol))
		return false;
	g->protocol &= speak;
	if (!vg_tell_u64(g, VG_SET_PROTOCOL_FEATURES, g->protocol) ||
		((g->protocol & VG_PROTOCOL_MQ) != 0 &&
			!vg_ask_u64(g, VG_GET_QUEUE_NUM, &g->queue_num)) ||
		!vg_tell(g, VG_SET_OWNER, NULL, 0) || !vg_tell_u64(g, VG_SET_FEATURES, g->features))
		return false;
	if (g->conf.mtu != 0 && (g->protocol & VG_PROTOCOL_MTU) != 0 &&
		!vg_tell_u64(g, VG_NET_SET_MTU, g->conf.mtu))
		return false;
	return vg_tell_own_memory(g);
}

static void ring_reset(struct vg *g, struct vg_ring *r)
{
	memset(g->mem + r->desc, 0, TABLES);
	r->next = r->seen = r->hand = 0;
	r->next_wrap = r->seen_wrap = true;
	memset(r->busy, 0, sizeof(r->busy));
}

bool vg_ring_start(struct vg *g, unsigned ring)
{
	struct vg_ring *r = &g->ring[ring];
	const bool packed = (g->features & VG_BIT(VIRTIO_F_RING_PACKED)) != 0;

	ring_reset(g, r);
	const struct vhost_vring_addr at = {.index = ring,
		.desc_user_addr = VG_USER + r->desc,
		.avail_user_addr = VG_USER + r->avail,
		.used_user_addr = VG_USER + r->used};
	return vg_tell_ring(g, VG_SET_VRING_NUM, ring, r->size) &&
	       vg_tell_ring(g, VG_SET_VRING_BASE, ring, packed ? 0x8000 : 0) &&
	       vg_tell(g, VG_SET_VRING_ADDR, &at, sizeof(at)) &&
	       vg_tell_fd(g, VG_SET_VRING_KICK, ring, r->kick) &&
	       vg_tell_fd(g, VG_SET_VRING_CALL, ring, r->call);
}

bool vg_ring_enable(struct vg *g, unsigned ring, bool on)
{
	return vg_tell_ring(g, VG_SET_VRING_ENABLE, ring, on);
}

bool vg_ring_stop(struct vg *g, unsigned ring)
{
	uint32_t state[2];

	return vg_tell_ring(g, VG_GET_VRING_BASE, ring, 0) &&
	       vg_hear(g, VG_GET_VRING_BASE, state, sizeof(state)) == sizeof(state);
}

bool vg_start(struct vg *g)
{
	const unsigned n = 2u * g->conf.pairs;

	if (!vg_negotiate(g))
		return false;
	for (unsigned i = 0; i < n; i++)
		if (!vg_ring_start(g, i))
			return false;
	for (unsigned i = 0; i < n; i += 2)
		vg_supply(g, i);
	for (unsigned i = 0; i < n; i++)
		if (!vg_ring_enable(g, i, true))
			return false;
	return vg_in_step(g);
}
