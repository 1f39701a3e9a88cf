/* SPDX-License-Identifier: BSD-3-Clause */
/* Queues go from busy workers to idle ones: when, which, and how often. Workers do not run. */
#include <string.h>

#include "bed/ports.h"
#include "ports/balance.h"

#define LOOK UINT64_C(1000000) /* cycles between two looks */

static struct balance balance;
static struct ovnet_worker workers[2];
static uint64_t now;

/* Two ports at worker 0, one at worker 1. */
static struct ovnet_port *a, *b, *c;

static int set_up(void **state)
{
	ports_set_up(state);
	memset(workers, 0, sizeof(workers));
	parts.engine.workers[0] = &workers[0];
	parts.engine.workers[1] = &workers[1];
	parts.conf.dpdk.balance = true;
	assert_int_equal(balance_init(&balance, &parts.ports), 0);
	now = balance.at;
	a = open_port("a", NULL);
	c = open_port("c", NULL);
	b = open_port("b", NULL);
	assert_int_equal(ports_publish(&parts.ports), 0);
	return 0;
}

static int tear_down(void **state)
{
	balance_fini(&balance);
	parts.engine.workers[0] = parts.engine.workers[1] = NULL;
	return parts_close(state);
}

static uint16_t worker_of(const struct ovnet_port *port)
{
	return ovnet_queue_worker(port->queue[0]);
}

/* What its former worker would do where it finds the map. */
static void arrive(struct ovnet_port *port)
{
	atomic_store(&port->queue[0]->owner, port->queue[0]->worker);
}

static void turn(unsigned busy0, unsigned busy1)
{
	workers[0].counters.busy_cycles += LOOK * busy0 / 100;
	workers[1].counters.busy_cycles += LOOK * busy1 / 100;
	now += LOOK;
	balance_look(&balance, now);
}

/* As much by each of a and b; worker 0 is busy. */
static void uneven(void)
{
	a->queue[0]->packets.rx_packets += 1000;
	b->queue[0]->packets.tx_packets += 900;
	turn(90, 5);
}

static void one_goes_where_it_is_uneven_twice_in_a_row(void **state)
{
	(void)state;
	assert_true(worker_of(a) == 0 && worker_of(b) == 0 && worker_of(c) == 1);
	uneven();
	turn(10, 10);
	uneven();
	assert_true(worker_of(a) == 0 && worker_of(b) == 0);
	uneven();
	assert_true(worker_of(a) == 0 && worker_of(b) == 1);
	/* The workers were told, and what is underway is in the map. */
	assert_int_equal(map()->generation, 2);
	assert_int_equal(map()->n_leaving, 1);
	assert_int_equal(map()->worker[1].n_rx, 2);
}

static void a_rest_follows_and_who_was_moved_stays(void **state)
{
	(void)state;
	uneven();
	uneven();
	assert_int_equal(worker_of(b), 1);
	arrive(b);
	/* As if it had been the other one's load: the same again, the other way round. */
	for (unsigned i = 0; i < BALANCE_STAY - 1; i++) {
		b->queue[0]->packets.rx_packets += 1000;
		c->queue[0]->packets.rx_packets += i < BALANCE_REST ? 1000 : 0;
		turn(5, 90);
		assert_int_equal(worker_of(b), 1);
		assert_int_equal(worker_of(c), 1);
	}
	c->queue[0]->packets.rx_packets += 1000;
	b->queue[0]->packets.rx_packets += 1000;
	turn(5, 90);
	c->queue[0]->packets.rx_packets += 1000;
	b->queue[0]->packets.rx_packets += 1000;
	turn(5, 90);
	assert_true((worker_of(b) == 0) != (worker_of(c) == 0));
}

static void the_last_rest_ends(void **state)
{
	(void)state;
	uneven();
	uneven();
	arrive(b);
	for (unsigned i = 0; i < BALANCE_REST; i++) {
		b->queue[0]->packets.rx_packets += 100;
		c->queue[0]->packets.rx_packets += 1000;
		turn(5, 90);
		assert_int_equal(worker_of(c), 1);
	}
	for (unsigned i = 0; i < 2; i++) {
		b->queue[0]->packets.rx_packets += 1000;
		c->queue[0]->packets.rx_packets += 1000;
		turn(5, 90);
	}
	assert_true(worker_of(b) == 1 && worker_of(c) == 0);
}

static void those_with_workers_of_their_own_stay(void **state)
{
	(void)state;
	a->n_workers = b->n_workers = 1;
	for (unsigned i = 0; i < 10; i++)
		uneven();
	assert_true(worker_of(a) == 0 && worker_of(b) == 0);
	/* A queue for each worker. */
	a->n_workers = b->n_workers = 0;
	parts.engine.shared.n_workers = 1;
	for (unsigned i = 0; i < 10; i++)
		uneven();
	parts.engine.shared.n_workers = 2;
	assert_true(worker_of(a) == 0 && worker_of(b) == 0);
}

static void one_on_its_way_or_gone_is_left_alone(void **state)
{
	(void)state;
	uneven();
	uneven();
	assert_int_equal(worker_of(b), 1);
	assert_int_equal(ports_move_queue(&parts.ports, b, 0, 0), -EBUSY);
	arrive(b);
	ports_lost(&parts.ports, b);
	for (unsigned i = 0; i < 3 * BALANCE_STAY; i++) {
		b->queue[0]->packets.rx_packets += 1000;
		turn(5, 90);
	}
	assert_int_equal(worker_of(b), 1);
}

/* It came back to its former worker, who then looked at an older map: each waits for the other. */
static void one_that_does_not_arrive_is_told_again(void **state)
{
	(void)state;
	uneven();
	uneven();
	assert_int_equal(map()->generation, 2);
	arrive(b);
	turn(10, 10);
	assert_int_equal(map()->generation, 2);
	atomic_store(&b->queue[0]->owner, 0 + 1);
	turn(10, 10);
	assert_int_equal(map()->generation, 3);
	assert_int_equal(map()->n_leaving, 1);
	assert_ptr_equal(map()->leaving[0].q, b->queue[0]);
	assert_true(map()->leaving[0].from == 0 && map()->leaving[0].to == 1);
	arrive(b);
	turn(10, 10);
	assert_int_equal(map()->generation, 3);
	/* Of a port that is lost there is nobody to wait for. */
	atomic_store(&b->queue[0]->owner, 0 + 1);
	ports_lost(&parts.ports, b);
	const uint32_t generation = map()->generation;
	turn(10, 10);
	assert_int_equal(map()->generation, generation);
}

static void it_may_be_off(void **state)
{
	struct balance off = {0};

	(void)state;
	balance_fini(&off);
	parts.conf.dpdk.balance = false;
	assert_int_equal(balance_init(&off, &parts.ports), 0);
	assert_null(off.timer);
	balance_fini(&off);
	parts.conf.dpdk.balance = true;
	parts.engine.shared.n_workers = 1;
	assert_int_equal(balance_init(&off, &parts.ports), 0);
	assert_null(off.timer);
	balance_fini(&off);
	parts.engine.shared.n_workers = 2;
	assert_non_null(balance.timer);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(one_goes_where_it_is_uneven_twice_in_a_row),
		CASE(a_rest_follows_and_who_was_moved_stays),
		CASE(the_last_rest_ends),
		CASE(those_with_workers_of_their_own_stay),
		CASE(one_on_its_way_or_gone_is_left_alone),
		CASE(one_that_does_not_arrive_is_told_again),
		CASE(it_may_be_off),
	};

	return parts_run("balance", tests, RTE_DIM(tests));
}
