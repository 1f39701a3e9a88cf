/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Buffers for reads of up to 64 KB that land cut. One readv() (or recvmsg()) fills many: the first
 * gets what the first piece is foreseen to have, each later one a piece, with OVNET_CUT_HEADROOM in
 * front of it. Where that was right, no byte of payload is copied again; where it was wrong, the
 * pieces are copied to buffers of their own. What is foreseen is what came last; while nothing but
 * small packets comes, a read has three iovecs and costs one buffer.
 *
 * Whoever owns the queue; control thread before and after.
 */
#ifndef OVNET_PORT_CUT_READ_H
#define OVNET_PORT_CUT_READ_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "packet/gso.h"

/* Pieces of one read, each a buffer; of the most there can be the kernel makes 64 (UDP_GRO). */
#define OVNET_CUT_SLOTS 64
/*
 * Smaller pieces come in full buffers as well: they are no less work in a buffer each, and whoever
 * sends them would decide how everybody else's packets are read.
 */
#define OVNET_CUT_LEAST 128
/* The longest read: an IP packet with Ethernet and tags, and a byte that tells of more. */
#define OVNET_CUT_BYTES (UINT16_MAX + 32)

/* Bytes of the first piece, and of each later one but the last. `each` 0: all is one piece. */
struct ovnet_cut_shape {
	uint16_t first, each;
};

struct ovnet_cut_bufs {
	struct rte_mempool *pool;
	uint16_t room;                /* of a first piece in its buffer */
	uint16_t later_room;          /* of a later one */
	struct ovnet_cut_shape shape; /* foreseen; `each` 0: small packets */
	uint16_t n;                   /* slots it takes */
	uint16_t empty;               /* of these without a buffer, from the first on */
	uint16_t misses, singles;     /* in a row */
	unsigned n_iov;
	unsigned char *tail; /* for what the slots do not hold */
	struct rte_mbuf *slot[OVNET_CUT_SLOTS];
	struct iovec iov[1 + OVNET_CUT_SLOTS + 1]; /* the caller's header; slots; tail */
};

/*
 * `head` is the caller's, for what comes in front of the packet (a vnet header): iov[0]. 0 or
 * -ENOMEM. ovnet_cut_fini() gives the buffers back, and is safe on a zeroed struct.
 */
int ovnet_cut_init(struct ovnet_cut_bufs *b, struct rte_mempool *pool, void *head, size_t head_len);
void ovnet_cut_fini(struct ovnet_cut_bufs *b);

/*
 * Before each read: how many iovecs of b->iov to read into, from the first on (from the second
 * without a header: one less). 0: the pool has no buffer. What a read left unused is there still.
 */
unsigned ovnet_cut_ready(struct ovnet_cut_bufs *b);

/* The byte at `at` of what was just read, which is longer than that. */
uint8_t ovnet_cut_byte(const struct ovnet_cut_bufs *b, uint32_t at);

/* Do `len` bytes of that shape come as that shape, each piece in one buffer? */
bool ovnet_cut_fits(const struct ovnet_cut_bufs *b, uint32_t len, struct ovnet_cut_shape shape);

/*
 * The `len` bytes (1 .. OVNET_CUT_BYTES - 1, the head not counted) that a read got, as a chain with
 * a buffer for each piece; metadata untouched. What does not fit (ovnet_cut_fits()) comes in
 * buffers as they are filled. NULL: the pool has not enough buffers to copy a wrong
 * guess to; what was read is lost.
 */
struct rte_mbuf *ovnet_cut_take(
	struct ovnet_cut_bufs *b, uint32_t len, struct ovnet_cut_shape shape);

#endif
