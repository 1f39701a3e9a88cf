/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cutting packets into segments, and merging packets. What is cut has to become whole again by
 * merging, what is merged has to come apart by cutting: to the last byte, with every checksum
 * right.
 *
 * Eight bytes of parameters (what; gso_size in two; csum_start in two; csum_offset; buffers; how
 * many at once), then a packet to be cut; or packets to be merged, each behind its length in two.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "bed/path.h"
#include "packet/csum_sum.h"
#include "packet/gro.h"
#include "path_run.h"

#define HEAD     8
#define LEN_MAX  4096
#define PKTS_MAX 32

static uint16_t be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint16_t sum(const void *at, size_t len)
{
	return rte_raw_cksum(at, len);
}

static uint16_t bytes_of(const struct rte_mbuf *m, uint8_t *bytes)
{
	rte_mbuf_sanity_check(m, 1);
	CHECK(m->pkt_len <= LEN_MAX * 2, "%u bytes", m->pkt_len);
	const void *at = rte_pktmbuf_read(m, 0, m->pkt_len, bytes);
	CHECK(at != NULL, "a chain shorter than its packet");
	if (at != bytes)
		memcpy(bytes, at, m->pkt_len);
	return (uint16_t)m->pkt_len;
}

static struct rte_mbuf *packet(const uint8_t *d, const uint8_t *bytes, uint16_t len)
{
	const struct fuzz_room room = {.headroom = 128,
		.tailroom = 300,
		.first = (uint16_t)((d[6] & 0x3f) * 9 + 1),
		.seg = (uint16_t)((d[6] >> 6) * 97 + 40),
		.garbage = 0xff};
	struct rte_mbuf *m = fuzz_packet(bed_pool, bytes, len, &room);
	struct ovnet_meta *meta = ovnet_meta(m);

	memset(meta, 0xff, sizeof(*meta));
	ovnet_meta_reset(m, 0);
	meta->l3_len = len;
	meta->out_port = 0;
	return m;
}

/* One that has landed cut, its buffers as large as the parameters say, or a byte larger. */
static struct rte_mbuf *landed(const uint8_t *d, const uint8_t *bytes, uint16_t len)
{
	const unsigned l4 = be16(d + 3), size = RTE_MAX(8u, RTE_MIN(be16(d + 1), 1500u));
	const unsigned upper = d[5] != 16 || l4 + 12 >= len ? 8 : (bytes[l4 + 12] >> 4) * 4u;
	unsigned n = RTE_MIN(l4 + upper + size, 1900u);
	struct rte_mbuf *m = NULL, *last = NULL;

	for (uint16_t at = 0; at < len; at += last->data_len, n = size + (d[6] & 1)) {
		struct rte_mbuf *s = rte_pktmbuf_alloc(bed_pool);

		CHECK(s != NULL, "no memory");
		s->data_off = at == 0 ? RTE_PKTMBUF_HEADROOM : OVNET_CUT_HEADROOM - (d[6] & 64);
		s->data_len = (uint16_t)RTE_MIN(n, (unsigned)(len - at));
		memcpy(rte_pktmbuf_mtod(s, void *), bytes + at, s->data_len);
		if (m == NULL)
			m = s;
		else
			last->next = s;
		last = s;
		m->nb_segs += s != m;
	}
	m->pkt_len = len;
	ovnet_meta_reset(m, 0);
	ovnet_meta(m)->l3_len = len;
	return m;
}

/* All that is left of one flow, cut again where it was merged; how many. */
static unsigned cut_all(struct rte_mbuf *m, struct rte_mbuf **out, unsigned max, uint16_t at_once)
{
	struct ovnet_gso_cut c;
	unsigned n = 0;
	uint16_t got;

	if ((ovnet_meta(m)->offload & OVNET_OFF_GSO) == 0) {
		out[0] = m;
		return 1;
	}
	ovnet_gso_begin(&c, m, 0);
	while (n < max && (got = ovnet_gso_next(&c, out + n, (uint16_t)RTE_MIN(at_once, max - n))))
		n += got;
	CHECK(c.rest == NULL && c.left == 0, "%u segments are missing", c.left);
	return n;
}

static bool is_ip(const uint8_t *ip, unsigned len)
{
	if (len >= 40 && ip[0] >> 4 == 6)
		return be16(ip + 4) + 40u == len;
	return len >= 20 && ip[0] >> 4 == 4 && (ip[0] & 15) >= 5 && (ip[0] & 15) * 4u <= len &&
	       be16(ip + 2) == len;
}

/* The pseudo header's sum, and on top of it the bytes from `l4` on if `all`. */
static uint32_t upper_sum(const uint8_t *ip, unsigned len, unsigned l4, bool udp, bool all)
{
	const bool v6 = ip[0] >> 4 == 6;
	const uint32_t pseudo = be_sum(ip + (v6 ? 8 : 12), v6 ? 32 : 8, (udp ? 17 : 6) + len - l4);

	return all ? be_sum(ip + l4, len - l4, pseudo) : pseudo;
}

static bool is_sum4_right(const uint8_t *ip)
{
	return ip[0] >> 4 == 6 || be_sum(ip, (ip[0] & 15u) * 4, 0) == 0xffff;
}

