/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/path_answer.h"

#define OVNET_LEVEL v2
#include "path/level.h"

#define HOST_ADDR 0xc0a80005u /* one of the node's own addresses outside the overlay */

/* The host device gets the error from the far end, and the drop is counted all the same. */
static void answered4(struct bed *b, const uint8_t *in, uint16_t len, enum ovnet_drop reason,
	uint8_t code, uint32_t src, uint16_t mtu)
{
	uint64_t drops = b->counters.drops[reason], answers = b->counters.answers;
	uint8_t out[600];

	feed(b, HOST, in, len);
	assert_int_equal(b->counters.drops[reason], drops + 1);
	assert_int_equal(b->counters.answers, answers + 1);
	is_error4(out, bed_sent(b, HOST, out, sizeof(out)), 3, code, src, mtu, in);
	assert_int_equal(b->port[UPLINK].n_out, 0);
	bed_drain(b);
}

static void answered6(struct bed *b, const uint8_t *in, uint16_t len, enum ovnet_drop reason,
	uint8_t type, uint8_t code, const struct ovnet_addr *src, uint32_t mtu)
{
	uint64_t drops = b->counters.drops[reason];
	uint8_t out[1300];

	feed(b, HOST, in, len);
	assert_int_equal(b->counters.drops[reason], drops + 1);
	is_error6(out, bed_sent(b, HOST, out, sizeof(out)), type, code, src, mtu, in);
	bed_drain(b);
}

static void the_host_is_told(void **state)
{
	(void)state;
	uint8_t in[1600];
	struct bed *b = open_answering();
	const struct ovnet_addr local = ovnet_addr_v4(HOST_ADDR);

	put_inner(in, OWN_POD, PEER_POD, 1, 1451);
	answered4(b, in, 1451, OVNET_DROP_OVERSIZE, 4, PEER_NET, 1450);
	assert_int_equal(ovnet_fib_set_ingress(b->w, &local, 1, NULL, 0), 0);
	put_inner(in, HOST_ADDR, PEER_POD, 1, 1500);
	answered4(b, in, 1500, OVNET_DROP_OVERSIZE, 4, PEER_NET, 1450);
	put_inner(in, OWN_POD, 0x0a05ee01, 1, 60);
	answered4(b, in, 60, OVNET_DROP_NO_PEER, 0, 0x0a05ee01, 0);
	assert_int_equal(bed_add_peer(b, 0x0a050800, 24, 0x0aa80010, &peer_vtep, NULL), 0);
	put_inner(in, OWN_POD, 0x0a050801, 1, 60);
	answered4(b, in, 60, OVNET_DROP_NO_UPLINK, 1, 0x0a050800, 0);
	assert_int_equal(ovnet_fib_nh_fail(b->w, b->nh), 0);
	put_inner(in, OWN_POD, PEER_POD, 1, 60);
	answered4(b, in, 60, OVNET_DROP_NEIGHBOUR_PENDING, 1, PEER_NET, 0);
	bed_close(b);
}

/* A first packet on the way to a peer whose MAC address is being asked for kills no connection. */
static void nobody_is_told_while_a_neighbour_is_asked(void **state)
{
	(void)state;
	uint8_t in[100];
	struct bed *b = open_answering();

	assert_int_equal(ovnet_fib_nh_set(b->w, b->nh, NULL, NULL), 0);
	put_inner(in, OWN_POD, PEER_POD, 1, 60);
	feed(b, HOST, in, 60);
	assert_int_equal(b->counters.drops[OVNET_DROP_NEIGHBOUR_PENDING], 1);
	assert_int_equal(b->counters.answers, 0);
	assert_int_equal(b->port[HOST].n_out, 0);
	bed_drain(b);
	/* Failed stays failed, also for who asks for the same neighbour later. */
	assert_int_equal(ovnet_fib_nh_fail(b->w, b->nh), 0);
	assert_int_equal(ovnet_fib_nh_set(b->w, b->nh, NULL, NULL), 0);
	answered4(b, in, 60, OVNET_DROP_NEIGHBOUR_PENDING, 1, PEER_NET, 0);
	assert_int_equal(ovnet_fib_nh_set(b->w, b->nh, &gateway_mac, &uplink_mac), 0);
	assert_int_equal(ovnet_fib_nh_set(b->w, b->nh, NULL, NULL), 0);
	feed(b, HOST, in, 60);
	assert_int_equal(b->counters.answers, 1);
	bed_close(b);
}

