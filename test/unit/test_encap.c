/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "bed/capture.h"
#include "encap/vxlan4.h"

static const uint8_t ether[16] = {0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x08, 0};

/* Folded sum of a header with its checksum in it: 0xffff when that is right. */
static uint16_t header_sum(const uint8_t *ip)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < 20; i += 2)
		sum += get16(ip + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void rewrite_between(
	struct ovnet_rewrite *rw, const struct capture_node *from, const struct capture_node *to)
{
	const struct ovnet_tunnel_conf conf = {
		.src = ovnet_addr_v4(from->public_host),
		.dst = ovnet_addr_v4(to->public_host),
		.udp_port = 8472,
		.vni = 1,
		.outer = {.ttl = 64},
		.inner_src = from->vtep,
		.inner_dst = to->vtep,
	};

	ovnet_vxlan4_build(rw, &conf, AF_INET);
}

/* What a kernel varies by itself (source port, IP id) is taken from its frame; UDP checksum: none.
 */
static void kernel_header_is_ours(const struct capture *c, const struct frame *f)
{
	unsigned from = capture_sender(c, f);
	struct ovnet_rewrite rw;
	uint8_t ours[OVNET_VXLAN4_LEN], theirs[OVNET_VXLAN4_LEN];
	const struct ovnet_outer4_packet p = {
		.inner_len = (uint16_t)(f->len - OVNET_VXLAN4_LEN),
		.src_port = get16(f->bytes + 34),
		.ip_id = get16(f->bytes + 18),
		.inner_tos = f->bytes[65],
	};

	rewrite_between(&rw, &c->node[from], &c->node[1 - from]);
	ovnet_vxlan4_push(ours, &rw, f->bytes, &p);
	memcpy(theirs, f->bytes, sizeof(theirs));
	theirs[40] = theirs[41] = 0;
	assert_memory_equal(ours, theirs, sizeof(ours));
}

static void header_equals_the_kernels(void **state)
{
	(void)state;
	struct frame f;

	for (unsigned i = 0; i < sizeof(captures) / sizeof(captures[0]); i++) {
		FILE *in = capture_open(&captures[i]);
		unsigned n = 0;
		for (; capture_next(in, &f); n++)
			kernel_header_is_ours(&captures[i], &f);
		fclose(in);
		assert_int_equal(n, 30);
	}
}

static void checksum_holds_for_every_length_id_and_ecn(void **state)
{
	(void)state;
	struct ovnet_rewrite rw;
	uint8_t b[OVNET_VXLAN4_LEN];

	rewrite_between(&rw, &captures[0].node[0], &captures[0].node[1]);
	for (uint32_t len = 20; len <= 65535 - OVNET_OVERHEAD(OVNET_VXLAN4_LEN); len += 7) {
		const struct ovnet_outer4_packet p = {.inner_len = (uint16_t)len,
			.src_port = 40000,
			.ip_id = (uint16_t)(len * 40503u),
			.inner_tos = (uint8_t)(len * 31)};
		ovnet_vxlan4_push(b, &rw, ether, &p);
		assert_int_equal(header_sum(b + 14), 0xffff);
		assert_int_equal(get16(b + 16), len + 50);
		assert_int_equal(get16(b + 38), len + 30);
		assert_int_equal(b[15], p.inner_tos & 3);
	}
}

static void dscp_and_hops_are_the_chosen_ones(void **state)
{
	(void)state;
	struct ovnet_tunnel_conf conf = {.outer = {.dscp = 46, .ttl = 9}};
	struct ovnet_rewrite rw;

	ovnet_vxlan4_build(&rw, &conf, AF_INET);
	assert_int_equal(rw.bytes[15], 46 << 2);
	assert_int_equal(rw.bytes[22], 9);
	ovnet_udp4_build(&rw, &conf);
	assert_int_equal(rw.bytes[15], 46 << 2);
	ovnet_vxlan6_build(&rw, &conf);
	assert_int_equal(get16(rw.bytes + 14), 0x6000 | 46 << 6);
	assert_int_equal(rw.bytes[21], 9);
}

static void vni_of_24_bits_and_flags(void **state)
{
	(void)state;
	struct ovnet_rewrite rw;
	const struct ovnet_tunnel_conf conf = {
		.vni = 0xfedcba, .udp_port = 4789, .outer = {.ttl = 64}};

	ovnet_vxlan4_build(&rw, &conf, AF_INET);
	assert_memory_equal(rw.bytes + 42, "\x08\0\0\0\xfe\xdc\xba\0", 8);
	assert_int_equal(ovnet_vxlan_vni(rw.bytes + 42), 0xfedcba);
	assert_true(ovnet_vxlan_has_vni(rw.bytes + 42));
	assert_false(ovnet_vxlan_has_vni((const uint8_t *)"\xf7\0\0\0\0\0\1\0"));
	assert_int_equal(get16(rw.bytes + 36), 4789);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_equals_the_kernels),
		cmocka_unit_test(checksum_holds_for_every_length_id_and_ecn),
		cmocka_unit_test(dscp_and_hops_are_the_chosen_ones),
		cmocka_unit_test(vni_of_24_bits_and_flags),
	};
	return cmocka_run_group_tests_name("encap", tests, NULL, NULL);
}
