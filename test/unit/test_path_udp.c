/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/path.h"

/* A datagram of the peer's with `len` bytes of inner packet. Returns its length. */
static uint16_t put_udp(uint8_t *b, uint32_t src, uint32_t dst, uint16_t len)
{
	memset(b, 0, 42);
	put_inner(b + 42, src, dst, 1000, len);
	put_ether(b, &uplink_mac, &gateway_mac);
	b[14] = 0x45;
	be_put16(b + 16, len + 28u);
	b[20] = 0x40;
	b[22] = 64;
	b[23] = 17;
	be_put32(b + 26, PEER_IP);
	be_put32(b + 30, OWN_IP);
	be_put16(b + 24, ~be_sum(b + 14, 20, 0));
	be_put16(b + 34, 8285);
	be_put16(b + 36, 8285);
	be_put16(b + 38, len + 8u);
	be_put16(b + 40, 0xbad0); /* as today, no IPv4 tunnel's checksum is looked at */
	return (uint16_t)(len + 42);
}

static void set_ttl(uint8_t *ip, uint8_t ttl)
{
	ip[8] = ttl;
	ip[10] = ip[11] = 0;
	be_put16(ip + 10, ~be_sum(ip, 20, 0));
}

static void sends_the_bare_packet(void **state)
{
	(void)state;
	uint8_t in[1500], out[1600], want[1600];
	struct bed *b = bed_open(1);

	bed_set_kind(b, OVNET_ENCAP_UDP4);
	for (uint16_t len = 28; len <= 1472; len += 361) {
		put_inner(in, OWN_POD, PEER_POD, 1000, len);
		in[1] = 0xba; /* DSCP EF, ECT(0) */
		set_ttl(in, 63);
		memset(want, 0, 42);
		memcpy(want + 42, in, len);
		set_ttl(want + 42, 62);
		put_ether(want, &gateway_mac, &uplink_mac);
		want[14] = 0x45;
		want[15] = 2;
		be_put16(want + 16, len + 28u);
		be_put16(want + 18, b->ctx.ip_id);
		want[20] = 0x40;
		want[22] = 64;
		want[23] = 17;
		be_put32(want + 26, OWN_IP);
		be_put32(want + 30, PEER_IP);
		be_put16(want + 24, ~be_sum(want + 14, 20, 0));
		be_put16(want + 34, 8285);
		be_put16(want + 36, 8285);
		be_put16(want + 38, len + 8u);
		bed_receive(b, HOST, bed_packet(HOST, in, len, 0, 0));
		assert_int_equal(ops->poll(&b->ctx), 1);
		assert_int_equal(bed_sent(b, UPLINK, out, sizeof(out)), len + 42);
		assert_memory_equal(out, want, len + 42u);
		bed_drain(b);
	}
	assert_int_equal(b->peer_counters[0].tx_packets, 5);
	put_inner(in, OWN_POD, PEER_POD, 1000, 1473);
	bed_refused(b, HOST, in, 1473, OVNET_DROP_OVERSIZE);
	bed_close(b);
}

static void takes_the_bare_packet(void **state)
{
	(void)state;
	uint8_t in[1600], out[1600];
	struct bed *b = bed_open(1);

	bed_set_kind(b, OVNET_ENCAP_UDP4);
	for (uint16_t inner = 28; inner <= 1472; inner += 361) {
		uint16_t len = put_udp(in, PEER_POD, OWN_POD, inner);
		bed_receive(b, UPLINK, bed_packet(UPLINK, in, len, 0, 0));
		assert_int_equal(ops->poll(&b->ctx), 1);
		assert_int_equal(bed_sent(b, HOST, out, sizeof(out)), inner);
		set_ttl(in + 42, 62);
		assert_memory_equal(out, in + 42, inner);
		bed_drain(b);
	}
	assert_int_equal(b->peer_counters[0].rx_packets, 5);
	uint16_t len = put_udp(in, PEER_POD, OWN_POD, 1473);
	bed_refused(b, UPLINK, in, len, OVNET_DROP_OVERSIZE);
	bed_close(b);
}

