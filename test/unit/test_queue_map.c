/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "port/queue_map.h"

static struct ovnet_port_queue queues[OVNET_MAX_QUEUES];

static struct ovnet_port shape(uint16_t id, uint16_t n_rxq, uint16_t n_txq)
{
	struct ovnet_port p = {.id = id, .n_rxq = n_rxq, .n_txq = n_txq};

	for (uint16_t i = 0; i < RTE_MAX(n_rxq, n_txq); i++)
		p.queue[i] = &queues[i];
	return p;
}

/* How many workers poll a queue. */
static unsigned polled_by(
	const struct ovnet_queue_map *map, const struct ovnet_port *port, uint16_t queue)
{
	unsigned n = 0;

	for (uint16_t w = 0; w < map->n_workers; w++)
		for (uint16_t i = 0; i < map->worker[w].n_rx; i++)
			n += map->worker[w].rx[i].port == port &&
			     map->worker[w].rx[i].q == port->queue[queue];
	return n;
}

static void as_many_queues_as_workers_stay_in_place(void **state)
{
	(void)state;
	struct ovnet_port p = shape(1, 4, 4);
	struct ovnet_port *const ports[] = {NULL, &p};
	struct ovnet_queue_map *map = ovnet_queue_map_build(ports, 2, 4, 7);

	assert_non_null(map);
	assert_int_equal(map->generation, 7);
	assert_int_equal(map->n_ports, 2);
	assert_null(map->port[0]);
	assert_ptr_equal(map->port[1], &p);
	for (uint16_t w = 0; w < 4; w++) {
		assert_int_equal(map->worker[w].n_rx, 1);
		assert_ptr_equal(map->worker[w].rx[0].q, p.queue[w]);
		assert_ptr_equal(map->worker[w].tx[1].q, p.queue[w]);
		assert_int_equal(map->worker[w].tx[1].owner, w);
	}
	ovnet_queue_map_free(map);
}

static void one_queue_goes_to_one_worker_and_others_hand_over(void **state)
{
	(void)state;
	struct ovnet_port p = shape(2, 1, 1);
	struct ovnet_port *const ports[] = {NULL, NULL, &p};
	struct ovnet_queue_map *map = ovnet_queue_map_build(ports, 3, 4, 0);

	for (uint16_t w = 0; w < 4; w++) {
		assert_int_equal(map->worker[w].n_rx, w == 2);
		assert_ptr_equal(map->worker[w].tx[2].q, w == 2 ? p.queue[0] : NULL);
		assert_int_equal(map->worker[w].tx[2].owner, 2);
	}
	ovnet_queue_map_free(map);
}

static void single_queue_ports_spread_over_workers(void **state)
{
	(void)state;
	struct ovnet_port p[4] = {shape(0, 1, 1), shape(1, 1, 1), shape(2, 1, 1), shape(3, 1, 1)};
	struct ovnet_port *const ports[] = {&p[0], &p[1], &p[2], &p[3]};
	struct ovnet_queue_map *map = ovnet_queue_map_build(ports, 4, 2, 0);

	for (uint16_t w = 0; w < 2; w++) {
		assert_int_equal(map->worker[w].n_rx, 2);
		assert_ptr_equal(map->worker[w].rx[0].port, &p[w]);
		assert_ptr_equal(map->worker[w].rx[1].port, &p[w + 2]);
	}
	ovnet_queue_map_free(map);
}

static void more_queues_than_workers_are_all_polled(void **state)
{
	(void)state;
	struct ovnet_port p = shape(1, 8, 8);
	struct ovnet_port *const ports[] = {NULL, &p};
	struct ovnet_queue_map *map = ovnet_queue_map_build(ports, 2, 3, 0);

	for (uint16_t i = 0; i < 8; i++)
		assert_int_equal(polled_by(map, &p, i), 1);
	/* Queue 0 belongs to worker (0 + id 1) mod 3, and so do 3 and 6: it sends by the first. */
	assert_ptr_equal(map->worker[1].tx[1].q, p.queue[0]);
	assert_ptr_equal(map->worker[2].tx[1].q, p.queue[1]);
	assert_ptr_equal(map->worker[0].tx[1].q, p.queue[2]);
	ovnet_queue_map_free(map);
}