static void cut_one(const uint8_t *d, const uint8_t *bytes, uint16_t len)
{
	static struct rte_mbuf *out[OVNET_GSO_TCP_SEGS_MAX + 1];
	static uint8_t b[LEN_MAX * 2];
	struct rte_mbuf *m = d[7] & 128 ? landed(d, bytes, len) : packet(d, bytes, len);
	struct ovnet_meta *meta = ovnet_meta(m);

	meta->offload = OVNET_OFF_CSUM | (uint8_t)(d[0] & OVNET_OFF_GSO);
	meta->gso_size = be16(d + 1);
	meta->csum_start = be16(d + 3);
	meta->csum_offset = d[5];
	if (ovnet_gso_check(m, 0) != 0 || (meta->offload & OVNET_OFF_GSO) == 0) {
		rte_pktmbuf_free(m);
		return;
	}
	const unsigned segs = meta->gso_segs, headers = meta->hdr_len;
	const unsigned l4 = be16(d + 3);
	const bool udp = meta->offload & OVNET_OFF_USO,
		   upper = be16(bytes + l4 + d[5]) == upper_sum(bytes, len, l4, udp, false);
	const unsigned n = cut_all(m, out, RTE_DIM(out), (uint16_t)((d[7] & 127) + 1));
	unsigned payload = 0;

	CHECK(n == segs && n > 1, "%u segments, %u were foretold", n, segs);
	for (unsigned i = 0; i < n; i++) {
		const unsigned got = bytes_of(out[i], b);
		CHECK(got > headers && got <= headers + be16(d + 1), "%u bytes", got);
		CHECK(memcmp(b + headers, bytes + headers + payload, got - headers) == 0,
			"other payload");
		CHECK(ovnet_meta(out[i])->offload == 0, "something is undone");
		CHECK(is_ip(b, got), "states other than %u bytes", got);
		CHECK(!upper || upper_sum(b, got, l4, udp, true) == 0xffff, "a wrong checksum");
		CHECK(!is_sum4_right(bytes) || is_sum4_right(b), "the checksum was right");
		payload += got - headers;
		rte_pktmbuf_free(out[i]);
	}
	CHECK(payload == (unsigned)len - headers, "%u bytes of %u", payload, len - headers);
}

/* In a merged packet identifications that stood still count up again. */
static void forget_id(uint8_t *ip)
{
	if (ip[0] >> 4 == 4)
		ip[4] = ip[5] = ip[10] = ip[11] = 0;
}

/* TCP has two ways to write the sum of nothing: a sender may have chosen the one we do not. */
static bool is_same(const uint8_t *a, const uint8_t *b, unsigned len)
{
	unsigned at = 0, differ = 0;

	for (unsigned i = 0; i < len; i++)
		if (a[i] != b[i]) {
			at = differ++ == 0 ? i : at;
			if ((a[i] ^ b[i]) != 0xff || (a[i] != 0 && b[i] != 0) || i > at + 1)
				return false;
		}
	return differ == 0 || (differ == 2 && a[at] == a[at + 1]);
}

/* Is there such a packet among those that are left to be found? Takes it. */
static bool find(struct rte_mbuf **left, unsigned n, uint8_t *bytes, uint16_t len)
{
	static uint8_t b[LEN_MAX * 2];

	forget_id(bytes);
	for (unsigned i = 0; i < n; i++) {
		if (left[i] == NULL || bytes_of(left[i], b) != len)
			continue;
		forget_id(b);
		if (is_same(b, bytes, len)) {
			rte_pktmbuf_free(left[i]);
			left[i] = NULL;
			return true;
		}
	}
	return false;
}

static void merge_all(const uint8_t *d, const uint8_t *data, size_t size)
{
	struct rte_mbuf *pkts[PKTS_MAX], *copies[PKTS_MAX], *out[OVNET_GSO_SEGS_MAX];
	static uint8_t b[LEN_MAX * 2];
	uint8_t takes[PKTS_MAX];
	uint16_t n = 0;

	while (size >= 2 && n < PKTS_MAX) {
		size_t len = RTE_MIN((size_t)be16(data), size - 2);
		data += 2, size -= 2;
		if (is_ip(data, (unsigned)len)) {
			pkts[n] = packet(d, data, (uint16_t)len);
			copies[n] = packet(d, data, (uint16_t)len);
			takes[n++] = d[1];
		}
		data += len, size -= len;
	}
	const uint16_t left = ovnet_gro_merge(pkts, n, takes, sum);
	unsigned all = 0;
	for (uint16_t i = 0; i < left; i++) {
		const unsigned segs = cut_all(pkts[i], out, RTE_DIM(out), 7);
		for (unsigned j = 0; j < segs; j++, all++) {
			const uint16_t len = bytes_of(out[j], b);
			CHECK(find(copies, n, b, len), "a packet that did not come");
			rte_pktmbuf_free(out[j]);
		}
	}
	CHECK(all == n, "%u of %u packets", all, n);
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
	if (size < HEAD + 1 || size > HEAD + LEN_MAX)
		return 0;
	if (data[0] & 1)
		merge_all(data, data + HEAD, size - HEAD);
	else if (is_ip(data + HEAD, (unsigned)(size - HEAD)))
		cut_one(data, data + HEAD, (uint16_t)(size - HEAD));
	unsigned back = rte_mempool_avail_count(bed_pool);
	CHECK(back == BED_MBUFS, "%u of %u buffers are back", back, BED_MBUFS);
	return 0;
}
