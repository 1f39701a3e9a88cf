/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What came in right and leaves wrong is seen. Nothing on the way does that, so a tap of this suite
 * breaks packets where it is told to.
 */
#include "bed/path6.h"
#include "path/taps.h"

#define LEN 100

/* A byte to flip, so and so far behind the first one of packets that enter a stage. */
struct breakage {
	enum ovnet_stage stage;
	uint16_t at;
};

static void break_it(void *arg, uint16_t worker, enum ovnet_stage stage, uint16_t info,
	struct rte_mbuf **pkts, uint16_t n)
{
	const struct breakage *b = arg;

	(void)worker, (void)info;
	for (uint16_t i = 0; i < n && stage == b->stage; i++) {
		struct rte_mbuf *m = pkts[i];
		uint16_t at = b->at;
		for (; at >= m->data_len; m = m->next)
			at -= m->data_len;
		*rte_pktmbuf_mtod_offset(m, uint8_t *, at) ^= 0x10;
	}
}

static struct bed *open_verifying(uint32_t every)
{
	struct bed *b = bed_open6();

	b->ctx.verify.every = every;
	return b;
}

static void counted(struct bed *b, uint64_t verified, uint64_t spoiled)
{
	assert_int_equal(b->counters.verified, verified);
	assert_int_equal(b->counters.spoiled, spoiled);
	b->counters.verified = b->counters.spoiled = 0;
	bed_drain(b);
}

static void passes(struct bed *b, unsigned in, const uint8_t *bytes, uint16_t len, unsigned out)
{
	bed_receive(b, in, bed_packet((uint16_t)in, bytes, len, 0, in == HOST ? 33 : 0));
	assert_int_equal(ops->poll(&b->ctx), 1);
	assert_int_equal(b->port[out].n_out, 1);
}

static void what_is_right_stays_right(void **state)
{
	uint8_t in[300];
	struct bed *b = open_verifying(1);

	(void)state;
	passes(b, HOST, in, put_inner(in, OWN_POD, PEER_POD, 7, LEN), UPLINK);
	counted(b, 1, 0);
	passes(b, HOST, in, put_pod6(in, false, LEN), UPLINK);
	counted(b, 1, 0);
	passes(b, UPLINK, in, put_vxlan(in, LEN), HOST);
	counted(b, 1, 0);
	passes(b, UPLINK, in, put_vxlan6(in, LEN), HOST);
	counted(b, 1, 0);
	bed_close(b);

	static const enum ovnet_encap kinds[] = {OVNET_ENCAP_UDP4, OVNET_ENCAP_DIRECT};
	for (unsigned i = 0; i < RTE_DIM(kinds); i++) {
		b = bed_open(1);
		b->ctx.verify.every = 1;
		bed_set_kind(b, kinds[i]);
		passes(b, HOST, in, put_inner(in, OWN_POD, PEER_POD, 7, LEN), UPLINK);
		counted(b, 1, 0);
		bed_close(b);
	}
}

/* By encap.udp-checksum6 = "off": the tunnel's own headers, not what is in it. */
static void no_outer_checksum_is_no_wrong_one(void **state)
{
	uint8_t in[300];
	struct bed *b = open_verifying(1);

	(void)state;
	b->overlay.outer.csum6 = false;
	assert_int_equal(bed_set_overlay(b), 0);
	passes(b, HOST, in, put_pod6(in, false, LEN), UPLINK);
	counted(b, 1, 0);
	struct breakage inner = {OVNET_STAGE_ENCAP, LEN - 1};
	assert_int_equal(ovnet_taps_add(&b->shared, break_it, &inner), 0);
	passes(b, HOST, in, put_pod6(in, false, LEN), UPLINK);
	counted(b, 1, 1);
	assert_int_equal(ovnet_taps_remove(&b->shared, break_it, &inner), 0);
	bed_close(b);
}

/* A sender's own mistakes go on to who finds them; IPv6 over UDP has to have a checksum. */
static void what_came_in_wrong_is_not_ours(void **state)
{
	uint8_t in[300];
	struct bed *b = open_verifying(1);

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		put_inner(in, OWN_POD, PEER_POD, 7, LEN);
		in[(uint8_t[]){4, 10, 26, LEN - 1}[i]] ^= 0x40;
		passes(b, HOST, in, LEN, UPLINK);
		counted(b, 0, 0);
	}
	put_pod6(in, false, LEN);
	in[46] = in[47] = 0;
	passes(b, HOST, in, LEN, UPLINK);
	counted(b, 0, 0);
	bed_close(b);
}

static void what_breaks_on_the_way_is_seen(void **state)
{
	/* The inner packet, then its outer headers: Ethernet is 14 bytes. */
	static const struct breakage kinds[] = {{OVNET_STAGE_ENCAP, 4}, {OVNET_STAGE_ENCAP, 13},
		{OVNET_STAGE_ENCAP, 21}, {OVNET_STAGE_ENCAP, LEN - 1}, {OVNET_STAGE_TX, 14 + 5},
		{OVNET_STAGE_TX, 14 + 17}, {OVNET_STAGE_TX, 14 + 20 + 8 + 8 + 14 + LEN - 1}};
	uint8_t in[300];
	struct bed *b = open_verifying(1);

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(kinds); i++) {
		struct breakage one = kinds[i];
		assert_int_equal(ovnet_taps_add(&b->shared, break_it, &one), 0);
		passes(b, HOST, in, put_inner(in, OWN_POD, PEER_POD, 7, LEN), UPLINK);
		counted(b, 1, 1);
		assert_int_equal(ovnet_taps_remove(&b->shared, break_it, &one), 0);
	}
	/* The UDP checksum over IPv6, and a packet that goes on to the host. */
	struct breakage outer = {OVNET_STAGE_TX, 14 + 40 + 1};
	assert_int_equal(ovnet_taps_add(&b->shared, break_it, &outer), 0);
	passes(b, HOST, in, put_pod6(in, false, LEN), UPLINK);
	counted(b, 1, 1);
	assert_int_equal(ovnet_taps_remove(&b->shared, break_it, &outer), 0);
	struct breakage inward = {OVNET_STAGE_DELIVER, LEN - 2};
	assert_int_equal(ovnet_taps_add(&b->shared, break_it, &inward), 0);
	passes(b, UPLINK, in, put_vxlan(in, LEN), HOST);
	counted(b, 1, 1);
	assert_int_equal(ovnet_taps_remove(&b->shared, break_it, &inward), 0);
	bed_close(b);
}

