/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packet path under a fuzzer: one input goes through the tables of every CPU level the machine
 * runs, each four times: in one buffer of the packet's very size, by all stages, and with the short
 * way open to what is plain; cut into segments with other garbage around its bytes; cut with as
 * little room as the input says. The first three have to come to the same end, on every level: the
 * path reads the packet, wherever it is cut, and nothing else. After each every buffer is back in
 * the pool, every packet is accounted for, and what was sent is well formed. Of packets sent alone
 * more is known: what went on is what came, counted down and from whom it says; what went back is
 * an ICMP error about it.
 *
 * An input is FUZZ_HEAD bytes of parameters, then packets, each behind its length in two bytes.
 */
#ifndef OVNET_FUZZ_PATH_RUN_H
#define OVNET_FUZZ_PATH_RUN_H

#include <stdbool.h>

#include "base/drop.h"
#include "fuzz.h"

#define FUZZ_HEAD    10
#define FUZZ_PACKETS 4
#define FUZZ_LEN     2100 /* of a packet; more than any MTU here */
#define FUZZ_PORTS   4
#define FUZZ_SENT    128 /* by one port; a packet may be answered, or cut up twice */

/* The parameters, byte by byte. */
struct fuzz_params {
	uint8_t plane;   /* 0, bits 0 to 6: row in path_plane.c: backend, IP versions */
	bool permissive; /* 0, bit 7: ingress validation */
	bool off;        /* 1, bit 0: the same; else it is strict */
	bool exclusive, to_us, attach, rss, csum, gso, unresolved; /* bits 1 to 7 */
	uint16_t first, seg;              /* 2, 3: bytes in the first segment, in the others */
	bool sum_good;                    /* 4, bit 0: the NIC has verified the IPv4 header */
	uint16_t headroom, tailroom;      /* 4, 5: of the first one where room is little */
	uint16_t gso_size;                /* 5, too: payload of a segment, 256 at least */
	uint16_t csum_start, csum_offset; /* 6 to 9, of a partial checksum */
};

struct fuzz_packets {
	unsigned n;
	const uint8_t *bytes[FUZZ_PACKETS]; /* the input's */
	uint16_t len[FUZZ_PACKETS];
};

/* path_input.c. `d` has FUZZ_HEAD bytes; `data` is what follows. */
void fuzz_read_params(struct fuzz_params *p, const uint8_t *d);
void fuzz_read_packets(struct fuzz_packets *in, const uint8_t *data, size_t size);

/* How it ended: per reason how many, per port what was sent, in order. */
struct fuzz_outcome {
	struct {
		uint64_t drops[OVNET_DROP_COUNT]; /* STOPPING: fragments that wait for others */
		uint64_t made;                    /* by the path: answers, fragments */
		uint16_t n[FUZZ_PORTS];
		uint16_t len[FUZZ_PORTS][FUZZ_SENT];
	} sum;
	uint8_t bytes[FUZZ_PORTS][FUZZ_SENT][FUZZ_LEN + 256]; /* as many as `sum` says */
};

/* path_outcome.c */
void fuzz_outcome_add(struct fuzz_outcome *all, const struct fuzz_outcome *o);
/*
 * Answers and fragments are sent ahead of the burst they come of: then the order, and what counts
 * outer packets, depends on where a burst ends.
 */
void fuzz_outcome_sort(struct fuzz_outcome *o);
/* They have to be the same; `level` for what to say if not. */
void fuzz_outcome_compare(
	const struct fuzz_outcome *a, const struct fuzz_outcome *b, const char *level);

/* What surrounds a packet's bytes, and where it is cut. */
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

/* For LLVMFuzzerInitialize and LLVMFuzzerTestOneInput. */
void fuzz_path_init(void);
void fuzz_path(bool from_uplink, const uint8_t *data, size_t size);

#endif
