/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Thousands of peers at once: done in slices, a few milliseconds in one turn of the event loop. The
 * clock is the suite's: a batch of PEER_BATCH peers takes BATCH_US.
 */
#include <time.h>

#include "bed/peers.h"

#define MANY      2000
#define BATCH_US  300
#define SLICE     (6 * PEER_BATCH) /* as many batches begin within 2 ms */
#define WIDE      "{\"Network\":\"10.0.0.0/8\",\"Backend\":{\"Type\":\"vxlan\"}}"
#define WIDE_VNI7 "{\"Network\":\"10.0.0.0/8\",\"Backend\":{\"Type\":\"vxlan\",\"VNI\":7}}"

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

/* All behind one gateway. */
static struct ovnet_lease lease(unsigned i)
{
	struct ovnet_lease l = peers_lease(3, false);

	l.subnet.addr_host = 0x0a100000u + (i << 8);
	l.public_ip = ovnet_addr_v4(0xac100001u + i);
	return l;
}

static struct wired *start(void)
{
	struct wired *w = peers_start(WIDE, WIRED_OWN);

	fake_route_add(u0, "172.16.0.0/12", "192.168.77.2", 0);
	wired_run(w);
	return w;
}

static void set_all(struct wired *w)
{
	for (unsigned i = 0; i < MANY; i++) {
		const struct ovnet_lease l = lease(i);
		peers_set(&w->peers, &l);
	}
}

/* One turn; true: there is more to do. */
static bool turn(struct wired *w)
{
	assert_true(event_base_loop(w->base, EVLOOP_ONCE | EVLOOP_NONBLOCK) >= 0);
	return event_pending(w->peers.worker, EV_TIMEOUT, NULL);
}

static const struct ovnet_peer *of(struct wired *w, unsigned i)
{
	const struct ovnet_lease l = lease(i);
	const struct ovnet_prefix s = ovnet_prefix_from4(&l.subnet);

	return ovnet_fib_get_peer(w->engine.fib, &s);
}

static void each_turn_is_short(void **state)
{
	unsigned turns = 1;

	(void)state;
	struct wired *w = start();
	set_all(w);
	assert_int_equal(w->peers.n_queued, MANY);
	for (; turn(w); turns++) {
		assert_int_equal(w->peers.n_queued, MANY - turns * SLICE);
		assert_int_equal(fake_routes_of_ours(w->host.port->ifindex), turns * SLICE);
		assert_int_equal(w->settled, 0);
	}
	assert_int_equal(turns, (MANY + SLICE - 1) / SLICE);
	assert_int_equal(w->settled, 1);
	assert_int_equal(w->peers.n_queued, 0);
	assert_int_equal(fake_routes_of_ours(w->host.port->ifindex), MANY);
	for (unsigned i = 0; i < MANY; i++)
		assert_non_null(of(w, i));
	assert_int_equal(fake_neigh_refs(u0, "192.168.77.2"), MANY);
	wired_close(w);
}

/* Looking at all of them is work, too. */
static void so_is_each_of_a_sweep(void **state)
{
	unsigned turns = 1;

	(void)state;
	struct wired *w = start();
	set_all(w);
	wired_run(w);
	w->settled = 0;
	memset(fake.calls, 0, sizeof(fake.calls));
	for (peers_resolve_all(&w->peers); turn(w); turns++) {
		assert_int_equal(fake.calls[FAKE_ROUTE_GET], turns * SLICE);
		assert_int_equal(w->peers.n_queued, 0); /* no more are looked at than done */
		assert_int_equal(w->settled, 0);
	}
	assert_int_equal(turns, (MANY + SLICE - 1) / SLICE);
	assert_int_equal(fake.calls[FAKE_ROUTE_GET], MANY);
	assert_int_equal(fake.calls[FAKE_ROUTE_SET], 0);
	assert_int_equal(w->settled, 1);
	wired_close(w);
}

/* A sweep that is under way begins anew, with both ends. */
static void two_sweeps_at_once(void **state)
{
	(void)state;
	struct wired *w = start();
	set_all(w);
	wired_run(w);
	memset(fake.calls, 0, sizeof(fake.calls));
	wired_lease(w, WIDE_VNI7, WIRED_OWN); /* publishes all */
	assert_true(turn(w));
	peers_set_routes(&w->peers);
	wired_run(w);
	for (unsigned i = 0; i < MANY; i++) {
		const uint8_t *b = of(w, i)->rewrite.bytes;
		assert_int_equal(b[48], 7);
	}
	assert_int_equal(fake.calls[FAKE_ROUTE_SET], MANY);
	wired_close(w);
}

/* The peer that the sweep would look at next goes. */
static void a_sweep_outlives_its_place(void **state)
{
	const struct ovnet_lease l = lease(PEER_BATCH);

	(void)state;
	struct wired *w = start();
	set_all(w);
	wired_run(w);
	memset(fake.calls, 0, sizeof(fake.calls));
	peers_del(&w->peers, &l);
	peers_resolve_all(&w->peers);
	wired_run(w);
	assert_null(of(w, PEER_BATCH));
	assert_int_equal(w->peers.n, MANY - 1);
	assert_int_equal(fake.calls[FAKE_ROUTE_GET], MANY - 1);
	wired_close(w);
}

#define CASE(f) cmocka_unit_test_setup(f, wired_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_turn_is_short),
		CASE(so_is_each_of_a_sweep),
		CASE(two_sweeps_at_once),
		CASE(a_sweep_outlives_its_place),
	};

	return cmocka_run_group_tests(tests, wired_eal, NULL);
}
