/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Merging segments. The kernel is the judge of a merged packet: it cuts it into the very segments
 * it was made of.
 */
#include "bed/gso.h"

#include <sched.h>

#include "bed/guarded.h"
#include "packet/csum_sum.h"
#include "packet/gro.h"

#define ACK 0x10
#define PSH 0x08
#define FIN 0x01
#define ECE 0x40
#define CWR 0x80

#define ALL  (OVNET_OFF_GSO | OVNET_GRO_ECN)
#define SIZE 100u
#define SEGS 6u

static struct gso_packet in, out;
static uint8_t frame[GSO_FRAME], piece[GSO_FRAME];
static uint8_t all_takes[OVNET_BURST];

static uint16_t sum(const void *at, size_t len)
{
	return rte_raw_cksum(at, len);
}

static uint16_t merge(struct rte_mbuf **pkts, uint16_t n)
{
	memset(all_takes, ALL, sizeof(all_takes));
	return ovnet_gro_merge(pkts, n, all_takes, sum);
}

/* Its segments as they come by an uplink. */
static uint16_t cut(const struct gso_case *c, struct rte_mbuf **pkts)
{
	struct ovnet_gso_cut cut;

	gso_make(&in, c);
	struct rte_mbuf *m = gso_mbuf(&in, false, 0, 2048);
	assert_int_equal(ovnet_gso_check(m, 0), 0);
	ovnet_gso_begin(&cut, m, 0);
	const uint16_t n = ovnet_gso_next(&cut, pkts, OVNET_BURST);
	assert_null(cut.rest);
	return n;
}

static void are_one(const struct gso_case *c, struct rte_mbuf *m)
{
	const struct ovnet_meta *meta = ovnet_meta(m);

	assert_int_equal(packet_bytes(m, out.b + GSO_LINK, GSO_ROOM - GSO_LINK), in.len - GSO_LINK);
	assert_memory_equal(out.b + GSO_LINK, in.b + GSO_LINK, in.len - GSO_LINK);
	assert_int_equal(meta->offload, in.meta.offload);
	assert_int_equal(meta->csum_start, in.meta.csum_start);
	assert_int_equal(meta->csum_offset, in.meta.csum_offset);
	assert_int_equal(meta->gso_size, c->size);
	assert_int_equal(meta->gso_segs, (c->payload + c->size - 1) / c->size);
	assert_int_equal(meta->hdr_len, in.hdr_len);
	assert_int_equal(meta->l3_len, m->pkt_len);
}

/* The kernel cuts the merged packet into the segments there were. */
static void the_kernel_agrees(const struct gso_case *c, struct rte_mbuf **pkts, uint16_t n)
{
	memcpy(out.b, in.b, GSO_LINK);
	out.len = in.len;
	out.hdr_len = in.hdr_len;
	out.l4 = in.l4;
	out.meta = in.meta;
	gso_kernel_give(&out, c);
	for (uint16_t i = 0; i < n; i++) {
		const uint16_t len = packet_bytes(pkts[i], piece, sizeof(piece));
		assert_int_equal(gso_kernel_get(frame), GSO_LINK + len);
		assert_memory_equal(frame + GSO_LINK, piece, len);
	}
}

static const struct gso_case wholes[] = {
	{"tcp4", .flags = ACK, .size = 1398, .payload = 61000, .id = 7},
	{"tcp4, PSH and FIN", .flags = ACK | PSH | FIN, .size = 1000, .payload = 2001},
	{"tcp4, CWR", .flags = ACK | CWR | ECE | PSH, .size = 777, .payload = 7777, .id = 65530},
	{"tcp4, options", .options = 12, .flags = ACK, .size = 501, .payload = 3000},
	{"tcp4, timestamps", .tcp_options = 12, .flags = ACK | PSH, .size = 1386, .payload = 65483},
	{"tcp6", .v6 = true, .flags = ACK | PSH, .size = 1378, .payload = 65000},
	{"tcp6, CWR, timestamps", .v6 = true, .tcp_options = 12, .flags = ACK | CWR | FIN,
		.size = 1001, .payload = 9999},
	{"tcp6, two headers", .v6 = true, .options = 24, .flags = ACK, .size = 1300,
		.payload = 50000},
	{"udp4", .udp = true, .size = 1372, .payload = 60000, .id = 9},
	{"udp4, tiny", .udp = true, .size = 1, .payload = 63, .id = 9},
	{"udp6", .v6 = true, .udp = true, .size = 1352, .payload = 65000},
	{"udp6, header", .v6 = true, .udp = true, .options = 8, .size = 1201, .payload = 12000},
};

