/* SPDX-License-Identifier: BSD-3-Clause */
/* What a guest can write into its rings, and before its packets. */
#include "bed/vhost_lies.h"

#include <string.h>

#define NEXT     VRING_DESC_F_NEXT
#define WRITE    VRING_DESC_F_WRITE
#define INDIRECT VRING_DESC_F_INDIRECT

static bool offers(struct vg *g, unsigned ring, const struct vg_desc *d, unsigned n)
{
	int slot = vg_slot(g, ring);

	if (slot < 0)
		return false;
	vg_give(g, ring, (unsigned)slot, d, n);
	vg_kick(g, ring);
	return true;
}

static bool sends(struct vg *g, uint64_t gpa, uint32_t len, uint16_t flags, uint16_t next)
{
	const struct vg_desc d = {gpa, len, flags, next};

	return offers(g, LIE_TX, &d, 1);
}

static bool outside(struct vg *g)
{
	return sends(g, VG_GPA + g->mem_size + 4096, 100, 0, 0);
}

static bool across_the_end(struct vg *g)
{
	return sends(g, VG_GPA + g->mem_size - 10, 100, 0, 0);
}

static bool at_zero(struct vg *g)
{
	return sends(g, 0, 100, 0, 0);
}

static bool around_the_end_of_addresses(struct vg *g)
{
	return sends(g, UINT64_MAX - 10, 100, 0, 0);
}

static bool four_gigabytes(struct vg *g)
{
	return sends(g, VG_GPA, UINT32_MAX, 0, 0);
}

static bool all_memory_as_one_packet(struct vg *g)
{
	return sends(g, VG_GPA, (uint32_t)g->mem_size, 0, 0);
}

static bool nothing_at_all(struct vg *g)
{
	return sends(g, VG_GPA, 0, 0, 0);
}

static bool part_of_a_header(struct vg *g)
{
	return sends(g, VG_GPA + VG_SPARE, 3, 0, 0);
}

static bool only_a_header(struct vg *g)
{
	return sends(g, VG_GPA + VG_SPARE, (uint32_t)vg_hdr_len(g), 0, 0);
}

static bool write_only(struct vg *g)
{
	return sends(g, VG_GPA + VG_SPARE, 100, WRITE, 0);
}

static bool all_flags(struct vg *g)
{
	return sends(g, VG_GPA + VG_SPARE, 100, 0x7f7f, 0);
}

static bool next_is_itself(struct vg *g)
{
	const uint16_t self = (uint16_t)(vg_slot(g, LIE_TX) * VG_SEGS);

	g->ring[LIE_TX].hand = self / VG_SEGS;
	return sends(g, VG_GPA + VG_SPARE, 100, NEXT, self);
}

static bool next_beyond_the_ring(struct vg *g)
{
	return sends(g, VG_GPA + VG_SPARE, 100, NEXT, g->ring[LIE_TX].size);
}

static bool next_far_beyond(struct vg *g)
{
	return sends(g, VG_GPA + VG_SPARE, 0, NEXT, UINT16_MAX);
}

/* Each descriptor goes on with the next one, all the way round. */
static bool a_chain_around_the_ring(struct vg *g)
{
	struct vg_desc d[VG_SEGS];
	const unsigned slots = g->ring[LIE_TX].size / VG_SEGS;

	for (unsigned s = 0; s < slots; s++) {
		int slot = vg_slot(g, LIE_TX);
		for (unsigned i = 0; i < VG_SEGS; i++)
			d[i] = (struct vg_desc){VG_GPA + VG_SPARE, 50, NEXT,
				(uint16_t)((s * VG_SEGS + i + 1) % g->ring[LIE_TX].size)};
		if (slot < 0)
			return false;
		vg_give(g, LIE_TX, (unsigned)slot, d, VG_SEGS);
	}
	vg_kick(g, LIE_TX);
	return true;
}

static bool a_chain_of_nothing(struct vg *g)
{
	const uint16_t first = (uint16_t)(vg_slot(g, LIE_TX) * VG_SEGS);
	const struct vg_desc d[VG_SEGS] = {{VG_GPA, 0, NEXT, (uint16_t)(first + 1)},
		{VG_GPA, 0, NEXT, (uint16_t)(first + 2)}, {VG_GPA, 0, NEXT, (uint16_t)(first + 3)},
		{VG_GPA, 0, 0, 0}};

	g->ring[LIE_TX].hand = first / VG_SEGS;
	return offers(g, LIE_TX, d, VG_SEGS);
}

