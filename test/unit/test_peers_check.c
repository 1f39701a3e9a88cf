/* SPDX-License-Identifier: BSD-3-Clause */
/* Peers kept in step with the kernel and the node: what fails, what others undo, what is counted.
 */
#include "bed/peers.h"

static void set(struct wired *w, unsigned n)
{
	const struct ovnet_lease l = peers_lease(n, false);

	peers_set(&w->peers, &l);
	wired_run(w);
}

static void del(struct wired *w, unsigned n)
{
	const struct ovnet_lease l = peers_lease(n, false);

	peers_del(&w->peers, &l);
	wired_run(w);
}

static void check(struct wired *w)
{
	w->settled = 0;
	peers_check(&w->peers);
	wired_run(w);
	assert_true(w->settled > 0);
}

/* --- what fails is tried again --- */

static void a_route_that_was_refused(void **state)
{
	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	fake_fail(FAKE_ROUTE_SET, -ENOBUFS, 2);
	set(w, 3);
	assert_non_null(in_fib(w, "10.5.3.0/24"));
	assert_false(is_routed(w, "10.5.3.0/24"));
	assert_int_equal(w->settled, 1); /* it waits for the check, nobody waits for it */
	check(w);
	assert_false(is_routed(w, "10.5.3.0/24"));
	check(w);
	assert_true(is_routed(w, "10.5.3.0/24"));
	unsigned asked = fake.calls[FAKE_ROUTE_SET];
	check(w);
	assert_int_equal(fake.calls[FAKE_ROUTE_SET], asked);
	wired_close(w);
}

static void a_neighbour_that_was_refused(void **state)
{
	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	fake_fail(FAKE_NEIGH_WANT, -ENOMEM, 1);
	set(w, 3);
	assert_string_equal(state_of(w, "10.5.3.0/24"), "no-route");
	assert_non_null(wired_warning(w, "no-route"));
	assert_null(in_fib(w, "10.5.3.0/24")->nh);
	check(w);
	assert_string_equal(state_of(w, "10.5.3.0/24"), "neighbour-pending");
	assert_null(wired_warning(w, "no-route"));
	assert_int_equal(fake_neigh_refs(u0, "192.168.77.3"), 1);
	wired_close(w);
}

static void a_peer_the_fib_refused(void **state)
{
	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	set(w, 9); /* our own subnet */
	assert_null(in_fib(w, "10.5.9.0/24"));
	assert_int_equal(fake.calls[FAKE_ROUTE_SET], 0); /* nobody could take what it brings */
	wired_lease(w, WIRED_VXLAN, "10.5.8.0-24");
	wired_run(w);
	assert_non_null(in_fib(w, "10.5.9.0/24"));
	assert_true(is_routed(w, "10.5.9.0/24"));
	wired_close(w);
}

/* One that was in it, and in the kernel still is. */
static void a_peer_the_fib_lost(void **state)
{
	const struct ovnet_prefix4 own = wired_prefix("10.5.9.0/24").v4;

	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	const struct ovnet_mac mac = ovnet_port_mac(w->host.port);
	set(w, 3);
	wired_lease(w, WIRED_VXLAN, "10.5.3.0-24");
	wired_run(w);
	assert_null(in_fib(w, "10.5.3.0/24"));
	assert_true(is_routed(w, "10.5.3.0/24"));
	int rc = backend_set_tables(&w->node, w->engine.fib, &own, w->host.port->id, &mac);
	assert_int_equal(rc, 0);
	check(w);
	assert_non_null(in_fib(w, "10.5.3.0/24"));
	wired_close(w);
}

static void a_route_that_was_not_removed(void **state)
{
	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	set(w, 3);
	fake_fail(FAKE_ROUTE_DEL, -ENOBUFS, 1);
	del(w, 3);
	assert_null(in_fib(w, "10.5.3.0/24"));
	assert_true(is_routed(w, "10.5.3.0/24"));
	check(w);
	assert_false(is_routed(w, "10.5.3.0/24"));
	wired_close(w);
}

/* --- other people's hands --- */

static void a_route_somebody_removed(void **state)
{
	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	set(w, 3);
	set(w, 4);
	fake_route_del("10.5.3.0/24");
	wired_run(w);
	assert_false(is_routed(w, "10.5.3.0/24")); /* nobody said so: ours are muted */
	check(w);
	assert_true(is_routed(w, "10.5.3.0/24"));
	assert_true(is_routed(w, "10.5.4.0/24"));
	assert_int_equal(fake.calls[FAKE_ROUTE_SET], 3);
	wired_close(w);
}

