/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/path.h"

static void refused(
	struct bed *b, unsigned port, const uint8_t *bytes, uint16_t len, enum ovnet_drop reason)
{
	bed_refused(b, port, bytes, len, reason);
}

/* The same with one byte (of a valid packet) changed. */
static void refused_if(struct bed *b, unsigned port, const uint8_t *good, uint16_t len, uint16_t at,
	uint8_t value, enum ovnet_drop reason)
{
	uint8_t bytes[512];

	memcpy(bytes, good, len);
	bytes[at] = value;
	if (port == UPLINK && bytes[14] == 0x45)
		put_sum4(bytes + 14);
	refused(b, port, bytes, len, reason);
}

static void inner_header_is_checked(void **state)
{
	(void)state;
	uint8_t in[400];
	struct bed *b = bed_open(1);

	put_inner(in, OWN_POD, PEER_POD, 1000, 100);
	refused_if(b, HOST, in, 100, 0, 0x55, OVNET_DROP_BAD_IP);
	refused_if(b, HOST, in, 100, 0, 0x44, OVNET_DROP_BAD_IP);
	refused_if(b, HOST, in, 100, 3, 19, OVNET_DROP_BAD_IP);
	refused_if(b, HOST, in, 100, 3, 101, OVNET_DROP_TRUNCATED);
	refused_if(b, HOST, in, 100, 0, 0x65, OVNET_DROP_FAMILY_OFF);
	put_ether(in, &attach_mac, &pod_mac);
	put_inner(in + 14, ATTACH_POD, PEER_POD, 1000, 100);
	refused_if(b, ATTACH, in, 114, 13, 0x07, OVNET_DROP_NOT_IP);
	in[12] = 0x86;
	refused_if(b, ATTACH, in, 114, 13, 0xdd, OVNET_DROP_FAMILY_OFF);
	refused(b, ATTACH, in, 13, OVNET_DROP_TRUNCATED);
	bed_close(b);
}

static void the_way_out_is_checked(void **state)
{
	(void)state;
	uint8_t in[1600];
	struct bed *b = bed_open(1);

	put_inner(in, OWN_POD, 0x0a050801, 1000, 100);
	refused(b, HOST, in, 100, OVNET_DROP_NO_PEER);
	assert_int_equal(b->counters.last_source[OVNET_DROP_NO_PEER].v4_be, htonl(OWN_POD));
	put_inner(in, OWN_POD, 0x08080808, 1000, 100);
	refused(b, HOST, in, 100, OVNET_DROP_NO_PEER);
	assert_int_equal(bed_add_peer(b, 0x0a050800, 24, 0x0aa80010, &peer_vtep, NULL), 0);
	put_inner(in, OWN_POD, 0x0a050801, 1000, 100);
	refused(b, HOST, in, 100, OVNET_DROP_NO_UPLINK);

	put_inner(in, OWN_POD, PEER_POD, 1000, 1451);
	refused(b, HOST, in, 1451, OVNET_DROP_OVERSIZE);
	put_inner(in, OWN_POD, PEER_POD, 1000, 1450);
	bed_receive(b, HOST, bed_packet(HOST, in, 1450, 0, 0));
	ops->poll(&b->ctx);
	assert_int_equal(b->port[UPLINK].n_out, 1);
	assert_int_equal(ovnet_fib_nh_set(b->w, b->nh, NULL, NULL), 0);
	refused(b, HOST, in, 1450, OVNET_DROP_NEIGHBOUR_PENDING);
	assert_int_equal(ovnet_fib_nh_set(b->w, b->nh, &gateway_mac, &uplink_mac), 0);
	bed_map(b, 1 << HOST);
	refused(b, HOST, in, 1450, OVNET_DROP_NO_PORT);
	bed_close(b);
}

static void without_an_overlay(void **state)
{
	(void)state;
	uint8_t in[400];
	struct bed *b = bed_open(1);

	ovnet_fib_writer_free(b->w);
	b->w = NULL;
	put_inner(in, OWN_POD, PEER_POD, 1000, 100);
	refused(b, HOST, in, 100, OVNET_DROP_NO_PEER);
	refused(b, UPLINK, in, put_vxlan(in, 100), OVNET_DROP_NOT_OVERLAY);
	bed_close(b);
}

