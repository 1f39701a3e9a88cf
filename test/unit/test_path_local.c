/* SPDX-License-Identifier: BSD-3-Clause */
/* What ovnet answers itself to what lives on attach ports: ARP, ND, echo. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/path_attach.h"
#include "path/reply.h"

#define ARP_LEN 42u

static void put_arp(uint8_t *b, uint8_t op, uint32_t sender, uint32_t target)
{
	memset(b, 0, ARP_LEN);
	put_ether(b, &attach_mac, &pod_mac);
	be_put16(b + 12, 0x0806);
	memcpy(b + 14, (uint8_t[]){0, 1, 8, 0, 6, 4, 0, op}, 8);
	memcpy(b + 22, pod_mac.b, 6);
	be_put32(b + 28, sender);
	be_put32(b + 38, target);
}

static void put_nd(
	uint8_t *b, uint8_t type, const struct ovnet_addr *src, const struct ovnet_addr *target)
{
	memset(b, 0, 86);
	put_ether(b, &attach_mac, &pod_mac);
	be_put16(b + 12, 0x86dd);
	b[14] = 0x60;
	be_put16(b + 18, 32);
	b[20] = 58;
	b[21] = 255;
	memcpy(b + 22, src->v6, 16);
	memcpy(b + 38, target->v6, 16);
	b[54] = type;
	memcpy(b + 62, target->v6, 16);
	b[78] = type == 135 ? 1 : 2;
	b[79] = 1;
	memcpy(b + 80, pod_mac.b, 6);
	be_put16(b + 56, ~be_sum(b + 54, 32, be_sum(b + 22, 32, 58 + 32)));
}

static void sum_nd(uint8_t *b)
{
	b[56] = b[57] = 0;
	be_put16(b + 56, ~be_sum(b + 54, 32, be_sum(b + 22, 32, 58 + 32)));
}

/* Heard, and neither answered nor dropped. */
static void taken(struct bed *b, const uint8_t *in, uint16_t len)
{
	uint64_t absorbed = b->counters.absorbed, drops = bed_drops(b);

	feed(b, ATTACH, in, len);
	assert_int_equal(b->counters.absorbed, absorbed + 1);
	assert_int_equal(bed_drops(b), drops);
	for (unsigned i = 0; i < N_PORTS; i++)
		assert_int_equal(b->port[i].n_out, 0);
}

static void arp_is_answered(void **state)
{
	(void)state;
	static const uint32_t targets[] = {OWN_NET + 1, OWN_POD, OTHER_POD, OWN_NET + 200};
	uint8_t in[100], out[100];
	struct bed *b = open_attached(true);

	for (unsigned i = 0; i < 2 * RTE_DIM(targets); i++) {
		uint32_t sender = i % 2 ? 0 : ATTACH_POD; /* a probe gets an answer, too */

		put_arp(in, 1, sender, targets[i / 2]);
		assert_int_equal(crosses(b, ATTACH, in, ARP_LEN, ATTACH, out, sizeof(out)), 42);
		assert_memory_equal(out, pod_mac.b, 6);
		assert_memory_equal(out + 6, attach_mac.b, 6);
		assert_memory_equal(out + 12, ((uint8_t[]){8, 6, 0, 1, 8, 0, 6, 4, 0, 2}), 10);
		assert_memory_equal(out + 22, attach_mac.b, 6);
		assert_int_equal(get(out + 28, 4), targets[i / 2]);
		assert_memory_equal(out + 32, pod_mac.b, 6);
		assert_int_equal(get(out + 38, 4), sender);
	}
	assert_int_equal(b->counters.answers, 8);
	assert_int_equal(b->counters.absorbed, 8);
	assert_int_equal(b->counters.stage_packets[OVNET_STAGE_LOCAL], 8);
	put_arp(in, 1, ATTACH_POD, ATTACH_POD); /* gratuitous */
	taken(b, in, ARP_LEN);
	put_arp(in, 1, 0, ATTACH_POD); /* a probe for its own */
	taken(b, in, ARP_LEN);
	put_arp(in, 1, ATTACH_POD, PEER_POD);
	taken(b, in, ARP_LEN);
	put_arp(in, 2, ATTACH_POD, OWN_NET + 1);
	taken(b, in, ARP_LEN);
	assert_int_equal(b->counters.answers, 8);
	bed_close(b);
}