static void fewer_tx_than_rx_queues_are_shared_out(void **state)
{
	(void)state;
	struct ovnet_port p = shape(0, 4, 2);
	struct ovnet_port *const ports[] = {&p};
	struct ovnet_queue_map *map = ovnet_queue_map_build(ports, 1, 4, 0);

	for (uint16_t w = 0; w < 4; w++) {
		assert_int_equal(polled_by(map, &p, w), 1);
		assert_ptr_equal(map->worker[w].tx[0].q, w < 2 ? p.queue[w] : NULL);
		assert_int_equal(map->worker[w].tx[0].owner, w % 2);
	}
	ovnet_queue_map_free(map);
}

static void ports_may_lack_queues_of_a_kind(void **state)
{
	(void)state;
	struct ovnet_port deaf = shape(0, 0, 1), mute = shape(1, 1, 0), none = shape(2, 0, 0);
	struct ovnet_port *const ports[] = {&deaf, &mute, &none};
	struct ovnet_queue_map *map = ovnet_queue_map_build(ports, 3, 2, 0);

	assert_int_equal(map->worker[0].n_rx, 0);
	assert_int_equal(map->worker[1].n_rx, 1);
	assert_int_equal(polled_by(map, &mute, 0), 1);
	for (uint16_t w = 0; w < 2; w++) {
		assert_ptr_equal(map->worker[w].tx[0].q, w == 0 ? deaf.queue[0] : NULL);
		assert_int_equal(map->worker[w].tx[0].owner, 0);
		for (uint16_t id = 1; id < 3; id++) {
			assert_null(map->worker[w].tx[id].q);
			assert_int_equal(map->worker[w].tx[id].owner, OVNET_WORKER_NONE);
		}
	}
	ovnet_queue_map_free(map);
}

static void one_worker_polls_all_there_can_be(void **state)
{
	(void)state;
	static struct ovnet_port p[OVNET_MAX_PORTS];
	struct ovnet_port *ports[OVNET_MAX_PORTS];

	for (uint16_t i = 0; i < OVNET_MAX_PORTS; i++) {
		p[i] = shape(i, OVNET_MAX_QUEUES, OVNET_MAX_QUEUES);
		ports[i] = &p[i];
	}
	struct ovnet_queue_map *map = ovnet_queue_map_build(ports, OVNET_MAX_PORTS, 1, 0);
	assert_int_equal(map->worker[0].n_rx, OVNET_MAX_PORTS * OVNET_MAX_QUEUES);
	assert_ptr_equal(map->worker[0].rx[map->worker[0].n_rx - 1].port, &p[OVNET_MAX_PORTS - 1]);
	for (uint16_t i = 0; i < OVNET_MAX_PORTS; i++)
		assert_ptr_equal(map->worker[0].tx[i].q, p[i].queue[0]);
	ovnet_queue_map_free(map);
}

static void an_old_map_goes_after_the_grace_period(void **state)
{
	(void)state;
	struct ovnet_rcu rcu;

	assert_int_equal(ovnet_rcu_init(&rcu, 1), 0);
	assert_int_equal(ovnet_rcu_reader_add(&rcu, 0), 0);
	ovnet_rcu_reader_online(&rcu, 0);
	struct ovnet_queue_map *map = ovnet_queue_map_build(NULL, 0, 2, 0);
	ovnet_rcu_defer(&rcu, &map->rcu, ovnet_queue_map_release);
	assert_int_equal(ovnet_rcu_reclaim(&rcu), 1);
	ovnet_rcu_reader_quiescent(&rcu, 0);
	assert_int_equal(ovnet_rcu_reclaim(&rcu), 0);
	ovnet_rcu_reader_offline(&rcu, 0);
	ovnet_rcu_fini(&rcu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_many_queues_as_workers_stay_in_place),
		cmocka_unit_test(one_queue_goes_to_one_worker_and_others_hand_over),
		cmocka_unit_test(single_queue_ports_spread_over_workers),
		cmocka_unit_test(more_queues_than_workers_are_all_polled),
		cmocka_unit_test(fewer_tx_than_rx_queues_are_shared_out),
		cmocka_unit_test(ports_may_lack_queues_of_a_kind),
		cmocka_unit_test(one_worker_polls_all_there_can_be),
		cmocka_unit_test(an_old_map_goes_after_the_grace_period),
	};

	return cmocka_run_group_tests_name("queue_map", tests, NULL, NULL);
}
