/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/path.h"

#include "bed/icmp.h"

static void types_and_codes(void **state)
{
	(void)state;
	put4(100);
	assert_true(answered(OVNET_ICMP_NET_UNREACHABLE, 1400, 0, 0));
	check4(3, 0, 0, 100);
	assert_true(answered(OVNET_ICMP_HOST_UNREACHABLE, 1400, 0, 0));
	check4(3, 1, 0, 100);
	assert_true(answered(OVNET_ICMP_TOO_BIG, 1450, 0, 0));
	check4(3, 4, 1450, 100);
	assert_true(answered(OVNET_ICMP_TOO_BIG, 65535, 0, 0));
	check4(3, 4, 65535, 100);
	assert_true(answered(OVNET_ICMP_TIME_EXCEEDED, 1400, 0, 0));
	check4(11, 0, 0, 100);
	put6(100);
	assert_true(answered(OVNET_ICMP_NET_UNREACHABLE, 1400, 0, 0));
	check6(1, 0, 0, 100);
	assert_true(answered(OVNET_ICMP_HOST_UNREACHABLE, 1400, 0, 0));
	check6(1, 3, 0, 100);
	assert_true(answered(OVNET_ICMP_TOO_BIG, 1430, 0, 0));
	check6(2, 0, 1430, 100);
	assert_true(answered(OVNET_ICMP_TIME_EXCEEDED, 1400, 0, 0));
	check6(3, 0, 0, 100);
}

/* As much as fits in 576 and 1,280 bytes; odd lengths have their own checksum. */
static void quotes_are_as_long_as_allowed(void **state)
{
	(void)state;
	static const uint16_t lens[] = {28, 29, 547, 548, 549, 1231, 1232, 1233, 1500, 4000};

	for (unsigned i = 0; i < RTE_DIM(lens); i++) {
		put4(lens[i]);
		assert_true(answered(OVNET_ICMP_TOO_BIG, 1400, 0, 1000));
		check4(3, 4, 1400, RTE_MIN(lens[i], 576 - 28));
		put6(RTE_MAX(lens[i], 41));
		assert_true(answered(OVNET_ICMP_TOO_BIG, 1400, 0, 1000));
		check6(2, 0, 1400, RTE_MIN(in.len, 1280 - 48));
	}
	/* Padding of the link is not the sender's packet; what is missing cannot be quoted. */
	put4(60);
	in.len = 90;
	assert_true(answered(OVNET_ICMP_TOO_BIG, 1400, 0, 7));
	check4(3, 4, 1400, 60);
	put4(60);
	in.len = 40;
	assert_true(answered(OVNET_ICMP_TOO_BIG, 1400, 0, 7));
	check4(3, 4, 1400, 40);
	put6(60);
	in.len = 90;
	assert_true(answered(OVNET_ICMP_TOO_BIG, 1400, 0, 7));
	check6(2, 0, 1400, 60);
	put6(60);
	in.len = 50;
	assert_true(answered(OVNET_ICMP_TOO_BIG, 1400, 0, 7));
	check6(2, 0, 1400, 50);
}

static void cut_at_every_position(void **state)
{
	(void)state;
	for (uint16_t first = 1; first < 120; first++) {
		put4(120);
		assert_true(answered(OVNET_ICMP_TIME_EXCEEDED, 0, first, 0));
		check4(11, 0, 0, 120);
		put6(120);
		assert_true(answered(OVNET_ICMP_TIME_EXCEEDED, 0, first, 0));
		check6(3, 0, 0, 120);
	}
	put4(120);
	assert_true(answered(OVNET_ICMP_TIME_EXCEEDED, 0, 0, 1));
	check4(11, 0, 0, 120);
	put6(120);
	assert_true(answered(OVNET_ICMP_TIME_EXCEEDED, 0, 0, 1));
	check6(3, 0, 0, 120);
}

static void not_about_icmp_errors(void **state)
{
	(void)state;
	static const uint8_t queries[] = {0, 8, 13, 14, 15, 16, 17, 18, 42, 43};

	for (unsigned type = 0; type < 256; type++) {
		bool query = memchr(queries, (int)type, sizeof(queries)) != NULL;
		put4(60);
		in.b[9] = 1;
		in.b[20] = (uint8_t)type;
		sum4();
		query ? speaks() : silent();
		/* Behind options too. */
		memmove(in.b + 40, in.b + 20, 40);
		memset(in.b + 20, 1, 20);
		in.b[0] = 0x4a;
		be_put16(in.b + 2, 80);
		in.len = 80;
		sum4();
		query ? speaks() : silent();
	}
	/* The type is not there to be seen. */
	put4(60);
	in.b[9] = 1;
	in.b[20] = 8;
	be_put16(in.b + 2, 20);
	silent();
	put4(60);
	in.b[9] = 1;
	in.b[20] = 8;
	in.len = 20;
	silent();
}

static void not_about_these_addresses(void **state)
{
	(void)state;
	static const uint32_t bad[] = {0, 0x00000001, 0x7f000001, 0x7fffffff, 0xe0000001,
		0xefffffff, 0xf0000001, 0xfffffffe, 0xffffffff};
	static const uint32_t good[] = {0x01000001, 0x0a000001, 0xa9fe0001, 0x80000001, 0xdfffffff};

	for (unsigned at = 12; at <= 16; at += 4) {
		for (unsigned i = 0; i < RTE_DIM(bad); i++) {
			put4(60);
			be_put32(in.b + at, bad[i]);
			silent();
		}
		for (unsigned i = 0; i < RTE_DIM(good); i++) {
			put4(60);
			be_put32(in.b + at, good[i]);
			speaks();
		}
	}
}

