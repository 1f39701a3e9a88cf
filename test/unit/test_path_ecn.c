/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/path6.h"

enum { NOT, ECT1, ECT0, CE, DROP = 0xff };

static const uint8_t outers[] = {NOT, ECT0, ECT1, CE};
/* RFC 6040 figure 4: the inner field, then what leaves under each of `outers`. */
static const uint8_t rows[4][5] = {{NOT, NOT, NOT, NOT, DROP}, {ECT0, ECT0, ECT0, ECT1, CE},
	{ECT1, ECT1, ECT1, ECT1, CE}, {CE, CE, CE, CE, CE}};

static void set_tos(uint8_t *ip, bool v6, uint8_t tos)
{
	if (v6) {
		ip[0] = (uint8_t)(0x60 | tos >> 4);
		ip[1] = (uint8_t)((ip[1] & 0x0f) | tos << 4);
		return;
	}
	ip[1] = tos;
	ip[10] = ip[11] = 0;
	be_put16(ip + 10, ~be_sum(ip, 20, 0));
}

static uint8_t get_tos(const uint8_t *ip, bool v6)
{
	return v6 ? (uint8_t)(ip[0] << 4 | ip[1] >> 4) : ip[1];
}

/* A packet from the peer in either version of each header. Returns where the inner one starts. */
static uint16_t put(uint8_t *in, bool outer6, bool inner6)
{
	uint16_t front = outer6 ? 84 : 64;

	if (inner6)
		put_pod6(in + front, true, 60);
	else
		put_inner(in + front, PEER_POD, OWN_POD, 1, 60);
	if (outer6)
		put_outer6(in, 60, inner6 ? 0x86dd : 0x0800);
	else
		put_outer(in, 60);
	if (!outer6 && inner6)
		be_put16(in + 62, 0x86dd);
	return front;
}

static uint8_t ecn_after(struct bed *b, bool outer6, bool inner6, uint8_t outer, uint8_t inner)
{
	uint8_t in[200], out[200];
	uint16_t front = put(in, outer6, inner6);

	in[front + 1] |= inner6 ? 0x0a : 0; /* of the flow label, not to be touched */
	set_tos(in + front, inner6, 0x28 | inner);
	set_tos(in + 14, outer6, 0xb8 | outer);
	if (outer6)
		put_csum6(in, 60);
	bed_receive(b, UPLINK, bed_packet(UPLINK, in, front + 60, 0, 0));
	assert_int_equal(ops->poll(&b->ctx), 1);
	if (b->port[HOST].n_out == 0)
		return DROP;
	bed_sent(b, HOST, out, sizeof(out));
	uint8_t tos = get_tos(out, inner6);
	assert_int_equal(tos & ~3, 0x28);
	if (!inner6)
		assert_int_equal(be_sum(out, 20, 0), 0xffff);
	/* Nothing else is different. */
	set_tos(out, inner6, 0x28 | inner);
	assert_memory_equal(out, in + front, 60);
	bed_drain(b);
	return tos & 3;
}

static void decapsulation(void **state)
{
	(void)state;
	struct bed *b = bed_open6();

	bed_set_validation(b, OVNET_VALIDATE_OFF); /* mixed versions are for listed peers only */
	for (unsigned versions = 0; versions < 4; versions++)
		for (unsigned r = 0; r < 4; r++)
			for (unsigned o = 0; o < 4; o++)
				assert_int_equal(ecn_after(b, versions & 1, versions & 2, outers[o],
							 rows[r][0]),
					rows[r][o + 1]);
	assert_int_equal(b->counters.drops[OVNET_DROP_ECN_ILLEGAL], 4);
	assert_int_equal(bed_drops(b), 4);
	bed_close(b);
}

/* RFC 6040 section 4.1, normal mode: the field as it is; DSCP by the outer mode (RFC 2983). */
static void encapsulation(void **state)
{
	(void)state;
	const struct ovnet_addr own = addr6(OWN_NET6, 2), peer4 = addr6(0x77, 2);
	uint8_t in[200], out[200];
	struct bed *b = bed_open6();

	bed_add_peer6(b, 0x77, OVNET_ENCAP_VXLAN4);
	for (unsigned inherit = 0; inherit < 2; inherit++) {
		b->overlay.outer.dscp_inherit = inherit;
		assert_int_equal(bed_set_overlay(b), 0);
		for (unsigned kind = 0; kind < 3; kind++)
			for (unsigned i = 0; i < 16; i++) {
				uint8_t tos = (uint8_t)(0xb8 >> i / 4 & 0xfc) | (i & 3);
				bool outer6 = kind == 2, inner6 = kind > 0;
				if (kind == 0)
					put_inner(in, OWN_POD, PEER_POD, 1, 60);
				else if (kind == 1)
					put_inner6(in, &own, &peer4, 1, 60);
				else
					put_pod6(in, false, 60);
				set_tos(in, inner6, tos);
				bed_receive(b, HOST, bed_packet(HOST, in, 60, 0, 0));
				ops->poll(&b->ctx);
				bed_sent(b, UPLINK, out, sizeof(out));
				assert_int_equal(
					get_tos(out + 14, outer6), inherit ? tos : tos & 3);
				assert_int_equal(out[14] >> 4, outer6 ? 6 : 4);
				assert_memory_equal(out + (outer6 ? 84 : 64), in, 60);
				if (outer6)
					assert_int_equal(udp6_sum(out + 14, out + 54, 90), 0xffff);
				else
					assert_int_equal(be_sum(out + 14, 20, 0), 0xffff);
				bed_drain(b);
			}
	}
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decapsulation),
		cmocka_unit_test(encapsulation),
	};

	return bed_run_levels("path_ecn", tests, RTE_DIM(tests));
}
