/* SPDX-License-Identifier: BSD-3-Clause */
/* What a front end can say of its rings and features: sizes, places, bases that do not fit. */
#include "bed/vhost_lies.h"

static bool a_ring_of(struct vg *g, uint32_t ring, uint32_t size)
{
	return vg_tell_ring(g, VG_SET_VRING_NUM, ring, size);
}

static bool a_ring_of_nothing(struct vg *g)
{
	return a_ring_of(g, LIE_TX, 0);
}

static bool a_ring_of_three(struct vg *g)
{
	return a_ring_of(g, LIE_TX, 3);
}

static bool a_ring_of_65536(struct vg *g)
{
	return a_ring_of(g, LIE_TX, 65536);
}

static bool a_larger_ring(struct vg *g)
{
	return a_ring_of(g, LIE_TX, 32768);
}

static bool a_new_ring_of_nothing(struct vg *g)
{
	g->ring[2].size = 0;
	return vg_ring_start(g, 2) && vg_ring_enable(g, 2, true);
}

static bool ring_200(struct vg *g)
{
	return a_ring_of(g, 200, 256);
}

static bool ring_four_billion(struct vg *g)
{
	return a_ring_of(g, UINT32_MAX, 256) || vg_ring_enable(g, UINT32_MAX - 1, true);
}

static bool enables_rings_that_are_not(struct vg *g)
{
	return vg_ring_enable(g, 100, true) || vg_ring_enable(g, 3, true);
}

static bool ring_at(struct vg *g, uint32_t ring, uint64_t desc, uint64_t avail, uint64_t used)
{
	const struct vhost_vring_addr at = {.index = ring,
		.desc_user_addr = desc,
		.avail_user_addr = avail,
		.used_user_addr = used};

	return vg_tell(g, VG_SET_VRING_ADDR, &at, sizeof(at));
}

static bool rings_outside(struct vg *g)
{
	return ring_at(g, LIE_TX, VG_USER + g->mem_size, VG_USER + g->mem_size, VG_USER);
}

static bool rings_across_the_end(struct vg *g)
{
	return ring_at(g, LIE_TX, VG_USER + g->mem_size - 16, VG_USER, VG_USER);
}

static bool rings_that_are_not_aligned(struct vg *g)
{
	return ring_at(g, LIE_TX, VG_USER + 1, VG_USER + 4097, VG_USER + 8195);
}

static bool a_base_far_away(struct vg *g)
{
	return vg_tell_ring(g, VG_SET_VRING_BASE, LIE_TX, UINT32_MAX);
}

/* Stopped, its size is to be told anew. */
static bool starts_without_a_size(struct vg *g)
{
	struct vg_ring *r = &g->ring[LIE_TX];

	return vg_ring_stop(g, LIE_TX) &&
	       ring_at(g, LIE_TX, VG_USER + r->desc, VG_USER + r->avail, VG_USER + r->used) &&
	       vg_tell_fd(g, VG_SET_VRING_KICK, LIE_TX, r->kick) &&
	       vg_tell_fd(g, VG_SET_VRING_CALL, LIE_TX, r->call) && vg_ring_enable(g, LIE_TX, true);
}

/* Stopped before: its place, what it waits for and calls by, and on. */
static bool starts_at(struct vg *g, uint64_t desc, uint64_t avail, uint64_t used)
{
	return ring_at(g, LIE_TX, desc, avail, used) &&
	       vg_tell_fd(g, VG_SET_VRING_KICK, LIE_TX, g->ring[LIE_TX].kick) &&
	       vg_tell_fd(g, VG_SET_VRING_CALL, LIE_TX, g->ring[LIE_TX].call) &&
	       vg_ring_enable(g, LIE_TX, true);
}

static bool starts(struct vg *g)
{
	const struct vg_ring *r = &g->ring[LIE_TX];

	return starts_at(g, VG_USER + r->desc, VG_USER + r->avail, VG_USER + r->used);
}

static bool a_base_of(struct vg *g, uint32_t base)
{
	return vg_tell_ring(g, VG_SET_VRING_BASE, LIE_TX, base);
}

static bool starts_at_a_base_far_away(struct vg *g)
{
	return vg_ring_stop(g, LIE_TX) && a_ring_of(g, LIE_TX, VG_SIZE) && a_base_of(g, 0x7fff) &&
	       starts(g);
}

/* It stopped there: nobody said that it begins at 0. */
static bool starts_at_the_base_it_had(struct vg *g)
{
	return vg_ring_stop(g, LIE_TX) && a_ring_of(g, LIE_TX, 32768) && a_base_of(g, 0x7000) &&
	       vg_ring_stop(g, LIE_TX) && a_ring_of(g, LIE_TX, VG_SIZE) && starts(g);
}

static bool both_stop(struct vg *g)
{
	return vg_ring_stop(g, LIE_RX) && vg_ring_stop(g, LIE_TX);
}

static bool features(struct vg *g, uint64_t features)
{
	return vg_tell_u64(g, VG_SET_FEATURES, features);
}

/* 0xffff of a split ring is not 0x7fff of a packed one. */
static bool starts_at_a_base_of_the_other_kind(struct vg *g)
{
	const uint64_t packed = VG_BIT(VIRTIO_F_RING_PACKED);

	return both_stop(g) && features(g, g->features & ~packed) && a_base_of(g, 0xffff) &&
	       features(g, g->features | packed) && a_ring_of(g, LIE_TX, 32768) &&
	       starts_at(g, VG_USER + VG_SPARE, VG_USER, VG_USER + 4096);
}

