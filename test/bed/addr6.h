/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv6 addresses and prefixes from numbers. Shared with perf/. */
#ifndef OVNET_BED_ADDR6_H
#define OVNET_BED_ADDR6_H

#include <sys/socket.h>

#include "base/number6.h"

/* An address by its upper and lower half. */
#define A(high, low) ((u128)(high) << 64 | (low))

static inline struct ovnet_addr addr_of(u128 n)
{
	struct ovnet_addr a = {.family = AF_INET6};

	number6_bytes(n, a.v6);
	return a;
}

static inline struct ovnet_prefix6 prefix_of(u128 n, uint8_t len)
{
	struct ovnet_prefix6 p = {.len = len};

	number6_bytes(n, p.addr);
	return p;
}

static inline struct ovnet_prefix subnet_of(u128 n, uint8_t len)
{
	return (struct ovnet_prefix){.family = AF_INET6, .v6 = prefix_of(n, len)};
}

#endif