static void segments_become_what_they_were(void **state)
{
	(void)state;
	struct rte_mbuf *pkts[OVNET_BURST], *copies[OVNET_BURST];

	for (unsigned i = 0; i < RTE_DIM(wholes); i++) {
		print_message("%s\n", wholes[i].name);
		const uint16_t n = cut(&wholes[i], pkts);
		for (uint16_t j = 0; j < n; j++)
			copies[j] = rte_pktmbuf_copy(pkts[j], bed_pool, 0, UINT32_MAX);
		assert_int_equal(merge(pkts, n), 1);
		assert_int_equal(pkts[0]->nb_segs, n);
		are_one(&wholes[i], pkts[0]);
		the_kernel_agrees(&wholes[i], copies, n);
		rte_pktmbuf_free_bulk(copies, n);
		rte_pktmbuf_free(pkts[0]);
		all_mbufs_back();
	}
}

/* The headers of a packet whose data is at IPv4 or IPv6 without options. */
static uint8_t *l4_of(uint8_t *ip)
{
	return ip + (ip[0] >> 4 == 4 ? 20 : 40);
}

/* What was changed was changed by its sender. */
static void put_sums(struct rte_mbuf *m)
{
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *), *l4 = l4_of(ip);
	const bool v6 = ip[0] >> 4 == 6;
	const uint8_t proto = ip[v6 ? 6 : 9];
	uint8_t *field = l4 + (proto == 17 ? 6 : 16);
	const uint32_t len = m->pkt_len - (uint32_t)(l4 - ip);

	if (!v6)
		put_sum4(ip);
	be_put16(field, 0);
	be_put16(field, ~be_sum(l4, len, be_sum(ip + (v6 ? 8 : 12), v6 ? 32 : 8, proto + len)));
}

static void flip(uint8_t *ip, unsigned at)
{
	ip[at] ^= 1;
}

static void nothing(uint8_t *ip)
{
	(void)ip;
}

#define CHANGE(name, expr)               \
	static void name(uint8_t *ip)    \
	{                                \
		uint8_t *l4 = l4_of(ip); \
		(void)l4;                \
		expr;                    \
	}

CHANGE(payload_bit, l4[40] ^= 4)
CHANGE(tcp_sum, l4[16] ^= 1)
CHANGE(udp_sum, l4[6] ^= 1)
CHANGE(ip_sum, ip[10] ^= 1)
CHANGE(no_udp_sum, be_put16(l4 + 6, 0))
CHANGE(tos, flip(ip, 1))
CHANGE(ttl, flip(ip, 8))
CHANGE(df, ip[6] ^= 0x40)
CHANGE(id, ip[4] ^= 0x40)
CHANGE(label, flip(ip, 3))
CHANGE(hops, flip(ip, 7))
CHANGE(seq, flip(l4, 7))
CHANGE(ack, flip(l4, 11))
CHANGE(window, flip(l4, 15))
CHANGE(urgent, flip(l4, 19))
CHANGE(option, flip(l4, 30))
CHANGE(push, l4[13] |= PSH)
CHANGE(finish, l4[13] |= FIN)
CHANGE(reset, l4[13] |= 4)
CHANGE(syn, l4[13] |= 2)
CHANGE(urg, l4[13] |= 0x20)
CHANGE(no_ack, l4[13] = 0)
CHANGE(ece, l4[13] |= ECE)
CHANGE(cwr, l4[13] |= CWR)
CHANGE(accurate_ecn, l4[12] |= 1)
CHANGE(udp_length, be_put16(l4 + 4, 50))

