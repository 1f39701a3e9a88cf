/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/packet_summary.h"

#define ETHERNET(type) \
	"001122334455" \
	"66778899aabb" type
#define TCP4                                       \
	"4500002800004000400600000a0501020a050203" \
	"c35000500000000000000000"                 \
	"5012"

static const struct {
	const char *hex;
	bool raw;
	const char *want;
} packets[] = {
	{TCP4 "00000000", true, "10.5.1.2.50000 > 10.5.2.3.80 tcp [S.]"},
	{ETHERNET("0800") TCP4 "00000000", false, "10.5.1.2.50000 > 10.5.2.3.80 tcp [S.]"},
	{ETHERNET("8100") "0007"
			  "0800" TCP4 "00000000",
		false, "vlan 7 10.5.1.2.50000 > 10.5.2.3.80 tcp [S.]"},
	{ETHERNET("0800") "450000720000000040110000"
			  "0aa8000b"
			  "0aa8000c"
			  "9c402118005e0000"
			  "0800000000000100" ETHERNET("0800") "450000400000400040010000"
							      "0a050102"
							      "0a050203"
							      "0800",
		false,
		"10.168.0.11.40000 > 10.168.0.12.8472 udp vxlan 1: 10.5.1.2 > 10.5.2.3 icmp echo "
		"request"},
	{"450000400000200940110000"
	 "0a050102"
	 "0a050203"
	 "0800080008000800",
		true, "10.5.1.2 > 10.5.2.3 udp fragment at 72"},
	{"450000400000400001010000"
	 "0a050102"
	 "0a050203"
	 "0304",
		true, "10.5.1.2 > 10.5.2.3 icmp fragmentation needed"},
	{"6000000000083a40"
	 "fd050000000000000000000000000001"
	 "fd050000000000000000000000000002"
	 "8000",
		true, "fd05::1 > fd05::2 icmp6 echo request"},
	{ETHERNET("0806") "0001080006040001"
			  "001122334455"
			  "0a050102"
			  "000000000000"
			  "0a050103",
		false, "arp request 10.5.1.2 > 10.5.1.3"},
	{ETHERNET("88b5"), false, "66:77:88:99:aa:bb > 00:11:22:33:44:55 type 0x88b5"},
	{"4500", true, "malformed IPv4"},
	{"60", true, "malformed IPv6"},
	{"00", true, "no IP"},
	{"", true, "no IP"},
	{"", false, "malformed Ethernet"},
	{ETHERNET("0806") "0001", false, "malformed arp"},
};

static size_t bytes_of(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		const char pair[] = {hex[2 * i], hex[2 * i + 1], '\0'};
		out[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return n;
}

static void says_what_it_is(void **state)
{
	(void)state;
	char text[PACKET_SUMMARY_SIZE];
	uint8_t bytes[256];

	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		size_t n = bytes_of(packets[i].hex, bytes);
		assert_string_equal(
			packet_summary(bytes, n, packets[i].raw, text), packets[i].want);
	}
}

/* Cut off anywhere it still says something, and reads no further. */
static void of_what_there_is(void **state)
{
	(void)state;
	char text[PACKET_SUMMARY_SIZE];
	uint8_t bytes[256];

	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		const size_t all = bytes_of(packets[i].hex, bytes);
		for (size_t n = 0; n < all; n++) {
			uint8_t *cut = malloc(n + (n == 0));
			assert_non_null(cut);
			memcpy(cut, bytes, n);
			assert_true(strlen(packet_summary(cut, n, packets[i].raw, text)) > 0);
			free(cut);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_it_is),
		cmocka_unit_test(of_what_there_is),
	};

	return cmocka_run_group_tests_name("packet_summary", tests, NULL, NULL);
}
