/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "port/queue_map.h"

static struct ovnet_port_queue queues[OVNET_MAX_PORTS * OVNET_MAX_QUEUES];
static unsigned used;

/* With queues no worker has had yet. */
static struct ovnet_port shape(uint16_t id, uint16_t n_rxq, uint16_t n_txq)
{
	struct ovnet_port p = {.id = id, .n_rxq = n_rxq, .n_txq = n_txq};

	for (uint16_t i = 0; i < RTE_MAX(n_rxq, n_txq); i++)
		p.queue[i] = &queues[used++];
	return p;
}

static int forget_queues(void **state)
{
	(void)state;
	memset(queues, 0, used * sizeof(queues[0]));
	used = 0;
	return 0;
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

static void queues_go_to_the_workers_their_port_names(void **state)
{
	(void)state;
	struct ovnet_port p = shape(1, 4, 4), one = shape(0, 1, 1);
	struct ovnet_port *const ports[] = {&one, &p};

	p.n_workers = 2;
	p.workers[0] = 3;
	p.workers[1] = 1;
	one.n_workers = 1;
	one.workers[0] = 2;
	struct ovnet_queue_map *map = ovnet_queue_map_build(ports, 2, 4, 1);
	assert_int_equal(map->worker[0].n_rx, 0);
	assert_int_equal(map->worker[1].n_rx, 2);
	assert_ptr_equal(map->worker[1].rx[0].q, p.queue[1]);
	assert_ptr_equal(map->worker[1].rx[1].q, p.queue[3]);
	assert_int_equal(map->worker[2].n_rx, 1);
	assert_ptr_equal(map->worker[2].rx[0].port, &one);
	assert_ptr_equal(map->worker[3].rx[0].q, p.queue[0]);
	assert_ptr_equal(map->worker[3].rx[1].q, p.queue[2]);
	assert_int_equal(map->n_leaving, 0);
	ovnet_queue_map_free(map);
}

/* Also when the port gets as many queues as there are workers: a guest takes another into use. */
static void what_has_a_worker_stays_there(void **state)
{
	(void)state;
	struct ovnet_port p = shape(1, 2, 2);
	struct ovnet_port *const ports[] = {NULL, &p};

	p.n_rxq = p.n_txq = 1;
	struct ovnet_queue_map *map = ovnet_queue_map_build(ports, 2, 2, 1);
	assert_int_equal(map->worker[1].n_rx, 1);
	ovnet_queue_map_free(map);
	p.n_rxq = p.n_txq = 2;
	map = ovnet_queue_map_build(ports, 2, 2, 2);
	assert_ptr_equal(map->worker[1].rx[0].q, p.queue[0]);
	assert_int_equal(map->n_leaving, 0);
	ovnet_queue_map_free(map);
}

static void one_that_moves_is_its_former_workers_until_he_gives_it_away(void **state)
{
	(void)state;
	struct ovnet_port p = shape(0, 1, 1), other = shape(1, 1, 1);
	struct ovnet_port *const ports[] = {&p, &other};
	struct ovnet_port_queue *q = p.queue[0];
	struct ovnet_queue_map *map;

	assert_int_equal(ovnet_queue_worker(q), OVNET_WORKER_NONE);
	assert_int_equal(ovnet_queue_owner(q), OVNET_WORKER_NONE);
	map = ovnet_queue_map_build(ports, 2, 2, 1);
	assert_true(ovnet_queue_worker(q) == 0 && ovnet_queue_owner(q) == 0);
	ovnet_queue_map_free(map);
	assert_int_equal(ovnet_queue_move(q, 1), 0);
	/* However often a map is made meanwhile. */
	for (uint32_t generation = 2; generation < 4; generation++) {
		map = ovnet_queue_map_build(ports, 2, 2, generation);
		assert_true(ovnet_queue_worker(q) == 1 && ovnet_queue_owner(q) == 0);
		assert_int_equal(map->worker[0].n_rx, 0);
		assert_int_equal(map->worker[1].n_rx, 2);
		assert_int_equal(map->worker[0].tx[0].owner, 1);
		assert_ptr_equal(map->worker[1].tx[0].q, q);
		assert_int_equal(map->n_leaving, 1);
		assert_ptr_equal(map->leaving[0].q, q);
		assert_true(map->leaving[0].from == 0 && map->leaving[0].to == 1);
		assert_int_equal(ovnet_queue_move(q, 0), -EBUSY);
		ovnet_queue_map_free(map);
	}
	atomic_store(&q->owner, 1 + 1);
	map = ovnet_queue_map_build(ports, 2, 2, 4);
	assert_int_equal(map->n_leaving, 0);
	assert_int_equal(ovnet_queue_move(q, 0), 0);
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
#define CASE(f) cmocka_unit_test_setup(f, forget_queues)
	const struct CMUnitTest tests[] = {
		CASE(as_many_queues_as_workers_stay_in_place),
		CASE(one_queue_goes_to_one_worker_and_others_hand_over),
		CASE(single_queue_ports_spread_over_workers),
		CASE(more_queues_than_workers_are_all_polled),
		CASE(fewer_tx_than_rx_queues_are_shared_out),
		CASE(ports_may_lack_queues_of_a_kind),
		CASE(one_worker_polls_all_there_can_be),
		CASE(queues_go_to_the_workers_their_port_names),
		CASE(what_has_a_worker_stays_there),
		CASE(one_that_moves_is_its_former_workers_until_he_gives_it_away),
		CASE(an_old_map_goes_after_the_grace_period),
	};

	return cmocka_run_group_tests_name("queue_map", tests, NULL, NULL);
}
