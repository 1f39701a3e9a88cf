/* SPDX-License-Identifier: BSD-3-Clause */
/* A port is closed while the daemon goes on, and another one gets its id. */
#include <errno.h>
#include <string.h>

#include "bed/ports.h"
#include "path/guest.h"

static void one_that_is_closed_leaves_at_once_and_ends_later(void **state)
{
	struct ovnet_port *a = open_port("a", NULL), *b = open_port("b", NULL);

	(void)state;
	assert_int_equal(ports_publish(&parts.ports), 0);
	woken();
	read_tables();
	assert_int_equal(ports_close(&parts.ports, b), 0);
	assert_int_equal(woken(), 1);
	assert_null(ports_at(&parts.ports, 1));
	assert_true(polled(a) == 1 && polled(b) == 0);
	assert_int_equal(reclaim(), 2); /* the former map as well */
	assert_int_equal(fake_port.n_closed, 0);
	/* Until then its id is taken. */
	assert_int_equal(open_port("c", NULL)->id, 2);
	ovnet_rcu_reader_quiescent(&parts.engine.shared.rcu, READER);
	assert_int_equal(reclaim(), 0);
	assert_int_equal(fake_port.n_closed, 1);
	assert_string_equal(fake_port.closed[0], "b");
	assert_int_equal(parts.ports.n, 3);
	assert_null(ports_at(&parts.ports, 1));
}

/* Whoever has the id next is somebody else. */
static void its_guest_goes_with_it(void **state)
{
	struct ovnet_port *a = open_port("a", NULL);
	struct ovnet_guest *g = calloc(1, sizeof(*g));
	struct ovnet_path_shared *s = &parts.engine.shared;

	(void)state;
	assert_non_null(g);
	ovnet_guest_publish(s, a->id, g);
	assert_int_equal(ports_publish(&parts.ports), 0);
	no_memory = true;
	assert_int_equal(ports_close(&parts.ports, a), -ENOMEM);
	assert_ptr_equal(ovnet_guest_of(s, a->id), g);
	assert_int_equal(ports_close(&parts.ports, a), 0);
	assert_null(ovnet_guest_of(s, a->id));
}

/* The workers' counters of an id go on; those of its ports do not. */
static void an_id_is_used_again_as_if_new(void **state)
{
	static struct ovnet_worker workers[2];
	struct owner o = {.answer = -EAGAIN};
	int err;

	(void)state;
	memset(workers, 0, sizeof(workers));
	parts.engine.workers[0] = &workers[0];
	parts.engine.workers[1] = &workers[1];
	open_port("a", NULL);
	struct ovnet_port *old = open_port("b", &o);
	open_port("c", NULL);
	let_count(old, 3);
	old = replaced(old, "b", &err);
	let_count(old, 3);
	workers[1].counters.port[1].rx_packets = 5;
	assert_int_equal(ports_packets(&parts.ports, old).rx_packets, 5);
	ports_lost(&parts.ports, old);
	uint8_t generation = old->generation;
	assert_int_equal(ports_close(&parts.ports, old), 0);
	parts_turn();
	assert_int_equal(o.asked, 0); /* nobody wants it back */
	assert_int_equal(event_pending(parts.ports.timer, EV_TIMEOUT, NULL), 0);
	assert_int_equal(reclaim(), 0);
	struct ovnet_port *fresh = open_port("d", NULL);
	assert_int_equal(fresh->id, 1);
	assert_int_not_equal(fresh->generation, generation);
	assert_false(ports_is_lost(&parts.ports, fresh));
	has_counted(fresh, 0);
	assert_int_equal(ports_packets(&parts.ports, fresh).rx_packets, 0);
	workers[0].counters.port[1].rx_packets = 2;
	assert_int_equal(ports_packets(&parts.ports, fresh).rx_packets, 2);
	assert_int_equal(open_port("e", NULL)->id, 3);
	parts.engine.workers[0] = parts.engine.workers[1] = NULL;
}

static void the_last_ids_are_given_back(void **state)
{
	struct ovnet_port *p[4];

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		p[i] = open_port("p", NULL);
	assert_int_equal(ports_close(&parts.ports, p[2]), 0);
	assert_int_equal(reclaim(), 0);
	assert_int_equal(parts.ports.n, 4);
	assert_int_equal(ports_close(&parts.ports, p[3]), 0);
	assert_int_equal(reclaim(), 0);
	assert_int_equal(parts.ports.n, 2);
	assert_int_equal(ports_publish(&parts.ports), 0);
	assert_int_equal(map()->n_ports, 2);
}

static void what_cannot_be_closed_stays(void **state)
{
	struct ovnet_port *a = open_port("a", NULL);

	(void)state;
	assert_int_equal(ports_publish(&parts.ports), 0);
	no_memory = true;
	assert_int_equal(ports_close(&parts.ports, a), -ENOMEM);
	assert_ptr_equal(ports_at(&parts.ports, 0), a);
	assert_int_equal(polled(a), 1);
	assert_int_equal(reclaim(), 0);
	assert_int_equal(fake_port.n_closed, 0);
}

static void one_that_is_closing_is_closed_in_the_end(void **state)
{
	(void)state;
	open_port("a", NULL);
	struct ovnet_port *b = open_port("b", NULL);
	read_tables();
	assert_int_equal(ports_close(&parts.ports, b), 0);
	ports_fini(&parts.ports);
	assert_int_equal(fake_port.n_closed, 1);
	assert_string_equal(fake_port.closed[0], "a");
	ovnet_rcu_reader_quiescent(&parts.engine.shared.rcu, READER);
	assert_int_equal(reclaim(), 0);
	assert_int_equal(fake_port.n_closed, 2);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, ports_set_up, parts_close)
	const struct CMUnitTest tests[] = {
		CASE(one_that_is_closed_leaves_at_once_and_ends_later),
		CASE(its_guest_goes_with_it),
		CASE(an_id_is_used_again_as_if_new),
		CASE(the_last_ids_are_given_back),
		CASE(what_cannot_be_closed_stays),
		CASE(one_that_is_closing_is_closed_in_the_end),
	};

	return parts_run("ports_close", tests, RTE_DIM(tests));
}
