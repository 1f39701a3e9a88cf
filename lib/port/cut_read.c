/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/cut_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MISSES 2  /* in a row, and the newer one is foreseen: two kinds in turn cost half */
#define QUIET  64 /* packets in a row of one piece, and no other is foreseen */

static unsigned pieces(uint32_t len, struct ovnet_cut_shape s)
{
	if (s.each == 0 || len <= s.first)
		return 1;
	return 1 + (len - s.first + s.each - 1) / s.each;
}

bool ovnet_cut_fits(const struct ovnet_cut_bufs *b, uint32_t len, struct ovnet_cut_shape shape)
{
	if (pieces(len, shape) == 1)
		return len <= b->room;
	return shape.first >= OVNET_CUT_LEAST && shape.first <= b->room &&
	       shape.each >= OVNET_CUT_LEAST && shape.each <= b->later_room &&
	       pieces(len, shape) <= OVNET_CUT_SLOTS;
}

/* From now on reads are laid out for that shape. */
static void foresee(struct ovnet_cut_bufs *b, struct ovnet_cut_shape shape)
{
	size_t held = shape.first;

	if (b->n > b->empty)
		rte_pktmbuf_free_bulk(b->slot + b->empty, b->n - b->empty);
	b->shape = shape;
	b->misses = b->singles = 0;
	b->iov[1].iov_len = shape.first;
	for (b->n = 1; shape.each != 0 && held < OVNET_CUT_BYTES && b->n < OVNET_CUT_SLOTS;
		b->n++) {
		b->iov[1 + b->n].iov_len = shape.each;
		held += shape.each;
	}
	b->empty = b->n;
	b->n_iov = 1 + b->n;
	if (held < OVNET_CUT_BYTES)
		b->iov[b->n_iov++] = (struct iovec){b->tail, OVNET_CUT_BYTES - held};
}

static void foresee_small(struct ovnet_cut_bufs *b)
{
	foresee(b, (struct ovnet_cut_shape){.first = b->room});
}

int ovnet_cut_init(struct ovnet_cut_bufs *b, struct rte_mempool *pool, void *head, size_t head_len)
{
	const unsigned size = rte_pktmbuf_data_room_size(pool);

	*b = (struct ovnet_cut_bufs){.pool = pool, .iov[0] = {head, head_len}};
	b->room = (uint16_t)(size - RTE_PKTMBUF_HEADROOM);
	b->later_room = size > OVNET_CUT_HEADROOM ? (uint16_t)(size - OVNET_CUT_HEADROOM) : 0;
	b->tail = malloc(OVNET_CUT_BYTES); /* no memory is behind it before a large packet comes */
	if (b->tail == NULL)
		return -ENOMEM;
	foresee_small(b);
	return 0;
}

void ovnet_cut_fini(struct ovnet_cut_bufs *b)
{
	if (b->n > b->empty)
		rte_pktmbuf_free_bulk(b->slot + b->empty, b->n - b->empty);
	free(b->tail);
	*b = (struct ovnet_cut_bufs){0};
}

uint8_t ovnet_cut_byte(const struct ovnet_cut_bufs *b, uint32_t at)
{
	const struct iovec *v = b->iov + 1;

	for (; at >= v->iov_len; v++)
		at -= (uint32_t)v->iov_len;
	return ((const uint8_t *)v->iov_base)[at];
}

/* With headroom as a first piece has it, and later ones. */
static int get_buffers(const struct ovnet_cut_bufs *b, struct rte_mbuf **to, unsigned n)
{
	if (rte_pktmbuf_alloc_bulk(b->pool, to, n) < 0)
		return -ENOMEM;
	for (unsigned i = 1; i < n; i++)
		to[i]->data_off = OVNET_CUT_HEADROOM;
	return 0;
}

static int fill(struct ovnet_cut_bufs *b)
{
	if (get_buffers(b, b->slot, b->empty) < 0)
		return -ENOMEM;
	for (unsigned i = 0; i < b->empty; i++)
		b->iov[1 + i].iov_base = rte_pktmbuf_mtod(b->slot[i], void *);
	b->empty = 0;
	return 0;
}

