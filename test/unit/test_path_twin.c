/* SPDX-License-Identifier: BSD-3-Clause */
/* What an exclusive uplink and its twin have for each other, and nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/path.h"

#define TWIN ATTACH2

static struct bed *open_twin(void)
{
	struct bed *b = bed_open(1);
	struct ovnet_port *twin = &b->port[TWIN].port, *uplink = &b->port[UPLINK].port;

	twin->role = OVNET_PORT_TWIN;
	twin->caps = OVNET_CAP_CHAINED | OVNET_CAP_TX_CSUM;
	uplink->caps |= OVNET_CAP_EXCLUSIVE;
	uplink->local = ovnet_addr_v4(OWN_IP);
	atomic_store(&twin->twin, UPLINK);
	atomic_store(&uplink->twin, TWIN);
	bed_map(b, 1 << HOST | 1 << UPLINK | 1 << ATTACH | 1 << TWIN);
	return b;
}

/* It leaves by `to`, alone and to the last byte as it came. */
static void crosses_whole(
	struct bed *b, unsigned from, unsigned to, const uint8_t *in, uint16_t len, uint16_t seg)
{
	uint8_t out[2048];

	bed_receive(b, from, bed_packet((uint16_t)from, in, len, 0, seg));
	ops->poll(&b->ctx);
	assert_int_equal(bed_sent(b, to, out, sizeof(out)), len);
	assert_memory_equal(out, in, len);
	for (unsigned i = 0; i < N_PORTS; i++)
		assert_int_equal(b->port[i].n_out, i == to);
	assert_int_equal(bed_drops(b), 0);
	bed_drain(b);
}

/* One frame each of what a host and its link say. Returns its length, 0 behind the last one. */
static uint16_t put_hosts(uint8_t *at, unsigned i)
{
	static const uint8_t type[][2] = {{0x08, 0x06}, {0x88, 0xcc}, {0x81, 0x00}, {0x00, 0x26},
		{0x88, 0x47}, {0x86, 0xdd}, {0x86, 0xdd}};
	uint16_t len = put_vxlan(at, 100);

	if (i < RTE_DIM(type)) { /* ARP, LLDP, VLAN, 802.3, MPLS, ND, TCP over IPv6 */
		memcpy(at + 12, type[i], 2);
		memset(at + 14, 0, 40);
		at[14] = 0x60;
		be_put16(at + 18, len - 54u);
		at[20] = i == 5 ? 58 : 6;
		return len;
	}
	switch (i - RTE_DIM(type)) {
	case 0: /* TCP */
		at[23] = 6;
		break;
	case 1: /* UDP to another port */
		be_put16(at + 36, 53);
		break;
	case 2: /* the overlay's port at another address: forwarded by the host */
		be_put32(at + 30, PEER_IP + 1);
		break;
	case 3: /* what a DHCP server offers */
		be_put16(at + 36, 68);
		be_put32(at + 30, 0xffffffff);
		memset(at, 0xff, 6);
		break;
	case 4: /* IGMP */
		at[23] = 2;
		be_put32(at + 30, 0xe0000001);
		break;
	default:
		return 0;
	}
	put_sum4(at + 14);
	return len;
}

static void the_hosts_frames_cross_as_they_are(void **state)
{
	(void)state;
	uint8_t in[400];
	struct bed *b = open_twin();
	unsigned n = 0;

	for (uint16_t len; (len = put_hosts(in, n)) != 0; n++) {
		crosses_whole(b, UPLINK, TWIN, in, len, 0);
		crosses_whole(b, UPLINK, TWIN, in, len, 40);
		crosses_whole(b, TWIN, UPLINK, in, len, 0);
	}
	assert_int_equal(n, 12);
	assert_int_equal(b->counters.stage_packets[OVNET_STAGE_PUNT], 2 * n);
	assert_int_equal(b->counters.port[TWIN].tx_packets, 2 * n);
	assert_int_equal(b->counters.port[UPLINK].tx_packets, n);
	assert_int_equal(b->counters.stage_packets[OVNET_STAGE_ROUTE], 0);
	assert_int_equal(b->counters.stage_packets[OVNET_STAGE_DECAP], 0);
	bed_close(b);
}

/* Be it the overlay's to the last byte: it is not looked at. */
static void the_twin_gets_nothing_into_the_overlay(void **state)
{
	(void)state;
	uint8_t in[400];
	struct bed *b = open_twin();
	uint16_t len = put_vxlan(in, 100);

	crosses_whole(b, TWIN, UPLINK, in, len, 0);
	put_ether(in, &uplink_mac, &gateway_mac);
	put_inner(in + 14, PEER_POD, OWN_POD, 1, 100);
	crosses_whole(b, TWIN, UPLINK, in, 114, 0);
	crosses_whole(b, TWIN, UPLINK, in, 13, 0); /* nor for its form */
	bed_close(b);
}

