/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/path6.h"

static void passes(struct bed *b, const uint8_t *in, uint16_t len, uint16_t front)
{
	uint8_t out[1600];

	bed_receive(b, UPLINK, bed_packet(UPLINK, in, len, 0, 0));
	assert_int_equal(ops->poll(&b->ctx), 1);
	assert_int_equal(bed_sent(b, HOST, out, sizeof(out)), len - front);
	assert_memory_equal(out, in + front, (size_t)len - front);
	bed_drain(b);
}

static void sends_vxlan_over_ipv6(void **state)
{
	(void)state;
	uint8_t in[1431], out[1600], want[1600];
	struct bed *b = bed_open6();

	for (unsigned csum = 0; csum < 2; csum++) {
		b->overlay.outer.csum6 = csum;
		assert_int_equal(bed_set_overlay(b), 0);
		for (uint16_t len = 48; len <= 1430; len += len < 60 ? 1 : 137) {
			put_pod6(in, false, len);
			memcpy(want + 84, in, len);
			put_outer6(want, len, 0x86dd);
			put_ether(want, &gateway_mac, &uplink_mac);
			be_put16(want + 12, 0x86dd);
			memcpy(want + 22, own_ip6, 16);
			memcpy(want + 38, peer_ip6, 16);
			put_ether(want + 70, &peer_vtep6, &own_vtep6);
			be_put16(want + 82, 0x86dd);
			bed_receive(b, HOST, bed_packet(HOST, in, len, 0, 0));
			assert_int_equal(ops->poll(&b->ctx), 1);
			assert_int_equal(bed_sent(b, UPLINK, out, sizeof(out)), len + 84);
			memcpy(want + 54, out + 54, 2); /* the port is the flow's */
			put_csum6(want, len);
			if (!csum)
				want[60] = want[61] = 0;
			assert_memory_equal(out, want, len + 84u);
			bed_drain(b);
		}
	}
	put_pod6(in, false, 1431);
	bed_refused(b, HOST, in, 1431, OVNET_DROP_OVERSIZE);
	assert_true(b->peer_counters[PEER6_ID].tx_packets > 20);
	bed_close(b);
}

static void takes_vxlan_over_ipv6(void **state)
{
	(void)state;
	uint8_t in[1600];
	struct bed *b = bed_open6();
	unsigned n = 0;

	for (uint16_t inner = 48; inner <= 1430; inner += inner < 60 ? 1 : 137, n++)
		passes(b, in, put_vxlan6(in, inner), 84);
	assert_int_equal(b->peer_counters[PEER6_ID].rx_packets, n);
	bed_close(b);
}

static void chained_at_every_cut(void **state)
{
	(void)state;
	uint8_t in[400], out[400];
	struct bed *b = bed_open6();
	uint16_t len = put_vxlan6(in, 201);

	for (uint16_t cut = 1; cut < len; cut++) {
		bed_receive(b, UPLINK, bed_packet(UPLINK, in, len, cut, cut % 3 ? 0 : cut));
		assert_int_equal(ops->poll(&b->ctx), 1);
		assert_int_equal(bed_sent(b, HOST, out, sizeof(out)), 201);
		assert_memory_equal(out, in + 84, 201);
		bed_drain(b);
	}
	put_pod6(in, false, 201);
	for (uint16_t cut = 1; cut < 201; cut++) {
		bed_receive(b, HOST, bed_packet(HOST, in, 201, cut, cut));
		assert_int_equal(ops->poll(&b->ctx), 1);
		assert_int_equal(bed_sent(b, UPLINK, out, sizeof(out)), 285);
		assert_memory_equal(out + 84, in, 201);
		assert_int_equal(udp6_sum(out + 14, out + 54, 231), 0xffff);
		bed_drain(b);
	}
	assert_int_equal(bed_drops(b), 0);
	bed_close(b);
}

static void every_prefix_is_refused(void **state)
{
	(void)state;
	uint8_t in[200];
	struct bed *b = bed_open6();
	uint16_t len = put_vxlan6(in, 60);

	for (uint16_t n = 1; n < len; n++)
		bed_refused(b, UPLINK, in, n, OVNET_DROP_TRUNCATED);
	put_pod6(in, false, 60);
	for (uint16_t n = 1; n < 60; n++)
		bed_refused(b, HOST, in, n, OVNET_DROP_TRUNCATED);
	bed_close(b);
}

