/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/vhost_message.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/virtio_ring.h>

#define RING_MASK 0xff  /* of a value that comes with an eventfd */
#define NO_FD     0x100 /* in it: there is none */
#define MAX_RING  32768
#define PACKED    (UINT64_C(1) << 34) /* VIRTIO_F_RING_PACKED */
#define INDIRECT  (UINT64_C(1) << 28) /* VIRTIO_RING_F_INDIRECT_DESC */
#define EVENTS    (UINT64_C(1) << 29) /* VIRTIO_RING_F_EVENT_IDX */
#define MANY      (UINT64_C(1) << 22) /* VIRTIO_NET_F_MQ */

static const char beyond[] =
	"a ring beyond the port's queues, or those agreed on; raise the port's queues, or "
	"take fewer in the guest";

/* At least so many bytes of payload; -1: a request that is refused. */
static int body_needed(uint32_t request)
{
	switch (request) {
	case VHOST_REQ_GET_FEATURES:
	case VHOST_REQ_SET_OWNER:
	case VHOST_REQ_GET_PROTOCOL_FEATURES:
	case VHOST_REQ_GET_QUEUE_NUM:
	case VHOST_REQ_GET_STATUS:
		return 0;
	case VHOST_REQ_SET_VRING_ADDR:
		return sizeof(struct vhost_vring_addr);
	case VHOST_REQ_SET_MEM_TABLE:
	case VHOST_REQ_SET_FEATURES:
	case VHOST_REQ_SET_VRING_NUM:
	case VHOST_REQ_SET_VRING_BASE:
	case VHOST_REQ_GET_VRING_BASE:
	case VHOST_REQ_SET_VRING_KICK:
	case VHOST_REQ_SET_VRING_CALL:
	case VHOST_REQ_SET_VRING_ERR:
	case VHOST_REQ_SET_PROTOCOL_FEATURES:
	case VHOST_REQ_SET_VRING_ENABLE:
	case VHOST_REQ_SEND_RARP:
	case VHOST_REQ_NET_SET_MTU:
	case VHOST_REQ_SET_STATUS:
		return sizeof(uint64_t);
	default:
		return -1;
	}
}

static bool takes_files(uint32_t request)
{
	return request == VHOST_REQ_SET_MEM_TABLE || request == VHOST_REQ_SET_VRING_KICK ||
	       request == VHOST_REQ_SET_VRING_CALL || request == VHOST_REQ_SET_VRING_ERR;
}

/* The ring a message names; NULL: none of ours. */
static struct vhost_ring *ring_of(struct vhost_guard *g, uint64_t index)
{
	return index < g->rings ? &g->ring[index] : NULL;
}

/* The same of one that is to be set up: without MQ there are two. */
static struct vhost_ring *agreed_ring(struct vhost_guard *g, uint64_t index)
{
	return index < 2 || (g->features & MANY) != 0 ? ring_of(g, index) : NULL;
}

static bool any_ring(const struct vhost_guard *g, bool started)
{
	for (unsigned i = 0; i < g->rings; i++)
		if (started ? g->ring[i].started : g->ring[i].size != 0)
			return true;
	return false;
}

/*
 * librte_vhost maps a split ring once, as large as it is by the features of that moment; where a
 * ring goes on it keeps in one form or the other; and without MQ it frees all but the first pair.
 */
static const char *features_fault(struct vhost_guard *g, uint64_t features)
{
	const uint64_t changed = g->features ^ features;

	if ((changed != 0 && any_ring(g, true)) || ((changed & PACKED) != 0 && any_ring(g, false)))
		return "other features for rings that are set up";
	g->features = features;
	for (unsigned i = 0; i < g->rings; i++) {
		struct vhost_ring *r = &g->ring[i];
		if ((features & MANY) == 0 && i >= 2)
			*r = (struct vhost_ring){0};
		if (changed != 0)
			r->placed = false;
		if ((changed & PACKED) != 0)
			r->based = false;
	}
	return NULL;
}

