/* SPDX-License-Identifier: BSD-3-Clause */
/* What of the benchmark's generator and receiver needs no device. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bed/cmocka.h"
#include "bed/random.h"
#include "load/frames.h"
#include "load/histogram.h"
#include "load/pace.h"
#include "load/seen.h"
#include "load/stamp.h"

#define HZ 2000000000ull

static struct histogram hist;
static struct seen seen;

static void buckets_follow_each_other(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
		uint64_t last = histogram_value(i);
		assert_int_equal(histogram_bucket(last), i);
		assert_int_equal(histogram_bucket(last + 1), i + 1);
	}
	assert_int_equal(histogram_bucket(0), 0);
	assert_int_equal(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void percentiles_are_those_of_the_values(void **state)
{
	(void)state;
	static uint64_t value[10007];
	static const double shares[] = {0, 0.5, 0.9, 0.99, 0.999, 1};
	const uint32_t n = sizeof(value) / sizeof(value[0]);
	uint64_t r = 1;

	histogram_reset(&hist);
	for (uint32_t i = 0; i < n; i++) {
		value[i] = next_random(&r) >> (next_random(&r) % 32);
		histogram_add(&hist, value[i]);
	}
	qsort(value, n, sizeof(value[0]), by_size);
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		uint32_t rank = (uint32_t)ceil(shares[i] * n);
		uint64_t exact = value[rank ? rank - 1 : 0];
		uint64_t got = histogram_percentile(&hist, shares[i]);
		assert_true(got >= exact && got <= exact + exact / 64);
	}
	assert_int_equal(hist.min, value[0]);
	assert_int_equal(histogram_percentile(&hist, 1), value[n - 1]);
	assert_int_equal(hist.total, n);
}

static void nothing_has_no_percentiles(void **state)
{
	(void)state;
	histogram_reset(&hist);
	assert_int_equal(histogram_percentile(&hist, 0.5), 0);
	assert_int_equal(histogram_percentile(&hist, 1), 0);
}

/* As long as it is asked often enough. */
static void as_many_as_the_clock_says(void **state)
{
	(void)state;
	static const double rates[] = {1, 1000, 999983, 14880952, 60000000};
	struct pace p;

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		uint64_t sent = 0, from = UINT64_MAX / 2 + i;
		pace_start(&p, from, rates[i], HZ);
		for (uint64_t t = 0; t <= HZ / 10; t += 900) {
			uint32_t n = pace_take(&p, from + t);
			assert_true(n <= PACE_BURST);
			sent += n;
			double due = (double)t / HZ * rates[i];
			assert_true((double)sent <= due && (double)sent > due - 2);
		}
		assert_int_equal(p.skipped, 0);
	}
}

static void a_week_does_not_overflow(void **state)
{
	(void)state;
	const uint64_t week = 7 * 86400 * HZ;
	struct pace p;

	pace_start(&p, 0, 1e7, HZ);
	assert_int_equal(pace_take(&p, week), PACE_BURST);
	assert_in_range(p.given, 7 * 86400 * 10000000ull - 1, 7 * 86400 * 10000000ull);
}

static void who_was_away_does_not_send_it_all_at_once(void **state)
{
	(void)state;
	struct pace p;
	uint64_t now = HZ / 1000;

	/* 80 us late: all of it, a burst at a time. */
	pace_start(&p, 0, 1e6, HZ);
	assert_int_equal(pace_take(&p, 80 * HZ / 1000000), PACE_BURST);
	assert_int_equal(p.skipped, 0);
	/* A millisecond: a burst, the rest is given up. */
	assert_int_equal(pace_take(&p, now), PACE_BURST);
	assert_in_range(p.skipped, 1000 - 2 * PACE_BURST - 1, 1000 - 2 * PACE_BURST);
	assert_int_equal(pace_take(&p, now), 0);
	assert_int_equal(pace_take(&p, now + 10 * HZ / 1000000), 10);
}

static void without_a_rate_there_is_always_a_burst(void **state)
{
	(void)state;
	struct pace p;

	pace_start(&p, 5, 0, HZ);
	for (uint64_t t = 5; t < 100; t++)
		assert_int_equal(pace_take(&p, t), PACE_BURST);
	assert_int_equal(p.skipped, 0);
}

