/* SPDX-License-Identifier: BSD-3-Clause */
#include "path_check.h"

#include <netinet/in.h>
#include <string.h>

#include "fuzz.h"
#include "path_bytes.h"

#define OFFSET   0x1fffu
#define MORE     0x2000u
#define DF       0x4000u
#define RESERVED 0x8000u /* goes along */
/* Two of checksum, and at most ten MSS options of two each. */
#define CLAMPED 22u

static uint32_t add_up(const uint8_t *at, unsigned len, uint32_t sum)
{
	for (unsigned i = 0; i < len; i++)
		sum += i % 2 == 0 ? (uint32_t)at[i] << 8 : at[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

bool fuzz_sum_right(const uint8_t *ip)
{
	return is_v6(ip) || add_up(ip, header_len(ip), 0) == 0xffff;
}

bool fuzz_upper_sum_right(const uint8_t *ip, unsigned proto)
{
	unsigned len = total_len(ip) - header_len(ip);
	uint32_t sum = 0;

	if (is_v6(ip))
		sum = add_up(ip + 8, 32, proto + len);
	else if (proto != IPPROTO_ICMP)
		sum = add_up(ip + 12, 8, proto + len);

	return add_up(ip + header_len(ip), len, sum) == 0xffff;
}

void fuzz_check_ip(const uint8_t *ip, unsigned len)
{
	CHECK(len >= 20 && (is_v6(ip) || ip[0] >> 4 == 4), "no IP header in %u bytes", len);
	CHECK(header_len(ip) >= 20 && header_len(ip) <= len, "a header of %u in %u bytes",
		header_len(ip), len);
	CHECK(total_len(ip) == len, "states %u bytes and has %u", total_len(ip), len);
}

void fuzz_check_payload(
	const uint8_t *out, const uint8_t *in, unsigned len, const struct fuzz_way *way)
{
	unsigned differ = 0;

	for (unsigned i = 0; i < len; i++)
		differ += out[i] != in[i];
	CHECK(differ <= (way->clamp ? CLAMPED : 0), "%u other bytes than came", differ);
}

/* Version and TOS to the addresses, but for length, fragment, TTL and checksum. */
void fuzz_check_header(const uint8_t *out, const uint8_t *in, const struct fuzz_way *way)
{
	unsigned may = way->ecn ? 3 : 0;

	CHECK(is_v6(out) == is_v6(in), "another version");
	CHECK((tos_of(out) & ~may) == (tos_of(in) & ~may), "TOS %02x from %02x", tos_of(out),
		tos_of(in));
	if (is_v6(in)) {
		CHECK((get32(out) & 0xfffff) == (get32(in) & 0xfffff), "another flow label");
		CHECK(out[6] == in[6] && memcmp(out + 8, in + 8, 32) == 0, "another way");
		return;
	}
	CHECK(get16(out + 4) == get16(in + 4), "another id");
	CHECK(out[9] == in[9] && memcmp(out + 12, in + 12, 8) == 0, "another way");
}

static void check_whole(const uint8_t *out, const struct fuzz_way *way)
{
	const uint8_t *in = way->in;
	unsigned header = header_len(in);
	bool tcp = (is_v6(in) ? in[6] : in[9]) == IPPROTO_TCP;

	if (!is_v6(in)) {
		CHECK(out[0] == in[0] && memcmp(out + 20, in + 20, header - 20) == 0,
			"other options");
		CHECK(get16(out + 6) == get16(in + 6), "other flags");
	}
	fuzz_check_payload(out + header, in + header, total_len(in) - header, way);
	CHECK(!fuzz_sum_right(in) || fuzz_sum_right(out), "the checksum was right");
	if (way->clamp && tcp && (is_v6(in) || (get16(in + 6) & (MORE | OFFSET)) == 0))
		CHECK(!fuzz_upper_sum_right(in, IPPROTO_TCP) ||
				fuzz_upper_sum_right(out, IPPROTO_TCP),
			"TCP's checksum was right");
}

static void check_fragment(const uint8_t *out, unsigned len, const struct fuzz_way *way)
{
	const uint8_t *in = way->in;
	unsigned header = header_len(in), all = total_len(in) - header, n = len - header_len(out);
	unsigned from = (get16(in + 6) & OFFSET) * 8, at = (get16(out + 6) & OFFSET) * 8;

	CHECK(!is_v6(in) && (get16(in + 6) & DF) == 0 && total_len(in) > way->mtu,
		"cut, which it must not be");
	CHECK(fuzz_sum_right(out), "a fragment's checksum");
	CHECK(at >= from && at - from + n <= all, "%u bytes from %u on, of %u", n, at - from, all);
	bool more = at - from + n < all || (get16(in + 6) & MORE);
	CHECK((get16(out + 6) & ~OFFSET) == ((more ? MORE : 0) | (get16(in + 6) & RESERVED)),
		"flags %04x", get16(out + 6));
	/* The last one is as odd as what came, though that had MF set. */
	CHECK(n > 0 && (at - from + n == all || n % 8 == 0), "a fragment of %u bytes", n);
	fuzz_check_payload(out + header_len(out), in + header + at - from, n, way);
}

unsigned fuzz_check_forward(const uint8_t *ip, unsigned len, const struct fuzz_way *way)
{
	fuzz_check_ip(ip, len);
	CHECK(len <= way->mtu, "%u bytes where %u fit", len, way->mtu);
	if (way->in == NULL)
		return 0;
	fuzz_check_header(ip, way->in, way);
	CHECK(ttl_of(ip) + way->hops == ttl_of(way->in), "TTL %u from %u", ttl_of(ip),
		ttl_of(way->in));
	if (len == total_len(way->in))
		check_whole(ip, way);
	else
		check_fragment(ip, len, way);
	return len - header_len(ip);
}
