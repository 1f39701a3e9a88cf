/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/memory_port.h"
#include "bed/path.h"

static void full_and_refusing_ports(void **state)
{
	(void)state;
	uint8_t in[200];
	struct bed *b = bed_open(1);
	struct bed_port *d = &b->port[UPLINK];

	put_inner(in, OWN_POD, PEER_POD, 1, 60);
	d->room = 40;
	for (unsigned i = 0; i < 64; i++)
		bed_receive(b, HOST, bed_packet(HOST, in, 60, 0, 0));
	ops->poll(&b->ctx);
	assert_int_equal(d->tx_calls, 2); /* one retry */
	assert_int_equal(d->n_out, 40);
	assert_int_equal(b->counters.drops[OVNET_DROP_TX_FULL], 24);
	assert_int_equal(b->counters.port[UPLINK].tx_packets, 40);
	assert_int_equal(b->counters.port[UPLINK].tx_bytes, 40 * 124);
	bed_drain(b);

	d->room = BED_PORT_MAX;
	d->refuses = 5;
	for (unsigned i = 0; i < 64; i++)
		bed_receive(b, HOST, bed_packet(HOST, in, 60, 0, 0));
	ops->poll(&b->ctx);
	assert_int_equal(d->n_out, 63); /* the packets behind it went */
	assert_int_equal(b->counters.drops[OVNET_DROP_TX_REFUSED], 1);
	assert_int_equal(b->counters.port[UPLINK].tx_packets, 40 + 63);
	assert_int_equal(b->counters.port[UPLINK].tx_bytes, (40 + 63) * 124);
	assert_int_equal(d->queue.packets.tx_packets, 40 + 63);
	assert_int_equal(d->queue.packets.tx_bytes, (40 + 63) * 124);
	assert_int_equal(b->port[HOST].queue.packets.rx_packets, 128);
	assert_int_equal(b->port[HOST].queue.packets.rx_bytes, 128 * 60);
	bed_drain(b);

	d->room = 0;
	d->full = OVNET_DROP_TX_DOWN;
	bed_receive(b, HOST, bed_packet(HOST, in, 60, 0, 0));
	ops->poll(&b->ctx);
	assert_int_equal(b->counters.drops[OVNET_DROP_TX_DOWN], 1);
	bed_close(b);
}

static void chains_that_fit_no_buffer(void **state)
{
	(void)state;
	static uint8_t in[4096];
	struct bed *b = bed_open(1);

	b->overlay.mtu = 4000;
	assert_int_equal(bed_set_overlay(b), 0);
	bed_receive(b, UPLINK, bed_packet(UPLINK, in, put_vxlan(in, 3000), 0, 1000));
	ops->poll(&b->ctx);
	assert_int_equal(b->counters.drops[OVNET_DROP_TX_REFUSED], 1);
	b->port[HOST].port.caps |= OVNET_CAP_CHAINED;
	bed_receive(b, UPLINK, bed_packet(UPLINK, in, put_vxlan(in, 3000), 0, 1000));
	ops->poll(&b->ctx);
	assert_int_equal(b->port[HOST].n_out, 1);
	assert_int_equal(b->port[HOST].out[0]->pkt_len, 3000);
	bed_close(b);
}

static void the_ring_to_the_owner_is_bounded(void **state)
{
	(void)state;
	uint8_t in[200];
	struct bed *b = bed_open(2);

	put_inner(in, OWN_POD, PEER_POD, 1, 60);
	assert_int_equal(ovnet_handoff_init(&b->shared.handoff[1], 1, 32, SOCKET_ID_ANY), 0);
	b->map->worker[0].tx[UPLINK] = (struct ovnet_tx_way){.q = NULL, .owner = 1};
	b->port[UPLINK].queue.owner = 1 + 1;
	for (unsigned i = 0; i < 50; i++)
		bed_receive(b, HOST, bed_packet(HOST, in, 60, 0, 0));
	assert_int_equal(ops->poll(&b->ctx), 50);
	assert_int_equal(b->counters.drops[OVNET_DROP_HANDOFF_FULL], 19);
	assert_int_equal(b->counters.port[UPLINK].tx_packets, 0);

	/* The owner: 20 packets go out, then the port goes away under the rest. */
	static struct ovnet_path_ctx owner __rte_cache_aligned;
	memset(&owner, 0, sizeof(owner));
	owner.shared = &b->shared;
	owner.counters = &b->counters;
	owner.worker = 1;
	b->map->worker[1].n_rx = 0;
	b->map->worker[1].tx[UPLINK] =
		(struct ovnet_tx_way){.q = &b->port[UPLINK].queue, .owner = 1};
	assert_int_equal(ops->poll(&owner), 31);
	assert_int_equal(b->port[UPLINK].n_out, 31);
	assert_int_equal(b->counters.port[UPLINK].tx_packets, 31);
	assert_int_equal(b->port[UPLINK].queue.packets.tx_packets, 31); /* the owner's count */
	for (unsigned i = 0; i < 5; i++)
		bed_receive(b, HOST, bed_packet(HOST, in, 60, 0, 0));
	b->map->worker[0].n_rx = 0;
	b->map->worker[0].rx[b->map->worker[0].n_rx++] =
		(struct ovnet_rxq_ref){&b->port[HOST].port, &b->port[HOST].queue};
	ops->poll(&b->ctx);
	b->map->port[UPLINK] = NULL;
	assert_int_equal(ops->poll(&owner), 5);
	assert_int_equal(b->counters.drops[OVNET_DROP_NO_PORT], 5);

	/* Another port gets its id before the owner looks. */
	b->map->port[UPLINK] = &b->port[UPLINK].port;
	for (unsigned i = 0; i < 5; i++)
		bed_receive(b, HOST, bed_packet(HOST, in, 60, 0, 0));
	ops->poll(&b->ctx);
	b->port[UPLINK].port.generation++;
	assert_int_equal(ops->poll(&owner), 5);
	assert_int_equal(b->port[UPLINK].n_out, 31);
	assert_int_equal(b->counters.drops[OVNET_DROP_NO_PORT], 10);
	ovnet_handoff_fini(&b->shared.handoff[1]);
	bed_close(b);
}

