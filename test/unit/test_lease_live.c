/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/live_node.h"

static void waits_for_the_config_and_claims(void **state)
{
	(void)state;
	char value[512], again[512];
	struct node *n = start(0);

	wait_for(status(n).error[0] != '\0', 2000);
	assert_int_equal(status(n).state, OVNET_LEASE_WAIT_CONFIG);
	assert_non_null(strstr(status(n).error, at("config")));
	assert_non_null(strstr(status(n).error, etcd.url));
	assert_non_null(strstr(status(n).error, "etcdctl --endpoints"));

	assert_true(live_put(&etcd, at("config"), "{\"Network\":\"10.5.0.0/29\"}"));
	wait_for(strstr(status(n).error, "network is too small") != NULL, 6000);
	assert_true(live_put(&etcd, at("config"), VXLAN));
	wait_for(ready(n), 6000);
	assert_int_equal(n->acquired, 1);
	assert_int_equal(n->synced, 1);
	assert_false(n->had_previous);
	assert_int_equal(n->own.subnet.len, 24);
	assert_true(n->own.subnet.addr_host >= 0x0a050100);
	assert_string_equal(status(n).error, "");
	assert_int_equal(status(n).state, OVNET_LEASE_RUNNING);
	assert_true(status(n).expires_at - time(NULL) > 86000);

	live_get(&etcd, key_of(n), value, sizeof(value));
	assert_string_equal(value, "{\"PublicIP\":\"10.168.0.1\",\"PublicIPv6\":null,"
				   "\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":1,"
				   "\"VtepMAC\":\"02:00:00:00:01:00\"}}");
	/* Written a second time, unchanged, for peers that miss events (hazard 3). */
	wait_for(status(n).events > 0, 7000);
	assert_true(live_has_ttl(&etcd, key_of(n)));
	live_get(&etcd, key_of(n), again, sizeof(again));
	assert_string_equal(again, value);
	assert_int_equal(n->acquired, 1);
}

static void nodes_see_each_other_come_change_and_go(void **state)
{
	(void)state;
	assert_true(live_put(&etcd, at("config"), VXLAN));
	struct node *a = start(0), *b = start(1);

	wait_for(ready(a) && ready(b) && a->n_peers == 1 && b->n_peers == 1, 5000);
	assert_false(ovnet_prefix4_equal(&a->own.subnet, &b->own.subnet));
	assert_true(ovnet_lease_equal(&a->peers[0], &b->own));
	assert_true(ovnet_lease_equal(&b->peers[0], &a->own));

	/* Both write their key once more: nobody is told. */
	run_ms(5500);
	assert_int_equal(a->sets, 1);
	assert_int_equal(b->sets, 1);

	const char *key = at("subnets/10.5.0.0-24");
	assert_true(live_put(&etcd, key, "{\"PublicIP\":\"10.168.0.99\"}"));
	wait_for(a->n_peers == 2, 2000);
	assert_true(live_put(&etcd, key, "{\"PublicIP\":\"10.168.0.98\"}"));
	wait_for(a->sets == 3, 2000);
	assert_int_equal(a->n_peers, 2);
	assert_true(live_del(&etcd, key));
	wait_for(a->n_peers == 1 && a->dels == 1, 2000);
}

static void restart_takes_subnet_and_mac_over(void **state)
{
	(void)state;
	char before[800], after[800];

	assert_true(live_put(&etcd, at("config"), VXLAN));
	struct node *n = start(0);
	wait_for(ready(n), 5000);
	struct ovnet_lease first = n->own;
	stop(n);
	live_details(&etcd, key_of(n), before, sizeof(before));
	struct ovnet_lease_conf conf = conf_of(0);
	n = start_with(0, &conf);
	n->mac.b[5] = 77;
	wait_for(ready(n), 5000);
	assert_true(n->had_previous);
	assert_true(ovnet_lease_equal(&n->own, &first));
	live_details(&etcd, key_of(n), after, sizeof(after));
	/* v3: not even rewritten: same version, same etcd lease. v2 has only writing for it. */
	const char *from = live_v2() ? "\"value\"" : "\"Key\"";
	const char *to = live_v2() ? "\"expiration\"" : "\"More\"";
	assert_non_null(strstr(before, to));
	*strstr(before, to) = *strstr(after, to) = '\0';
	assert_string_equal(strstr(before, from), strstr(after, from));
	assert_true(live_has_ttl(&etcd, key_of(n)));
}