static void receive_undone(struct bed *b, uint16_t pseudo)
{
	uint8_t in[LEN];

	put_inner(in, OWN_POD, PEER_POD, 7, LEN);
	be_put16(in + 26, pseudo);
	struct rte_mbuf *m = bed_packet(HOST, in, LEN, 0, 41);
	struct ovnet_meta *meta = ovnet_meta(m);
	meta->offload = OVNET_OFF_CSUM;
	meta->csum_start = 20;
	meta->csum_offset = 6;
	bed_receive(b, HOST, m);
	assert_int_equal(ops->poll(&b->ctx), 1);
	assert_int_equal(b->port[UPLINK].n_out, 1);
}

/* What is finished here is judged finished; what is not, by the pseudo header's sum. */
static void checksums_that_came_unfinished(void **state)
{
	uint8_t ip[LEN];
	struct bed *b = open_verifying(1);

	(void)state;
	put_inner(ip, OWN_POD, PEER_POD, 7, LEN);
	const uint16_t pseudo = (uint16_t)be_sum(ip + 12, 8, 17 + LEN - 20);
	b->port[HOST].port.caps |= OVNET_CAP_RX_CSUM;
	receive_undone(b, pseudo);
	counted(b, 1, 0);
	receive_undone(b, pseudo ^ 1);
	counted(b, 0, 0);
	b->port[UPLINK].port.caps |= OVNET_CAP_TX_CSUM;
	receive_undone(b, pseudo);
	counted(b, 1, 0);
	struct breakage address = {OVNET_STAGE_TX, 14 + 20 + 8 + 8 + 14 + 26};
	assert_int_equal(ovnet_taps_add(&b->shared, break_it, &address), 0);
	receive_undone(b, pseudo);
	counted(b, 1, 1);
	assert_int_equal(ovnet_taps_remove(&b->shared, break_it, &address), 0);
	bed_close(b);
}

static void one_in_so_many(void **state)
{
	static const struct {
		uint32_t every;
		unsigned packets, verified;
	} rows[] = {{0, 64, 0}, {1, 64, 64}, {3, 64, 22}, {64, 64, 1}, {100, 300, 3}};
	uint8_t in[LEN];

	(void)state;
	put_inner(in, OWN_POD, PEER_POD, 7, LEN);
	for (unsigned i = 0; i < RTE_DIM(rows); i++) {
		struct bed *b = open_verifying(rows[i].every);
		for (unsigned k = 0; k < rows[i].packets; k++)
			bed_receive(b, HOST, bed_packet(HOST, in, LEN, 0, 0));
		while (ops->poll(&b->ctx) != 0)
			;
		assert_int_equal(b->port[UPLINK].n_out, rows[i].packets);
		counted(b, rows[i].verified, 0);
		bed_close(b);
	}
}

/* Who has the port's queue does not know which ones were marked. */
static void before_another_worker_has_it(void **state)
{
	uint8_t in[LEN];
	struct bed *b = bed_open(2);
	struct breakage wrong = {OVNET_STAGE_TX, 14 + 20 + 8 + 8 + 14 + LEN - 1};

	(void)state;
	put_inner(in, OWN_POD, PEER_POD, 7, LEN);
	b->ctx.verify.every = 1;
	assert_int_equal(ovnet_handoff_init(&b->shared.handoff[1], 1, 32, SOCKET_ID_ANY), 0);
	b->map->worker[0].tx[UPLINK] = (struct ovnet_tx_way){.q = NULL, .owner = 1};
	b->port[UPLINK].queue.owner = 1 + 1;
	for (unsigned i = 0; i < 2; i++) {
		if (i == 1)
			assert_int_equal(ovnet_taps_add(&b->shared, break_it, &wrong), 0);
		bed_receive(b, HOST, bed_packet(HOST, in, LEN, 0, 0));
		assert_int_equal(ops->poll(&b->ctx), 1);
		struct rte_mbuf *m;
		assert_int_equal(ovnet_handoff_pop(&b->shared.handoff[1], &m, 1), 1);
		rte_pktmbuf_free(m);
		assert_int_equal(b->counters.verified, i + 1);
		assert_int_equal(b->counters.spoiled, i);
	}
	assert_int_equal(ovnet_taps_remove(&b->shared, break_it, &wrong), 0);
	ovnet_handoff_fini(&b->shared.handoff[1]);
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_right_stays_right),
		cmocka_unit_test(no_outer_checksum_is_no_wrong_one),
		cmocka_unit_test(what_came_in_wrong_is_not_ours),
		cmocka_unit_test(what_breaks_on_the_way_is_seen),
		cmocka_unit_test(checksums_that_came_unfinished),
		cmocka_unit_test(one_in_so_many),
		cmocka_unit_test(before_another_worker_has_it),
	};

	return bed_run_levels("path_verify", tests, RTE_DIM(tests));
}
