/* SPDX-License-Identifier: BSD-3-Clause */
/* An etcd that is slow, or was away: what works is left alone, and nobody is in a hurry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/syscall.h>

#include "bed/live_lossy.h"
#include "lease/lease_client_int.h"
#include "lease/registry/etcd/etcd_client.h"

static int64_t jumped_s;

/* In the place of libc's, for the code under test. */
int clock_gettime(clockid_t id, struct timespec *out)
{
	int rc = (int)syscall(SYS_clock_gettime, id, out);

	out->tv_sec += jumped_s;
	return rc;
}

static struct node *start_behind_proxy(uint32_t timeout_ms)
{
	static char url[64];
	struct ovnet_lease_conf conf = conf_of(0);

	proxy = start_proxy(etcd.url, serve, url, sizeof(url));
	assert_true(live_put(&etcd, at("config"), VXLAN));
	conf.registry_conf =
		(struct ovnet_registry_conf){.endpoints = url, .timeout_ms = timeout_ms};
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 10000);
	return n;
}

static bool is_our_value(struct node *n)
{
	char value[400];
	struct ovnet_lease_own own;

	live_get(&etcd, key_of(n), value, sizeof(value));
	return ovnet_lease_client_own(n->client, &own) && strcmp(value, own.value) == 0;
}

/* A look at our key that is not answered is a reason to look again, not to list everything. */
static void watch_survives_a_look(void **state)
{
	(void)state;
	struct node *n = start_behind_proxy(1000);
	uint64_t retries = status(n).retries;

	hold(over == &ovnet_etcd_v3_json ? "/kv/range" : strrchr(key_of(n), '/'));
	strcpy(rule->unless, live_v2() ? "PUT " : "PublicIP");
	assert_true(live_put(&etcd, key_of(n), "{\"PublicIP\":\"10.168.0.1\"}"));
	wait_for(status(n).retries > retries, 10000);
	assert_int_equal(rule->hits, 1);
	assert_true(status(n).connected);
	assert_true(live_put(&etcd, at("subnets/10.5.0.0-25"), "{\"PublicIP\":\"10.168.0.50\"}"));
	wait_for(n->n_peers == 1, 5000);
	wait_for(is_our_value(n), 15000);
	assert_true(status(n).connected);
	wait_for(status(n).error[0] == '\0', 5000);
	assert_int_equal(status(n).resyncs, 0);
}

/* A watch that cannot be asked is given up when looks stay without an answer, and no event comes.
 */
static void watch_does_not_survive_silence(void **state)
{
	(void)state;
	struct node *n = start_behind_proxy(300);

	hold(over == &ovnet_etcd_v3_json ? "/kv/range" : strrchr(key_of(n), '/'));
	strcpy(rule->unless, live_v2() ? "PUT " : "PublicIP");
	rule->times = 3;
	assert_true(live_put(&etcd, key_of(n), "{\"PublicIP\":\"10.168.0.1\"}"));
	wait_for(status(n).resyncs == 1, 60000);
	assert_int_equal(rule->hits, 3);
	wait_for(is_our_value(n), 15000);
}

/* An outage of long ago is no reason to wait when a revision is gone. */
static void patience_is_restored(void **state)
{
	(void)state;
	static const char gone[] = "{\"result\":{\"canceled\":true,\"compact_revision\":\"5\"}}\n";
	struct node *n;

	hold("/v3/watch");
	rule->times = 2;
	rule->pass = true;
	snprintf(rule->last, sizeof(rule->last), "%zx\r\n%s\r\n", sizeof(gone) - 1, gone);
	n = start_behind_proxy(2000);
	n->client->sync.backoff.next_ms = n->client->sync.backoff.max_ms;
	jumped_s += 11;
	rule->cut = true;
	wait_for(status(n).resyncs == 1 && status(n).connected, 10000);
	assert_in_range(n->client->sync.backoff.next_ms, 1, n->client->sync.backoff.min_ms * 2);
}

/* 1,000 nodes that lose etcd at one moment do not come back at one moment. */
static void first_tries_are_spread(void **state)
{
	(void)state;
	enum { NODES = 1000, TENTHS = 10 };
	struct node *n = start_behind_proxy(2000);
	struct backoff first = n->client->sync.backoff;
	unsigned tenths[TENTHS + 1] = {0};

	assert_in_range(first.min_ms, 1000, 5000);
	for (unsigned i = 0; i < NODES; i++) {
		struct backoff b = {.min_ms = first.min_ms, .max_ms = first.max_ms};
		uint32_t ms = backoff_next(&b);
		assert_in_range(ms, 0, first.min_ms);
		tenths[ms * TENTHS / first.min_ms]++;
	}
	for (unsigned i = 0; i < TENTHS; i++)
		assert_in_range(tenths[i], NODES / TENTHS / 3, NODES / TENTHS * 3);
}