/* A table of `n` descriptors in spare memory, each `len` bytes long; `last` is the last one's. */
static uint64_t table(
	struct vg *g, unsigned n, uint32_t len, uint32_t last, uint16_t flags, uint16_t next)
{
	const bool packed = (g->features & VG_BIT(VIRTIO_F_RING_PACKED)) != 0;
	uint8_t *at = g->mem + VG_SPARE;

	for (unsigned i = 0; i < n; i++) {
		const uint32_t bytes = i + 1 < n ? len : last;
		const struct vring_desc s = {VG_GPA, bytes,
			(uint16_t)(flags | (i + 1 < n ? NEXT : 0)),
			next != 0 ? next : (uint16_t)(i + 1)};
		const struct vring_packed_desc p = {VG_GPA, bytes, 0, flags};
		memcpy(at + i * sizeof(s), packed ? (const void *)&p : (const void *)&s, sizeof(s));
	}
	return VG_GPA + VG_SPARE;
}

#define TABLE_BYTES(n) ((uint32_t)((n) * sizeof(struct vring_desc)))

static bool a_table_of_odd_size(struct vg *g)
{
	return sends(g, table(g, 2, 60, 60, 0, 0), 17, INDIRECT, 0) &&
	       sends(g, table(g, 2, 60, 60, 0, 0), 31, INDIRECT, 0);
}

static bool an_empty_table(struct vg *g)
{
	return sends(g, table(g, 1, 60, 60, 0, 0), 0, INDIRECT, 0);
}

static bool a_table_of_four_gigabytes(struct vg *g)
{
	return sends(g, table(g, 4, 60, 60, 0, 0), UINT32_MAX, INDIRECT, 0) &&
	       sends(g, table(g, 4, 60, 60, 0, 0), 0xfffffff0, INDIRECT, 0);
}

static bool a_table_outside(struct vg *g)
{
	return sends(g, VG_GPA + g->mem_size - 16, 64, INDIRECT, 0);
}

static bool a_table_of_tables(struct vg *g)
{
	return sends(g, table(g, 4, 64, 64, INDIRECT, 0), TABLE_BYTES(4), INDIRECT, 0);
}

static bool a_table_that_loops(struct vg *g)
{
	return sends(g, table(g, 4, 64, 64, NEXT, 1), TABLE_BYTES(4), INDIRECT, 0);
}

static bool a_table_and_more(struct vg *g)
{
	return sends(g, table(g, 4, 64, 64, 0, 0), TABLE_BYTES(4), INDIRECT | NEXT, 1);
}

/* Sixteen megabytes again and again: lengths whose sum is some bytes when cut to 32 bits. */
static bool a_sum_that_wraps(struct vg *g)
{
	const uint32_t part = 16850000, last = (uint32_t)(UINT64_C(0x100000400) - 254ULL * part);

	return sends(g, table(g, 255, part, last, 0, 0), TABLE_BYTES(255), INDIRECT, 0);
}

/* Pieces that librte_vhost puts off to copy, and then more than there are buffers for. */
static bool short_pieces_without_an_end(struct vg *g)
{
	return sends(g, table(g, 255, 200, 16850000, 0, 0), TABLE_BYTES(255), INDIRECT, 0);
}

static bool an_index_that_jumps(struct vg *g)
{
	vg_avail_jump(g, LIE_TX, (uint16_t)(g->ring[LIE_TX].size + 1));
	vg_kick(g, LIE_TX);
	return true;
}

static bool an_index_that_goes_back(struct vg *g)
{
	vg_avail_jump(g, LIE_TX, UINT16_MAX);
	vg_avail_jump(g, LIE_RX, UINT16_MAX);
	return true;
}

static void scribble(uint8_t *at, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525 + 1013904223;
		at[i] = (uint8_t)(seed >> 24);
	}
}

static bool garbage_for_descriptors(struct vg *g)
{
	for (unsigned i = 0; i < 2; i++)
		scribble(g->mem + g->ring[i].desc, VG_SIZE * sizeof(struct vring_desc), i);
	vg_avail_jump(g, LIE_TX, 64);
	return true;
}

static bool garbage_for_all_of_the_rings(struct vg *g)
{
	for (unsigned i = 0; i < 2; i++)
		scribble(g->mem + g->ring[i].desc, g->ring[i].room - g->ring[i].desc, 7 + i);
	vg_kick(g, LIE_TX);
	return true;
}

