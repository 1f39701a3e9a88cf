/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "live_node.h"

struct outcome {
	unsigned calls;
	enum ovnet_etcd_status status;
};

static void on_no_events(void *arg, const struct ovnet_etcd_event *e, size_t n, int64_t revision)
{
	(void)arg, (void)e, (void)revision;
	assert_int_equal(n, 0);
}

static void on_watch_end(void *arg, const struct ovnet_etcd_result *r)
{
	struct outcome *o = arg;

	o->calls++;
	o->status = r->status;
}

static void compaction(void **state)
{
	(void)state;
	static const struct ovnet_etcd_watch_cbs watch = {
		.events = on_no_events, .ended = on_watch_end};
	struct ovnet_etcd_conf conf = {.endpoints = etcd.url, .timeout_ms = 2000};
	struct outcome o = {0};
	char revision[32];

	assert_true(live_put(&etcd, at("config"), VXLAN));
	struct node *n = start(0);
	wait_for(ready(n), 5000);
	for (unsigned i = 0; i < 3; i++)
		assert_true(live_put(
			&etcd, at("subnets/10.5.0.0-24"), "{\"PublicIP\":\"10.168.0.50\"}"));
	wait_for(n->n_peers == 1, 2000);
	snprintf(revision, sizeof(revision), "%lld", (long long)status(n).revision);
	assert_int_equal(live_ctl(&etcd, NULL, 0, (char *)"compact", revision), 0);

	struct ovnet_etcd *e = ovnet_etcd_v3_json.open(base, &conf);
	assert_non_null(e);
	assert_non_null(ovnet_etcd_v3_json.watch(e, prefix, 1, &watch, &o));
	wait_for(o.calls == 1, 3000);
	assert_int_equal(o.status, OVNET_ETCD_COMPACTED);
	ovnet_etcd_v3_json.close(e);

	/* The running client is past it and goes on. */
	assert_true(live_del(&etcd, at("subnets/10.5.0.0-24")));
	wait_for(n->n_peers == 0, 2000);
}

static void outage_keeps_peers_and_misses_nothing(void **state)
{
	(void)state;
	struct live_etcd own = {0}, aside;
	struct ovnet_lease_conf conf = conf_of(0);

	live_start(&own);
	conf.etcd_conf.endpoints = own.url;
	assert_true(live_put(&own, at("config"), VXLAN));
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	assert_true(live_put(&own, at("subnets/10.5.0.0-25"), "{\"PublicIP\":\"10.168.0.50\"}"));
	assert_true(live_put(&own, at("subnets/10.5.0.128-25"), "{\"PublicIP\":\"10.168.0.51\"}"));
	wait_for(n->n_peers == 2, 2000);

	live_kill(&own);
	wait_for(!status(n).connected, 2000);
	run_ms(500);
	assert_int_equal(n->n_peers, 2);
	assert_non_null(strstr(status(n).error, own.url));
	assert_non_null(strstr(status(n).error, "connection refused"));

	/* Behind its back: the same data on another port for a moment. */
	aside = own;
	snprintf(aside.url, sizeof(aside.url), "http://127.0.0.1:%d", live_free_port());
	live_start(&aside);
	assert_true(live_del(&aside, at("subnets/10.5.0.0-25")));
	assert_true(
		live_put(&aside, at("subnets/10.5.0.128-25"), "{\"PublicIP\":\"10.168.0.52\"}"));
	assert_true(live_del(&aside, key_of(n)));
	live_kill(&aside);
	assert_int_equal(n->n_peers, 2);

	live_start(&own);
	wait_for(status(n).connected, 8000);
	wait_for(n->n_peers == 1 && n->dels == 1 && n->sets == 3, 2000);
	assert_int_equal(ntohl(n->peers[0].public_ip.v4_be), 0x0aa80034);
	char value[256] = "";
	for (int i = 0; i < 40 && value[0] == '\0'; i++) {
		run_ms(100);
		live_get(&own, key_of(n), value, sizeof(value));
	}
	assert_non_null(strstr(value, "10.168.0.1"));
	assert_int_equal(n->acquired, 1);
	assert_true(status(n).resyncs >= 1);
	stop(n);
	live_remove(&own);
}

static void next_endpoint_answers_when_one_does_not(void **state)
{
	(void)state;
	char list[160];
	struct ovnet_lease_conf conf = conf_of(0);

	assert_true(live_put(&etcd, at("config"), VXLAN));
	snprintf(list, sizeof(list), "http://127.0.0.1:%d, %s/", live_free_port(), etcd.url);
	conf.etcd_conf.endpoints = list;
	for (unsigned i = 0; i < 4; i++) {
		struct node *n = start_with(0, &conf);
		wait_for(ready(n), 5000);
		assert_string_equal(status(n).endpoint, etcd.url);
		assert_string_equal(status(n).error, "");
		stop(n);
	}
}

static void bad_endpoints_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"", " , ", "ftp://127.0.0.1:2379",
		"http://user:pw@127.0.0.1:2379", "http://127.0.0.1:2379/v2", "http://a b:99999"};
	struct ovnet_lease_conf conf = conf_of(0);

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		conf.etcd_conf.endpoints = bad[i];
		assert_null(ovnet_lease_client_new(base, &conf, &cbs, &nodes[0]));
	}
}

static void password(void **state)
{
	(void)state;
	struct live_etcd own = {0};
	struct ovnet_lease_conf conf = conf_of(0);

	live_start(&own);
	assert_true(live_put(&own, at("config"), VXLAN));
	conf.etcd_conf.endpoints = own.url;
	conf.etcd_conf.username = "root";
	conf.etcd_conf.password = "se\"cret";
	/* A name does no harm where authentication is off. */
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);

	assert_int_equal(
		live_ctl(&own, NULL, 0, (char *)"user", (char *)"add", (char *)"root:se\"cret"), 0);
	assert_int_equal(live_ctl(&own, NULL, 0, (char *)"user", (char *)"grant-role",
				 (char *)"root", (char *)"root"),
		0);
	assert_int_equal(live_ctl(&own, NULL, 0, (char *)"auth", (char *)"enable"), 0);
	own.user = "root:se\"cret";
	stop(n);
	n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	assert_true(live_put(&own, at("subnets/10.5.0.0-24"), "{\"PublicIP\":\"10.168.0.50\"}"));
	wait_for(n->n_peers == 1, 2000);
	stop(n);

	conf.etcd_conf.password = "wrong";
	n = start_with(0, &conf);
	wait_for(strstr(status(n).error, "etcd.password") != NULL, 3000);
	stop(n);
	conf.etcd_conf.username = NULL;
	n = start_with(0, &conf);
	wait_for(strstr(status(n).error, "set etcd.username") != NULL, 3000);
	stop(n);
	live_remove(&own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		live(compaction),
		live(outage_keeps_peers_and_misses_nothing),
		live(next_endpoint_answers_when_one_does_not),
		live(bad_endpoints_are_refused),
		live(password),
	};
	return cmocka_run_group_tests_name("lease_outage", tests, start_all, stop_all);
}
