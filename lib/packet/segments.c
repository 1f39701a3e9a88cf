/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/segments.h"

#include <errno.h>
#include <string.h>

static void unlink_next(struct rte_mbuf *m)
{
	struct rte_mbuf *empty = m->next;

	m->next = empty->next;
	m->nb_segs--;
	rte_pktmbuf_free_seg(empty);
}

int ovnet_pull(struct rte_mbuf *m, uint16_t len)
{
	if (m->data_len >= len)
		return 0;
	if (rte_pktmbuf_tailroom(m) < len - m->data_len)
		return -ENOBUFS;
	while (m->data_len < len) {
		struct rte_mbuf *from = m->next;
		uint16_t n = RTE_MIN((uint16_t)(len - m->data_len), from->data_len);

		memcpy(rte_pktmbuf_mtod_offset(m, char *, m->data_len),
			rte_pktmbuf_mtod(from, char *), n);
		m->data_len += n;
		from->data_off += n;
		from->data_len -= n;
		if (from->data_len == 0)
			unlink_next(m);
	}
	return 0;
}

void ovnet_trim(struct rte_mbuf *m, uint32_t len)
{
	struct rte_mbuf *last = m;
	uint32_t left = len;
	uint16_t segs = 1;

	while (left > last->data_len) {
		left -= last->data_len;
		last = last->next;
		segs++;
	}
	last->data_len = (uint16_t)left;
	if (last->next != NULL)
		rte_pktmbuf_free(last->next);
	last->next = NULL;
	m->nb_segs = segs;
	m->pkt_len = len;
}

uint8_t *ovnet_byte_at(struct rte_mbuf *m, uint32_t off)
{
	while (off >= m->data_len) {
		off -= m->data_len;
		m = m->next;
	}
	return rte_pktmbuf_mtod_offset(m, uint8_t *, off);
}
