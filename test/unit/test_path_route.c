/* SPDX-License-Identifier: BSD-3-Clause */
/* Which way what lives on attach ports, and the host, send: peer, port of this node, host device.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/path_attach.h"

static const struct ovnet_mac none;

static uint64_t stage(const struct bed *b, enum ovnet_stage s)
{
	return b->counters.stage_packets[s];
}

/* Came as `in`, left as `out`: the same, `hops` less, checksum right. */
static void same_but_hops(uint8_t *out, const uint8_t *in, uint16_t len, unsigned hops)
{
	assert_int_equal(*ttl_at(out) + hops, *ttl_at((uint8_t *)(uintptr_t)in));
	if (*out >> 4 == 4)
		assert_int_equal(be_sum(out, 20, 0), 0xffff);
	set_ttl(out, 63);
	assert_memory_equal(out, in, len);
}

/* From POD at ATTACH to `to`, which is behind `port` with `front` bytes in front of the packet. */
static void pod_reaches(struct bed *b, enum who to, bool v6, unsigned port, unsigned front)
{
	const struct ovnet_addr src = addr_of_who(POD, v6), dst = addr_of_who(to, v6);
	uint8_t in[200], out[400];
	uint16_t len = put_framed(in, &src, &dst, 80);

	assert_int_equal(crosses(b, ATTACH, in, len, port, out, sizeof(out)), 80 + front);
	same_but_hops(out + front, in + 14, 80, 1);
	if (front == 14)
		assert_int_equal(get(out + 12, 2), v6 ? 0x86dd : 0x0800);
}

static void a_pod_reaches_everybody(void **state)
{
	(void)state;
	struct bed *b = open_attached(true);

	for (unsigned v6 = 0; v6 < 2; v6++) {
		pod_reaches(b, REMOTE_POD, v6, UPLINK, v6 ? 84 : 64);
		pod_reaches(b, OTHER, v6, ATTACH2, 14);
		pod_reaches(b, HOST_POD, v6, HOST, 0);
		pod_reaches(b, GATEWAY, v6, HOST, 0);
		pod_reaches(b, WORLD, v6, HOST, 0);
	}
	assert_int_equal(stage(b, OVNET_STAGE_ROUTE), 10);
	assert_int_equal(stage(b, OVNET_STAGE_ENCAP), 2);
	assert_int_equal(stage(b, OVNET_STAGE_DELIVER), 8);
	assert_int_equal(stage(b, OVNET_STAGE_TX), 10);
	assert_int_equal(b->peer_counters[0].tx_packets + b->peer_counters[PEER6_ID].tx_packets, 2);
	assert_int_equal(b->counters.answers, 0);
	bed_close(b);
}

static void the_link_is_the_ports(void **state)
{
	(void)state;
	const struct ovnet_addr src = addr_of_who(POD, false), dst = addr_of_who(OTHER, false);
	uint8_t in[200], out[200];
	struct bed *b = open_attached(true);
	uint16_t len = put_framed(in, &src, &dst, 80);

	crosses(b, ATTACH, in, len, ATTACH2, out, sizeof(out));
	assert_memory_equal(out, other_mac.b, 6);
	assert_memory_equal(out + 6, attach2_mac.b, 6);
	bed_close(b);
}

/* The kernel routed it: an answer of the world, a service that is another guest, or the same. */
static void the_host_reaches_pods(void **state)
{
	(void)state;
	static const enum who from[] = {HOST_POD, WORLD, POD, OTHER, REMOTE_POD};
	uint8_t in[200], out[200];
	struct bed *b = open_attached(true);

	for (unsigned v6 = 0; v6 < 2; v6++)
		for (unsigned i = 0; i < RTE_DIM(from); i++) {
			const struct ovnet_addr src = addr_of_who(from[i], v6),
						dst = addr_of_who(POD, v6);

			put_ip(in, &src, &dst, 80);
			assert_int_equal(crosses(b, HOST, in, 80, ATTACH, out, sizeof(out)), 94);
			same_but_hops(out + 14, in, 80, 1);
			assert_memory_equal(out, pod_mac.b, 6);
			assert_memory_equal(out + 6, attach_mac.b, 6);
		}
	put_inner(in, 0x7f000001, ATTACH_POD, 1, 80);
	bed_refused(b, HOST, in, 80, OVNET_DROP_MARTIAN);
	put_inner(in, OWN_POD, OWN_POD + 1, 1, 80); /* the kernel's own: not back to it */
	bed_refused(b, HOST, in, 80, OVNET_DROP_NO_PEER);
	put_inner(in, OWN_POD, 0x08080808, 1, 80);
	bed_refused(b, HOST, in, 80, OVNET_DROP_NO_PEER);
	put_inner(in, 0x08080808, 0x08080804, 1, 80);
	bed_refused(b, HOST, in, 80, OVNET_DROP_FOREIGN_SOURCE);
	bed_close(b);
}

