/* SPDX-License-Identifier: BSD-3-Clause */
/* An etcd that is slow, or was away: what works is left alone, and nobody is in a hurry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/syscall.h>

#include "lease_client_int.h"
#include "live_lossy.h"

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
	conf.etcd_conf = (struct ovnet_etcd_conf){.endpoints = url, .timeout_ms = timeout_ms};
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
	assert_string_equal(status(n).error, "");
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
	};
	return cmocka_run_group_tests_name("etcd_slow", tests, share_rule, stop_all);
}