static void the_host_is_told_of_ipv6(void **state)
{
	(void)state;
	uint8_t in[1600];
	struct bed *b = open_answering();
	const struct ovnet_addr base = addr6(PEER_NET6, 0), own = addr6(OWN_NET6, 2),
				nobody = addr6(0x99, 7);

	put_pod6(in, false, 1431);
	answered6(b, in, 1431, OVNET_DROP_OVERSIZE, 2, 0, &base, 1430);
	put_inner6(in, &own, &nobody, 1, 60);
	answered6(b, in, 60, OVNET_DROP_NO_PEER, 1, 0, &nobody, 0);
	assert_int_equal(ovnet_fib_nh_fail(b->w, b->nh), 0);
	put_pod6(in, false, 60);
	answered6(b, in, 60, OVNET_DROP_NEIGHBOUR_PENDING, 1, 3, &base, 0);
	bed_close(b);
}

/* The MTU of the way, whatever way it is. */
static void each_way_has_its_mtu(void **state)
{
	(void)state;
	uint8_t in[1600];
	struct bed *b = open_answering();

	bed_set_kind(b, OVNET_ENCAP_UDP4);
	put_inner(in, OWN_POD, PEER_POD, 1, 1473);
	answered4(b, in, 1473, OVNET_DROP_OVERSIZE, 4, PEER_NET, 1472);
	bed_set_kind(b, OVNET_ENCAP_DIRECT);
	put_inner(in, OWN_POD, PEER_POD, 1, 1501);
	answered4(b, in, 1501, OVNET_DROP_OVERSIZE, 4, PEER_NET, 1500);
	b->mtu = 1000;
	bed_set_kind(b, OVNET_ENCAP_DIRECT);
	put_inner(in, OWN_POD, PEER_POD, 1, 1001);
	answered4(b, in, 1001, OVNET_DROP_OVERSIZE, 4, PEER_NET, 1000);
	bed_close(b);
}

/* Between route's verdict and the answer the control thread may have taken the peer away. */
static void a_way_that_is_gone_meanwhile(void **state)
{
	(void)state;
	uint8_t in[1600];
	struct bed *b = open_answering();
	uint8_t reason = OVNET_DROP_OVERSIZE;
	struct rte_mbuf *m;
	struct answer a;
	static const uint32_t gone[] = {0x0a05ee01, 0x0a050801};

	assert_int_equal(bed_add_peer(b, 0x0a050800, 24, 0x0aa80010, &peer_vtep, NULL), 0);
	b->ctx.view = ovnet_fib_view(&b->shared.fib);
	for (unsigned df = 0; df < 2; df++)
		for (unsigned i = 0; i < RTE_DIM(gone); i++) {
			put_inner(in, OWN_POD, gone[i], 1, 1451);
			if (df == 0)
				clear_df(in);
			m = bed_packet(HOST, in, 1451, 0, 0);
			ovnet_answer_v2(&b->ctx, m, &reason, &a);
			assert_true(a.n == 0 && !a.gone);
			assert_int_equal(b->counters.answers, 0);
			ovnet_drop(&b->ctx, &m, 1, OVNET_DROP_OVERSIZE);
		}
	/* A next hop that is being asked for again has no address to send fragments to. */
	assert_int_equal(ovnet_fib_nh_set(b->w, b->nh, NULL, NULL), 0);
	put_inner(in, OWN_POD, PEER_POD, 1, 1451);
	clear_df(in);
	m = bed_packet(HOST, in, 1451, 0, 0);
	ovnet_answer_v2(&b->ctx, m, &reason, &a);
	assert_true(a.n == 0 && !a.gone);
	ovnet_drop(&b->ctx, &m, 1, OVNET_DROP_OVERSIZE);
	bed_close(b);
}