/* Address and MAC are those of what lives there, in every mode of validation. */
static void what_is_attached_is_bound(void **state)
{
	(void)state;
	static const enum who to[] = {REMOTE_POD, OTHER, HOST_POD, WORLD};
	uint8_t in[200];
	struct bed *b = open_attached(true);

	for (int mode = OVNET_VALIDATE_OFF; mode <= OVNET_VALIDATE_STRICT; mode++) {
		bed_set_validation(b, (enum ovnet_validation)mode);
		for (unsigned i = 0; i < 2 * RTE_DIM(to); i++) {
			const bool v6 = i % 2;
			const struct ovnet_addr dst = addr_of_who(to[i / 2], v6),
						pod = addr_of_who(POD, v6),
						other = addr_of_who(OTHER, v6),
						host = addr_of_who(HOST_POD, v6);
			uint16_t len = put_framed(in, &other, &dst, 80);

			bed_refused(b, ATTACH, in, len, OVNET_DROP_FOREIGN_SOURCE);
			put_framed(in, &host, &dst, 80);
			bed_refused(b, ATTACH, in, len, OVNET_DROP_FOREIGN_SOURCE);
			put_framed(in, &pod, &dst, 80);
			memcpy(in + 6, other_mac.b, 6);
			bed_refused(b, ATTACH, in, len, OVNET_DROP_SOURCE_MAC);
		}
	}
	for (unsigned i = 0; i < OVNET_DROP_COUNT; i++)
		assert_int_equal(b->counters.permitted[i], 0);
	assert_int_equal(b->counters.answers, 0);
	bed_close(b);
}

static void broadcast_goes_nowhere(void **state)
{
	(void)state;
	static const uint32_t four[] = {0xe0000001, 0xefffffff, 0xffffffff, OWN_NET + 255};
	static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};
	const struct ovnet_addr pod = addr_of_who(POD, true), all = ovnet_addr_v6(all_nodes);
	uint8_t in[200];
	struct bed *b = open_attached(true);

	for (unsigned i = 0; i < RTE_DIM(four); i++) {
		const struct ovnet_addr src = addr_of_who(POD, false), dst = ovnet_addr_v4(four[i]);

		put_framed(in, &src, &dst, 80);
		bed_refused(b, ATTACH, in, 94, OVNET_DROP_BROADCAST);
	}
	put_framed(in, &pod, &all, 80);
	bed_refused(b, ATTACH, in, 94, OVNET_DROP_BROADCAST);
	for (unsigned i = 0; i < 2 * N_WHO; i++) {
		const struct ovnet_addr src = addr_of_who(POD, i % 2),
					dst = addr_of_who((enum who)(i / 2), i % 2);

		put_framed(in, &src, &dst, 80);
		memset(in, 0xff, 6);
		bed_refused(b, ATTACH, in, 94, OVNET_DROP_BROADCAST);
		memcpy(in, (uint8_t[]){0x01, 0, 0x5e, 0, 0, 1}, 6);
		bed_refused(b, ATTACH, in, 94, OVNET_DROP_BROADCAST);
	}
	put_inner(in + 14, ATTACH_POD, 0x7f000001, 1, 80);
	put_ether(in, &attach_mac, &pod_mac);
	bed_refused(b, ATTACH, in, 94, OVNET_DROP_MARTIAN_DEST);
	assert_int_equal(b->counters.answers, 0);
	bed_close(b);
}

/* Many addresses of one port, of stations nobody has named. */
static void ranges_behind_a_port(void **state)
{
	(void)state;
	const struct ovnet_addr range = ovnet_addr_v4(OWN_NET + 240),
				low = ovnet_addr_v4(OWN_NET + 241), last = addr_of_who(LAST, false),
				peer = addr_of_who(REMOTE_POD, false);
	uint8_t in[200], out[300];
	struct bed *b = open_attached(true);

	answer_all(b);
	bed_attach_prefix(b, &range, 28, ATTACH, NULL);
	put_framed(in, &low, &peer, 80);
	memcpy(in + 6, other_mac.b, 6);
	crosses(b, ATTACH, in, 94, UPLINK, out, sizeof(out));
	in[6] |= 1; /* no station's */
	bed_refused(b, ATTACH, in, 94, OVNET_DROP_SOURCE_MAC);
	/* It lives there, so it is nobody's broadcast; routed back to where it came from. */
	put_framed(in, &low, &last, 80);
	crosses(b, ATTACH, in, 94, ATTACH, out, sizeof(out));
	assert_memory_equal(out, none.b, 6);
	same_but_hops(out + 14, in + 14, 80, 1);
	/* Who is told, is who sent. */
	memcpy(in + 6, other_mac.b, 6);
	set_ttl(in + 14, 1);
	feed(b, ATTACH, in, 94);
	assert_int_equal(b->counters.drops[OVNET_DROP_TTL_EXCEEDED], 1);
	uint16_t len = bed_sent(b, ATTACH, out, sizeof(out));
	assert_memory_equal(out, other_mac.b, 6);
	is_error4(out + 14, (uint16_t)(len - 14), 11, 0, OWN_NET + 1, 0, in + 14);
	bed_close(b);
}

