/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/path.h"

/* A packet as the peer's host routes it to us. Returns its length. */
static uint16_t put_routed(uint8_t *b, uint32_t src, uint32_t dst, uint16_t len)
{
	put_ether(b, &uplink_mac, &gateway_mac);
	put_inner(b + 14, src, dst, 1000, len);
	return (uint16_t)(len + 14);
}

static struct bed *open_direct(void)
{
	struct bed *b = bed_open(1);

	bed_set_kind(b, OVNET_ENCAP_DIRECT);
	return b;
}

static void passes(struct bed *b, const uint8_t *in, uint16_t len)
{
	uint8_t out[1600];

	bed_receive(b, UPLINK, bed_packet(UPLINK, in, len, 0, 0));
	assert_int_equal(ops->poll(&b->ctx), 1);
	assert_int_equal(bed_sent(b, HOST, out, sizeof(out)), len - 14);
	assert_memory_equal(out, in + 14, len - 14u); /* the kernel behind counts the hop */
	bed_drain(b);
}

static void sends_to_the_peers_next_hop(void **state)
{
	(void)state;
	uint8_t in[1501], out[1600], eth[14];
	struct bed *b = open_direct();

	put_ether(eth, &gateway_mac, &uplink_mac);
	for (uint16_t len = 28; len <= 1500; len += 368) {
		put_inner(in, OWN_POD, PEER_POD, 1000, len);
		in[1] = 3;
		bed_receive(b, HOST, bed_packet(HOST, in, len, 0, 0));
		assert_int_equal(ops->poll(&b->ctx), 1);
		assert_int_equal(bed_sent(b, UPLINK, out, sizeof(out)), len + 14);
		assert_memory_equal(out, eth, 14);
		assert_memory_equal(out + 14, in, len);
		bed_drain(b);
	}
	assert_int_equal(b->peer_counters[0].tx_packets, 5);
	put_inner(in, OWN_POD, PEER_POD, 1000, 1501);
	bed_refused(b, HOST, in, 1501, OVNET_DROP_OVERSIZE);
	bed_close(b);
}

static void takes_what_is_for_our_subnet(void **state)
{
	(void)state;
	uint8_t in[1600];
	struct bed *b = open_direct();

	for (uint16_t len = 28; len <= 1500; len += 368)
		passes(b, in, put_routed(in, PEER_POD, OWN_POD, len));
	assert_int_equal(b->peer_counters[0].rx_packets, 5);
	assert_int_equal(b->peer_counters[0].rx_bytes, 28 + 396 + 764 + 1132 + 1500);
	uint16_t len = put_routed(in, PEER_POD, PEER_POD, 60);
	bed_refused(b, UPLINK, in, len, OVNET_DROP_NOT_OVERLAY);
	put_routed(in, PEER_POD, 0x08080808, 60);
	bed_refused(b, UPLINK, in, len, OVNET_DROP_NOT_OVERLAY);
	put_routed(in, PEER_POD, OWN_POD, 60);
	b->overlay.direct = false;
	assert_int_equal(bed_set_overlay(b), 0);
	bed_refused(b, UPLINK, in, len, OVNET_DROP_NOT_OVERLAY);
	b->overlay.direct = true;
	assert_int_equal(bed_set_overlay(b), 0);
	in[0] |= 1;
	bed_refused(b, UPLINK, in, len, OVNET_DROP_NOT_OVERLAY);
	/* To another router on the link, which will send it here itself. */
	put_ether(in, &gateway_mac, &peer_vtep);
	bed_refused(b, UPLINK, in, len, OVNET_DROP_NOT_OVERLAY);
	assert_int_equal(b->counters.stage_packets[OVNET_STAGE_PUNT], 0);
	b->port[UPLINK].port.caps |= OVNET_CAP_EXCLUSIVE;
	bed_refused(b, UPLINK, in, len, OVNET_DROP_NOT_OVERLAY);
	assert_int_equal(b->counters.stage_packets[OVNET_STAGE_PUNT], 3);
	bed_close(b);
}

