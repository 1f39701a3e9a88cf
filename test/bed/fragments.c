/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/fragments.h"

#include <rte_cycles.h>

uint8_t whole[2048];

struct bed *frag_bed(bool exclusive)
{
	struct bed *b = bed_open(1);

	b->ctx.fragments = ovnet_fragments_new(MAX_HELD, SOCKET_ID_ANY);
	assert_non_null(b->ctx.fragments);
	if (exclusive)
		b->port[UPLINK].port.caps |= OVNET_CAP_EXCLUSIVE;
	put_vxlan(whole, INNER);
	be_put16(whole + 18, 7);
	return b;
}

void frag_close(struct bed *b)
{
	assert_int_equal(b->ctx.fragments->held, 0);
	assert_true(b->ctx.fragments->due == UINT64_MAX || b->ctx.fragments->due > rte_rdtsc());
	assert_int_equal(b->counters.port[UPLINK].rx_packets,
		b->port[HOST].n_out + bed_drops(b) + b->counters.absorbed);
	bed_drain(b);
	assert_int_equal(rte_mempool_avail_count(bed_pool), BED_MBUFS);
	ovnet_fragments_free(b->ctx.fragments);
	bed_close(b);
}

uint16_t cut(uint8_t *out, uint16_t from, uint16_t to, bool more)
{
	memcpy(out, whole, HEADERS);
	memcpy(out + HEADERS, whole + HEADERS + from, to - from);
	be_put16(out + 16, 20u + to - from);
	be_put16(out + 20, (more ? MORE : 0u) | from / 8u);
	put_sum4(out + 14);
	return (uint16_t)(HEADERS + to - from);
}

void arrive(struct bed *b, const uint8_t *bytes, uint16_t len, uint16_t seg)
{
	bed_receive(b, UPLINK, bed_packet(UPLINK, bytes, len, seg, seg));
	assert_int_equal(ops->poll(&b->ctx), 1);
}

void piece(struct bed *b, uint16_t from, uint16_t to)
{
	uint8_t out[2048];

	arrive(b, out, cut(out, from, to, to != PAYLOAD), 0);
}

void is_delivered(struct bed *b)
{
	uint8_t got[2048];

	assert_int_equal(bed_sent(b, HOST, got, sizeof(got)), INNER);
	assert_memory_equal(got, whole + 64, INNER);
	assert_int_equal(b->ctx.fragments->held, 0);
}

void later(struct bed *b)
{
	ovnet_fragments_expire(&b->ctx, rte_rdtsc() + 2 * rte_get_tsc_hz());
}
