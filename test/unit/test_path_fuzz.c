/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Broken packets by the ten thousand, from a fixed seed. Each goes by twice: in one buffer, and
 * cut into segments at random, with other garbage around its bytes. The path has to say the
 * same both times: it reads nothing but the packet, wherever the cuts are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/path.h"
#include "bed/random.h"

#define ROUNDS 20000
#define SIZE   1600

struct verdict {
	int drop; /* OVNET_DROP_COUNT: delivered */
	uint16_t port, len;
	uint8_t bytes[SIZE + OVNET_VXLAN4_LEN];
};

static uint64_t seed;

static uint32_t next(uint32_t below)
{
	return (uint32_t)((uint64_t)next_random(&seed) * below >> 31);
}

/* What breaks parsers: limits, and values around those that are right. */
static void put_odd(uint8_t *b, uint16_t len)
{
	static const uint16_t odd[] = {0, 1, 7, 8, 19, 20, 29, 30, 49, 50, 0x7fff, 0x8000, 0xffff};
	uint16_t at = (uint16_t)next(len - 1u);
	uint32_t was = (uint32_t)b[at] << 8 | b[at + 1];

	be_put16(b + at, next(2) ? odd[next(RTE_DIM(odd))] : was + next(9) - 4);
}

/* Words put in after the header at `ip`, as options that may be too many for it. */
static uint16_t put_options(uint8_t *b, uint16_t len, uint16_t ip)
{
	uint16_t extra = (uint16_t)(next(11) * 4);

	if (len < ip + 20u)
		return len;
	memmove(b + ip + 20 + extra, b + ip + 20, len - ip - 20u);
	memset(b + ip + 20, (int)next(2), extra);
	b[ip] = (uint8_t)(0x45 + extra / 4);
	if (next(4) != 0)
		be_put16(b + ip + 2, len - ip + extra);
	return (uint16_t)(len + extra);
}

static uint16_t put_tag(uint8_t *b, uint16_t len)
{
	memmove(b + 16, b + 12, len - 12u);
	be_put32(b + 12, 0x81000001);
	return (uint16_t)(len + 4);
}

static uint16_t mutate(uint8_t *b, uint16_t len, uint16_t ip, bool ether)
{
	for (uint32_t n = next(4); n > 0 && len > 1; n--) {
		switch (next(7)) {
		case 0:
			len = (uint16_t)(1 + next(len));
			break;
		case 1:
			b[next(RTE_MIN(len, 120u))] = (uint8_t)next(256);
			break;
		case 2:
			b[next(RTE_MIN(len, 120u))] ^= (uint8_t)(1 << next(8));
			break;
		case 3:
			put_odd(b, RTE_MIN(len, (uint16_t)120));
			break;
		case 4:
			len = put_options(b, len, ip);
			break;
		case 5:
			memset(b + len, (int)next(256), 40);
			len = (uint16_t)(len + next(40));
			break;
		default:
			if (ether && len > 14 && next(4) == 0)
				len = put_tag(b, len);
		}
	}
	return len;
}

/* Whatever is in the buffers around the packet must not matter. */
static void surround(struct rte_mbuf *m, int garbage)
{
	for (; m != NULL; m = m->next) {
		memset(m->buf_addr, garbage, m->data_off);
		memset(rte_pktmbuf_mtod_offset(m, char *, m->data_len), garbage,
			rte_pktmbuf_tailroom(m));
	}
}

static int last_drop(const struct bed *b, const uint64_t *before)
{
	for (int i = 0; i < OVNET_DROP_COUNT; i++)
		if (b->counters.drops[i] != before[i])
			return i;
	return OVNET_DROP_COUNT;
}

static void run(struct bed *b, uint16_t port, struct rte_mbuf *m, struct verdict *v)
{
	uint64_t before[OVNET_DROP_COUNT], all = bed_drops(b);
	uint16_t sent = 0;

	memcpy(before, b->counters.drops, sizeof(before));
	memset(v, 0, sizeof(*v));
	bed_receive(b, port, m);
	assert_int_equal(ops->poll(&b->ctx), 1);
	v->drop = last_drop(b, before);
	for (uint16_t i = 0; i < N_PORTS; i++) {
		if (b->port[i].n_out == 0)
			continue;
		sent++;
		v->port = i;
		v->len = bed_sent(b, i, v->bytes, sizeof(v->bytes));
	}
	/* Delivered or refused once, nothing else. */
	assert_int_equal(sent + bed_drops(b) - all, 1);
	bed_drain(b);
	assert_int_equal(rte_mempool_avail_count(bed_pool), BED_MBUFS);
}

