/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records on their way from one worker to one reader. Nobody waits: what does not fit is the
 * writer's to count. A record lies in one piece; one that would go beyond the end stands at the
 * beginning, behind a pad.
 */
#ifndef OVNET_CAPTURE_RING_H
#define OVNET_CAPTURE_RING_H

#include <stdatomic.h>
#include <stdint.h>

#include <rte_common.h>

#include "base/packet_record.h"

struct capture_ring {
	/* Bytes written and read since the beginning; each line is written by one of the two. */
	_Atomic uint64_t head __rte_cache_aligned; /* worker: rw, reader: ro */
	_Atomic uint64_t tail __rte_cache_aligned; /* reader: rw, worker: ro */
	uint64_t size __rte_cache_aligned;         /* a power of two */
	uint8_t *bytes;
};

/* `size`: a power of two. 0 or -ENOMEM. */
int capture_ring_init(struct capture_ring *r, uint64_t size);
void capture_ring_fini(struct capture_ring *r); /* safe on a zeroed one */

/*
 * Worker: room for a record with `captured` bytes behind it, its `len` set; NULL: there is none.
 * The reader has it after the commit.
 */
struct packet_record *capture_ring_reserve(struct capture_ring *r, uint32_t captured);
void capture_ring_commit(struct capture_ring *r, const struct packet_record *record);

/* Reader: the oldest one, NULL: there is none. It stays until it is released. */
const struct packet_record *capture_ring_first(struct capture_ring *r);
void capture_ring_release(struct capture_ring *r, const struct packet_record *record);

#endif
