/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "live_node.h"

#define THEIRS "{\"PublicIP\":\"10.168.0.66\"}"

static char key[192];

static struct node *start_node(enum ovnet_lease_on_lost on_lost)
{
	struct ovnet_lease_conf conf = conf_of(0);

	assert_true(live_put(&etcd, at("config"), VXLAN));
	conf.on_lost = on_lost;
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	strcpy(key, key_of(n));
	return n;
}

static void value_is(const char *wanted)
{
	char value[512];

	live_get(&etcd, key, value, sizeof(value));
	assert_string_equal(value, wanted);
}

static void kept_until_it_is_free(void **state)
{
	(void)state;
	char ours[512];
	struct node *n = start_node(OVNET_LEASE_KEEP);

	live_get(&etcd, key, ours, sizeof(ours));
	assert_true(live_put(&etcd, key, THEIRS));
	wait_for(n->lost == 1, 3000);
	assert_int_equal(ntohl(n->owner.public_ip.v4_be), 0x0aa80042);
	assert_non_null(strstr(status(n).error, "10.168.0.66"));
	/* The new owner is no peer as long as we go on; that it is there is told. */
	run_ms(300);
	assert_int_equal(n->n_peers, 0);
	assert_int_equal(status(n).invalid, 1);
	assert_int_equal(n->acquired, 1);

	/* Another one, then broken bytes: still not ours to write. */
	assert_true(live_put(&etcd, key, "{\"PublicIP\":\"10.168.0.67\"}"));
	wait_for(n->lost == 2, 3000);
	assert_true(live_put(&etcd, key, "broken"));
	run_ms(1000);
	value_is("broken");
	assert_int_equal(n->acquired, 1);

	assert_true(live_del(&etcd, key));
	wait_for(n->acquired == 2, 6000);
	value_is(ours);
	assert_int_equal(status(n).invalid, 0);
	assert_string_equal(status(n).error, "");
	assert_true(status(n).expires_at - time(NULL) > 86000);
}

static void kept_from_an_owner_of_another_length(void **state)
{
	(void)state;
	char half[192], text[600], hex[32], *id;
	struct node *n = start_node(OVNET_LEASE_KEEP);

	snprintf(half, sizeof(half), "%.*s-25", (int)strlen(key) - 3, key);
	assert_true(live_put(&etcd, half, THEIRS));
	wait_for(status(n).invalid == 1, 2000);
	assert_int_equal(n->lost, 0);
	live_ctl(&etcd, text, sizeof(text), (char *)"get", key, (char *)"-w", (char *)"fields");
	id = strstr(text, "\"Lease\" : ");
	assert_non_null(id);
	snprintf(hex, sizeof(hex), "%llx", strtoull(id + 10, NULL, 10));
	assert_int_equal(live_ctl(&etcd, NULL, 0, (char *)"lease", (char *)"revoke", hex), 0);
	wait_for(n->lost == 1, 3000);
	run_ms(500);
	value_is("");
	assert_true(live_del(&etcd, half));
	wait_for(n->acquired == 2, 8000);
	assert_int_equal(status(n).invalid, 0);
}

/* Across an outage: nobody sees the key change hands. */
static void kept_after_an_outage(void **state)
{
	(void)state;
	struct live_etcd aside;
	struct ovnet_lease_conf conf = conf_of(0);

	live_start(&second);
	conf.etcd_conf.endpoints = second.url;
	assert_true(live_put(&second, at("config"), VXLAN));
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	strcpy(key, key_of(n));
	live_kill(&second);
	wait_for(!status(n).connected, 2000);
	aside = second;
	snprintf(aside.url, sizeof(aside.url), "http://127.0.0.1:%d", live_free_port());
	live_start(&aside);
	assert_true(live_put(&aside, key, THEIRS));
	live_kill(&aside);
	live_start(&second);
	wait_for(n->lost == 1, 9000);
	assert_int_equal(n->acquired, 1);
	assert_int_equal(n->n_peers, 0);
}

static void drained_to_another_subnet(void **state)
{
	(void)state;
	struct node *n = start_node(OVNET_LEASE_DRAIN);
	struct ovnet_lease before = n->own;

	assert_true(live_put(&etcd, key, THEIRS));
	wait_for(n->acquired == 2 && n->n_peers == 1, 5000);
	assert_int_equal(n->lost, 1);
	assert_false(ovnet_prefix4_equal(&n->own.subnet, &before.subnet));
	assert_true(ovnet_prefix4_equal(&n->peers[0].subnet, &before.subnet));
	assert_int_equal(status(n).state, OVNET_LEASE_RUNNING);
	value_is(THEIRS);
}

/* No other subnet is left: the new owner is a peer all the same, and we wait. */
static void drained_in_a_full_network(void **state)
{
	(void)state;
	struct ovnet_lease_conf conf = conf_of(0);

	assert_true(live_put(&etcd, at("config"),
		"{\"Network\":\"10.7.0.0/24\",\"SubnetLen\":26,\"SubnetMin\":\"10.7.0.64\","
		"\"SubnetMax\":\"10.7.0.64\",\"Backend\":{\"Type\":\"host-gw\"}}"));
	conf.on_lost = OVNET_LEASE_DRAIN;
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	strcpy(key, key_of(n));
	assert_true(live_put(&etcd, key, THEIRS));
	wait_for(n->lost == 1 && n->n_peers == 1, 3000);
	run_ms(500);
	assert_int_equal(n->acquired, 1);
	assert_true(live_del(&etcd, key));
	wait_for(n->acquired == 2 && n->n_peers == 0, 8000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		live(kept_until_it_is_free),
		live(kept_from_an_owner_of_another_length),
		live(kept_after_an_outage),
		live(drained_to_another_subnet),
		live(drained_in_a_full_network),
	};
	return cmocka_run_group_tests_name("lease_lost", tests, start_all, stop_all);
}
