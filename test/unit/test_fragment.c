/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/path.h"

#include "bed/guarded.h"
#include "packet/fragment.h"

#define MAX   600
#define ROOM  65600u
#define MF    0x2000u
#define DF    0x4000u
#define HASH  0xfeedf00du
#define SMALL 200 /* bytes of a packet that is cut at every position */

/* Copied flag: 131 loose route, 148 router alert. Not: 7 record route, 68 timestamp. */
static const uint8_t mixed_options[] = {
	7, 7, 4, 1, 2, 3, 4, 148, 4, 0, 0, 1, 131, 3, 4, 68, 4, 5, 0, 0};
static const uint8_t kept_options[] = {148, 4, 0, 0, 131, 3, 4, 0};

struct packet {
	uint8_t b[ROOM];
	uint32_t len;
};

static struct packet in, whole;
static uint8_t piece[ROOM];
static struct rte_mbuf *out[MAX];

static void put_packet(uint32_t len, const uint8_t *options, uint16_t n, uint16_t fragment_field)
{
	memset(&in, 0, sizeof(in));
	for (uint32_t i = 20; i < len; i++)
		in.b[i] = (uint8_t)(i * 7 + (i >> 8));
	in.b[0] = (uint8_t)(0x45 + n / 4);
	in.b[1] = 0xb9; /* DSCP and ECN */
	be_put16(in.b + 2, len);
	be_put16(in.b + 4, 0xbeef);
	be_put16(in.b + 6, fragment_field);
	in.b[8] = 61;
	in.b[9] = 17;
	be_put32(in.b + 12, OWN_POD);
	be_put32(in.b + 16, PEER_POD);
	if (n != 0)
		memcpy(in.b + 20, options, n);
	be_put16(in.b + 10, ~be_sum(in.b, 20u + n, 0));
	in.len = len;
}

static struct rte_mbuf *packet_of(uint16_t first, uint16_t seg)
{
	struct rte_mbuf *m = guarded_packet(in.b, (uint16_t)in.len, first, seg);
	struct ovnet_meta *meta = ovnet_meta(m);

	ovnet_meta_reset(m, 42);
	meta->hash = HASH;
	meta->flags = OVNET_META_HASH | OVNET_META_TRACE | OVNET_META_ROUTE;
	meta->l3_len = (uint16_t)in.len;
	return m;
}

/* What every fragment has to be, by itself. Returns its header's length. */
static unsigned check_piece(struct rte_mbuf *f, uint16_t mtu, bool last)
{
	struct ovnet_meta *meta = ovnet_meta(f);
	uint16_t len = packet_bytes(f, piece, sizeof(piece));
	unsigned header = (piece[0] & 15u) * 4;

	assert_int_equal(piece[0] >> 4, 4);
	assert_in_range(len, header, mtu);
	assert_int_equal(piece[2] << 8 | piece[3], len);
	assert_int_equal(be_sum(piece, header, 0), 0xffff);
	assert_int_equal((piece[6] & 0x20) != 0, !last || in.b[6] & 0x20);
	assert_memory_equal(piece + 4, in.b + 4, 2);
	assert_int_equal(piece[1], 0xb9);
	assert_memory_equal(piece + 8, in.b + 8, 2);
	assert_memory_equal(piece + 12, in.b + 12, 8);
	if (!last)
		assert_int_equal((len - header) % 8, 0);
	assert_int_equal(meta->in_port, 42);
	assert_int_equal(meta->offload, 0);
	assert_int_equal(meta->flags, OVNET_META_HASH | OVNET_META_TRACE | OVNET_META_ROUTE);
	assert_int_equal(meta->hash, HASH);
	assert_int_equal(meta->l3_len, len);
	assert_int_equal(rte_pktmbuf_headroom(f), RTE_PKTMBUF_HEADROOM);
	assert_ptr_equal(f->pool, bed_pool);
	return header;
}

