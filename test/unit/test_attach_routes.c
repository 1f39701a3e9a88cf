/* SPDX-License-Identifier: BSD-3-Clause */
/* The routes to attach ports: made, kept and removed beside peers' routes, never in their way. */
#include "bed/peers.h"

#include <time.h>

#define MANY     3000
#define BATCH_US 500 /* as long does each look at the clock take */

int __real_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t);

int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
	static uint64_t us;

	if (clock != CLOCK_MONOTONIC)
		return __real_clock_gettime(clock, t);
	us += BATCH_US;
	*t = (struct timespec){
		.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000};
	return 0;
}

static struct wired *start(void)
{
	return peers_start(WIRED_DUAL, WIRED_OWN2); /* 10.5.9.0/24, fd05:0:0:9::/64 */
}

static void want_list(struct wired *w, const char *const *texts, unsigned n)
{
	struct ovnet_prefix addrs[8];

	assert_true(n <= 8);
	for (unsigned i = 0; i < n; i++)
		addrs[i] = wired_prefix(texts[i]);
	assert_int_equal(attach_routes_want(&w->attach_routes, addrs, n), 0);
	wired_run(w);
}

#define WANT(w, ...)                                                   \
	do {                                                           \
		static const char *const list_[] = {__VA_ARGS__};      \
		want_list(w, list_, sizeof(list_) / sizeof(list_[0])); \
	} while (0)

static void peer_set(struct wired *w, unsigned n)
{
	const struct ovnet_lease l = peers_lease(n, false);

	peers_set(&w->peers, &l);
	wired_run(w);
}

static void check(struct wired *w)
{
	peers_check(&w->peers);
	wired_run(w);
}

static void made_and_removed(void **state)
{
	struct wired *w = start();

	(void)state;
	WANT(w, "10.5.9.200/32", "fd05:0:0:9::c8/128", "10.5.9.64/26", "10.5.9.200/32");
	assert_true(is_routed(w, "10.5.9.200/32"));
	assert_true(is_routed(w, "10.5.9.64/26"));
	assert_true(is_routed(w, "fd05:0:0:9::c8/128"));
	assert_int_equal(fake.calls[FAKE_ROUTE_SET], 3);
	WANT(w, "10.5.9.201/32", "10.5.9.64/26");
	assert_false(is_routed(w, "10.5.9.200/32"));
	assert_false(is_routed(w, "fd05:0:0:9::c8/128"));
	assert_true(is_routed(w, "10.5.9.201/32"));
	assert_int_equal(fake.calls[FAKE_ROUTE_SET], 4);
	want_list(w, NULL, 0);
	assert_int_equal(fake_routes_of_ours(w->host.port->ifindex), 0);
	assert_int_equal(fake.calls[FAKE_ROUTE_DEL], 4);
	wired_close(w);
}

/* Wanted, not, and wanted again before anything was done. */
static void a_change_of_mind(void **state)
{
	const struct ovnet_prefix one = wired_prefix("10.5.9.7/32");
	struct wired *w = start();

	(void)state;
	WANT(w, "10.5.9.7/32");
	assert_int_equal(attach_routes_want(&w->attach_routes, NULL, 0), 0);
	assert_int_equal(attach_routes_want(&w->attach_routes, &one, 1), 0);
	wired_run(w);
	assert_true(is_routed(w, "10.5.9.7/32"));
	assert_int_equal(fake.calls[FAKE_ROUTE_SET], 1);
	assert_int_equal(fake.calls[FAKE_ROUTE_DEL], 0);
	wired_close(w);
}

/* One list of the kernel's routes, two who know a part of it. */
static void beside_peers(void **state)
{
	const struct ovnet_prefix stale = wired_prefix("10.5.9.8/32");
	struct wired *w = start();

	(void)state;
	peer_set(w, 3);
	WANT(w, "10.5.9.7/32", "fd05:0:0:9::7/128");
	assert_int_equal(ovnet_host_route_set(w->kernel, w->host.port->ifindex, &stale), 0);
	check(w);
	assert_true(is_routed(w, "10.5.3.0/24"));
	assert_true(is_routed(w, "10.5.9.7/32"));
	assert_true(is_routed(w, "fd05:0:0:9::7/128"));
	assert_false(is_routed(w, "10.5.9.8/32")); /* a former life's */
	unsigned asked = fake.calls[FAKE_ROUTE_SET];
	check(w);
	assert_int_equal(fake.calls[FAKE_ROUTE_SET], asked);
	wired_close(w);
}

