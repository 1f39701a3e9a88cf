/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/patience.h"

static void nobody_has_none(void **state)
{
	(void)state;
	assert_false(ovnet_patience_left(NULL, "%s", "anything"));
	assert_false(ovnet_patience_wait(NULL, "%s", "anything"));
}

static void one_budget_for_all(void **state)
{
	(void)state;
	struct ovnet_patience p = {0};

	assert_true(ovnet_patience_left(&p, "UDP port %u", 8472));
	int64_t until = p.until_ms;
	assert_true(until > 0);
	assert_true(ovnet_patience_left(&p, "host device '%s'", "ovnet0"));
	assert_string_equal(p.told, "host device 'ovnet0'");
	assert_int_equal(p.until_ms, until);
	p.until_ms = 1; /* long ago */
	assert_false(ovnet_patience_left(&p, "UDP port %u", 8472));
	assert_false(ovnet_patience_wait(&p, "UDP port %u", 8472));
	assert_int_equal(p.until_ms, 1);
}

static void a_long_path_is_told_whole(void **state)
{
	(void)state;
	struct ovnet_patience p = {0};
	char path[108];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_true(ovnet_patience_left(&p, "%s", path));
	assert_string_equal(p.told, path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_has_none),
		cmocka_unit_test(one_budget_for_all),
		cmocka_unit_test(a_long_path_is_told_whole),
	};

	return cmocka_run_group_tests_name("patience", tests, NULL, NULL);
}
