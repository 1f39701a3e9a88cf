/* SPDX-License-Identifier: BSD-3-Clause */
/* What ports' far ends change: who is asked, when, and that the queue map follows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <event2/event.h>
#include <sys/eventfd.h>

#include "bed/fake_port.h"
#include "bed/parts.h"

static unsigned asked;
static bool grows; /* the far end enabled a second queue */

static bool changed(struct ovnet_port *port)
{
	asked++;
	if (!grows || port->n_rxq == 2)
		return false;
	if (port->queue[1] == NULL)
		port->queue[1] = calloc(1, sizeof(struct ovnet_port_queue));
	assert_non_null(port->queue[1]);
	port->queue[1]->port = port;
	port->queue[1]->id = 1;
	port->n_rxq = 2;
	return true;
}

static const struct ovnet_driver guest_driver = {.name = "guest",
	.open = fake_port_open,
	.close = fake_port_close,
	.stats = fake_port_stats,
	.changed = changed};
static const struct ovnet_driver plain_driver = {.name = "plain",
	.open = fake_port_open,
	.close = fake_port_close,
	.stats = fake_port_stats};

static struct ovnet_port *add(const struct ovnet_driver *driver, const char *name)
{
	const struct ovnet_port_conf conf = {.name = name, .role = OVNET_PORT_ATTACH};
	int err;
	struct ovnet_port *port = ports_open(&parts.ports, driver, &conf, NULL, &err);

	assert_non_null(port);
	return port;
}

static uint32_t generation(void)
{
	return parts.ports.generation;
}

/* A driver's thread speaks; the loop gathers, then its time has come. */
static void notify(void)
{
	assert_int_equal(eventfd_write(fake_port.conf.notify_fd, 1), 0);
	parts_turn();
	assert_true(event_pending(parts.ports.ask, EV_TIMEOUT, NULL) != 0);
	event_active(parts.ports.ask, EV_TIMEOUT, 1);
	parts_turn();
}

static void a_driver_is_told_where_to_speak(void **state)
{
	(void)state;
	add(&guest_driver, "a");
	assert_true(fake_port.conf.notify_fd >= 0);
	assert_int_equal(fake_port.conf.notify_fd, parts.ports.notify_fd);
	assert_ptr_equal(fake_port.conf.rcu, &parts.engine.shared.rcu);
}

static void the_map_follows_what_changed(void **state)
{
	(void)state;
	asked = 0;
	grows = false;
	struct ovnet_port *a = add(&guest_driver, "a");
	add(&plain_driver, "b");
	add(&guest_driver, "c");
	assert_int_equal(ports_publish(&parts.ports), 0);
	uint32_t before = generation();

	notify();
	assert_int_equal(asked, 2); /* who cannot change is not asked */
	assert_int_equal(generation(), before);
	grows = true;
	notify();
	assert_int_equal(a->n_rxq, 2);
	assert_int_equal(generation(), before + 1); /* one map for both */
	notify();
	assert_int_equal(asked, 6);
	assert_int_equal(generation(), before + 1);
}

static void they_are_asked_unasked_for_as_well(void **state)
{
	(void)state;
	asked = 0;
	grows = false;
	add(&guest_driver, "a");
	for (unsigned i = 1; i <= 3; i++) {
		assert_true(event_pending(parts.ports.ask, EV_TIMEOUT, NULL) != 0);
		event_active(parts.ports.ask, EV_TIMEOUT, 1);
		parts_turn();
		assert_int_equal(asked, i);
	}
}

static void one_that_closes_is_not_asked(void **state)
{
	(void)state;
	asked = 0;
	grows = false;
	struct ovnet_port *a = add(&guest_driver, "a");
	assert_int_equal(ports_publish(&parts.ports), 0);
	assert_int_equal(ports_close(&parts.ports, a), 0);
	notify();
	assert_int_equal(asked, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PARTS_CASE(a_driver_is_told_where_to_speak),
		PARTS_CASE(the_map_follows_what_changed),
		PARTS_CASE(they_are_asked_unasked_for_as_well),
		PARTS_CASE(one_that_closes_is_not_asked),
	};

	return parts_run("ports_changes", tests, RTE_DIM(tests));
}