/* The third of six is changed; `left` packets, the one that it is in or is begins at place `at`. */
static const struct {
	const char *name;
	void (*change)(uint8_t *ip);
	bool v6, udp, honest; /* honest: checksums fit afterwards */
	uint8_t left;
} changes[] = {
	/* [1 2 3 4 5 6] */
	{"nothing", nothing, false, false, true, 1},
	{"nothing, IPv6", nothing, true, false, true, 1},
	{"nothing, UDP", nothing, false, true, true, 1},
	/* [1 2] 3 [4 5 6]: it can be no part */
	{"a bit of payload", payload_bit, false, false, false, 3},
	{"a bit of payload, IPv6", payload_bit, true, false, false, 3},
	{"a bit of payload, UDP", payload_bit, false, true, false, 3},
	{"a bit of payload, UDP over IPv6", payload_bit, true, true, false, 3},
	{"TCP's checksum", tcp_sum, false, false, false, 3},
	{"UDP's checksum", udp_sum, true, true, false, 3},
	{"IPv4's checksum", ip_sum, false, false, false, 3},
	{"no checksum of UDP", no_udp_sum, false, true, false, 3},
	{"RST", reset, false, false, true, 3},
	{"SYN", syn, true, false, true, 3},
	{"URG", urg, false, false, true, 3},
	{"no ACK", no_ack, false, false, true, 3},
	{"a shorter UDP", udp_length, false, true, true, 3},
	/* [1 2] [3] [4 5 6]: it has nobody's like */
	{"TOS", tos, false, false, true, 3},
	{"TTL", ttl, false, true, true, 3},
	{"don't fragment", df, false, false, true, 3},
	{"identification", id, false, false, true, 3},
	{"flow label", label, true, false, true, 3},
	{"hop limit", hops, true, true, true, 3},
	{"sequence", seq, false, false, true, 3},
	{"acknowledgement", ack, true, false, true, 3},
	{"window", window, false, false, true, 3},
	{"urgent pointer", urgent, false, false, true, 3},
	{"options", option, false, false, true, 3},
	{"ECE", ece, false, false, true, 3},
	{"accurate ECN", accurate_ecn, false, false, true, 3},
	/* [1 2 3] [4 5 6] */
	{"PSH", push, false, false, true, 2},
	{"FIN", finish, true, false, true, 2},
	/* [1 2] [3 4 5 6] */
	{"CWR", cwr, false, false, true, 2},
};

static struct gso_case six(bool v6, bool udp)
{
	return (struct gso_case){.v6 = v6,
		.udp = udp,
		.tcp_options = udp ? 0 : 12,
		.flags = ACK,
		.size = SIZE,
		.payload = SIZE * SEGS,
		.id = 300};
}

/* The payload of all of them in a row. */
static uint32_t payloads(struct rte_mbuf **pkts, uint16_t n, uint16_t headers, uint8_t *at)
{
	uint32_t len = 0;

	for (uint16_t i = 0; i < n; i++) {
		const uint32_t more = packet_bytes(pkts[i], out.b, GSO_ROOM) - headers;
		memcpy(at + len, out.b + headers, more);
		len += more;
	}
	return len;
}

/* Merged ones say that their checksum is to be done: none may have been wrong. */
static void only_right_ones_are_merged(
	struct rte_mbuf **pkts, uint16_t n, const uint8_t *changed, uint16_t len, bool honest)
{
	unsigned as_it_came = 0;

	for (uint16_t i = 0; i < n; i++) {
		const uint16_t got = packet_bytes(pkts[i], out.b, GSO_ROOM);
		if (ovnet_meta(pkts[i])->offload == 0 && got == len &&
			memcmp(out.b, changed, len) == 0)
			as_it_came++;
	}
	if (!honest)
		assert_int_equal(as_it_came, 1);
}

