/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the generator writes into the last bytes of each frame, and the receiver finds there again.
 * At the end, because a tunnel adds and takes headers at the front: the stamp stays where it is by
 * encapsulation, decapsulation and no switching at all. UDP checksums of such frames have to be 0.
 */
#ifndef PERF_LOAD_STAMP_H
#define PERF_LOAD_STAMP_H

#include <stdint.h>
#include <string.h>

struct stamp {
	uint16_t run; /* which trial it belongs to */
	uint32_t seq; /* its number in there, low 32 bits */
	uint64_t tsc; /* when it was sent */
} __attribute__((packed));

#define STAMP_BYTES sizeof(struct stamp)

/* Ethernet, IPv4 and UDP before it. */
#define STAMP_FRAME_MIN (14 + 20 + 8 + STAMP_BYTES)

static inline void stamp_write(
	uint8_t *frame, uint32_t length, uint16_t run, uint32_t seq, uint64_t tsc)
{
	struct stamp s = {.run = run, .seq = seq, .tsc = tsc};

	memcpy(frame + length - STAMP_BYTES, &s, STAMP_BYTES);
}

static inline struct stamp stamp_read(const uint8_t *frame, uint32_t length)
{
	struct stamp s;

	memcpy(&s, frame + length - STAMP_BYTES, STAMP_BYTES);
	return s;
}

#endif
