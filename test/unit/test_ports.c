/* SPDX-License-Identifier: BSD-3-Clause */
/* A port's life: opened, published, lost, replaced under its id, closed. */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <sys/time.h>

#include "bed/path.h"
#include "bed/ports.h"

#define SLACK_MS 100 /* libevent's clock is a coarse one */

/* One that has nothing to do when its device goes. */
static const struct ovnet_driver plain_driver = {.name = "plain",
	.open = fake_port_open,
	.close = fake_port_close,
	.stats = fake_port_stats};

/* --- time --- */

static int64_t ms_of(const struct timeval *t)
{
	return (int64_t)t->tv_sec * 1000 + t->tv_usec / 1000;
}

static bool armed(void)
{
	return event_pending(parts.ports.timer, EV_TIMEOUT, NULL) != 0;
}

/* The timer's time has come; it is armed again, for `ms` from then on. */
static void tries_again_in(uint32_t ms)
{
	struct timeval before, after, due;

	assert_true(armed());
	assert_int_equal(gettimeofday(&before, NULL), 0);
	event_active(parts.ports.timer, EV_TIMEOUT, 1);
	parts_turn();
	assert_int_equal(gettimeofday(&after, NULL), 0);
	assert_true(event_pending(parts.ports.timer, EV_TIMEOUT, &due) != 0);
	assert_true(ms_of(&due) >= ms_of(&before) + ms - SLACK_MS);
	assert_true(ms_of(&due) <= ms_of(&after) + ms + SLACK_MS);
}

/* --- cases --- */

static void ids_are_given_in_order(void **state)
{
	struct ovnet_port *a = open_port("a", NULL), *b = open_port("b", NULL);

	(void)state;
	assert_int_equal(a->id, 0);
	assert_int_equal(b->id, 1);
	assert_int_equal(parts.ports.n, 2);
	assert_ptr_equal(ports_at(&parts.ports, 0), a);
	assert_ptr_equal(ports_at(&parts.ports, 1), b);
	assert_int_equal(b->role, OVNET_PORT_ATTACH);
	assert_ptr_equal(fake_port.conf.pool, bed_pool);
	assert_false(ports_is_lost(&parts.ports, a));
	assert_null(map());
	assert_int_equal(woken(), 0);
}

static void one_that_does_not_open_leaves_nothing(void **state)
{
	const struct ovnet_port_conf conf = {.name = "b"};
	struct owner o = {0};
	const struct port_owner owner = {opens_again, &o};
	int err = 0;

	(void)state;
	open_port("a", NULL);
	fake_port.refuses = -ENODEV;
	assert_null(ports_open(&parts.ports, &fake_driver, &conf, &owner, &err));
	assert_int_equal(err, -ENODEV);
	assert_int_equal(parts.ports.n, 1);
	assert_null(ports_at(&parts.ports, 1));
	assert_null(parts.ports.slot[1]);
	assert_int_equal(fake_port.n_closed, 0);
	fake_port.refuses = 0;
	assert_int_equal(open_port("c", NULL)->id, 1);
}

static void a_full_table_takes_no_more(void **state)
{
	const struct ovnet_port_conf conf = {.name = "more"};
	char name[16];
	int err = 0;

	(void)state;
	for (unsigned i = 0; i < OVNET_MAX_PORTS; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		assert_int_equal(open_port(name, NULL)->id, i);
	}
	assert_null(ports_open(&parts.ports, &fake_driver, &conf, NULL, &err));
	assert_int_equal(err, -ENOSPC);
	assert_int_equal(fake_port.asked, OVNET_MAX_PORTS);
	assert_int_equal(parts.ports.n, OVNET_MAX_PORTS);
	assert_int_equal(ports_publish(&parts.ports), 0);
	assert_int_equal(map()->n_ports, OVNET_MAX_PORTS);
}

static void workers_are_given_all_ports_and_woken(void **state)
{
	struct ovnet_port *a = open_port("a", NULL), *b = open_port("b", NULL);

	(void)state;
	assert_int_equal(ports_publish(&parts.ports), 0);
	assert_int_equal(map()->generation, 1);
	assert_int_equal(map()->n_workers, 2);
	assert_int_equal(map()->n_ports, 2);
	assert_ptr_equal(map()->port[0], a);
	assert_ptr_equal(map()->port[1], b);
	assert_true(polled(a) == 1 && polled(b) == 1);
	assert_int_equal(woken(), 1);
	read_tables();
	assert_int_equal(ports_publish(&parts.ports), 0);
	assert_int_equal(map()->generation, 2);
	assert_int_equal(woken(), 1);
	assert_int_equal(reclaim(), 1); /* the former map, as long as somebody may read it */
	ovnet_rcu_reader_quiescent(&parts.engine.shared.rcu, READER);
	assert_int_equal(reclaim(), 0);
}

