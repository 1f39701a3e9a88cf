/* SPDX-License-Identifier: BSD-3-Clause */
/* The levels chosen are those the compiler and the dynamic loader say this CPU has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "path/path.h"

static const char *const levels[] = {"x86-64-v2", "x86-64-v3", "x86-64-v4"};
#define LEVELS (sizeof(levels) / sizeof(levels[0]))

/* "  x86-64-v3 (supported, searched)" */
static void ask_loader(bool able[LEVELS])
{
	FILE *help = popen("/lib64/ld-linux-x86-64.so.2 --help", "r");
	char line[256];
	unsigned told = 0;

	assert_non_null(help);
	while (fgets(line, sizeof(line), help) != NULL)
		for (unsigned i = 0; i < LEVELS; i++)
			if (strstr(line, levels[i]) != NULL) {
				able[i] = strstr(line, "(supported") != NULL;
				told++;
			}
	assert_int_equal(pclose(help), 0);
	assert_int_equal(told, LEVELS);
}

static void compare(const bool able[LEVELS])
{
	const char *best = NULL;

	for (unsigned i = 0; i < LEVELS; i++) {
		const struct ovnet_path_ops *ops = ovnet_path_select(levels[i]);

		printf("# %s: %s\n", levels[i], able[i] ? "yes" : "no");
		assert_int_equal(ops != NULL, able[i]);
		if (!able[i])
			continue;
		assert_string_equal(ops->level, levels[i]);
		best = levels[i];
	}
	assert_non_null(best);
	assert_string_equal(ovnet_path_select(NULL)->level, best);
}

static void as_the_loader_says(void **state)
{
	bool able[LEVELS] = {false};

	(void)state;
	ask_loader(able);
	compare(able);
}

static void as_the_compiler_says(void **state)
{
	(void)state;
#if defined(__clang__) || __GNUC__ < 12
	puts("SKIP: this compiler's __builtin_cpu_supports knows no levels");
	skip();
#else
	const bool able[LEVELS] = {__builtin_cpu_supports("x86-64-v2") != 0,
		__builtin_cpu_supports("x86-64-v3") != 0, __builtin_cpu_supports("x86-64-v4") != 0};

	compare(able);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_loader_says),
		cmocka_unit_test(as_the_compiler_says),
	};

	return cmocka_run_group_tests_name("cpu_level", tests, NULL, NULL);
}