static void removed_by_somebody(void **state)
{
	struct wired *w = start();

	(void)state;
	peer_set(w, 3);
	WANT(w, "10.5.9.7/32", "10.5.9.9/32");
	fake_route_del("10.5.9.7/32");
	fake.check_err = -EAGAIN; /* not all were seen: nothing is missing for that */
	check(w);
	assert_false(is_routed(w, "10.5.9.7/32"));
	check(w);
	assert_true(is_routed(w, "10.5.9.7/32"));
	assert_true(is_routed(w, "10.5.9.9/32"));
	assert_true(is_routed(w, "10.5.3.0/24"));
	wired_close(w);
}

static void refused(void **state)
{
	struct wired *w = start();

	(void)state;
	fake_fail(FAKE_ROUTE_SET, -ENOBUFS, 2);
	WANT(w, "10.5.9.7/32", "10.5.9.9/32", "10.5.9.11/32");
	assert_false(is_routed(w, "10.5.9.7/32"));
	assert_true(is_routed(w, "10.5.9.11/32"));
	const char *text = wired_warning(w, "attach-routes");
	assert_non_null(text);
	assert_non_null(strstr(text, "2 of 3 prefixes of attach ports"));
	assert_non_null(strstr(text, "10.5.9.7/32 for one (No buffer space available)"));
	check(w);
	assert_true(is_routed(w, "10.5.9.7/32"));
	assert_true(is_routed(w, "10.5.9.9/32"));
	assert_null(wired_warning(w, "attach-routes"));
	wired_close(w);
}

/* A container's, or an operator's by our device, which does as well. */
static void somebody_elses_route_stays(void **state)
{
	struct wired *w = start();

	(void)state;
	fake_route_add(u0, "10.5.9.7/32", NULL, 0);
	fake_route_add(w->host.port->ifindex, "10.5.9.9/32", NULL, 0);
	WANT(w, "10.5.9.7/32", "10.5.9.9/32");
	assert_false(is_routed(w, "10.5.9.7/32"));
	const char *text = wired_warning(w, "attach-routes");
	assert_non_null(text);
	assert_non_null(strstr(text, "1 of 2 prefixes"));
	assert_non_null(strstr(text, "somebody else's is there"));
	check(w);
	fake_route_del("10.5.9.7/32"); /* misuse if it is not there */
	fake_route_del("10.5.9.9/32");
	check(w);
	check(w);
	assert_true(is_routed(w, "10.5.9.7/32"));
	assert_true(is_routed(w, "10.5.9.9/32"));
	assert_null(wired_warning(w, "attach-routes"));
	wired_close(w);
}

/* As after a restart: what is there is ours. */
static void adopted(void **state)
{
	const struct ovnet_prefix there = wired_prefix("10.5.9.7/32");
	struct wired *w = start();

	(void)state;
	assert_int_equal(ovnet_host_route_set(w->kernel, w->host.port->ifindex, &there), 0);
	WANT(w, "10.5.9.7/32");
	check(w);
	check(w);
	assert_true(is_routed(w, "10.5.9.7/32"));
	assert_int_equal(fake.calls[FAKE_ROUTE_SET], 2); /* this suite's and the first look */
	fake_route_del("10.5.9.7/32");
	check(w);
	assert_true(is_routed(w, "10.5.9.7/32"));
	wired_close(w);
}

/* etcd is away since the start: peers' routes of a former life stay, of ours only those wanted. */
static void before_peers_are_known(void **state)
{
	const struct ovnet_prefix peer = wired_prefix("10.5.77.0/24"),
				  stale = wired_prefix("10.5.9.8/32"),
				  stale6 = wired_prefix("fd05:0:0:9::8/128");
	struct wired *w = start();
	uint32_t host = w->host.port->ifindex;

	(void)state;
	WANT(w, "10.5.9.7/32");
	assert_int_equal(ovnet_host_route_set(w->kernel, host, &peer), 0);
	assert_int_equal(ovnet_host_route_set(w->kernel, host, &stale), 0);
	assert_int_equal(ovnet_host_route_set(w->kernel, host, &stale6), 0);
	fake_route_del("10.5.9.7/32");
	attach_routes_check_alone(&w->attach_routes);
	wired_run(w);
	assert_true(is_routed(w, "10.5.77.0/24"));
	assert_false(is_routed(w, "10.5.9.8/32"));
	assert_false(is_routed(w, "fd05:0:0:9::8/128"));
	assert_true(is_routed(w, "10.5.9.7/32"));
	wired_close(w);
}

static void set_host(struct wired *w, bool up)
{
	struct ovnet_link l;

	assert_int_equal(ovnet_kernel_link_by_index(w->kernel, w->host.port->ifindex, &l), 0);
	l.up = up;
	fake_link_set(&l);
	wired_run(w);
}

