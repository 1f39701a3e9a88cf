/* SPDX-License-Identifier: BSD-3-Clause */
/* How parts are started one by one, tried again, and stopped; that the real ones may be at any
 * time. */
#include "bed/cmocka.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules.h"

static struct {
	char story[128]; /* "+a" it was started, "-a" stopped */
	const char *name;
	unsigned fails; /* so often does the part `name` say `rc` */
	int rc;
	int signal; /* raised by it */
	bool exits; /* it leaves the loop with EXIT */
} script;

#define EXIT 3

static void say(char what, const char *name)
{
	size_t n = strlen(script.story);

	assert_true(n + 2 < sizeof(script.story));
	snprintf(script.story + n, sizeof(script.story) - n, "%c%s", what, name);
}

static int started(struct daemon *d, const char *name)
{
	say('+', name);
	if (script.name == NULL || strcmp(name, script.name) != 0)
		return 0;
	if (script.signal != 0)
		assert_int_equal(raise(script.signal), 0);
	script.signal = 0;
	if (script.exits)
		daemon_exit(d, EXIT);
	if (script.fails == 0)
		return 0;
	script.fails--;
	return script.rc;
}

#define PART(part)                                \
	static int start_##part(struct daemon *d) \
	{                                         \
		return started(d, #part);         \
	}                                         \
	static void stop_##part(struct daemon *d) \
	{                                         \
		(void)d;                          \
		say('-', #part);                  \
	}

PART(a)
PART(b)
PART(c)

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	say('.', "");
	daemon_exit(arg, EXIT_SUCCESS);
}

/* All are there: the loop runs, and ends. */
static int start_end(struct daemon *d)
{
	static const struct timeval now = {0};

	return event_base_once(d->base, -1, EV_TIMEOUT, on_end, d, &now);
}

static void stop_end(struct daemon *d)
{
	(void)d;
}

static int run(void)
{
	static const struct module parts[] = {{"a", start_a, stop_a}, {"b", start_b, stop_b},
		{"c", start_c, stop_c}, {"end", start_end, stop_end}};
	static struct daemon d; /* large */

	d = (struct daemon){0};
	return daemon_run(&d, parts, 4);
}

static int reset(void **state)
{
	(void)state;
	memset(&script, 0, sizeof(script));
	return 0;
}

static void stop_is_the_reverse_of_start(void **state)
{
	(void)state;
	assert_int_equal(run(), EXIT_SUCCESS);
	assert_string_equal(script.story, "+a+b+c.-c-b-a");
}

static void who_waits_is_stopped_and_started_again(void **state)
{
	(void)state;
	script.name = "b";
	script.rc = -EAGAIN;
	script.fails = 2;
	assert_int_equal(run(), EXIT_SUCCESS);
	assert_string_equal(script.story, "+a+b-b+b-b+b+c.-c-b-a");
}

/* What it had begun is its own to end. */
static void who_fails_is_stopped_too(void **state)
{
	(void)state;
	script.name = "b";
	script.rc = -EIO;
	script.fails = 1;
	assert_int_equal(run(), EXIT_FAILURE);
	assert_string_equal(script.story, "+a+b-b-a");
}

static void a_signal_ends_the_wait(void **state)
{
	(void)state;
	script.name = "b";
	script.rc = -EAGAIN;
	script.fails = 100;
	script.signal = SIGTERM;
	assert_int_equal(run(), EXIT_SUCCESS);
	assert_string_equal(script.story, "+a+b-b+b-b-a");
}

static void what_ends_the_start_says_how(void **state)
{
	(void)state;
	script.name = "b";
	script.exits = true;
	assert_int_equal(run(), EXIT);
	assert_string_equal(script.story, "+a+b-b-a");
}

/* A part that could not even begin, and one that waits: stopped as often as may be. */
static void the_real_ones_may_be_stopped_at_any_time(void **state)
{
	(void)state;
	static struct daemon d;

	for (unsigned times = 0; times < 2; times++)
		for (unsigned i = n_modules; i-- > 0;)
			modules[i].fini(&d);
	assert_true(n_modules > 0);
	assert_null(d.lease);
	assert_null(d.kernel);
	assert_null(d.ctl);
}

#define CASE(fn) cmocka_unit_test_setup(fn, reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(stop_is_the_reverse_of_start),
		CASE(who_waits_is_stopped_and_started_again),
		CASE(who_fails_is_stopped_too),
		CASE(a_signal_ends_the_wait),
		CASE(what_ends_the_start_says_how),
		CASE(the_real_ones_may_be_stopped_at_any_time),
	};

	return cmocka_run_group_tests_name("daemon", tests, NULL, NULL);
}
