/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets in blocks of the heap instead of the pool's buffers, so that AddressSanitizer sees a byte
 * too far on either side.
 */
#include <string.h>

#include <rte_mbuf.h>

#include "packet/meta.h"

#include "path_run.h"

#define SEGMENTS_MAX 128 /* of a packet; the pool has buffers for all packets of an input */

struct block {
	struct rte_mbuf_ext_shared_info info;
	uint8_t *bytes;
};

static void block_free(void *addr, void *arg)
{
	struct block *b = arg;

	(void)addr;
	free(b->bytes);
	free(b);
}

/* A segment of `n` bytes between `headroom` and `tailroom` bytes of garbage. */
static struct rte_mbuf *segment(struct rte_mempool *pool, const uint8_t *bytes, uint16_t n,
	uint16_t headroom, uint16_t tailroom, uint8_t garbage)
{
	uint16_t size = (uint16_t)(headroom + n + tailroom);
	struct block *b = malloc(sizeof(*b));
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	CHECK(b != NULL && m != NULL, "no memory");
	b->bytes = malloc(size > 0 ? size : 1);
	CHECK(b->bytes != NULL, "no memory");
	memset(b->bytes, garbage, size);
	if (n > 0)
		memcpy(b->bytes + headroom, bytes, n);
	b->info = (struct rte_mbuf_ext_shared_info){.free_cb = block_free, .fcb_opaque = b};
	rte_mbuf_ext_refcnt_set(&b->info, 1);
	rte_pktmbuf_attach_extbuf(m, b->bytes, (rte_iova_t)(uintptr_t)b->bytes, size, &b->info);
	m->data_off = headroom;
	m->data_len = n;
	m->pkt_len = n;
	return m;
}

struct rte_mbuf *fuzz_packet(
	struct rte_mempool *pool, const uint8_t *bytes, uint16_t len, const struct fuzz_room *room)
{
	uint16_t n = room->first != 0 ? RTE_MIN(room->first, len) : len, at = n;
	struct rte_mbuf *m = segment(pool, bytes, n, room->headroom, room->tailroom, room->garbage);

	for (struct rte_mbuf *last = m; at < len; at = (uint16_t)(at + n)) {
		n = m->nb_segs == SEGMENTS_MAX - 1 ? (uint16_t)(len - at)
						   : RTE_MIN(room->seg, (uint16_t)(len - at));
		last->next = segment(pool, bytes + at, n, 0, 0, 0);
		last = last->next;
		m->nb_segs++;
	}
	m->pkt_len = len;
	return m;
}
