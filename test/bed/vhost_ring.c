/* SPDX-License-Identifier: BSD-3-Clause */
/* A guest's rings: split (virtio 1.1, 2.6) and packed (2.7), written by hand. */
#include <string.h>
#include <unistd.h>

#include "bed/vhost_guest.h"

#define AVAIL_BIT (1u << VRING_PACKED_DESC_F_AVAIL)
#define USED_BIT  (1u << VRING_PACKED_DESC_F_USED)

static bool packed(const struct vg *g)
{
	return (g->features & VG_BIT(VIRTIO_F_RING_PACKED)) != 0;
}

static struct vring_desc *split_at(const struct vg *g, const struct vg_ring *r, unsigned i)
{
	return (struct vring_desc *)(g->mem + r->desc) + i;
}

static struct vring_packed_desc *packed_at(const struct vg *g, const struct vg_ring *r, unsigned i)
{
	return (struct vring_packed_desc *)(g->mem + r->desc) + i;
}

static unsigned slots(const struct vg_ring *r)
{
	return r->size / VG_SEGS < VG_SLOTS ? r->size / VG_SEGS : VG_SLOTS;
}

int vg_slot(struct vg *g, unsigned ring)
{
	struct vg_ring *r = &g->ring[ring];

	for (unsigned i = 0; i < slots(r); i++) {
		unsigned slot = (r->hand + i) % slots(r);
		if (!r->busy[slot]) {
			r->hand = (uint16_t)(slot + 1);
			return (int)slot;
		}
	}
	return -1;
}

uint8_t *vg_room(struct vg *g, unsigned ring, unsigned slot)
{
	return g->mem + g->ring[ring].room + (size_t)slot * VG_ROOM;
}

uint64_t vg_room_gpa(const struct vg *g, unsigned ring, unsigned slot)
{
	return VG_GPA + g->ring[ring].room + (size_t)slot * VG_ROOM;
}

static void give_split(
	struct vg *g, struct vg_ring *r, unsigned slot, const struct vg_desc *d, unsigned n)
{
	struct vring_avail *avail = (struct vring_avail *)(g->mem + r->avail);

	for (unsigned i = 0; i < n; i++)
		*split_at(g, r, slot * VG_SEGS + i) =
			(struct vring_desc){d[i].gpa, d[i].len, d[i].flags, d[i].next};
	avail->ring[r->next & (r->size - 1)] = (uint16_t)(slot * VG_SEGS);
	r->next++;
	__atomic_store_n(&avail->idx, r->next, __ATOMIC_RELEASE);
}

/* The first one's flags come last: with them the whole chain is the device's. */
static void give_packed(
	struct vg *g, struct vg_ring *r, unsigned slot, const struct vg_desc *d, unsigned n)
{
	struct vring_packed_desc *first = packed_at(g, r, r->next);
	uint16_t first_flags = 0;

	r->n_desc[slot] = (uint8_t)n;
	for (unsigned i = 0; i < n; i++) {
		struct vring_packed_desc *at = packed_at(g, r, r->next);
		uint16_t flags = (uint16_t)(d[i].flags | (r->next_wrap ? AVAIL_BIT : USED_BIT));
		at->addr = d[i].gpa;
		at->len = d[i].len;
		at->id = (uint16_t)slot;
		if (i == 0)
			first_flags = flags;
		else
			at->flags = flags;
		if (++r->next >= r->size) {
			r->next = 0;
			r->next_wrap = !r->next_wrap;
		}
	}
	__atomic_store_n(&first->flags, first_flags, __ATOMIC_RELEASE);
}

void vg_give(struct vg *g, unsigned ring, unsigned slot, const struct vg_desc *d, unsigned n)
{
	struct vg_ring *r = &g->ring[ring];

	r->busy[slot] = true;
	(packed(g) ? give_packed : give_split)(g, r, slot, d, n);
}

void vg_avail_jump(struct vg *g, unsigned ring, uint16_t entries)
{
	struct vg_ring *r = &g->ring[ring];
	struct vring_avail *avail = (struct vring_avail *)(g->mem + r->avail);

	r->next = (uint16_t)(r->next + entries);
	__atomic_store_n(&avail->idx, r->next, __ATOMIC_RELEASE);
}

void vg_kick(struct vg *g, unsigned ring)
{
	const uint64_t one = 1;

	if (write(g->ring[ring].kick, &one, sizeof(one)) < 0)
		return; /* it is readable then anyway */
}

static int back_split(struct vg *g, struct vg_ring *r, uint32_t *len)
{
	const struct vring_used *used = (const struct vring_used *)(g->mem + r->used);

	if (__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE) == r->seen)
		return -1;
	const struct vring_used_elem e = used->ring[r->seen & (r->size - 1)];
	r->seen++;
	*len = e.len;
	return (int)(e.id / VG_SEGS);
}

static int back_packed(struct vg *g, struct vg_ring *r, uint32_t *len)
{
	const struct vring_packed_desc *at = packed_at(g, r, r->seen);
	uint16_t flags = __atomic_load_n(&at->flags, __ATOMIC_ACQUIRE);
	bool avail = (flags & AVAIL_BIT) != 0, used = (flags & USED_BIT) != 0;

	if (avail != used || used != r->seen_wrap)
		return -1;
	unsigned id = at->id;
	*len = at->len;
	/* An id we never gave is a lie that was put there: it counts as one. */
	r->seen = (uint16_t)(r->seen + (id < VG_SLOTS && r->n_desc[id] > 0 ? r->n_desc[id] : 1));
	if (r->seen >= r->size) {
		r->seen = (uint16_t)(r->seen - r->size);
		r->seen_wrap = !r->seen_wrap;
	}
	return (int)id;
}