/* Puts the payload together as a receiver does, by offset, and compares it. */
static void check_pieces(int n, uint16_t mtu)
{
	unsigned header = (in.b[0] & 15u) * 4;
	uint32_t base = ((in.b[6] << 8 | in.b[7]) & 0x1fffu) * 8, got = 0;

	memset(&whole, 0, sizeof(whole));
	for (int i = 0; i < n; i++) {
		unsigned h = check_piece(out[i], mtu, i == n - 1);
		uint32_t at = ((piece[6] << 8 | piece[7]) & 0x1fffu) * 8 - base;
		uint32_t len = out[i]->pkt_len - h;
		assert_int_equal(at, got); /* in order, no gap, no overlap */
		assert_in_range(at + len, 0, in.len - header);
		memcpy(whole.b + at, piece + h, len);
		got += len;
	}
	assert_int_equal(got, in.len - header);
	assert_memory_equal(whole.b, in.b + header, got);
}

static int cut_checked(uint16_t mtu, uint16_t first, uint16_t seg)
{
	struct rte_mbuf *m = packet_of(first, seg);
	int n = ovnet_fragment4(m, mtu, out, MAX);

	assert_in_range(n, 1, MAX);
	check_pieces(n, mtu);
	rte_pktmbuf_free_bulk(out, (unsigned)n);
	all_mbufs_back();
	return n;
}

static void refused(struct rte_mbuf *m, uint16_t mtu, uint16_t max, int why)
{
	struct rte_mbuf *before = m;

	assert_int_equal(ovnet_fragment4(m, mtu, out, max), why);
	rte_mbuf_sanity_check(before, 1);
	rte_pktmbuf_free(before);
	all_mbufs_back();
}

static void sizes_around_the_mtu(void **state)
{
	(void)state;
	for (uint32_t len = 1390; len < 1430; len++) {
		put_packet(len, NULL, 0, 0);
		assert_int_equal(cut_checked(1400, 0, 0), len <= 1400 ? 1 : 2);
	}
	/* 1400 - 20 is no multiple of 8: 1376 bytes each, but the last may have 1380. */
	put_packet(20 + 1376 * 2 + 1380, NULL, 0, 0);
	assert_int_equal(cut_checked(1400, 0, 1000), 3);
	put_packet(20 + 1376 * 2 + 1381, NULL, 0, 0);
	assert_int_equal(cut_checked(1400, 0, 1000), 4);
}

static void every_mtu_and_every_cut(void **state)
{
	(void)state;
	put_packet(SMALL, NULL, 0, 0);
	for (uint16_t mtu = 28; mtu <= SMALL; mtu++)
		cut_checked(mtu, 0, 0);
	for (uint16_t first = 1; first <= SMALL; first++) {
		cut_checked(68, first, 0);
		cut_checked(101, first, 3);
	}
	cut_checked(68, 0, 1);
}

static void the_largest_packet(void **state)
{
	(void)state;
	put_packet(65535, NULL, 0, 0);
	assert_int_equal(cut_checked(1450, 2000, 4000), 47); /* 46 * 1424 + 11 */
	assert_int_equal(cut_checked(576, 0, 0), 119);
}

/* A jumbo MTU and small buffers: the fragments are chains. */
static void fragments_larger_than_a_buffer(void **state)
{
	(void)state;
	put_packet(20000, NULL, 0, 0);
	struct rte_mbuf *m = packet_of(0, 1500);
	int n = ovnet_fragment4(m, 8950, out, MAX);

	assert_int_equal(n, 3);
	assert_int_equal(out[0]->pkt_len, 20 + 8928);
	assert_int_equal(out[0]->nb_segs, 5);
	check_pieces(n, 8950);
	rte_pktmbuf_free_bulk(out, 3);
	all_mbufs_back();
}

