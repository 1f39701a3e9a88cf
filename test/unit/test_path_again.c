/* SPDX-License-Identifier: BSD-3-Clause */
/* What goes round again after its burst. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/path_answer.h"
#include "path/fragments.h"

/* Its hops are used up, and so are its pieces', which nobody is told. */
static void answers_are_not_answered(void **state)
{
	(void)state;
	uint8_t in[1700];
	struct bed *b = open_answering();

	b->port[ATTACH].port.mtu = 1300;
	put_inner(in + 64, PEER_POD, ATTACH_POD, 1, 1301);
	in[72] = 1;
	clear_df(in + 64);
	put_outer(in, 1301);
	feed(b, UPLINK, in, 1301 + 64);
	assert_int_equal(b->counters.pieces, 1);
	assert_int_equal(b->counters.drops[OVNET_DROP_TTL_EXCEEDED], 2);
	bed_set_kind(b, OVNET_ENCAP_UDP4);
	put_inner(in, OWN_POD, PEER_POD, 1, 1473);
	in[8] = 1;
	clear_df(in);
	feed(b, HOST, in, 1473);
	assert_int_equal(b->counters.pieces, 2);
	assert_int_equal(b->counters.drops[OVNET_DROP_TTL_EXCEEDED], 4);
	assert_int_equal(b->counters.answers, 0);
	bed_close(b);
}

/* Each of a burst goes round twice: as a fragment that is whole (RFC 6946), and for an answer. */
static void a_burst_goes_round_twice(void **state)
{
	(void)state;
	uint8_t in[300];
	struct bed *b = open_answering();
	const struct ovnet_addr guest = addr6(OWN_NET6, 9), peer = addr6(PEER_NET6, 2);

	b->ctx.fragments = ovnet_fragments_new(OVNET_BURST, SOCKET_ID_ANY);
	assert_non_null(b->ctx.fragments);
	bed_attach(b, &guest);
	put_inner6(in + 84, &peer, &guest, 1, 60);
	in[91] = 1;
	uint16_t len = put_outer6(in, 60, 0x86dd);
	memmove(in + 62, in + 54, len - 54u);
	memcpy(in + 54, (uint8_t[]){17, 0, 0, 0, 0, 0, 0, 7}, 8);
	in[20] = 44;
	be_put16(in + 18, 60 + 30 + 8);
	for (unsigned i = 0; i < OVNET_BURST; i++)
		bed_receive(b, UPLINK, bed_packet(UPLINK, in, len + 8, 0, 0));
	assert_int_equal(ops->poll(&b->ctx), OVNET_BURST);
	assert_int_equal(b->counters.stage_packets[OVNET_STAGE_CLASSIFY], OVNET_BURST);
	assert_int_equal(b->counters.stage_packets[OVNET_STAGE_REASSEMBLE], OVNET_BURST);
	assert_int_equal(b->counters.stage_packets[OVNET_STAGE_DECAP], OVNET_BURST);
	assert_int_equal(b->counters.drops[OVNET_DROP_TTL_EXCEEDED], OVNET_BURST);
	assert_int_equal(b->counters.answers, OVNET_BURST);
	assert_int_equal(b->port[UPLINK].n_out, OVNET_BURST);
	assert_int_equal(b->ctx.again.n, 0);
	ovnet_fragments_free(b->ctx.fragments);
	bed_close(b);
}

/* Stages that are driven alone leave their list to nobody. */
static void the_list_has_an_end(void **state)
{
	(void)state;
	uint8_t in[100];
	struct rte_mbuf *m;
	struct bed *b = open_answering();
	struct ovnet_lane across = {0};

	b->ctx.view = ovnet_fib_view(&b->shared.fib);
	put_inner(in, OWN_POD, 0x0a05ee01, 1, 60);
	for (unsigned i = 0; i < OVNET_AGAIN_MAX + 3; i++) {
		m = bed_packet(HOST, in, 60, 0, 0);
		assert_int_equal(ops->classify(&b->ctx, &b->port[HOST].port, &m, 1), 1);
		assert_int_equal(ops->route(&b->ctx, &m, 1, &across), 0);
	}
	assert_int_equal(b->ctx.again.n, OVNET_AGAIN_MAX);
	assert_int_equal(b->counters.drops[OVNET_DROP_NO_PEER], 3);
	m = bed_packet(HOST, in, 60, 0, 0);
	ops->input(&b->ctx, &b->port[HOST].port, &m, 1);
	ops->flush(&b->ctx);
	assert_int_equal(b->counters.drops[OVNET_DROP_NO_PEER], OVNET_AGAIN_MAX + 4);
	assert_int_equal(b->port[HOST].n_out, OVNET_AGAIN_MAX);
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_not_answered),
		cmocka_unit_test(a_burst_goes_round_twice),
		cmocka_unit_test(the_list_has_an_end),
	};

	return bed_run_levels("path_again", tests, RTE_DIM(tests));
}