static void not_about_later_fragments(void **state)
{
	(void)state;
	put4(100);
	be_put16(in.b + 6, 0x2000);
	speaks();
	be_put16(in.b + 6, 0x4000);
	speaks();
	be_put16(in.b + 6, 0x2001);
	silent();
	be_put16(in.b + 6, 0x1fff);
	silent();

	put6(100);
	in.b[6] = 44;
	in.b[40] = 17;
	be_put16(in.b + 42, 1);
	speaks();
	be_put16(in.b + 42, 8);
	silent();
	be_put16(in.b + 42, 0xfff9);
	silent();
	/* What would be the next header is payload there. */
	in.b[40] = 60;
	in.b[48] = 17;
	in.b[49] = 0;
	silent();
}

static void not_about_broken_headers(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 256; first++) {
		put4(60);
		in.b[0] = (uint8_t)first;
		struct rte_mbuf *m = guarded_packet(in.b, in.len, 0, 9);
		struct rte_mbuf *e =
			ovnet_icmp4_error(bed_pool, m, OVNET_ICMP_TOO_BIG, 1400, htonl(ROUTER));
		assert_int_equal(e != NULL, first >= 0x45 && first <= 0x4f);
		rte_pktmbuf_free(e);
		rte_pktmbuf_free(m);

		put6(60);
		in.b[0] = (uint8_t)first;
		m = guarded_packet(in.b, in.len, 0, 9);
		e = ovnet_icmp6_error(bed_pool, m, OVNET_ICMP_TOO_BIG, 1400, router6);
		assert_int_equal(e != NULL, first >> 4 == 6);
		rte_pktmbuf_free(e);
		rte_pktmbuf_free(m);
	}
	put4(60);
	be_put16(in.b + 2, 19);
	silent();
	put4(60);
	for (in.len = 19; in.len > 0; in.len--)
		silent();
	put4(60);
	in.b[0] = 0x4f;
	in.len = 59;
	silent();
	all_mbufs_back();
}

static void no_buffer_no_error(void **state)
{
	(void)state;
	struct rte_mempool *small = ovnet_pool_new("small", 7, 0, 127, SOCKET_ID_ANY);
	struct rte_mbuf *taken[BED_MBUFS], *m;

	assert_non_null(small);
	put4(100);
	m = guarded_packet(in.b, in.len, 0, 0);
	/* Nor is there one that is cut short of what it must quote. */
	assert_null(ovnet_icmp4_error(small, m, OVNET_ICMP_TOO_BIG, 1400, htonl(ROUTER)));
	assert_int_equal(rte_mempool_avail_count(small), 7);
	rte_mempool_free(small);

	unsigned n = rte_mempool_avail_count(bed_pool);
	assert_int_equal(rte_pktmbuf_alloc_bulk(bed_pool, taken, n), 0);
	assert_null(ovnet_icmp4_error(bed_pool, m, OVNET_ICMP_TOO_BIG, 1400, htonl(ROUTER)));
	rte_pktmbuf_free_bulk(taken, n);
	rte_pktmbuf_free(m);
	all_mbufs_back();
}

/* Any packet: the same answer in one piece and in many, and a well-formed one. */
static void never_past_the_packet(void **state)
{
	(void)state;
	unsigned answers = 0;

	for (unsigned round = 0; round < 8000; round++) {
		uint16_t len = (uint16_t)(41 + draw(draw(2) ? 120 : 1600));
		draw(2) ? put4(len) : (void)(draw(2) ? put6(len) : (void)put_extensions(58));
		for (unsigned i = draw(5); i > 0; i--)
			in.b[draw(RTE_MIN(in.len, 90))] = (uint8_t)draw(256);
		if (draw(3) == 0)
			in.len = (uint16_t)(1 + draw(in.len));
		enum ovnet_icmp what = (enum ovnet_icmp)draw(4);
		bool one = answered(what, 1400, 0, 0);
		struct packet first = got;
		bool cut = answered(what, 1400, (uint16_t)(1 + draw(90)), (uint16_t)(7 + draw(60)));
		assert_int_equal(one, cut);
		if (!one)
			continue;
		answers++;
		assert_int_equal(first.len, got.len);
		assert_memory_equal(first.b, got.b, got.len);
		in.b[0] >> 4 == 4 ? check4(got.b[20], got.b[21], got.b[26] << 8 | got.b[27],
					    (uint16_t)(got.len - HEADERS4))
				  : check6(got.b[40], got.b[41], got.b[46] << 8 | got.b[47],
					    (uint16_t)(got.len - HEADERS6));
	}
	assert_in_range(answers, 2000, 7000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_and_codes),
		cmocka_unit_test(quotes_are_as_long_as_allowed),
		cmocka_unit_test(cut_at_every_position),
		cmocka_unit_test(not_about_icmp_errors),
		cmocka_unit_test(not_about_these_addresses),
		cmocka_unit_test(not_about_later_fragments),
		cmocka_unit_test(not_about_broken_headers),
		cmocka_unit_test(no_buffer_no_error),
		cmocka_unit_test(never_past_the_packet),
	};

	if (bed_eal("0") != 0)
		return 1;
	return cmocka_run_group_tests_name("icmp_error", tests, NULL, NULL);
}