enum { MEMBERS = 3, CLIENTS = 300 };

static unsigned member_of(const struct etcd_client *c, unsigned endpoint)
{
	return (unsigned)(c->endpoints.urls[endpoint][strlen("http://m")] - '0');
}

/* Whose member dies goes to any of the others, not all to one; and later to any, but a dead one. */
static void members_share_the_nodes(void **state)
{
	(void)state;
	struct ovnet_registry_conf conf = {.endpoints = "http://m0:1,http://m1:1,http://m2:1"};
	unsigned next[MEMBERS][MEMBERS] = {0}, later[MEMBERS] = {0}, dead = 0;

	for (unsigned i = 0; i < CLIENTS; i++) {
		struct etcd_client c = {0};
		assert_int_equal(etcd_client_open(&c, base, &conf), 0);
		struct etcd_route r = {.endpoint = c.current};
		unsigned first = member_of(&c, c.current), failed = c.current;
		assert_true(etcd_route_next(&c, &r));
		next[first][member_of(&c, r.endpoint)]++;
		etcd_client_spread(&c);
		dead += c.current == failed;
		c.failed_ms[failed] = 0;
		etcd_client_spread(&c);
		later[member_of(&c, c.current)]++;
		etcd_client_close(&c);
	}
	assert_int_equal(dead, 0);
	for (unsigned i = 0; i < MEMBERS; i++) {
		assert_in_range(later[i], CLIENTS / 6, CLIENTS / 2);
		for (unsigned k = 0; k < MEMBERS; k++)
			assert_in_range(
				next[i][k], i == k ? 0 : CLIENTS / 20, i == k ? 0 : CLIENTS);
	}
}

/* To another member, without a moment in which nothing is known or nobody listens. */
static void watch_moves(void **state)
{
	(void)state;
	struct ovnet_lease_conf conf = conf_of(0);
	char url[2][64], both[160], before[64];
	pid_t proxies[2];

	for (unsigned i = 0; i < 2; i++)
		proxies[i] = start_proxy(etcd.url, serve, url[i], sizeof(url[i]));
	snprintf(both, sizeof(both), "%s,%s", url[0], url[1]);
	conf.registry_conf.endpoints = both;
	assert_true(live_put(&etcd, at("config"), VXLAN));
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 10000);
	assert_true(live_put(&etcd, at("subnets/10.5.0.0-25"), "{\"PublicIP\":\"10.168.0.50\"}"));
	wait_for(n->n_peers == 1, 5000);

	snprintf(before, sizeof(before), "%s", status(n).endpoint);
	for (unsigned i = 0; i < 100 && status(n).resyncs == 0; i++) {
		event_active(n->client->sync.move, EV_TIMEOUT, 0);
		run_ms(50);
	}
	wait_for(status(n).resyncs > 0 && !n->client->sync.listing, 5000);
	assert_string_not_equal(status(n).endpoint, before);
	stop_proxy(proxies[strcmp(before, url[1]) == 0]);
	assert_true(live_put(&etcd, at("subnets/10.5.0.128-25"), "{\"PublicIP\":\"10.168.0.51\"}"));
	wait_for(n->n_peers == 2, 5000);
	assert_true(status(n).connected);
	assert_int_equal(n->dels, 0);
	assert_int_equal(n->sets, 2);
	assert_int_equal(status(n).retries, 0);
	stop(n);
	stop_proxy(proxies[strcmp(before, url[1]) != 0]);
}

static int set_up_rule(void **state)
{
	memset(rule, 0, sizeof(*rule));
	return set_up(state);
}

static int tear_down_proxy(void **state)
{
	if (proxy > 0)
		stop_proxy(proxy);
	proxy = 0;
	return tear_down(state);
}

#define slow_over(label, f, transport)                                                 \
	{                                                                              \
		.name = label #f, .test_func = f, .setup_func = set_up_rule,           \
		.teardown_func = tear_down_proxy, .initial_state = (void *)(transport) \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		slow_over("", watch_survives_a_look, &ovnet_etcd_v3_grpc),
		slow_over("json: ", watch_survives_a_look, &ovnet_etcd_v3_json),
		slow_over("v2: ", watch_survives_a_look, &ovnet_etcd_v2),
		slow_over("json: ", watch_does_not_survive_silence, &ovnet_etcd_v3_json),
		slow_over("json: ", patience_is_restored, &ovnet_etcd_v3_json),
		slow_over("", first_tries_are_spread, &ovnet_etcd_v3_grpc),
		slow_over("", members_share_the_nodes, &ovnet_etcd_v3_grpc),
		slow_over("", watch_moves, &ovnet_etcd_v3_grpc),
		slow_over("json: ", watch_moves, &ovnet_etcd_v3_json),
		slow_over("v2: ", watch_moves, &ovnet_etcd_v2),
	};
	return cmocka_run_group_tests_name("etcd_slow", tests, share_rule, stop_all);
}