/* Before there is a lease, and under a config that takes nothing there. */
static void without_an_overlay_all_is_the_hosts(void **state)
{
	(void)state;
	uint8_t in[400];
	struct bed *b = open_twin();
	uint16_t len = put_vxlan(in, 100);
	void *view = atomic_exchange(&b->shared.fib.view, NULL);

	crosses_whole(b, UPLINK, TWIN, in, len, 0);
	crosses_whole(b, TWIN, UPLINK, in, len, 0);
	atomic_store(&b->shared.fib.view, view);
	bed_receive(b, UPLINK, bed_packet(UPLINK, in, len, 0, 0));
	ops->poll(&b->ctx);
	assert_int_equal(b->port[HOST].n_out, 1);
	assert_int_equal(b->port[TWIN].n_out, 0);
	bed_close(b);
}

/* What the host's kernel left to be finished, a NIC that does not do it gets finished. */
static void checksums_are_finished(void **state)
{
	(void)state;
	uint8_t in[200], out[200], want[200];
	struct bed *b = open_twin();

	put_ether(want, &gateway_mac, &uplink_mac);
	put_inner(want + 14, OWN_IP, PEER_IP, 4000, 101);
	memcpy(in, want, 115);
	/* As the kernel leaves it: the sum of the pseudo header alone. */
	be_put16(in + 14 + 26, be_sum(in + 14 + 12, 8, 17 + 81));
	struct rte_mbuf *m = bed_packet(TWIN, in, 115, 0, 0);
	ovnet_meta(m)->offload = OVNET_OFF_CSUM;
	ovnet_meta(m)->csum_start = 34;
	ovnet_meta(m)->csum_offset = 6;
	bed_receive(b, TWIN, m);
	ops->poll(&b->ctx);
	assert_int_equal(bed_sent(b, UPLINK, out, sizeof(out)), 115);
	assert_memory_equal(out, want, 115);
	bed_close(b);
}

static void one_alone_drops(void **state)
{
	(void)state;
	uint8_t in[400];
	struct bed *b = open_twin();
	uint16_t len = put_hosts(in, 0);

	atomic_store(&b->port[UPLINK].port.twin, OVNET_PORT_NONE);
	bed_refused(b, UPLINK, in, len, OVNET_DROP_NOT_OVERLAY);
	atomic_store(&b->port[TWIN].port.twin, OVNET_PORT_NONE);
	bed_refused(b, TWIN, in, len, OVNET_DROP_NO_PORT);
	/* Its device is gone: out of the map. */
	atomic_store(&b->port[UPLINK].port.twin, TWIN);
	bed_map(b, 1 << HOST | 1 << UPLINK);
	bed_refused(b, UPLINK, in, len, OVNET_DROP_NO_PORT);
	bed_close(b);
}

/* A kernel that takes no more (TAP down, no memory) costs the host's packets alone. */
static void a_full_twin_holds_up_nobody(void **state)
{
	(void)state;
	uint8_t hosts[400], in[400];
	struct bed *b = open_twin();
	uint16_t len = put_hosts(hosts, 0), overlays = put_vxlan(in, 100);

	b->port[TWIN].room = 3;
	for (unsigned i = 0; i < OVNET_BURST; i++)
		bed_receive(b, UPLINK,
			i % 2 == 0 ? bed_packet(UPLINK, hosts, len, 0, 0)
				   : bed_packet(UPLINK, in, overlays, 0, 0));
	ops->poll(&b->ctx);
	assert_int_equal(b->port[TWIN].n_out, 3);
	assert_int_equal(b->port[HOST].n_out, OVNET_BURST / 2);
	assert_int_equal(b->counters.drops[OVNET_DROP_TX_FULL], OVNET_BURST / 2 - 3);
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hosts_frames_cross_as_they_are),
		cmocka_unit_test(the_twin_gets_nothing_into_the_overlay),
		cmocka_unit_test(without_an_overlay_all_is_the_hosts),
		cmocka_unit_test(checksums_are_finished),
		cmocka_unit_test(one_alone_drops),
		cmocka_unit_test(a_full_twin_holds_up_nobody),
	};

	return bed_run_levels("path_twin", tests, RTE_DIM(tests));
}