static void arp_is_bound(void **state)
{
	(void)state;
	uint8_t in[100];
	struct bed *b = open_attached(true);

	bed_set_validation(b, OVNET_VALIDATE_OFF);
	for (uint8_t op = 1; op <= 2; op++) {
		put_arp(in, op, OTHER_POD, OWN_NET + 1);
		bed_refused(b, ATTACH, in, ARP_LEN, OVNET_DROP_FOREIGN_SOURCE);
		put_arp(in, op, OWN_NET + 1, OWN_NET + 1);
		bed_refused(b, ATTACH, in, ARP_LEN, OVNET_DROP_FOREIGN_SOURCE);
		put_arp(in, op, ATTACH_POD, OWN_NET + 1);
		in[27] ^= 1;
		bed_refused(b, ATTACH, in, ARP_LEN, OVNET_DROP_SOURCE_MAC);
		put_arp(in, op, ATTACH_POD, OWN_NET + 1);
		in[11] ^= 1;
		bed_refused(b, ATTACH, in, ARP_LEN, OVNET_DROP_SOURCE_MAC);
	}
	for (unsigned at = 15; at < 20; at++) {
		put_arp(in, 1, ATTACH_POD, OWN_NET + 1);
		in[at] ^= 0x40;
		bed_refused(b, ATTACH, in, ARP_LEN, OVNET_DROP_BAD_NEIGHBOUR);
	}
	put_arp(in, 1, ATTACH_POD, OWN_NET + 1);
	for (uint16_t len = 14; len < ARP_LEN; len++)
		bed_refused(b, ATTACH, in, len, OVNET_DROP_TRUNCATED);
	assert_int_equal(b->counters.answers, 0);
	bed_close(b);
}

static void nd_is_answered(void **state)
{
	(void)state;
	const struct ovnet_addr pod = addr_of_who(POD, true), none = {.family = AF_INET6},
				link = ovnet_addr_v6((uint8_t[16]){
					0xfe, 0x80, [8] = 0, 0, 0, 0xff, 0xfe, 0, 0, 9}),
				guest = ovnet_addr_v6((uint8_t[16]){0xfe, 0x80, [15] = 7});
	const struct ovnet_addr targets[] = {addr_of_who(GATEWAY, true), addr_of_who(OTHER, true),
		addr_of_who(HOST_POD, true), link};
	uint8_t in[100], out[100];
	struct bed *b = open_attached(true);

	for (unsigned i = 0; i < 2 * RTE_DIM(targets); i++) {
		const struct ovnet_addr *src = i % 2 ? &guest : &pod, *target = &targets[i / 2];

		put_nd(in, 135, src, target);
		assert_int_equal(crosses(b, ATTACH, in, 86, ATTACH, out, sizeof(out)), 86);
		assert_memory_equal(out, pod_mac.b, 6);
		assert_memory_equal(out + 6, attach_mac.b, 6);
		assert_int_equal(out[21], 255);
		assert_memory_equal(out + 22, target->v6, 16);
		assert_memory_equal(out + 38, src->v6, 16);
		assert_int_equal(out[54], 136);
		assert_int_equal(out[58], 0xe0);
		assert_memory_equal(out + 62, target->v6, 16);
		assert_memory_equal(out + 80, attach_mac.b, 6);
		assert_int_equal(be_sum(out + 54, 32, be_sum(out + 22, 32, 58 + 32)), 0xffff);
	}
	assert_int_equal(b->counters.answers, 8);
	put_nd(in, 135, &pod, &pod);
	taken(b, in, 86);
	put_nd(in, 136, &pod, &pod);
	taken(b, in, 86);
	put_nd(in, 135, &none, &pod);
	bed_refused(b, ATTACH, in, 86, OVNET_DROP_BAD_NEIGHBOUR); /* says its MAC address */
	put_nd(in, 135, &targets[1], &targets[0]);
	bed_refused(b, ATTACH, in, 86, OVNET_DROP_FOREIGN_SOURCE);
	put_nd(in, 136, &pod, &targets[0]);
	bed_refused(b, ATTACH, in, 86, OVNET_DROP_FOREIGN_SOURCE);
	put_nd(in, 135, &pod, &targets[0]);
	in[85] ^= 1;
	sum_nd(in);
	bed_refused(b, ATTACH, in, 86, OVNET_DROP_SOURCE_MAC);
	put_nd(in, 135, &pod, &targets[0]);
	in[11] ^= 1;
	bed_refused(b, ATTACH, in, 86, OVNET_DROP_SOURCE_MAC);
	static const unsigned wrong[] = {21, 55, 57, 79};
	for (unsigned i = 0; i < RTE_DIM(wrong); i++) {
		put_nd(in, 135, &pod, &targets[0]);
		in[wrong[i]]++;
		if (wrong[i] != 57)
			sum_nd(in);
		bed_refused(b, ATTACH, in, 86, OVNET_DROP_BAD_NEIGHBOUR);
	}
	bed_close(b);
}

