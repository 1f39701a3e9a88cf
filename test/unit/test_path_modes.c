/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/path6.h"

#define HOST_ADDR 0xc0a80005u /* one of the node's own addresses outside the overlay */

/* Delivered, and nothing counted as a drop. */
static void passes(struct bed *b, unsigned port, const uint8_t *in, uint16_t len)
{
	uint64_t drops = bed_drops(b);
	unsigned out = 0;

	bed_receive(b, port, bed_packet((uint16_t)port, in, len, 0, 0));
	assert_int_equal(ops->poll(&b->ctx), 1);
	assert_int_equal(bed_drops(b), drops);
	for (unsigned i = 0; i < N_PORTS; i++)
		out += b->port[i].n_out;
	assert_int_equal(out, 1);
	bed_drain(b);
}

static uint64_t permitted(const struct bed *b)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < OVNET_DROP_COUNT; i++)
		n += b->counters.permitted[i];
	return n;
}

/* Refused in strict mode, counted in permissive, neither where validation is off. */
static void judged(
	struct bed *b, unsigned port, const uint8_t *in, uint16_t len, enum ovnet_drop reason)
{
	uint64_t before = b->counters.permitted[reason], all = permitted(b);

	bed_set_validation(b, OVNET_VALIDATE_STRICT);
	bed_refused(b, port, in, len, reason);
	assert_int_equal(permitted(b), all);
	bed_set_validation(b, OVNET_VALIDATE_PERMISSIVE);
	memset(&b->counters.last_source[reason], 0, sizeof(struct ovnet_addr));
	passes(b, port, in, len);
	assert_int_equal(b->counters.permitted[reason], before + 1);
	assert_int_not_equal(b->counters.last_source[reason].family, 0);
	bed_set_validation(b, OVNET_VALIDATE_OFF);
	passes(b, port, in, len);
	assert_int_equal(permitted(b), all + 1);
	bed_set_validation(b, OVNET_VALIDATE_STRICT);
}

/* Refused whatever the mode. */
static void always_refused(
	struct bed *b, unsigned port, const uint8_t *in, uint16_t len, enum ovnet_drop reason)
{
	for (unsigned v = OVNET_VALIDATE_OFF; v <= OVNET_VALIDATE_STRICT; v++) {
		bed_set_validation(b, v);
		bed_refused(b, port, in, len, reason);
	}
	assert_int_equal(permitted(b), 0);
}

static uint16_t put_from(uint8_t *in, uint32_t outer, uint32_t inner)
{
	uint16_t len = put_vxlan(in, 60);

	put_inner(in + 64, inner, OWN_POD, 1, 60);
	be_put32(in + 26, outer);
	put_sum4(in + 14);
	return len;
}

static uint16_t put_from6(uint8_t *in, const uint8_t outer[16], const struct ovnet_addr *inner)
{
	const struct ovnet_addr own = addr6(OWN_NET6, 2);

	put_inner6(in + 84, inner, &own, 1, 60);
	uint16_t len = put_outer6(in, 60, 0x86dd);
	memcpy(in + 22, outer, 16);
	put_csum6(in, 60);
	return len;
}

