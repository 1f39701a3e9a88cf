/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Real flannel traffic for tests: the VXLAN frames of a fixture, and the leases of the two
 * nodes that exchanged them.
 */
#ifndef OVNET_BED_CAPTURE_H
#define OVNET_BED_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/net.h"

struct capture_node {
	uint32_t public_host, subnet_host; /* /24 */
	struct ovnet_mac vtep;
};

struct capture {
	const char *file;
	struct capture_node node[2];
};

extern const struct capture captures[2];

struct frame {
	uint16_t len;
	uint8_t bytes[2048];
};

static inline uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

/* The next VXLAN frame of a little-endian microsecond pcap opened by capture_open(). */
bool capture_next(FILE *f, struct frame *out);

/* To be closed by fclose(). */
FILE *capture_open(const struct capture *c);

/* Which of the two nodes sent the frame. */
unsigned capture_sender(const struct capture *c, const struct frame *f);

#endif
