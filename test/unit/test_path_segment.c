/* SPDX-License-Identifier: BSD-3-Clause */
/* What is still to be cut, and what is merged, on its way through a node. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/gso.h"
#include "bed/guarded.h"
#include "bed/path_attach.h"
#include "packet/gso.h"

#define ACK 0x10
#define PSH 0x08
#define CWR 0x80

#define WHOLE (OVNET_CAP_CHAINED | OVNET_CAP_TX_CSUM | OVNET_CAP_TX_GSO)

static struct gso_packet in;
static uint8_t bytes[GSO_ROOM];

static const struct gso_case tcp4 = {.flags = ACK | PSH, .size = 1398, .payload = 60000, .id = 5},
			     tcp6 = {.v6 = true, .flags = ACK, .size = 1358, .payload = 9000},
			     udp4 = {.udp = true, .size = 1000, .payload = 9999},
			     udp6 = {.v6 = true, .udp = true, .size = 1200, .payload = 60001};

/* To OTHER instead of the peer's pod; the pseudo header's sum goes along. */
static void to_other(struct gso_packet *p)
{
	uint8_t *ip = p->b + GSO_LINK;
	const bool v6 = ip[0] >> 4 == 6;
	const struct ovnet_addr src = addr_of_who(POD, v6), dst = addr_of_who(OTHER, v6);
	const uint32_t l4_len = p->len - GSO_LINK - p->l4;

	memcpy(ip + (v6 ? 8 : 12), v6 ? src.v6 : (const uint8_t *)&src.v4_be, v6 ? 16 : 4);
	memcpy(ip + (v6 ? 24 : 16), v6 ? dst.v6 : (const uint8_t *)&dst.v4_be, v6 ? 16 : 4);
	if (!v6)
		put_sum4(ip);
	be_put16(ip + p->l4 + p->meta.csum_offset,
		be_sum(ip + (v6 ? 8 : 12), v6 ? 32 : 8,
			(p->meta.offload & OVNET_OFF_USO ? 17 : 6) + l4_len));
}

/* With what POD sends by ATTACH in front. */
static struct rte_mbuf *framed(const struct gso_packet *p)
{
	struct rte_mbuf *m = gso_mbuf(p, false, 0, 1800);
	uint8_t *eth = (uint8_t *)rte_pktmbuf_prepend(m, GSO_LINK);

	put_ether(eth, &attach_mac, &pod_mac);
	memcpy(eth + 12, p->b + 12, 2);
	ovnet_meta(m)->in_port = ATTACH;
	ovnet_meta(m)->csum_start += GSO_LINK;
	return m;
}

/* Are the packets of `port`, behind `front` bytes each, `p` in segments? Sums by the book. */
static void left_in_segments(struct bed *b, unsigned port, unsigned first, uint16_t front)
{
	const uint8_t *ip = bytes + front, *of = in.b + GSO_LINK;
	const bool v6 = of[0] >> 4 == 6, udp = in.meta.offload & OVNET_OFF_USO;
	uint32_t at = in.hdr_len;

	for (unsigned i = first; at < in.len - GSO_LINK; i++) {
		assert_in_range(i, first, b->port[port].n_out - 1u);
		const uint16_t len = packet_bytes(b->port[port].out[i], bytes, sizeof(bytes));
		const uint32_t n = len - front - in.hdr_len, l4_len = len - front - in.l4;
		assert_in_range(n, 1, in.meta.gso_size);
		assert_memory_equal(ip + in.hdr_len, of + at, n);
		assert_int_equal(
			be_sum(ip + in.l4, l4_len,
				be_sum(ip + (v6 ? 8 : 12), v6 ? 32 : 8, (udp ? 17 : 6) + l4_len)),
			0xffff);
		assert_int_equal(get(ip + (v6 ? 4 : 2), 2), len - front - (v6 ? 40 : 0));
		if (!v6)
			assert_int_equal(be_sum(ip, (ip[0] & 15u) * 4, 0), 0xffff);
		if (!udp)
			assert_int_equal(
				get(ip + in.l4 + 4, 4), (uint32_t)(0xfffff000 + at - in.hdr_len));
		assert_int_equal(ovnet_meta(b->port[port].out[i])->offload, 0);
		at += n;
	}
}

static unsigned segs_of(const struct gso_case *c)
{
	return (unsigned)((c->payload + c->size - 1) / c->size);
}

