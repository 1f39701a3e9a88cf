/* SPDX-License-Identifier: BSD-3-Clause */
/* The same as test_fragments.c over IPv6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/fragments.h"

#define HEADERS6 54
#define PAYLOAD6 1408

static uint8_t whole6[2048];

/* UDP over IPv6 to port 53, which is nobody's here. */
static void put_whole6(uint8_t tclass)
{
	memset(whole6, 0, HEADERS6 + 8);
	be_put16(whole6 + 12, 0x86dd);
	be_put32(whole6 + 14, 6u << 28 | (uint32_t)tclass << 20 | 0x12345);
	be_put16(whole6 + 18, PAYLOAD6);
	whole6[20] = IPPROTO_UDP;
	whole6[21] = 64;
	for (unsigned i = 22; i < HEADERS6; i++)
		whole6[i] = (uint8_t)i;
	be_put16(whole6 + 54, 40000);
	be_put16(whole6 + 56, 53);
	be_put16(whole6 + 58, PAYLOAD6);
	for (unsigned i = HEADERS6 + 8; i < HEADERS6 + PAYLOAD6; i++)
		whole6[i] = (uint8_t)(i * 13);
	uint32_t pseudo = be_sum(whole6 + 22, 32, 17 + PAYLOAD6);
	be_put16(whole6 + 60, ~be_sum(whole6 + HEADERS6, PAYLOAD6, pseudo));
}

static uint16_t cut6(uint8_t *out, uint16_t from, uint16_t to, bool more)
{
	memcpy(out, whole6, HEADERS6);
	be_put16(out + 18, 8u + to - from);
	out[20] = IPPROTO_FRAGMENT;
	out[54] = IPPROTO_UDP;
	out[55] = 0;
	be_put16(out + 56, from | more);
	be_put32(out + 58, 0x01020304);
	memcpy(out + 62, whole6 + HEADERS6 + from, to - from);
	return (uint16_t)(62 + to - from);
}

static struct rte_mbuf *add6(struct bed *b, uint16_t from, uint16_t to, uint16_t seg)
{
	uint8_t out[2048];
	uint16_t len = cut6(out, from, to, to != PAYLOAD6);

	memset(out + len, 0xee, 20); /* padding */
	struct rte_mbuf *m = bed_packet(UPLINK, out, len + 20, seg, seg);
	b->counters.port[UPLINK].rx_packets++;
	return ovnet_fragments_add6(&b->ctx, m, rte_rdtsc());
}

static void in_any_order(void **state)
{
	(void)state;
	static const uint16_t at[] = {0, 8, 1000, PAYLOAD6};
	static const uint8_t order[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {0, 2, 1}};
	uint8_t got[2048];

	for (unsigned i = 0; i < 4 * RTE_DIM(order); i++) {
		struct bed *b = frag_bed(true);
		struct rte_mbuf *m = NULL;
		for (unsigned k = 0; k < 3; k++) {
			unsigned n = order[i / 4][k];
			assert_null(m);
			put_whole6(i % 2 == 0 ? 0xba : n == 1 ? 0xbb : 0xb9);
			if (i % 4 > 1)
				be_put16(whole6 + 60, 0);
			m = add6(b, at[n], at[n + 1], i % 3 == 0 ? 70 + i % 2 : 0);
		}
		assert_non_null(m);
		rte_mbuf_sanity_check(m, 1);
		put_whole6(i % 2 == 0 ? 0xba : 0xbb);
		if (i % 4 > 1)
			be_put16(whole6 + 60, 0);
		assert_int_equal(m->pkt_len, HEADERS6 + PAYLOAD6);
		const uint8_t *bytes = rte_pktmbuf_read(m, 0, m->pkt_len, got);
		assert_memory_equal(bytes, whole6, HEADERS6 + PAYLOAD6);
		assert_int_equal(b->counters.absorbed, 2);
		rte_pktmbuf_free(m);
		b->counters.absorbed++;
		frag_close(b);
	}
}

static void broken(void **state)
{
	(void)state;
	uint8_t out[2048];
	struct bed *b = frag_bed(true);

	put_whole6(0);
	assert_null(add6(b, 0, 800, 0));
	whole6[1000] ^= 1; /* another datagram of that identification */
	assert_null(add6(b, 800, PAYLOAD6, 0));
	assert_int_equal(b->counters.drops[OVNET_DROP_FRAGMENT], 1);
	put_whole6(0);
	assert_null(add6(b, 0, 800, 0));
	assert_null(add6(b, 0, 800, 0)); /* RFC 5722: none of it */
	assert_int_equal(b->counters.drops[OVNET_DROP_FRAGMENT], 3);
	assert_null(add6(b, 800, 800, 0));
	cut6(out, 0, 800, true);
	be_put16(out + 56, 0xfff9);
	assert_null(ovnet_fragments_add6(&b->ctx, bed_packet(UPLINK, out, 862, 0, 0), rte_rdtsc()));
	b->counters.port[UPLINK].rx_packets++;
	assert_int_equal(b->counters.drops[OVNET_DROP_FRAGMENT], 5);
	assert_null(add6(b, 0, 800, 0));
	later(b);
	assert_int_equal(b->counters.drops[OVNET_DROP_FRAGMENT_TIMEOUT], 1);
	frag_close(b);
}

