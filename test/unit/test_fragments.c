/* SPDX-License-Identifier: BSD-3-Clause */
/* Outer fragments on uplinks whose packets the kernel does not reassemble. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/fragments.h"

static void in_any_order(void **state)
{
	(void)state;
	static const uint16_t order[][3] = {
		{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	static const uint16_t at[] = {0, 48, 1000, PAYLOAD};

	for (unsigned i = 0; i < 2 * RTE_DIM(order); i++) {
		struct bed *b = frag_bed(i % 2 == 0);
		for (unsigned k = 0; k < 3; k++) {
			uint16_t n = order[i / 2][k];
			assert_int_equal(b->port[HOST].n_out, 0);
			piece(b, at[n], at[n + 1]);
		}
		is_delivered(b);
		assert_int_equal(bed_drops(b), 0);
		assert_int_equal(b->counters.stage_packets[OVNET_STAGE_REASSEMBLE], 3);
		assert_int_equal(b->counters.absorbed, 2);
		assert_int_equal(b->peer_counters[0].rx_packets, 1);
		frag_close(b);
	}
}

/* The smallest a network may make them: the outer UDP header alone is in the first. */
static void tiny_and_chained_ones(void **state)
{
	(void)state;
	uint8_t out[2048];
	struct bed *b = frag_bed(true);

	for (uint16_t from = 0; from < 48; from += 8)
		piece(b, from, (uint16_t)(from + 8));
	piece(b, 48, PAYLOAD);
	is_delivered(b);
	frag_close(b);

	b = frag_bed(true);
	arrive(b, out, cut(out, 0, 800, true), 100);
	arrive(b, out, cut(out, 800, PAYLOAD, false), 40);
	is_delivered(b);
	frag_close(b);
}

static void padding_is_cut_off(void **state)
{
	(void)state;
	uint8_t out[2048];
	struct bed *b = frag_bed(true);

	memset(out, 0xee, sizeof(out));
	uint16_t len = cut(out, 0, 8, true);
	arrive(b, out, 60, 0);
	assert_in_range(len, 0, 59);
	len = cut(out, 8, PAYLOAD, false);
	arrive(b, out, len + 70, 50);
	is_delivered(b);
	frag_close(b);
}

static void missing_one_times_out(void **state)
{
	(void)state;
	struct bed *b = frag_bed(true);

	piece(b, 0, 48);
	piece(b, 1000, PAYLOAD);
	assert_int_equal(b->ctx.fragments->held, 2);
	assert_in_range(b->ctx.fragments->due, rte_rdtsc(), rte_rdtsc() + rte_get_tsc_hz());
	ovnet_fragments_expire(&b->ctx, rte_rdtsc());
	assert_int_equal(b->ctx.fragments->held, 2);
	later(b);
	assert_int_equal(b->counters.drops[OVNET_DROP_FRAGMENT_TIMEOUT], 2);
	assert_int_equal(
		b->counters.last_source[OVNET_DROP_FRAGMENT_TIMEOUT].v4_be, htonl(PEER_IP));
	assert_int_equal(bed_drops(b), 2);
	/* What is late starts anew. */
	piece(b, 48, 1000);
	assert_int_equal(b->port[HOST].n_out, 0);
	piece(b, 1000, PAYLOAD);
	piece(b, 0, 48);
	is_delivered(b);
	frag_close(b);
}

static void overlaps_and_doubles(void **state)
{
	(void)state;
	static const uint16_t sets[][3][2] = {
		{{0, 808}, {800, 1000}, {1008, PAYLOAD}}, /* as long in all as it should be */
		{{0, 800}, {0, 800}, {800, PAYLOAD}},
		{{0, 800}, {792, 1000}, {1000, PAYLOAD}},
		{{0, 800}, {1000, PAYLOAD}, {1200, PAYLOAD}},
	};

	for (unsigned i = 0; i < RTE_DIM(sets); i++) {
		struct bed *b = frag_bed(true);
		for (unsigned k = 0; k < 3; k++)
			piece(b, sets[i][k][0], sets[i][k][1]);
		assert_int_equal(b->port[HOST].n_out, 0);
		assert_in_range(b->counters.drops[OVNET_DROP_FRAGMENT], 1, 3);
		later(b);
		assert_int_equal(b->counters.drops[OVNET_DROP_FRAGMENT] +
					 b->counters.drops[OVNET_DROP_FRAGMENT_TIMEOUT],
			bed_drops(b));
		frag_close(b);
	}
}