static void a_port_without_a_link(void **state)
{
	(void)state;
	uint8_t in[200], out[300];
	struct bed *b = open_attached(true);

	b->port[ATTACH2].port.caps = OVNET_CAP_L3;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		const struct ovnet_addr pod = addr_of_who(POD, v6), other = addr_of_who(OTHER, v6);

		bed_attach_prefix(b, &other, v6 ? 128 : 32, ATTACH2, &other_mac);
		put_framed(in, &pod, &other, 80);
		assert_int_equal(crosses(b, ATTACH, in, 94, ATTACH2, out, sizeof(out)), 80);
		same_but_hops(out, in + 14, 80, 1);
		put_ip(in, &other, &pod, 80);
		assert_int_equal(crosses(b, ATTACH2, in, 80, ATTACH, out, sizeof(out)), 94);
		same_but_hops(out + 14, in, 80, 1);
		put_ip(in, &pod, &pod, 80);
		bed_refused(b, ATTACH2, in, 80, OVNET_DROP_FOREIGN_SOURCE);
	}
	bed_close(b);
}

/* `what` of ICMP by IP version, to `port` about a packet of that port. */
static void is_told(struct bed *b, unsigned port, const uint8_t *in, uint16_t len, bool v6,
	const uint8_t what[2][2], const struct ovnet_addr *from, uint16_t mtu)
{
	unsigned front = port == ATTACH ? 14 : 0;
	uint8_t out[1500];

	feed(b, port, in, len);
	uint16_t n = bed_sent(b, port, out, sizeof(out));
	if (v6)
		is_error6(out + front, (uint16_t)(n - front), what[1][0], what[1][1], from, mtu,
			in + front);
	else
		is_error4(out + front, (uint16_t)(n - front), what[0][0], what[0][1],
			ntohl(from->v4_be), mtu, in + front);
	if (front != 0)
		assert_memory_equal(out, pod_mac.b, 6);
	bed_drain(b);
}

static void senders_are_told(void **state)
{
	(void)state;
	static const uint8_t gone[2][2] = {{11, 0}, {3, 0}}, big[2][2] = {{3, 4}, {2, 0}},
			     no_net[2][2] = {{3, 0}, {1, 0}};
	uint8_t in[1600];
	struct bed *b = open_attached(true);

	answer_all(b);
	b->port[ATTACH2].port.mtu = 1300;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		const struct ovnet_addr pod = addr_of_who(POD, v6), other = addr_of_who(OTHER, v6),
					gw = addr_of_who(GATEWAY, v6),
					host = addr_of_who(HOST_POD, v6),
					world = addr_of_who(WORLD, v6),
					unleased = addr_of_who(UNLEASED, v6);

		put_framed(in, &pod, &unleased, 80);
		is_told(b, ATTACH, in, 94, v6, no_net, &gw, 0);
		put_framed(in, &pod, &world, 80);
		set_ttl(in + 14, 1);
		is_told(b, ATTACH, in, 94, v6, gone, &gw, 0);
		put_framed(in, &pod, &other, 80);
		set_ttl(in + 14, 1);
		is_told(b, ATTACH, in, 94, v6, gone, &gw, 0);
		put_framed(in, &pod, &other, 1301);
		is_told(b, ATTACH, in, 1315, v6, big, &gw, 1300);
		put_framed(in, &pod, &world, 1451);
		is_told(b, ATTACH, in, 1465, v6, big, &gw, 1450);
		/* The kernel takes nothing from an address of its own: by who was written to. */
		put_ip(in, &host, &other, 1301);
		is_told(b, HOST, in, 1301, v6, big, &other, 1300);
		put_ip(in, &host, &pod, 80);
		set_ttl(in, 1);
		is_told(b, HOST, in, 80, v6, gone, &pod, 0);
	}
	assert_int_equal(b->counters.drops[OVNET_DROP_NO_PEER], 2);
	assert_int_equal(b->counters.drops[OVNET_DROP_TTL_EXCEEDED], 6);
	assert_int_equal(b->counters.drops[OVNET_DROP_OVERSIZE], 6);
	assert_int_equal(bed_drops(b), 14);
	assert_int_equal(b->counters.answers, 14);
	bed_close(b);
}