/* One segment's flow and hash for all: the outer source port keeps them together. */
static void to_a_peer_it_leaves_in_segments(void **state)
{
	(void)state;
	static const struct gso_case *const cases[] = {&tcp4, &udp4};
	uint8_t before[200];
	struct bed *b = bed_open(1);
	unsigned all = 0;

	for (unsigned i = 0; i < 2 * RTE_DIM(cases); i++) {
		const struct gso_case *c = cases[i / 2];
		gso_make(&in, c);
		put_inner(before, OWN_POD, PEER_POD, 1, 100);
		bed_receive(b, HOST, bed_packet(HOST, before, 100, 0, 0));
		bed_receive(b, HOST, gso_mbuf(&in, i % 2, 0, 2000));
		bed_receive(b, HOST, bed_packet(HOST, before, 100, 0, 0));
		ops->poll(&b->ctx);
		const unsigned n = segs_of(c);
		assert_int_equal(b->port[UPLINK].n_out, n + 2);
		left_in_segments(b, UPLINK, 1, 64);
		assert_int_equal(b->port[UPLINK].out[0]->pkt_len, 164);
		assert_int_equal(b->port[UPLINK].out[n + 1]->pkt_len, 164);
		for (unsigned j = 2; j <= n; j++) {
			const uint8_t *o =
				rte_pktmbuf_mtod(b->port[UPLINK].out[j], const uint8_t *);
			const uint8_t *first =
				rte_pktmbuf_mtod(b->port[UPLINK].out[1], const uint8_t *);
			assert_memory_equal(o + 34, first + 34, 2);
		}
		all += n + 2;
		bed_drain(b);
	}
	assert_int_equal(b->counters.stage_packets[OVNET_STAGE_CLASSIFY], 3 * 4);
	assert_int_equal(b->counters.stage_packets[OVNET_STAGE_SEGMENT], 4);
	assert_int_equal(b->counters.stage_packets[OVNET_STAGE_ENCAP], all);
	assert_int_equal(b->counters.port[UPLINK].tx_packets, all);
	assert_int_equal(b->counters.port[HOST].rx_packets, 3 * 4);
	assert_int_equal(b->counters.peer[0].tx_packets, all);
	assert_int_equal(bed_drops(b), 0);
	bed_close(b);
}

static void to_a_peer_of_either_version(void **state)
{
	(void)state;
	static const struct gso_case *const cases[] = {&tcp6, &udp6};
	struct bed *b = bed_open6();

	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		gso_make(&in, cases[i]);
		bed_receive(b, HOST, gso_mbuf(&in, false, 0, 2000));
		ops->poll(&b->ctx);
		assert_int_equal(b->port[UPLINK].n_out, segs_of(cases[i]));
		left_in_segments(b, UPLINK, 0, 84);
		bed_drain(b);
	}
	assert_int_equal(bed_drops(b), 0);
	bed_close(b);
}

/* From one attach port to another, as that one takes it. */
static void between_ports(void **state)
{
	(void)state;
	static const struct {
		const struct gso_case *c;
		uint32_t caps;
		bool whole;
	} cases[] = {
		{&tcp4, 0, false},
		{&tcp4, OVNET_CAP_CHAINED | OVNET_CAP_TX_CSUM, false},
		{&tcp4, WHOLE, true},
		{&tcp4, WHOLE & ~(uint32_t)OVNET_CAP_TX_TSO4, false},
		{&tcp4, WHOLE & ~(uint32_t)OVNET_CAP_CHAINED, false},
		{&tcp6, WHOLE, true},
		{&tcp6, OVNET_CAP_TX_TSO4, false},
		{&udp4, WHOLE, true},
		{&udp6, OVNET_CAP_TX_TSO4 | OVNET_CAP_TX_TSO6, false},
		{&udp6, WHOLE, true},
	};
	struct bed *b = open_attached(true);

	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		b->port[ATTACH2].port.caps = cases[i].caps;
		gso_make(&in, cases[i].c);
		to_other(&in);
		struct rte_mbuf *m = framed(&in);
		bed_receive(b, ATTACH, m);
		ops->poll(&b->ctx);
		in.b[GSO_LINK + (cases[i].c->v6 ? 7 : 8)]--; /* a hop */
		if (!cases[i].whole) {
			assert_int_equal(b->port[ATTACH2].n_out, segs_of(cases[i].c));
			left_in_segments(b, ATTACH2, 0, GSO_LINK);
		} else {
			assert_int_equal(b->port[ATTACH2].n_out, 1);
			assert_ptr_equal(b->port[ATTACH2].out[0], m);
			assert_int_equal(m->pkt_len, in.len);
			assert_int_equal(ovnet_meta(m)->csum_start, GSO_LINK + in.l4);
			assert_int_equal(ovnet_meta(m)->offload, in.meta.offload);
			assert_int_equal(ovnet_meta(m)->hdr_len, in.hdr_len);
			assert_int_equal(ovnet_meta(m)->gso_size, in.meta.gso_size);
		}
		bed_drain(b);
	}
	assert_int_equal(bed_drops(b), 0);
	bed_close(b);
}