static void peers_over_ipv4(void **state)
{
	(void)state;
	uint8_t in[200];
	struct bed *b = bed_open6();
	const struct ovnet_ingress_rule rule = {
		ovnet_addr_v4(PEER_IP), {AF_INET, .v4 = {0xc0a80500, 24}}};
	const struct ovnet_ingress_rule stranger = {
		ovnet_addr_v4(0x0a0a0a0a), {AF_INET, .v4 = {0xc0a80500, 24}}};

	judged(b, UPLINK, in, put_from(in, 0x0a0a0a0a, PEER_POD), OVNET_DROP_UNKNOWN_PEER);
	judged(b, UPLINK, in, put_from(in, PEER_IP, OWN_POD), OVNET_DROP_INNER_SOURCE);
	assert_true(
		b->counters.last_impostor_be == ((uint64_t)htonl(PEER_IP) << 32 | htonl(OWN_POD)));
	judged(b, UPLINK, in, put_from(in, PEER_IP, 0xc0a80505), OVNET_DROP_INNER_SOURCE);
	passes(b, UPLINK, in, put_from(in, PEER_IP, PEER_IP));
	assert_int_equal(ovnet_fib_set_ingress(b->w, NULL, 0, &stranger, 1), 0);
	judged(b, UPLINK, in, put_from(in, PEER_IP, 0xc0a80505), OVNET_DROP_INNER_SOURCE);
	passes(b, UPLINK, in, put_from(in, 0x0a0a0a0a, 0xc0a80505)); /* listed without a lease */
	assert_int_equal(ovnet_fib_set_ingress(b->w, NULL, 0, &rule, 1), 0);
	passes(b, UPLINK, in, put_from(in, PEER_IP, 0xc0a80505));
	judged(b, UPLINK, in, put_from(in, PEER_IP, 0xc0a80605), OVNET_DROP_INNER_SOURCE);
	bed_close(b);
}

static void peers_over_ipv6(void **state)
{
	(void)state;
	uint8_t in[300], stranger[16];
	struct bed *b = bed_open6();
	const struct ovnet_addr pod = addr6(PEER_NET6, 2), own = addr6(OWN_NET6, 7),
				host = ovnet_addr_v6(peer_ip6), listed = addr6(0x7777, 1),
				link = ovnet_addr_v6((const uint8_t[16]){0xfe, 0x80, [15] = 1});
	const struct ovnet_ingress_rule rule = {
		ovnet_addr_v6(peer_ip6), {AF_INET6, .v6 = net6(0x7777, 64)}};

	memcpy(stranger, peer_ip6, 16);
	stranger[15]++;
	passes(b, UPLINK, in, put_from6(in, peer_ip6, &pod));
	judged(b, UPLINK, in, put_from6(in, stranger, &pod), OVNET_DROP_UNKNOWN_PEER);
	assert_memory_equal(
		b->counters.last_source[OVNET_DROP_UNKNOWN_PEER].v6, stranger, sizeof(stranger));
	assert_int_equal(atomic_load(&b->counters.impostor6_seq), 0);
	judged(b, UPLINK, in, put_from6(in, peer_ip6, &own), OVNET_DROP_INNER_SOURCE);
	assert_int_equal(atomic_load(&b->counters.impostor6_seq), 4); /* dropped; permitted */
	assert_memory_equal(b->counters.impostor6_outer, peer_ip6, 16);
	assert_memory_equal(b->counters.impostor6_inner, own.v6, 16);
	judged(b, UPLINK, in, put_from6(in, peer_ip6, &link), OVNET_DROP_INNER_SOURCE);
	passes(b, UPLINK, in, put_from6(in, peer_ip6, &host));
	judged(b, UPLINK, in, put_from6(in, peer_ip6, &listed), OVNET_DROP_INNER_SOURCE);
	assert_int_equal(ovnet_fib_set_ingress(b->w, NULL, 0, &rule, 1), 0);
	passes(b, UPLINK, in, put_from6(in, peer_ip6, &listed));
	bed_close(b);
}

