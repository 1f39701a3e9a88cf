/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A frame by an attach port that has a guest, through the whole path: ARP, neighbours, routers,
 * DHCP, ping of the gateway. Its first byte is no part of it: bits 0 and 1 say that the checksums
 * are made right, bit 2 that the port has no guest, the rest where the frame is cut.
 *
 * Whatever it is, it is accounted for, and what is sent back goes to who is there, says whose it is
 * and has right sums.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/path_guest.h"
#include "fuzz.h"
#include "path_check.h"

#define MAX_LEN 1600

static struct bed *with, *without;
static const struct ovnet_path_ops *level;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	CHECK(setenv("CMOCKA_TEST_ABORT", "1", 1) == 0, "setenv");
	CHECK(bed_eal("0") == 0, "EAL");
	level = ovnet_path_select(NULL);
	CHECK(level != NULL, "level");
	with = open_guest(true);
	without = open_attached(true);
	return 0;
}

/* IPv4's header, and over UDP, or ICMPv6 and UDP over IPv6, as far as the frame has them. */
static void mend(uint8_t *f, size_t len)
{
	const unsigned type = f[12] << 8 | f[13];

	if (type == 0x0800 && len >= 42 && f[14] == 0x45) {
		put_sum4(f + 14);
		be_put16(f + 40, 0);
		const unsigned n = (unsigned)(f[16] << 8 | f[17]);
		if (n >= 28 && n + 14 <= len)
			be_put16(f + 40, ~be_sum(f + 34, n - 20, be_sum(f + 26, 8, 17 + n - 20)));
	}
	if (type != 0x86dd || len < 62)
		return;
	const unsigned n = (unsigned)(f[18] << 8 | f[19]), at = f[20] == 17 ? 60 : 56;
	if (n < 8 || n + 54 > len || (f[20] != 17 && f[20] != 58))
		return;
	be_put16(f + at, 0);
	be_put16(f + at, ~be_sum(f + 54, n, be_sum(f + 22, 32, f[20] + n)));
}

/* What went back to the guest. */
static void check_reply(const uint8_t *out, unsigned len, const uint8_t *in)
{
	const unsigned type = (unsigned)(out[12] << 8 | out[13]);

	CHECK(memcmp(out + 6, attach_mac.b, 6) == 0, "by another MAC address");
	CHECK((out[0] & 1) || memcmp(out, pod_mac.b, 6) == 0 || memcmp(out, in + 6, 6) == 0,
		"to somebody else");
	if (type == 0x0806) {
		CHECK(len == 42 && out[21] == 2, "no ARP reply");
		return;
	}
	fuzz_check_ip(out + 14, len - 14);
	/* What it sends to itself, and a ping's answer, is as wrong as it came. */
	CHECK(type == 0x86dd || fuzz_sum_right(out + 14) || !fuzz_sum_right(in + 14),
		"its checksum");
	const unsigned proto = type == 0x86dd ? out[20] : out[23];
	const uint8_t *upper = out + (type == 0x86dd ? 54 : 34);
	const unsigned from = (unsigned)(upper[0] << 8 | upper[1]);
	if (proto == 17 ? from == 67 || from == 547
			: proto == 58 && (*upper == 134 || *upper == 136))
		CHECK(fuzz_upper_sum_right(out + 14, proto), "its checksum over %u", proto);
}

static void run(struct bed *b, const uint8_t *f, size_t len, unsigned cut)
{
	struct ovnet_counters *c = &b->counters;
	const uint64_t before = bed_drops(b) + c->absorbed, made = c->answers + c->pieces;
	uint8_t out[MAX_LEN + 500];

	bed_receive(b, ATTACH, bed_packet(ATTACH, f, (uint16_t)len, (uint16_t)cut, 0));
	CHECK(level->poll(&b->ctx) == 1, "not polled");
	uint64_t sent = 0;
	for (unsigned d = 0; d < N_PORTS; d++)
		for (unsigned i = 0; i < b->port[d].n_out; i++, sent++) {
			struct rte_mbuf *m = b->port[d].out[i];
			rte_mbuf_sanity_check(m, 1);
			CHECK(m->pkt_len >= 14 && m->pkt_len <= sizeof(out), "%u bytes",
				m->pkt_len);
			const void *at = rte_pktmbuf_read(m, 0, m->pkt_len, out);
			CHECK(at != NULL, "a chain shorter than its packet");
			if (d == ATTACH)
				check_reply(at, m->pkt_len, f);
		}
	bed_drain(b);
	CHECK(bed_drops(b) + c->absorbed + sent == before + 1 + c->answers + c->pieces - made,
		"not accounted for");
	CHECK(rte_mempool_avail_count(bed_pool) == BED_MBUFS, "a buffer is missing");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t f[MAX_LEN];

	if (size < 2 || size > MAX_LEN)
		return 0;
	memcpy(f, data + 1, size - 1);
	if (data[0] & 1)
		mend(f, size - 1);
	run(data[0] & 4 ? without : with, f, size - 1, data[0] >> 3);
	return 0;
}
