/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes on the wire, for the checks. */
#ifndef OVNET_FUZZ_PATH_BYTES_H
#define OVNET_FUZZ_PATH_BYTES_H

#include <stdbool.h>
#include <stdint.h>

#define ETH 14u
#define IP6 40u

static inline uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static inline uint32_t get32(const uint8_t *at)
{
	return get16(at) << 16 | get16(at + 2);
}

static inline bool is_v6(const uint8_t *ip)
{
	return ip[0] >> 4 == 6;
}

static inline unsigned header_len(const uint8_t *ip)
{
	return is_v6(ip) ? IP6 : (ip[0] & 15u) * 4;
}

/* Of the IP packet, as it says itself. */
static inline unsigned total_len(const uint8_t *ip)
{
	return is_v6(ip) ? IP6 + get16(ip + 4) : get16(ip + 2);
}

/* TOS byte or traffic class. */
static inline unsigned tos_of(const uint8_t *ip)
{
	return is_v6(ip) ? get16(ip) >> 4 & 0xff : ip[1];
}

static inline unsigned ttl_of(const uint8_t *ip)
{
	return is_v6(ip) ? ip[7] : ip[8];
}

#endif