static void a_fragment_is_cut_again(void **state)
{
	(void)state;
	static const uint16_t fields[] = {MF, MF | 185, 185, 0x8000 | MF | 1};

	for (unsigned i = 0; i < RTE_DIM(fields); i++) {
		put_packet(20 + 1400, NULL, 0, fields[i]);
		assert_int_equal(cut_checked(576, 30, 100), 3);
		struct rte_mbuf *m = packet_of(0, 0);
		assert_int_equal(ovnet_fragment4(m, 576, out, MAX), 3);
		for (unsigned f = 0; f < 3; f++) {
			packet_bytes(out[f], piece, sizeof(piece));
			uint16_t want = (uint16_t)(fields[i] + f * 69);
			assert_int_equal(piece[6] << 8 | piece[7], f < 2 ? want | MF : want);
		}
		rte_pktmbuf_free_bulk(out, 3);
	}
	/* A later fragment that is small enough keeps its place. */
	put_packet(100, NULL, 0, 185);
	assert_int_equal(cut_checked(1400, 0, 0), 1);
}

static void options_by_their_copied_flag(void **state)
{
	(void)state;
	unsigned first = 20 + sizeof(mixed_options), rest = 20 + sizeof(kept_options);

	put_packet(first + 900, mixed_options, sizeof(mixed_options), 0);
	for (uint16_t cut = 0; cut < 70; cut++) {
		struct rte_mbuf *m = packet_of(cut, 0);
		int n = ovnet_fragment4(m, 200, out, MAX);
		assert_int_equal(n, 6); /* 160 + 4 * 168 + 68 */
		check_pieces(n, 200);
		assert_int_equal(check_piece(out[0], 200, false), first);
		assert_memory_equal(piece + 20, mixed_options, sizeof(mixed_options));
		for (int i = 1; i < n; i++) {
			assert_int_equal(check_piece(out[i], 200, i == n - 1), rest);
			assert_memory_equal(piece + 20, kept_options, sizeof(kept_options));
		}
		rte_pktmbuf_free_bulk(out, (unsigned)n);
		all_mbufs_back();
	}
}

static void rest_header(const uint8_t *options, uint16_t n, const uint8_t *want, unsigned len)
{
	put_packet(20u + n + 400, options, n, 0);
	struct rte_mbuf *m = packet_of(0, 50);
	int pieces = ovnet_fragment4(m, 200, out, MAX);

	assert_in_range(pieces, 2, 4);
	check_pieces(pieces, 200);
	assert_int_equal(check_piece(out[1], 200, pieces == 2), 20 + len);
	if (len != 0)
		assert_memory_equal(piece + 20, want, len);
	rte_pktmbuf_free_bulk(out, (unsigned)pieces);
	all_mbufs_back();
}

static void options_at_their_limits(void **state)
{
	(void)state;
	uint8_t full[40];
	static const uint8_t none[] = {7, 3, 4, 0}, nops[] = {1, 1, 1, 1}, end[] = {0, 148, 4, 0};
	static const uint8_t zero[] = {148, 0, 148, 4}, one[] = {148, 1, 0, 0};
	static const uint8_t past[] = {148, 4, 0, 0, 131, 9, 4, 0}, last[] = {1, 1, 1, 131};

	memset(full, 9, sizeof(full));
	full[0] = 131;
	full[1] = 39;
	full[39] = 0;
	rest_header(full, 40, full, 40);
	rest_header(none, 4, NULL, 0);
	rest_header(nops, 4, NULL, 0);
	rest_header(end, 4, NULL, 0);
	/* Broken ones are nobody's to repair; what stands before them is copied. */
	rest_header(zero, 4, NULL, 0);
	rest_header(one, 4, NULL, 0);
	rest_header(past, 8, past, 4);
	rest_header(last, 4, NULL, 0);
}

static void a_partial_checksum_is_finished_first(void **state)
{
	(void)state;
	uint16_t len = 1200;

	put_packet(len, NULL, 0, 0);
	be_put16(in.b + 24, len - 20u);
	be_put16(in.b + 26, be_sum(in.b + 12, 8, 17 + len - 20u));
	struct rte_mbuf *m = packet_of(27, 100);
	struct ovnet_meta *meta = ovnet_meta(m);
	meta->offload = OVNET_OFF_CSUM;
	meta->csum_start = 20;
	meta->csum_offset = 6;
	int n = ovnet_fragment4(m, 500, out, MAX);

	assert_int_equal(n, 3);
	be_put16(in.b + 26, 0);
	be_put16(in.b + 26, ~be_sum(in.b + 20, len - 20u, be_sum(in.b + 12, 8, 17 + len - 20u)));
	check_pieces(n, 500);
	rte_pktmbuf_free_bulk(out, (unsigned)n);
	all_mbufs_back();
}

