/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv6 addresses as the numbers that ranges are made of. Private to lib/fib; pure.
 */
#ifndef OVNET_FIB_NUMBER6_H
#define OVNET_FIB_NUMBER6_H

#include <string.h>

#include "base/net.h"

/* The eight bytes there. */
static inline uint64_t number6_half(const uint8_t *at)
{
	uint64_t half;

	memcpy(&half, at, sizeof(half));
	return __builtin_bswap64(half);
}

static inline unsigned __int128 number6(const uint8_t addr[16])
{
	return (unsigned __int128)number6_half(addr) << 64 | number6_half(addr + 8);
}

/* The bits behind a prefix of that length. */
static inline unsigned __int128 host_bits6(uint8_t len)
{
	return len < 128 ? ~(unsigned __int128)0 >> len : 0;
}

#endif