static void numbers_in_and_out_of_order(void **state)
{
	(void)state;
	seen_reset(&seen);
	assert_int_equal(seen_add(&seen, 0), SEEN_NEXT);
	assert_int_equal(seen_add(&seen, 0), SEEN_TWICE);
	assert_int_equal(seen_add(&seen, 3), SEEN_AHEAD);
	assert_int_equal(seen_add(&seen, 1), SEEN_LATE);
	assert_int_equal(seen_add(&seen, 1), SEEN_TWICE);
	assert_int_equal(seen_add(&seen, 4), SEEN_NEXT);
	assert_int_equal(seen_add(&seen, 4 + 10ull * SEEN_WINDOW), SEEN_AHEAD);
	assert_int_equal(seen_add(&seen, 2), SEEN_OLD);
	assert_int_equal(seen_add(&seen, 3 + 10ull * SEEN_WINDOW), SEEN_LATE);
	/* The first may be missing as well. */
	seen_reset(&seen);
	assert_int_equal(seen_add(&seen, 2), SEEN_AHEAD);
	assert_int_equal(seen_add(&seen, 0), SEEN_LATE);
}

/* Against a list of all that came. */
static void numbers_by_chance(void **state)
{
	(void)state;
	const uint32_t n = 3 * SEEN_WINDOW;
	uint8_t *came = calloc(n, 1);
	uint64_t r = 7;
	uint64_t next = 0;

	assert_non_null(came);
	seen_reset(&seen);
	while (next < n - 1) {
		uint32_t what = next_random(&r) % 16, far = next_random(&r) % 200;
		uint64_t number = next;
		if (what == 0)
			number = next + far < n ? next + far : n - 1;
		else if (what == 1)
			number = next > far ? next - far : 0;
		enum seen_as due = number == next  ? SEEN_NEXT
				   : number > next ? SEEN_AHEAD
				   : came[number]  ? SEEN_TWICE
						   : SEEN_LATE;
		assert_int_equal(seen_number(&seen, (uint32_t)number), number);
		assert_int_equal(seen_add(&seen, number), due);
		came[number] = 1;
		if (number >= next)
			next = number + 1;
	}
	free(came);
}

static void low_bits_tell_the_number(void **state)
{
	(void)state;
	seen_reset(&seen);
	seen.next = (5ull << 32) + 10;
	assert_int_equal(seen_number(&seen, 12), (5ull << 32) + 12);
	assert_int_equal(seen_number(&seen, 0xfffffff0), (5ull << 32) - 16);
	seen.next = (6ull << 32) - 10;
	assert_int_equal(seen_number(&seen, 3), (6ull << 32) + 3);
}

/* A frame of the tunnel, 50 bytes longer, and the inner one. */
static void frames_are_told_apart(void **state)
{
	(void)state;
	static uint8_t outer[1564], inner[1514];
	struct frame f = {.data = outer};
	static const uint32_t lengths[] = {60, 64, 200, 1514};

	for (size_t i = 0; i < sizeof(outer); i++)
		outer[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		uint32_t n = lengths[i];
		f.length = n + 50;
		memcpy(inner, outer + 50, n);
		memset(inner, 0xee, 26); /* MAC addresses, TTL, checksum */
		stamp_write(inner, n, 1, 2, 3);
		assert_true(frame_same(&f, inner, n, 9));
		for (uint32_t at = 26; at < n - STAMP_BYTES; at++) {
			bool found = false;
			inner[at] ^= 1;
			for (uint32_t turn = 0; turn < 1000 && !found; turn++)
				found = !frame_same(&f, inner, n, turn);
			assert_true(found);
			inner[at] ^= 1;
		}
	}
}

static void stamps_are_at_the_end(void **state)
{
	(void)state;
	uint8_t frame[STAMP_FRAME_MIN];

	memset(frame, 1, sizeof(frame));
	stamp_write(frame, sizeof(frame), 0xabcd, 0xfffffffe, 1ull << 63);
	struct stamp s = stamp_read(frame, sizeof(frame));
	assert_int_equal(s.run, 0xabcd);
	assert_int_equal(s.seq, 0xfffffffe);
	assert_true(s.tsc == 1ull << 63);
	for (size_t i = 0; i < 42; i++)
		assert_int_equal(frame[i], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_follow_each_other),
		cmocka_unit_test(percentiles_are_those_of_the_values),
		cmocka_unit_test(nothing_has_no_percentiles),
		cmocka_unit_test(as_many_as_the_clock_says),
		cmocka_unit_test(a_week_does_not_overflow),
		cmocka_unit_test(who_was_away_does_not_send_it_all_at_once),
		cmocka_unit_test(without_a_rate_there_is_always_a_burst),
		cmocka_unit_test(numbers_in_and_out_of_order),
		cmocka_unit_test(numbers_by_chance),
		cmocka_unit_test(low_bits_tell_the_number),
		cmocka_unit_test(frames_are_told_apart),
		cmocka_unit_test(stamps_are_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
