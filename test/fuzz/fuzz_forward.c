/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a router does to a packet at its IP header: an ICMP error about it, fragments, a lower MSS.
 * Each is asked about the packet in one buffer of its very size and cut into segments, and has to
 * say the same. Four bytes of parameters (what, MTU in two, segments), then the packet.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "bed/path.h"
#include "packet/fragment.h"
#include "packet/icmp_error.h"
#include "packet/ip6_upper.h"
#include "packet/mss_clamp.h"
#include "path_run.h"

#define HEAD      4
#define OUT_MAX   64
#define OUT_BYTES 4096

/* What came of it: return value, packets one behind the other. */
struct result {
	int rc;
	uint32_t len[OUT_MAX], used;
	uint8_t bytes[OUT_MAX * 128 + OUT_BYTES];
};

static uint16_t be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* Takes the packet, and gives it back. */
static void put(struct result *r, unsigned i, struct rte_mbuf *m)
{
	rte_mbuf_sanity_check(m, 1);
	CHECK(r->used + m->pkt_len <= sizeof(r->bytes), "%u bytes out", r->used + m->pkt_len);
	const uint8_t *at = rte_pktmbuf_read(m, 0, m->pkt_len, r->bytes + r->used);
	CHECK(at != NULL, "a chain shorter than its packet");
	if (at != r->bytes + r->used)
		memcpy(r->bytes + r->used, at, m->pkt_len);
	r->len[i] = m->pkt_len;
	r->used += m->pkt_len;
	rte_pktmbuf_free(m);
}

static void check_ip(const uint8_t *ip, uint32_t len, uint32_t most)
{
	CHECK(len >= 20 && len <= most, "%u bytes, at most %u", len, most);
	if (ip[0] >> 4 == 6) {
		CHECK(len >= 40 && be16(ip + 4) + 40u == len, "IPv6 states %u", be16(ip + 4));
		return;
	}
	unsigned header = (ip[0] & 15u) * 4;
	CHECK(ip[0] >> 4 == 4 && header >= 20 && header <= len, "header of %u", header);
	CHECK(be16(ip + 2) == len, "IPv4 states %u of %u", be16(ip + 2), len);
	CHECK((uint16_t)~be_sum(ip, header, 0) == 0, "IPv4 checksum");
}

static void error(struct rte_mbuf *m, uint8_t what, uint16_t mtu, struct result *r)
{
	static const uint8_t router6[16] = {0xfd, 0, 0, 5, [15] = 1};
	enum ovnet_icmp kind = (enum ovnet_icmp)(what >> 4 & 3);
	bool v6 = (what & 1) != 0;
	struct rte_mbuf *e = v6 ? ovnet_icmp6_error(bed_pool, m, kind, mtu, router6)
				: ovnet_icmp4_error(bed_pool, m, kind, mtu, htonl(OWN_NET + 1));

	if (e != NULL) {
		put(r, 0, e);
		check_ip(r->bytes, r->used, v6 ? 1280 : 576);
	}
	rte_pktmbuf_free(m);
}

static void cut_up(struct rte_mbuf *m, uint16_t mtu, struct result *r)
{
	struct rte_mbuf *out[OUT_MAX];

	r->rc = ovnet_fragment4(m, mtu, out, OUT_MAX);
	for (int i = 0; i < r->rc; i++) {
		uint32_t at = r->used;
		put(r, (unsigned)i, out[i]);
		check_ip(r->bytes + at, r->len[i], mtu);
	}
	if (r->rc < 0)
		rte_pktmbuf_free(m);
}

static void clamp(struct rte_mbuf *m, uint16_t mtu, struct result *r)
{
	struct ovnet_ip6_upper up = {0};

	if (ovnet_ip6_upper(m, &up) == 0) {
		CHECK(up.len <= m->pkt_len && up.off <= up.len, "%u of %u", up.off, up.len);
		memcpy(r->len, &up.len, sizeof(up.len));
		r->len[1] = up.off | (uint32_t)up.proto << 16 | (uint32_t)up.later_fragment << 24;
	}
	r->rc = ovnet_mss_clamp(m, mtu);
	put(r, 2, m);
}

static void run(const uint8_t *d, const uint8_t *bytes, uint16_t len, const struct fuzz_room *room,
	struct result *r)
{
	struct rte_mbuf *m = fuzz_packet(bed_pool, bytes, len, room);
	struct ovnet_meta *meta = ovnet_meta(m);
	uint16_t mtu = be16(d + 1);

	memset(r, 0, sizeof(*r));
	memset(meta, room->garbage, sizeof(*meta));
	ovnet_meta_reset(m, 0);
	meta->l3_len = len;
	meta->ip_version = len > 0 ? bytes[0] >> 4 : 4;
	switch (d[0] >> 1 & 3) {
	case 0:
	case 1:
		error(m, d[0], mtu, r);
		break;
	case 2:
		cut_up(m, mtu, r);
		break;
	default:
		clamp(m, mtu, r);
	}
	unsigned back = rte_mempool_avail_count(bed_pool);
	CHECK(back == BED_MBUFS, "%u of %u buffers are back", back, BED_MBUFS);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	CHECK(setenv("CMOCKA_TEST_ABORT", "1", 1) == 0, "setenv");
	CHECK(bed_eal("0") == 0, "EAL");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct result one, cut;
	const struct fuzz_room whole = {.headroom = 128};

	if (size < HEAD || size > HEAD + 4096)
		return 0;
	const struct fuzz_room pieces = {.headroom = 128,
		.tailroom = 200,
		.first = (uint16_t)((data[3] & 0x3f) + 1),
		.seg = (uint16_t)((data[3] >> 6) * 61 + 1),
		.garbage = 0xff};
	run(data, data + HEAD, (uint16_t)(size - HEAD), &whole, &one);
	run(data, data + HEAD, (uint16_t)(size - HEAD), &pieces, &cut);
	CHECK(one.rc == cut.rc && one.used == cut.used && memcmp(&one, &cut, sizeof(one)) == 0,
		"in one buffer %d and %u bytes, cut %d and %u", one.rc, one.used, cut.rc, cut.used);
	return 0;
}