static void guests_are_told(void **state)
{
	(void)state;
	uint8_t in[1600], out[1600];
	struct bed *b = open_answering();
	const struct ovnet_addr guest = addr6(OWN_NET6, 9), peer = addr6(PEER_NET6, 2),
				router = addr6(OWN_NET6, 1);

	put_ether(in, &attach_mac, &pod_mac);
	put_inner(in + 14, ATTACH_POD, PEER_POD, 1, 60);
	in[22] = 1;
	feed(b, ATTACH, in, 74);
	uint16_t len = bed_sent(b, ATTACH, out, sizeof(out));
	assert_memory_equal(out, pod_mac.b, 6);
	assert_memory_equal(out + 6, attach_mac.b, 6);
	is_error4(out + 14, (uint16_t)(len - 14), 11, 0, OWN_NET + 1, 0, in + 14);
	assert_int_equal(b->counters.drops[OVNET_DROP_TTL_EXCEEDED], 1);
	bed_drain(b);

	put_inner(in + 14, ATTACH_POD, PEER_POD, 1, 1451);
	feed(b, ATTACH, in, 1465);
	len = bed_sent(b, ATTACH, out, sizeof(out));
	is_error4(out + 14, (uint16_t)(len - 14), 3, 4, OWN_NET + 1, 1450, in + 14);
	bed_drain(b);

	/* Too large, may be cut, but not with its last hop gone. */
	clear_df(in + 14);
	in[22] = 1;
	feed(b, ATTACH, in, 1465);
	len = bed_sent(b, ATTACH, out, sizeof(out));
	is_error4(out + 14, (uint16_t)(len - 14), 11, 0, OWN_NET + 1, 0, in + 14);
	assert_int_equal(b->counters.drops[OVNET_DROP_TTL_EXCEEDED], 2);
	bed_drain(b);
	in[22] = 9;
	clear_df(in + 14);
	feed(b, ATTACH, in, 1465);
	assert_int_equal(b->port[UPLINK].n_out, 2);
	assert_int_equal(join(b, UPLINK, 64, 1450, out), 1451);
	assert_int_equal(out[8], 8);
	bed_drain(b);

	bed_attach(b, &guest);
	put_inner6(in + 14, &guest, &peer, 1, 60);
	be_put16(in + 12, 0x86dd);
	in[21] = 1;
	feed(b, ATTACH, in, 74);
	len = bed_sent(b, ATTACH, out, sizeof(out));
	assert_int_equal(get(out + 12, 2), 0x86dd);
	is_error6(out + 14, (uint16_t)(len - 14), 3, 0, &router, 0, in + 14);
	bed_close(b);
}

/* Nobody gets an error about a packet that only says it were his. */
static void foreign_sources_are_not_answered(void **state)
{
	(void)state;
	uint8_t in[200];
	struct bed *b = open_answering();

	put_ether(in, &attach_mac, &pod_mac);
	put_inner(in + 14, OWN_POD, 0x0a05ee01, 1, 60);
	bed_refused(b, ATTACH, in, 74, OVNET_DROP_FOREIGN_SOURCE);
	put_inner(in, ATTACH_POD, 0x0a05ee01, 1, 60);
	bed_refused(b, HOST, in, 60, OVNET_DROP_NO_PEER);
	assert_int_equal(b->counters.answers, 0);
	bed_close(b);
}

