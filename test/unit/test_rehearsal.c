/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "bed/path.h"
#include "capture/rehearsal.h"

static struct ovnet_rehearsal rehearse(
	struct bed *b, uint16_t port, const uint8_t *bytes, uint32_t len)
{
	struct ovnet_rehearsal r;

	b->shared.pool = bed_pool;
	assert_int_equal(ovnet_rehearse(&b->shared, ops, 16, port, bytes, len, &r), 0);
	return r;
}

/* It says what the path then does, byte for byte, and has done nothing itself. */
static void says_what_comes_of_it(void **state)
{
	(void)state;
	static const uint8_t stages[] = {
		OVNET_STAGE_CLASSIFY, OVNET_STAGE_ROUTE, OVNET_STAGE_ENCAP, OVNET_STAGE_TX};
	struct bed *b = bed_open(1);
	uint8_t in[100], sent[2048];

	put_inner(in, OWN_POD, PEER_POD, 1000, 100);
	struct ovnet_rehearsal r = rehearse(b, HOST, in, 100);
	assert_int_equal(b->port[UPLINK].n_out, 0);
	assert_int_equal(b->counters.stage_packets[OVNET_STAGE_CLASSIFY], 0);
	assert_int_equal(b->peer_counters[0].tx_packets, 0);
	assert_int_equal(r.n_steps, RTE_DIM(stages));
	for (unsigned i = 0; i < RTE_DIM(stages); i++)
		assert_int_equal(r.step[i].stage, stages[i]);
	assert_int_equal(r.n_sent, 1);
	assert_int_equal(r.sent[0].port, UPLINK);
	assert_false(r.sent[0].answer);
	bed_receive(b, HOST, bed_packet(HOST, in, 100, 0, 0));
	ops->poll(&b->ctx);
	assert_int_equal(r.sent[0].len, bed_sent(b, UPLINK, sent, sizeof(sent)));
	assert_memory_equal(r.sent[0].bytes, sent, r.sent[0].len);
	bed_close(b);
}

static void says_why_it_is_refused(void **state)
{
	(void)state;
	struct bed *b = bed_open(1);
	uint8_t in[2048];

	put_inner(in, OWN_POD, 0x0a050801, 1000, 100);
	struct ovnet_rehearsal r = rehearse(b, HOST, in, 100);
	assert_int_equal(r.step[r.n_steps - 1].stage, OVNET_STAGE_DROP);
	assert_int_equal(r.step[r.n_steps - 1].reason, OVNET_DROP_NO_PEER);
	assert_int_equal(bed_drops(b), 0);

	uint16_t len = put_vxlan(in, 60);
	in[29]++; /* another sender than the lease has */
	put_sum4(in + 14);
	r = rehearse(b, UPLINK, in, len);
	assert_int_equal(r.n_sent, 0);
	assert_int_equal(r.step[r.n_steps - 1].stage, OVNET_STAGE_DROP);
	const uint8_t reason = r.step[r.n_steps - 1].reason;
	assert_true(reason == OVNET_DROP_UNKNOWN_PEER || reason == OVNET_DROP_INNER_SOURCE);
	bed_set_validation(b, OVNET_VALIDATE_PERMISSIVE);
	r = rehearse(b, UPLINK, in, len);
	assert_true(r.permitted[reason]);
	assert_int_equal(r.n_sent, 1);
	assert_int_equal(r.sent[0].port, HOST);
	assert_int_equal(b->counters.permitted[reason], 0);
	bed_close(b);
}

/* Too large: who sent it is told, which is seen as well. */
static void says_what_its_sender_is_told(void **state)
{
	(void)state;
	struct bed *b = bed_open(1);
	uint8_t *in = calloc(1, 9000);

	assert_non_null(in);
	put_inner(in, OWN_POD, PEER_POD, 1000, 8000);
	in[6] = 0x40; /* not to be cut */
	put_sum4(in);
	struct ovnet_rehearsal r = rehearse(b, HOST, in, 8000);
	assert_int_equal(r.n_sent, 1);
	assert_int_equal(r.sent[0].port, HOST);
	assert_true(r.sent[0].answer);
	assert_int_equal(r.sent[0].bytes[20], 3); /* fragmentation needed */
	assert_int_equal(r.sent[0].bytes[21], 4);
	in[6] = 0;
	put_sum4(in);
	r = rehearse(b, HOST, in, 8000);
	assert_true(r.n_sent > 5 && r.n_sent <= OVNET_REHEARSAL_SENT);
	for (unsigned i = 0; i < r.n_sent; i++) {
		assert_int_equal(r.sent[i].port, UPLINK);
		assert_false(r.sent[i].answer);
	}
	free(in);
	bed_close(b);
}

static void by_no_port(void **state)
{
	(void)state;
	struct bed *b = bed_open_hostless();
	struct ovnet_rehearsal r;
	uint8_t in[100];

	b->shared.pool = bed_pool;
	put_inner(in, OWN_POD, PEER_POD, 1000, 100);
	assert_int_equal(ovnet_rehearse(&b->shared, ops, 16, HOST, in, 100, &r), -ENODEV);
	assert_int_equal(ovnet_rehearse(&b->shared, ops, 16, 1000, in, 100, &r), -ENODEV);
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_comes_of_it),
		cmocka_unit_test(says_why_it_is_refused),
		cmocka_unit_test(says_what_its_sender_is_told),
		cmocka_unit_test(by_no_port),
	};

	return bed_run_levels("rehearsal", tests, sizeof(tests) / sizeof(tests[0]));
}
