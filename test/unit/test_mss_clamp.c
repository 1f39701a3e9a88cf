/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/path.h"

#include "bed/guarded.h"
#include "packet/csum.h"
#include "packet/mss_clamp.h"

#define SYN 0x02
#define ACK 0x10

static const uint8_t linux_options[] = {
	2, 4, 0x05, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7};
/* A NOP in front puts the value at an odd offset. */
static const uint8_t odd_options[] = {1, 2, 4, 0x05, 0xb4, 1, 1, 1};

struct syn {
	uint8_t b[1600];
	uint16_t len, tcp; /* bytes in all; where the TCP header is */
};

static uint32_t pseudo(const struct syn *s)
{
	uint32_t len = (uint32_t)s->len - s->tcp;

	return s->b[0] >> 4 == 4 ? be_sum(s->b + 12, 8, 6 + len) : be_sum(s->b + 8, 32, 6 + len);
}

static uint32_t tcp_sum(const struct syn *s)
{
	return be_sum(s->b + s->tcp, (uint32_t)s->len - s->tcp, pseudo(s));
}

static void put_tcp(struct syn *s, uint8_t flags, const uint8_t *options, uint16_t n, uint16_t data)
{
	uint8_t *tcp = s->b + s->tcp;

	memset(tcp, 0, 20);
	be_put32(tcp, 0x9c400050);
	be_put32(tcp + 4, 0x12345678);
	tcp[12] = (uint8_t)((20 + n) / 4 << 4);
	tcp[13] = flags;
	be_put16(tcp + 14, 64240);
	memcpy(tcp + 20, options, n);
	for (uint16_t i = 0; i < data; i++)
		tcp[20 + n + i] = (uint8_t)(i * 31);
	s->len = (uint16_t)(s->tcp + 20 + n + data);
}

static void finish(struct syn *s)
{
	if (s->b[0] >> 4 == 4)
		be_put16(s->b + 2, s->len);
	else
		be_put16(s->b + 4, s->len - 40u);
	be_put16(s->b + s->tcp + 16, 0);
	be_put16(s->b + s->tcp + 16, ~tcp_sum(s));
}

static void syn4(struct syn *s, uint8_t flags, const uint8_t *options, uint16_t n, uint16_t data)
{
	memset(s, 0, sizeof(*s));
	s->b[0] = 0x45;
	s->b[8] = 64;
	s->b[9] = 6;
	be_put32(s->b + 12, OWN_POD);
	be_put32(s->b + 16, PEER_POD);
	s->tcp = 20;
	put_tcp(s, flags, options, n, data);
	finish(s);
}

/* With `ext` bytes of destination options in front of TCP. */
static void syn6(struct syn *s, uint8_t flags, const uint8_t *options, uint16_t n, uint16_t ext)
{
	memset(s, 0, sizeof(*s));
	s->b[0] = 0x60;
	s->b[6] = ext != 0 ? 60 : 6;
	s->b[7] = 64;
	be_put16(s->b + 8, 0xfd00);
	s->b[23] = 2;
	be_put16(s->b + 24, 0xfd01);
	s->b[39] = 9;
	if (ext != 0) {
		s->b[40] = 6;
		s->b[41] = (uint8_t)(ext / 8 - 1);
	}
	s->tcp = (uint16_t)(40 + ext);
	put_tcp(s, flags, options, n, 3);
	finish(s);
}

/* The packet with its MSS changed, and all else as it was. */
static void expect(const struct syn *was, const struct syn *is, unsigned mss_at, uint16_t mss)
{
	struct syn want = *was;

	be_put16(want.b + want.tcp + mss_at, mss);
	finish(&want);
	assert_int_equal(is->len, want.len);
	assert_memory_equal(is->b, want.b, want.len);
	assert_int_equal(tcp_sum(is), 0xffff);
}

