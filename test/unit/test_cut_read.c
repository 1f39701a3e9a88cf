/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads that land cut: what is foreseen, what becomes of a wrong guess, who has the buffers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/lab.h"
#include "port/cut_read.h"

#define HDRS 52
#define MSS  1398

static const struct ovnet_cut_shape tcp = {HDRS + MSS, MSS};
static const struct ovnet_cut_shape one = {0};

struct reader {
	int in, out;
	uint64_t head;
	struct ovnet_cut_bufs bufs;
};

static void reader_begin(struct reader *r, struct rte_mempool *pool)
{
	const int size = 1 << 20;
	int fds[2];

	*r = (struct reader){0};
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	r->in = fds[0];
	r->out = fds[1];
	assert_int_equal(setsockopt(r->out, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	assert_int_equal(ovnet_cut_init(&r->bufs, pool, &r->head, sizeof(r->head)), 0);
}

static void reader_end(struct reader *r)
{
	ovnet_cut_fini(&r->bufs);
	close(r->in);
	close(r->out);
}

static uint8_t byte(uint32_t i)
{
	return (uint8_t)(i * 7 + (i >> 8) * 3);
}

/* `len` bytes through the socket, in one read. */
static struct rte_mbuf *pass(struct reader *r, uint32_t len, struct ovnet_cut_shape shape)
{
	static uint8_t bytes[OVNET_CUT_BYTES];
	uint64_t head = 0x1234567890 + len;
	const struct iovec iov[] = {{&head, sizeof(head)}, {bytes, len}};

	for (uint32_t i = 0; i < len; i++)
		bytes[i] = byte(i);
	unsigned n = ovnet_cut_ready(&r->bufs);
	if (n == 0)
		return NULL;
	assert_int_equal(writev(r->out, iov, 2), len + sizeof(head));
	assert_int_equal(readv(r->in, r->bufs.iov, (int)n), len + sizeof(head));
	assert_int_equal(r->head, head);
	return ovnet_cut_take(&r->bufs, len, shape);
}

/* The bytes, and each piece where it belongs. */
static void check(struct rte_mbuf *m, uint32_t len, struct ovnet_cut_shape shape)
{
	uint32_t at = 0, want = shape.each == 0 ? len : RTE_MIN(len, (uint32_t)shape.first);
	const struct rte_mbuf *first = m;
	unsigned segs = 0;

	assert_non_null(m);
	assert_int_equal(m->pkt_len, len);
	for (; m != NULL; m = m->next) {
		assert_int_equal(m->data_len, want);
		assert_int_equal(rte_mbuf_refcnt_read(m), 1);
		assert_true(m->data_off >= (segs == 0 ? RTE_PKTMBUF_HEADROOM : OVNET_CUT_HEADROOM));
		assert_true(m->data_off + m->data_len <= m->buf_len);
		for (uint32_t i = 0; i < m->data_len; i++)
			assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[i], byte(at + i));
		at += m->data_len;
		want = RTE_MIN(len - at, (uint32_t)shape.each);
		segs++;
	}
	assert_int_equal(at, len);
	assert_int_equal(first->nb_segs, segs);
}

static const void *slot(const struct reader *r, unsigned i)
{
	return r->bufs.iov[1 + i].iov_base;
}

static void pass_and_check(struct reader *r, uint32_t len, struct ovnet_cut_shape shape)
{
	struct rte_mbuf *m = pass(r, len, shape);

	check(m, len, shape);
	rte_pktmbuf_free(m);
}

static void the_second_one_lands_cut(void **state)
{
	(void)state;
	struct reader r;

	reader_begin(&r, lab_pool);
	pass_and_check(&r, 100, one);
	assert_int_equal(ovnet_cut_ready(&r.bufs), 3); /* nothing foreseen: three iovecs */
	pass_and_check(&r, 65000, tcp);                /* copied, and cut by that */
	for (uint32_t len = 65535; len > 9999; len -= 9999) {
		unsigned n = ovnet_cut_ready(&r.bufs);
		assert_int_equal(n, 1 + r.bufs.n);
		const void *where[] = {slot(&r, 0), slot(&r, 1)};
		struct rte_mbuf *m = pass(&r, len, tcp);
		check(m, len, tcp);
		/* Where the kernel put it. */
		assert_ptr_equal(rte_pktmbuf_mtod(m, void *), where[0]);
		assert_ptr_equal(rte_pktmbuf_mtod(m->next, void *), where[1]);
		rte_pktmbuf_free(m);
	}
	/* Full to the last byte of a piece, and one beyond. */
	pass_and_check(&r, HDRS + 3 * MSS, tcp);
	pass_and_check(&r, HDRS + 3 * MSS + 1, tcp);
	reader_end(&r);
	lab_no_leak();
}

/* Between large ones; a piece of its own even where it is longer than the first one foreseen. */
static void small_ones_are_linear(void **state)
{
	(void)state;
	struct reader r;

	reader_begin(&r, lab_pool);
	pass_and_check(&r, 30000, tcp);
	for (uint32_t len = 1; len <= 2048; len += 89)
		pass_and_check(&r, len, one);
	pass_and_check(&r, 2048, one);
	assert_int_equal(ovnet_cut_ready(&r.bufs), 1 + r.bufs.n);
	assert_true(r.bufs.n > 40);
	/* After enough of them no other is foreseen, and the buffers are given back. */
	for (unsigned i = 0; i < 64; i++)
		pass_and_check(&r, 52, one);
	assert_int_equal(ovnet_cut_ready(&r.bufs), 3);
	assert_int_equal(rte_mempool_in_use_count(lab_pool), 1);
	pass_and_check(&r, 40000, tcp);
	reader_end(&r);
	lab_no_leak();
}

static void a_wrong_guess_is_copied_and_the_second_one_learnt_from(void **state)
{
	(void)state;
	const struct ovnet_cut_shape other = {72 + 1378, 1378}, short_one = {HDRS + 1200, 1200};
	struct reader r;

	reader_begin(&r, lab_pool);
	for (unsigned i = 0; i < 3; i++)
		pass_and_check(&r, 60000, tcp);
	/* Two flows in turn: the one that was there first is right each time. */
	for (unsigned i = 0; i < 6; i++) {
		pass_and_check(&r, 50000, i % 2 == 0 ? other : tcp);
		assert_int_equal(r.bufs.shape.each, MSS);
	}
	pass_and_check(&r, 64000, short_one);
	pass_and_check(&r, 64000, short_one);
	assert_int_equal(r.bufs.shape.each, 1200);
	pass_and_check(&r, 64000, short_one);
	reader_end(&r);
	lab_no_leak();
}

/* A chain of full buffers: what no buffer holds, and more pieces than there may be. */
static void what_does_not_fit_comes_in_full_buffers(void **state)
{
	(void)state;
	const struct ovnet_cut_shape cases[] = {{HDRS + 8948, 8948}, {HDRS + 536, 536}, {65000, 1}};
	struct reader r;

	reader_begin(&r, lab_pool);
	const struct ovnet_cut_shape full = {r.bufs.room, r.bufs.later_room};
	assert_int_equal(full.each, 2048 + RTE_PKTMBUF_HEADROOM - OVNET_CUT_HEADROOM);
	for (unsigned i = 0; i < RTE_DIM(cases); i++)
		for (unsigned k = 0; k < 3; k++) {
			assert_false(ovnet_cut_fits(&r.bufs, 65535, cases[i]));
			struct rte_mbuf *m = pass(&r, 65535, cases[i]);
			check(m, 65535, full);
			assert_true(m->nb_segs <= OVNET_CUT_SLOTS);
			rte_pktmbuf_free(m);
		}
	/* 64 pieces are as many as there may be; the tail behind the slots is none of them. */
	const struct ovnet_cut_shape least = {OVNET_CUT_LEAST, OVNET_CUT_LEAST};
	const uint32_t all = OVNET_CUT_SLOTS * OVNET_CUT_LEAST;
	for (unsigned k = 0; k < 3; k++)
		pass_and_check(&r, all, least);
	assert_false(ovnet_cut_fits(&r.bufs, all + 1, least));
	struct rte_mbuf *m = pass(&r, all + 1, least);
	check(m, all + 1, full);
	rte_pktmbuf_free(m);
	m = pass(&r, 3000, one);
	check(m, 3000, full);
	rte_pktmbuf_free(m);
	reader_end(&r);
	lab_no_leak();
}

/* Somebody's datagrams of a byte: nobody's reads are laid out for them. */
static void tiny_pieces_are_not_foreseen(void **state)
{
	(void)state;
	const struct ovnet_cut_shape tiny[] = {{29, 1}, {32, 4}, {28 + 100, 100}, {10, MSS}};
	struct reader r;

	reader_begin(&r, lab_pool);
	const struct ovnet_cut_shape full = {r.bufs.room, r.bufs.later_room};
	for (unsigned i = 0; i < RTE_DIM(tiny); i++) {
		for (unsigned k = 0; k < 3; k++)
			pass_and_check(&r, 92, one);
		for (unsigned k = 0; k < 3; k++) {
			struct rte_mbuf *m = pass(&r, 28 + 64 * tiny[i].each % 2000, tiny[i]);
			check(m, 28 + 64 * tiny[i].each % 2000, full);
			assert_int_equal(m->nb_segs, 1);
			rte_pktmbuf_free(m);
		}
		assert_true(r.bufs.iov[1].iov_len >= OVNET_CUT_LEAST);
		for (unsigned k = 0; k < 3; k++)
			pass_and_check(&r, 60000, tcp);
	}
	reader_end(&r);
	lab_no_leak();
}

/* Wherever it landed. */
static void a_byte_is_found(void **state)
{
	(void)state;
	struct reader r;

	reader_begin(&r, lab_pool);
	for (unsigned i = 0; i < 2; i++) {
		unsigned n = ovnet_cut_ready(&r.bufs);
		struct rte_mbuf *m = pass(&r, 65535, tcp);
		check(m, 65535, tcp);
		rte_pktmbuf_free(m);
		assert_true(n > 0);
		ovnet_cut_ready(&r.bufs);
	}
	unsigned n = ovnet_cut_ready(&r.bufs);
	for (uint32_t at = 0, i = 1; i < n; at += (uint32_t)r.bufs.iov[i++].iov_len) {
		uint8_t *first = r.bufs.iov[i].iov_base;
		first[0] = 0x51;
		assert_int_equal(ovnet_cut_byte(&r.bufs, at), 0x51);
		first[r.bufs.iov[i].iov_len - 1] = 0x62;
		assert_int_equal(
			ovnet_cut_byte(&r.bufs, at + (uint32_t)r.bufs.iov[i].iov_len - 1), 0x62);
	}
	reader_end(&r);
	lab_no_leak();
}

/* Nothing is lost that one buffer holds, as long as there is one. */
static void an_empty_pool_takes_the_large_ones_first(void **state)
{
	(void)state;
	struct rte_mempool *pool = ovnet_pool_new("few", 63, 0, 2048, SOCKET_ID_ANY);
	struct rte_mbuf *held[63];
	struct reader r;

	assert_non_null(pool);
	reader_begin(&r, pool);
	pass_and_check(&r, 60000, tcp);
	pass_and_check(&r, 60000, tcp);
	struct rte_mbuf *kept = pass(&r, 20000, tcp); /* 15 of 47, and so many are there again */
	check(kept, 20000, tcp);
	unsigned n = rte_mempool_avail_count(pool);
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, held, n), 0);
	/* None for the slots that are empty: the others are given back, and one is used. */
	assert_int_equal(ovnet_cut_ready(&r.bufs), 3);
	pass_and_check(&r, 500, one);
	assert_int_equal(ovnet_cut_ready(&r.bufs), 3);
	unsigned more = rte_mempool_avail_count(pool);
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, held + n, more), 0);
	assert_null(pass(&r, 60000, tcp)); /* read, and lost */
	struct rte_mbuf *last = pass(&r, 2048, one);
	check(last, 2048, one); /* not so */
	assert_int_equal(ovnet_cut_ready(&r.bufs), 0);
	rte_pktmbuf_free(last);
	rte_pktmbuf_free(kept);
	rte_pktmbuf_free_bulk(held, n + more);
	pass_and_check(&r, 60000, tcp);
	reader_end(&r);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	rte_mempool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_second_one_lands_cut),
		cmocka_unit_test(small_ones_are_linear),
		cmocka_unit_test(a_wrong_guess_is_copied_and_the_second_one_learnt_from),
		cmocka_unit_test(what_does_not_fit_comes_in_full_buffers),
		cmocka_unit_test(tiny_pieces_are_not_foreseen),
		cmocka_unit_test(a_byte_is_found),
		cmocka_unit_test(an_empty_pool_takes_the_large_ones_first),
	};

	lab_enter();
	return cmocka_run_group_tests_name("cut_read", tests, NULL, NULL);
}
