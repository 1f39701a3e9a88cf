/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/path.h"
#include "packet/csum.h"
#include "path/taps.h"

#include "bed/capture.h"

static void chained_packets_at_every_cut(void **state)
{
	(void)state;
	uint8_t in[300], out[300];
	struct bed *b = bed_open(1);
	uint16_t len = put_vxlan(in, 200);

	for (uint16_t cut = 1; cut < len; cut++) {
		bed_receive(b, UPLINK, bed_packet(UPLINK, in, len, cut, 0));
		assert_int_equal(ops->poll(&b->ctx), 1);
		assert_int_equal(bed_sent(b, HOST, out, sizeof(out)), 200);
		assert_memory_equal(out, in + 64, 200);
		assert_int_equal(b->port[HOST].out[0]->nb_segs, 1); /* the port takes no chains */
		bed_drain(b);
	}
	put_inner(in, OWN_POD, PEER_POD, 1000, 200);
	for (uint16_t cut = 1; cut < 200; cut++) {
		bed_receive(b, HOST, bed_packet(HOST, in, 200, cut, cut));
		assert_int_equal(ops->poll(&b->ctx), 1);
		assert_int_equal(bed_sent(b, UPLINK, out, sizeof(out)), 264);
		assert_memory_equal(out + 64, in, 200);
		bed_drain(b);
	}
	assert_int_equal(bed_drops(b), 0);
	bed_close(b);
}

/* The packet as it came, but for one hop. */
static void routed_equal(uint8_t *out, const uint8_t *in, uint16_t len)
{
	assert_int_equal(out[8], in[8] - 1);
	assert_int_equal(be_sum(out, 20, 0), 0xffff);
	out[8]++;
	memcpy(out + 10, in + 10, 2);
	assert_memory_equal(out, in, len);
}

static void padding_ends_at_the_port(void **state)
{
	(void)state;
	uint8_t in[300] = {0}, out[300];
	struct bed *b = bed_open(1);

	put_inner(in + 14, ATTACH_POD, PEER_POD, 1000, 30);
	put_ether(in, &attach_mac, &pod_mac);
	for (uint16_t cut = 0; cut < 60; cut++) {
		bed_receive(b, ATTACH, bed_packet(ATTACH, in, 60, cut, 0));
		assert_int_equal(ops->poll(&b->ctx), 1);
		assert_int_equal(bed_sent(b, UPLINK, out, sizeof(out)), 94);
		routed_equal(out + 64, in + 14, 30);
		bed_drain(b);
	}
	uint16_t len = put_vxlan(in, 100);
	be_put16(in + 38, 130 + 10); /* a UDP datagram with ten bytes behind the inner packet, */
	be_put16(in + 16, 150 + 15); /* an IP packet with five behind that, */
	put_sum4(in + 14);
	memset(in + len, 0xee, 50);
	bed_receive(b, UPLINK, bed_packet(UPLINK, in, len + 50, 0, 0)); /* and 35 on the wire */
	assert_int_equal(ops->poll(&b->ctx), 1);
	assert_int_equal(bed_sent(b, HOST, out, sizeof(out)), 100);
	assert_memory_equal(out, in + 64, 100);
	bed_close(b);
}

static void endpoints_get_an_ethernet_header(void **state)
{
	(void)state;
	uint8_t in[300], out[300];
	struct bed *b = bed_open(1);
	uint16_t len = put_vxlan(in, 90);

	put_inner(in + 64, PEER_POD, ATTACH_POD, 1000, 90);
	bed_receive(b, UPLINK, bed_packet(UPLINK, in, len, 0, 0));
	assert_int_equal(ops->poll(&b->ctx), 1);
	assert_int_equal(bed_sent(b, ATTACH, out, sizeof(out)), 104);
	assert_memory_equal(out, pod_mac.b, 6);
	assert_memory_equal(out + 6, attach_mac.b, 6);
	assert_int_equal(get16(out + 12), 0x0800);
	routed_equal(out + 14, in + 64, 90);
	bed_close(b);
}