static bool clamp(const struct syn *in, uint16_t mtu, uint16_t first, uint16_t seg, struct syn *out)
{
	struct rte_mbuf *m = guarded_packet(in->b, in->len, first, seg);
	bool lowered = ovnet_mss_clamp(m, mtu);

	*out = *in;
	out->len = packet_bytes(m, out->b, sizeof(out->b));
	assert_int_equal(ovnet_meta(m)->offload, 0);
	rte_pktmbuf_free(m);
	all_mbufs_back();
	return lowered;
}

static void lowers(const struct syn *in, uint16_t mtu, unsigned mss_at, uint16_t mss)
{
	struct syn out;

	/* In one piece, cut everywhere, and in the smallest pieces. */
	for (uint16_t cut = 0; cut <= in->len; cut++) {
		assert_true(clamp(in, mtu, cut, 0, &out));
		expect(in, &out, mss_at, mss);
	}
	assert_true(clamp(in, mtu, 0, 1, &out));
	expect(in, &out, mss_at, mss);
}

static void leaves(const struct syn *in, uint16_t mtu)
{
	struct syn out;

	for (uint16_t cut = 0; cut <= in->len; cut++) {
		assert_false(clamp(in, mtu, cut, 0, &out));
		assert_int_equal(out.len, in->len);
		assert_memory_equal(out.b, in->b, in->len);
	}
}

static void syn_and_syn_ack_of_both_versions(void **state)
{
	(void)state;
	struct syn s;

	syn4(&s, SYN, linux_options, sizeof(linux_options), 0);
	lowers(&s, 1450, 22, 1410);
	lowers(&s, 576, 22, 536);
	lowers(&s, 41, 22, 1);
	syn4(&s, SYN | ACK, linux_options, sizeof(linux_options), 0);
	lowers(&s, 1450, 22, 1410);
	syn4(&s, SYN, linux_options, sizeof(linux_options), 7); /* fast open, an odd length */
	lowers(&s, 1450, 22, 1410);
	syn6(&s, SYN, linux_options, sizeof(linux_options), 0);
	lowers(&s, 1430, 22, 1370);
	syn6(&s, SYN | ACK, linux_options, sizeof(linux_options), 24);
	lowers(&s, 1430, 22, 1370);
}

static void values_at_odd_offsets(void **state)
{
	(void)state;
	struct syn s;

	syn4(&s, SYN, odd_options, sizeof(odd_options), 0);
	lowers(&s, 1450, 23, 1410);
	syn6(&s, SYN, odd_options, sizeof(odd_options), 8);
	lowers(&s, 1280, 23, 1220);
}

/* All 65,536 sums meet every carry; 0x02c8 is larger than 0x05b4 as it lies in memory. */
static void every_checksum_to(const uint8_t *options, uint16_t n, unsigned at, uint16_t mtu)
{
	struct syn s;

	for (uint32_t seq = 0; seq <= UINT16_MAX; seq++) {
		syn4(&s, SYN, options, n, 0);
		be_put16(s.b + s.tcp + 6, seq);
		finish(&s);
		struct rte_mbuf *m = bed_packet(HOST, s.b, s.len, 0, 0);
		assert_true(ovnet_mss_clamp(m, mtu));
		struct syn out = s;
		packet_bytes(m, out.b, sizeof(out.b));
		rte_pktmbuf_free(m);
		expect(&s, &out, at, (uint16_t)(mtu - 40));
	}
}

static void every_checksum(void **state)
{
	(void)state;
	every_checksum_to(linux_options, sizeof(linux_options), 22, 40 + 0x02c8);
	every_checksum_to(linux_options, sizeof(linux_options), 22, 1450);
	every_checksum_to(odd_options, sizeof(odd_options), 23, 40 + 0x02c8);
	every_checksum_to(odd_options, sizeof(odd_options), 23, 1450);
}