/* RFC 3168: who cannot keep CWR to the first segment gets segments. */
static void congestion_window_reduced(void **state)
{
	(void)state;
	const struct gso_case c = {.flags = ACK | CWR, .size = 1000, .payload = 5000};
	struct bed *b = open_attached(true);

	for (unsigned ecn = 0; ecn < 2; ecn++) {
		b->port[ATTACH2].port.caps = WHOLE | (ecn ? OVNET_CAP_TX_ECN : 0);
		gso_make(&in, &c);
		to_other(&in);
		bed_receive(b, ATTACH, framed(&in));
		ops->poll(&b->ctx);
		assert_int_equal(b->port[ATTACH2].n_out, ecn ? 1 : 5);
		for (unsigned i = 0; !ecn && i < 5; i++)
			assert_int_equal(rte_pktmbuf_mtod(b->port[ATTACH2].out[i],
						 const uint8_t *)[14 + 20 + 13],
				i == 0 ? ACK | CWR : ACK);
		bed_drain(b);
	}
	bed_close(b);
}

/* Segments too large for the way: the sender is told once, by the size they have. */
static void too_large_segments(void **state)
{
	(void)state;
	uint8_t out[1300];
	struct bed *b = open_answering();

	gso_make(&in, &tcp4);
	bed_set_mtu(b, 1438 + 50);
	bed_receive(b, HOST, gso_mbuf(&in, false, 0, 2000));
	ops->poll(&b->ctx);
	assert_int_equal(b->port[UPLINK].n_out, segs_of(&tcp4)); /* just so */
	bed_drain(b);

	bed_set_mtu(b, 1437 + 50);
	bed_receive(b, HOST, gso_mbuf(&in, false, 0, 2000));
	ops->poll(&b->ctx);
	uint16_t len = bed_sent(b, HOST, out, sizeof(out));
	is_error4(out, len, 3, 4, PEER_NET, 1437, in.b + GSO_LINK);
	assert_int_equal(b->counters.drops[OVNET_DROP_OVERSIZE], 1);
	assert_int_equal(b->counters.answers, 1);
	bed_drain(b);

	gso_make(&in, &udp6);
	in.meta.gso_size = 1403;
	bed_receive(b, HOST, gso_mbuf(&in, false, 0, 2000));
	ops->poll(&b->ctx);
	assert_int_equal(b->port[HOST].n_out, 1);
	assert_int_equal(b->counters.drops[OVNET_DROP_OVERSIZE], 2);
	bed_close(b);
}

/* Without DF each segment goes on in fragments. */
static void segments_may_be_fragmented(void **state)
{
	(void)state;
	static uint8_t joined[GSO_ROOM];
	const struct gso_case c = {.udp = true, .size = 1400, .payload = 1400 * 40 + 200, .id = 9};
	struct bed *b = open_answering();

	gso_make(&in, &c);
	clear_df(in.b + GSO_LINK);
	bed_set_mtu(b, 1000 + 50);
	bed_receive(b, HOST, gso_mbuf(&in, false, 0, 2000));
	ops->poll(&b->ctx);
	assert_int_equal(b->port[UPLINK].n_out, 2 * 40 + 1);
	assert_int_equal(b->counters.pieces, 40);
	for (unsigned i = 0; i < 40; i++) {
		uint32_t at = 20;
		for (unsigned j = 0; j < 2; j++) {
			struct rte_mbuf *m = b->port[UPLINK].out[2 * i + j];
			const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, 64);
			assert_int_equal(get(ip + 4, 2), 9 + i);
			memcpy(joined, ip, 20);
			memcpy(joined + at, ip + 20, m->pkt_len - 84);
			at += m->pkt_len - 84;
		}
		assert_int_equal(at, 1428);
		assert_int_equal(
			be_sum(joined + 20, 1408, be_sum(joined + 12, 8, 17 + 1408)), 0xffff);
		assert_memory_equal(joined + 28, in.b + GSO_LINK + 28 + i * 1400, 1400);
	}
	assert_int_equal(bed_drops(b), 0);
	assert_int_equal(b->counters.answers, 0);
	bed_close(b);
}