static void senders_in_the_underlay_are_told(void **state)
{
	(void)state;
	uint8_t in[1700], out[1700];
	struct bed *b = open_answering();
	const struct ovnet_addr guest = addr6(OWN_NET6, 9), peer = addr6(PEER_NET6, 2),
				base = addr6(OWN_NET6, 0);

	uint16_t len = put_vxlan(in, 60);
	put_inner(in + 64, PEER_POD, ATTACH_POD, 1, 60);
	in[72] = 1;
	feed(b, UPLINK, in, len);
	uint16_t sent = bed_sent(b, UPLINK, out, sizeof(out));
	assert_memory_equal(out, gateway_mac.b, 6);
	assert_int_equal(get(out + 30, 4), PEER_IP);
	assert_memory_equal(out + 50, peer_vtep.b, 6);
	is_error4(out + 64, (uint16_t)(sent - 64), 11, 0, OWN_NET, 0, in + 64);
	assert_int_equal(b->counters.drops[OVNET_DROP_TTL_EXCEEDED], 1);
	bed_drain(b);

	b->port[ATTACH].port.mtu = 1300;
	len = put_vxlan(in, 1301);
	put_inner(in + 64, PEER_POD, ATTACH_POD, 1, 1301);
	feed(b, UPLINK, in, len);
	sent = bed_sent(b, UPLINK, out, sizeof(out));
	is_error4(out + 64, (uint16_t)(sent - 64), 3, 4, OWN_NET, 1300, in + 64);
	bed_drain(b);
	clear_df(in + 64);
	feed(b, UPLINK, in, len);
	assert_int_equal(b->port[ATTACH].n_out, 2);
	assert_int_equal(join(b, ATTACH, 14, 1300, out), 1301);
	assert_int_equal(out[8], 62);
	assert_memory_equal(out + 20, in + 84, 1281);
	bed_drain(b);

	bed_attach(b, &guest);
	put_inner6(in + 84, &peer, &guest, 1, 1301);
	len = put_outer6(in, 1301, 0x86dd);
	feed(b, UPLINK, in, len);
	sent = bed_sent(b, UPLINK, out, sizeof(out));
	is_error6(out + 84, (uint16_t)(sent - 84), 2, 0, &base, 1300, in + 84);
	bed_drain(b);

	/* By its own address the peer's host is in no lease: there is no way back to it. */
	put_inner(in + 64, PEER_IP, ATTACH_POD, 1, 60);
	put_outer(in, 60);
	in[72] = 1;
	bed_refused(b, UPLINK, in, 124, OVNET_DROP_TTL_EXCEEDED);
	bed_close(b);
}

static void udp_has_a_hop_of_its_own(void **state)
{
	(void)state;
	uint8_t in[200], out[200];
	struct bed *b = open_answering();

	bed_set_kind(b, OVNET_ENCAP_UDP4);
	put_inner(in, OWN_POD, PEER_POD, 1, 60);
	in[8] = 1;
	feed(b, HOST, in, 60);
	uint16_t len = bed_sent(b, HOST, out, sizeof(out));
	is_error4(out, len, 11, 0, PEER_NET, 0, in);
	bed_drain(b);

	put_vxlan(in, 60);
	memmove(in + 42, in + 64, 60);
	be_put16(in + 16, 88);
	put_sum4(in + 14);
	be_put16(in + 36, 8285);
	be_put16(in + 38, 68);
	in[50] = 1;
	feed(b, UPLINK, in, 102);
	len = bed_sent(b, UPLINK, out, sizeof(out));
	assert_int_equal(get(out + 36, 2), 8285);
	assert_int_equal(out[50], 63); /* the error's own hop */
	is_error4(out + 42, (uint16_t)(len - 42), 11, 0, OWN_NET, 0, in + 42);
	assert_int_equal(b->counters.drops[OVNET_DROP_TTL_EXCEEDED], 2);
	bed_close(b);
}

static void refused_senders_are_not_answered(void **state)
{
	(void)state;
	uint8_t in[200];
	struct bed *b = open_answering();
	const struct ovnet_peer_conf lost = {.subnet = {AF_INET, .v4 = {0x0a050800, 24}},
		.public_addr = ovnet_addr_v4(PEER_IP),
		.mtu = 1500,
		.encap = OVNET_ENCAP_DIRECT};

	uint16_t len = put_vxlan(in, 60);
	put_inner(in + 64, 0x0a0a0a0a, OWN_POD, 1, 60);
	bed_refused(b, UPLINK, in, len, OVNET_DROP_INNER_SOURCE);
	b->overlay.direct = true;
	assert_int_equal(bed_set_overlay(b), 0);
	assert_int_equal(ovnet_fib_set_peer(b->w, &lost), 0);
	put_ether(in, &uplink_mac, &gateway_mac);
	put_inner(in + 14, 0x0a050801, OWN_POD, 1, 60);
	bed_refused(b, UPLINK, in, 74, OVNET_DROP_NO_UPLINK);
	put_inner(in, OWN_POD, 0xe0000001, 1, 60); /* to a group */
	bed_refused(b, HOST, in, 60, OVNET_DROP_NO_PEER);
	put_inner(in, OWN_POD, 0x0a05ee01, 1, 60);
	in[9] = 1; /* an ICMP error itself */
	in[20] = 3;
	bed_refused(b, HOST, in, 60, OVNET_DROP_NO_PEER);
	assert_int_equal(b->counters.answers, 0);
	bed_close(b);
}

