/* SPDX-License-Identifier: BSD-3-Clause */
/* A hundred nodes that start at once, and as many subnets: who gets which? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/live_node.h"

#define JUST_ENOUGH                                                                 \
	"{\"Network\":\"10.5.0.0/16\",\"SubnetLen\":24,\"SubnetMin\":\"10.5.1.0\"," \
	"\"SubnetMax\":\"10.5.100.0\",\"Backend\":{\"Type\":\"vxlan\"}}"

/* The IPv6 halves: as many as asked for, from the first on. */
#define DUAL_STACK(min, max, max6)                                                \
	"{\"Network\":\"10.5.0.0/16\",\"SubnetLen\":24,\"SubnetMin\":\"10.5." min \
	".0\",\"SubnetMax\":\"10.5." max ".0\",\"EnableIPv6\":true,"              \
	"\"IPv6Network\":\"fd05::/48\",\"IPv6SubnetMin\":\"fd05:0:0:1::\","       \
	"\"IPv6SubnetMax\":\"fd05:0:0:" max6 "::\",\"Backend\":{\"Type\":\"vxlan\"}}"

static unsigned n_nodes = NODES_MAX;

static struct ovnet_lease_conf claimer(unsigned i, const char *url)
{
	struct ovnet_lease_conf conf = conf_of(i);

	conf.registry_conf.endpoints = url;
	conf.public_ip6 = (struct ovnet_addr){.family = AF_INET6,
		.v6 = {0xfd, 0, [14] = (uint8_t)(i >> 8), [15] = (uint8_t)(i + 1)}};
	return conf;
}

static void start_everybody(const char *url)
{
	for (unsigned i = 0; i < n_nodes; i++) {
		struct ovnet_lease_conf conf = claimer(i, url);
		start_with(i, &conf);
	}
}

static bool all_know_all(void)
{
	for (unsigned i = 0; i < n_nodes; i++)
		if (!ready(&nodes[i]) || nodes[i].n_peers != n_nodes - 1)
			return false;
	return true;
}

static const struct node *owner_of(const struct ovnet_prefix4 *subnet)
{
	for (unsigned i = 0; i < n_nodes; i++)
		if (ovnet_prefix4_equal(&nodes[i].own.subnet, subnet))
			return &nodes[i];
	return NULL;
}

static const struct node *owner_of6(const struct ovnet_prefix6 *subnet)
{
	for (unsigned i = 0; i < n_nodes; i++)
		if (ovnet_prefix6_equal(&nodes[i].own.subnet6, subnet))
			return &nodes[i];
	return NULL;
}

/* What a node holds and what the others take it for. */
static void nobody_shares(const struct live_etcd *e)
{
	char value[256], text[OVNET_ADDR_STRLEN], ip[64];

	for (unsigned i = 0; i < n_nodes; i++) {
		const struct node *n = &nodes[i];
		assert_ptr_equal(owner_of(&n->own.subnet), n);
		if (n->own.has_v6)
			assert_ptr_equal(owner_of6(&n->own.subnet6), n);
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

static void all_claim(const char *config)
{
	live_start(&second);
	assert_true(live_put(&second, at("config"), config));
	start_everybody(second.url);
	wait_for(all_know_all(), 60000);
	nobody_shares(&second);
}

/* Those who lost a race gave their etcd lease back. */
static void no_lease_is_left_over(void)
{
	char text[4096], wanted[64];

	if (live_v2())
		return;
	snprintf(wanted, sizeof(wanted), "found %u leases\n", n_nodes);
	assert_int_equal(live_ctl(&second, text, sizeof(text), (char *)"lease", (char *)"list"), 0);
	text[strcspn(text, "\n") + 1] = '\0';
	assert_string_equal(text, wanted);
}

static void everybody_gets_one(void **state)
{
	(void)state;
	all_claim(JUST_ENOUGH);
	no_lease_is_left_over();
}

/* One key, two halves: neither may be another's, and a key guards only both at once. */
static void everybody_gets_both_halves(void **state)
{
	(void)state;
	all_claim(DUAL_STACK("1", "100", "64"));
	no_lease_is_left_over();
}

/* No IPv6 half stands where the IPv4 half's number would have it. */
static void everybody_gets_both_halves_apart(void **state)
{
	(void)state;
	n_nodes = 24;
	all_claim(DUAL_STACK("1", "100", "20"));
	no_lease_is_left_over();
	n_nodes = NODES_MAX;
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
		on_all(everybody_gets_both_halves),
		on_all(everybody_gets_both_halves_apart),
		live(etcd_dies_in_the_middle),
		on_v2(etcd_dies_in_the_middle),
	};
	return cmocka_run_group_tests_name("lease_claimers", tests, start_all, stop_all);
}