/* Neither to be sent on nor to be summed. */
static void padding_of_the_link_is_no_payload(void **state)
{
	(void)state;
	put_packet(1000, NULL, 0, 0);
	memset(in.b + 1000, 0x5a, 18);
	in.len = 1018;
	struct rte_mbuf *m = packet_of(20, 400);
	struct ovnet_meta *meta = ovnet_meta(m);
	meta->offload = OVNET_OFF_CSUM;
	meta->csum_start = 20;
	meta->csum_offset = 6;
	int n = ovnet_fragment4(m, 500, out, MAX);

	assert_int_equal(n, 3);
	in.len = 1000;
	be_put16(in.b + 26, ~be_sum(in.b + 20, 980, 0));
	check_pieces(n, 500);
	rte_pktmbuf_free_bulk(out, (unsigned)n);
	all_mbufs_back();
}

static void what_cannot_be_cut(void **state)
{
	(void)state;
	put_packet(1000, NULL, 0, DF);
	refused(packet_of(0, 0), 500, MAX, -EOPNOTSUPP);
	put_packet(1000, NULL, 0, 0);
	struct rte_mbuf *m = packet_of(0, 0);
	ovnet_meta(m)->offload = OVNET_OFF_CSUM | OVNET_OFF_USO;
	refused(m, 500, MAX, -EOPNOTSUPP);
	m = packet_of(0, 0);
	ovnet_meta(m)->offload = OVNET_OFF_CSUM;
	ovnet_meta(m)->csum_start = 1000;
	refused(m, 500, MAX, -EINVAL);
	refused(packet_of(0, 0), 27, MAX, -EINVAL);
	refused(packet_of(0, 0), 0, MAX, -EINVAL);

	/* Whose address was damaged on the way: its fragments would bear right checksums. */
	put_packet(1000, NULL, 0, 0);
	in.b[15] ^= 1;
	refused(packet_of(0, 0), 500, MAX, -EINVAL);

	/* Behind byte 65,535 of the datagram there is nothing. */
	put_packet(20 + 8, NULL, 0, 8191);
	refused(packet_of(0, 0), 500, MAX, -EINVAL);
	put_packet(20 + 1000, NULL, 0, MF | 8067);
	refused(packet_of(0, 0), 500, MAX, -EINVAL);
	put_packet(20 + 7, NULL, 0, 8191);
	assert_int_equal(cut_checked(28, 0, 0), 1);
}

static void broken_headers(void **state)
{
	(void)state;
	static const struct {
		uint16_t at;
		uint8_t value;
	} broken[] = {{0, 0x65}, {0, 0x44}, {0, 0x40}, {2, 0xff}, {2, 0}};

	for (unsigned i = 0; i < RTE_DIM(broken); i++) {
		put_packet(200, NULL, 0, 0);
		in.b[broken[i].at] = broken[i].value;
		in.b[3] = broken[i].value == 0 ? 19 : in.b[3];
		refused(packet_of(0, 0), 100, MAX, -EINVAL);
	}
	for (uint32_t len = 1; len < 200; len++) {
		put_packet(200, NULL, 0, 0);
		in.len = len;
		refused(packet_of((uint16_t)(1 + len / 2), 7), 100, MAX, -EINVAL);
	}
}