/* What its sender says of it is not so. */
static void lies(void **state)
{
	(void)state;
	static const struct {
		uint8_t offload;
		uint16_t start, offset, size;
	} cases[] = {
		{OVNET_OFF_TSO4, 20, 16, 1000}, /* no checksum to be done */
		{OVNET_OFF_CSUM | OVNET_OFF_TSO6, 20, 16, 1000},
		{OVNET_OFF_CSUM | OVNET_OFF_USO, 20, 16, 1000},
		{OVNET_OFF_CSUM | OVNET_OFF_TSO4 | OVNET_OFF_TSO6, 20, 16, 1000},
		{OVNET_OFF_CSUM | OVNET_OFF_TSO4, 24, 16, 1000},
		{OVNET_OFF_CSUM | OVNET_OFF_TSO4, 0, 16, 1000},
		{OVNET_OFF_CSUM | OVNET_OFF_TSO4, 65535, 16, 1000},
		{OVNET_OFF_CSUM | OVNET_OFF_TSO4, 20, 6, 1000},
		{OVNET_OFF_CSUM | OVNET_OFF_TSO4, 20, 16, 0},
		{OVNET_OFF_CSUM | OVNET_OFF_TSO4, 20, 16, 1},  /* 60,000 packets */
		{OVNET_OFF_CSUM | OVNET_OFF_TSO4, 20, 16, 87}, /* 690 */
	};
	struct bed *b = bed_open(1);

	gso_make(&in, &tcp4);
	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		in.meta.offload = cases[i].offload;
		in.meta.csum_start = cases[i].start;
		in.meta.csum_offset = cases[i].offset;
		in.meta.gso_size = cases[i].size;
		bed_receive(b, HOST, gso_mbuf(&in, false, 0, 2000));
		ops->poll(&b->ctx);
		assert_int_equal(b->counters.drops[OVNET_DROP_GSO_STATE], i + 1);
	}
	bed_close(b);
}

/* Headers that say otherwise; `at` bytes from the IP header on. */
static void headers_that_lie(void **state)
{
	(void)state;
	static const struct {
		const struct gso_case *c;
		uint8_t at, value;
	} cases[] = {{&tcp4, 6, 0x20}, {&tcp4, 7, 1}, /* fragments */
		{&tcp4, 9, 17}, {&tcp4, 9, 1}, {&tcp4, 0, 0x46}, {&tcp4, 32, 0x40}, {&tcp6, 6, 44},
		{&tcp6, 6, 51}, {&tcp6, 6, 0}, {&tcp6, 52, 0x40}, {&udp4, 24, 1},
		{&udp4, 25, 1}, /* UDP's length */
		{&udp4, 9, 6}};
	struct bed *b = bed_open6();

	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		gso_make(&in, cases[i].c);
		in.b[GSO_LINK + cases[i].at] = cases[i].value;
		bed_receive(b, HOST, gso_mbuf(&in, false, 0, 2000));
		ops->poll(&b->ctx);
		assert_int_equal(b->counters.drops[OVNET_DROP_GSO_STATE], i + 1);
	}
	bed_close(b);
}

/* One segment holds all of it: it is a packet as any other, in one piece. */
static void nothing_to_cut(void **state)
{
	(void)state;
	const struct gso_case c = {.flags = ACK, .size = 1000, .payload = 1000};
	struct bed *b = bed_open(1);

	gso_make(&in, &c);
	bed_receive(b, HOST, gso_mbuf(&in, false, 30, 2000));
	ops->poll(&b->ctx);
	assert_int_equal(b->port[UPLINK].n_out, 1);
	left_in_segments(b, UPLINK, 0, 64);
	assert_int_equal(b->counters.stage_packets[OVNET_STAGE_SEGMENT], 0);
	bed_close(b);
}

/* flannel's udp counts down in encap, segment by segment: one of them is told of. */
static void a_last_hop_is_told_of_once(void **state)
{
	(void)state;
	struct bed *b = open_answering();

	bed_set_kind(b, OVNET_ENCAP_UDP4);
	gso_make(&in, &tcp4);
	set_ttl(in.b + GSO_LINK, 1);
	for (unsigned i = 0; i < 5; i++)
		bed_receive(b, HOST, gso_mbuf(&in, false, 0, 2000));
	ops->poll(&b->ctx);
	assert_int_equal(b->counters.answers, 5);
	assert_int_equal(b->port[HOST].n_out, 5);
	assert_int_equal(b->counters.drops[OVNET_DROP_TTL_EXCEEDED], 5 * segs_of(&tcp4));
	assert_int_equal(b->counters.segments, 5 * (segs_of(&tcp4) - 1));
	bed_close(b);
}