static void routes_of_nobody(void **state)
{
	const struct ovnet_prefix stray = wired_prefix("10.5.77.0/24");
	const struct ovnet_prefix ignored = wired_prefix("10.5.4.0/24");
	struct ovnet_lease l = peers_lease(4, false);

	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	uint32_t host = w->host.port->ifindex;
	set(w, 3);
	l.has_vtep_mac = false;
	peers_set(&w->peers, &l);
	wired_run(w);
	assert_int_equal(ovnet_host_route_set(w->kernel, host, &stray), 0);
	assert_int_equal(ovnet_host_route_set(w->kernel, host, &ignored), 0);
	fake_route_add(host, "10.5.78.0/24", NULL, 0); /* not ours to judge */
	check(w);
	assert_false(is_routed(w, "10.5.77.0/24"));
	assert_false(is_routed(w, "10.5.4.0/24"));
	assert_true(is_routed(w, "10.5.3.0/24"));
	fake_route_del("10.5.78.0/24"); /* misuse if it is not there */
	wired_close(w);
}

/* What it did not see is not missing then; what failed before is tried all the same. */
static void a_check_that_saw_not_all(void **state)
{
	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	set(w, 3);
	fake_fail(FAKE_ROUTE_SET, -ENOBUFS, 1);
	set(w, 4);
	fake_route_del("10.5.3.0/24");
	fake.check_err = -EAGAIN;
	check(w);
	assert_false(is_routed(w, "10.5.3.0/24"));
	assert_true(is_routed(w, "10.5.4.0/24"));
	check(w);
	assert_true(is_routed(w, "10.5.3.0/24"));
	wired_close(w);
}

static void a_check_the_kernel_refused(void **state)
{
	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	fake_fail(FAKE_ROUTE_SET, -ENOBUFS, 1);
	set(w, 3);
	fake_fail(FAKE_ROUTES_CHECK, -ENOBUFS, 1);
	check(w);
	assert_true(is_routed(w, "10.5.3.0/24"));
	wired_close(w);
}

/*
 * A route that is set meanwhile may have been passed by: it is not missing for that. A second check
 * leaves the first its number.
 */
static void a_peer_that_comes_during_a_check(void **state)
{
	const struct ovnet_lease l = peers_lease(4, false);

	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	set(w, 3);
	peers_check(&w->peers);
	peers_set(&w->peers, &l);
	assert_true(event_base_loop(w->base, EVLOOP_NONBLOCK) >= 0);
	assert_true(is_routed(w, "10.5.4.0/24"));
	fake_route_del("10.5.4.0/24"); /* not seen, so to speak */
	peers_check(&w->peers);
	assert_int_equal(fake.calls[FAKE_ROUTES_CHECK], 2);
	wired_run(w);
	assert_int_equal(fake.calls[FAKE_ROUTE_SET], 2);
	check(w); /* this one should have seen it */
	assert_int_equal(fake.calls[FAKE_ROUTE_SET], 3);
	assert_true(is_routed(w, "10.5.4.0/24"));
	wired_close(w);
}

/* --- the host device --- */

static void set_host(struct wired *w, bool up)
{
	struct ovnet_link l;

	assert_int_equal(ovnet_kernel_link_by_index(w->kernel, w->host.port->ifindex, &l), 0);
	l.up = up;
	fake_link_set(&l);
	wired_run(w);
}

static void no_routes_while_the_host_device_is_down(void **state)
{
	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	set(w, 3);
	set_host(w, false);
	assert_false(is_routed(w, "10.5.3.0/24"));
	memset(fake.calls, 0, sizeof(fake.calls));
	set(w, 4);
	check(w);
	assert_non_null(in_fib(w, "10.5.4.0/24")); /* others' packets need no device */
	assert_int_equal(fake.calls[FAKE_ROUTE_SET], 0);
	assert_int_equal(fake.calls[FAKE_ROUTES_CHECK], 0);
	set_host(w, true);
	assert_int_equal(w->routes_gone, 1);
	assert_true(is_routed(w, "10.5.3.0/24"));
	assert_true(is_routed(w, "10.5.4.0/24"));
	wired_close(w);
}

/* --- the node --- */

static void published_anew_under_another_lease(void **state)
{
	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	set(w, 3);
	set(w, 4);
	uint32_t id = in_fib(w, "10.5.3.0/24")->id;
	unsigned asked = fake.calls[FAKE_NEIGH_WANT];
	wired_lease(w, "{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":\"vxlan\",\"VNI\":7}}",
		"10.5.8.0-24");
	wired_run(w);
	assert_header(
		in_fib(w, "10.5.3.0/24"), "192.168.77.1", "192.168.77.3", 7, "02:00:00:05:00:03");
	assert_header(
		in_fib(w, "10.5.4.0/24"), "192.168.77.1", "192.168.77.4", 7, "02:00:00:05:00:04");
	assert_int_equal(in_fib(w, "10.5.3.0/24")->id, id);
	assert_int_equal(fake.calls[FAKE_NEIGH_WANT], asked); /* the way there is the same */
	wired_close(w);
}

/* --- counters --- */

static uint64_t sent(struct wired *w, const char *subnet)
{
	const struct ovnet_prefix s = wired_prefix(subnet);
	struct ovnet_peer_counters c;

	peer_counters(&w->peers, peers_find(&w->peers, &s), &c);
	assert_int_equal(c.tx_bytes, 100 * c.tx_packets);
	assert_int_equal(c.rx_packets, 2 * c.tx_packets);
	assert_int_equal(c.rx_bytes, 300 * c.tx_packets);
	return c.tx_packets;
}