static void buffers_and_undone_work(void **state)
{
	(void)state;
	uint8_t in[400];
	struct bed *b = bed_open(1);
	static const struct {
		uint8_t offload;
		uint16_t start, offset;
		enum ovnet_drop reason;
	} cases[] = {
		{OVNET_OFF_CSUM, 20, 79, OVNET_DROP_CSUM_STATE},
		/* Into the source address, which is judged before the sum is written. */
		{OVNET_OFF_CSUM, 0, 12, OVNET_DROP_CSUM_STATE},
		{OVNET_OFF_CSUM, 19, 0, OVNET_DROP_CSUM_STATE},
		{OVNET_OFF_CSUM, 65535, 65535, OVNET_DROP_CSUM_STATE},
		{OVNET_OFF_CSUM | OVNET_OFF_TSO4, 20, 6, OVNET_DROP_GSO_STATE},
		{OVNET_OFF_USO, 20, 6, OVNET_DROP_GSO_STATE},
	};

	put_inner(in, OWN_POD, PEER_POD, 1000, 100);
	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		struct rte_mbuf *m = bed_packet(HOST, in, 100, 0, 0);
		ovnet_meta(m)->offload = cases[i].offload;
		ovnet_meta(m)->csum_start = cases[i].start;
		ovnet_meta(m)->csum_offset = cases[i].offset;
		uint64_t before = b->counters.drops[cases[i].reason];
		bed_receive(b, HOST, m);
		ops->poll(&b->ctx);
		assert_int_equal(b->counters.drops[cases[i].reason], before + 1);
	}
	struct rte_mbuf *m = bed_packet(HOST, in, 100, 0, 0);
	memmove(rte_pktmbuf_mtod(m, char *) - 65, rte_pktmbuf_mtod(m, char *), 100);
	m->data_off = 63;
	bed_receive(b, HOST, m);
	ops->poll(&b->ctx);
	assert_int_equal(b->counters.drops[OVNET_DROP_NO_HEADROOM], 1);

	/* Headers spread over segments, and the first one is full to its last byte. */
	m = bed_packet(HOST, in, 100, 10, 0);
	memmove((char *)m->buf_addr + m->buf_len - 10, rte_pktmbuf_mtod(m, char *), 10);
	m->data_off = (uint16_t)(m->buf_len - 10);
	bed_receive(b, HOST, m);
	ops->poll(&b->ctx);
	assert_int_equal(b->counters.drops[OVNET_DROP_NO_HEADROOM], 2);
	assert_int_equal(bed_drops(b), 8);

	m = bed_packet(UPLINK, in, put_vxlan(in, 100), 0, 0);
	ovnet_meta(m)->offload = OVNET_OFF_TSO4;
	bed_receive(b, UPLINK, m);
	m = bed_packet(UPLINK, in, put_vxlan(in, 100), 0, 0);
	ovnet_meta(m)->offload = OVNET_OFF_CSUM;
	ovnet_meta(m)->csum_start = 55; /* inside the inner Ethernet header */
	bed_receive(b, UPLINK, m);
	m = bed_packet(UPLINK, in, put_vxlan(in, 100), 0, 0);
	ovnet_meta(m)->offload = OVNET_OFF_CSUM;
	ovnet_meta(m)->csum_start = 64; /* the inner IP header, up to its addresses */
	ovnet_meta(m)->csum_offset = 16;
	bed_receive(b, UPLINK, m);
	ops->poll(&b->ctx);
	assert_int_equal(b->counters.drops[OVNET_DROP_GSO_STATE], 3);
	assert_int_equal(b->counters.drops[OVNET_DROP_CSUM_STATE], 6);
	assert_int_equal(b->counters.last_source[OVNET_DROP_CSUM_STATE].v4_be, htonl(PEER_IP));
	bed_close(b);
}

