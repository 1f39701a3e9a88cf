/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/guarded.h"

#include <sys/mman.h>

#include "bed/random.h"

#define GUARDED_SEGS 256
#define GUARDED_ROOM 65536u /* bytes of the first segment; the others have a page */
#define GUARDED_PAGE 4096u

static uint8_t *guarded_at[GUARDED_SEGS];
static struct rte_mbuf_ext_shared_info guarded_info[GUARDED_SEGS];

static void guarded_freed(void *addr, void *arg)
{
	(void)addr;
	(void)arg;
}

/* The end of segment `i`'s memory. */
static uint8_t *guarded_end(unsigned i)
{
	size_t room = i == 0 ? GUARDED_ROOM : GUARDED_PAGE;

	if (guarded_at[i] == NULL) {
		uint8_t *at = mmap(NULL, room + GUARDED_PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_true(at != MAP_FAILED);
		assert_int_equal(mprotect(at + room, GUARDED_PAGE, PROT_NONE), 0);
		guarded_at[i] = at;
	}
	return guarded_at[i] + room;
}

static struct rte_mbuf *guarded_segment(unsigned i, const uint8_t *bytes, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(bed_pool);
	uint8_t *end = guarded_end(i);

	assert_non_null(m);
	assert_in_range(len, 0, i == 0 ? GUARDED_ROOM - 1 : GUARDED_PAGE);
	guarded_info[i].free_cb = guarded_freed;
	rte_mbuf_ext_refcnt_set(&guarded_info[i], 1);
	rte_pktmbuf_attach_extbuf(m, end - len, RTE_BAD_IOVA, len, &guarded_info[i]);
	m->data_off = 0;
	m->data_len = len;
	memcpy(end - len, bytes, len);
	return m;
}

struct rte_mbuf *guarded_packet(const uint8_t *bytes, uint16_t len, uint16_t first, uint16_t seg)
{
	uint16_t n = first != 0 ? RTE_MIN(first, len) : seg != 0 ? RTE_MIN(seg, len) : len, at = n;
	struct rte_mbuf *m = guarded_segment(0, bytes, n), *last = m;

	ovnet_meta_reset(m, HOST);
	while (at < len) {
		assert_in_range(m->nb_segs, 1, GUARDED_SEGS - 1);
		n = (uint16_t)RTE_MIN(seg != 0 ? seg : GUARDED_PAGE, (unsigned)(len - at));
		last->next = guarded_segment(m->nb_segs, bytes + at, n);
		last = last->next;
		m->nb_segs++;
		at = (uint16_t)(at + n);
	}
	m->pkt_len = len;
	return m;
}

uint16_t packet_bytes(const struct rte_mbuf *m, uint8_t *bytes, uint32_t size)
{
	rte_mbuf_sanity_check(m, 1);
	assert_in_range(m->pkt_len, 0, size);
	const void *at = rte_pktmbuf_read(m, 0, m->pkt_len, bytes);
	assert_non_null(at);
	if (at != bytes)
		memcpy(bytes, at, m->pkt_len);
	return (uint16_t)m->pkt_len;
}

static uint64_t guarded_seed = 1;

uint32_t draw(uint32_t below)
{
	return (uint32_t)((uint64_t)next_random(&guarded_seed) * below >> 31);
}

void all_mbufs_back(void)
{
	assert_int_equal(rte_mempool_avail_count(bed_pool), BED_MBUFS);
}