static void the_host_device(void **state)
{
	(void)state;
	uint8_t in[200];
	struct bed *b = bed_open6();
	const struct ovnet_addr local[] = {
		ovnet_addr_v4(HOST_ADDR), ovnet_addr_v4(OWN_IP), ovnet_addr_v6(own_ip6)};
	const struct ovnet_ingress_rule rules[] = {
		{ovnet_addr_v4(OWN_IP), {AF_INET, .v4 = {0xc0a80600, 24}}},
		{ovnet_addr_v4(PEER_IP), {AF_INET, .v4 = {0xc0a80700, 24}}},
	};
	const struct ovnet_addr peer = addr6(PEER_NET6, 2), host = ovnet_addr_v6(own_ip6);

	put_inner(in, HOST_ADDR, PEER_POD, 1, 60);
	judged(b, HOST, in, 60, OVNET_DROP_FOREIGN_SOURCE);
	put_inner6(in, &host, &peer, 1, 60);
	judged(b, HOST, in, 60, OVNET_DROP_FOREIGN_SOURCE);
	assert_int_equal(ovnet_fib_set_ingress(b->w, local, 3, rules, 2), 0);
	passes(b, HOST, in, 60);
	put_inner(in, HOST_ADDR, PEER_POD, 1, 60);
	passes(b, HOST, in, 60);
	put_inner(in, 0xc0a80605, PEER_POD, 1, 60); /* routed in through this node: listed */
	passes(b, HOST, in, 60);
	put_inner(in, 0xc0a80705, PEER_POD, 1, 60); /* listed for a peer, not for us */
	judged(b, HOST, in, 60, OVNET_DROP_FOREIGN_SOURCE);
	put_inner(in, PEER_POD, PEER_POD + 1, 1, 60);
	judged(b, HOST, in, 60, OVNET_DROP_FOREIGN_SOURCE);
	bed_close(b);
}

/* What is plugged in here is ours to bind, in every mode. */
static void attach_ports(void **state)
{
	(void)state;
	uint8_t in[200];
	struct bed *b = bed_open6();
	const struct ovnet_addr local = ovnet_addr_v4(HOST_ADDR), guest = addr6(OWN_NET6, 9),
				peer = addr6(PEER_NET6, 2);

	assert_int_equal(ovnet_fib_set_ingress(b->w, &local, 1, NULL, 0), 0);
	put_ether(in, &attach_mac, &pod_mac);
	put_inner(in + 14, ATTACH_POD, PEER_POD, 1, 60);
	passes(b, ATTACH, in, 74);
	put_inner(in + 14, OWN_POD, PEER_POD, 1, 60); /* lives at the host device */
	always_refused(b, ATTACH, in, 74, OVNET_DROP_FOREIGN_SOURCE);
	put_inner(in + 14, HOST_ADDR, PEER_POD, 1, 60);
	always_refused(b, ATTACH, in, 74, OVNET_DROP_FOREIGN_SOURCE);
	be_put16(in + 12, 0x86dd);
	put_inner6(in + 14, &guest, &peer, 1, 60);
	always_refused(b, ATTACH, in, 74, OVNET_DROP_FOREIGN_SOURCE);
	bed_attach(b, &guest);
	passes(b, ATTACH, in, 74);
	bed_close(b);
}