/* RFC 8200 section 8.1, RFC 6935 section 5. */
static void outer_checksums(void **state)
{
	(void)state;
	uint8_t in[200], out[200];
	struct bed *b = bed_open6();
	uint16_t len = put_vxlan6(in, 60);

	for (uint16_t at = 22; at < len; at++) {
		if (at == 60 || at == 61 || (at >= 38 && at < 42) || (at >= 56 && at < 60))
			continue; /* the field itself; what is looked at before */
		in[at] ^= 1;
		if (at < 62 || at > 69)
			bed_refused(b, UPLINK, in, len, OVNET_DROP_BAD_CSUM);
		in[at] ^= 1;
	}
	in[100] ^= 1;
	struct rte_mbuf *m = bed_packet(UPLINK, in, len, 0, 0);
	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD; /* the NIC has looked, whatever it saw */
	bed_receive(b, UPLINK, m);
	ops->poll(&b->ctx);
	assert_int_equal(bed_sent(b, HOST, out, sizeof(out)), 60);
	bed_drain(b);
	m = bed_packet(UPLINK, in, len, 0, 0);
	m->packet_type = RTE_PTYPE_TUNNEL_VXLAN; /* it has looked at the inner one */
	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	bed_receive(b, UPLINK, m);
	ops->poll(&b->ctx);
	assert_int_equal(b->port[HOST].n_out, 0);
	m = bed_packet(UPLINK, in, len, 0, 0);
	m->packet_type = RTE_PTYPE_TUNNEL_VXLAN;
	m->ol_flags |= RTE_MBUF_F_RX_OUTER_L4_CKSUM_GOOD;
	bed_receive(b, UPLINK, m);
	ops->poll(&b->ctx);
	assert_int_equal(bed_sent(b, HOST, out, sizeof(out)), 60);
	bed_drain(b);
	in[60] = in[61] = 0;
	passes(b, in, len, 84);

	in[60] = 1; /* wrong, but the sender's kernel left it to hardware that is not there */
	m = bed_packet(UPLINK, in, len, 0, 0);
	ovnet_meta(m)->offload = OVNET_OFF_CSUM;
	ovnet_meta(m)->csum_start = 54;
	ovnet_meta(m)->csum_offset = 6;
	bed_receive(b, UPLINK, m);
	ops->poll(&b->ctx);
	assert_int_equal(bed_sent(b, HOST, out, sizeof(out)), 60);
	bed_close(b);
}

/* Lengths are kept in 16 bits, header included. */
static void the_length_has_a_bound(void **state)
{
	(void)state;
	uint8_t in[100];
	struct bed *b = bed_open6();

	put_pod6(in, false, 60);
	be_put16(in + 4, UINT16_MAX - 40);
	bed_refused(b, HOST, in, 60, OVNET_DROP_TRUNCATED);
	be_put16(in + 4, UINT16_MAX - 39);
	bed_refused(b, HOST, in, 60, OVNET_DROP_BAD_IP);
	bed_close(b);
}

static uint16_t put_option(uint8_t *with, const uint8_t *in, uint16_t len, uint8_t proto, uint8_t n)
{
	uint16_t extra = (uint16_t)((n + 1) * 8);

	memcpy(with, in, 54);
	memset(with + 54, 0, extra);
	with[20] = proto;
	with[54] = 17;
	with[55] = n;
	with[56] = 1; /* PadN over the rest */
	with[57] = (uint8_t)(extra - 4);
	memcpy(with + 54 + extra, in + 54, len - 54u);
	be_put16(with + 18, len - 54u + extra);
	return (uint16_t)(len + extra);
}

