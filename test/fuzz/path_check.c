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

/* Cut from the packet `in`, not that itself. */
static bool is_piece(const uint8_t *out, const uint8_t *in)
{
	return get16(out + 2) != get16(in + 2) || get16(out + 6) != get16(in + 6);
}

/* The same but for TOS, hops and checksum, and right if it was. */
static void check_same(const uint8_t *out, const uint8_t *in, unsigned len, unsigned hops)
{
	CHECK(out[0] == in[0], "another header length");
	CHECK((out[1] & ~3) == (in[1] & ~3), "another DSCP");
	CHECK(out[8] + hops == in[8], "not %u hops less", hops);
	CHECK(memcmp(out + 2, in + 2, 6) == 0 && out[9] == in[9] &&
			memcmp(out + 12, in + 12, len - 12) == 0,
		"other bytes than came");
	CHECK(!sum_right(in) || sum_right(out), "the inner checksum was right");
}

static void check_ip(const uint8_t *ip, unsigned len)
{
	if (len > 0 && ip[0] >> 4 == 4) {
		check_ip4(ip, len);
		return;
	}
	CHECK(len >= 40 && ip[0] >> 4 == 6, "no IP header in %u bytes", len);
	CHECK(get16(ip + 4) + 40 == len, "states %u bytes and has %u", get16(ip + 4) + 40, len);
}

void fuzz_check_frame(const uint8_t *out, uint16_t len, const uint8_t *in, uint16_t in_len, bool l2)
{
	(void)in, (void)in_len, (void)l2;
	CHECK(len > ETH && (out[6] & 1) == 0, "no frame in %u bytes", len);
	CHECK(get16(out + 12) == (out[ETH] >> 4 == 6 ? 0x86ddu : 0x0800u), "Ethernet type");
	check_ip(out + ETH, len - ETH);
}

void fuzz_check_packet(
	const uint8_t *out, uint16_t len, const uint8_t *in, uint16_t in_len, bool l2)
{
	if (l2)
		fuzz_check_frame(out, len, in, in_len, l2);
	else
		check_ip(out, len);
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
	if (is_piece(inner, in + skip))
		return;
	check_same(inner, in + skip, inner_len, l2 ? 1 : 0);
	CHECK(inner[1] == in[skip + 1], "another TOS");
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
	if (is_piece(out + skip, in + at))
		return;
	check_same(out + skip, in + at, len - skip, l2 ? 1 : 0);
}