/* Fragments of pods' packets are routed like any other; tunnels' own are another matter. */
static void fragments_are_routed(void **state)
{
	(void)state;
	uint8_t in[200];
	struct bed *b = open_direct();
	uint16_t len = put_routed(in, PEER_POD, OWN_POD, 60);

	for (uint16_t off = 0; off < 3; off++) {
		be_put16(in + 20, 0x2000u + off);
		in[24] = in[25] = 0;
		be_put16(in + 24, ~be_sum(in + 14, 20, 0));
		passes(b, in, len);
	}
	bed_close(b);
}

static void chained_at_every_cut(void **state)
{
	(void)state;
	uint8_t in[300], out[300];
	struct bed *b = open_direct();

	for (uint16_t cut = 1; cut < 200; cut++) {
		uint16_t len = put_routed(in, PEER_POD, OWN_POD, 201);
		bed_receive(b, UPLINK, bed_packet(UPLINK, in, len, cut, cut));
		assert_int_equal(ops->poll(&b->ctx), 1);
		assert_int_equal(bed_sent(b, HOST, out, sizeof(out)), 201);
		assert_memory_equal(out, in + 14, 201);
		bed_drain(b);
		put_inner(in, OWN_POD, PEER_POD, 1, 201);
		bed_receive(b, HOST, bed_packet(HOST, in, 201, cut, 0));
		assert_int_equal(ops->poll(&b->ctx), 1);
		assert_int_equal(bed_sent(b, UPLINK, out, sizeof(out)), 215);
		assert_memory_equal(out + 14, in, 201);
		bed_drain(b);
	}
	assert_int_equal(bed_drops(b), 0);
	bed_close(b);
}

static void every_prefix_is_refused(void **state)
{
	(void)state;
	uint8_t in[200];
	struct bed *b = open_direct();
	uint16_t len = put_routed(in, PEER_POD, OWN_POD, 60);

	for (uint16_t n = 1; n < len; n++)
		bed_refused(b, UPLINK, in, n, OVNET_DROP_TRUNCATED);
	struct rte_mbuf *m = bed_packet(UPLINK, in, len, 0, 0);
	ovnet_meta(m)->offload = OVNET_OFF_TSO4;
	bed_receive(b, UPLINK, m);
	ops->poll(&b->ctx);
	assert_int_equal(b->counters.drops[OVNET_DROP_GSO_STATE], 1);
	bed_close(b);
}

/* Refused in strict mode, counted in permissive, neither where validation is off. */
static void judged(struct bed *b, const uint8_t *in, uint16_t len, enum ovnet_drop reason)
{
	uint64_t before = b->counters.permitted[reason], drops;

	bed_set_validation(b, OVNET_VALIDATE_STRICT);
	bed_refused(b, UPLINK, in, len, reason);
	bed_set_validation(b, OVNET_VALIDATE_PERMISSIVE);
	drops = bed_drops(b);
	passes(b, in, len);
	assert_int_equal(b->counters.permitted[reason], before + 1);
	bed_set_validation(b, OVNET_VALIDATE_OFF);
	passes(b, in, len);
	assert_int_equal(b->counters.permitted[reason], before + 1);
	assert_int_equal(bed_drops(b), drops);
	bed_set_validation(b, OVNET_VALIDATE_STRICT);
}

static void the_next_hop_has_to_have_sent_it(void **state)
{
	(void)state;
	uint8_t in[200];
	struct bed *b = open_direct();
	uint16_t len = put_routed(in, PEER_POD, OWN_POD, 60);
	const struct ovnet_addr gw = ovnet_addr_v4(PEER_IP);

	for (unsigned i = 6; i < 12; i++) {
		in[i] ^= 4;
		judged(b, in, len, OVNET_DROP_ROUTED_MAC);
		in[i] ^= 4;
	}
	assert_int_equal(b->counters.last_source[OVNET_DROP_ROUTED_MAC].v4_be, htonl(PEER_POD));
	passes(b, in, len);

	/* By another of our uplinks than the one the peer is behind. */
	struct ovnet_peer_conf conf = {.subnet = {.family = AF_INET, .v4 = {PEER_NET, 24}},
		.public_addr = gw,
		.mtu = 1500,
		.encap = OVNET_ENCAP_DIRECT};
	conf.nh = ovnet_fib_nh_get(b->w, UPLINK + 7, &gw);
	assert_int_equal(ovnet_fib_nh_set(b->w, conf.nh, &gateway_mac, &uplink_mac), 0);
	assert_int_equal(ovnet_fib_set_peer(b->w, &conf), 0);
	judged(b, in, len, OVNET_DROP_ROUTED_MAC);
	conf.nh = NULL;
	assert_int_equal(ovnet_fib_set_peer(b->w, &conf), 0);
	judged(b, in, len, OVNET_DROP_NO_UPLINK);
	conf.nh = b->nh;
	assert_int_equal(ovnet_fib_set_peer(b->w, &conf), 0);
	assert_int_equal(ovnet_fib_nh_set(b->w, b->nh, NULL, NULL), 0);
	judged(b, in, len, OVNET_DROP_NEIGHBOUR_PENDING);
	bed_close(b);
}

