/* SPDX-License-Identifier: BSD-3-Clause */
/* The wanted neighbours, resolved by real ARP and IPv6 neighbour discovery against a peer
 * namespace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/socket.h>

#include "bed/kernel.h"

#define PEER_MAC "\x02\x00\x00\x00\x77\x02"

/*
 * The kernel draws the reachable time from half to one and a half of the base; all of it must be
 * longer than the delay before a probe, or an entry never becomes stale.
 */
static void quicker_failures(void)
{
	sh("for f in 4 6; do cd /proc/sys/net/ipv$f/neigh/u0 && echo 3000 > base_reachable_time_ms "
	   "&& echo 1 > delay_first_probe_time && echo 100 > retrans_time_ms; done");
}

static struct neigh_entry entry_of(struct lab *l, const struct ovnet_addr *addr)
{
	struct neigh_entry e;

	assert_int_equal(neigh_get(&l->k->nl, l->u0, addr, &e), 0);
	return e;
}

static void neighbours_are_resolved(void **state)
{
	struct lab *l = *state;
	struct ovnet_addr a = ip("192.168.77.2"), a6 = ip("fd77::2");
	struct ovnet_mac mac;

	want_resolved(l, &a, &mac);
	assert_memory_equal(mac.b, PEER_MAC, 6);
	want_resolved(l, &a6, &mac);
	assert_memory_equal(mac.b, PEER_MAC, 6);
	/* Known now: the second asker has it at once. */
	memset(&mac, 0, sizeof(mac));
	assert_int_equal(ovnet_kernel_neigh_want(l->k, l->u0, &a, &mac), 1);
	assert_memory_equal(mac.b, PEER_MAC, 6);
	assert_true(entry_of(l, &a).managed);
	assert_true(entry_of(l, &a6).managed);
}

static void an_absent_neighbour_fails_and_may_come(void **state)
{
	struct lab *l = *state;
	struct ovnet_addr a = ip("192.168.77.3");
	struct ovnet_mac mac;

	quicker_failures();
	assert_int_equal(ovnet_kernel_neigh_want(l->k, l->u0, &a, &mac), 0);
	run_until(l, l->neighbour_calls == 1, 3);
	assert_false(l->neighbour_known);
	peer(l, "ip addr add 192.168.77.3/24 dev p0");
	run_until(l, l->neighbour_known, 8); /* the kernel tries every 5 s */
	assert_memory_equal(l->mac.b, PEER_MAC, 6);
	assert_int_equal(l->neighbour_calls, 2);
}

static void a_new_mac_is_noticed(void **state)
{
	struct lab *l = *state;
	struct ovnet_addr a = ip("192.168.77.2");
	struct ovnet_mac mac;

	quicker_failures();
	want_resolved(l, &a, &mac);
	usleep(1100000); /* the kernel lets nobody change an entry within locktime */
	l->neighbour_known = false;
	peer(l, "ip link set p0 address 02:00:00:00:77:99");
	peer(l, "sh -c 'ip neigh flush all; ping -c1 -W1 192.168.77.1 >/dev/null'");
	run_until(l, l->neighbour_known && memcmp(l->mac.b, "\x02\0\0\0\x77\x99", 6) == 0, 10);
}

static void a_vanished_peer_is_noticed_but_not_a_doubtful_one(void **state)
{
	struct lab *l = *state;
	struct ovnet_addr a = ip("192.168.77.2");
	struct ovnet_mac mac;

	quicker_failures();
	want_resolved(l, &a, &mac);
	l->neighbour_calls = 0;
	run_until(l, entry_of(l, &a).state & (NUD_STALE | NUD_DELAY | NUD_PROBE), 8);
	run_for(l, 100);
	assert_int_equal(l->neighbour_calls, 0);
	peer(l, "ip addr del 192.168.77.2/24 dev p0");
	run_until(l, l->neighbour_calls == 1, 12);
	assert_false(l->neighbour_known);
	peer(l, "ip addr add 192.168.77.2/24 dev p0");
	run_until(l, l->neighbour_known, 8);
	assert_memory_equal(l->mac.b, PEER_MAC, 6);
}

static void a_deleted_entry_is_asked_for_again(void **state)
{
	struct lab *l = *state;
	struct ovnet_addr a = ip("192.168.77.2");
	struct ovnet_mac mac;

	want_resolved(l, &a, &mac);
	run_for(l, 1000);
	l->neighbour_calls = 0;
	l->neighbour_known = false;
	sh("ip neigh del 192.168.77.2 dev u0");
	run_until(l, l->neighbour_known, 4);
	assert_memory_equal(l->mac.b, PEER_MAC, 6);
	assert_true(entry_of(l, &a).managed);
	/* And where something deletes it all the time, by the tick. */
	sh("ip neigh del 192.168.77.2 dev u0");
	run_for(l, 20);
	l->neighbour_known = false;
	run_until(l, l->neighbour_known, 4);
}