static void what_differs_stays_out(void **state)
{
	(void)state;
	static uint8_t before[SIZE * SEGS], after[SIZE * SEGS];
	struct rte_mbuf *pkts[OVNET_BURST];

	for (unsigned i = 0; i < RTE_DIM(changes); i++) {
		const struct gso_case c = six(changes[i].v6, changes[i].udp);
		assert_int_equal(cut(&c, pkts), SEGS);
		changes[i].change(rte_pktmbuf_mtod(pkts[2], uint8_t *));
		if (changes[i].honest)
			put_sums(pkts[2]);
		const uint16_t len = packet_bytes(pkts[2], piece, sizeof(piece));
		const uint32_t all = payloads(pkts, SEGS, in.hdr_len, before);
		const uint16_t n = merge(pkts, SEGS);
		if (n != changes[i].left)
			fail_msg("%s: %u packets", changes[i].name, n);
		only_right_ones_are_merged(pkts, n, piece, len, changes[i].honest);
		assert_int_equal(payloads(pkts, n, in.hdr_len, after), all);
		assert_memory_equal(before, after, all);
		rte_pktmbuf_free_bulk(pkts, n);
		all_mbufs_back();
	}
}

/* The first one is wrong: it is no head for the others. */
static void a_wrong_first_one_stays_alone(void **state)
{
	(void)state;
	const struct gso_case c = six(false, false);
	struct rte_mbuf *pkts[OVNET_BURST];

	cut(&c, pkts);
	payload_bit(rte_pktmbuf_mtod(pkts[0], uint8_t *));
	assert_int_equal(merge(pkts, SEGS), 2);
	assert_int_equal(ovnet_meta(pkts[0])->offload, 0);
	assert_int_equal(ovnet_meta(pkts[1])->gso_segs, SEGS - 1);
	rte_pktmbuf_free_bulk(pkts, 2);
	all_mbufs_back();
}

static void what_a_port_does_not_take_is_left(void **state)
{
	(void)state;
	static const struct {
		bool v6, udp;
		uint8_t flags, takes, left;
	} cases[] = {
		{false, false, ACK, 0, SEGS},
		{false, false, ACK, OVNET_OFF_TSO4, 1},
		{false, false, ACK, OVNET_OFF_TSO6 | OVNET_OFF_USO, SEGS},
		{true, false, ACK, OVNET_OFF_TSO4 | OVNET_OFF_USO, SEGS},
		{true, false, ACK, OVNET_OFF_TSO6, 1},
		{false, true, ACK, OVNET_OFF_TSO4 | OVNET_OFF_TSO6, SEGS},
		{true, true, ACK, OVNET_OFF_USO, 1},
		/* CWR in the first: it stays alone where nobody would understand. */
		{false, false, ACK | CWR, OVNET_OFF_TSO4, 2},
		{false, false, ACK | CWR, OVNET_OFF_TSO4 | OVNET_GRO_ECN, 1},
	};
	struct rte_mbuf *pkts[OVNET_BURST];

	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		struct gso_case c = six(cases[i].v6, cases[i].udp);
		c.flags = cases[i].flags;
		cut(&c, pkts);
		memset(all_takes, cases[i].takes, sizeof(all_takes));
		const uint16_t n = ovnet_gro_merge(pkts, SEGS, all_takes, sum);
		assert_int_equal(n, cases[i].left);
		rte_pktmbuf_free_bulk(pkts, n);
		all_mbufs_back();
	}
}

/* IPv4 identifications that stay the same are as good, where DF says that nobody needs them. */
static void identifications_may_stand_still(void **state)
{
	(void)state;
	const struct gso_case c = six(false, false);
	struct rte_mbuf *pkts[OVNET_BURST];

	for (unsigned has_df = 0; has_df < 2; has_df++) {
		cut(&c, pkts);
		for (unsigned i = 0; i < SEGS; i++) {
			uint8_t *ip = rte_pktmbuf_mtod(pkts[i], uint8_t *);
			be_put16(ip + 4, 300);
			ip[6] = has_df ? 0x40 : 0;
			put_sums(pkts[i]);
		}
		const uint16_t n = merge(pkts, SEGS);
		assert_int_equal(n, has_df ? 1 : SEGS);
		rte_pktmbuf_free_bulk(pkts, n);
		all_mbufs_back();
	}
}