static void what_is_small_enough_or_absent_stays(void **state)
{
	(void)state;
	static const uint8_t none[] = {1, 1, 4, 2}, after_end[] = {0, 2, 2, 4, 9, 9, 0, 0};
	struct syn s;

	syn4(&s, SYN, linux_options, sizeof(linux_options), 0);
	leaves(&s, 1500);
	leaves(&s, 9000);
	leaves(&s, 40); /* nonsense is not made of a SYN */
	leaves(&s, 0);
	syn4(&s, SYN, none, sizeof(none), 0);
	leaves(&s, 1000);
	syn4(&s, SYN, none, 0, 0);
	leaves(&s, 1000);
	syn4(&s, SYN, after_end, sizeof(after_end), 0);
	leaves(&s, 1000);
	syn6(&s, SYN, linux_options, sizeof(linux_options), 0);
	leaves(&s, 1520);
	leaves(&s, 60);
}

static void what_is_no_syn_stays(void **state)
{
	(void)state;
	struct syn s;

	syn4(&s, ACK, linux_options, sizeof(linux_options), 0);
	leaves(&s, 1000);
	syn6(&s, ACK, linux_options, sizeof(linux_options), 0);
	leaves(&s, 1000);
	syn4(&s, SYN, linux_options, sizeof(linux_options), 0);
	s.b[9] = 17;
	leaves(&s, 1000);
	syn6(&s, SYN, linux_options, sizeof(linux_options), 0);
	s.b[6] = 17;
	leaves(&s, 1000);
}

static void only_the_first_fragment(void **state)
{
	(void)state;
	struct syn s;

	syn4(&s, SYN, linux_options, sizeof(linux_options), 0);
	be_put16(s.b + 6, 0x2000);
	lowers(&s, 1450, 22, 1410);
	be_put16(s.b + 6, 0x2001);
	leaves(&s, 1450);
	be_put16(s.b + 6, 0x0010);
	leaves(&s, 1450);

	syn6(&s, SYN, linux_options, sizeof(linux_options), 8);
	s.b[6] = 44;
	be_put16(s.b + 42, 1);
	lowers(&s, 1450, 22, 1390);
	be_put16(s.b + 42, 9);
	leaves(&s, 1450);
}

static void broken_headers_stay(void **state)
{
	(void)state;
	static const uint8_t too_long[] = {1, 2, 5, 0x05, 0xb4, 9, 0, 0};
	static const uint8_t past_the_end[] = {1, 1, 1, 1, 1, 2, 4, 0x05};
	static const uint8_t no_length[] = {1, 1, 1, 1, 1, 1, 1, 2};
	static const uint8_t zero_length[] = {9, 0, 2, 4, 0x05, 0xb4, 0, 0};
	struct syn s;

	syn4(&s, SYN, too_long, sizeof(too_long), 0);
	leaves(&s, 1000);
	syn4(&s, SYN, past_the_end, sizeof(past_the_end), 0);
	leaves(&s, 1000);
	syn4(&s, SYN, no_length, sizeof(no_length), 0);
	leaves(&s, 1000);
	syn4(&s, SYN, zero_length, sizeof(zero_length), 0);
	leaves(&s, 1000);

	syn4(&s, SYN, linux_options, sizeof(linux_options), 0);
	struct syn t = s;
	t.b[s.tcp + 12] = 0x40; /* header shorter than itself */
	leaves(&t, 1000);
	t = s;
	t.b[s.tcp + 12] = 0xf0; /* header longer than the packet */
	leaves(&t, 1000);
	t = s;
	be_put16(t.b + 2, s.len - 1u); /* the last option is padding of the link */
	leaves(&t, 1000);
	t = s;
	t.b[0] = 0x44;
	leaves(&t, 1000);
	t = s;
	t.b[0] = 0x55;
	leaves(&t, 1000);
	for (t = s; t.len > 0; t.len--)
		if (t.len < s.len)
			leaves(&t, 1000);
}