static void martians(void **state)
{
	(void)state;
	static const uint32_t four[] = {
		0, 0x00ffffff, 0x7f000001, 0xe0000001, 0xefffffff, 0xf0000001, 0xffffffff};
	static const uint8_t six[][16] = {{0}, {[15] = 1}, {0xff, 0x02, [15] = 1},
		{[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1}, {[12] = 10, [15] = 1}};
	const struct ovnet_addr peer = addr6(PEER_NET6, 2);
	uint8_t in[300];
	struct bed *b = bed_open6();

	for (unsigned i = 0; i < RTE_DIM(four); i++) {
		uint16_t len = put_from(in, PEER_IP, four[i]);
		always_refused(b, UPLINK, in, len, OVNET_DROP_MARTIAN);
		put_inner(in, four[i], PEER_POD, 1, 60);
		always_refused(b, HOST, in, 60, OVNET_DROP_MARTIAN);
		put_ether(in, &attach_mac, &pod_mac);
		put_inner(in + 14, four[i], PEER_POD, 1, 60);
		always_refused(b, ATTACH, in, 74, OVNET_DROP_MARTIAN);
	}
	for (unsigned i = 0; i < RTE_DIM(six); i++) {
		const struct ovnet_addr a = ovnet_addr_v6(six[i]);
		uint16_t len = put_from6(in, peer_ip6, &a);
		always_refused(b, UPLINK, in, len, OVNET_DROP_MARTIAN);
		put_inner6(in, &a, &peer, 1, 60);
		always_refused(b, HOST, in, 60, OVNET_DROP_MARTIAN);
	}
	bed_close(b);
}

/* The host device's kernel would take some of them; of what is ours alone none is one. */
static void martian_destinations(void **state)
{
	(void)state;
	static const uint32_t four[] = {0, 0x00ffffff, 0x7f000001, 0x7fffffff, 0xe0000001,
		0xefffffff, 0xf0000001, 0xffffffff};
	static const uint32_t fine[] = {0x01000000, 0x7effffff, 0x80000000, 0xdfffffff, OWN_IP};
	static const uint8_t six[][16] = {{0}, {[15] = 1}, {0xff, 0x02, [15] = 1},
		{[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}, {[12] = 10, [15] = 1}};
	const struct ovnet_addr peer = addr6(PEER_NET6, 2), host = ovnet_addr_v6(own_ip6);
	uint8_t in[300];
	struct bed *b = bed_open6();
	uint16_t len = put_vxlan(in, 60);

	for (unsigned i = 0; i < RTE_DIM(four); i++) {
		put_inner(in + 64, PEER_POD, four[i], 1, 60);
		always_refused(b, UPLINK, in, len, OVNET_DROP_MARTIAN_DEST);
	}
	for (unsigned i = 0; i < RTE_DIM(fine); i++) {
		put_inner(in + 64, PEER_POD, fine[i], 1, 60);
		passes(b, UPLINK, in, len);
	}
	for (unsigned i = 0; i < RTE_DIM(six); i++) {
		const struct ovnet_addr a = ovnet_addr_v6(six[i]);
		put_inner6(in + 84, &peer, &a, 1, 60);
		always_refused(b, UPLINK, in, put_outer6(in, 60, 0x86dd), OVNET_DROP_MARTIAN_DEST);
	}
	put_inner6(in + 84, &peer, &host, 1, 60);
	passes(b, UPLINK, in, put_outer6(in, 60, 0x86dd));
	bed_close(b);
}

/* Everything but who sends: no mode lets any of this pass. */
static void the_rest_is_refused_in_every_mode(void **state)
{
	(void)state;
	static const struct {
		uint16_t at;
		uint8_t value;
		enum ovnet_drop reason;
	} cases[] = {
		{42, 0, OVNET_DROP_VXLAN_FLAGS}, {48, 2, OVNET_DROP_WRONG_VNI},
		{50, 0x44, OVNET_DROP_INNER_MAC}, {63, 0x06, OVNET_DROP_NOT_IP},
		{64, 0x55, OVNET_DROP_BAD_IP}, {15, 3, OVNET_DROP_ECN_ILLEGAL},
		{82, 6, OVNET_DROP_INNER_DEST}, /* 10.5.6.0/24 */
	};
	uint8_t in[200];
	struct bed *b = bed_open6();

	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		uint16_t len = put_vxlan(in, 60);
		in[cases[i].at] = cases[i].value;
		put_sum4(in + 14);
		always_refused(b, UPLINK, in, len, cases[i].reason);
	}
	bed_close(b);
}

/* What leaves for a packet with the inner DSCP EF and ECT(0), TTL 63, DF set or not. */
static void outer_of(struct bed *b, enum ovnet_encap kind, bool df, uint8_t *out)
{
	uint8_t in[100];

	if (kind == OVNET_ENCAP_VXLAN6) {
		put_pod6(in, false, 61);
		in[0] = 0x6b;
		in[1] = 0xa0;
	} else {
		put_inner(in, OWN_POD, PEER_POD, 1, 61);
		in[1] = 0xba;
		in[6] = df ? 0x40 : 0;
		in[10] = in[11] = 0;
		be_put16(in + 10, ~be_sum(in, 20, 0));
	}
	bed_receive(b, HOST, bed_packet(HOST, in, 61, 17, 0));
	assert_int_equal(ops->poll(&b->ctx), 1);
	uint16_t len = bed_sent(b, UPLINK, out, 200);
	if (kind == OVNET_ENCAP_VXLAN6) {
		assert_int_equal(udp6_sum(out + 14, out + 54, len - 54u), 0xffff);
		return;
	}
	assert_int_equal(be_sum(out + 14, 20, 0), 0xffff);
	if (out[40] != 0 || out[41] != 0)
		assert_int_equal(
			be_sum(out + 34, len - 34u, be_sum(out + 26, 8, 17 + len - 34u)), 0xffff);
}

static void outer_fields_over_ipv4(void **state)
{
	(void)state;
	uint8_t out[200];
	struct bed *b = bed_open6();

	for (unsigned udp = 0; udp < 2; udp++) {
		enum ovnet_encap kind = udp ? OVNET_ENCAP_UDP4 : OVNET_ENCAP_VXLAN4;
		if (udp)
			bed_set_kind(b, kind);
		for (unsigned bits = 0; bits < 32; bits++) {
			const struct ovnet_outer_mode mode = {.dscp_inherit = bits & 1,
				.ttl_inherit = bits & 2,
				.df_inherit = bits & 4,
				.csum4 = bits & 8};
			bool df = bits & 16;
			b->overlay.outer = mode;
			assert_int_equal(bed_set_overlay(b), 0);
			outer_of(b, kind, df, out);
			assert_int_equal(out[15], mode.dscp_inherit ? 0xba : 2);
			/* udp: the inner one as it leaves */
			assert_int_equal(out[22], mode.ttl_inherit ? 63 - udp : 64);
			bool outer_df = mode.df_inherit ? df : udp;
			assert_int_equal(out[20], outer_df ? 0x40 : 0);
			assert_int_equal(out[21], 0);
			assert_int_equal(out[40] != 0 || out[41] != 0, mode.csum4);
			bed_drain(b);
		}
	}
	bed_close(b);
}

static void outer_fields_over_ipv6(void **state)
{
	(void)state;
	uint8_t out[200];
	struct bed *b = bed_open6();

	for (unsigned bits = 0; bits < 4; bits++) {
		b->overlay.outer.dscp_inherit = bits & 1;
		b->overlay.outer.ttl_inherit = bits & 2;
		assert_int_equal(bed_set_overlay(b), 0);
		outer_of(b, OVNET_ENCAP_VXLAN6, true, out);
		assert_int_equal(out[14] << 8 | out[15], bits & 1 ? 0x6ba0 : 0x6020);
		assert_int_equal(out[21], bits & 2 ? 63 : 64);
		bed_drain(b);
	}
	bed_close(b);
}

/* Routed packets have no outer header to set anything in. */
static void modes_leave_routed_packets_alone(void **state)
{
	(void)state;
	uint8_t in[100], out[200];
	struct bed *b = bed_open6();

	b->overlay.outer = (struct ovnet_outer_mode){true, true, true, true, true};
	bed_set_kind(b, OVNET_ENCAP_DIRECT);
	put_inner(in, OWN_POD, PEER_POD, 1, 60);
	bed_receive(b, HOST, bed_packet(HOST, in, 60, 0, 0));
	ops->poll(&b->ctx);
	assert_int_equal(bed_sent(b, UPLINK, out, sizeof(out)), 74);
	assert_memory_equal(out + 14, in, 60);
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peers_over_ipv4),
		cmocka_unit_test(peers_over_ipv6),
		cmocka_unit_test(the_host_device),
		cmocka_unit_test(attach_ports),
		cmocka_unit_test(martians),
		cmocka_unit_test(martian_destinations),
		cmocka_unit_test(the_rest_is_refused_in_every_mode),
		cmocka_unit_test(outer_fields_over_ipv4),
		cmocka_unit_test(outer_fields_over_ipv6),
		cmocka_unit_test(modes_leave_routed_packets_alone),
	};

	return bed_run_levels("path_modes", tests, RTE_DIM(tests));
}