/* We go by a router or another link, the peer sends straight: there is nothing to compare with. */
static void asymmetric_ways_are_refused_unless_asked_for(void **state)
{
	(void)state;
	uint8_t in[200];
	struct bed *b = open_direct();
	const struct ovnet_addr gw = ovnet_addr_v4(PEER_IP);
	struct ovnet_peer_conf conf = {.subnet = {.family = AF_INET, .v4 = {PEER_NET, 24}},
		.public_addr = gw,
		.mtu = 1500,
		.nh = b->nh,
		.encap = OVNET_ENCAP_VXLAN4};
	uint16_t len = put_routed(in, PEER_POD, OWN_POD, 60);

	assert_int_equal(ovnet_fib_set_peer(b->w, &conf), 0);
	judged(b, in, len, OVNET_DROP_ROUTED_MAC); /* from the router's */
	in[11] ^= 4;
	judged(b, in, len, OVNET_DROP_ROUTED_MAC);
	b->overlay.asymmetric = true;
	assert_int_equal(bed_set_overlay(b), 0);
	passes(b, in, len);
	in[11] ^= 4;
	passes(b, in, len);

	conf.encap = OVNET_ENCAP_DIRECT;
	assert_int_equal(ovnet_fib_set_peer(b->w, &conf), 0);
	passes(b, in, len);
	in[11] ^= 4;
	judged(b, in, len, OVNET_DROP_ROUTED_MAC); /* here there is one */
	conf.nh = ovnet_fib_nh_get(b->w, UPLINK + 7, &gw);
	assert_int_equal(ovnet_fib_nh_set(b->w, conf.nh, &gateway_mac, &uplink_mac), 0);
	assert_int_equal(ovnet_fib_set_peer(b->w, &conf), 0);
	passes(b, in, len);
	assert_int_equal(ovnet_fib_nh_set(b->w, conf.nh, NULL, NULL), 0);
	passes(b, in, len);
	bed_close(b);
}

static void strangers_and_peers_hosts(void **state)
{
	(void)state;
	uint8_t in[200];
	struct bed *b = open_direct();
	const struct ovnet_ingress_rule rules[] = {
		{ovnet_addr_v4(PEER_IP), {AF_INET, .v4 = {0xc0a80500, 24}}},
		{ovnet_addr_v4(0x0a0a0a0a), {AF_INET, .v4 = {0xc0a80600, 24}}},
	};
	uint16_t len = put_routed(in, PEER_IP, OWN_POD, 60);

	passes(b, in, len); /* the peer's host itself */
	put_routed(in, 0x0aa80050, OWN_POD, 60);
	judged(b, in, len, OVNET_DROP_UNKNOWN_PEER);
	put_routed(in, 0x0a05ee01, OWN_POD, 60); /* in the network, in no lease */
	judged(b, in, len, OVNET_DROP_UNKNOWN_PEER);
	put_routed(in, OWN_POD + 1, OWN_POD, 60);
	judged(b, in, len, OVNET_DROP_UNKNOWN_PEER);

	put_routed(in, 0xc0a80505, OWN_POD, 60);
	judged(b, in, len, OVNET_DROP_UNKNOWN_PEER);
	assert_int_equal(ovnet_fib_set_ingress(b->w, NULL, 0, rules, RTE_DIM(rules)), 0);
	passes(b, in, len);
	put_routed(in, 0xc0a80605, OWN_POD, 60); /* listed for somebody who holds no lease */
	judged(b, in, len, OVNET_DROP_UNKNOWN_PEER);
	bed_close(b);
}