/* Who has no address yet hears at everybody's that another one has it. */
static void duplicates_are_found(void **state)
{
	(void)state;
	const struct ovnet_addr none = {.family = AF_INET6}, pod = addr_of_who(POD, true);
	const enum who taken_ones[] = {GATEWAY, OTHER, HOST_POD};
	const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
	uint8_t in[100], out[100];
	struct bed *b = open_attached(true);

	for (unsigned i = 0; i <= RTE_DIM(taken_ones); i++) {
		const bool own = i == RTE_DIM(taken_ones);
		const struct ovnet_addr target = own ? pod : addr_of_who(taken_ones[i], true);

		put_nd(in, 135, &none, &target);
		be_put16(in + 18, 24); /* it does not say its MAC address */
		in[56] = in[57] = 0;
		be_put16(in + 56, ~be_sum(in + 54, 24, be_sum(in + 22, 32, 58 + 24)));
		if (own) {
			taken(b, in, 78);
			continue;
		}
		assert_int_equal(crosses(b, ATTACH, in, 78, ATTACH, out, sizeof(out)), 86);
		assert_memory_equal(out, "\x33\x33\0\0\0\1", 6);
		assert_memory_equal(out + 22, target.v6, 16);
		assert_memory_equal(out + 38, all_nodes, 16);
		assert_int_equal(out[54], 136);
		assert_int_equal(out[58], 0xa0); /* nobody has solicited it */
		assert_memory_equal(out + 62, target.v6, 16);
		assert_memory_equal(out + 80, attach_mac.b, 6);
		assert_int_equal(be_sum(out + 54, 32, be_sum(out + 22, 32, 58 + 32)), 0xffff);
	}
	bed_close(b);
}

/* By all protocols of a port together, and by that port alone. */
static void replies_are_limited(void **state)
{
	(void)state;
	const struct ovnet_addr pod = addr_of_who(POD, true), gw = addr_of_who(GATEWAY, true),
				pod4 = addr_of_who(POD, false), gw4 = addr_of_who(GATEWAY, false);
	uint8_t in[200], out[200];
	struct bed *b = open_attached(true);

	for (unsigned i = 0; i < OVNET_MAX_PORTS; i++)
		ovnet_rate_init(&b->ctx.replies[i], 1, 3, UINT64_C(1) << 40, 0);
	put_arp(in, 1, ATTACH_POD, OWN_NET + 1);
	(void)crosses(b, ATTACH, in, ARP_LEN, ATTACH, out, sizeof(out));
	put_nd(in, 135, &pod, &gw);
	(void)crosses(b, ATTACH, in, 86, ATTACH, out, sizeof(out));
	(void)crosses(b, ATTACH, in, 86, ATTACH, out, sizeof(out));
	taken(b, in, 86);
	put_arp(in, 1, ATTACH_POD, OWN_NET + 1);
	taken(b, in, ARP_LEN);
	uint16_t len = put_framed(in, &pod4, &gw4, 60);
	in[23] = 1;
	in[34] = 8;
	in[35] = 0;
	put_sum4(in + 14);
	taken(b, in, len);
	assert_int_equal(b->counters.answers, 3);
	assert_int_equal(b->counters.answers_limited, 3);
	put_arp(in, 1, OTHER_POD, OWN_NET + 1);
	put_ether(in, &attach2_mac, &other_mac);
	be_put16(in + 12, 0x0806);
	memcpy(in + 22, other_mac.b, 6);
	(void)crosses(b, ATTACH2, in, ARP_LEN, ATTACH2, out, sizeof(out));
	/* Nor from any other there may be. */
	struct ovnet_port any = {0};
	for (; any.id < OVNET_MAX_PORTS; any.id++)
		assert_int_equal(ovnet_local_limited(&b->ctx, &any), any.id == ATTACH);
	bed_close(b);
}