static void the_device_goes_down(void **state)
{
	struct wired *w = start();

	(void)state;
	WANT(w, "10.5.9.7/32", "10.5.9.8/32");
	set_host(w, false);
	assert_false(is_routed(w, "10.5.9.7/32"));
	unsigned asked = fake.calls[FAKE_ROUTE_SET];
	WANT(w, "10.5.9.7/32", "10.5.9.9/32");
	check(w);
	assert_int_equal(fake.calls[FAKE_ROUTE_SET], asked);
	set_host(w, true);
	assert_true(is_routed(w, "10.5.9.7/32"));
	assert_true(is_routed(w, "10.5.9.9/32"));
	assert_false(is_routed(w, "10.5.9.8/32"));
	wired_close(w);
}

/* A route made while a check is under way may have been passed by: it is not missing for that. */
static void one_more_during_a_check(void **state)
{
	const struct ovnet_prefix one = wired_prefix("10.5.9.7/32");
	struct wired *w = start();

	(void)state;
	peers_check(&w->peers);
	assert_int_equal(attach_routes_want(&w->attach_routes, &one, 1), 0);
	assert_true(event_base_loop(w->base, EVLOOP_NONBLOCK) >= 0);
	assert_true(is_routed(w, "10.5.9.7/32"));
	fake_route_del("10.5.9.7/32"); /* not seen, so to speak */
	wired_run(w);
	assert_int_equal(fake.calls[FAKE_ROUTE_SET], 1);
	check(w); /* this one should have seen it */
	assert_true(is_routed(w, "10.5.9.7/32"));
	wired_close(w);
}

/* In turns of the loop, each with its part. */
static void very_many(void **state)
{
	struct ovnet_prefix *all = calloc(MANY, sizeof(*all));
	struct wired *w = peers_start(WIRED_VXLAN, "10.5.16.0-20");
	unsigned turns = 0;

	(void)state;
	assert_non_null(all);
	for (unsigned i = 0; i < MANY; i++)
		all[i] = (struct ovnet_prefix){AF_INET, .v4 = {0x0a051002 + i, 32}};
	assert_int_equal(attach_routes_want(&w->attach_routes, all, MANY), 0);
	while (event_pending(w->attach_routes.worker, EV_TIMEOUT, NULL)) {
		assert_true(event_base_loop(w->base, EVLOOP_ONCE | EVLOOP_NONBLOCK) >= 0);
		turns++;
	}
	assert_int_equal(turns, 12); /* 47 batches, four in each slice of 2 ms */
	assert_int_equal(fake_routes_of_ours(w->host.port->ifindex), MANY);
	want_list(w, NULL, 0);
	assert_int_equal(fake_routes_of_ours(w->host.port->ifindex), 0);
	free(all);
	wired_close(w);
}

/* Wanted again while the others are still being removed. */
static void a_late_change_of_mind(void **state)
{
	struct ovnet_prefix *all = calloc(MANY, sizeof(*all));
	struct wired *w = peers_start(WIRED_VXLAN, "10.5.16.0-20");
	uint32_t host = w->host.port->ifindex;

	(void)state;
	assert_non_null(all);
	for (unsigned i = 0; i < MANY; i++)
		all[i] = (struct ovnet_prefix){AF_INET, .v4 = {0x0a051002 + i, 32}};
	assert_int_equal(attach_routes_want(&w->attach_routes, all, MANY), 0);
	wired_run(w);
	assert_int_equal(attach_routes_want(&w->attach_routes, NULL, 0), 0);
	assert_true(event_base_loop(w->base, EVLOOP_ONCE | EVLOOP_NONBLOCK) >= 0);
	unsigned left = fake_routes_of_ours(host);
	assert_true(left > 0 && left < MANY);
	assert_int_equal(attach_routes_want(&w->attach_routes, all, MANY), 0);
	wired_run(w);
	assert_int_equal(fake_routes_of_ours(host), MANY);
	free(all);
	wired_close(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(made_and_removed, wired_reset),
		cmocka_unit_test_setup(a_change_of_mind, wired_reset),
		cmocka_unit_test_setup(beside_peers, wired_reset),
		cmocka_unit_test_setup(removed_by_somebody, wired_reset),
		cmocka_unit_test_setup(refused, wired_reset),
		cmocka_unit_test_setup(somebody_elses_route_stays, wired_reset),
		cmocka_unit_test_setup(adopted, wired_reset),
		cmocka_unit_test_setup(before_peers_are_known, wired_reset),
		cmocka_unit_test_setup(the_device_goes_down, wired_reset),
		cmocka_unit_test_setup(one_more_during_a_check, wired_reset),
		cmocka_unit_test_setup(very_many, wired_reset),
		cmocka_unit_test_setup(a_late_change_of_mind, wired_reset),
	};

	return cmocka_run_group_tests(tests, wired_eal, NULL);
}
