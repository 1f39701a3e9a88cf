/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <rte_cycles.h>

#include "bed/path.h"
#include "path/dropped.h"

static struct bed *open_keeping(uint64_t gap)
{
	struct bed *b = bed_open(1);

	b->ctx.dropped = ovnet_dropped_new(0);
	assert_non_null(b->ctx.dropped);
	b->ctx.dropped->gap = gap;
	snprintf(b->port[HOST].port.name, sizeof(b->port[HOST].port.name), "ovnet0");
	snprintf(b->port[UPLINK].port.name, sizeof(b->port[UPLINK].port.name), "eth0");
	return b;
}

static void close_keeping(struct bed *b)
{
	ovnet_dropped_free(b->ctx.dropped);
	b->ctx.dropped = NULL;
	bed_close(b);
}

static unsigned kept(struct bed *b, enum ovnet_drop reason, struct ovnet_dropped_packet *out)
{
	return ovnet_dropped_read(b->ctx.dropped, reason, out);
}

static void is_kept_as_it_was_refused(void **state)
{
	(void)state;
	struct ovnet_dropped_packet out[OVNET_DROPPED_KEPT];
	struct bed *b = open_keeping(0);
	uint8_t in[600];

	put_inner(in, OWN_POD, 0x0a050801, 1000, 400);
	bed_refused(b, HOST, in, 400, OVNET_DROP_NO_PEER);
	/* Sent several times, in buffers of several sizes. */
	assert_true(kept(b, OVNET_DROP_NO_PEER, out) >= 1);
	assert_string_equal(out[0].port, "ovnet0");
	assert_true(out[0].raw);
	assert_int_equal(out[0].len, 400);
	assert_int_equal(out[0].captured, OVNET_DROPPED_BYTES);
	assert_memory_equal(out[0].bytes, in, OVNET_DROPPED_BYTES);
	assert_true(out[0].tsc <= rte_rdtsc() && out[0].tsc > 0);
	assert_int_equal(kept(b, OVNET_DROP_TRUNCATED, out), 0);

	uint16_t len = put_vxlan(in, 60);
	in[23] = 6; /* TCP is nothing of the overlay's */
	put_sum4(in + 14);
	bed_refused(b, UPLINK, in, len, OVNET_DROP_NOT_OVERLAY);
	assert_true(kept(b, OVNET_DROP_NOT_OVERLAY, out) >= 1);
	assert_string_equal(out[0].port, "eth0");
	assert_false(out[0].raw);
	assert_int_equal(out[0].len, len);
	assert_int_equal(out[0].captured, len);
	assert_memory_equal(out[0].bytes, in, len);
	close_keeping(b);
}

/* Chained buffers are read through. */
static void of_a_chain_the_first_bytes(void **state)
{
	(void)state;
	struct ovnet_dropped_packet out[OVNET_DROPPED_KEPT];
	struct bed *b = open_keeping(0);
	uint8_t in[300];

	put_inner(in, OWN_POD, 0x0a050801, 1000, 300);
	bed_receive(b, HOST, bed_packet(HOST, in, 300, 0, 50));
	ops->poll(&b->ctx);
	assert_int_equal(b->counters.drops[OVNET_DROP_NO_PEER], 1);
	assert_int_equal(kept(b, OVNET_DROP_NO_PEER, out), 1);
	assert_int_equal(out[0].len, 300);
	assert_memory_equal(out[0].bytes, in, OVNET_DROPPED_BYTES);
	close_keeping(b);
}

static void receive(struct bed *b, unsigned n, unsigned first)
{
	uint8_t in[100];

	for (unsigned i = 0; i < n; i++) {
		put_inner(in, OWN_POD, 0x0a050801, (uint16_t)(first + i), 100);
		bed_receive(b, HOST, bed_packet(HOST, in, 100, 0, 0));
	}
	ops->poll(&b->ctx);
}

static unsigned lowest_port(const struct ovnet_dropped_packet *out, unsigned n)
{
	unsigned lowest = UINT16_MAX;

	for (unsigned i = 0; i < n; i++)
		lowest = RTE_MIN(lowest, (unsigned)(out[i].bytes[20] << 8 | out[i].bytes[21]));
	return lowest;
}

static void the_last_ones_are_kept(void **state)
{
	(void)state;
	struct ovnet_dropped_packet out[OVNET_DROPPED_KEPT];
	struct bed *b = open_keeping(0);

	for (unsigned i = 0; i < 20; i++)
		receive(b, 1, 1000 + i);
	assert_int_equal(kept(b, OVNET_DROP_NO_PEER, out), OVNET_DROPPED_KEPT);
	assert_int_equal(lowest_port(out, OVNET_DROPPED_KEPT), 1020 - OVNET_DROPPED_KEPT);
	receive(b, 60, 2000); /* of a burst its last ones */
	assert_int_equal(kept(b, OVNET_DROP_NO_PEER, out), OVNET_DROPPED_KEPT);
	assert_int_equal(lowest_port(out, OVNET_DROPPED_KEPT), 2060 - OVNET_DROPPED_KEPT);
	close_keeping(b);
}

/* Of a flood no more than a few in the time that it may not do without. */
static void a_flood_is_not_copied(void **state)
{
	(void)state;
	struct ovnet_dropped_packet out[OVNET_DROPPED_KEPT];
	struct bed *b = open_keeping(UINT64_MAX / 2);

	b->ctx.dropped->of[OVNET_DROP_NO_PEER] =
		(struct ovnet_dropped_reason){.since = rte_rdtsc(), .left = OVNET_DROPPED_KEPT};
	receive(b, 5, 1000);
	receive(b, 5, 2000);
	receive(b, 60, 3000);
	assert_int_equal(b->counters.drops[OVNET_DROP_NO_PEER], 70);
	assert_int_equal(kept(b, OVNET_DROP_NO_PEER, out), OVNET_DROPPED_KEPT);
	assert_int_equal(lowest_port(out, OVNET_DROPPED_KEPT), 1000);
	for (unsigned i = 0; i < OVNET_DROPPED_KEPT; i++)
		assert_true(out[i].bytes[20] << 8 < 3000);
	close_keeping(b);
}

static void where_a_packet_begins(void **state)
{
	(void)state;
	uint8_t b[200] = {0};

	put_inner(b, OWN_POD, PEER_POD, 1, 100);
	assert_true(ovnet_is_raw(b, 100, 100, false));
	put_ether(b, &attach_mac, &pod_mac);
	assert_false(ovnet_is_raw(b, 114, 114, true));
	b[0] = 0x46; /* a MAC address may begin so, too */
	assert_false(ovnet_is_raw(b, 114, 114, true));
	b[12] = 0x12;
	assert_true(ovnet_is_raw(b, 114, 114, false));
	b[0] = 0x06;
	assert_false(ovnet_is_raw(b, 114, 114, false));
	assert_true(ovnet_is_raw(b, 114, 114, true));
	assert_true(ovnet_is_raw(b, 0, 0, true));
	assert_false(ovnet_is_raw(b, 0, 0, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_kept_as_it_was_refused),
		cmocka_unit_test(of_a_chain_the_first_bytes),
		cmocka_unit_test(the_last_ones_are_kept),
		cmocka_unit_test(a_flood_is_not_copied),
		cmocka_unit_test(where_a_packet_begins),
	};

	return bed_run_levels("path_dropped", tests, sizeof(tests) / sizeof(tests[0]));
}