/* For what is received: the buffers it got are gone, one of this kind comes. */
static bool receives_into(struct vg *g, uint64_t gpa, uint32_t len, uint16_t flags, uint16_t next)
{
	const struct vg_desc d = {gpa, len, flags, next};
	struct vg_ring *r = &g->ring[LIE_RX];

	for (unsigned i = 0; i < VG_SLOTS; i++) {
		if ((g->features & VG_BIT(VIRTIO_F_RING_PACKED)) != 0) {
			struct vring_packed_desc *at =
				(struct vring_packed_desc *)(g->mem + r->desc) + i;
			*at = (struct vring_packed_desc){gpa, len, (uint16_t)i,
				(uint16_t)(flags | 1 << VRING_PACKED_DESC_F_AVAIL)};
		} else {
			r->hand = (uint16_t)i;
			vg_give(g, LIE_RX, i, &d, 1);
		}
	}
	return true;
}

static bool receives_outside(struct vg *g)
{
	return receives_into(g, VG_GPA + g->mem_size, 2048, WRITE, 0);
}

static bool receives_into_nothing(struct vg *g)
{
	return receives_into(g, VG_GPA + VG_SPARE, 0, WRITE, 0);
}

static bool receives_into_a_byte(struct vg *g)
{
	return receives_into(g, VG_GPA + VG_SPARE, 1, WRITE, 0);
}

static bool receives_into_four_gigabytes(struct vg *g)
{
	return receives_into(g, VG_GPA, UINT32_MAX, WRITE, 0);
}

static bool receives_into_a_loop(struct vg *g)
{
	return receives_into(g, VG_GPA + VG_SPARE, 8, WRITE | NEXT, 0);
}

static bool receives_into_what_is_read_only(struct vg *g)
{
	return receives_into(g, VG_GPA + VG_SPARE, 2048, 0, 0);
}

static bool receives_into_its_own_rings(struct vg *g)
{
	return receives_into(g, VG_GPA, 4096, WRITE, 0);
}

static bool says(struct vg *g, struct virtio_net_hdr_v1 hdr)
{
	uint8_t frame[100] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 86, 0, 0, 0, 0,
		64, 6, 0, 0, 10, 5, 1, 7, 10, 5, 2, 9};

	frame[46] = 0x50; /* a TCP header without options */
	bool sent = vg_send(g, LIE_TX, &hdr, frame, sizeof(frame), VG_PLAIN);
	vg_kick(g, LIE_TX);
	return sent;
}

#define CSUM VIRTIO_NET_HDR_F_NEEDS_CSUM

/* A frame to be cut as TCP, so and so many bytes of it. */
static bool is_to_be_cut(struct vg *g, uint32_t len)
{
	const size_t at = VG_SPARE + 65536, head = vg_hdr_len(g);
	const struct virtio_net_hdr_v1 hdr = {.flags = CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.gso_size = 1400,
		.csum_start = 34,
		.csum_offset = 16,
		.hdr_len = 54};
	uint8_t frame[54] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 255, 255, 0, 0, 0,
		0, 64, 6, 0, 0, 10, 5, 1, 7, 10, 5, 2, 9};

	frame[46] = 0x50;
	memcpy(g->mem + at, &hdr, head);
	memcpy(g->mem + at + head, frame, sizeof(frame));
	return sends(g, VG_GPA + at, len, 0, 0);
}

static bool a_segment_of_a_megabyte(struct vg *g)
{
	return is_to_be_cut(g, 1 << 20);
}

static bool a_segment_larger_than_ip(struct vg *g)
{
	return is_to_be_cut(g, 65536 + 14 + 12 + 100);
}

/* As long as a buffer of 2 KB, of a protocol whose checksum the device has to finish itself. */
static bool a_checksum_half_behind_the_buffer(struct vg *g)
{
	static const uint8_t frame[2048] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5};
	const struct virtio_net_hdr_v1 hdr = {
		.flags = CSUM, .csum_start = 100, .csum_offset = sizeof(frame) - 1 - 100};

	return vg_send(g, LIE_TX, &hdr, frame, sizeof(frame), VG_PLAIN);
}

/* As a UDP header of four bytes has none, beside the IP header's, where the device looks. */
static bool a_checksum_of_half_a_header(struct vg *g)
{
	static const uint8_t frame[38] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 24,
		0, 0, 0, 0, 64, 17, 0, 0, 10, 5, 1, 7, 10, 5, 2, 9, 0, 7, 0, 7};
	const struct virtio_net_hdr_v1 hdr = {.flags = CSUM, .csum_start = 30, .csum_offset = 6};

	return vg_send(g, LIE_TX, &hdr, frame, sizeof(frame), VG_PLAIN);
}

#define HEADER(name, ...)                                                \
	static bool name(struct vg *g)                                   \
	{                                                                \
		return says(g, (struct virtio_net_hdr_v1){__VA_ARGS__}); \
	}