static void what_is_not_overlay_goes_to_the_default_endpoint(void **state)
{
	(void)state;
	uint8_t in[300];
	struct bed *b = bed_open(1);
	uint16_t len = put_vxlan(in, 90);

	put_inner(in + 64, PEER_POD, 0x08080808, 1000, 90);
	bed_receive(b, UPLINK, bed_packet(UPLINK, in, len, 0, 0));
	put_inner(in + 64, PEER_IP, OWN_POD, 1000, 90); /* the peer's host by its own address */
	bed_receive(b, UPLINK, bed_packet(UPLINK, in, len, 0, 0));
	assert_int_equal(ops->poll(&b->ctx), 2);
	assert_int_equal(b->port[HOST].n_out, 2);
	assert_int_equal(bed_drops(b), 0);
	bed_close(b);
}

/* The first segment has just the room the headers need, or a byte less. */
static void headers_fill_the_first_segment(void **state)
{
	(void)state;
	uint8_t in[100], out[200];
	struct bed *b = bed_open(1);

	for (uint16_t missing = 0; missing < 2; missing++) {
		struct rte_mbuf *m =
			bed_packet(HOST, in, put_inner(in, OWN_POD, PEER_POD, 1000, 60), 10, 0);
		const char *from = rte_pktmbuf_mtod(m, char *);
		m->data_off = (uint16_t)(m->buf_len - 60 + missing);
		memcpy(rte_pktmbuf_mtod(m, char *), from, 10);
		bed_receive(b, HOST, m);
		assert_int_equal(ops->poll(&b->ctx), 1);
		if (missing == 0) {
			assert_int_equal(bed_sent(b, UPLINK, out, sizeof(out)), 124);
			assert_memory_equal(out + 64, in, 60);
			bed_drain(b);
		}
		assert_int_equal(b->counters.drops[OVNET_DROP_NO_HEADROOM], missing);
	}
	bed_close(b);
}

static uint8_t ecn_after(struct bed *b, uint8_t outer, uint8_t inner)
{
	uint8_t in[200], out[200];
	uint16_t len = put_vxlan(in, 60);

	in[15] = 0xb8 | outer;
	put_sum4(in + 14);
	in[65] = 0x28 | inner;
	in[74] = in[75] = 0;
	be_put16(in + 74, ~be_sum(in + 64, 20, 0));
	bed_receive(b, UPLINK, bed_packet(UPLINK, in, len, 0, 0));
	assert_int_equal(ops->poll(&b->ctx), 1);
	if (b->port[HOST].n_out == 0)
		return 0xff;
	bed_sent(b, HOST, out, sizeof(out));
	assert_int_equal(be_sum(out, 20, 0), 0xffff);
	assert_int_equal(out[1] & ~3, 0x28);
	bed_drain(b);
	return out[1] & 3;
}

static void ecn_follows_rfc_6040(void **state)
{
	(void)state;
	enum { NOT, ECT1, ECT0, CE, DROP = 0xff };
	/* RFC 6040 figure 4, columns: outer Not-ECT, ECT(0), ECT(1), CE. */
	static const uint8_t rows[4][5] = {{NOT, NOT, NOT, NOT, DROP}, {ECT0, ECT0, ECT0, ECT1, CE},
		{ECT1, ECT1, ECT1, ECT1, CE}, {CE, CE, CE, CE, CE}};
	static const uint8_t outers[] = {NOT, ECT0, ECT1, CE};
	uint8_t in[100], out[200];
	struct bed *b = bed_open(1);

	for (unsigned r = 0; r < 4; r++)
		for (unsigned o = 0; o < 4; o++)
			assert_int_equal(ecn_after(b, outers[o], rows[r][0]), rows[r][o + 1]);
	assert_int_equal(b->counters.drops[OVNET_DROP_ECN_ILLEGAL], 1);
	for (uint8_t ecn = 0; ecn < 4; ecn++) {
		put_inner(in, OWN_POD, PEER_POD, 1, 60);
		in[1] = 0xb8 | ecn;
		bed_receive(b, HOST, bed_packet(HOST, in, 60, 0, 0));
		ops->poll(&b->ctx);
		bed_sent(b, UPLINK, out, sizeof(out));
		assert_int_equal(out[15], ecn); /* normal mode: the field as it is, no DSCP */
		assert_int_equal(be_sum(out + 14, 20, 0), 0xffff);
		bed_drain(b);
	}
	bed_close(b);
}