static void outer_headers_are_checked(void **state)
{
	(void)state;
	uint8_t in[400];
	struct bed *b = bed_open(1);
	uint16_t len = put_vxlan(in, 100);

	for (unsigned exclusive = 0; exclusive < 2; exclusive++) {
		refused_if(b, UPLINK, in, len, 13, 0x06, OVNET_DROP_NOT_OVERLAY);
		refused_if(b, UPLINK, in, len, 23, 6, OVNET_DROP_NOT_OVERLAY);
		refused_if(b, UPLINK, in, len, 37, 0x19, OVNET_DROP_NOT_OVERLAY);
		refused_if(b, UPLINK, in, len, 20, 0x20, OVNET_DROP_FRAGMENT);
		refused_if(b, UPLINK, in, len, 21, 0x01, OVNET_DROP_FRAGMENT);
		assert_int_equal(
			b->counters.stage_packets[OVNET_STAGE_PUNT], exclusive != 0 ? 9 : 0);
		b->port[UPLINK].port.caps |= OVNET_CAP_EXCLUSIVE;
	}
	b->port[UPLINK].port.local = ovnet_addr_v4(OWN_IP);
	refused_if(b, UPLINK, in, len, 33, 0x0d, OVNET_DROP_NOT_OVERLAY);
	assert_int_equal(b->counters.stage_packets[OVNET_STAGE_PUNT], 12);
	refused_if(b, UPLINK, in, len, 14, 0x35, OVNET_DROP_BAD_IP);
	refused_if(b, UPLINK, in, len, 14, 0x44, OVNET_DROP_BAD_IP);
	refused_if(b, UPLINK, in, len, 17, 151, OVNET_DROP_TRUNCATED);
	refused_if(b, UPLINK, in, len, 39, 131, OVNET_DROP_BAD_UDP);
	refused_if(b, UPLINK, in, len, 39, 7, OVNET_DROP_BAD_UDP);
	refused_if(b, UPLINK, in, len, 39, 29, OVNET_DROP_TRUNCATED);
	refused_if(b, UPLINK, in, len, 39, 129, OVNET_DROP_TRUNCATED);
	refused_if(b, UPLINK, in, len, 42, 0xf7, OVNET_DROP_VXLAN_FLAGS);
	refused_if(b, UPLINK, in, len, 48, 2, OVNET_DROP_WRONG_VNI);
	refused_if(b, UPLINK, in, len, 46, 1, OVNET_DROP_WRONG_VNI);
	assert_int_equal(b->counters.last_source[OVNET_DROP_WRONG_VNI].v4_be, htonl(PEER_IP));
	bed_close(b);
}

/* What a NIC, or none, says of the packet; whether it is taken then. */
static void by_nic(
	struct bed *b, const uint8_t *in, uint16_t len, uint64_t said, bool tunnel, bool passes)
{
	uint64_t before = b->counters.drops[OVNET_DROP_BAD_IP_CSUM], all = bed_drops(b);
	struct rte_mbuf *m = bed_packet(UPLINK, in, len, 0, 0);

	m->ol_flags |= said;
	m->packet_type = tunnel ? RTE_PTYPE_TUNNEL_VXLAN : 0;
	bed_receive(b, UPLINK, m);
	assert_int_equal(ops->poll(&b->ctx), 1);
	assert_int_equal(b->port[HOST].n_out, passes);
	assert_int_equal(b->counters.drops[OVNET_DROP_BAD_IP_CSUM], before + !passes);
	assert_int_equal(bed_drops(b), all + !passes);
	bed_drain(b);
}

