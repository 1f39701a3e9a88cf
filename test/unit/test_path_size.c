/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/path_answer.h"

static void without_df_the_inside_is_cut(void **state)
{
	(void)state;
	uint8_t in[4000], out[4000];
	struct bed *b = open_answering();
	unsigned pieces = 0;

	for (uint16_t len = 1451; len < 4000; len += 283) {
		put_inner(in, OWN_POD, PEER_POD, 1, len);
		clear_df(in);
		struct rte_mbuf *m = bed_packet(HOST, in, len, 0, 500);
		m->pkt_len = len;
		bed_receive(b, HOST, m);
		assert_int_equal(ops->poll(&b->ctx), 1);
		unsigned n = b->port[UPLINK].n_out;
		pieces += n - 1;
		assert_int_equal(n, (len - 20 + 1423) / 1424);
		for (unsigned i = 0; i < n; i++) {
			const uint8_t *o =
				rte_pktmbuf_mtod(b->port[UPLINK].out[i], const uint8_t *);
			assert_memory_equal(o, gateway_mac.b, 6);
			assert_int_equal(get(o + 36, 2), 8472);
			assert_int_equal(be_sum(o + 14, 20, 0), 0xffff);
		}
		assert_int_equal(join(b, UPLINK, 64, 1450, out), len);
		assert_memory_equal(out + 20, in + 20, len - 20u);
		assert_memory_equal(out + 12, in + 12, 8);
		assert_int_equal(out[8], in[8]);
		bed_drain(b);
	}
	assert_int_equal(bed_drops(b), 0);
	assert_int_equal(b->counters.answers, 0);
	assert_int_equal(b->counters.pieces, pieces);
	bed_close(b);
}

/* The router in front of two peers says nothing of the ways behind it. */
static void peers_behind_one_gateway_have_their_own_mtu(void **state)
{
	(void)state;
	const uint32_t far = 0x0a050700, far_ip = 0x0aa80020;
	uint8_t in[1500];
	struct bed *b = open_answering();

	for (unsigned round = 0; round < 2; round++) {
		b->mtu = 1400;
		assert_int_equal(bed_add_peer(b, far, 24, far_ip, &peer_vtep, b->nh), 0);
		bed_set_mtu(b, 1500);
		if (round == 1) { /* whoever came last */
			b->mtu = 1400;
			assert_int_equal(bed_add_peer(b, far, 24, far_ip, &peer_vtep, b->nh), 0);
		}
		put_inner(in, OWN_POD, PEER_POD, 1, 1450);
		feed(b, HOST, in, 1450);
		put_inner(in, OWN_POD, far + 2, 1, 1350);
		feed(b, HOST, in, 1350);
		assert_int_equal(b->port[UPLINK].n_out, 2);
		bed_drain(b);
		put_inner(in, OWN_POD, PEER_POD, 1, 1451);
		feed(b, HOST, in, 1451);
		assert_int_equal(b->counters.drops[OVNET_DROP_OVERSIZE], 2 * round + 1);
		bed_drain(b);
		put_inner(in, OWN_POD, far + 2, 1, 1351);
		feed(b, HOST, in, 1351);
		uint8_t out[600];
		uint16_t len = bed_sent(b, HOST, out, sizeof(out));
		is_error4(out, len, 3, 4, far, 1350, in);
		bed_drain(b);
	}
	bed_close(b);
}

static void what_cannot_be_cut_is_dropped(void **state)
{
	(void)state;
	uint8_t in[1500];
	struct bed *b = open_answering();

	put_inner(in, OWN_POD, PEER_POD, 1, 1500);
	clear_df(in);
	for (unsigned mtu = 0; mtu < 78; mtu += 11) {
		bed_set_mtu(b, (uint16_t)mtu);
		bed_refused(b, HOST, in, 1500, OVNET_DROP_OVERSIZE);
	}
	bed_close(b);
}

/* A SYN with an MSS of 1460 at `ip`, `to` its destination. */
static uint16_t put_syn(uint8_t *ip, uint32_t src, uint32_t dst)
{
	put_inner(ip, src, dst, 1, 44);
	ip[9] = 6;
	clear_df(ip);
	memset(ip + 20, 0, 24);
	be_put16(ip + 20, 1);
	be_put16(ip + 22, 80);
	ip[32] = 0x60;
	ip[33] = 2;
	ip[40] = 2;
	ip[41] = 4;
	be_put16(ip + 42, 1460);
	be_put16(ip + 36, ~be_sum(ip + 20, 24, be_sum(ip + 12, 8, 6 + 24)));
	return 44;
}

static uint16_t mss_at(const uint8_t *ip)
{
	assert_int_equal(be_sum(ip + 20, 24, be_sum(ip + 12, 8, 6 + 24)), 0xffff);
	return (uint16_t)get(ip + 42, 2);
}

static void mss_is_lowered_where_asked(void **state)
{
	(void)state;
	uint8_t in[200], out[200];
	struct bed *b = open_answering();

	for (unsigned on = 0; on < 2; on++) {
		b->overlay.mss_clamp = on;
		assert_int_equal(bed_set_overlay(b), 0);
		feed(b, HOST, in, put_syn(in, OWN_POD, PEER_POD));
		bed_sent(b, UPLINK, out, sizeof(out));
		assert_int_equal(mss_at(out + 64), on ? 1410 : 1460);
		bed_drain(b);
		put_syn(in + 64, PEER_POD, OWN_POD);
		put_outer(in, 44);
		feed(b, UPLINK, in, 108);
		bed_sent(b, HOST, out, sizeof(out));
		assert_int_equal(mss_at(out), on ? 1410 : 1460);
		bed_drain(b);
	}
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_df_the_inside_is_cut),
		cmocka_unit_test(peers_behind_one_gateway_have_their_own_mtu),
		cmocka_unit_test(what_cannot_be_cut_is_dropped),
		cmocka_unit_test(mss_is_lowered_where_asked),
	};

	return bed_run_levels("path_size", tests, RTE_DIM(tests));
}