/* More flows than are kept open, packet by packet in turn: each stays in order. */
static void flows_in_turn_stay_in_order(void **state)
{
	(void)state;
	static const uint8_t flows[] = {1, 3, 8, 10};
	struct rte_mbuf *pkts[OVNET_BURST], *one[OVNET_BURST];
	uint8_t next[10];

	for (unsigned f = 0; f < RTE_DIM(flows); f++) {
		for (uint8_t i = 0; i < flows[f]; i++) {
			const struct gso_case c = six(i % 2, i % 3 == 0);
			cut(&c, one);
			for (unsigned j = 0; j < SEGS; j++) {
				be_put16(l4_of(rte_pktmbuf_mtod(one[j], uint8_t *)), 7000 + i);
				put_sums(one[j]);
				ovnet_meta(one[j])->hash = j;
				pkts[j * flows[f] + i] = one[j];
			}
		}
		const uint16_t n = merge(pkts, (uint16_t)(SEGS * flows[f]));
		assert_int_equal(n, flows[f] <= 8 ? flows[f] : SEGS * flows[f]);
		memset(next, 0, sizeof(next));
		for (uint16_t i = 0; i < n; i++) {
			const uint8_t *l4 = l4_of(rte_pktmbuf_mtod(pkts[i], uint8_t *));
			const unsigned flow = (l4[0] << 8 | l4[1]) - 7000u;
			assert_int_equal(ovnet_meta(pkts[i])->hash, next[flow]++);
		}
		rte_pktmbuf_free_bulk(pkts, n);
		all_mbufs_back();
	}
}

/* Two packets' worth of segments in one burst: 65,535 bytes at most. */
static void no_packet_is_too_large(void **state)
{
	(void)state;
	const struct gso_case large = {.flags = ACK, .size = 1998, .payload = 32 * 1998};
	struct rte_mbuf *pkts[OVNET_BURST];

	assert_int_equal(cut(&large, pkts), 32);
	assert_int_equal(cut(&large, pkts + 32), 32);
	for (unsigned i = 32; i < OVNET_BURST; i++) {
		uint8_t *ip = rte_pktmbuf_mtod(pkts[i], uint8_t *);
		be_put16(ip + 4, i);
		be_put32(l4_of(ip) + 4, 0xfffff000 + i * 1998);
		put_sums(pkts[i]);
	}
	assert_int_equal(merge(pkts, OVNET_BURST), 2);
	assert_int_equal(ovnet_meta(pkts[0])->gso_segs, 32);
	assert_int_equal(ovnet_meta(pkts[1])->gso_segs, 32);
	rte_pktmbuf_free_bulk(pkts, 2);
	all_mbufs_back();
}

static int kernel_up(void **state)
{
	(void)state;
	gso_kernel_up();
	return 0;
}

static int kernel_down(void **state)
{
	(void)state;
	gso_kernel_down();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_become_what_they_were),
		cmocka_unit_test(what_differs_stays_out),
		cmocka_unit_test(a_wrong_first_one_stays_alone),
		cmocka_unit_test(what_a_port_does_not_take_is_left),
		cmocka_unit_test(identifications_may_stand_still),
		cmocka_unit_test(flows_in_turn_stay_in_order),
		cmocka_unit_test(no_packet_is_too_large),
	};

	if (unshare(CLONE_NEWNET) < 0) {
		printf("SKIP: a network namespace needs root\n");
		return 77;
	}
	if (bed_eal("0") != 0)
		return 1;
	return cmocka_run_group_tests_name("gro", tests, kernel_up, kernel_down);
}
