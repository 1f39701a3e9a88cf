/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel lane between this kernel and a peer's vxlan device. Nobody reads the host device, so
 * what arrives at either end has come by the lane.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>

#include "bed/lane.h"

#define MEGABYTE (1u << 20)

static uint8_t packet[70000];

/* Nothing waits at the workers' ends. */
static void workers_saw_nothing(const struct lane_bed *b)
{
	assert_int_equal(lane_read(b->tun, packet, sizeof(packet), 0), 0);
	assert_int_equal(lane_read(b->socket, packet, sizeof(packet), 0), 0);
}

/* What a connection's end still says is over: nothing is counted any more. */
static void settle(const struct lane_bed *b)
{
	struct ovnet_lane_stats s = lane_stats(b), last;

	do {
		last = s;
		usleep(50000);
		s = lane_stats(b);
	} while (memcmp(&s, &last, sizeof(s)) != 0);
}

/* All that was sent up came, and no more; the sums are those of the one peer there is. */
static void sums_agree(const struct lane_bed *b)
{
	const struct ovnet_lane_stats s = lane_stats(b);
	const struct ovnet_lane_counters c = lane_counts(b);

	assert_int_equal(s.sent_up, s.came_up);
	assert_int_equal(s.rx_packets, s.came_up);
	assert_int_equal(s.rx_packets, c.rx_packets);
	assert_int_equal(s.tx_packets, c.tx_packets);
	assert_int_equal(s.bad, 0);
	assert_int_equal(s.failed, 0);
}

static void pings_go_both_ways(void **state)
{
	struct lane_bed *b = *state;

	sh("ping -q -c 3 -i 0.01 -W 5 -s 100 -I " LANE_OWN " " LANE_FAR " >/dev/null");
	peer(b->lab, "ping -q -c 2 -i 0.01 -W 5 -s 200 -I " LANE_FAR " " LANE_OWN " >/dev/null");
	const struct ovnet_lane_counters c = lane_counts(b);
	assert_int_equal(c.tx_packets, 5);
	assert_int_equal(c.rx_packets, 5);
	assert_int_equal(c.tx_bytes, 3 * 128 + 2 * 228);
	assert_int_equal(c.rx_bytes, 3 * 128 + 2 * 228);
	sums_agree(b);
	workers_saw_nothing(b);
}

static void tcp_both_ways(struct lane_bed *b)
{
	lane_tcp(b, false, MEGABYTE);
	settle(b);
	const struct ovnet_lane_counters sent = lane_counts(b);
	/* Of each segment of a packet: 40 bytes of headers, 12 of timestamps. */
	assert_true(sent.tx_packets >= MEGABYTE / (LANE_MTU - 52));
	assert_true(sent.tx_bytes >= MEGABYTE + 52 * (uint64_t)(MEGABYTE / (LANE_MTU - 52)));
	lane_tcp(b, true, MEGABYTE);
	settle(b);
	const struct ovnet_lane_counters all = lane_counts(b);
	assert_true(all.rx_packets - sent.rx_packets >= MEGABYTE / (LANE_MTU - 52));
	assert_true(all.rx_bytes - sent.rx_bytes >=
		    MEGABYTE + 52 * (uint64_t)(MEGABYTE / (LANE_MTU - 52)));
	sums_agree(b);
	workers_saw_nothing(b);
}

static void tcp_goes_both_ways_whole(void **state)
{
	tcp_both_ways(*state);
}

/* As QUIC sends, whole as far as the devices can take it. */
static void udp_goes_both_ways_whole(void **state)
{
	const unsigned n = 40, size = LANE_MTU - 28;
	struct lane_bed *b = *state;

	lane_udp(b, false, n, size);
	lane_udp(b, true, n, size);
	lane_udp(b, true, 1, 18);
	const struct ovnet_lane_counters c = lane_counts(b);
	assert_int_equal(c.tx_packets, n);
	assert_int_equal(c.rx_packets, n + 1);
	assert_int_equal(c.tx_bytes, n * LANE_MTU);
	assert_int_equal(c.rx_bytes, n * LANE_MTU + 28 + 18);
	sums_agree(b);
	workers_saw_nothing(b);
}

/* With checksums in the outer UDP header, and without; finished, and left to the device. */
static void outer_checksums_stay_right(void **state)
{
	struct lane_bed *b = *state;
	static const char *const csum[] = {"udpcsum", "noudpcsum"}, *const tx[] = {"on", "off"};

	for (unsigned i = 0; i < 4; i++) {
		lane_far_device(b, csum[i / 2]);
		peer(b->lab, "ethtool -K p0 tx %s >/dev/null", tx[i % 2]);
		lane_tcp(b, true, 100000);
		peer(b->lab, "ping -q -c 1 -W 5 -I " LANE_FAR " " LANE_OWN " >/dev/null");
		settle(b);
		sums_agree(b);
	}
	workers_saw_nothing(b);
}

struct wire_count {
	uint64_t tx_packets, tx_bytes, rx_packets, rx_bytes;
};

/* As the far end of the veth counts: received there is sent here. */
static struct wire_count wire_of(const struct lane_bed *b)
{
	struct wire_count c = {0};
	unsigned long n[16];
	char path[64], line[512];

	snprintf(path, sizeof(path), "/proc/%d/net/dev", (int)b->lab->peer);
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, " p0: %lu %lu %lu %lu %lu %lu %lu %lu %lu %lu", &n[0], &n[1],
			    &n[2], &n[3], &n[4], &n[5], &n[6], &n[7], &n[8], &n[9]) == 10)
			c = (struct wire_count){.tx_bytes = n[0],
				.tx_packets = n[1],
				.rx_bytes = n[8],
				.rx_packets = n[9]};
	fclose(f);
	assert_true(c.tx_packets > 0);
	return c;
}

