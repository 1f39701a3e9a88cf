/* SPDX-License-Identifier: BSD-3-Clause */
/* Segments from the underlay, one packet again for a port that takes such. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/gso.h"
#include "bed/guarded.h"
#include "bed/path_attach.h"

#define ACK 0x10
#define PSH 0x08

#define WHOLE (OVNET_CAP_CHAINED | OVNET_CAP_TX_CSUM | OVNET_CAP_TX_GSO)
#define SEGS  10u

static struct gso_packet in;
static uint8_t bytes[GSO_ROOM];

static const struct gso_case tcp4 = {.flags = ACK | PSH, .size = 1000, .payload = 9500, .id = 5},
			     udp4 = {.udp = true, .size = 1000, .payload = 9500, .id = 5};

/* From the peer's pod to `dst`; sums once more. */
static void come_from_peer(struct gso_packet *p, uint32_t dst)
{
	uint8_t *ip = p->b + GSO_LINK;

	be_put32(ip + 12, PEER_POD);
	be_put32(ip + 16, dst);
	put_sum4(ip);
	be_put16(ip + p->l4 + p->meta.csum_offset,
		be_sum(ip + 12, 8,
			(p->meta.offload & OVNET_OFF_USO ? 17 : 6) + p->len - GSO_LINK - p->l4));
}

/* The segments of `in` by VXLAN, made by the book; the one numbered `wrong` with a bit flipped. */
static void receive_segments(struct bed *b, unsigned wrong)
{
	const uint8_t *of = in.b + GSO_LINK;
	const bool udp = in.meta.offload & OVNET_OFF_USO;
	uint8_t frame[2048], *ip = frame + 64;

	for (unsigned i = 0; i < SEGS; i++) {
		const uint32_t at = i * in.meta.gso_size,
			       n = RTE_MIN((uint32_t)in.meta.gso_size,
				       in.len - GSO_LINK - in.hdr_len - at),
			       l4_len = in.hdr_len - in.l4 + n;
		uint8_t *l4 = ip + in.l4;
		memcpy(ip, of, in.hdr_len);
		memcpy(ip + in.hdr_len, of + in.hdr_len + at, n);
		be_put16(ip + 2, in.hdr_len + n);
		be_put16(ip + 4, 5 + i);
		put_sum4(ip);
		if (udp) {
			be_put16(l4 + 4, l4_len);
		} else {
			be_put32(l4 + 4, 0xfffff000 + at);
			if (i + 1 < SEGS)
				l4[13] &= (uint8_t)~PSH;
		}
		be_put16(l4 + in.meta.csum_offset, 0);
		be_put16(l4 + in.meta.csum_offset,
			~be_sum(l4, l4_len, be_sum(ip + 12, 8, (udp ? 17 : 6) + l4_len)));
		if (i == wrong)
			ip[in.hdr_len] ^= 0x10;
		put_outer(frame, (uint16_t)(in.hdr_len + n));
		bed_receive(b, UPLINK,
			bed_packet(UPLINK, frame, (uint16_t)(64 + in.hdr_len + n), 0, 0));
	}
	ops->poll(&b->ctx);
}

static void is_whole(struct rte_mbuf *m, uint16_t front, unsigned hops)
{
	const struct ovnet_meta *meta = ovnet_meta(m);
	uint8_t *ip = in.b + GSO_LINK;

	ip[8] -= (uint8_t)hops;
	put_sum4(ip);
	assert_int_equal(packet_bytes(m, bytes, sizeof(bytes)), in.len - GSO_LINK + front);
	assert_memory_equal(bytes + front, ip, in.len - GSO_LINK);
	assert_int_equal(meta->offload, in.meta.offload);
	assert_int_equal(meta->gso_size, in.meta.gso_size);
	assert_int_equal(meta->csum_start, in.l4 + front);
	assert_int_equal(meta->hdr_len, in.hdr_len);
	assert_int_equal(meta->gso_segs, SEGS);
}

static void to_the_host_device(void **state)
{
	(void)state;
	static const struct gso_case *const cases[] = {&tcp4, &udp4};
	struct bed *b = bed_open(1);

	b->port[HOST].port.caps |= WHOLE;
	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		gso_make(&in, cases[i]);
		come_from_peer(&in, OWN_POD);
		receive_segments(b, SEGS);
		assert_int_equal(b->port[HOST].n_out, 1);
		is_whole(b->port[HOST].out[0], 0, 0);
		bed_drain(b);
	}
	assert_int_equal(b->counters.merged, 2 * (SEGS - 1));
	assert_int_equal(b->counters.stage_packets[OVNET_STAGE_MERGE], 2 * SEGS);
	assert_int_equal(b->counters.stage_packets[OVNET_STAGE_TX], 2);
	assert_int_equal(b->counters.peer[0].rx_packets, 2 * SEGS);
	assert_int_equal(bed_drops(b), 0);
	bed_close(b);
}

/* With an Ethernet header, a hop later. */
static void to_an_attach_port(void **state)
{
	(void)state;
	struct bed *b = open_attached(true);

	b->port[ATTACH].port.caps = WHOLE;
	gso_make(&in, &tcp4);
	come_from_peer(&in, ATTACH_POD);
	receive_segments(b, SEGS);
	assert_int_equal(b->port[ATTACH].n_out, 1);
	is_whole(b->port[ATTACH].out[0], GSO_LINK, 1);
	assert_memory_equal(bytes, pod_mac.b, 6);
	bed_close(b);
}

static void to_who_takes_none(void **state)
{
	(void)state;
	struct bed *b = bed_open(1);

	for (unsigned i = 0; i < 2; i++) {
		b->port[HOST].port.caps =
			OVNET_CAP_L3 | (i == 0 ? OVNET_CAP_CHAINED | OVNET_CAP_TX_CSUM
					       : WHOLE & ~(uint32_t)OVNET_CAP_CHAINED);
		gso_make(&in, &tcp4);
		come_from_peer(&in, OWN_POD);
		receive_segments(b, SEGS);
		assert_int_equal(b->port[HOST].n_out, SEGS);
		for (unsigned j = 0; j < SEGS; j++)
			assert_int_equal(ovnet_meta(b->port[HOST].out[j])->offload, 0);
		bed_drain(b);
	}
	assert_int_equal(b->counters.merged, 0);
	bed_close(b);
}

/* A flipped bit arrives as one: alone, with the checksum that tells. */
static void what_is_wrong_stays_wrong(void **state)
{
	(void)state;
	struct bed *b = bed_open(1);

	b->port[HOST].port.caps |= WHOLE;
	for (unsigned wrong = 0; wrong < SEGS; wrong++) {
		gso_make(&in, &tcp4);
		come_from_peer(&in, OWN_POD);
		receive_segments(b, wrong);
		unsigned alone = 0;
		for (unsigned i = 0; i < b->port[HOST].n_out; i++) {
			struct rte_mbuf *m = b->port[HOST].out[i];
			const uint16_t len = packet_bytes(m, bytes, sizeof(bytes));
			const uint32_t sum =
				be_sum(bytes + 20, len - 20u, be_sum(bytes + 12, 8, 6 + len - 20u));
			if (ovnet_meta(m)->offload == 0)
				alone += sum != 0xffff;
		}
		assert_int_equal(alone, 1);
		assert_in_range(b->port[HOST].n_out, 2, 3);
		bed_drain(b);
	}
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(to_the_host_device),
		cmocka_unit_test(to_an_attach_port),
		cmocka_unit_test(to_who_takes_none),
		cmocka_unit_test(what_is_wrong_stays_wrong),
	};

	return bed_run_levels("path_merge", tests, RTE_DIM(tests));
}