static void too_many_too_long_or_empty(void **state)
{
	(void)state;
	uint8_t out[2048];
	struct bed *b = frag_bed(true);

	for (uint16_t from = 0; from < 72; from += 8) /* nine where eight fit */
		piece(b, from, (uint16_t)(from + 8));
	assert_int_equal(b->counters.drops[OVNET_DROP_FRAGMENT], 8);
	later(b);
	assert_int_equal(b->counters.drops[OVNET_DROP_FRAGMENT_TIMEOUT], 1);

	uint16_t len = cut(out, 0, 1000, true);
	be_put16(out + 20, 0x1fff); /* ends behind byte 65,535 */
	put_sum4(out + 14);
	arrive(b, out, len, 0);
	be_put16(out + 16, 20); /* holds nothing */
	put_sum4(out + 14);
	arrive(b, out, HEADERS, 0);
	assert_int_equal(b->counters.drops[OVNET_DROP_FRAGMENT], 10);
	frag_close(b);
}

/* 65,535 bytes of outer IP: put together, and too large only for where it goes then. */
static void the_largest_there_is(void **state)
{
	(void)state;
	enum { PART = 8192, ALL = UINT16_MAX - 20 };
	struct bed *b = frag_bed(true);
	uint8_t *big = malloc(HEADERS + ALL), *out = malloc(HEADERS + PART);

	assert_true(big != NULL && out != NULL);
	put_inner(big + 64, PEER_POD, OWN_POD, 1000, ALL - 30);
	put_outer(big, ALL - 30);
	for (unsigned at = 0; at < ALL; at += PART) {
		unsigned n = RTE_MIN(ALL - at, (unsigned)PART);
		memcpy(out, big, HEADERS);
		memcpy(out + HEADERS, big + HEADERS + at, n);
		be_put16(out + 16, 20 + n);
		be_put16(out + 20, (at + n < ALL ? MORE : 0u) | at / 8);
		put_sum4(out + 14);
		arrive(b, out, (uint16_t)(HEADERS + n), 1600);
	}
	assert_int_equal(b->counters.drops[OVNET_DROP_OVERSIZE], 1);
	assert_int_equal(bed_drops(b), 1);
	free(big);
	free(out);
	frag_close(b);
}

static void a_flood_is_bounded(void **state)
{
	(void)state;
	uint8_t out[200];
	struct bed *b = frag_bed(true);
	uint16_t len = cut(out, 0, 80, true);

	for (unsigned i = 0; i < 3000; i++) {
		be_put16(out + 18, 1000 + i);
		put_sum4(out + 14);
		arrive(b, out, len, i % 3 == 0 ? 60 : 0);
		assert_in_range(b->ctx.fragments->held, 1, MAX_HELD);
	}
	assert_int_equal(b->ctx.fragments->held, MAX_HELD); /* all there are */
	uint64_t full = b->counters.drops[OVNET_DROP_FRAGMENT_FULL];
	assert_in_range(full, 3000 - MAX_HELD, 2999);
	assert_int_equal(bed_drops(b), full);
	later(b);
	assert_int_equal(b->counters.drops[OVNET_DROP_FRAGMENT_TIMEOUT], 3000 - full);
	piece(b, 0, 800);
	piece(b, 800, PAYLOAD);
	is_delivered(b);
	frag_close(b);
}

static void strangers_get_no_buffer(void **state)
{
	(void)state;
	for (unsigned exclusive = 0; exclusive < 2; exclusive++) {
		struct bed *b = frag_bed(exclusive != 0);
		be_put32(whole + 26, OTHER_IP);
		piece(b, 0, 800);
		assert_int_equal(b->ctx.fragments->held, 0);
		assert_int_equal(b->counters.drops[OVNET_DROP_NOT_OVERLAY], exclusive);
		assert_int_equal(b->counters.absorbed, 1 - exclusive);
		frag_close(b);
	}
}

/* On a shared uplink it is a copy of what the kernel has: no loss. */
static void another_port_is_not_ours(void **state)
{
	(void)state;
	for (unsigned exclusive = 0; exclusive < 2; exclusive++) {
		struct bed *b = frag_bed(exclusive != 0);
		be_put16(whole + 36, 53);
		piece(b, 800, PAYLOAD);
		piece(b, 0, 800);
		assert_int_equal(b->counters.drops[OVNET_DROP_NOT_OVERLAY], exclusive);
		assert_int_equal(bed_drops(b), exclusive);
		assert_int_equal(b->counters.absorbed, 2 - exclusive);
		frag_close(b);
	}
}