static void chained_at_every_cut(void **state)
{
	(void)state;
	uint8_t in[300], out[300];
	struct bed *b = bed_open(1);

	bed_set_kind(b, OVNET_ENCAP_UDP4);
	for (uint16_t cut = 1; cut < 200; cut++) {
		uint16_t len = put_udp(in, PEER_POD, OWN_POD, 201);
		bed_receive(b, UPLINK, bed_packet(UPLINK, in, len, cut, cut));
		assert_int_equal(ops->poll(&b->ctx), 1);
		assert_int_equal(bed_sent(b, HOST, out, sizeof(out)), 201);
		set_ttl(in + 42, 62);
		assert_memory_equal(out, in + 42, 201);
		bed_drain(b);
		put_inner(in, OWN_POD, PEER_POD, 1, 201);
		bed_receive(b, HOST, bed_packet(HOST, in, 201, cut, 0));
		assert_int_equal(ops->poll(&b->ctx), 1);
		assert_int_equal(bed_sent(b, UPLINK, out, sizeof(out)), 243);
		set_ttl(in, 62);
		assert_memory_equal(out + 42, in, 201);
		bed_drain(b);
	}
	assert_int_equal(bed_drops(b), 0);
	bed_close(b);
}

static void every_prefix_is_refused(void **state)
{
	(void)state;
	uint8_t in[200];
	struct bed *b = bed_open(1);

	bed_set_kind(b, OVNET_ENCAP_UDP4);
	uint16_t len = put_udp(in, PEER_POD, OWN_POD, 60);
	for (uint16_t n = 1; n < len; n++)
		bed_refused(b, UPLINK, in, n, OVNET_DROP_TRUNCATED);
	bed_close(b);
}

/* As with flannel: one hop for each daemon on the way, and silence when none is left. */
static void hops_count_down_each_way(void **state)
{
	(void)state;
	uint8_t in[200], out[200];
	struct bed *b = bed_open(1);

	bed_set_kind(b, OVNET_ENCAP_UDP4);
	for (uint8_t ttl = 0; ttl < 4; ttl++) {
		put_inner(in, OWN_POD, PEER_POD, 1, 60);
		set_ttl(in, ttl);
		if (ttl < 2) {
			bed_refused(b, HOST, in, 60, OVNET_DROP_TTL_EXCEEDED);
		} else {
			bed_receive(b, HOST, bed_packet(HOST, in, 60, 0, 0));
			ops->poll(&b->ctx);
			bed_sent(b, UPLINK, out, sizeof(out));
			assert_int_equal(out[50], ttl - 1);
			assert_int_equal(be_sum(out + 42, 20, 0), 0xffff);
			bed_drain(b);
		}
		uint16_t len = put_udp(in, PEER_POD, OWN_POD, 60);
		set_ttl(in + 42, ttl);
		if (ttl < 2) {
			bed_refused(b, UPLINK, in, len, OVNET_DROP_TTL_EXCEEDED);
			continue;
		}
		bed_receive(b, UPLINK, bed_packet(UPLINK, in, len, 0, 0));
		ops->poll(&b->ctx);
		bed_sent(b, HOST, out, sizeof(out));
		assert_int_equal(out[8], ttl - 1);
		bed_drain(b);
	}
	bed_close(b);
}

/* A guest's packet passes two routers here: the node's own, and the daemon's. */
static void guests_are_a_hop_further(void **state)
{
	(void)state;
	uint8_t in[200], out[200];
	struct bed *b = bed_open(1);

	bed_set_kind(b, OVNET_ENCAP_UDP4);
	put_inner(in + 14, ATTACH_POD, PEER_POD, 1, 60);
	put_ether(in, &attach_mac, &pod_mac);
	set_ttl(in + 14, 64);
	bed_receive(b, ATTACH, bed_packet(ATTACH, in, 74, 0, 0));
	ops->poll(&b->ctx);
	bed_sent(b, UPLINK, out, sizeof(out));
	assert_int_equal(out[50], 62);
	bed_drain(b);
	set_ttl(in + 14, 2);
	bed_refused(b, ATTACH, in, 74, OVNET_DROP_TTL_EXCEEDED);

	uint16_t len = put_udp(in, PEER_POD, ATTACH_POD, 60);
	set_ttl(in + 42, 62);
	bed_receive(b, UPLINK, bed_packet(UPLINK, in, len, 0, 0));
	ops->poll(&b->ctx);
	bed_sent(b, ATTACH, out, sizeof(out));
	assert_int_equal(out[22], 60);
	bed_drain(b);
	set_ttl(in + 42, 2);
	bed_refused(b, UPLINK, in, len, OVNET_DROP_TTL_EXCEEDED);
	bed_close(b);
}

