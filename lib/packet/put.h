/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bytes of a message, one after the other, never beyond its end: what does not fit is left out
 * whole, and `full` says so.
 */
#ifndef OVNET_PACKET_PUT_H
#define OVNET_PACKET_PUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

struct ovnet_put {
	uint8_t *at, *end;
	bool full;
};

/* Where `n` bytes are to go; NULL: there is no room. */
static inline uint8_t *ovnet_put_room(struct ovnet_put *p, size_t n)
{
	uint8_t *at = p->at;

	if ((size_t)(p->end - at) < n) {
		p->full = true;
		return NULL;
	}
	p->at += n;
	return at;
}

static inline void ovnet_put_bytes(struct ovnet_put *p, const void *bytes, size_t n)
{
	uint8_t *at = ovnet_put_room(p, n);

	if (at != NULL && n > 0)
		memcpy(at, bytes, n);
}

static inline void ovnet_put8(struct ovnet_put *p, uint8_t v)
{
	ovnet_put_bytes(p, &v, sizeof(v));
}

/* Host order. */
static inline void ovnet_put16(struct ovnet_put *p, uint16_t v)
{
	const rte_be16_t be = rte_cpu_to_be_16(v);

	ovnet_put_bytes(p, &be, sizeof(be));
}

static inline void ovnet_put32(struct ovnet_put *p, uint32_t v)
{
	const rte_be32_t be = rte_cpu_to_be_32(v);

	ovnet_put_bytes(p, &be, sizeof(be));
}

#endif