/* With a twin (any port will do): what the host's kernel joins, it gets as it came. */
static void the_hosts_pass_as_they_come(void **state)
{
	(void)state;
	uint8_t out[2048], got[2048];
	struct bed *b = frag_bed(true);
	unsigned n = 0;

	atomic_store(&b->port[UPLINK].port.twin, ATTACH);
	be_put16(whole + 36, 53);
	for (uint16_t at = 0; at < PAYLOAD;
		at += 80) { /* more than there may be of the overlay's */
		uint16_t to = (uint16_t)RTE_MIN(at + 80, PAYLOAD),
			 len = cut(out, at, to, to != PAYLOAD);
		arrive(b, out, len, at == 80 ? 40 : 0);
		assert_int_equal(bed_sent(b, ATTACH, got, sizeof(got)), len);
		assert_memory_equal(got, out, len);
		bed_drain(b);
		b->counters.absorbed++; /* as frag_close() counts */
		n++;
	}
	assert_true(n > 8);
	assert_int_equal(bed_drops(b), 0);
	assert_int_equal(b->ctx.fragments->held, 0);
	assert_int_equal(b->counters.stage_packets[OVNET_STAGE_PUNT], n);
	/* The identification comes round, for the overlay; and one that nobody said of what it is.
	 */
	put_vxlan(whole, INNER);
	be_put16(whole + 18, 7);
	piece(b, 0, 800);
	piece(b, 800, PAYLOAD);
	is_delivered(b);
	be_put16(whole + 18, 8);
	piece(b, 800, PAYLOAD);
	assert_int_equal(b->ctx.fragments->held, 1);
	later(b);
	assert_int_equal(b->counters.drops[OVNET_DROP_FRAGMENT_TIMEOUT], 1);
	frag_close(b);
}

/* Not for ever: what comes a second later is of another one. */
static void a_datagram_of_the_hosts_is_forgotten(void **state)
{
	(void)state;
	static struct ovnet_foreign f;
	uint8_t out[2048];
	struct bed *b = frag_bed(true);
	uint16_t port = 8472;

	be_put16(whole + 36, 53);
	struct rte_mbuf *first = bed_packet(UPLINK, out, cut(out, 0, 800, true), 0, 0);
	struct rte_mbuf *rest = bed_packet(UPLINK, out, cut(out, 800, PAYLOAD, false), 0, 0);
	ovnet_meta(first)->src_version = ovnet_meta(rest)->src_version = 4;
	assert_false(ovnet_foreign_is(&f, rest, port, 1, 100));
	assert_true(ovnet_foreign_is(&f, first, port, 1, 100));
	assert_true(ovnet_foreign_is(&f, rest, port, 100, 100));
	assert_false(ovnet_foreign_is(&f, rest, port, 101, 100));
	assert_true(ovnet_foreign_is(&f, first, port, 200, 100));
	assert_false(ovnet_foreign_is(&f, first, 53, 201, 100));
	assert_false(ovnet_foreign_is(&f, rest, port, 202, 100));
	rte_pktmbuf_free(first);
	rte_pktmbuf_free(rest);
	frag_close(b);
}

static void ecn_is_that_of_all(void **state)
{
	(void)state;
	static const uint8_t want[4][4] = {/* first, second; 9: refused */
		{0, 9, 9, 9}, {9, 1, 2, 3}, {9, 2, 2, 3}, {9, 3, 3, 3}};

	for (unsigned first = 0; first < 4; first++) {
		for (unsigned second = 0; second < 4; second++) {
			struct bed *b = frag_bed(true);
			uint8_t got[2048];
			whole[65] |= 2; /* the inner packet is ECN capable: ECT(0) */
			be_put16(whole + 74, 0);
			be_put16(whole + 74, ~be_sum(whole + 64, 20, 0));
			whole[15] = (uint8_t)(first | 0xb8);
			piece(b, 0, 800);
			whole[15] = (uint8_t)(second | 0xb8);
			piece(b, 800, PAYLOAD);
			assert_int_equal(b->counters.drops[OVNET_DROP_ECN_ILLEGAL],
				want[first][second] == 9);
			if (want[first][second] != 9) {
				bed_sent(b, HOST, got, sizeof(got));
				assert_int_equal(got[1] & 3, want[first][second] == 3   ? 3
							     : want[first][second] == 1 ? 1
											: 2);
			}
			frag_close(b);
		}
	}
}