/* Where each segment is a packet on the wire the devices there count the same. */
static void counters_are_the_wires(void **state)
{
	struct lane_bed *b = *state;

	sh("ethtool -K u0 gso off tso off tx-udp_tnl-segmentation off >/dev/null");
	peer(b->lab, "ethtool -K p0 gso off tso off tx-udp_tnl-segmentation off >/dev/null");
	sh("ping -q -c 1 -W 5 -I " LANE_OWN " " LANE_FAR " >/dev/null");
	const struct wire_count from = wire_of(b);
	const struct ovnet_lane_counters before = lane_counts(b);
	tcp_both_ways(b);
	const struct wire_count to = wire_of(b);
	const struct ovnet_lane_counters c = lane_counts(b);
	assert_int_equal(c.tx_packets - before.tx_packets, to.tx_packets - from.tx_packets);
	assert_int_equal(c.rx_packets - before.rx_packets, to.rx_packets - from.rx_packets);
	assert_int_equal(c.tx_bytes - before.tx_bytes + 64 * (c.tx_packets - before.tx_packets),
		to.tx_bytes - from.tx_bytes);
	assert_int_equal(c.rx_bytes - before.rx_bytes + 64 * (c.rx_packets - before.rx_packets),
		to.rx_bytes - from.rx_bytes);
}

/* 64 KB fit no MTU: its segments count, as they will be on the wire. */
static void segments_too_large_are_left(void **state)
{
	static const uint8_t data[20000];
	struct lane_bed *b = *state;
	int from, to;

	b->peer.mtu = LANE_MTU - 1;
	assert_int_equal(ovnet_lane_set_peer(b->lane, &b->peer), 0);
	lane_connect(b, false, &from, &to);
	workers_saw_nothing(b);
	const struct ovnet_lane_counters before = lane_counts(b);
	assert_int_equal(send(from, data, sizeof(data), MSG_DONTWAIT), sizeof(data));
	/* Whole, behind what says how it is to be cut. */
	assert_true(lane_read(b->tun, packet, sizeof(packet), 5000) > LANE_MTU);
	assert_int_equal(lane_counts(b).tx_packets, before.tx_packets);
	lane_abort(from, to);
}

static void datagrams_too_large_are_left(void **state)
{
	struct lane_bed *b = *state;
	const uint16_t size = LANE_MTU - 28;

	b->peer.mtu = LANE_MTU - 1;
	assert_int_equal(ovnet_lane_set_peer(b->lane, &b->peer), 0);
	int to = lane_udp_send(b, false, 4, size);
	assert_true(lane_read(b->tun, packet, sizeof(packet), 5000) > LANE_MTU);
	assert_int_equal(lane_counts(b).tx_packets, 0);
	close(to);
}

static uint16_t sum_of(const uint8_t *at, unsigned len)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < len; i += 2)
		sum += (uint32_t)(at[i] << 8 | at[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void outer_headers_are_the_workers(void **state)
{
	struct lane_bed *b = *state;
	static const uint8_t vxlan[8] = {8, 0, 0, 0, 0, 0, LANE_VNI, 0};

	lane_drain(b->wire);
	sh("ping -q -c 1 -W 5 -s 100 -Q 0xba -I " LANE_OWN " " LANE_FAR " >/dev/null");
	assert_int_equal(lane_read(b->wire, packet, sizeof(packet), 5000), 64 + 128);
	const uint8_t *o = packet + 14;
	assert_memory_equal(packet, "\x02\x00\x00\x00\x77\x02", 6);
	assert_int_equal(o[0], 0x45);
	assert_int_equal(o[1], 2); /* ECN is copied, DSCP is not */
	assert_int_equal(o[2] << 8 | o[3], 50 + 128);
	assert_int_equal(o[6] << 8 | o[7], 0);
	assert_int_equal(o[8], 64);
	assert_int_equal(sum_of(o, 20), 0xffff);
	const unsigned port = (unsigned)(o[20] << 8 | o[21]);
	assert_true(port >= LANE_PORTS_MIN && port <= LANE_PORTS_MAX);
	assert_int_equal(o[22] << 8 | o[23], LANE_OVERLAY);
	assert_int_equal(o[24] << 8 | o[25], 30 + 128);
	assert_int_equal(o[26] << 8 | o[27], 0);
	assert_memory_equal(o + 28, vxlan, sizeof(vxlan));
	assert_memory_equal(o + 36, "\x02\x00\x00\x00\x02\x02\x02\x00\x00\x00\x01\x01\x08\x00", 14);
	assert_int_equal(sum_of(o + 50, 20), 0xffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pings_go_both_ways, lane_bed_up, lane_bed_down),
		cmocka_unit_test_setup_teardown(
			tcp_goes_both_ways_whole, lane_bed_up, lane_bed_down),
		cmocka_unit_test_setup_teardown(
			udp_goes_both_ways_whole, lane_bed_up, lane_bed_down),
		cmocka_unit_test_setup_teardown(
			datagrams_too_large_are_left, lane_bed_up, lane_bed_down),
		cmocka_unit_test_setup_teardown(
			outer_checksums_stay_right, lane_bed_up, lane_bed_down),
		cmocka_unit_test_setup_teardown(
			segments_too_large_are_left, lane_bed_up, lane_bed_down),
		cmocka_unit_test_setup_teardown(counters_are_the_wires, lane_bed_up, lane_bed_down),
		cmocka_unit_test_setup_teardown(
			outer_headers_are_the_workers, lane_bed_up, lane_bed_down),
	};
	int skip = netns_enter();

	return skip != 0 ? skip : cmocka_run_group_tests_name("lane", tests, NULL, NULL);
}