static struct rte_mbuf *partial(
	const uint8_t *whole, uint16_t len, uint16_t l2, uint16_t cut, uint16_t in_port)
{
	uint8_t b[512];

	memcpy(b, whole, len);
	/* What the kernel leaves: the pseudo header's sum in the checksum field. */
	be_put16(b + l2 + 26, be_sum(b + l2 + 12, 8, 17u + get16(b + l2 + 24)));
	struct rte_mbuf *m = bed_packet(in_port, b, len, cut, 0);
	struct ovnet_meta *meta = ovnet_meta(m);
	meta->offload = OVNET_OFF_CSUM;
	meta->csum_start = (uint16_t)(l2 + 20);
	meta->csum_offset = 6;
	return m;
}

static void partial_checksums_are_finished(void **state)
{
	(void)state;
	uint8_t in[400], out[400];
	struct bed *b = bed_open(1);

	put_inner(in + 14, ATTACH_POD, PEER_POD, 1000, 201);
	put_ether(in, &attach_mac, &pod_mac);
	for (uint16_t cut = 0; cut < 200; cut++) {
		bed_receive(b, HOST, partial(in + 14, 201, 0, cut, HOST));
		ops->poll(&b->ctx);
		assert_int_equal(bed_sent(b, UPLINK, out, sizeof(out)), 265);
		assert_memory_equal(out + 64, in + 14, 201);
		bed_drain(b);
		bed_receive(b, ATTACH, partial(in, 215, 14, cut, ATTACH));
		ops->poll(&b->ctx);
		assert_int_equal(bed_sent(b, UPLINK, out, sizeof(out)), 265);
		routed_equal(out + 64, in + 14, 201);
		bed_drain(b);
	}
	bed_close(b);
}

/* A kernel's vxlan over veth leaves the inner checksum undone; its own one is of no interest. */
static void partial_checksums_from_the_underlay(void **state)
{
	(void)state;
	uint8_t in[400], out[400];
	struct bed *b = bed_open(1);
	uint16_t len = put_vxlan(in, 100);

	for (uint32_t caps = 0; caps <= OVNET_CAP_TX_CSUM; caps += OVNET_CAP_TX_CSUM) {
		b->port[HOST].port.caps = OVNET_CAP_L3 | caps;
		bed_receive(b, UPLINK, partial(in, len, 64, 0, UPLINK));
		ops->poll(&b->ctx);
		assert_int_equal(bed_sent(b, HOST, out, sizeof(out)), 100);
		const struct ovnet_meta *meta = ovnet_meta(b->port[HOST].out[0]);
		assert_int_equal(meta->offload, caps != 0 ? OVNET_OFF_CSUM : 0);
		if (caps != 0)
			assert_int_equal(meta->csum_start, 20);
		else
			assert_memory_equal(out, in + 64, 100);
		bed_drain(b);
	}
	put_inner(in + 64, PEER_POD, ATTACH_POD, 1, 100);
	b->port[ATTACH].port.caps = OVNET_CAP_TX_CSUM;
	bed_receive(b, UPLINK, partial(in, len, 64, 0, UPLINK));
	ops->poll(&b->ctx);
	assert_int_equal(ovnet_meta(b->port[ATTACH].out[0])->csum_start, 34);
	bed_drain(b);

	put_inner(in + 64, PEER_POD, OWN_POD, 1, 100);
	struct rte_mbuf *m = bed_packet(UPLINK, in, len, 0, 0);
	ovnet_meta(m)->offload = OVNET_OFF_CSUM;
	ovnet_meta(m)->csum_start = 34;
	ovnet_meta(m)->csum_offset = 6;
	bed_receive(b, UPLINK, m);
	ops->poll(&b->ctx);
	bed_sent(b, HOST, out, sizeof(out));
	assert_int_equal(ovnet_meta(b->port[HOST].out[0])->offload, 0);
	assert_memory_equal(out, in + 64, 100);
	bed_close(b);
}

static uint16_t source_port(struct bed *b, const uint8_t *in, uint16_t len, uint32_t rss)
{
	struct rte_mbuf *m = bed_packet(HOST, in, len, 0, 0);
	uint8_t out[200];

	m->hash.rss = rss;
	m->ol_flags = rss != 0 ? RTE_MBUF_F_RX_RSS_HASH : 0;
	bed_receive(b, HOST, m);
	ops->poll(&b->ctx);
	bed_sent(b, UPLINK, out, sizeof(out));
	bed_drain(b);
	return get16(out + 34);
}