/* Each has a header of its own; the datagram's is none's and right all the same. */
static void headers_are_verified(void **state)
{
	(void)state;
	uint8_t out[2048];

	for (unsigned i = 0; i < 2; i++) {
		struct bed *b = frag_bed(true);
		uint16_t len = cut(out, 0, 800, true);
		out[15] ^= i == 0 ? 3 : 0;
		arrive(b, out, len, 0);
		len = cut(out, 800, PAYLOAD, false);
		out[25] ^= i == 1 ? 1 : 0;
		arrive(b, out, len, 0);
		assert_int_equal(b->counters.drops[OVNET_DROP_BAD_IP_CSUM], 1);
		assert_int_equal(b->ctx.fragments->held, 1);
		piece(b, i == 0 ? 0 : 800, i == 0 ? 800 : PAYLOAD);
		is_delivered(b);
		assert_int_equal(bed_drops(b), 1);
		frag_close(b);
	}
}

/* Also where it is read in pieces that begin at odd offsets. */
static void checksum_tells_what_belongs_together(void **state)
{
	(void)state;
	uint8_t out[2048];

	for (unsigned i = 0; i < 4; i++) {
		bool good = i & 1;
		uint16_t seg = i & 2 ? 71 : 0;
		struct bed *b = frag_bed(true);
		uint32_t pseudo = be_sum(whole + 26, 8, 17 + PAYLOAD);
		be_put16(whole + 40, ~be_sum(whole + HEADERS, PAYLOAD, pseudo));
		arrive(b, out, cut(out, 0, 800, true), seg);
		if (!good)
			whole[1200] ^= 0x40;
		arrive(b, out, cut(out, 800, PAYLOAD, false), seg);
		assert_int_equal(b->port[HOST].n_out, good);
		assert_int_equal(b->counters.drops[OVNET_DROP_FRAGMENT], !good);
		frag_close(b);
	}
}

static void worker_end_drops_them(void **state)
{
	(void)state;
	struct bed *b = frag_bed(true);

	piece(b, 0, 800);
	ovnet_fragments_drop(&b->ctx, OVNET_DROP_STOPPING);
	assert_int_equal(b->counters.drops[OVNET_DROP_STOPPING], 1);
	frag_close(b);
}

/* Every combination of 2 fragments of random places, ids and lengths: counted, none lost. */
static void random_ones_are_conserved(void **state)
{
	(void)state;
	struct bed *b = frag_bed(true);
	uint8_t out[2048];
	uint32_t random = 1;

	for (unsigned i = 0; i < 20000; i++) {
		random = random * 1664525 + 1013904223;
		uint16_t from = (uint16_t)((random >> 8 & 3) * 8), n = (random >> 12 & 1) * 8 + 8;
		uint16_t len = cut(out, from, (uint16_t)(from + n), random >> 16 & 1);
		be_put16(out + 18, random >> 20 & 15);
		out[15] = (uint8_t)(random >> 26 & 1 ? 0 : 2);
		put_sum4(out + 14);
		arrive(b, out, len, random >> 27 & 1 ? 36 : 0);
		if (i % 100 == 0)
			later(b);
		bed_drain(b);
	}
	later(b);
	assert_int_equal(b->ctx.fragments->held, 0);
	assert_int_equal(rte_mempool_avail_count(bed_pool), BED_MBUFS);
	assert_true(b->counters.drops[OVNET_DROP_FRAGMENT] > 1000);
	assert_true(b->counters.absorbed > 200);
	assert_int_equal(20000, bed_drops(b) + b->counters.absorbed);
	frag_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_any_order),
		cmocka_unit_test(tiny_and_chained_ones),
		cmocka_unit_test(padding_is_cut_off),
		cmocka_unit_test(missing_one_times_out),
		cmocka_unit_test(overlaps_and_doubles),
		cmocka_unit_test(too_many_too_long_or_empty),
		cmocka_unit_test(the_largest_there_is),
		cmocka_unit_test(a_flood_is_bounded),
		cmocka_unit_test(strangers_get_no_buffer),
		cmocka_unit_test(another_port_is_not_ours),
		cmocka_unit_test(the_hosts_pass_as_they_come),
		cmocka_unit_test(a_datagram_of_the_hosts_is_forgotten),
		cmocka_unit_test(ecn_is_that_of_all),
		cmocka_unit_test(headers_are_verified),
		cmocka_unit_test(checksum_tells_what_belongs_together),
		cmocka_unit_test(worker_end_drops_them),
		cmocka_unit_test(random_ones_are_conserved),
	};

	if (bed_eal("0") != 0)
		return 1;
	ops = ovnet_path_select(NULL);
	return cmocka_run_group_tests_name("fragments", tests, NULL, NULL);
}