static const char *size_fault(struct vhost_guard *g, const struct vhost_vring_state *said)
{
	struct vhost_ring *r = agreed_ring(g, said->index);

	if (r == NULL)
		return beyond;
	if (r->started)
		return "another size for a ring that runs";
	if (said->num == 0 || said->num > MAX_RING ||
		((g->features & PACKED) == 0 && (said->num & (said->num - 1)) != 0))
		return "a ring of a size that cannot be";
	r->size = said->num;
	r->placed = false; /* it may be mapped already, for the former size */
	return NULL;
}

static const char *base_fault(struct vhost_guard *g, const struct vhost_vring_state *said)
{
	struct vhost_ring *r = agreed_ring(g, said->index);

	if (r == NULL)
		return beyond;
	if (r->started)
		return "another base for a ring that runs";
	r->base = (uint16_t)said->num;
	r->based = true;
	return NULL;
}

static bool is_in(const struct vhost_region *r, uint32_t n, uint64_t at, uint64_t len)
{
	for (uint32_t i = 0; i < n; i++)
		if (at >= r[i].user && at - r[i].user < r[i].size &&
			len <= r[i].size - (at - r[i].user))
			return true;
	return false;
}

/*
 * librte_vhost (22.11) leaves a ring alone that does not lie in the memory, but for the word by
 * which it asks for kicks, when the ring is enabled: behind the end of a split one.
 */
static bool ring_is_in(const struct vhost_guard *g, const struct vhost_ring *ring,
	const struct vhost_region *r, uint32_t n)
{
	const bool packed = (g->features & PACKED) != 0;
	const uint32_t event = (g->features & EVENTS) != 0 ? sizeof(uint16_t) : 0;
	const uint32_t avail = packed ? sizeof(struct vring_packed_desc_event)
				      : (uint32_t)sizeof(struct vring_avail) +
						ring->size * (uint32_t)sizeof(uint16_t) + event;
	const uint32_t used =
		packed ? sizeof(struct vring_packed_desc_event)
		       : (uint32_t)sizeof(struct vring_used) +
				 ring->size * (uint32_t)sizeof(struct vring_used_elem) + event;

	return is_in(r, n, ring->desc, ring->size * sizeof(struct vring_desc)) &&
	       is_in(r, n, ring->avail, avail) && is_in(r, n, ring->used, used);
}

static const char *address_fault(struct vhost_guard *g, const struct vhost_vring_addr *a)
{
	struct vhost_ring *r = agreed_ring(g, a->index);

	if (r == NULL)
		return beyond;
	if (r->size == 0)
		return "a ring without a size";
	if (a->desc_user_addr % 16 != 0 || a->avail_user_addr % 4 != 0 ||
		a->used_user_addr % 4 != 0)
		return "a ring that is not aligned";
	struct vhost_ring placed = *r;
	placed.placed = true;
	placed.desc = a->desc_user_addr;
	placed.avail = a->avail_user_addr;
	placed.used = a->used_user_addr;
	if (r->started && !ring_is_in(g, &placed, g->memory, g->n_memory))
		return "a ring outside the memory";
	*r = placed;
	return NULL;
}

static const char *kick_fault(struct vhost_guard *g, uint64_t said)
{
	struct vhost_ring *r = agreed_ring(g, said & RING_MASK);

	if (r == NULL)
		return beyond;
	if (r->size == 0 || !r->placed)
		return "a ring that starts without a size or a place";
	if (!ring_is_in(g, r, g->memory, g->n_memory))
		return "a ring outside the memory";
	if ((g->features & PACKED) != 0 && (!r->based || (r->base & (MAX_RING - 1)) >= r->size))
		return "a base beyond the ring";
	r->started = true;
	return NULL;
}