int vg_back(struct vg *g, unsigned ring, uint32_t *len)
{
	struct vg_ring *r = &g->ring[ring];
	int slot = (packed(g) ? back_packed : back_split)(g, r, len);

	if (slot >= 0 && slot < VG_SLOTS)
		r->busy[slot] = false;
	return slot;
}

size_t vg_hdr_len(const struct vg *g)
{
	const uint64_t mergeable = VG_BIT(VIRTIO_NET_F_MRG_RXBUF) | VG_BIT(VIRTIO_F_VERSION_1);

	return (g->features & mergeable) != 0 ? sizeof(struct virtio_net_hdr_v1)
					      : sizeof(struct virtio_net_hdr);
}

/* The table lies at the buffer's end. */
static void give_indirect(
	struct vg *g, unsigned ring, unsigned slot, const struct vg_desc *d, unsigned n)
{
	const size_t at = VG_ROOM - VG_SEGS * sizeof(struct vring_desc);
	uint8_t *table = vg_room(g, ring, slot) + at;
	const struct vg_desc one = {vg_room_gpa(g, ring, slot) + at,
		(uint32_t)(n * sizeof(struct vring_desc)), VRING_DESC_F_INDIRECT, 0};

	for (unsigned i = 0; i < n; i++) {
		struct vring_desc s = {d[i].gpa, d[i].len, d[i].flags, (uint16_t)(i + 1)};
		struct vring_packed_desc p = {d[i].gpa, d[i].len, 0, 0};
		memcpy(table + i * sizeof(s), packed(g) ? (void *)&p : (void *)&s, sizeof(s));
	}
	vg_give(g, ring, slot, &one, 1);
}

bool vg_send(struct vg *g, unsigned ring, const struct virtio_net_hdr_v1 *hdr, const void *frame,
	size_t len, enum vg_style style)
{
	const struct virtio_net_hdr_v1 none = {0};
	const size_t head = vg_hdr_len(g);
	uint32_t back;

	while (vg_back(g, ring, &back) >= 0)
		;
	int slot = vg_slot(g, ring);
	if (slot < 0 || head + len > VG_BIG_ROOM)
		return false;
	const size_t at = head + len <= VG_ROOM - 64 ? g->ring[ring].room + (size_t)slot * VG_ROOM
						     : VG_BIG + (size_t)slot * VG_BIG_ROOM;
	memcpy(g->mem + at, hdr != NULL ? hdr : &none, head);
	memcpy(g->mem + at + head, frame, len);

	/* Plain: all in one. Otherwise the header, a part of the frame, the rest. */
	const uint64_t gpa = VG_GPA + at;
	const uint32_t h = (uint32_t)head, part = (uint32_t)len / 3, all = (uint32_t)len;
	const uint16_t base = (uint16_t)(slot * VG_SEGS);
	const struct vg_desc plain = {gpa, h + all, 0, 0};
	const struct vg_desc parts[3] = {{gpa, h, VRING_DESC_F_NEXT, (uint16_t)(base + 1)},
		{gpa + h, part, VRING_DESC_F_NEXT, (uint16_t)(base + 2)},
		{gpa + h + part, all - part, 0, 0}};
	if (style == VG_PLAIN)
		vg_give(g, ring, (unsigned)slot, &plain, 1);
	else if (style == VG_CHAINED)
		vg_give(g, ring, (unsigned)slot, parts, 3);
	else
		give_indirect(g, ring, (unsigned)slot, parts, 3);
	return true;
}

static void supply_one(struct vg *g, unsigned ring, unsigned slot)
{
	const struct vg_desc d = {
		vg_room_gpa(g, ring, slot), g->conf.rx_room, VRING_DESC_F_WRITE, 0};

	vg_give(g, ring, slot, &d, 1);
}

void vg_supply(struct vg *g, unsigned ring)
{
	int slot;

	while ((slot = vg_slot(g, ring)) >= 0)
		supply_one(g, ring, (unsigned)slot);
}

int vg_receive(
	struct vg *g, unsigned ring, struct virtio_net_hdr_v1 *hdr, uint8_t *frame, size_t size)
{
	const size_t head = vg_hdr_len(g);
	size_t got = 0;
	unsigned buffers = 1;

	memset(hdr, 0, sizeof(*hdr));
	for (unsigned i = 0; i < buffers; i++) {
		uint32_t len;
		int slot = vg_back(g, ring, &len);
		if (slot < 0)
			return i == 0 ? 0 : -1;
		const size_t skip = i == 0 ? head : 0;
		if (slot >= VG_SLOTS || len < skip || len > g->conf.rx_room ||
			got + len - skip > size)
			return -1;
		const uint8_t *room = vg_room(g, ring, (unsigned)slot);
		memcpy(hdr, room, skip);
		memcpy(frame + got, room + skip, len - skip);
		got += len - skip;
		if (i == 0 && (g->features & VG_BIT(VIRTIO_NET_F_MRG_RXBUF)) != 0)
			buffers = hdr->num_buffers;
		supply_one(g, ring, (unsigned)slot);
	}
	return (int)got;
}

bool vg_ring_mend(struct vg *g, unsigned ring)
{
	struct vg_ring *r = &g->ring[ring];
	const struct vring_used *used = (const struct vring_used *)(g->mem + r->used);

	if (packed(g))
		return false;
	r->next = r->seen = __atomic_load_n(&used->idx, __ATOMIC_ACQUIRE);
	memset(r->busy, 0, sizeof(r->busy));
	vg_avail_jump(g, ring, 0);
	return true;
}
