/* SPDX-License-Identifier: BSD-3-Clause */
/* A hundred nodes that start at once, and as many subnets: who gets which? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NODES_MAX 100
#include "live_node.h"

#define JUST_ENOUGH                                                                 \
	"{\"Network\":\"10.5.0.0/16\",\"SubnetLen\":24,\"SubnetMin\":\"10.5.1.0\"," \
	"\"SubnetMax\":\"10.5.100.0\",\"Backend\":{\"Type\":\"vxlan\"}}"

static void start_everybody(const char *url)
{
	for (unsigned i = 0; i < NODES_MAX; i++) {
		struct ovnet_lease_conf conf = conf_of(i);
		conf.etcd_conf.endpoints = url;
		start_with(i, &conf);
	}
}

static bool all_know_all(void)
{
	for (unsigned i = 0; i < NODES_MAX; i++)
		if (!ready(&nodes[i]) || nodes[i].n_peers != NODES_MAX - 1)
			return false;
	return true;
}

static const struct node *owner_of(const struct ovnet_prefix4 *subnet)
{
	for (unsigned i = 0; i < NODES_MAX; i++)
		if (ovnet_prefix4_equal(&nodes[i].own.subnet, subnet))
			return &nodes[i];
	return NULL;
}

/* What a node holds and what the others take it for. */
static void nobody_shares(const struct live_etcd *e)
{
	char value[256], text[OVNET_ADDR_STRLEN], ip[64];

	for (unsigned i = 0; i < NODES_MAX; i++) {
		const struct node *n = &nodes[i];
		assert_ptr_equal(owner_of(&n->own.subnet), n);
		assert_int_equal(n->acquired, 1);
		for (unsigned k = 0; k < n->n_peers; k++) {
			const struct node *peer = owner_of(&n->peers[k].subnet);
			assert_non_null(peer);
			assert_true(ovnet_lease_equal(&peer->own, &n->peers[k]));
		}
		if (i % 10 != 0)
			continue;
		live_get(e, key_of(n), value, sizeof(value));
		snprintf(ip, sizeof(ip), "{\"PublicIP\":\"%s\",",
			ovnet_addr_text(&n->own.public_ip, text, sizeof(text)));
		assert_ptr_equal(strstr(value, ip), value);
	}
}

static void everybody_gets_one(void **state)
{
	(void)state;
	char text[64];

	live_start(&second);
	assert_true(live_put(&second, at("config"), JUST_ENOUGH));
	start_everybody(second.url);
	wait_for(all_know_all(), 60000);
	nobody_shares(&second);
	if (live_v2())
		return;
	/* Those who lost a race gave their etcd lease back. */
	assert_int_equal(live_ctl(&second, text, sizeof(text), (char *)"lease", (char *)"list"), 0);
	assert_ptr_equal(strstr(text, "found 100 leases\n"), text);
}

/* An answer that never came may have been a yes. */
static void etcd_dies_in_the_middle(void **state)
{
	(void)state;
	unsigned held = 0;

	live_start(&second);
	assert_true(live_put(&second, at("config"), JUST_ENOUGH));
	start_everybody(second.url);
	for (int64_t end = now_ms() + 5000; held < NODES_MAX / 3 && now_ms() < end;) {
		run_ms(1);
		held = 0;
		for (unsigned i = 0; i < NODES_MAX; i++)
			held += nodes[i].acquired;
	}
	live_kill(&second);
	assert_in_range(held, NODES_MAX / 3, NODES_MAX - 1);
	run_ms(300);
	live_start(&second);
	wait_for(all_know_all(), 60000);
	nobody_shares(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		live(everybody_gets_one),
		on_v2(everybody_gets_one),
		live(etcd_dies_in_the_middle),
		on_v2(etcd_dies_in_the_middle),
	};
	return cmocka_run_group_tests_name("lease_claimers", tests, start_all, stop_all);
}