static void extension_headers_are_skipped_in_bounds(void **state)
{
	(void)state;
	uint8_t in[300], with[400], out[300];
	struct bed *b = bed_open6();
	uint16_t len = put_vxlan6(in, 60);

	for (uint8_t n = 0; n < 8; n++) {
		uint16_t extra = (uint16_t)((n + 1) * 8);
		put_option(with, in, len, n % 2 ? 0 : 60, n);
		for (uint16_t cut = 0; cut < 200; cut += 13) {
			bed_receive(b, UPLINK, bed_packet(UPLINK, with, len + extra, cut, 0));
			ops->poll(&b->ctx);
			assert_int_equal(bed_sent(b, HOST, out, sizeof(out)), 60);
			assert_memory_equal(out, in + 84, 60);
			bed_drain(b);
		}
	}
	uint16_t more = put_option(with, in, len, 60, 8);
	bed_refused(b, UPLINK, with, more, OVNET_DROP_NOT_OVERLAY);
	more = put_option(with, in, len, 60, 0);
	with[55] = 255;
	bed_refused(b, UPLINK, with, more, OVNET_DROP_NOT_OVERLAY);
	more = put_option(with, in, len, 0, 0);
	with[54] = 44; /* a fragment of something, of UDP */
	bed_refused(b, UPLINK, with, more, OVNET_DROP_NOT_OVERLAY);
	with[62] = 17;
	bed_refused(b, UPLINK, with, more, OVNET_DROP_FRAGMENT);
	with[54] = 43;
	bed_refused(b, UPLINK, with, more, OVNET_DROP_NOT_OVERLAY);
	with[54] = 60;
	with[62] = 17;
	with[63] = 7;
	bed_refused(b, UPLINK, with, more, OVNET_DROP_NOT_OVERLAY);
	with[63] = 6; /* both as long as may be: no UDP header any more */
	be_put16(with + 18, 64);
	bed_refused(b, UPLINK, with, 118, OVNET_DROP_TRUNCATED);
	be_put16(with + 18, 60); /* ends inside the option */
	bed_refused(b, UPLINK, with, 118, OVNET_DROP_TRUNCATED);
	be_put16(with + 18, 4);
	bed_refused(b, UPLINK, with, 118, OVNET_DROP_TRUNCATED);
	put_option(with, in, len, 60, 0);
	be_put16(with + 18, 8); /* the option and nothing more, as it says */
	with[54] = 59;
	bed_refused(b, UPLINK, with, 62, OVNET_DROP_NOT_OVERLAY);
	bed_close(b);
}

static void outer_headers_are_checked(void **state)
{
	(void)state;
	static const struct {
		uint16_t at;
		uint8_t value;
		enum ovnet_drop reason;
	} cases[] = {
		{14, 0x45, OVNET_DROP_BAD_IP},
		{19, 91, OVNET_DROP_TRUNCATED},
		{20, 6, OVNET_DROP_NOT_OVERLAY},
		{20, 44, OVNET_DROP_NOT_OVERLAY},
		{57, 0x19, OVNET_DROP_NOT_OVERLAY},
		{59, 91, OVNET_DROP_BAD_UDP},
		{59, 7, OVNET_DROP_BAD_UDP},
		{59, 29, OVNET_DROP_TRUNCATED},
		{62, 0xf7, OVNET_DROP_VXLAN_FLAGS},
		{68, 2, OVNET_DROP_WRONG_VNI},
		{70, 0x43, OVNET_DROP_INNER_MAC},
		{83, 0x06, OVNET_DROP_NOT_IP},
		{84, 0x45, OVNET_DROP_BAD_IP},
		{89, 21, OVNET_DROP_TRUNCATED},
	};
	uint8_t in[300], bad[300];
	struct bed *b = bed_open6();
	uint16_t len = put_vxlan6(in, 60);

	in[60] = in[61] = 0;
	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		memcpy(bad, in, len);
		bad[cases[i].at] = cases[i].value;
		bed_refused(b, UPLINK, bad, len, cases[i].reason);
	}
	assert_true(ovnet_addr_equal(&b->counters.last_source[OVNET_DROP_WRONG_VNI],
		&(struct ovnet_addr){.family = AF_INET6, .v6 = {0xfd, 0, 1, 0x68, [15] = 0x13}}));
	b->port[UPLINK].port.local6 = ovnet_addr_v6(own_ip6);
	passes(b, in, len, 84);
	in[53] ^= 1;
	bed_refused(b, UPLINK, in, len, OVNET_DROP_NOT_OVERLAY);
	bed_close(b);
}