static void earlier_subnet_and_reservation_are_honoured(void **state)
{
	(void)state;
	char text[512];

	assert_true(live_put(&etcd, at("config"), VXLAN));
	struct ovnet_lease_conf conf = conf_of(0);
	conf.previous = (struct ovnet_prefix4){0x0a05c800, 24};
	struct node *a = start_with(0, &conf);
	/* Made by hand: without TTL, without backend. */
	assert_true(live_put(&etcd, at("subnets/10.5.77.0-24"), "{\"PublicIP\":\"10.168.0.2\"}"));
	struct node *b = start(1);
	wait_for(ready(a) && ready(b), 5000);
	assert_int_equal(a->own.subnet.addr_host, 0x0a05c800);
	assert_int_equal(b->own.subnet.addr_host, 0x0a054d00);
	assert_int_equal(status(b).expires_at, 0);
	assert_false(live_has_ttl(&etcd, key_of(b)));
	live_get(&etcd, key_of(b), text, sizeof(text));
	assert_non_null(strstr(text, "02:00:00:00:01:01"));
}

static void lease_outside_the_new_network_is_given_back(void **state)
{
	(void)state;
	char value[256];

	assert_true(live_put(&etcd, at("config"), VXLAN));
	assert_true(live_put(&etcd, at("subnets/10.9.1.0-24"), "{\"PublicIP\":\"10.168.0.1\"}"));
	assert_true(live_put(&etcd, at("subnets/10.9.2.0-24"), "{\"PublicIP\":\"10.168.0.2\"}"));
	struct node *n = start(0);
	wait_for(ready(n), 5000);
	assert_true((n->own.subnet.addr_host & 0xffff0000) == 0x0a050000);
	live_get(&etcd, at("subnets/10.9.1.0-24"), value, sizeof(value));
	assert_string_equal(value, "");
	/* Not ours: not touched, only refused. */
	live_get(&etcd, at("subnets/10.9.2.0-24"), value, sizeof(value));
	assert_string_equal(value, "{\"PublicIP\":\"10.168.0.2\"}");
	assert_int_equal(status(n).invalid, 1);
}

static void race_for_few_subnets_has_no_double_owner(void **state)
{
	(void)state;
	unsigned owners = 0, waiting = 0;

	/* Eight subnets, of which the first is never given out. */
	assert_true(live_put(&etcd, at("config"),
		"{\"Network\":\"10.7.0.0/"
		"24\",\"SubnetLen\":27,\"Backend\":{\"Type\":\"host-gw\"}}"));
	for (unsigned i = 0; i < 10; i++)
		start(i);
	run_ms(3000);
	for (unsigned i = 0; i < 10; i++) {
		owners += nodes[i].acquired;
		if (nodes[i].acquired == 0) {
			waiting++;
			assert_non_null(strstr(status(&nodes[i]).error, "all 7 subnets"));
			assert_non_null(strstr(status(&nodes[i]).error, "10.7.0.0/24"));
		}
		for (unsigned k = 0; k < i; k++)
			assert_false(
				nodes[i].acquired && nodes[k].acquired &&
				ovnet_prefix4_equal(&nodes[i].own.subnet, &nodes[k].own.subnet));
	}
	assert_int_equal(owners, 7);
	assert_int_equal(waiting, 3);
	for (unsigned i = 0; i < 10; i++)
		if (nodes[i].acquired)
			assert_int_equal(nodes[i].n_peers, 6);

	struct node *leaver = &nodes[0];
	for (unsigned i = 0; i < 10; i++)
		if (nodes[i].acquired)
			leaver = &nodes[i];
	stop(leaver);
	assert_true(live_del(&etcd, key_of(leaver)));
	wait_for((owners = 0, ({
		for (unsigned i = 0; i < 10; i++)
			owners += nodes[i].client != NULL && nodes[i].acquired;
	}),
			 owners == 7),
		8000);
}