static void both_ways_alike(struct bed *b, uint16_t port, const uint8_t *in, uint16_t len)
{
	struct verdict one, cut;
	struct rte_mbuf *m = bed_packet(port, in, len, 0, 0);

	surround(m, 0);
	run(b, port, m, &one);
	m = bed_packet(port, in, len, (uint16_t)(1 + next(200)), (uint16_t)(1 + next(100)));
	surround(m, 0xff);
	b->ctx.ip_id = 0;
	run(b, port, m, &cut);
	if (memcmp(&one, &cut, sizeof(one)) != 0)
		fail_msg("one buffer: %s, %u bytes; in segments: %s, %u bytes",
			one.drop < OVNET_DROP_COUNT ? ovnet_drop_name(one.drop) : "sent", one.len,
			cut.drop < OVNET_DROP_COUNT ? ovnet_drop_name(cut.drop) : "sent", cut.len);
}

/* The seed has to reach the path's checks, not only its first. */
static void reached(const struct bed *b, const enum ovnet_drop *reasons, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (b->counters.drops[reasons[i]] < 10)
			fail_msg("only %lu packets were %s",
				(unsigned long)b->counters.drops[reasons[i]],
				ovnet_drop_name(reasons[i]));
}

/* What a damaged header says is not looked at, so most have a right sum. */
static void put_right_sum(uint8_t *b, uint16_t len)
{
	if (next(4) != 0 && len >= 34 && (b[14] & 15) >= 5 && 14 + (b[14] & 15u) * 4 <= len)
		put_sum4(b + 14);
}

static void from_the_underlay(void **state)
{
	(void)state;
	static const enum ovnet_drop reasons[] = {OVNET_DROP_TRUNCATED, OVNET_DROP_BAD_IP,
		OVNET_DROP_NOT_OVERLAY, OVNET_DROP_FRAGMENT, OVNET_DROP_BAD_UDP,
		OVNET_DROP_VXLAN_FLAGS, OVNET_DROP_WRONG_VNI, OVNET_DROP_INNER_MAC,
		OVNET_DROP_INNER_SOURCE, OVNET_DROP_UNKNOWN_PEER, OVNET_DROP_NOT_IP,
		OVNET_DROP_INNER_DEST, OVNET_DROP_BAD_IP_CSUM};
	struct bed *b = bed_open(1);
	uint8_t in[SIZE];

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint16_t len = put_vxlan(in, (uint16_t)(28 + next(600)));
		if (next(8) == 0)
			put_inner(in + 64, PEER_POD, ATTACH_POD, 1, (uint16_t)(len - 64));
		len = mutate(in, len, next(2) ? 14 : 64, true);
		put_right_sum(in, len);
		both_ways_alike(b, UPLINK, in, len);
		b->ctx.ip_id = 0;
	}
	reached(b, reasons, RTE_DIM(reasons));
	assert_in_range(b->counters.port[HOST].tx_packets, ROUNDS / 4, 2 * ROUNDS);
	bed_close(b);
}

static void from_the_host_and_guests(void **state)
{
	(void)state;
	static const enum ovnet_drop reasons[] = {OVNET_DROP_TRUNCATED, OVNET_DROP_BAD_IP,
		OVNET_DROP_NO_PEER, OVNET_DROP_FAMILY_OFF, OVNET_DROP_NOT_IP,
		OVNET_DROP_FOREIGN_SOURCE, OVNET_DROP_SOURCE_MAC, OVNET_DROP_BROADCAST,
		OVNET_DROP_TTL_EXCEEDED};
	struct bed *b = bed_open(1);
	uint8_t in[SIZE];

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint16_t len = (uint16_t)(28 + next(600)), port = next(2) ? HOST : ATTACH;
		uint16_t ip = port == HOST ? 0 : 14;
		put_ether(in, &attach_mac, &pod_mac);
		put_inner(in + ip, port == HOST ? OWN_POD : ATTACH_POD, PEER_POD, (uint16_t)i, len);
		both_ways_alike(b, port, in, mutate(in, (uint16_t)(len + ip), ip, ip != 0));
		b->ctx.ip_id = 0;
	}
	reached(b, reasons, RTE_DIM(reasons));
	assert_in_range(b->counters.port[UPLINK].tx_packets, ROUNDS / 4, 2 * ROUNDS);
	bed_close(b);
}

int main(void)
{
	static const char *const levels[] = {"x86-64-v2", "x86-64-v3", "x86-64-v4"};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_the_underlay),
		cmocka_unit_test(from_the_host_and_guests),
	};
	int failed = 0;

	if (bed_eal("0") != 0)
		return 1;
	for (unsigned i = 0; i < RTE_DIM(levels); i++) {
		ops = ovnet_path_select(levels[i]);
		if (ops == NULL)
			continue; /* this CPU cannot run it */
		seed = 1;
		printf("# %s\n", ops->level);
		failed += cmocka_run_group_tests_name("path_fuzz", tests, NULL, NULL);
	}
	return failed;
}
