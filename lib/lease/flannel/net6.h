/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv6 subnets as numbers: what allocation and range checks compute with. Pure; any thread.
 */
#ifndef OVNET_LEASE_FLANNEL_NET6_H
#define OVNET_LEASE_FLANNEL_NET6_H

#include "base/net.h"

typedef unsigned __int128 u128;

static inline u128 net6_number(const uint8_t addr[16])
{
	u128 n = 0;

	for (int i = 0; i < 16; i++)
		n = n << 8 | addr[i];
	return n;
}

static inline void net6_bytes(u128 n, uint8_t addr[16])
{
	for (int i = 15; i >= 0; i--, n >>= 8)
		addr[i] = (uint8_t)n;
}

static inline u128 net6_mask(uint8_t len)
{
	return len == 0 ? 0 : ~(u128)0 << (128 - len);
}

static inline bool net6_contains(const struct ovnet_prefix6 *p, u128 addr)
{
	return (addr & net6_mask(p->len)) == net6_number(p->addr);
}

#endif