static void answers_are_limited(void **state)
{
	(void)state;
	uint8_t in[100];
	struct bed *b = open_answering();

	ovnet_rate_init(&b->ctx.answers, 1, 5, UINT32_MAX, 0);
	b->ctx.answers.last = UINT64_MAX; /* time stands still */
	put_inner(in, OWN_POD, 0x0a05ee01, 1, 60);
	for (unsigned i = 0; i < 50; i++)
		bed_receive(b, HOST, bed_packet(HOST, in, 60, 0, 0));
	ops->poll(&b->ctx);
	assert_int_equal(b->counters.drops[OVNET_DROP_NO_PEER], 50);
	assert_int_equal(b->port[HOST].n_out, 5);
	assert_int_equal(b->counters.answers, 5);
	assert_int_equal(b->counters.answers_limited, 45);
	bed_close(b);
}

/* Whatever comes in: no buffer is lost, each drop is counted once, each answer is one packet. */
static void buffers_are_conserved(void **state)
{
	(void)state;
	uint8_t in[2000];
	struct bed *b = open_answering();

	b->overlay.direct = true;
	assert_int_equal(bed_set_overlay(b), 0);
	srandom(11);
	for (unsigned i = 0; i < 20000; i++) {
		unsigned port = (unsigned)random() % N_PORTS, v6 = random() % 2;
		uint16_t inner = (uint16_t)(60 + random() % 1500), from = 0, len;
		if (port == UPLINK) {
			len = v6 ? put_vxlan6(in, inner) : put_vxlan(in, inner);
		} else {
			from = port == HOST ? 84 : 70;
			put_ether(in + 70, &attach_mac, &pod_mac);
			be_put16(in + 82, v6 ? 0x86dd : 0x0800);
			if (v6)
				put_pod6(in + 84, false, inner);
			else
				put_inner(in + 84, port == HOST ? OWN_POD : ATTACH_POD, PEER_POD, 1,
					inner);
			len = (uint16_t)(84 + inner - from);
		}
		for (long n = random() % 4; n > 0; n--)
			in[from + (unsigned)random() % 130] = (uint8_t)random();
		bed_receive(b, port,
			bed_packet((uint16_t)port, in + from, len, (uint16_t)(random() % 150),
				(uint16_t)(random() % 3 * 400)));
		uint64_t drops = bed_drops(b);
		ops->poll(&b->ctx);
		assert_in_range(bed_drops(b) - drops, 0, 2);
		bed_drain(b);
		assert_int_equal(rte_mempool_avail_count(bed_pool), BED_MBUFS);
	}
	assert_true(b->counters.answers > 500);
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_host_is_told),
		cmocka_unit_test(the_host_is_told_of_ipv6),
		cmocka_unit_test(nobody_is_told_while_a_neighbour_is_asked),
		cmocka_unit_test(each_way_has_its_mtu),
		cmocka_unit_test(a_way_that_is_gone_meanwhile),
		cmocka_unit_test(guests_are_told),
		cmocka_unit_test(foreign_sources_are_not_answered),
		cmocka_unit_test(senders_in_the_underlay_are_told),
		cmocka_unit_test(udp_has_a_hop_of_its_own),
		cmocka_unit_test(refused_senders_are_not_answered),
		cmocka_unit_test(answers_are_limited),
		cmocka_unit_test(buffers_are_conserved),
	};

	return bed_run_levels("path_answer", tests, RTE_DIM(tests));
}