static void count_invalid(void *arg, const char *key, const char *why)
{
	unsigned *n = arg;

	assert_true(key[0] != '\0' && why[0] != '\0');
	(*n)++;
}

static void bad_leases_are_refused_alone(void **state)
{
	(void)state;
	static const char *const bad[][2] = {
		{"subnets/stray", "hello"},
		{"subnets/10.5.1.1-24", "{\"PublicIP\":\"10.168.0.50\"}"},
		{"subnets/10.5.60.0-24", "{\"PublicIP\":"},
		{"subnets/10.5.61.0-24", "{\"PublicIP\":\"224.0.0.1\"}"},
		{"subnets/10.5.62.0-24",
			"{\"PublicIP\":\"10.168.0.50\",\"BackendType\":\"vxlan\"}"},
		{"subnets/10.6.0.0-24", "{\"PublicIP\":\"10.168.0.50\"}"},
		{"subnets/10.5.63.0-24", "{\"PublicIP\":\"10.168.0.1\"}"},
		{"subnets/a/b", "{}"},
	};
	const unsigned n_bad = sizeof(bad) / sizeof(bad[0]);
	unsigned listed = 0;
	char value[256];

	assert_true(live_put(&etcd, at("config"), VXLAN));
	/* Not by chance one of the bad ones. */
	struct ovnet_lease_conf conf = conf_of(0);
	conf.previous = (struct ovnet_prefix4){0x0a05c800, 24};
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	for (unsigned i = 0; i < n_bad; i++)
		assert_true(live_put(&etcd, at(bad[i][0]), bad[i][1]));
	assert_true(live_put(&etcd, at("subnets/10.5.0.0-24"), "{\"PublicIP\":\"10.168.0.50\"}"));
	wait_for(n->n_peers == 1 && status(n).invalid == n_bad, 3000);
	/* A next-door key is none of ours. */
	assert_true(live_put(&etcd, at("subnets-other/10.5.9.0-24"), "x"));

	/* Overlaps one that was there, then takes its place when that goes. */
	assert_true(live_put(&etcd, at("subnets/10.5.0.128-25"), "{\"PublicIP\":\"10.168.0.51\"}"));
	wait_for(status(n).invalid == n_bad + 1, 2000);
	ovnet_lease_client_each_invalid(n->client, count_invalid, &listed);
	assert_int_equal(listed, n_bad + 1);
	assert_true(live_del(&etcd, at("subnets/10.5.0.0-24")));
	wait_for(status(n).invalid == n_bad && n->n_peers == 1, 2000);
	assert_int_equal(n->peers[0].subnet.len, 25);

	/* Mended ones come in, broken ones leave. */
	assert_true(live_put(&etcd, at("subnets/10.5.60.0-24"), "{\"PublicIP\":\"10.168.0.52\"}"));
	wait_for(n->n_peers == 2 && status(n).invalid == n_bad - 1, 2000);
	assert_true(live_put(&etcd, at("subnets/10.5.60.0-24"), "broken"));
	wait_for(n->n_peers == 1 && status(n).invalid == n_bad, 2000);
	/* A type ovnet does not know is known, not bad. */
	assert_true(live_put(&etcd, at("subnets/10.5.64.0-24"),
		"{\"PublicIP\":\"10.168.0.53\",\"BackendType\":\"wireguard\"}"));
	wait_for(n->n_peers == 2, 2000);
	/* None of it was touched. */
	for (unsigned i = 0; i < n_bad; i++) {
		if (strcmp(bad[i][0], "subnets/10.5.60.0-24") == 0)
			continue;
		live_get(&etcd, at(bad[i][0]), value, sizeof(value));
		assert_string_equal(value, bad[i][1]);
	}
}

