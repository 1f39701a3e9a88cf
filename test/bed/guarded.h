/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets whose every segment ends where the memory does: a read one byte too far is a SIGSEGV.
 * One such packet at a time.
 */
#ifndef OVNET_BED_GUARDED_H
#define OVNET_BED_GUARDED_H

#include "bed/path.h"

/* `len` bytes in segments of at most `seg` (0: one), the first of `first` if that is not 0. */
struct rte_mbuf *guarded_packet(const uint8_t *bytes, uint16_t len, uint16_t first, uint16_t seg);

/* The packet's bytes, whatever its segments. */
uint16_t packet_bytes(const struct rte_mbuf *m, uint8_t *bytes, uint32_t size);

/* The next of a fixed sequence of numbers below `below`. */
uint32_t draw(uint32_t below);

void all_mbufs_back(void);

#endif
