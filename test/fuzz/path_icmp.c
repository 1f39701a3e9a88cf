/* SPDX-License-Identifier: BSD-3-Clause */
/* An ICMP error is about what came, quotes it and goes to its sender (RFC 1812, 4443). */
#include <netinet/in.h>
#include <string.h>

#include "fuzz.h"
#include "path_bytes.h"
#include "path_check.h"

#define ICMP 8u /* bytes of its header */

static void check_quote(
	const uint8_t *quote, unsigned len, const uint8_t *in, const struct fuzz_way *way)
{
	unsigned header = header_len(in);

	CHECK(len >= header && len <= total_len(in), "%u bytes of %u quoted", len, total_len(in));
	fuzz_check_header(quote, in, way);
	CHECK(total_len(quote) == total_len(in), "quotes another length");
	CHECK(ttl_of(quote) <= ttl_of(in) && ttl_of(quote) + way->hops >= ttl_of(in),
		"quotes TTL %u of %u", ttl_of(quote), ttl_of(in));
	fuzz_check_payload(quote + header, in + header, len - header, way);
}

static void check_kind(const uint8_t *icmp, bool v6, const uint8_t *in)
{
	unsigned kind = get16(icmp), mtu = get32(icmp + 4);
	bool too_big = kind == (v6 ? 0x0200 : 0x0304);

	if (v6)
		CHECK(too_big || kind == 0x0100 || kind == 0x0103 || kind == 0x0300, "%04x", kind);
	else
		CHECK(too_big || kind == 0x0300 || kind == 0x0301 || kind == 0x0b00, "%04x", kind);
	CHECK(too_big || mtu == 0, "an MTU of %u", mtu);
	if (too_big && in != NULL)
		CHECK(mtu >= 1280 && mtu < total_len(in), "MTU %u for %u bytes", mtu,
			total_len(in));
}

/* Is it no error itself, and not a later fragment? Headers in front of ICMPv6 are not looked at. */
static void check_offender(const uint8_t *in)
{
	unsigned header = header_len(in);

	if (is_v6(in)) {
		CHECK(in[6] != IPPROTO_ICMPV6 || total_len(in) == header || in[header] >= 128,
			"an error about an error");
		return;
	}
	CHECK((get16(in + 6) & 0x1fff) == 0, "an error about a later fragment");
	CHECK(in[9] != IPPROTO_ICMP || (total_len(in) > header && in[header] != 3 &&
					       in[header] != 5 && in[header] != 11),
		"an error about an error");
}

static void check_addresses(const uint8_t *ip, const struct fuzz_answer *a)
{
	const uint8_t *in = a->way->in;
	unsigned n = is_v6(ip) ? 16 : 4, src = is_v6(ip) ? 8 : 12, dst = src + n;

	if (a->src != NULL)
		CHECK(memcmp(ip + src, a->src, n) == 0, "not from us");
	if (in == NULL)
		return;
	CHECK(memcmp(ip + dst, in + src, n) == 0, "not to its sender");
	/* From who was written to, or the first address of that subnet. */
	if (a->src == NULL)
		CHECK(memcmp(ip + src, in + dst, n - (is_v6(ip) ? 8 : 1)) == 0,
			"not from the far end");
}

void fuzz_check_answer(const uint8_t *ip, unsigned len, const struct fuzz_answer *a)
{
	bool v6 = is_v6(ip);
	unsigned header = v6 ? IP6 : 20, proto = v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;

	fuzz_check_ip(ip, len);
	CHECK(len >= header + ICMP + header && len <= (v6 ? 1280u : 576u), "%u bytes", len);
	CHECK(header_len(ip) == header && (v6 ? ip[6] : ip[9]) == proto, "no ICMP error");
	CHECK(ttl_of(ip) == a->ttl && fuzz_sum_right(ip), "header");
	CHECK(fuzz_upper_sum_right(ip, proto), "ICMP's checksum");
	check_kind(ip + header, v6, a->way->in);
	check_addresses(ip, a);
	if (a->way->in == NULL)
		return;
	check_offender(a->way->in);
	check_quote(ip + header + ICMP, len - header - ICMP, a->way->in, a->way);
}