static void what_is_no_ipv4_is_refused(void **state)
{
	(void)state;
	uint8_t in[200];
	struct bed *b = bed_open(1);

	bed_set_kind(b, OVNET_ENCAP_UDP4);
	uint16_t len = put_udp(in, PEER_POD, OWN_POD, 60);
	in[42] = 0x65;
	bed_refused(b, UPLINK, in, len, OVNET_DROP_BAD_IP);
	in[42] = 0x44;
	bed_refused(b, UPLINK, in, len, OVNET_DROP_BAD_IP);
	in[42] = 0x45;
	in[45] = 61;
	bed_refused(b, UPLINK, in, len, OVNET_DROP_TRUNCATED);
	len = put_udp(in, PEER_POD, OWN_POD, 60);
	in[39] = 7;
	bed_refused(b, UPLINK, in, len, OVNET_DROP_BAD_UDP);
	in[39] = 8;
	bed_refused(b, UPLINK, in, len, OVNET_DROP_TRUNCATED);
	len = put_vxlan(in, 60);
	bed_refused(b, UPLINK, in, len, OVNET_DROP_NOT_OVERLAY);
	be_put16(in + 36, 8285);
	bed_refused(b, UPLINK, in, len, OVNET_DROP_BAD_IP);
	bed_close(b);
}

static void senders_are_validated(void **state)
{
	(void)state;
	uint8_t in[200];
	struct bed *b = bed_open(1);

	bed_set_kind(b, OVNET_ENCAP_UDP4);
	uint16_t len = put_udp(in, OWN_POD, OWN_POD + 1, 60);
	bed_refused(b, UPLINK, in, len, OVNET_DROP_INNER_SOURCE);
	len = put_udp(in, PEER_POD, OWN_POD, 60);
	be_put32(in + 26, 0x0a0a0a0a);
	put_sum4(in + 14);
	bed_refused(b, UPLINK, in, len, OVNET_DROP_UNKNOWN_PEER);
	len = put_udp(in, 0x7f000001, OWN_POD, 60);
	bed_refused(b, UPLINK, in, len, OVNET_DROP_MARTIAN);
	len = put_udp(in, PEER_POD, PEER_POD + 1, 60);
	bed_refused(b, UPLINK, in, len, OVNET_DROP_INNER_DEST);
	put_udp(in, PEER_IP, OWN_POD, 60);
	bed_receive(b, UPLINK, bed_packet(UPLINK, in, len, 0, 0));
	ops->poll(&b->ctx);
	assert_int_equal(b->port[HOST].n_out, 1);
	bed_close(b);
}

static void undone_work(void **state)
{
	(void)state;
	uint8_t in[200], out[200];
	struct bed *b = bed_open(1);

	bed_set_kind(b, OVNET_ENCAP_UDP4);
	uint16_t len = put_udp(in, PEER_POD, OWN_POD, 101);
	struct rte_mbuf *m = bed_packet(UPLINK, in, len, 0, 0);
	ovnet_meta(m)->offload = OVNET_OFF_TSO4;
	bed_receive(b, UPLINK, m);
	/* The inner checksum left undone by a kernel on the same machine. */
	memcpy(out, in, len);
	be_put16(out + 68, be_sum(out + 54, 8, 17u + 81));
	m = bed_packet(UPLINK, out, len, 0, 0);
	ovnet_meta(m)->offload = OVNET_OFF_CSUM;
	ovnet_meta(m)->csum_start = 62;
	ovnet_meta(m)->csum_offset = 6;
	bed_receive(b, UPLINK, m);
	ops->poll(&b->ctx);
	assert_int_equal(b->counters.drops[OVNET_DROP_GSO_STATE], 1);
	bed_sent(b, HOST, out, sizeof(out));
	set_ttl(in + 42, 62);
	assert_memory_equal(out, in + 42, 101);
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_the_bare_packet),
		cmocka_unit_test(takes_the_bare_packet),
		cmocka_unit_test(chained_at_every_cut),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(hops_count_down_each_way),
		cmocka_unit_test(guests_are_a_hop_further),
		cmocka_unit_test(what_is_no_ipv4_is_refused),
		cmocka_unit_test(senders_are_validated),
		cmocka_unit_test(undone_work),
	};

	return bed_run_levels("path_udp", tests, RTE_DIM(tests));
}