static void atomic(void **state)
{
	(void)state;
	uint8_t out[2048], got[2048];
	struct bed *b = frag_bed(true);

	put_whole6(0x28);
	assert_null(add6(b, 0, 800, 0));
	uint16_t len = cut6(out, 0, PAYLOAD6, false);
	struct rte_mbuf *m =
		ovnet_fragments_add6(&b->ctx, bed_packet(UPLINK, out, len, 200, 200), rte_rdtsc());
	assert_non_null(m);
	assert_int_equal(m->pkt_len, HEADERS6 + PAYLOAD6);
	assert_memory_equal(rte_pktmbuf_read(m, 0, m->pkt_len, got), whole6, m->pkt_len);
	rte_pktmbuf_free(m);
	later(b);
	frag_close(b);
}

/* Which of them the stage sees at all, and what becomes of those. */
static void by_the_path(void **state)
{
	(void)state;
	static const struct {
		unsigned at;
		uint8_t value;
		bool seen;
	} changes[] = {{14, 0x60, true}, {14, 0x50, false}, {20, 0, false}, {54, 6, false},
		{18, 0x80, false}, {53, 1, false}};
	uint8_t out[2048];

	put_whole6(0);
	for (unsigned exclusive = 0; exclusive < 2; exclusive++) {
		struct bed *b = frag_bed(exclusive != 0);
		b->overlay.validation = OVNET_VALIDATE_OFF;
		assert_int_equal(bed_set_overlay(b), 0);
		b->port[UPLINK].port.local6 = ovnet_addr_v6(whole6 + 38);
		uint64_t seen = 0;
		for (unsigned i = 0; i < RTE_DIM(changes); i++) {
			uint16_t len = cut6(out, 0, 800, true);
			out[changes[i].at] = changes[i].value;
			arrive(b, out, len, 0);
			seen += changes[i].seen;
			assert_int_equal(b->counters.stage_packets[OVNET_STAGE_REASSEMBLE], seen);
		}
		uint64_t drops = bed_drops(b), absorbed = b->counters.absorbed;
		arrive(b, out, cut6(out, 800, PAYLOAD6, false), 0);
		assert_int_equal(b->ctx.fragments->held, 0);
		assert_int_equal(bed_drops(b), drops + exclusive);
		assert_int_equal(b->counters.absorbed, absorbed + 1 - exclusive);
		b->overlay.validation = OVNET_VALIDATE_STRICT;
		assert_int_equal(bed_set_overlay(b), 0);
		arrive(b, out, cut6(out, 0, 800, true), 0);
		assert_int_equal(b->ctx.fragments->held, 0);
		frag_close(b);
	}
}

/* The same changes, with a twin: what is not the overlay's for certain is the host's. */
static void the_hosts_pass_as_they_come(void **state)
{
	(void)state;
	static const struct {
		unsigned at;
		uint8_t value;
	} changes[] = {{54, 17}, {20, 0}, {54, 6}, {54, 0}, {53, 1}};
	uint8_t out[2048], got[2048];
	struct bed *b = frag_bed(true);

	put_whole6(0);
	b->overlay.validation = OVNET_VALIDATE_OFF;
	assert_int_equal(bed_set_overlay(b), 0);
	b->port[UPLINK].port.local6 = ovnet_addr_v6(whole6 + 38);
	atomic_store(&b->port[UPLINK].port.twin, ATTACH);
	for (unsigned i = 0; i < 2 * RTE_DIM(changes); i++) {
		bool rest = i % 2 == 1;
		uint16_t len = cut6(out, rest ? 800 : 0, rest ? PAYLOAD6 : 800, !rest);
		out[changes[i / 2].at] = changes[i / 2].value;
		arrive(b, out, len, rest ? 30 : 0);
		assert_int_equal(bed_sent(b, ATTACH, got, sizeof(got)), len);
		assert_memory_equal(got, out, len);
		bed_drain(b);
		b->counters.absorbed++; /* as frag_close() counts */
	}
	assert_int_equal(bed_drops(b), 0);
	assert_int_equal(b->counters.stage_packets[OVNET_STAGE_REASSEMBLE], 2);
	frag_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_any_order),
		cmocka_unit_test(broken),
		cmocka_unit_test(atomic),
		cmocka_unit_test(by_the_path),
		cmocka_unit_test(the_hosts_pass_as_they_come),
	};

	if (bed_eal("0") != 0)
		return 1;
	ops = ovnet_path_select(NULL);
	return cmocka_run_group_tests_name("fragments6", tests, NULL, NULL);
}
