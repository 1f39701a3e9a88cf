/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/ring.h"

#include <errno.h>
#include <stdlib.h>

int capture_ring_init(struct capture_ring *r, uint64_t size)
{
	r->size = size;
	r->bytes = aligned_alloc(RTE_CACHE_LINE_SIZE, size);
	return r->bytes != NULL ? 0 : -ENOMEM;
}

void capture_ring_fini(struct capture_ring *r)
{
	free(r->bytes);
	r->bytes = NULL;
}

static struct packet_record *at(struct capture_ring *r, uint64_t where)
{
	return (struct packet_record *)(void *)(r->bytes + (where & (r->size - 1)));
}

struct packet_record *capture_ring_reserve(struct capture_ring *r, uint32_t captured)
{
	const uint32_t len = RTE_ALIGN_CEIL((uint32_t)sizeof(struct packet_record) + captured, 8u);
	uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	const uint64_t tail = atomic_load_explicit(&r->tail, memory_order_acquire),
		       to_end = r->size - (head & (r->size - 1)), pad = to_end < len ? to_end : 0;

	if (r->size - (head - tail) < pad + len)
		return NULL;
	if (pad != 0) {
		/* A multiple of 8, which may be less than a record: kind and length fit. */
		at(r, head)->len = (uint32_t)pad;
		at(r, head)->kind = PACKET_RECORD_PAD;
		head += pad;
		atomic_store_explicit(&r->head, head, memory_order_release);
	}
	at(r, head)->len = len;
	return at(r, head);
}

void capture_ring_commit(struct capture_ring *r, const struct packet_record *record)
{
	const uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);

	atomic_store_explicit(&r->head, head + record->len, memory_order_release);
}

const struct packet_record *capture_ring_first(struct capture_ring *r)
{
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	while (tail != atomic_load_explicit(&r->head, memory_order_acquire)) {
		if (at(r, tail)->kind != PACKET_RECORD_PAD)
			return at(r, tail);
		tail += at(r, tail)->len;
		atomic_store_explicit(&r->tail, tail, memory_order_release);
	}
	return NULL;
}

void capture_ring_release(struct capture_ring *r, const struct packet_record *record)
{
	const uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	atomic_store_explicit(&r->tail, tail + record->len, memory_order_release);
}