/* The inner frame is addressed to the VTEP of the outer version. */
static void one_vtep_for_each_version(void **state)
{
	(void)state;
	uint8_t in[300];
	struct bed *b = bed_open6();
	uint16_t len = put_vxlan6(in, 60);

	memcpy(in + 70, own_vtep.b, 6);
	put_csum6(in, 60);
	bed_refused(b, UPLINK, in, len, OVNET_DROP_INNER_MAC);
	len = put_vxlan(in, 60);
	memcpy(in + 50, own_vtep6.b, 6);
	bed_refused(b, UPLINK, in, len, OVNET_DROP_INNER_MAC);
	bed_close(b);
}

static void ipv6_in_ipv4_and_back(void **state)
{
	(void)state;
	uint8_t in[300], out[300];
	struct bed *b = bed_open6();
	const struct ovnet_addr peer = addr6(0x77, 2), own = addr6(OWN_NET6, 2);
	const struct ovnet_ingress_rule rules[] = {
		{ovnet_addr_v4(PEER_IP), {AF_INET6, .v6 = net6(0x77, 64)}},
		{ovnet_addr_v6(peer_ip6), {AF_INET, .v4 = {PEER_NET, 24}}},
	};

	bed_add_peer6(b, 0x77, OVNET_ENCAP_VXLAN4);
	put_inner6(in, &own, &peer, 1, 101);
	in[1] = 0x20; /* ECT(0) */
	bed_receive(b, HOST, bed_packet(HOST, in, 101, 0, 0));
	ops->poll(&b->ctx);
	assert_int_equal(bed_sent(b, UPLINK, out, sizeof(out)), 165);
	assert_memory_equal(out + 64, in, 101);
	assert_int_equal(out[15], 2);
	assert_int_equal(be_sum(out + 14, 20, 0), 0xffff);
	assert_int_equal(out[62] << 8 | out[63], 0x86dd);
	bed_drain(b);

	/* A lease names its address of the subnet's version: the other has to be listed. */
	put_inner6(in + 64, &peer, &own, 1, 101);
	put_outer(in, 101);
	be_put16(in + 62, 0x86dd);
	bed_refused(b, UPLINK, in, 165, OVNET_DROP_INNER_SOURCE);
	assert_int_equal(ovnet_fib_set_ingress(b->w, NULL, 0, rules, 2), 0);
	passes(b, in, 165, 64);
	put_inner(in + 84, PEER_POD, OWN_POD, 1, 101);
	put_outer6(in, 101, 0x0800);
	passes(b, in, 185, 84);
	assert_int_equal(ovnet_fib_set_ingress(b->w, NULL, 0, rules, 1), 0);
	bed_refused(b, UPLINK, in, 185, OVNET_DROP_INNER_SOURCE);
	bed_close(b);
}

static void family_off(void **state)
{
	(void)state;
	uint8_t in[300];
	struct bed *b = bed_open(1);

	put_pod6(in, false, 60);
	bed_refused(b, HOST, in, 60, OVNET_DROP_FAMILY_OFF);
	put_pod6(in + 64, true, 60);
	put_outer(in, 60);
	be_put16(in + 62, 0x86dd);
	bed_refused(b, UPLINK, in, 124, OVNET_DROP_FAMILY_OFF);
	bed_close(b);
}

static void destinations(void **state)
{
	(void)state;
	uint8_t in[300], out[300];
	struct bed *b = bed_open6();
	const struct ovnet_addr peer = addr6(PEER_NET6, 2), other = addr6(0x1234, 1),
				guest = addr6(OWN_NET6, 9), outside = ovnet_addr_v6(own_ip6);

	put_inner6(in + 84, &peer, &other, 1, 60);
	bed_refused(b, UPLINK, in, put_outer6(in, 60, 0x86dd), OVNET_DROP_INNER_DEST);
	put_inner6(in + 84, &peer, &peer, 1, 60);
	bed_refused(b, UPLINK, in, put_outer6(in, 60, 0x86dd), OVNET_DROP_INNER_DEST);
	put_inner6(in + 84, &peer, &outside, 1, 60);
	passes(b, in, put_outer6(in, 60, 0x86dd), 84);

	bed_attach(b, &guest);
	put_inner6(in + 84, &peer, &guest, 1, 60);
	uint16_t len = put_outer6(in, 60, 0x86dd);
	bed_receive(b, UPLINK, bed_packet(UPLINK, in, len, 0, 0));
	ops->poll(&b->ctx);
	assert_int_equal(bed_sent(b, ATTACH, out, sizeof(out)), 74);
	assert_memory_equal(out, pod_mac.b, 6);
	assert_int_equal(out[12] << 8 | out[13], 0x86dd);
	assert_int_equal(out[21], 62);
	out[21]++;
	assert_memory_equal(out + 14, in + 84, 60);
	bed_drain(b);
	in[91] = 1;
	put_csum6(in, 60);
	bed_refused(b, UPLINK, in, len, OVNET_DROP_TTL_EXCEEDED);

	put_inner6(in + 14, &guest, &peer, 1, 60);
	put_ether(in, &attach_mac, &pod_mac);
	be_put16(in + 12, 0x86dd);
	in[21] = 2;
	bed_receive(b, ATTACH, bed_packet(ATTACH, in, 74, 0, 0));
	ops->poll(&b->ctx);
	assert_int_equal(bed_sent(b, UPLINK, out, sizeof(out)), 144);
	assert_int_equal(out[91], 1);
	bed_drain(b);
	in[21] = 1;
	bed_refused(b, ATTACH, in, 74, OVNET_DROP_TTL_EXCEEDED);
	put_inner6(in + 14, &peer, &peer, 1, 60);
	bed_refused(b, ATTACH, in, 74, OVNET_DROP_FOREIGN_SOURCE);
	bed_close(b);
}