/* A burst of packets that are cut into more than there are buffers: each is sent or counted. */
static void buffers_run_out(void **state)
{
	(void)state;
	const struct gso_case c = {.flags = ACK, .size = 468, .payload = 468 * 128};
	struct bed *b = bed_open(1);

	b->port[UPLINK].room = BED_PORT_MAX;
	gso_make(&in, &c);
	for (unsigned i = 0; i < 20; i++)
		bed_receive(b, HOST, gso_mbuf(&in, false, 0, 2000));
	ops->poll(&b->ctx);
	const uint64_t full = b->counters.drops[OVNET_DROP_TX_FULL];
	assert_int_equal(b->port[UPLINK].n_out, BED_PORT_MAX);
	assert_int_not_equal(full, 0);
	assert_int_equal(bed_drops(b) - full, b->counters.drops[OVNET_DROP_NO_MBUF]);
	bed_close(b);

	/* Not one buffer is left. */
	b = bed_open(1);
	struct rte_mbuf *all[BED_MBUFS], *m = gso_mbuf(&in, false, 0, 2000);
	unsigned n = 0;
	while ((all[n] = rte_pktmbuf_alloc(bed_pool)) != NULL)
		n++;
	bed_receive(b, HOST, m);
	ops->poll(&b->ctx);
	assert_int_equal(b->counters.drops[OVNET_DROP_NO_MBUF], 1);
	rte_pktmbuf_free_bulk(all, n);
	bed_close(b);
}

static void open_twin(struct bed *b)
{
	b->port[ATTACH2].port.role = OVNET_PORT_TWIN;
	b->port[UPLINK].port.caps |= OVNET_CAP_EXCLUSIVE;
	atomic_store(&b->port[ATTACH2].port.twin, UPLINK);
	atomic_store(&b->port[UPLINK].port.twin, ATTACH2);
	bed_map(b, 1 << HOST | 1 << UPLINK | 1 << ATTACH | 1 << ATTACH2);
}

/* The host's own traffic on an exclusive uplink, with a VLAN tag of either kind and without. */
static void the_twins_leave_as_the_uplink_takes_them(void **state)
{
	(void)state;
	static const struct gso_case *const cases[] = {&tcp4, &tcp6, &udp4, &udp6};
	struct bed *b = bed_open(1);

	open_twin(b);
	for (unsigned i = 0; i < 8 * RTE_DIM(cases); i++) {
		const uint16_t link = i & 1 ? 18 : 14;
		const bool whole = i & 2;
		b->port[UPLINK].port.caps = OVNET_CAP_EXCLUSIVE | (whole ? WHOLE : 0);
		gso_make(&in, cases[i / 8]);
		struct rte_mbuf *m = gso_mbuf(&in, false, 0, 1800);
		uint8_t *eth = (uint8_t *)rte_pktmbuf_prepend(m, link);
		memcpy(eth, in.b, 12);
		if (link == 18)
			be_put32(eth + 12, i & 4 ? 0x88a80007 : 0x81000007);
		memcpy(eth + link - 2, in.b + 12, 2);
		ovnet_meta(m)->in_port = ATTACH2;
		ovnet_meta(m)->csum_start += link;
		bed_receive(b, ATTACH2, m);
		ops->poll(&b->ctx);
		assert_int_equal(b->port[UPLINK].n_out, whole ? 1 : segs_of(cases[i / 8]));
		if (!whole)
			left_in_segments(b, UPLINK, 0, link);
		bed_drain(b);
	}
	assert_int_equal(bed_drops(b), 0);
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(to_a_peer_it_leaves_in_segments),
		cmocka_unit_test(to_a_peer_of_either_version),
		cmocka_unit_test(between_ports),
		cmocka_unit_test(congestion_window_reduced),
		cmocka_unit_test(too_large_segments),
		cmocka_unit_test(segments_may_be_fragmented),
		cmocka_unit_test(lies),
		cmocka_unit_test(headers_that_lie),
		cmocka_unit_test(nothing_to_cut),
		cmocka_unit_test(a_last_hop_is_told_of_once),
		cmocka_unit_test(buffers_run_out),
		cmocka_unit_test(the_twins_leave_as_the_uplink_takes_them),
	};

	return bed_run_levels("path_segment", tests, RTE_DIM(tests));
}
