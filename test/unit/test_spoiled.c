/* SPDX-License-Identifier: BSD-3-Clause */
/* That packets left wrong which had come in right is told, and not taken back. */
#include <string.h>

#include "bed/cmocka.h"
#include "watch/spoiled.h"

static struct spoiled spoiled;
static struct engine engine;
static struct ovnet_worker worker;
static struct warnings warnings;

static const char *told(void)
{
	event_active(spoiled.timer, EV_TIMEOUT, 1);
	event_base_loop(engine.base, EVLOOP_NONBLOCK);
	for (unsigned i = 0; i < WARNINGS_MAX; i++)
		if (strcmp(warnings.row[i].key, "spoiled") == 0)
			return warnings.row[i].text;
	return "";
}

static void one_is_a_warning_for_good(void **state)
{
	struct ovnet_counters *c = &worker.counters;

	(void)state;
	engine.base = event_base_new();
	engine.warnings = &warnings;
	engine.shared.n_workers = 1;
	engine.workers[0] = &worker;
	assert_int_equal(spoiled_init(&spoiled, &engine), 0);
	assert_string_equal(told(), "");
	c->verified = 50;
	assert_string_equal(told(), "");
	c->spoiled = 1;
	assert_non_null(strstr(told(), "1 of 50 packets"));
	c->verified = 60;
	assert_non_null(strstr(told(), "1 of 50 packets"));
	c->spoiled = 3;
	assert_non_null(strstr(told(), "3 of 60 packets"));
	spoiled_fini(&spoiled);
	event_base_free(engine.base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_a_warning_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