/* What workers wait for and write to must not make them wait: a pipe or a file of FUSE could. */
static bool is_eventfd(int fd)
{
	char link[32], what[32] = "";
	const int flags = fcntl(fd, F_GETFL);

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return readlink(link, what, sizeof(what) - 1) > 0 &&
	       strcmp(what, "anon_inode:[eventfd]") == 0 && flags >= 0 &&
	       fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

static const char *event_fault(const struct vhost_message *m)
{
	if ((m->body.u64 & NO_FD) != 0)
		return NULL;
	return m->n_fds == 1 && is_eventfd(m->fds[0]) ? NULL : "an event that is no eventfd";
}

/*
 * Of tables that lie across two regions librte_vhost takes a copy, which a packed ring's guest may
 * let it lose (22.11), and of any length.
 */
static bool adjoin(const struct vhost_region *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < n; k++)
			if (r[i].gpa + r[i].size == r[k].gpa)
				return true;
	return false;
}

static const char *memory_fault(struct vhost_guard *g, const struct vhost_message *m)
{
	struct vhost_region r[VHOST_REGIONS];
	int fds[VHOST_REGIONS];
	const uint32_t n = m->body.memory.n;

	if (n == 0 || n > VHOST_REGIONS || n != (uint32_t)m->n_fds ||
		m->size < sizeof(uint64_t) + n * sizeof(r[0]))
		return "a number of memory regions that is not that of its file descriptors";
	memcpy(r, m->body.memory.region, sizeof(r));
	memcpy(fds, m->fds, sizeof(fds));
	if ((g->features & PACKED) != 0 && (g->features & INDIRECT) != 0 && adjoin(r, n))
		return "adjoining memory regions with a packed ring (packed=off helps)";
	for (unsigned i = 0; i < g->rings; i++)
		if (g->ring[i].started && !ring_is_in(g, &g->ring[i], r, n))
			return "memory without the rings that run";
	const char *fault = vhost_memory_fault(r, n, fds);
	if (fault != NULL)
		return fault;
	memcpy(g->memory, r, sizeof(r));
	g->n_memory = n;
	return NULL;
}

static const char *ring_fault(struct vhost_guard *g, uint64_t index)
{
	return ring_of(g, index) == NULL ? beyond : NULL;
}

static const char *stop_fault(struct vhost_guard *g, uint64_t index)
{
	struct vhost_ring *r = ring_of(g, index);

	if (r == NULL)
		return beyond;
	*r = (struct vhost_ring){0}; /* not at 0: it would go on where it was */
	return NULL;
}

const char *vhost_message_fault(struct vhost_guard *g, const struct vhost_message *m)
{
	const struct vhost_vring_state ring = m->body.ring;
	const struct vhost_vring_addr addr = m->body.addr;
	const int needed = body_needed(m->request);
	const char *fault;

	if (needed < 0)
		return "a request that a network device does not need";
	if (m->size < (uint32_t)needed)
		return "a message that is too short";
	if (m->n_fds != 0 && !takes_files(m->request))
		return "files nobody asked for";
	switch (m->request) {
	case VHOST_REQ_SET_FEATURES:
		return features_fault(g, m->body.u64);
	case VHOST_REQ_SET_MEM_TABLE:
		return memory_fault(g, m);
	case VHOST_REQ_SET_VRING_NUM:
		return size_fault(g, &ring);
	case VHOST_REQ_SET_VRING_BASE:
		return base_fault(g, &ring);
	case VHOST_REQ_SET_VRING_ADDR:
		return address_fault(g, &addr);
	case VHOST_REQ_SET_VRING_KICK:
		fault = event_fault(m);
		return fault != NULL ? fault : kick_fault(g, m->body.u64);
	case VHOST_REQ_SET_VRING_CALL:
	case VHOST_REQ_SET_VRING_ERR:
		fault = event_fault(m);
		return fault != NULL ? fault : ring_fault(g, m->body.u64 & RING_MASK);
	case VHOST_REQ_SET_VRING_ENABLE:
		return ring_fault(g, ring.index);
	case VHOST_REQ_GET_VRING_BASE:
		return stop_fault(g, ring.index);
	default:
		return NULL;
	}
}