/* Its tables lie as near to the end as the size at first allows. */
static bool grows_after_it_was_placed(struct vg *g)
{
	const uint64_t end = VG_USER + g->mem_size;

	return vg_ring_stop(g, LIE_TX) && vg_ring_enable(g, LIE_TX, true) &&
	       a_ring_of(g, LIE_TX, VG_SIZE) && a_base_of(g, 0) &&
	       ring_at(g, LIE_TX, end - VG_SIZE * sizeof(struct vring_desc), VG_USER,
		       VG_USER + 4096) &&
	       a_ring_of(g, LIE_TX, 32768) &&
	       vg_tell_fd(g, VG_SET_VRING_KICK, LIE_TX, g->ring[LIE_TX].kick) &&
	       vg_tell_fd(g, VG_SET_VRING_CALL, LIE_TX, g->ring[LIE_TX].call);
}

/* All but the word by which kicks are asked for. */
static bool starts_across_the_end(struct vg *g)
{
	const uint64_t used = sizeof(struct vring_used) + VG_SIZE * sizeof(struct vring_used_elem);
	const bool packed = (g->features & VG_BIT(VIRTIO_F_RING_PACKED)) != 0;
	const uint64_t end = VG_USER + g->mem_size;

	return vg_ring_stop(g, LIE_TX) && a_ring_of(g, LIE_TX, VG_SIZE) &&
	       a_base_of(g, packed ? 0x8000 : 0) &&
	       starts_at(g, packed ? end - 4096 + 16 : VG_USER, VG_USER + 8192, end - used);
}

/* With one there are two bytes more behind the ring. */
static bool an_event_index_after_it_was_placed(struct vg *g)
{
	const uint64_t events = VG_BIT(VIRTIO_RING_F_EVENT_IDX);
	const uint64_t used = sizeof(struct vring_used) + VG_SIZE * sizeof(struct vring_used_elem);

	return both_stop(g) && features(g, g->features & ~events) &&
	       vg_ring_enable(g, LIE_TX, true) && a_ring_of(g, LIE_TX, VG_SIZE) &&
	       a_base_of(g, 0x8000) &&
	       ring_at(g, LIE_TX, VG_USER, VG_USER + 8192, VG_USER + g->mem_size - used) &&
	       features(g, g->features | events) &&
	       vg_tell_fd(g, VG_SET_VRING_KICK, LIE_TX, g->ring[LIE_TX].kick) &&
	       vg_tell_fd(g, VG_SET_VRING_CALL, LIE_TX, g->ring[LIE_TX].call);
}

/* Packed, and then what is refused: it is packed still. */
static bool another_kind_that_is_refused(struct vg *g)
{
	const uint64_t packed = VG_BIT(VIRTIO_F_RING_PACKED);

	return both_stop(g) && features(g, g->features | packed) &&
	       features(g, (g->features & ~packed) | VG_BIT(63)) && a_ring_of(g, LIE_TX, VG_SIZE) &&
	       a_base_of(g, 0x7fff) && starts(g);
}

/* librte_vhost frees it when it hears of features once more. */
static bool a_ring_of_a_pair_nobody_agreed_on(struct vg *g)
{
	return a_ring_of(g, 2, VG_SIZE);
}

static bool features_never_offered(struct vg *g)
{
	return vg_tell_u64(g, VG_SET_FEATURES, UINT64_MAX);
}

static bool other_features_while_it_runs(struct vg *g)
{
	return vg_tell_u64(g, VG_SET_FEATURES, g->features ^ VG_BIT(VIRTIO_F_RING_PACKED));
}

static bool other_features_for_stopped_rings(struct vg *g)
{
	return vg_ring_stop(g, LIE_RX) && vg_ring_stop(g, LIE_TX) &&
	       a_ring_of(g, LIE_TX, g->ring[LIE_TX].size) && other_features_while_it_runs(g) &&
	       ring_at(g, LIE_TX, VG_USER, VG_USER + 8192, VG_USER + 16384) &&
	       vg_tell_fd(g, VG_SET_VRING_KICK, LIE_TX, g->ring[LIE_TX].kick);
}

#define LIE(f)                     \
	{                          \
#f, LIE_MESSAGE, f \
	}
#define PACKED(f)                 \
	{                         \
#f, LIE_PACKED, f \
	}
#define BORNE(f)                 \
	{                        \
#f, LIE_BORNE, f \
	}
const struct lie vhost_setup_lies[] = {LIE(a_ring_of_nothing), LIE(a_ring_of_three),
	LIE(a_ring_of_65536), LIE(a_larger_ring), LIE(a_new_ring_of_nothing), LIE(ring_200),
	LIE(ring_four_billion), LIE(enables_rings_that_are_not), LIE(rings_outside),
	LIE(rings_across_the_end), LIE(rings_that_are_not_aligned), LIE(a_base_far_away),
	LIE(starts_without_a_size), PACKED(starts_at_a_base_far_away),
	PACKED(starts_at_the_base_it_had), LIE(starts_at_a_base_of_the_other_kind),
	LIE(grows_after_it_was_placed), LIE(an_event_index_after_it_was_placed),
	LIE(starts_across_the_end), LIE(another_kind_that_is_refused),
	LIE(a_ring_of_a_pair_nobody_agreed_on), LIE(features_never_offered),
	LIE(other_features_while_it_runs), LIE(other_features_for_stopped_rings),
	{NULL, LIE_MESSAGE, NULL}};