/* DF is clear: cut to what the port out takes, one hop less each. */
static void large_ones_are_cut(void **state)
{
	(void)state;
	uint8_t in[1600], out[1600];
	struct bed *b = open_attached(true);

	b->port[ATTACH2].port.mtu = 1300;
	put_ether(in, &attach_mac, &pod_mac);
	put_inner(in + 14, ATTACH_POD, OTHER_POD, 1, 1301);
	clear_df(in + 14);
	feed(b, ATTACH, in, 1315);
	assert_int_equal(b->port[ATTACH2].n_out, 2);
	assert_int_equal(join(b, ATTACH2, 14, 1300, out), 1301);
	assert_int_equal(out[8], 62);
	assert_memory_equal(out + 20, in + 34, 1281);
	bed_drain(b);
	put_inner(in + 14, ATTACH_POD, 0x08080808, 1, 1451);
	clear_df(in + 14);
	feed(b, ATTACH, in, 1465);
	assert_int_equal(b->port[HOST].n_out, 2);
	assert_int_equal(join(b, HOST, 0, 1450, out), 1451);
	assert_int_equal(out[8], 62);
	assert_int_equal(b->counters.pieces, 2);
	assert_int_equal(bed_drops(b), 0);
	bed_close(b);
}

static void a_node_without_a_host_device(void **state)
{
	(void)state;
	uint8_t in[200];
	struct bed *b = open_attached(false);

	for (unsigned v6 = 0; v6 < 2; v6++) {
		const struct ovnet_addr pod = addr_of_who(POD, v6), world = addr_of_who(WORLD, v6),
					host = addr_of_who(HOST_POD, v6);

		pod_reaches(b, REMOTE_POD, v6, UPLINK, v6 ? 84 : 64);
		pod_reaches(b, OTHER, v6, ATTACH2, 14);
		put_framed(in, &pod, &world, 80);
		bed_refused(b, ATTACH, in, 94, OVNET_DROP_NO_PORT);
		put_framed(in, &pod, &host, 80);
		bed_refused(b, ATTACH, in, 94, OVNET_DROP_NO_PORT);
	}
	uint16_t len = put_vxlan(in, 60);
	bed_refused(b, UPLINK, in, len, OVNET_DROP_NO_PORT);
	bed_close(b);
}

/* Lanes are taken apart within a burst, each in its order, and nothing is lost. */
static void lanes_part_within_a_burst(void **state)
{
	(void)state;
	static const enum who to[] = {REMOTE_POD, OTHER, WORLD, UNLEASED};
	static const unsigned port[] = {UPLINK, ATTACH2, HOST}, front[] = {64, 14, 0};
	uint8_t in[200];
	struct bed *b = open_attached(true);

	answer_all(b);
	for (unsigned i = 0; i < OVNET_BURST; i++) {
		const struct ovnet_addr src = addr_of_who(POD, false),
					dst = addr_of_who(to[i % 4], false);
		uint16_t len = put_framed(in, &src, &dst, 80);

		in[50] = (uint8_t)i; /* payload */
		bed_receive(b, ATTACH, bed_packet(ATTACH, in, len, 0, 0));
	}
	assert_int_equal(ops->poll(&b->ctx), OVNET_BURST);
	for (unsigned i = 0; i < 3; i++) {
		const struct bed_port *p = &b->port[port[i]];

		assert_int_equal(p->n_out, OVNET_BURST / 4);
		for (unsigned k = 0; k < p->n_out; k++)
			assert_int_equal(
				*rte_pktmbuf_mtod_offset(p->out[k], uint8_t *, front[i] + 36),
				4 * k + i);
	}
	assert_int_equal(b->counters.drops[OVNET_DROP_NO_PEER], OVNET_BURST / 4);
	assert_int_equal(b->port[ATTACH].n_out, OVNET_BURST / 4); /* who sent those is told */
	assert_int_equal(stage(b, OVNET_STAGE_ENCAP), OVNET_BURST / 4);
	assert_int_equal(stage(b, OVNET_STAGE_DELIVER), OVNET_BURST / 2);
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pod_reaches_everybody),
		cmocka_unit_test(the_link_is_the_ports),
		cmocka_unit_test(the_host_reaches_pods),
		cmocka_unit_test(what_is_attached_is_bound),
		cmocka_unit_test(broadcast_goes_nowhere),
		cmocka_unit_test(ranges_behind_a_port),
		cmocka_unit_test(a_port_without_a_link),
		cmocka_unit_test(senders_are_told),
		cmocka_unit_test(large_ones_are_cut),
		cmocka_unit_test(a_node_without_a_host_device),
		cmocka_unit_test(lanes_part_within_a_burst),
	};

	return bed_run_levels("path_route", tests, RTE_DIM(tests));
}
