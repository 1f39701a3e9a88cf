/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "packet/ttl.h"

/* The whole sum, apart from what is tested. */
static uint16_t checksum(const uint8_t *b, unsigned len)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < len; i += 2)
		sum += (uint32_t)b[i] << 8 | b[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put_checksum(struct rte_ipv4_hdr *ip)
{
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_cpu_to_be_16(checksum((const uint8_t *)ip, sizeof(*ip)));
}

static struct rte_ipv4_hdr header(uint8_t ttl, uint16_t id)
{
	struct rte_ipv4_hdr ip = {.version_ihl = 0x45,
		.total_length = RTE_BE16(84),
		.packet_id = rte_cpu_to_be_16(id),
		.time_to_live = ttl,
		.next_proto_id = 17,
		.src_addr = RTE_BE32(0x0a055202),
		.dst_addr = RTE_BE32(0x0a050902)};

	put_checksum(&ip);
	return ip;
}

/* The id takes the checksum through all its values, 0 and the carries among them. */
static void checksums_are_those_of_the_whole_header(void **state)
{
	(void)state;
	unsigned zeros = 0;

	for (uint32_t id = 0; id <= UINT16_MAX; id++) {
		struct rte_ipv4_hdr ip = header((uint8_t)(2 + id % 254), (uint16_t)id);
		uint8_t ttl = ip.time_to_live;

		assert_true(ovnet_ttl_decrement4(&ip));
		assert_int_equal(ip.time_to_live, ttl - 1);
		uint16_t got = ip.hdr_checksum;
		put_checksum(&ip);
		assert_int_equal(got, ip.hdr_checksum);
		zeros += got == 0;
	}
	assert_true(zeros > 0);
}

static void the_last_hop_changes_nothing(void **state)
{
	(void)state;
	for (uint8_t ttl = 0; ttl <= 1; ttl++) {
		struct rte_ipv4_hdr ip = header(ttl, 7), was = ip;
		struct rte_ipv6_hdr ip6 = {.hop_limits = ttl};

		assert_false(ovnet_ttl_decrement4(&ip));
		assert_memory_equal(&ip, &was, sizeof(ip));
		assert_false(ovnet_ttl_decrement6(&ip6));
		assert_int_equal(ip6.hop_limits, ttl);
	}
}

static void ip6_has_no_checksum(void **state)
{
	(void)state;
	struct rte_ipv6_hdr ip = {.vtc_flow = RTE_BE32(0x60000000), .proto = 6, .hop_limits = 255};
	struct rte_ipv6_hdr want = ip;

	for (unsigned hops = 254; hops > 0; hops--) {
		assert_true(ovnet_ttl_decrement6(&ip));
		want.hop_limits = (uint8_t)hops;
		assert_memory_equal(&ip, &want, sizeof(ip));
	}
	assert_false(ovnet_ttl_decrement6(&ip));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksums_are_those_of_the_whole_header),
		cmocka_unit_test(the_last_hop_changes_nothing),
		cmocka_unit_test(ip6_has_no_checksum),
	};

	return cmocka_run_group_tests_name("ttl", tests, NULL, NULL);
}
