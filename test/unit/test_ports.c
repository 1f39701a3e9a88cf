/* SPDX-License-Identifier: BSD-3-Clause */
/* A port's life: opened, published, lost, replaced under its id, closed. */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/time.h>

#include "bed/fake_port.h"
#include "bed/parts.h"
#include "bed/path.h"

#define READER   0   /* a worker that reads the tables */
#define SLACK_MS 100 /* libevent's clock is a coarse one */

static const struct ovnet_driver fake_driver = FAKE_PORT("fake");
/* One that has nothing to do when its device goes. */
static const struct ovnet_driver plain_driver = {.name = "plain",
	.open = fake_port_open,
	.close = fake_port_close,
	.stats = fake_port_stats};

/* --- who wants a port --- */

struct owner {
	int answer; /* 0: opens it again */
	unsigned asked;
	struct ovnet_port *port;
};

static struct ovnet_port *replaced(struct ovnet_port *old, const char *name, int *err)
{
	const struct ovnet_port_conf conf = {.name = name};

	return ports_replace(&parts.ports, old, &fake_driver, &conf, err);
}

static int reopen(void *arg, struct ovnet_port *port)
{
	struct owner *o = arg;
	int err;

	assert_ptr_equal(port, o->port);
	o->asked++;
	if (o->answer < 0)
		return o->answer;
	o->port = replaced(port, port->name, &err);
	return o->port != NULL ? 0 : err;
}

static struct ovnet_port *open_port(const char *name, struct owner *o)
{
	const struct ovnet_port_conf conf = {.name = name, .role = OVNET_PORT_ATTACH};
	const struct port_owner owner = {reopen, o};
	int err;
	struct ovnet_port *port =
		ports_open(&parts.ports, &fake_driver, &conf, o != NULL ? &owner : NULL, &err);

	assert_non_null(port);
	if (o != NULL)
		o->port = port;
	return port;
}

/* --- what the workers see --- */

static bool no_memory; /* for the next queue map */

struct ovnet_queue_map *__real_ovnet_queue_map_build(
	struct ovnet_port *const *ports, uint16_t n, uint16_t n_workers, uint32_t generation);
struct ovnet_queue_map *__wrap_ovnet_queue_map_build(
	struct ovnet_port *const *ports, uint16_t n, uint16_t n_workers, uint32_t generation);

struct ovnet_queue_map *__wrap_ovnet_queue_map_build(
	struct ovnet_port *const *ports, uint16_t n, uint16_t n_workers, uint32_t generation)
{
	bool fails = no_memory;

	no_memory = false;
	return fails ? NULL : __real_ovnet_queue_map_build(ports, n, n_workers, generation);
}

static const struct ovnet_queue_map *map(void)
{
	return atomic_load(&parts.engine.shared.map);
}

/* How many workers poll the port. */
static unsigned polled(const struct ovnet_port *port)
{
	unsigned n = 0;

	for (unsigned w = 0; w < map()->n_workers; w++)
		for (unsigned i = 0; i < map()->worker[w].n_rx; i++)
			n += map()->worker[w].rx[i].port == port;
	return n;
}

/* How often both workers were woken since the last look. */
static unsigned woken(void)
{
	eventfd_t n[2] = {0, 0};

	for (unsigned w = 0; w < 2; w++)
		if (eventfd_read(parts.engine.shared.handoff[w].wake_fd, &n[w]) < 0)
			assert_int_equal(errno, EAGAIN);
	assert_int_equal(n[0], n[1]);
	return (unsigned)n[0];
}

static unsigned reclaim(void)
{
	return ovnet_rcu_reclaim(&parts.engine.shared.rcu);
}

static void read_tables(void)
{
	assert_int_equal(ovnet_rcu_reader_add(&parts.engine.shared.rcu, READER), 0);
	ovnet_rcu_reader_online(&parts.engine.shared.rcu, READER);
}

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
	assert_ptr_equal(parts.ports.slot[0].port, a);
	assert_ptr_equal(parts.ports.slot[1].port, b);
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
	const struct port_owner owner = {reopen, &o};
	int err = 0;

	(void)state;
	open_port("a", NULL);
	fake_port.refuses = -ENODEV;
	assert_null(ports_open(&parts.ports, &fake_driver, &conf, &owner, &err));
	assert_int_equal(err, -ENODEV);
	assert_int_equal(parts.ports.n, 1);
	assert_null(parts.ports.slot[1].port);
	assert_null(parts.ports.slot[1].owner.reopen);
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

static void count(struct ovnet_port *port, uint64_t n)
{
	fake_port_count(port, n);
	port->queue[0]->rx_drops[OVNET_DROP_NO_MBUF] = 10000 * n;
}

static void has_counted(struct ovnet_port *port, uint64_t n)
{
	struct ovnet_port_stats s;

	ports_stats(&parts.ports, port, &s);
	assert_int_equal(s.missed, n);
	assert_int_equal(s.errors, 10 * n);
	assert_int_equal(s.no_mbuf, 100 * n);
	assert_int_equal(s.tx_errors, 1000 * n);
	assert_int_equal(ports_rx_drops(&parts.ports, port, OVNET_DROP_NO_MBUF), 10000 * n);
	assert_int_equal(ports_rx_drops(&parts.ports, port, OVNET_DROP_TX_FULL), 0);
}

static void another_takes_its_place_and_its_counts(void **state)
{
	struct owner o = {0};
	struct ovnet_port *other = open_port("other", NULL), *first = open_port("p", &o);
	int err;

	(void)state;
	assert_int_equal(ports_publish(&parts.ports), 0);
	count(other, 7);
	count(first, 1);
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
	count(second, 2);
	has_counted(second, 3);
	struct ovnet_port *third = replaced(second, "p", &err);
	has_counted(third, 3);
	count(third, 4);
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
	count(old, 5);
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
	assert_ptr_equal(parts.ports.slot[0].port, old);
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

static int set_up(void **state)
{
	memset(&fake_port, 0, sizeof(fake_port));
	no_memory = false;
	return parts_open(state);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, parts_close)
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
