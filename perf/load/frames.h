/* SPDX-License-Identifier: BSD-3-Clause */
/* The frames that are sent, one after the other and then from the first again. */
#ifndef PERF_LOAD_FRAMES_H
#define PERF_LOAD_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#define FRAMES_MOST (1u << 20)
#define FRAME_MOST  2048u /* of each, in bytes; also the room in memory */

struct frame {
	const uint8_t *data;
	uint32_t length;
};

struct frames {
	uint32_t count;
	struct frame *frame;
	uint8_t *memory;
};

/* From a pcap file. False: says why. */
bool frames_read(struct frames *f, const char *path);
void frames_free(struct frames *f);

/*
 * Is what came, without its stamp, what was sent? Compared is what no switch may change: from the
 * inner IP source address on. Of long frames that is the beginning and, in turn by `turn`, one part
 * of the rest.
 */
bool frame_same(const struct frame *sent, const uint8_t *came, uint32_t length, uint32_t turn);

#endif