static void flows_spread_over_source_ports(void **state)
{
	(void)state;
	static uint8_t seen[65536];
	uint8_t in[100];
	unsigned ports = 0;
	struct bed *b = bed_open(1);

	memset(seen, 0, sizeof(seen));
	for (uint16_t sport = 1; sport <= 1000; sport++) {
		put_inner(in, OWN_POD, PEER_POD, sport, 60);
		uint16_t p = source_port(b, in, 60, 0);
		assert_int_equal(source_port(b, in, 60, 0), p);
		assert_in_range(p, 32768, 60999);
		ports += !seen[p];
		seen[p] = 1;
	}
	assert_in_range(ports, 950, 1000); /* at random 983 of 28,232 would be hit */
	be_put16(in + 6, 0x2000);
	uint16_t first = source_port(b, in, 60, 0);
	be_put16(in + 6, 0x0003);
	be_put16(in + 20, 0x1234);
	assert_int_equal(source_port(b, in, 60, 0), first);
	assert_int_equal(source_port(b, in, 60, 0xffffffff), 60999);
	assert_int_equal(source_port(b, in, 60, 1), 32768);
	bed_close(b);
}

static void ip_ids_of_workers_never_meet(void **state)
{
	(void)state;
	uint8_t in[100], out[200];
	struct bed *b = bed_open(3);

	b->ctx.worker = b->ctx.ip_id = 1;
	b->shared.n_workers = 3;
	for (unsigned i = 0; i < 4; i++) {
		struct rte_mbuf *m =
			bed_packet(HOST, in, put_inner(in, OWN_POD, PEER_POD, 1, 60), 0, 0);
		b->map->worker[1].tx[UPLINK].q = &b->port[UPLINK].queue;
		ops->input(&b->ctx, &b->port[HOST].port, &m, 1);
		ops->flush(&b->ctx);
		bed_sent(b, UPLINK, out, sizeof(out));
		assert_int_equal(get16(out + 18), 1 + 3 * i);
		bed_drain(b);
	}
	bed_close(b);
}

static unsigned tapped[OVNET_STAGE_COUNT];

static void count_tapped(void *arg, uint16_t worker, enum ovnet_stage stage, uint16_t info,
	struct rte_mbuf **pkts, uint16_t n)
{
	assert_int_equal(info, stage == OVNET_STAGE_DROP ? OVNET_DROP_NOT_OVERLAY : 0);
	assert_ptr_equal(arg, tapped);
	assert_int_equal(worker, 0);
	assert_non_null(pkts);
	tapped[stage] += n;
}

static void counters_and_taps_at_every_stage(void **state)
{
	(void)state;
	static const unsigned want[OVNET_STAGE_COUNT] = {[OVNET_STAGE_RX] = 165,
		[OVNET_STAGE_CLASSIFY] = 165,
		[OVNET_STAGE_ROUTE] = 100,
		[OVNET_STAGE_ENCAP] = 100,
		[OVNET_STAGE_DECAP] = 60,
		[OVNET_STAGE_DELIVER] = 60,
		[OVNET_STAGE_PUNT] = 5,
		[OVNET_STAGE_TX] = 160,
		[OVNET_STAGE_DROP] = 5};
	uint8_t in[200];
	struct bed *b = bed_open(1);

	memset(tapped, 0, sizeof(tapped));
	assert_int_equal(ovnet_taps_add(&b->shared, count_tapped, tapped), 0);
	b->port[UPLINK].port.caps |= OVNET_CAP_EXCLUSIVE;
	put_inner(in, OWN_POD, PEER_POD, 1, 60);
	for (unsigned i = 0; i < 100; i++)
		bed_receive(b, HOST, bed_packet(HOST, in, 60, 0, 0));
	uint16_t len = put_vxlan(in, 80);
	for (unsigned i = 0; i < 60; i++)
		bed_receive(b, UPLINK, bed_packet(UPLINK, in, len, 0, 0));
	in[37]++;
	for (unsigned i = 0; i < 5; i++)
		bed_receive(b, UPLINK, bed_packet(UPLINK, in, len, 0, 0));
	while (ops->poll(&b->ctx) > 0)
		;
	for (unsigned i = 0; i < OVNET_STAGE_COUNT; i++) {
		assert_int_equal(tapped[i], want[i]);
		assert_int_equal(b->counters.stage_packets[i], want[i]);
	}
	assert_int_equal(b->counters.port[HOST].rx_packets, 100);
	assert_int_equal(b->counters.port[HOST].rx_bytes, 6000);
	assert_int_equal(b->counters.port[UPLINK].tx_packets, 100);
	assert_int_equal(b->counters.port[UPLINK].tx_bytes, 12400);
	assert_int_equal(b->counters.port[UPLINK].rx_packets, 65);
	assert_int_equal(b->counters.port[HOST].tx_bytes, 4800);
	assert_int_equal(b->peer_counters[0].tx_packets, 100);
	assert_int_equal(b->peer_counters[0].tx_bytes, 6000);
	assert_int_equal(b->peer_counters[0].rx_packets, 60);
	assert_int_equal(b->peer_counters[0].rx_bytes, 4800);
	assert_int_equal(b->counters.last_source[OVNET_DROP_NOT_OVERLAY].v4_be, htonl(PEER_IP));
	assert_int_equal(ovnet_taps_remove(&b->shared, count_tapped, tapped), 0);
	bed_close(b);
}