static void count(struct wired *w, uint32_t id, unsigned n)
{
	struct ovnet_peer_counters *c = &w->engine.workers[0]->counters.peer[id];

	c->tx_packets += n;
	c->tx_bytes += 100 * n;
	c->rx_packets += 2 * n;
	c->rx_bytes += 300 * n;
}

/* A FIB for one peer at a time: the next one gets its id, and is refused until then. */
static void a_new_owner_of_an_id_counts_from_zero(void **state)
{
	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	ovnet_fib_writer_free(w->engine.fib);
	w->engine.fib = ovnet_fib_writer_new(&w->engine.shared.fib, &w->engine.shared.rcu, 1);
	assert_non_null(w->engine.fib);
	wired_lease(w, WIRED_VXLAN, WIRED_OWN);
	set(w, 3);
	uint32_t id = in_fib(w, "10.5.3.0/24")->id;
	count(w, id, 5);
	assert_int_equal(sent(w, "10.5.3.0/24"), 5);
	set(w, 4);
	assert_null(in_fib(w, "10.5.4.0/24"));
	assert_false(is_routed(w, "10.5.4.0/24"));
	assert_int_equal(sent(w, "10.5.4.0/24"), 0);
	del(w, 3);
	check(w);
	assert_int_equal(in_fib(w, "10.5.4.0/24")->id, id);
	assert_true(is_routed(w, "10.5.4.0/24"));
	assert_int_equal(sent(w, "10.5.4.0/24"), 0);
	count(w, id, 2);
	assert_int_equal(sent(w, "10.5.4.0/24"), 2);
	wired_close(w);
}

static void counters_are_the_owners(void **state)
{
	struct ovnet_lease l = peers_lease(3, false);

	(void)state;
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	set(w, 3);
	uint32_t id = in_fib(w, "10.5.3.0/24")->id;
	count(w, id, 5);
	l.public_ip = wired_addr("192.168.77.30"); /* moved, and still the same */
	peers_set(&w->peers, &l);
	wired_run(w);
	assert_int_equal(sent(w, "10.5.3.0/24"), 5);
	peers_del(&w->peers, &l);
	l.public_ip = wired_addr("192.168.77.31"); /* another node's */
	peers_set(&w->peers, &l);
	wired_run(w);
	assert_int_equal(in_fib(w, "10.5.3.0/24")->id, id);
	assert_int_equal(sent(w, "10.5.3.0/24"), 0);
	count(w, id, 1);
	assert_int_equal(sent(w, "10.5.3.0/24"), 1);
	wired_close(w);
}

/* --- the end --- */

static void the_end_in_the_middle(void **state)
{
	const struct ovnet_lease gone = peers_lease(3, false), fresh = peers_lease(5, true);

	(void)state;
	struct wired *w = peers_start(WIRED_DUAL, WIRED_OWN2);
	uint32_t host = w->host.port->ifindex;
	set(w, 3);
	set(w, 4);
	peers_del(&w->peers, &gone);
	peers_set(&w->peers, &fresh);
	peers_resolve_all(&w->peers);
	peers_check(&w->peers);
	wired_close(w); /* asserts that no neighbour is wanted any more */
	/* What they carry is dropped, never sent bare, until we are back. */
	assert_int_equal(fake_routes_of_ours(host), 2);
}

static void the_end_before_the_beginning(void **state)
{
	struct peers ps = {0};

	(void)state;
	peers_fini(&ps);
	struct wired *w = peers_start(WIRED_VXLAN, WIRED_OWN);
	peers_resolve_all(&w->peers); /* the kernel speaks earlier than etcd */
	peers_republish(&w->peers);
	peers_set_routes(&w->peers);
	wired_run(w);
	assert_int_equal(w->settled, 0);
	check(w); /* and nobody is there: that is settled, too */
	wired_close(w);
}

#define CASE(f) cmocka_unit_test_setup(f, wired_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_route_that_was_refused),
		CASE(a_neighbour_that_was_refused),
		CASE(a_peer_the_fib_refused),
		CASE(a_peer_the_fib_lost),
		CASE(a_route_that_was_not_removed),
		CASE(a_route_somebody_removed),
		CASE(routes_of_nobody),
		CASE(a_check_that_saw_not_all),
		CASE(a_check_the_kernel_refused),
		CASE(a_peer_that_comes_during_a_check),
		CASE(no_routes_while_the_host_device_is_down),
		CASE(published_anew_under_another_lease),
		CASE(a_new_owner_of_an_id_counts_from_zero),
		CASE(counters_are_the_owners),
		CASE(the_end_in_the_middle),
		CASE(the_end_before_the_beginning),
	};

	return cmocka_run_group_tests(tests, wired_eal, NULL);
}
