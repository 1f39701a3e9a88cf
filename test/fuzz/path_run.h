/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packet path under a fuzzer: one input goes through the tables of every CPU level the machine
 * runs, each three times: in one buffer of the packet's very size; cut into segments with other
 * garbage around its bytes; cut with as little room as the input says. The first two have to
 * come to the same end, on every level: the path reads the packet, wherever it is cut, and nothing
 * else. After each every buffer is back in the pool, and what was sent is well formed.
 *
 * An input is FUZZ_HEAD bytes of parameters, then packets, each behind its length in two bytes.
 */
#ifndef OVNET_FUZZ_PATH_RUN_H
#define OVNET_FUZZ_PATH_RUN_H

#include <stdbool.h>

#include "fuzz.h"

#define FUZZ_HEAD    10
#define FUZZ_PACKETS 4
#define FUZZ_LEN     2100 /* of a packet; more than any MTU here */

/* The parameters, byte by byte. */
struct fuzz_params {
	uint8_t plane;      /* 0: row of `planes` in path_run.c: backend and IP versions */
	uint8_t validation; /* 0, bit 7: permissive; 1, bit 0: off; else strict */
	bool exclusive, to_us, attach, rss, csum, gso, unresolved; /* bits 1 to 7 */
	uint16_t first, seg;              /* 2, 3: bytes in the first segment, in the others */
	uint16_t headroom, tailroom;      /* 4, 5: of the first one where room is little */
	uint16_t csum_start, csum_offset; /* 6 to 9, of a partial checksum */
};

/* One packet for a door. `room`: what surrounds its bytes, and where it is cut. */
struct fuzz_room {
	uint16_t headroom, tailroom; /* of the first segment */
	uint16_t first, seg;         /* 0: one segment */
	uint8_t garbage;
};

/* path_packet.c. A chain of heap blocks, each just as large as it says. */
struct rte_mbuf;
struct rte_mempool;
struct rte_mbuf *fuzz_packet(
	struct rte_mempool *pool, const uint8_t *bytes, uint16_t len, const struct fuzz_room *room);

/* path_check.c */
enum fuzz_out { OUT_HOST, OUT_UPLINK, OUT_ATTACH };
/* `in`: the packet as it came, NULL where it is not known or was finished on the way. */
typedef void (*fuzz_check)(
	const uint8_t *out, uint16_t len, const uint8_t *in, uint16_t in_len, bool l2);
/* A packet of ours to the underlay; `in` from the host device or, `l2`, a guest. */
void fuzz_check_vxlan4(
	const uint8_t *out, uint16_t len, const uint8_t *in, uint16_t in_len, bool l2);
/* One delivered to the host device or, `l2`, a guest; `in` as the underlay had it. */
void fuzz_check_from_vxlan4(
	const uint8_t *out, uint16_t len, const uint8_t *in, uint16_t in_len, bool l2);

/* For LLVMFuzzerInitialize and LLVMFuzzerTestOneInput. */
void fuzz_path_init(void);
void fuzz_path(bool from_uplink, const uint8_t *data, size_t size);

#endif
