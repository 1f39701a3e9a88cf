/* SPDX-License-Identifier: BSD-3-Clause */
/* What leaves has to be what a strict receiver takes. */
#include <string.h>

#include "path_run.h"

#define ETH 14

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static unsigned header_len(const uint8_t *ip)
{
	return (ip[0] & 15u) * 4;
}

static bool sum_right(const uint8_t *ip)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < header_len(ip); i += 2)
		sum += get16(ip + i);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

/* An IPv4 packet of just `len` bytes. */
static void check_ip4(const uint8_t *ip, unsigned len)
{
	CHECK(len >= 20 && ip[0] >> 4 == 4, "no IPv4 header in %u bytes", len);
	CHECK(header_len(ip) >= 20 && header_len(ip) <= len, "a header of %u in %u bytes",
		header_len(ip), len);
	CHECK(get16(ip + 2) == len, "states %u bytes and has %u", get16(ip + 2), len);
}

static void check_ethernet(const uint8_t *eth, unsigned len)
{
	CHECK(len >= ETH && get16(eth + 12) == 0x0800, "no IPv4 frame in %u bytes", len);
	CHECK((eth[6] & 1) == 0, "a group address as source");
}

/* The same but for TOS and checksum, and right if it was. */
static void check_same(const uint8_t *out, const uint8_t *in, unsigned len)
{
	CHECK(out[0] == in[0], "another header length");
	CHECK((out[1] & ~3) == (in[1] & ~3), "another DSCP");
	CHECK(memcmp(out + 2, in + 2, 8) == 0 && memcmp(out + 12, in + 12, len - 12) == 0,
		"other bytes than came");
	CHECK(!sum_right(in) || sum_right(out), "the inner checksum was right");
}

void fuzz_check_vxlan4(
	const uint8_t *out, uint16_t len, const uint8_t *in, uint16_t in_len, bool l2)
{
	const uint8_t *ip = out + ETH, *udp = ip + 20, *inner = udp + 8 + 8 + ETH;
	unsigned inner_len = len - (unsigned)(inner - out), skip = l2 ? ETH : 0;

	check_ethernet(out, len);
	check_ip4(ip, len - ETH);
	CHECK(header_len(ip) == 20 && ip[9] == 17 && sum_right(ip), "outer header");
	CHECK(len >= ETH + 20 + 8 + 8 + ETH + 20, "%u bytes are no VXLAN packet", len);
	CHECK((get16(ip + 6) & 0x3fff) == 0, "an outer fragment");
	CHECK(get16(udp + 4) == len - ETH - 20, "UDP length %u", get16(udp + 4));
	CHECK(get16(udp + 2) == 8472 && get16(udp) >= 32768 && get16(udp) <= 60999, "ports");
	CHECK(udp[8] == 8 && get16(udp + 12) == 0 && udp[14] == 1, "VXLAN header");
	check_ethernet(inner - ETH, inner_len + ETH);
	check_ip4(inner, inner_len);
	CHECK((ip[1] & 3) == (inner[1] & 3), "ECN is not copied");
	if (in == NULL)
		return;
	CHECK(in_len >= skip + inner_len, "longer than it came");
	CHECK(memcmp(in + skip, inner, inner_len) == 0, "other bytes than came");
}

void fuzz_check_from_vxlan4(
	const uint8_t *out, uint16_t len, const uint8_t *in, uint16_t in_len, bool l2)
{
	unsigned skip = l2 ? ETH : 0;

	if (l2)
		check_ethernet(out, len);
	check_ip4(out + skip, len - skip);
	if (in == NULL)
		return;
	unsigned at = ETH + header_len(in + ETH) + 8 + 8 + ETH;
	CHECK(in_len >= at + len - skip, "longer than it came");
	check_same(out + skip, in + at, len - skip);
}
