/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "packet/rate_limit.h"

#define HZ    UINT64_C(2600000000)
#define START UINT64_C(1234567890123)

static unsigned take_all(struct ovnet_rate *r, uint64_t now)
{
	unsigned n = 0;

	while (n < 1000000 && ovnet_rate_take(r, now))
		n++;
	return n;
}

static void a_full_bucket_then_the_rate(void **state)
{
	(void)state;
	struct ovnet_rate r;

	ovnet_rate_init(&r, 1000, 50, HZ, START);
	assert_int_equal(take_all(&r, START), 50);
	assert_false(ovnet_rate_take(&r, START + HZ / 1000 - 1));
	assert_true(ovnet_rate_take(&r, START + HZ / 1000));
	assert_false(ovnet_rate_take(&r, START + HZ / 1000));

	/* A second of packets, one each microsecond. */
	unsigned n = 0;
	for (uint64_t us = 1001; us <= 1001000; us++)
		n += ovnet_rate_take(&r, START + us * (HZ / 1000000));
	assert_int_equal(n, 1000);
}

static void an_idle_bucket_holds_no_more_than_its_burst(void **state)
{
	(void)state;
	struct ovnet_rate r;

	ovnet_rate_init(&r, 10, 3, HZ, START);
	assert_int_equal(take_all(&r, START + 3600 * HZ), 3);
	assert_int_equal(take_all(&r, START + 3600 * HZ + HZ / 5), 2);
	assert_int_equal(take_all(&r, UINT64_MAX), 3);
}

static void fractions_of_a_token_are_not_lost(void **state)
{
	(void)state;
	struct ovnet_rate r;

	ovnet_rate_init(&r, 10, 1, HZ, START);
	assert_true(ovnet_rate_take(&r, START));
	for (unsigned i = 1; i < 100; i++)
		assert_false(ovnet_rate_take(&r, START + i * (HZ / 1000)));
	assert_true(ovnet_rate_take(&r, START + 100 * (HZ / 1000)));
}

static void a_clock_that_steps_back_gives_nothing(void **state)
{
	(void)state;
	struct ovnet_rate r;

	ovnet_rate_init(&r, 10, 2, HZ, START);
	assert_int_equal(take_all(&r, START + HZ), 2);
	assert_int_equal(take_all(&r, START), 0);
	assert_int_equal(take_all(&r, START + HZ), 0);
	assert_int_equal(take_all(&r, START + HZ + HZ / 10), 1);
}

static void limits_of_what_may_be_set(void **state)
{
	(void)state;
	struct ovnet_rate r;

	ovnet_rate_init(&r, 0, 100, HZ, START);
	assert_int_equal(take_all(&r, START), 0);
	assert_int_equal(take_all(&r, UINT64_MAX), 0);

	ovnet_rate_init(&r, 10, 0, HZ, START);
	assert_int_equal(take_all(&r, START), 1);

	/* More a second than there are cycles: one each. */
	ovnet_rate_init(&r, UINT32_MAX, 1, HZ, START);
	assert_int_equal(take_all(&r, START), 1);
	assert_int_equal(take_all(&r, START + 1), 1);

	/* The bucket's cycles do not fit 64 bits; it stays a bucket. */
	ovnet_rate_init(&r, 1, UINT32_MAX, UINT64_C(5000000000), START);
	assert_true(ovnet_rate_take(&r, START));
	assert_true(ovnet_rate_take(&r, UINT64_MAX));
	assert_int_equal(r.credit, UINT64_MAX - UINT64_C(5000000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_bucket_then_the_rate),
		cmocka_unit_test(an_idle_bucket_holds_no_more_than_its_burst),
		cmocka_unit_test(fractions_of_a_token_are_not_lost),
		cmocka_unit_test(a_clock_that_steps_back_gives_nothing),
		cmocka_unit_test(limits_of_what_may_be_set),
	};

	return cmocka_run_group_tests_name("rate_limit", tests, NULL, NULL);
}