static uint16_t port_of(struct bed *b, const uint8_t *in, uint16_t len)
{
	uint8_t out[400];

	bed_receive(b, HOST, bed_packet(HOST, in, len, 0, 0));
	ops->poll(&b->ctx);
	bed_sent(b, UPLINK, out, sizeof(out));
	bed_drain(b);
	return (uint16_t)(out[54] << 8 | out[55]);
}

static void flows_spread_over_source_ports(void **state)
{
	(void)state;
	const struct ovnet_addr own = addr6(OWN_NET6, 2), peer = addr6(PEER_NET6, 2);
	static uint8_t seen[65536];
	unsigned by_port = 0, by_label = 0;
	uint8_t in[200], plain[200];
	struct bed *b = bed_open6();

	memset(seen, 0, sizeof(seen));
	for (uint16_t i = 1; i <= 300; i++) {
		put_inner6(in, &own, &peer, i, 60);
		uint16_t p = port_of(b, in, 60);
		assert_in_range(p, 32768, 60999);
		be_put16(in + 2, i); /* with ports, the label says nothing more */
		assert_int_equal(port_of(b, in, 60), p);
		by_port += !(seen[p] & 1);
		seen[p] |= 1;
		in[6] = 58;
		p = port_of(b, in, 60);
		by_label += !(seen[p] & 2);
		seen[p] |= 2;
	}
	assert_in_range(by_port, 290, 300);
	assert_in_range(by_label, 290, 300);

	put_inner6(plain, &own, &peer, 77, 60);
	for (uint8_t words = 0; words < 8; words++) {
		uint16_t extra = (uint16_t)((words + 1) * 8);
		memcpy(in, plain, 40);
		memset(in + 40, 0, extra);
		in[6] = words % 2 ? 0 : 60;
		in[40] = 17;
		in[41] = words;
		memcpy(in + 40 + extra, plain + 40, 20);
		be_put16(in + 4, 20u + extra);
		assert_int_equal(port_of(b, in, 60 + extra), port_of(b, plain, 60));
	}
	memcpy(in, plain, 60); /* every fragment goes the same way, with and without ports */
	in[6] = 44;
	in[40] = 17;
	uint16_t first = port_of(b, in, 60);
	in[43] = 0x21;
	in[48] ^= 0x55;
	assert_int_equal(port_of(b, in, 60), first);
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_vxlan_over_ipv6),
		cmocka_unit_test(takes_vxlan_over_ipv6),
		cmocka_unit_test(chained_at_every_cut),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(outer_checksums),
		cmocka_unit_test(the_length_has_a_bound),
		cmocka_unit_test(extension_headers_are_skipped_in_bounds),
		cmocka_unit_test(outer_headers_are_checked),
		cmocka_unit_test(one_vtep_for_each_version),
		cmocka_unit_test(ipv6_in_ipv4_and_back),
		cmocka_unit_test(family_off),
		cmocka_unit_test(destinations),
		cmocka_unit_test(flows_spread_over_source_ports),
	};

	return bed_run_levels("path_v6", tests, RTE_DIM(tests));
}