static void lost_lease_is_claimed_again(void **state)
{
	(void)state;
	char text[600], *id;

	assert_true(live_put(&etcd, at("config"), VXLAN));
	struct node *n = start(0), *watcher = start(1);
	wait_for(ready(n) && ready(watcher) && watcher->n_peers == 1, 5000);
	struct ovnet_lease own = n->own;

	assert_true(live_del(&etcd, key_of(n)));
	wait_for(watcher->dels == 1 && watcher->n_peers == 1, 4000);
	assert_true(ovnet_lease_equal(&watcher->peers[0], &own));

	if (live_v2())
		return;
	/* The etcd lease itself is revoked under us. */
	live_ctl(&etcd, text, sizeof(text), (char *)"get", (char *)key_of(n), (char *)"-w",
		(char *)"fields");
	id = strstr(text, "\"Lease\" : ");
	assert_non_null(id);
	char hex[32];
	snprintf(hex, sizeof(hex), "%llx", strtoull(id + 10, NULL, 10));
	assert_int_equal(live_ctl(&etcd, NULL, 0, (char *)"lease", (char *)"revoke", hex), 0);
	wait_for(watcher->dels == 2 && watcher->n_peers == 1, 4000);
	assert_true(ovnet_lease_equal(&watcher->peers[0], &own));
	/* The same subnet: the daemon is not bothered. */
	assert_int_equal(n->acquired, 1);
	assert_true(live_has_ttl(&etcd, key_of(n)));
}

static void overwritten_key_is_defended(void **state)
{
	(void)state;
	char value[512], wanted[512], key[192];

	assert_true(live_put(&etcd, at("config"), VXLAN));
	struct node *n = start(0);
	wait_for(ready(n), 5000);
	strcpy(key, key_of(n));
	live_get(&etcd, key, wanted, sizeof(wanted));

	/* Our PublicIP with another MAC, then garbage: ours, written again. */
	static const char *const wrong[] = {
		"{\"PublicIP\":\"10.168.0.1\",\"BackendType\":\"vxlan\",\"BackendData\":"
		"{\"VtepMAC\":\"02:00:00:00:09:09\"}}",
		"garbage"};
	for (unsigned i = 0; i < 2; i++) {
		assert_true(live_put(&etcd, key, wrong[i]));
		wait_for((live_get(&etcd, key, value, sizeof(value)), strcmp(value, wanted) == 0),
			4000);
	}
	assert_int_equal(n->acquired, 1);
	assert_int_equal(n->sets, 0);
}

static void short_lease_is_renewed(void **state)
{
	(void)state;
	char value[256];
	struct ovnet_lease_conf conf = conf_of(0);

	assert_true(live_put(&etcd, at("config"), "{\"Network\":\"10.5.0.0/16\"}"));
	conf.ttl_s = 4;
	conf.renew_margin_s = 3;
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	run_ms(6500);
	assert_true(status(n).renewals >= 4);
	assert_int_equal(n->acquired, 1);
	live_get(&etcd, key_of(n), value, sizeof(value));
	assert_string_equal(value, "{\"PublicIP\":\"10.168.0.1\",\"PublicIPv6\":null}");
	stop(n);
	/* Kept at the end, and gone only with its TTL. */
	live_get(&etcd, key_of(n), value, sizeof(value));
	assert_string_not_equal(value, "");
}

static void dual_stack_lease(void **state)
{
	(void)state;
	assert_true(live_put(&etcd, at("config"),
		"{\"Network\":\"10.5.0.0/16\",\"EnableIPv6\":true,\"IPv6Network\":\"fd05::/48\","
		"\"Backend\":{\"Type\":\"vxlan\"}}"));
	/* One after the other: nothing keeps two at once from choosing one IPv6 subnet. */
	struct node *a = start(0);
	wait_for(ready(a), 5000);
	struct node *b = start(1);
	wait_for(ready(b) && a->n_peers == 1 && b->n_peers == 1, 5000);
	assert_true(a->own.has_v6 && a->own.subnet6.len == 64);
	assert_true(ovnet_lease_equal(&a->peers[0], &b->own));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_all(waits_for_the_config_and_claims),
		on_all(nodes_see_each_other_come_change_and_go),
		on_all(restart_takes_subnet_and_mac_over),
		on_all(earlier_subnet_and_reservation_are_honoured),
		on_all(lease_outside_the_new_network_is_given_back),
		on_all(race_for_few_subnets_has_no_double_owner),
		on_all(bad_leases_are_refused_alone),
		on_all(lost_lease_is_claimed_again),
		on_all(overwritten_key_is_defended),
		on_all(short_lease_is_renewed),
		on_all(dual_stack_lease),
	};
	return cmocka_run_group_tests_name("lease_live", tests, start_all, stop_all);
}