static void a_map_that_cannot_be_made_leaves_the_former(void **state)
{
	struct ovnet_port *a = open_port("a", NULL);

	(void)state;
	assert_int_equal(ports_publish(&parts.ports), 0);
	const struct ovnet_queue_map *former = map();
	woken();
	no_memory = true;
	assert_int_equal(ports_publish(&parts.ports), -ENOMEM);
	assert_ptr_equal(map(), former);
	assert_int_equal(woken(), 0);
	assert_int_equal(reclaim(), 0);
	no_memory = true;
	ports_lost(&parts.ports, a);
	assert_ptr_equal(map(), former);
	assert_true(ports_is_lost(&parts.ports, a));
	assert_true(armed());
}

static void one_that_is_lost_leaves_the_workers(void **state)
{
	struct owner o = {.answer = -EAGAIN};
	struct ovnet_port *a = open_port("a", &o), *b = open_port("b", NULL);

	(void)state;
	assert_int_equal(ports_publish(&parts.ports), 0);
	woken();
	ports_lost(&parts.ports, a);
	assert_true(ports_is_lost(&parts.ports, a));
	assert_false(ports_is_lost(&parts.ports, b));
	assert_int_equal(map()->generation, 2);
	assert_null(map()->port[0]);
	assert_ptr_equal(map()->port[1], b);
	assert_true(polled(a) == 0 && polled(b) == 1);
	assert_int_equal(woken(), 1);
	assert_int_equal(fake_port.lost, 1);
	assert_int_equal(fake_port.n_closed, 0);
	assert_int_equal(o.asked, 0);
	parts_turn();
	assert_int_equal(o.asked, 1);
	/* Once is enough. */
	ports_lost(&parts.ports, a);
	assert_int_equal(map()->generation, 2);
	assert_int_equal(fake_port.lost, 1);
	parts_turn();
	assert_int_equal(o.asked, 1);
}

static void one_that_nobody_wants_back_stays_lost(void **state)
{
	const struct ovnet_port_conf conf = {.name = "a"};
	int err;
	struct ovnet_port *a = ports_open(&parts.ports, &plain_driver, &conf, NULL, &err);

	(void)state;
	assert_non_null(a);
	ports_lost(&parts.ports, a);
	assert_int_equal(fake_port.lost, 0);
	assert_true(armed());
	parts_turn();
	assert_false(armed());
	assert_true(ports_is_lost(&parts.ports, a));
}

static void an_owner_is_asked_at_intervals(void **state)
{
	struct owner o = {.answer = -EAGAIN};
	struct ovnet_port *a = open_port("a", &o);

	(void)state;
	ports_lost(&parts.ports, a);
	tries_again_in(500);
	tries_again_in(500);
	/* It is there, and does not open. */
	o.answer = -EIO;
	for (uint32_t ms = 1000; ms < 30000; ms *= 2)
		tries_again_in(ms);
	tries_again_in(30000);
	tries_again_in(30000);
	o.answer = -EAGAIN;
	tries_again_in(500);
	o.answer = 0;
	event_active(parts.ports.timer, EV_TIMEOUT, 1);
	parts_turn();
	assert_false(armed());
	assert_int_equal(o.asked, 11);
	assert_false(ports_is_lost(&parts.ports, o.port));
	/* The next time it starts anew. */
	o.answer = -EIO;
	ports_lost(&parts.ports, o.port);
	tries_again_in(1000);
}

static void each_lost_one_is_asked_for(void **state)
{
	struct owner gone = {.answer = -EAGAIN}, broken = {.answer = -EIO}, back = {0}, well = {0};

	(void)state;
	open_port("broken", &broken);
	open_port("gone", &gone);
	open_port("back", &back);
	open_port("well", &well);
	ports_lost(&parts.ports, broken.port);
	ports_lost(&parts.ports, gone.port);
	ports_lost(&parts.ports, back.port);
	tries_again_in(1000);
	assert_true(broken.asked == 1 && gone.asked == 1 && back.asked == 1 && well.asked == 0);
	assert_false(ports_is_lost(&parts.ports, back.port));
	tries_again_in(2000);
	assert_true(broken.asked == 2 && gone.asked == 2 && back.asked == 1);
}

