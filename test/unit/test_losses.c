/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports that lose packets are warned of, whatever port has an id by then. */
#include <string.h>

#include "bed/ports.h"
#include "watch/losses.h"

static struct losses losses;

static int set_up(void **state)
{
	return ports_set_up(state);
}

static int tear_down(void **state)
{
	losses_fini(&losses);
	return parts_close(state);
}

static void look(void)
{
	event_active(losses.timer, EV_TIMEOUT, 1);
	parts_turn();
}

static void warned_of(const char *name, bool yes)
{
	char key[48];

	snprintf(key, sizeof(key), "missed %s", name);
	if ((parts_warning(key)[0] != '\0') != yes)
		fail_msg("%s: \"%s\"", key, parts_warning(key));
}

static struct ovnet_port *closed_and_opened(struct ovnet_port *old, const char *name)
{
	uint16_t id = old->id;

	assert_int_equal(ports_close(&parts.ports, old), 0);
	assert_int_equal(reclaim(), 0);
	struct ovnet_port *fresh = open_port(name, NULL);
	assert_int_equal(fresh->id, id);
	return fresh;
}

static void a_minute(struct ovnet_port *port)
{
	losses.port[port->id].warned -= 60;
}

static void a_loss_is_told_and_over_after_a_minute(void **state)
{
	struct ovnet_port *a = open_port("a", NULL), *b = open_port("b", NULL);

	(void)state;
	fake_port_count(a, 7); /* nobody was there yet to fetch them */
	assert_int_equal(losses_init(&losses, &parts.ports), 0);
	look();
	warned_of("a", false);
	fake_port_count(b, 1);
	look();
	warned_of("a", false);
	warned_of("b", true);
	look();
	warned_of("b", true);
	a_minute(b);
	fake_port_count(b, 2);
	look();
	warned_of("b", true);
	a_minute(b);
	look();
	warned_of("b", false);
}

static void another_port_of_the_id_begins_anew(void **state)
{
	struct ovnet_port *a = open_port("a", NULL);

	(void)state;
	assert_int_equal(losses_init(&losses, &parts.ports), 0);
	fake_port_count(a, 100);
	look();
	warned_of("a", true);
	struct ovnet_port *b = closed_and_opened(a, "b");
	look();
	warned_of("a", false);
	warned_of("b", false);
	fake_port_count(b, 5);
	look();
	warned_of("a", false);
	warned_of("b", true);
}

static void so_does_one_of_the_same_name(void **state)
{
	struct ovnet_port *a = open_port("a", NULL);

	(void)state;
	assert_int_equal(losses_init(&losses, &parts.ports), 0);
	fake_port_count(a, 100);
	look();
	a = closed_and_opened(a, "a");
	a_minute(a);
	look();
	warned_of("a", false);
	/* Fewer than the former one, and between two looks. */
	a = closed_and_opened(a, "a");
	losses.port[a->id].seen = 100;
	fake_port_count(a, 5);
	look();
	warned_of("a", true);
}

static void one_that_is_gone_is_not_warned_of(void **state)
{
	struct ovnet_port *a = open_port("a", NULL);

	(void)state;
	assert_int_equal(losses_init(&losses, &parts.ports), 0);
	fake_port_count(a, 1);
	look();
	warned_of("a", true);
	assert_int_equal(ports_close(&parts.ports, a), 0);
	look();
	warned_of("a", false);
}

/* What the former one lost was told, and is counted on. */
static void one_whose_device_came_back_goes_on(void **state)
{
	struct ovnet_port *a = open_port("a", NULL);
	int err;

	(void)state;
	assert_int_equal(losses_init(&losses, &parts.ports), 0);
	fake_port_count(a, 3);
	look();
	warned_of("a", true);
	a = replaced(a, "a", &err);
	assert_non_null(a);
	a_minute(a);
	look();
	warned_of("a", false);
	fake_port_count(a, 1);
	look();
	warned_of("a", true);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(a_loss_is_told_and_over_after_a_minute),
		CASE(another_port_of_the_id_begins_anew),
		CASE(so_does_one_of_the_same_name),
		CASE(one_that_is_gone_is_not_warned_of),
		CASE(one_whose_device_came_back_goes_on),
	};

	return parts_run("losses", tests, RTE_DIM(tests));
}