unsigned ovnet_cut_ready(struct ovnet_cut_bufs *b)
{
	if (b->empty > 0 && unlikely(fill(b) < 0)) {
		if (b->n == 1)
			return 0;
		/* For one packet there may be enough. */
		foresee_small(b);
		if (fill(b) < 0)
			return 0;
	}
	return b->n_iov;
}

/* One packet of the first `n` buffers. */
static struct rte_mbuf *link_up(
	struct rte_mbuf **bufs, unsigned n, uint32_t len, struct ovnet_cut_shape shape)
{
	struct rte_mbuf *m = bufs[0];
	uint32_t left = len - shape.first;

	m->pkt_len = len;
	m->data_len = shape.first;
	m->nb_segs = (uint16_t)n;
	for (unsigned i = 1; i < n; i++) {
		bufs[i - 1]->next = bufs[i];
		bufs[i]->data_len = (uint16_t)RTE_MIN(left, (uint32_t)shape.each);
		left -= bufs[i]->data_len;
	}
	return m;
}

/* Where what was read goes on. */
struct source {
	const struct iovec *v;
	size_t off;
};

static void copy(struct source *from, uint8_t *to, size_t len)
{
	while (len > 0) {
		size_t n = RTE_MIN(len, from->v->iov_len - from->off);
		memcpy(to, (const uint8_t *)from->v->iov_base + from->off, n);
		to += n;
		len -= n;
		from->off += n;
		if (from->off == from->v->iov_len)
			*from = (struct source){from->v + 1, 0};
	}
}

/* To buffers of their own: the slots keep theirs. */
static struct rte_mbuf *copy_pieces(
	const struct ovnet_cut_bufs *b, unsigned n, uint32_t len, struct ovnet_cut_shape shape)
{
	struct rte_mbuf *bufs[OVNET_CUT_SLOTS];
	struct source from = {b->iov + 1, 0};

	if (get_buffers(b, bufs, n) < 0)
		return NULL;
	struct rte_mbuf *m = link_up(bufs, n, len, shape);
	for (unsigned i = 0; i < n; i++)
		copy(&from, rte_pktmbuf_mtod(bufs[i], uint8_t *), bufs[i]->data_len);
	return m;
}

/* All of it in the first buffer, which has room for it. */
static struct rte_mbuf *one_piece(struct ovnet_cut_bufs *b, uint32_t len)
{
	struct rte_mbuf *m = b->slot[0];
	const size_t there = b->iov[1].iov_len;

	if (len > there) {
		struct source rest = {b->iov + 2, 0};
		copy(&rest, rte_pktmbuf_mtod_offset(m, uint8_t *, there), len - there);
	}
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	b->empty = 1;
	return m;
}

static bool is_foreseen(const struct ovnet_cut_bufs *b, struct ovnet_cut_shape s)
{
	return s.first == b->shape.first && s.each == b->shape.each;
}

static void learn_small(struct ovnet_cut_bufs *b)
{
	if (b->shape.each != 0 && ++b->singles == QUIET)
		foresee_small(b);
}

static void learn(struct ovnet_cut_bufs *b, struct ovnet_cut_shape s)
{
	b->singles = 0;
	if (is_foreseen(b, s))
		b->misses = 0;
	else if (b->shape.each == 0 || ++b->misses == MISSES)
		foresee(b, s);
}

struct rte_mbuf *ovnet_cut_take(
	struct ovnet_cut_bufs *b, uint32_t len, struct ovnet_cut_shape shape)
{
	struct rte_mbuf *m;

	if (!ovnet_cut_fits(b, len, shape)) {
		shape = (struct ovnet_cut_shape){b->room, b->later_room};
		if (!ovnet_cut_fits(b, len, shape))
			return NULL; /* buffers so small that there are too many */
	}
	const unsigned n = pieces(len, shape);
	if (n == 1) {
		m = one_piece(b, len);
		learn_small(b);
		return m;
	}
	if (is_foreseen(b, shape)) {
		m = link_up(b->slot, n, len, shape);
		b->empty = (uint16_t)n;
	} else {
		m = copy_pieces(b, n, len, shape);
	}
	learn(b, shape);
	return m;
}
