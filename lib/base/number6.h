/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv6 addresses as the numbers that ranges are made of, and allocation computes with. Pure; any
 * thread.
 */
#ifndef OVNET_BASE_NUMBER6_H
#define OVNET_BASE_NUMBER6_H

#include <endian.h>
#include <string.h>

#include "base/net.h"

typedef unsigned __int128 u128;

/* The eight bytes there. */
static inline uint64_t number6_half(const uint8_t *at)
{
	uint64_t half;

	memcpy(&half, at, sizeof(half));
	return be64toh(half);
}

static inline u128 number6(const uint8_t addr[16])
{
	return (u128)number6_half(addr) << 64 | number6_half(addr + 8);
}

static inline void number6_bytes(u128 n, uint8_t addr[16])
{
	for (int i = 15; i >= 0; i--, n >>= 8)
		addr[i] = (uint8_t)n;
}

/* The bits behind a prefix of that length. */
static inline u128 host_bits6(uint8_t len)
{
	return len < 128 ? ~(u128)0 >> len : 0;
}

static inline bool prefix6_has(const struct ovnet_prefix6 *p, u128 addr)
{
	return (addr & ~host_bits6(p->len)) == number6(p->addr);
}

#endif