static void outer_checksum_is_verified(void **state)
{
	(void)state;
	uint8_t in[400];
	struct bed *b = bed_open(1);
	uint16_t len = put_vxlan(in, 100);

	/* Any bit but of what is looked at before: version, lengths, protocol, destination is ours.
	 */
	b->port[UPLINK].port.local = ovnet_addr_v4(OWN_IP);
	for (unsigned bit = 15 * 8; bit < 30 * 8; bit++) {
		if (bit / 8 == 16 || bit / 8 == 17 || bit / 8 == 23)
			continue;
		in[bit / 8] ^= (uint8_t)(1 << bit % 8);
		bed_refused(b, UPLINK, in, len, OVNET_DROP_BAD_IP_CSUM);
		in[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	/* Not only bits: the sum is of every value right, and of no neighbour. */
	for (unsigned id = 0; id < 0x10000; id += 251) {
		be_put16(in + 18, id);
		put_sum4(in + 14);
		by_nic(b, in, len, 0, false, true);
		in[25]++;
		by_nic(b, in, len, 0, false, false);
	}
	bed_close(b);
}

static void the_nic_may_have_verified_it(void **state)
{
	(void)state;
	uint8_t in[400];
	struct bed *b = bed_open(1);
	uint16_t len = put_vxlan(in, 100);

	by_nic(b, in, len, RTE_MBUF_F_RX_IP_CKSUM_BAD, false, false);
	by_nic(b, in, len, RTE_MBUF_F_RX_OUTER_IP_CKSUM_BAD, true, false);
	/* A NIC that knows the tunnel speaks of the inner header, which is not ours to verify. */
	by_nic(b, in, len, RTE_MBUF_F_RX_IP_CKSUM_BAD, true, true);
	in[15] ^= 1;
	by_nic(b, in, len, 0, true, false);
	by_nic(b, in, len, RTE_MBUF_F_RX_IP_CKSUM_GOOD, true, false);
	in[15] ^= 1;
	in[24] ^= 1;
	by_nic(b, in, len, RTE_MBUF_F_RX_IP_CKSUM_GOOD, false, true);
	/* Not in the packet, but known to be right. */
	by_nic(b, in, len, RTE_MBUF_F_RX_IP_CKSUM_NONE, false, true);
	bed_close(b);
}

/* Outer IP options: kernels do not send them, but they are legal. */
static void outer_options_are_skipped(void **state)
{
	(void)state;
	uint8_t in[400], with[400], out[400];
	struct bed *b = bed_open(1);
	uint16_t len = put_vxlan(in, 100);

	for (uint8_t words = 1; words <= 10; words++) {
		uint16_t extra = (uint16_t)(words * 4);
		memcpy(with, in, 34);
		memset(with + 34, 1, extra);
		memcpy(with + 34 + extra, in + 34, len - 34u);
		with[14] = (uint8_t)(0x45 + words);
		be_put16(with + 16, 150u + extra);
		put_sum4(with + 14);
		bed_receive(b, UPLINK, bed_packet(UPLINK, with, len + extra, 0, words % 2 ? 9 : 0));
		assert_int_equal(ops->poll(&b->ctx), 1);
		assert_int_equal(bed_sent(b, HOST, out, sizeof(out)), 100);
		assert_memory_equal(out, in + 64, 100);
		bed_drain(b);
		with[33 + extra] ^= 2; /* the last option's last byte */
		refused(b, UPLINK, with, len + extra, OVNET_DROP_BAD_IP_CSUM);
	}
	bed_close(b);
}

static void inner_frames_are_checked(void **state)
{
	(void)state;
	uint8_t in[400];
	struct bed *b = bed_open(1);
	uint16_t len = put_vxlan(in, 100);

	for (uint16_t at = 50; at < 56; at++)
		refused_if(b, UPLINK, in, len, at, 0x01, OVNET_DROP_INNER_MAC);
	refused_if(b, UPLINK, in, len, 63, 0x06, OVNET_DROP_NOT_IP);
	in[62] = 0x86;
	refused_if(b, UPLINK, in, len, 63, 0xdd, OVNET_DROP_FAMILY_OFF);
	in[62] = 0x08;
	refused_if(b, UPLINK, in, len, 64, 0x65, OVNET_DROP_BAD_IP);
	refused_if(b, UPLINK, in, len, 64, 0x44, OVNET_DROP_BAD_IP);
	refused_if(b, UPLINK, in, len, 67, 101, OVNET_DROP_TRUNCATED);
	in[15] = 3;
	put_sum4(in + 14);
	refused(b, UPLINK, in, len, OVNET_DROP_ECN_ILLEGAL);
	bed_close(b);
}

static void sent(struct bed *b, uint32_t outer, uint32_t src, uint32_t dst, int reason)
{
	uint8_t in[400];
	uint16_t len = put_vxlan(in, 100);

	put_inner(in + 64, src, dst, 1, 100);
	be_put32(in + 26, outer);
	put_sum4(in + 14);
	if (reason >= 0) {
		refused(b, UPLINK, in, len, (enum ovnet_drop)reason);
		assert_int_equal(b->counters.last_source[reason].v4_be, htonl(outer));
		return;
	}
	uint64_t before = bed_drops(b);
	bed_receive(b, UPLINK, bed_packet(UPLINK, in, len, 0, 0));
	assert_int_equal(ops->poll(&b->ctx), 1);
	assert_int_equal(bed_drops(b), before);
	bed_drain(b);
}

static void senders_are_validated(void **state)
{
	(void)state;
	struct bed *b = bed_open(1);
	const uint32_t other = 0x0aa80020, other_pod = 0x0a050705, stranger = 0x0a0a0a0a;
	const struct ovnet_addr listed = ovnet_addr_v4(0x0aa80021);
	const struct ovnet_peer_conf conf = {.subnet = {AF_INET, .v4 = {0x0a050700, 24}},
		.public_addr = ovnet_addr_v4(other),
		.mtu = 1500,
		.allowed = &listed,
		.n_allowed = 1};

	assert_int_equal(ovnet_fib_set_peer(b->w, &conf), 0);
	sent(b, PEER_IP, PEER_POD, OWN_POD, -1);
	sent(b, other, other_pod, OWN_POD, -1);
	sent(b, ntohl(listed.v4_be), other_pod, OWN_POD, -1);
	sent(b, other, PEER_POD, OWN_POD, OVNET_DROP_INNER_SOURCE);
	sent(b, PEER_IP, OWN_POD, OWN_POD + 1, OVNET_DROP_INNER_SOURCE);
	sent(b, PEER_IP, 0x08080808, OWN_POD, OVNET_DROP_INNER_SOURCE);
	sent(b, PEER_IP, other, OWN_POD, OVNET_DROP_INNER_SOURCE);
	assert_true(
		b->counters.last_impostor_be == ((uint64_t)htonl(PEER_IP) << 32 | htonl(other)));
	sent(b, stranger, PEER_POD, OWN_POD, OVNET_DROP_UNKNOWN_PEER);
	sent(b, stranger, OWN_POD, OWN_POD, OVNET_DROP_UNKNOWN_PEER);
	sent(b, stranger, stranger, OWN_POD, OVNET_DROP_UNKNOWN_PEER);
	bed_close(b);
}

static void destinations_are_checked(void **state)
{
	(void)state;
	uint8_t in[1700];
	struct bed *b = bed_open(1);

	sent(b, PEER_IP, PEER_POD, PEER_POD, OVNET_DROP_INNER_DEST);
	sent(b, PEER_IP, PEER_POD, 0x0a05ffff, OVNET_DROP_INNER_DEST);
	uint16_t len = put_vxlan(in, 1451);
	refused(b, UPLINK, in, len, OVNET_DROP_OVERSIZE);
	bed_map(b, 1 << UPLINK | 1 << ATTACH);
	sent(b, PEER_IP, PEER_POD, OWN_POD, OVNET_DROP_NO_PORT);
	bed_map(b, 1 << UPLINK | 1 << HOST);
	sent(b, PEER_IP, PEER_POD, ATTACH_POD, OVNET_DROP_NO_PORT);
	assert_int_equal(ovnet_fib_del_endpoint(
				 b->w, &(struct ovnet_prefix){AF_INET, .v4 = {ATTACH_POD, 32}}),
		0);
	sent(b, PEER_IP, PEER_POD, ATTACH_POD, -1);
	/* As it is without a host device. */
	atomic_store(&atomic_load(&b->shared.fib.view)->default_endpoint, NULL);
	sent(b, PEER_IP, PEER_POD, ATTACH_POD, OVNET_DROP_NO_PORT);
	bed_close(b);
}

static void validation_can_be_off(void **state)
{
	(void)state;
	struct bed *b = bed_open(1);

	b->overlay.validation = OVNET_VALIDATE_OFF;
	assert_int_equal(bed_set_overlay(b), 0);
	sent(b, 0x0a0a0a0a, PEER_POD, OWN_POD, -1);
	sent(b, 0x0a0a0a0a, 0x08080808, OWN_POD, -1);
	sent(b, 0x0a0a0a0a, PEER_POD, PEER_POD, OVNET_DROP_INNER_DEST);
	assert_int_equal(b->peer_counters[0].rx_packets, 4);
	bed_close(b);
}

static void every_prefix_is_refused_and_counted(void **state)
{
	(void)state;
	uint8_t in[400];
	struct bed *b = bed_open(1);
	uint16_t len = put_vxlan(in, 60);

	for (uint16_t n = 1; n < len; n++)
		for (uint16_t cut = 0; cut < n; cut++) {
			uint64_t before = bed_drops(b);
			bed_receive(b, UPLINK, bed_packet(UPLINK, in, n, cut, 0));
			assert_int_equal(ops->poll(&b->ctx), 1);
			assert_int_equal(bed_drops(b), before + 1);
		}
	assert_int_equal(b->counters.drops[OVNET_DROP_TRUNCATED], bed_drops(b));
	put_inner(in + 14, OWN_POD, PEER_POD, 1, 60);
	put_ether(in, &attach_mac, &pod_mac);
	for (uint16_t n = 1; n < 74; n++)
		for (uint16_t cut = 0; cut < n; cut++) {
			uint64_t before = bed_drops(b);
			bed_receive(b, ATTACH, bed_packet(ATTACH, in, n, cut, 0));
			if (n < 60)
				bed_receive(b, HOST, bed_packet(HOST, in + 14, n, cut, 0));
			assert_int_equal(ops->poll(&b->ctx), n < 60 ? 2 : 1);
			assert_int_equal(bed_drops(b), before + (n < 60 ? 2 : 1));
		}
	assert_int_equal(b->counters.drops[OVNET_DROP_TRUNCATED], bed_drops(b));
	assert_int_equal(rte_mempool_avail_count(bed_pool), BED_MBUFS);
	bed_close(b);
}

/* Any bytes, in any cut, by any port: each packet leaves by a port or is counted, none twice. */
static void random_packets_are_conserved(void **state)
{
	(void)state;
	uint8_t in[400];
	struct bed *b = bed_open(1);
	uint64_t sent_before = 0;

	srandom(7);
	for (unsigned round = 0; round < 20000; round++) {
		unsigned port = (unsigned)random() % (ATTACH + 1);
		uint16_t len = put_vxlan(in, (uint16_t)(28 + random() % 200)), from = 0;
		if (port != UPLINK) {
			put_inner(in + 64, port == HOST ? OWN_POD : ATTACH_POD, PEER_POD,
				(uint16_t)random(), len - 64);
			from = port == HOST ? 64 : 50;
			put_ether(in + 50, &attach_mac, &pod_mac);
		}
		for (long n = random() % 4; n > 0; n--)
			in[from + (unsigned)random() % 80] = (uint8_t)random();
		struct rte_mbuf *m = bed_packet((uint16_t)port, in + from, len - from,
			(uint16_t)(random() % 90), (uint16_t)(random() % 3 * 40));
		ovnet_meta(m)->offload = random() % 8 ? 0 : (uint8_t)(random() & 0xf);
		ovnet_meta(m)->csum_start = (uint16_t)(random() % 400);
		ovnet_meta(m)->csum_offset = (uint16_t)(random() % 20);
		uint64_t drops = bed_drops(b);
		bed_receive(b, port, m);
		ops->poll(&b->ctx);
		unsigned out = 0;
		for (unsigned i = 0; i < N_PORTS; i++)
			out += b->port[i].n_out;
		assert_int_equal(bed_drops(b) - drops + out, 1);
		sent_before += out;
		bed_drain(b);
		assert_int_equal(rte_mempool_avail_count(bed_pool), BED_MBUFS);
	}
	assert_in_range(sent_before, 4000, 19000);
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inner_header_is_checked),
		cmocka_unit_test(the_way_out_is_checked),
		cmocka_unit_test(without_an_overlay),
		cmocka_unit_test(buffers_and_undone_work),
		cmocka_unit_test(outer_headers_are_checked),
		cmocka_unit_test(outer_checksum_is_verified),
		cmocka_unit_test(the_nic_may_have_verified_it),
		cmocka_unit_test(outer_options_are_skipped),
		cmocka_unit_test(inner_frames_are_checked),
		cmocka_unit_test(senders_are_validated),
		cmocka_unit_test(destinations_are_checked),
		cmocka_unit_test(validation_can_be_off),
		cmocka_unit_test(every_prefix_is_refused_and_counted),
		cmocka_unit_test(random_packets_are_conserved),
	};

	return bed_run_levels("path_drops", tests, RTE_DIM(tests));
}