static void see_metadata(void *arg, uint16_t worker, enum ovnet_stage stage, uint16_t info,
	struct rte_mbuf **pkts, uint16_t n)
{
	unsigned *seen = arg;

	(void)worker, (void)info;
	for (uint16_t i = 0; i < n && stage == OVNET_STAGE_RX; i++, (*seen)++) {
		assert_int_equal(ovnet_meta(pkts[i])->in_port, UPLINK);
		assert_int_equal(ovnet_meta(pkts[i])->offload, 0);
		assert_int_equal(ovnet_meta(pkts[i])->flags, 0);
	}
}

/* From a driver that leaves the metadata as the buffer's last packet did. */
static void in_bare(struct bed *b, const uint8_t *in, uint16_t len)
{
	struct rte_mbuf *m = bed_packet(UPLINK, in, len, 0, 0);

	memset(ovnet_meta(m), 0xff, sizeof(struct ovnet_meta));
	bed_receive(b, UPLINK, m);
	assert_int_equal(ops->poll(&b->ctx), 1);
	assert_false(b->ctx.bare);
}

static void metadata_is_written_for_who_reads_it(void **state)
{
	(void)state;
	uint8_t in[200], out[200];
	struct bed *b = bed_open(1);
	const uint16_t len = put_vxlan(in, 80);
	unsigned seen = 0;

	b->port[UPLINK].port.caps |= OVNET_CAP_BARE | OVNET_CAP_EXCLUSIVE;
	for (unsigned tapped_too = 0; tapped_too < 2; tapped_too++) {
		in_bare(b, in, len); /* plain, to a port whose driver reads */
		assert_int_equal(bed_sent(b, HOST, out, sizeof(out)), 80);
		assert_int_equal(ovnet_meta(b->port[HOST].out[0])->offload, 0);
		bed_drain(b);
		in[37]++; /* not the overlay's: by the stages */
		in_bare(b, in, len);
		in[37]--;
		assert_int_equal(b->counters.drops[OVNET_DROP_NOT_OVERLAY], tapped_too + 1);
		if (!tapped_too)
			assert_int_equal(ovnet_taps_add(&b->shared, see_metadata, &seen), 0);
	}
	assert_int_equal(seen, 2);
	assert_int_equal(ovnet_taps_remove(&b->shared, see_metadata, &seen), 0);
	bed_close(b);
}

static void levels_have_names(void **state)
{
	(void)state;
	assert_ptr_equal(ovnet_path_select(ops->level), ops);
	assert_non_null(ovnet_path_select(NULL));
	assert_ptr_equal(ovnet_path_select("auto"), ovnet_path_select(NULL));
	assert_null(ovnet_path_select("x86-64-v9"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chained_packets_at_every_cut),
		cmocka_unit_test(padding_ends_at_the_port),
		cmocka_unit_test(headers_fill_the_first_segment),
		cmocka_unit_test(endpoints_get_an_ethernet_header),
		cmocka_unit_test(what_is_not_overlay_goes_to_the_default_endpoint),
		cmocka_unit_test(ecn_follows_rfc_6040),
		cmocka_unit_test(partial_checksums_are_finished),
		cmocka_unit_test(partial_checksums_from_the_underlay),
		cmocka_unit_test(flows_spread_over_source_ports),
		cmocka_unit_test(ip_ids_of_workers_never_meet),
		cmocka_unit_test(counters_and_taps_at_every_stage),
		cmocka_unit_test(metadata_is_written_for_who_reads_it),
		cmocka_unit_test(levels_have_names),
	};

	return bed_run_levels("path", tests, RTE_DIM(tests));
}
