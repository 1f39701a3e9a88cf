/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of all counters: what is said of each, and that none is left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <string.h>

#include "base/counter_table.h"
#include "packet/counters.h"

static const struct ovnet_counter_scope_row *scope_of(const struct ovnet_counter *c)
{
	return &ovnet_counter_scopes[c->scope];
}

static bool same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* One object has one counter of a name; one answer shows one column of a heading. */
static void names_are_unique(void **state)
{
	(void)state;
	for (unsigned i = 0; i < OVNET_COUNTER_COUNT; i++) {
		const struct ovnet_counter *a = &ovnet_counters[i];
		for (unsigned j = 0; j < i; j++) {
			const struct ovnet_counter *b = &ovnet_counters[j];
			if (same(scope_of(a)->object, scope_of(b)->object) &&
				same(a->name, b->name))
				fail_msg("two counters %s_%s", scope_of(a)->object, a->name);
			if (a->scope == b->scope && same(a->heading, b->heading))
				fail_msg("two headings %s of %s", a->heading, scope_of(a)->object);
		}
	}
}

/* What a name of a metric may have in it. */
static bool is_word(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if (!islower(*c) && *c != '_')
			return false;
	return text[0] != '\0';
}

/* A sentence's words without its full stop; reasons may begin with a name (IP, VXLAN, TTL). */
static bool is_help(const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;

	return len > 10 && text[0] != ' ' && text[len - 1] != '.' && text[len - 1] != ' ';
}

static void each_is_described(void **state)
{
	(void)state;
	for (unsigned i = 0; i < OVNET_COUNTER_COUNT; i++) {
		const struct ovnet_counter *c = &ovnet_counters[i];
		if (!is_word(c->name) || !is_word(scope_of(c)->object))
			fail_msg("%s_%s is no name", scope_of(c)->object, c->name);
		if (!is_help(c->help))
			fail_msg("%s_%s: \"%s\" is no help", scope_of(c)->object, c->name, c->help);
	}
	for (unsigned r = 0; r < OVNET_DROP_COUNT; r++) {
		assert_non_null(ovnet_drop_name(r));
		if (!is_help(ovnet_drop_help(r)))
			fail_msg("%s: \"%s\" is no help", ovnet_drop_name(r), ovnet_drop_help(r));
	}
	for (unsigned s = 0; s < OVNET_STAGE_COUNT; s++)
		assert_true(is_word(ovnet_stage_name(s)));
	assert_null(ovnet_drop_help(OVNET_DROP_COUNT));
	assert_null(ovnet_stage_name(OVNET_STAGE_COUNT));
}

static void a_scope_is_read_in_the_tables_order(void **state)
{
	unsigned n = 0;

	(void)state;
	for (unsigned s = 0; s < OVNET_SCOPE_COUNT; s++) {
		const struct ovnet_counter *last = NULL, *c = NULL;
		while ((c = ovnet_counter_next(s, c)) != NULL) {
			assert_int_equal(c->scope, s);
			assert_true(last == NULL || c == last + 1); /* side by side */
			last = c;
			n++;
		}
		assert_non_null(last);
	}
	assert_int_equal(n, OVNET_COUNTER_COUNT);
}

/* So that the man page has one chapter for each command. */
static void a_commands_counters_stand_together(void **state)
{
	(void)state;
	for (unsigned s = 1; s < OVNET_SCOPE_COUNT; s++)
		for (unsigned before = 0; before + 1 < s; before++)
			if (same(ovnet_counter_scopes[s].command,
				    ovnet_counter_scopes[before].command))
				assert_string_equal(ovnet_counter_scopes[s - 1].command,
					ovnet_counter_scopes[s].command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(each_is_described),
		cmocka_unit_test(a_scope_is_read_in_the_tables_order),
		cmocka_unit_test(a_commands_counters_stand_together),
	};

	return cmocka_run_group_tests_name("counter_table", tests, NULL, NULL);
}