/* It is the only header there is, and a router on the way would have dropped it. */
static void header_checksum_is_verified(void **state)
{
	(void)state;
	uint8_t in[200];
	struct bed *b = open_direct();
	uint16_t len = put_routed(in, PEER_POD, OWN_POD, 60);

	in[15] ^= 3;
	bed_refused(b, UPLINK, in, len, OVNET_DROP_BAD_IP_CSUM);
	put_ether(in, &gateway_mac, &peer_vtep); /* another router's to judge */
	bed_refused(b, UPLINK, in, len, OVNET_DROP_NOT_OVERLAY);
	bed_close(b);
}

static void martians_are_refused_in_every_mode(void **state)
{
	(void)state;
	static const uint32_t martians[] = {0, 0x00000001, 0x7f000001, 0x7fffffff, 0xe0000001,
		0xefffffff, 0xf0000001, 0xffffffff};
	uint8_t in[200];
	struct bed *b = open_direct();

	for (unsigned v = OVNET_VALIDATE_OFF; v <= OVNET_VALIDATE_STRICT; v++) {
		bed_set_validation(b, v);
		for (unsigned i = 0; i < RTE_DIM(martians); i++) {
			uint16_t len = put_routed(in, martians[i], OWN_POD, 60);
			bed_refused(b, UPLINK, in, len, OVNET_DROP_MARTIAN);
		}
	}
	assert_int_equal(b->counters.permitted[OVNET_DROP_MARTIAN], 0);
	bed_close(b);
}

/* DirectRouting: some peers by VXLAN, some without; the latter may send either way. */
static void beside_vxlan(void **state)
{
	(void)state;
	uint8_t in[300], out[300];
	struct bed *b = bed_open(1);
	const struct ovnet_peer_conf conf = {.subnet = {.family = AF_INET, .v4 = {0x0a050800, 24}},
		.public_addr = ovnet_addr_v4(0x0aa80010),
		.mtu = 1500,
		.nh = b->nh,
		.encap = OVNET_ENCAP_DIRECT};

	b->overlay.direct = true;
	assert_int_equal(bed_set_overlay(b), 0);
	assert_int_equal(ovnet_fib_set_peer(b->w, &conf), 0);
	for (unsigned i = 0; i < 60; i++) {
		put_inner(in, OWN_POD, i % 5 > 2 ? 0x0a050802 : PEER_POD, 1000, 60);
		bed_receive(b, HOST, bed_packet(HOST, in, 60, 0, 0));
	}
	assert_int_equal(ops->poll(&b->ctx), 60);
	assert_int_equal(b->port[UPLINK].n_out, 60);
	for (unsigned i = 0; i < 60; i++)
		assert_int_equal(b->port[UPLINK].out[i]->pkt_len, 60 + (i % 5 > 2 ? 14 : 64));
	assert_int_equal(b->peer_counters[0].tx_packets, 36);
	assert_int_equal(b->peer_counters[1].tx_packets, 24);
	bed_drain(b);

	for (unsigned i = 0; i < 3; i++) {
		put_routed(in, 0x0a050802, OWN_POD, 60);
		bed_receive(b, UPLINK, bed_packet(UPLINK, in, 74, 0, 0));
		uint16_t len = put_vxlan(in, 60);
		bed_receive(b, UPLINK, bed_packet(UPLINK, in, len, 0, 0));
	}
	assert_int_equal(ops->poll(&b->ctx), 6);
	assert_int_equal(b->port[HOST].n_out, 6);
	bed_drain(b);

	/* A pod's own datagram to the tunnel's port is no tunnel's. */
	put_routed(in, 0x0a050802, OWN_POD, 60);
	be_put16(in + 36, 8472);
	bed_receive(b, UPLINK, bed_packet(UPLINK, in, 74, 0, 0));
	ops->poll(&b->ctx);
	assert_int_equal(bed_sent(b, HOST, out, sizeof(out)), 60);
	assert_int_equal(bed_drops(b), 0);
	bed_close(b);
}