static void two_options_are_both_lowered(void **state)
{
	(void)state;
	static const uint8_t two[] = {2, 4, 0x05, 0xb4, 1, 2, 4, 0x23, 0x28, 0, 0, 0};
	struct syn s, out;

	syn4(&s, SYN, two, sizeof(two), 0);
	assert_true(clamp(&s, 1450, 0, 0, &out));
	be_put16(s.b + s.tcp + 22, 1410);
	be_put16(s.b + s.tcp + 27, 1410);
	finish(&s);
	assert_memory_equal(out.b, s.b, s.len);
}

/* The field has the pseudo header's sum alone: finished later, it has to be right. */
static void partial_checksums(void **state)
{
	(void)state;
	struct syn s;

	for (unsigned v6 = 0; v6 < 2; v6++) {
		v6 ? syn6(&s, SYN, odd_options, sizeof(odd_options), 0)
		   : syn4(&s, SYN, odd_options, sizeof(odd_options), 0);
		be_put16(s.b + s.tcp + 16, pseudo(&s));
		struct rte_mbuf *m = bed_packet(HOST, s.b, s.len, 30, 5);
		struct ovnet_meta *meta = ovnet_meta(m);
		meta->offload = OVNET_OFF_CSUM;
		meta->csum_start = s.tcp;
		meta->csum_offset = 16;
		assert_true(ovnet_mss_clamp(m, 1400));
		assert_int_equal(meta->offload, OVNET_OFF_CSUM);
		assert_int_equal(ovnet_csum_finish(m), 0);
		struct syn out = s;
		packet_bytes(m, out.b, sizeof(out.b));
		rte_pktmbuf_free(m);
		expect(&s, &out, 23, v6 ? 1340 : 1360);
	}
	all_mbufs_back();
}

/*
 * Whatever is in the packet, it says the same in one piece and in many, changes nothing but the two
 * fields, and leaves the sum over all as it was.
 */
static void never_past_the_packet(void **state)
{
	(void)state;
	unsigned lowered = 0;

	for (unsigned round = 0; round < 8000; round++) {
		uint8_t options[40];
		uint16_t n = (uint16_t)(draw(11) * 4);
		struct syn s, one, cut;
		memset(options, 1, sizeof(options));
		memcpy(options + draw(36), "\2\4\5\xb4", 4);
		for (unsigned i = draw(6); i > 0; i--)
			options[draw(sizeof(options))] = (uint8_t)draw(draw(2) ? 6 : 256);
		draw(2) ? syn4(&s, SYN, options, n, (uint16_t)draw(20))
			: syn6(&s, SYN, options, n, (uint16_t)(draw(3) * 8));
		for (unsigned i = draw(3); i > 0; i--)
			s.b[draw(s.len)] = (uint8_t)draw(256);
		if (draw(2))
			s.len = (uint16_t)(1 + draw(s.len));
		uint16_t mtu = (uint16_t)draw(1500);
		bool a = clamp(&s, mtu, 0, 0, &one);
		bool b = clamp(&s, mtu, (uint16_t)(1 + draw(90)), (uint16_t)(1 + draw(30)), &cut);
		assert_int_equal(a, b);
		assert_memory_equal(one.b, cut.b, s.len);
		if (!a)
			assert_memory_equal(one.b, s.b, s.len);
		lowered += a;
	}
	assert_in_range(lowered, 500, 7500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syn_and_syn_ack_of_both_versions),
		cmocka_unit_test(values_at_odd_offsets),
		cmocka_unit_test(every_checksum),
		cmocka_unit_test(what_is_small_enough_or_absent_stays),
		cmocka_unit_test(what_is_no_syn_stays),
		cmocka_unit_test(only_the_first_fragment),
		cmocka_unit_test(broken_headers_stay),
		cmocka_unit_test(two_options_are_both_lowered),
		cmocka_unit_test(partial_checksums),
		cmocka_unit_test(never_past_the_packet),
	};

	if (bed_eal("0") != 0)
		return 1;
	return cmocka_run_group_tests_name("mss_clamp", tests, NULL, NULL);
}