static void another_takes_its_place_and_its_counts(void **state)
{
	struct owner o = {0};
	struct ovnet_port *other = open_port("other", NULL), *first = open_port("p", &o);
	int err;

	(void)state;
	assert_int_equal(ports_publish(&parts.ports), 0);
	let_count(other, 7);
	let_count(first, 1);
	ports_lost(&parts.ports, first);
	woken();
	struct ovnet_port *second = replaced(first, "p", &err);
	assert_non_null(second);
	assert_int_equal(second->id, 1);
	assert_int_equal(parts.ports.n, 2);
	assert_false(ports_is_lost(&parts.ports, second));
	assert_int_equal(map()->generation, 3);
	assert_ptr_equal(map()->port[0], other);
	assert_ptr_equal(map()->port[1], second);
	assert_int_equal(polled(second), 1);
	assert_int_equal(woken(), 1);
	has_counted(second, 1);
	let_count(second, 2);
	has_counted(second, 3);
	struct ovnet_port *third = replaced(second, "p", &err);
	has_counted(third, 3);
	let_count(third, 4);
	has_counted(third, 7);
	has_counted(other, 7);
	/* Whoever wanted it still does. */
	o.port = third;
	o.answer = -EAGAIN;
	ports_lost(&parts.ports, third);
	parts_turn();
	assert_int_equal(o.asked, 1);
}

static void the_former_is_closed_when_no_worker_has_it(void **state)
{
	struct ovnet_port *old = open_port("old", NULL);
	int err;

	(void)state;
	assert_int_equal(ports_publish(&parts.ports), 0);
	read_tables();
	assert_non_null(replaced(old, "old", &err));
	assert_int_equal(reclaim(), 2); /* the former map as well */
	assert_int_equal(fake_port.n_closed, 0);
	ovnet_rcu_reader_quiescent(&parts.engine.shared.rcu, READER);
	assert_int_equal(reclaim(), 0);
	assert_int_equal(fake_port.n_closed, 1);
}

static void the_old_one_stays_when_no_other_opens(void **state)
{
	struct ovnet_port *old = open_port("old", NULL);
	int err = 0;

	(void)state;
	assert_int_equal(ports_publish(&parts.ports), 0);
	let_count(old, 5);
	ports_lost(&parts.ports, old);
	const struct ovnet_queue_map *former = map();
	fake_port.refuses = -EBUSY;
	assert_null(replaced(old, "old", &err));
	assert_int_equal(err, -EBUSY);
	assert_int_equal(fake_port.n_closed, 0);
	fake_port.refuses = 0;
	no_memory = true;
	assert_null(replaced(old, "fresh", &err));
	assert_int_equal(err, -ENOMEM);
	assert_int_equal(fake_port.n_closed, 1);
	assert_string_equal(fake_port.closed[0], "fresh");
	assert_ptr_equal(ports_at(&parts.ports, 0), old);
	assert_true(ports_is_lost(&parts.ports, old));
	assert_ptr_equal(map(), former);
	has_counted(old, 5);
}

/* Also what had failed to start; and what its owner had not come back for. */
static void all_are_closed_in_the_end(void **state)
{
	struct owner o = {.answer = -EAGAIN};
	struct ports unborn = {0};

	(void)state;
	ports_fini(&unborn);
	open_port("a", NULL);
	open_port("b", &o);
	open_port("c", NULL);
	fake_port.refuses = -ENODEV;
	int err;
	assert_null(ports_open(
		&parts.ports, &fake_driver, &(struct ovnet_port_conf){.name = "d"}, NULL, &err));
	assert_int_equal(ports_publish(&parts.ports), 0);
	ports_lost(&parts.ports, o.port);
	ports_fini(&parts.ports);
	assert_int_equal(fake_port.n_closed, 3);
	assert_string_equal(fake_port.closed[0], "c");
	assert_string_equal(fake_port.closed[1], "b");
	assert_string_equal(fake_port.closed[2], "a");
	assert_null(map());
	assert_int_equal(parts.ports.n, 0);
	assert_null(parts.ports.timer);
	assert_int_equal(o.asked, 0);
	ports_fini(&parts.ports);
	assert_int_equal(fake_port.n_closed, 3);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, ports_set_up, parts_close)
	const struct CMUnitTest tests[] = {
		CASE(ids_are_given_in_order),
		CASE(one_that_does_not_open_leaves_nothing),
		CASE(a_full_table_takes_no_more),
		CASE(workers_are_given_all_ports_and_woken),
		CASE(a_map_that_cannot_be_made_leaves_the_former),
		CASE(one_that_is_lost_leaves_the_workers),
		CASE(one_that_nobody_wants_back_stays_lost),
		CASE(an_owner_is_asked_at_intervals),
		CASE(each_lost_one_is_asked_for),
		CASE(another_takes_its_place_and_its_counts),
		CASE(the_former_is_closed_when_no_worker_has_it),
		CASE(the_old_one_stays_when_no_other_opens),
		CASE(all_are_closed_in_the_end),
	};

	return parts_run("ports", tests, RTE_DIM(tests));
}