/* Kinds that alternate, one in five refused for its shape, another for its sender. */
static void in_any_mixture(void **state)
{
	(void)state;
	uint8_t in[300];
	struct bed *b = bed_open(1);
	const struct ovnet_peer_conf conf = {.subnet = {.family = AF_INET, .v4 = {0x0a050800, 24}},
		.public_addr = ovnet_addr_v4(0x0aa80010),
		.mtu = 1500,
		.nh = b->nh,
		.encap = OVNET_ENCAP_DIRECT};
	uint16_t ids[64], n = 0;

	b->overlay.direct = true;
	assert_int_equal(bed_set_overlay(b), 0);
	assert_int_equal(ovnet_fib_set_peer(b->w, &conf), 0);
	for (uint16_t i = 0; i < 64; i++) {
		const bool bare = i * 7 / 5 % 2, bad = i % 5 == 3, liar = i % 5 == 1;
		uint32_t src = (bare ? 0x0a050802 : PEER_POD) + (liar ? 0x100000 : 0);
		uint16_t len = bare ? 74 : put_vxlan(in, 60), at = bare ? 14 : 64;
		put_inner(in + at, src, OWN_POD, i, 60);
		if (bare)
			put_ether(in, &uplink_mac, &gateway_mac);
		if (bad && bare)
			len -= 1;
		else if (bad)
			in[at] = 0x44;
		if (!bad && !liar)
			ids[n++] = i;
		bed_receive(b, UPLINK, bed_packet(UPLINK, in, len, 0, 0));
	}
	assert_int_equal(ops->poll(&b->ctx), 64);
	assert_int_equal(b->port[HOST].n_out, n);
	for (uint16_t i = 0; i < n; i++) {
		const uint8_t *ip = rte_pktmbuf_mtod(b->port[HOST].out[i], const uint8_t *);
		assert_int_equal(ip[20] << 8 | ip[21], ids[i]); /* in the order they came in */
	}
	assert_int_equal(b->peer_counters[0].rx_packets + b->peer_counters[1].rx_packets, n);
	assert_int_equal(bed_drops(b), 64 - n);
	assert_int_equal(
		b->counters.drops[OVNET_DROP_TRUNCATED] + b->counters.drops[OVNET_DROP_BAD_IP], 13);
	bed_close(b);
}

static void guests_are_a_hop_further(void **state)
{
	(void)state;
	uint8_t in[1600], out[200];
	struct bed *b = open_direct();
	uint16_t len = put_routed(in, PEER_POD, ATTACH_POD, 60);

	bed_receive(b, UPLINK, bed_packet(UPLINK, in, len, 0, 0));
	ops->poll(&b->ctx);
	bed_sent(b, ATTACH, out, sizeof(out));
	assert_memory_equal(out, pod_mac.b, 6);
	assert_int_equal(out[22], in[22] - 1);
	assert_int_equal(be_sum(out + 14, 20, 0), 0xffff);
	bed_drain(b);
	in[22] = 1;
	put_sum4(in + 14);
	bed_refused(b, UPLINK, in, len, OVNET_DROP_TTL_EXCEEDED);
	len = put_routed(in, PEER_POD, ATTACH_POD, 1451);
	bed_refused(b, UPLINK, in, len, OVNET_DROP_OVERSIZE);
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_to_the_peers_next_hop),
		cmocka_unit_test(takes_what_is_for_our_subnet),
		cmocka_unit_test(fragments_are_routed),
		cmocka_unit_test(chained_at_every_cut),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(the_next_hop_has_to_have_sent_it),
		cmocka_unit_test(asymmetric_ways_are_refused_unless_asked_for),
		cmocka_unit_test(strangers_and_peers_hosts),
		cmocka_unit_test(header_checksum_is_verified),
		cmocka_unit_test(martians_are_refused_in_every_mode),
		cmocka_unit_test(beside_vxlan),
		cmocka_unit_test(in_any_mixture),
		cmocka_unit_test(guests_are_a_hop_further),
	};

	return bed_run_levels("path_direct", tests, RTE_DIM(tests));
}