static void the_gateway_echoes_of(struct bed *b, bool host)
{
	uint8_t in[200], out[200];

	for (unsigned v6 = 0; v6 < 2; v6++) {
		const struct ovnet_addr pod = addr_of_who(POD, v6), gw = addr_of_who(GATEWAY, v6);
		const unsigned at = v6 ? 54 : 34, src = v6 ? 22 : 26, n = v6 ? 16 : 4;
		uint16_t len = put_framed(in, &pod, &gw, 80);

		/* UDP is the kernel's to answer. */
		if (!host)
			bed_refused(b, ATTACH, in, len, OVNET_DROP_NO_PORT);
		else
			(void)crosses(b, ATTACH, in, len, HOST, out, sizeof(out));
		in[v6 ? 20 : 23] = v6 ? 58 : 1;
		in[at] = v6 ? 128 : 8;
		in[at + 1] = 0;
		if (!v6)
			put_sum4(in + 14);
		assert_int_equal(crosses(b, ATTACH, in, len, ATTACH, out, sizeof(out)), len);
		assert_memory_equal(out, pod_mac.b, 6);
		assert_memory_equal(out + src, gw.family == AF_INET6 ? gw.v6 : in + src + n, n);
		assert_memory_equal(out + src + n, in + src, n);
		assert_int_equal(*ttl_at(out + 14), 64);
		assert_int_equal(out[at], v6 ? 129 : 0);
		assert_memory_equal(out + at + 4, in + at + 4, len - at - 4);
		/* What the sum was off by, it still is. */
		assert_int_equal(be_sum(out + at, len - at, 0), be_sum(in + at, len - at, 0));
		if (!v6)
			assert_int_equal(be_sum(out + 14, 20, 0), 0xffff);
	}
	bed_close(b);
}

/* Whoever has its address: a bridge may come later, or never. */
static void the_gateway_echoes(void **state)
{
	(void)state;
	the_gateway_echoes_of(open_attached(false), false);
	the_gateway_echoes_of(open_attached(true), true);
}

/* An attach port may have it, as any other address. */
static void a_gateway_of_ones_own_is_asked(void **state)
{
	(void)state;
	const struct ovnet_addr pod = addr_of_who(POD, false), gw = addr_of_who(GATEWAY, false);
	uint8_t in[200], out[200];
	struct bed *b = open_attached(true);

	bed_attach_prefix(b, &gw, 32, ATTACH2, &other_mac);
	uint16_t len = put_framed(in, &pod, &gw, 60);
	in[23] = 1;
	in[34] = 8;
	in[35] = 0;
	put_sum4(in + 14);
	assert_int_equal(crosses(b, ATTACH, in, len, ATTACH2, out, sizeof(out)), len);
	assert_memory_equal(out, other_mac.b, 6);
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arp_is_answered),
		cmocka_unit_test(arp_is_bound),
		cmocka_unit_test(nd_is_answered),
		cmocka_unit_test(duplicates_are_found),
		cmocka_unit_test(replies_are_limited),
		cmocka_unit_test(the_gateway_echoes),
		cmocka_unit_test(a_gateway_of_ones_own_is_asked),
	};

	return bed_run_levels("path_local", tests, RTE_DIM(tests));
}