static void a_permanent_entry_stays_as_it_is(void **state)
{
	struct lab *l = *state;
	struct ovnet_addr a = ip("192.168.77.2");
	struct ovnet_mac mac;

	sh("ip neigh add 192.168.77.2 dev u0 lladdr 02:bb:bb:bb:bb:bb nud permanent");
	assert_int_equal(ovnet_kernel_neigh_want(l->k, l->u0, &a, &mac), 1);
	assert_memory_equal(mac.b, "\x02\xbb\xbb\xbb\xbb\xbb", 6);
	run_for(l, 1500); /* over a tick */
	assert_int_equal(entry_of(l, &a).state, NUD_PERMANENT);
	assert_int_equal(l->neighbour_calls, 0);
	/* The operator takes it away: from now on ARP. */
	sh("ip neigh del 192.168.77.2 dev u0");
	run_until(l, l->neighbour_known && memcmp(l->mac.b, PEER_MAC, 6) == 0, 4);
	assert_true(entry_of(l, &a).managed);
	/* And makes one of what was ours: it must survive our release. */
	sh("ip neigh replace 192.168.77.2 dev u0 lladdr 02:cc:cc:cc:cc:cc nud permanent");
	ovnet_kernel_neigh_release(l->k, l->u0, &a);
	assert_int_equal(entry_of(l, &a).state, NUD_PERMANENT);
}

static void the_managed_flag_is_released_with_the_last_reference(void **state)
{
	struct lab *l = *state;
	struct ovnet_addr a = ip("192.168.77.2"), others = ip("192.168.77.4");
	struct ovnet_mac mac;

	sh("ip neigh add 192.168.77.4 dev u0 managed");
	ovnet_kernel_neigh_want(l->k, l->u0, &others, &mac);
	ovnet_kernel_neigh_want(l->k, l->u0, &a, &mac);
	ovnet_kernel_neigh_want(l->k, l->u0, &a, &mac);
	assert_int_equal(entry_of(l, &a).protocol, OVNET_RTPROT);
	ovnet_kernel_neigh_release(l->k, l->u0, &a);
	assert_true(entry_of(l, &a).managed);
	ovnet_kernel_neigh_release(l->k, l->u0, &a);
	assert_false(entry_of(l, &a).managed);
	ovnet_kernel_neigh_release(l->k, l->u0, &a); /* one too many does no harm */
	ovnet_kernel_neigh_release(l->k, l->u0, &others);
	assert_true(entry_of(l, &others).managed);
	l->neighbour_calls = 0;
	sh("ip neigh del 192.168.77.2 dev u0");
	run_for(l, 100);
	assert_int_equal(l->neighbour_calls, 0);
}

static void close_releases_and_a_former_life_is_taken_over(void **state)
{
	static const struct ovnet_kernel_events none = {0};
	struct lab *l = *state;
	struct ovnet_addr a = ip("192.168.77.2");
	struct ovnet_mac mac;

	/* As a killed daemon leaves it. */
	assert_int_equal(neigh_use(&l->k->nl, l->u0, &a, true), 0);
	assert_true(entry_of(l, &a).managed);
	struct ovnet_kernel *second = ovnet_kernel_open(l->base, &none, NULL);
	assert_non_null(second);
	assert_true(ovnet_kernel_neigh_want(second, l->u0, &a, &mac) >= 0);
	ovnet_kernel_close(second);
	assert_false(entry_of(l, &a).managed);
}

static void an_old_kernel_is_asked_again_and_again(void **state)
{
	struct lab *l = *state;
	struct ovnet_addr a = ip("192.168.77.3");
	struct ovnet_mac mac;

	quicker_failures();
	l->k->no_managed = true;
	assert_int_equal(ovnet_kernel_neigh_want(l->k, l->u0, &a, &mac), 0);
	run_until(l, l->neighbour_calls == 1, 3);
	assert_false(entry_of(l, &a).managed);
	peer(l, "ip addr add 192.168.77.3/24 dev p0");
	run_until(l, l->neighbour_known, 3); /* quicker than the 5 s of managed entries */
	/* Nobody sends to it, and yet it does not stay stale for long. */
	run_until(l, entry_of(l, &a).state == NUD_STALE, 8);
	run_for(l, 50);
	assert_int_equal(l->neighbour_calls, 2); /* stale is no failure */
	run_until(l, entry_of(l, &a).state == NUD_REACHABLE, 13);
	assert_false(entry_of(l, &a).managed);
}

static void what_cannot_be_a_neighbour_is_refused(void **state)
{
	struct lab *l = *state;
	struct ovnet_addr multicast = ip("224.0.0.1"), none = {0}, a = ip("192.168.77.2");
	struct ovnet_mac mac;

	assert_int_equal(ovnet_kernel_neigh_want(l->k, l->u0, &multicast, &mac), -EINVAL);
	assert_int_equal(ovnet_kernel_neigh_want(l->k, l->u0, &none, &mac), -EINVAL);
	assert_int_equal(ovnet_kernel_neigh_want(l->k, 0, &a, &mac), -EINVAL);
	/* A link that is not there is no reason to give up: the caller holds a reference. */
	assert_int_equal(ovnet_kernel_neigh_want(l->k, 999999, &a, &mac), 0);
	ovnet_kernel_neigh_release(l->k, 999999, &a);
	assert_int_equal(l->k->n_neigh, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, lab_setup, lab_teardown)
	const struct CMUnitTest tests[] = {
		CASE(neighbours_are_resolved),
		CASE(an_absent_neighbour_fails_and_may_come),
		CASE(a_new_mac_is_noticed),
		CASE(a_vanished_peer_is_noticed_but_not_a_doubtful_one),
		CASE(a_deleted_entry_is_asked_for_again),
		CASE(a_permanent_entry_stays_as_it_is),
		CASE(the_managed_flag_is_released_with_the_last_reference),
		CASE(close_releases_and_a_former_life_is_taken_over),
		CASE(an_old_kernel_is_asked_again_and_again),
		CASE(what_cannot_be_a_neighbour_is_refused),
	};
	int skip = netns_enter();

	return skip != 0 ? skip : cmocka_run_group_tests_name("neighbour", tests, NULL, NULL);
}