static void too_many_pieces_and_too_few_buffers(void **state)
{
	(void)state;
	struct rte_mbuf *taken[BED_MBUFS];
	unsigned free_mbufs;

	put_packet(1000, NULL, 0, 0);
	refused(packet_of(0, 0), 120, 9, -EMSGSIZE);
	refused(packet_of(0, 0), 120, 0, -EMSGSIZE);
	struct rte_mbuf *m = packet_of(0, 0);
	assert_int_equal(ovnet_fragment4(m, 120, out, 11), 11);
	rte_pktmbuf_free_bulk(out, 11);

	/* Fragments of 5, 5 and 2 buffers: the pool ends at each of them. */
	for (unsigned left = 0; left < 12; left++) {
		put_packet(20000, NULL, 0, 0);
		m = packet_of(0, 0);
		free_mbufs = rte_mempool_avail_count(bed_pool) - left;
		for (unsigned i = 0; i < free_mbufs; i++)
			assert_non_null(taken[i] = rte_pktmbuf_alloc(bed_pool));
		assert_int_equal(ovnet_fragment4(m, 8950, out, MAX), -ENOBUFS);
		assert_int_equal(rte_mempool_avail_count(bed_pool), left);
		rte_pktmbuf_free_bulk(taken, free_mbufs);
		rte_pktmbuf_free(m);
		all_mbufs_back();
	}
}

/* So that what the header says is looked at. */
static void put_right_checksum(void)
{
	unsigned header = (in.b[0] & 15u) * 4;

	if (header < 20 || header > in.len)
		return;
	be_put16(in.b + 10, 0);
	be_put16(in.b + 10, ~be_sum(in.b, header, 0));
}

/* Whatever the header says: cut right, or refused, the same however the packet lies in memory. */
static void never_past_the_packet(void **state)
{
	(void)state;
	unsigned cut = 0;

	for (unsigned round = 0; round < 8000; round++) {
		uint16_t n = (uint16_t)(draw(4) ? 0 : draw(11) * 4);
		uint8_t options[40];
		for (unsigned i = 0; i < sizeof(options); i++)
			options[i] = (uint8_t)(draw(2) ? draw(8) : draw(256));
		put_packet(20u + n + draw(600), options, n, (uint16_t)(draw(2) ? 0 : draw(65536)));
		for (unsigned i = draw(3); i > 0; i--)
			in.b[draw(8)] = (uint8_t)draw(256);
		in.b[1] = 0xb9;
		put_right_checksum();
		if (draw(4) == 0)
			in.len = 1 + draw(in.len);
		uint16_t mtu = (uint16_t)(draw(300)), stated = (uint16_t)(in.b[2] << 8 | in.b[3]);
		struct rte_mbuf *m = packet_of((uint16_t)(1 + draw(80)), (uint16_t)(4 + draw(50)));
		int why = ovnet_fragment4(m, mtu, out, MAX), again;
		if (why < 0) {
			rte_pktmbuf_free(m);
			m = packet_of(0, 0);
			again = ovnet_fragment4(m, mtu, out, MAX);
			rte_pktmbuf_free(m);
			assert_int_equal(why, again);
		} else {
			in.len = stated;
			check_pieces(why, mtu);
			rte_pktmbuf_free_bulk(out, (unsigned)why);
			cut++;
		}
		all_mbufs_back();
	}
	assert_in_range(cut, 2000, 7000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_around_the_mtu),
		cmocka_unit_test(every_mtu_and_every_cut),
		cmocka_unit_test(the_largest_packet),
		cmocka_unit_test(fragments_larger_than_a_buffer),
		cmocka_unit_test(a_fragment_is_cut_again),
		cmocka_unit_test(options_by_their_copied_flag),
		cmocka_unit_test(options_at_their_limits),
		cmocka_unit_test(a_partial_checksum_is_finished_first),
		cmocka_unit_test(padding_of_the_link_is_no_payload),
		cmocka_unit_test(what_cannot_be_cut),
		cmocka_unit_test(broken_headers),
		cmocka_unit_test(too_many_pieces_and_too_few_buffers),
		cmocka_unit_test(never_past_the_packet),
	};

	if (bed_eal("0") != 0)
		return 1;
	return cmocka_run_group_tests_name("fragment", tests, NULL, NULL);
}