HEADER(a_checksum_beyond_the_packet, .flags = CSUM, .csum_start = 5000, .csum_offset = 16)
HEADER(a_checksum_at_the_last_byte, .flags = CSUM, .csum_start = 98, .csum_offset = 1)
HEADER(a_checksum_that_wraps, .flags = CSUM, .csum_start = 65535, .csum_offset = 65535)
HEADER(a_checksum_of_an_odd_place, .flags = CSUM, .csum_start = 34, .csum_offset = 65535)
HEADER(a_checksum_in_the_ethernet_header, .flags = CSUM, .csum_start = 0, .csum_offset = 0)
HEADER(segments_of_an_unknown_kind, .gso_type = 0x7f, .gso_size = 100, .hdr_len = 54)
HEADER(segments_of_no_bytes, .flags = CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .csum_start = 34,
	.csum_offset = 16, .hdr_len = 54)
HEADER(segments_of_a_byte, .flags = CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 1,
	.csum_start = 34, .csum_offset = 16, .hdr_len = 54)
HEADER(segments_of_64_kilobytes, .flags = CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV6,
	.gso_size = 65535, .csum_start = 34, .csum_offset = 16, .hdr_len = 54)
HEADER(segments_of_udp, .gso_type = VIRTIO_NET_HDR_GSO_UDP, .gso_size = 8, .hdr_len = 65535)
HEADER(a_header_of_64_kilobytes, .hdr_len = 65535)
HEADER(many_buffers, .num_buffers = 65535)
HEADER(every_flag, .flags = 0xff, .gso_type = 0xff, .hdr_len = 0xffff, .gso_size = 0xffff,
	.csum_start = 0xffff, .csum_offset = 0xffff, .num_buffers = 0xffff)

#define RING_LIE(f)             \
	{                       \
#f, LIE_RING, f \
	}
#define HEAD_LIE(f)               \
	{                         \
#f, LIE_HEADER, f \
	}
const struct lie vhost_ring_lies[] = {RING_LIE(outside), RING_LIE(across_the_end),
	RING_LIE(at_zero), RING_LIE(around_the_end_of_addresses), RING_LIE(four_gigabytes),
	RING_LIE(all_memory_as_one_packet), RING_LIE(nothing_at_all), RING_LIE(part_of_a_header),
	RING_LIE(only_a_header), RING_LIE(write_only), RING_LIE(all_flags),
	RING_LIE(next_is_itself), RING_LIE(next_beyond_the_ring), RING_LIE(next_far_beyond),
	RING_LIE(a_chain_around_the_ring), RING_LIE(a_chain_of_nothing),
	RING_LIE(a_table_of_odd_size), RING_LIE(an_empty_table),
	RING_LIE(a_table_of_four_gigabytes), RING_LIE(a_table_outside), RING_LIE(a_table_of_tables),
	RING_LIE(a_table_that_loops), RING_LIE(a_table_and_more), RING_LIE(a_sum_that_wraps),
	RING_LIE(short_pieces_without_an_end), RING_LIE(an_index_that_jumps),
	RING_LIE(an_index_that_goes_back), RING_LIE(garbage_for_descriptors),
	RING_LIE(garbage_for_all_of_the_rings), RING_LIE(receives_outside),
	RING_LIE(receives_into_nothing), RING_LIE(receives_into_a_byte),
	RING_LIE(receives_into_four_gigabytes), RING_LIE(receives_into_a_loop),
	RING_LIE(receives_into_what_is_read_only), RING_LIE(receives_into_its_own_rings),
	HEAD_LIE(a_checksum_beyond_the_packet), HEAD_LIE(a_checksum_at_the_last_byte),
	HEAD_LIE(a_checksum_half_behind_the_buffer), HEAD_LIE(a_checksum_of_half_a_header),
	HEAD_LIE(a_checksum_that_wraps), HEAD_LIE(a_checksum_of_an_odd_place),
	HEAD_LIE(a_checksum_in_the_ethernet_header), HEAD_LIE(segments_of_an_unknown_kind),
	HEAD_LIE(segments_of_no_bytes), HEAD_LIE(segments_of_a_byte),
	HEAD_LIE(segments_of_64_kilobytes), HEAD_LIE(segments_of_udp),
	HEAD_LIE(a_segment_of_a_megabyte), HEAD_LIE(a_segment_larger_than_ip),
	HEAD_LIE(a_header_of_64_kilobytes), HEAD_LIE(many_buffers), HEAD_LIE(every_flag),
	{NULL, LIE_RING, NULL}};
