/* SPDX-License-Identifier: BSD-3-Clause */
/* The node's clock jumps, or the node sleeps: the lease is renewed in time all the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/syscall.h>

#include "bed/live_node.h"

#define DAY   86400
#define TTL_S 6

static time_t jumped_s, slept_s;

/* In the place of libc's: only the clock that goes on while a machine is suspended knows of it. */
int clock_gettime(clockid_t clock, struct timespec *out)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, out);

	if (rc == 0 && clock == CLOCK_BOOTTIME)
		out->tv_sec += slept_s;
	return rc;
}

/* In the place of libc's, for the code under test. */
time_t time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	time_t t = now.tv_sec + jumped_s;
	if (out != NULL)
		*out = t;
	return t;
}

static void jump(struct node *n, time_t by_s)
{
	uint64_t renewals = status(n).renewals;

	jumped_s = by_s;
	wait_for(status(n).renewals >= renewals + 2, 2 * TTL_S * 1000);
	assert_int_equal(status(n).expires_at - status(n).renewed_at, TTL_S);
	assert_in_range(status(n).renewed_at, time(NULL) - 2, time(NULL));
}

static void lease_outlives_jumps(void **state)
{
	(void)state;
	struct ovnet_lease_conf conf = conf_of(0);
	char before[64], *created, text[800];
	const char *const mark = live_v2() ? "\"createdIndex\":" : "\"CreateRevision\" : ";

	assert_true(live_put(&etcd, at("config"), VXLAN));
	conf.ttl_s = TTL_S;
	conf.renew_margin_s = TTL_S - 1;
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	live_details(&etcd, key_of(n), text, sizeof(text));
	created = strstr(text, mark);
	assert_non_null(created);
	snprintf(before, sizeof(before), "%.*s", (int)strcspn(created, ",}\n"), created);

	jump(n, 400 * DAY);
	jump(n, -400 * DAY);
	jump(n, 0);
	/* It never went away in between. */
	live_details(&etcd, key_of(n), text, sizeof(text));
	assert_non_null(strstr(text, before));
	assert_int_equal(n->acquired, 1);
	assert_int_equal(status(n).state, OVNET_LEASE_RUNNING);
}

/* What timers wait for does not come while it sleeps; what etcd waits for does. */
static void renewed_after_a_sleep(void **state)
{
	(void)state;
	struct ovnet_lease_conf conf = conf_of(0);

	assert_true(live_put(&etcd, at("config"), VXLAN));
	conf.ttl_s = 200;
	conf.renew_margin_s = 40;
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	/* Over v2 showing the key once more is a renewal. */
	run_ms(live_v2() ? 5300 : 500);
	uint64_t renewals = status(n).renewals;
	slept_s = 165;
	wait_for(status(n).renewals == renewals + 1, 15000);
	/* The next one has its full time again. */
	run_ms(500);
	assert_int_equal(status(n).renewals, renewals + 1);
	assert_int_equal(n->acquired, 1);
	slept_s = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		live(lease_outlives_jumps),
		on_v2(lease_outlives_jumps),
		live(renewed_after_a_sleep),
		on_v2(renewed_after_a_sleep),
	};
	return cmocka_run_group_tests_name("lease_clock", tests, start_all, stop_all);
}