/* --- more ports in a round than buffers --- */

#define MANY (2 * OVNET_TX_BUFS + 2)
#define EACH 3

static struct bed_port many[MANY];

/* The ids are spread over all there are, the last one among them. */
static uint16_t many_id(unsigned i)
{
	return (uint16_t)(OVNET_MAX_PORTS - 1 - 5 * i);
}

static struct ovnet_queue_map *many_open(const struct ovnet_port *as)
{
	static struct ovnet_port *ports[OVNET_MAX_PORTS];

	memset(ports, 0, sizeof(ports));
	for (unsigned i = 0; i < MANY; i++) {
		struct ovnet_port like = *as;
		like.id = many_id(i);
		many[i] = (struct bed_port){.room = BED_PORT_MAX, .refuses = -1};
		memory_port_init(&many[i].port, &many[i].queue, &like, &uplink_mac, &many[i]);
		ports[like.id] = &many[i].port;
	}
	return ovnet_queue_map_build(ports, OVNET_MAX_PORTS, 1, 1);
}

/* One for each port, then the next for each. */
static void send_to_each(struct bed *b)
{
	static const uint8_t in[60];

	for (unsigned i = 0; i < EACH * MANY; i++) {
		struct rte_mbuf *m = bed_packet(HOST, in, sizeof(in), 0, 0);
		assert_non_null(m);
		ovnet_meta(m)->out_port = many_id(i % MANY);
		rte_pktmbuf_mtod(m, uint8_t *)[0] = (uint8_t)(i / MANY);
		ops->tx(&b->ctx, &m, 1);
	}
}

static void more_ports_than_buffers_lose_nothing(void **state)
{
	(void)state;
	static const uint8_t none[OVNET_MAX_PORTS];
	struct bed *b = bed_open(1);
	struct ovnet_queue_map *map = many_open(&b->port[UPLINK].port);

	assert_non_null(map);
	b->ctx.map = map;
	send_to_each(b);
	ops->flush(&b->ctx);
	for (unsigned i = 0; i < MANY; i++) {
		assert_int_equal(many[i].n_out, EACH);
		assert_int_equal(b->counters.port[many_id(i)].tx_packets, EACH);
		for (unsigned k = 0; k < EACH; k++)
			assert_int_equal(*rte_pktmbuf_mtod(many[i].out[k], uint8_t *), k);
		rte_pktmbuf_free_bulk(many[i].out, EACH);
	}
	assert_int_equal(bed_drops(b), 0);
	/* No port keeps a buffer: another one may have its id by the next round. */
	assert_int_equal(b->ctx.n_tx, 0);
	assert_memory_equal(b->ctx.tx_slot, none, sizeof(none));
	b->ctx.map = b->map;
	ovnet_queue_map_free(map);
	bed_close(b);
}

/* Full again and again in one round, and another port's packets between. */
static void a_full_buffer_goes_at_once(void **state)
{
	(void)state;
	static const uint8_t in[60];
	struct bed *b = bed_open(1);

	for (unsigned i = 0; i < 3 * OVNET_BURST; i++) {
		struct rte_mbuf *m = bed_packet(HOST, in, sizeof(in), 0, 0);
		ovnet_meta(m)->out_port = i % 3 == 0 ? ATTACH : UPLINK;
		ops->tx(&b->ctx, &m, 1);
	}
	assert_int_equal(b->port[UPLINK].n_out, 2 * OVNET_BURST);
	assert_int_equal(b->port[UPLINK].tx_calls, 2);
	assert_int_equal(b->port[ATTACH].n_out, OVNET_BURST);
	ops->flush(&b->ctx);
	assert_int_equal(b->port[UPLINK].tx_calls, 2);
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_and_refusing_ports),
		cmocka_unit_test(chains_that_fit_no_buffer),
		cmocka_unit_test(the_ring_to_the_owner_is_bounded),
		cmocka_unit_test(more_ports_than_buffers_lose_nothing),
		cmocka_unit_test(a_full_buffer_goes_at_once),
	};

	return bed_run_levels("path_tx", tests, RTE_DIM(tests));
}
