/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Answers that get lost between etcd and us: what was asked may have been done. No etcd lease is
 * left behind by it, and none is revoked that our key hangs on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/live_lossy.h"

#define TIMEOUT_MS 400
#define VALUE      "{\"PublicIP\":\"10.168.0.1\"}"
#define OLD        "{\"PublicIP\":\"10.168.0.1\",\"BackendData\":{}}"
#define OTHERS     "{\"PublicIP\":\"10.168.0.2\"}"

static struct ovnet_registry *client;

/* gRPC's paths are compressed; each of its calls has a connection. */
static const char *the_grant(void)
{
	return over == &ovnet_etcd_v3_grpc ? "PRI " : "/lease/grant";
}

static const char *the_write(void)
{
	return live_v2() ? "PUT " : over == &ovnet_etcd_v3_grpc ? "PublicIP" : "/kv/txn";
}

struct outcome {
	unsigned calls;
	enum ovnet_registry_status status;
	struct ovnet_registry_kv kv; /* no texts */
};

static void on_done(void *arg, const struct ovnet_registry_result *r)
{
	struct outcome *o = arg;

	o->calls++;
	o->status = r->status;
	if (r->n_kvs > 0)
		o->kv = r->kvs[0];
}

static enum ovnet_registry_status create_as(const char *key, const char *value, struct outcome *o)
{
	*o = (struct outcome){0};
	over->create(client, key, value, 600, on_done, o);
	wait_for(o->calls == 1, 5000);
	return o->status;
}

static enum ovnet_registry_status create(const char *key, struct outcome *o)
{
	return create_as(key, VALUE, o);
}

static enum ovnet_registry_status get(const char *key)
{
	struct outcome o = {0};

	over->get(client, key, on_done, &o);
	wait_for(o.calls == 1, 5000);
	return o.status;
}

static int leases(void)
{
	char out[4096] = "";
	int n = -1;

	assert_int_equal(live_ctl(&etcd, out, sizeof(out), (char *)"lease", (char *)"list"), 0);
	assert_int_equal(sscanf(out, "found %d leases", &n), 1);
	return n;
}

static bool stands(const char *key)
{
	char value[200];

	live_get(&etcd, key, value, sizeof(value));
	return strcmp(value, VALUE) == 0;
}

static void grant_that_times_out(void **state)
{
	(void)state;
	struct outcome o;
	int before = leases();

	hold(the_grant());
	assert_int_equal(create(at("subnets/a"), &o), OVNET_REGISTRY_UNAVAILABLE);
	assert_int_equal(leases(), before + 1);
	assert_int_equal(create(at("subnets/b"), &o), OVNET_REGISTRY_OK);
	assert_int_equal(o.kv.ttl_s, 600);
	assert_int_equal(leases(), before + 1);
	assert_true(stands(at("subnets/b")));
	assert_true(live_has_ttl(&etcd, at("subnets/b")));
}

static void grant_that_nobody_wants_any_more(void **state)
{
	(void)state;
	struct outcome o;
	int before = leases();

	hold(the_grant());
	assert_int_equal(create(at("subnets/a"), &o), OVNET_REGISTRY_UNAVAILABLE);
	assert_int_equal(leases(), before + 1);
	wait_for(leases() == before, 20 * TIMEOUT_MS);
}

/* The lease a key of ours hung on is of no use without it. */
static void key_that_is_removed(void **state)
{
	(void)state;
	struct outcome o;
	int before = leases();

	assert_int_equal(create(at("subnets/a"), &o), OVNET_REGISTRY_OK);
	over->remove(client, at("subnets/a"), o.kv.mod_revision, on_done, &o);
	wait_for(o.calls == 2, 5000);
	assert_int_equal(o.status, OVNET_REGISTRY_OK);
	wait_for(leases() == before, 3000);
}

/* By another hand, or by ours without an answer. */
static void key_that_went_unseen(void **state)
{
	(void)state;
	struct outcome o;
	int before = leases();

	assert_int_equal(create(at("subnets/a"), &o), OVNET_REGISTRY_OK);
	assert_true(live_del(&etcd, at("subnets/a")));
	assert_int_equal(create(at("subnets/b"), &o), OVNET_REGISTRY_OK);
	wait_for(leases() == before + 1, 20 * TIMEOUT_MS);
	assert_true(stands(at("subnets/b")));
}

/* A reservation has none; nor is what hangs on it taken along. */
static void key_that_becomes_a_reservation(void **state)
{
	(void)state;
	struct outcome o;
	int before = leases();

	assert_int_equal(create(at("subnets/a"), &o), OVNET_REGISTRY_OK);
	over->update(client, at("subnets/a"), VALUE, 0, 0, o.kv.mod_revision, on_done, &o);
	wait_for(o.calls == 2, 5000);
	assert_int_equal(o.status, OVNET_REGISTRY_OK);
	wait_for(leases() == before, 3000);
	assert_true(stands(at("subnets/a")));
}

/* The key stands although nobody could tell: that is success for whoever asks again. */
static void write_that_times_out(void **state)
{
	(void)state;
	struct outcome o;
	int before = leases();

	hold(the_write());
	assert_int_equal(create(at("subnets/a"), &o), OVNET_REGISTRY_UNAVAILABLE);
	assert_true(stands(at("subnets/a")));
	assert_int_equal(create(at("subnets/a"), &o), OVNET_REGISTRY_OK);
	assert_true(stands(at("subnets/a")));
	assert_int_equal(leases(), before + 1);
	over->keepalive(client, at("subnets/a"), 600, o.kv.ttl_handle, on_done, &o);
	wait_for(o.calls == 2, 5000);
	assert_int_equal(o.status, OVNET_REGISTRY_OK);
}

/* Nobody asks again: the lease stays because of the key. */
static void write_that_was_done(void **state)
{
	(void)state;
	struct outcome o;
	int before = leases();

	hold(the_write());
	assert_int_equal(create(at("subnets/a"), &o), OVNET_REGISTRY_UNAVAILABLE);
	run_ms(8 * TIMEOUT_MS);
	assert_true(stands(at("subnets/a")));
	assert_int_equal(leases(), before + 1);
}

/* Asked again in vain, it is still the lease of that key. */
static void write_that_was_done_and_a_grant(void **state)
{
	(void)state;
	struct outcome o;
	int before = leases();

	hold(the_write());
	assert_int_equal(create(at("subnets/a"), &o), OVNET_REGISTRY_UNAVAILABLE);
	hold(the_grant());
	assert_int_equal(create(at("subnets/a"), &o), OVNET_REGISTRY_UNAVAILABLE);
	run_ms(8 * TIMEOUT_MS);
	assert_true(stands(at("subnets/a")));
	assert_int_equal(leases(), before + 1);
}

/* What we have to say has changed meanwhile. */
static void write_that_times_out_and_another(void **state)
{
	(void)state;
	struct outcome o;
	int before = leases();

	hold(the_write());
	assert_int_equal(create_as(at("subnets/a"), OLD, &o), OVNET_REGISTRY_UNAVAILABLE);
	assert_false(stands(at("subnets/a")));
	assert_int_equal(create(at("subnets/a"), &o), OVNET_REGISTRY_OK);
	assert_true(stands(at("subnets/a")));
	assert_true(o.kv.create_revision < o.kv.mod_revision);
	assert_int_equal(leases(), before + 1);
}

/* Nor does its lease stay when it never reached etcd, while another key is written. */
static void write_that_was_not_done(void **state)
{
	(void)state;
	struct outcome o;
	int before = leases();

	hold(the_write());
	rule->deaf = true;
	assert_int_equal(create(at("subnets/a"), &o), OVNET_REGISTRY_UNAVAILABLE);
	assert_false(stands(at("subnets/a")));
	assert_int_equal(create(at("subnets/b"), &o), OVNET_REGISTRY_OK);
	wait_for(leases() == before + 1, 20 * TIMEOUT_MS);
	assert_true(stands(at("subnets/b")));
}

static void write_that_is_refused(void **state)
{
	(void)state;
	struct outcome o;
	int before = leases();

	assert_true(live_put(&etcd, at("subnets/a"), OTHERS));
	assert_int_equal(create(at("subnets/a"), &o), OVNET_REGISTRY_CONFLICT);
	wait_for(leases() == before, 5000);
}

/*
 * A connection used before dies with the answer. libcurl would send the write once more by itself,
 * to be told that somebody was faster.
 */
static void connection_that_dies(void **state)
{
	(void)state;
	struct outcome o = {0};

	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(get(at("subnets/a")), OVNET_REGISTRY_NOT_FOUND);
	hold(the_write());
	over->create(client, at("subnets/a"), VALUE, 600, on_done, &o);
	wait_for(stands(at("subnets/a")) || o.calls > 0, 5000);
	rule->cut = true;
	wait_for(o.calls == 1, 5000);
	assert_int_equal(rule->hits, 1);
	assert_int_not_equal(o.status, OVNET_REGISTRY_CONFLICT);
	run_ms(200);
	assert_true(stands(at("subnets/a")));
}

/* What an older login was refused for says nothing about the one there is now. */
static void refusal_that_comes_late(void **state)
{
	(void)state;
	struct outcome o = {0};
	char url[64];

	live_start(&second);
	assert_true(live_authentication(&second));
	pid_t before_second = start_proxy(second.url, serve, url, sizeof(url));
	over->close(client);
	client = over->open(base, &(struct ovnet_registry_conf){.endpoints = url,
					  .timeout_ms = 20000,
					  .username = "root",
					  .password = "secret"});
	assert_non_null(client);
	assert_int_equal(get(at("a")), OVNET_REGISTRY_NOT_FOUND);
	assert_int_equal(rule->logins, 1);

	hold("/kv/range");
	rule->late = true;
	over->get(client, at("a"), on_done, &o);
	wait_for(rule->hits == 1, 5000);
	assert_int_equal(live_ctl(&second, NULL, 0, (char *)"auth", (char *)"disable"), 0);
	second.user = NULL;
	assert_int_equal(live_ctl(&second, NULL, 0, (char *)"auth", (char *)"enable"), 0);
	assert_int_equal(get(at("b")), OVNET_REGISTRY_NOT_FOUND);
	assert_int_equal(rule->logins, 1);
	rule->go = true;
	wait_for(o.calls == 1, 5000);
	assert_int_equal(o.status, OVNET_REGISTRY_NOT_FOUND);
	assert_int_equal(rule->logins, 1);
	stop_proxy(before_second);
}

static int set_up_proxy(void **state)
{
	static char url[64];
	struct ovnet_registry_conf conf = {.endpoints = url, .timeout_ms = TIMEOUT_MS};

	set_up(state);
	memset(rule, 0, sizeof(*rule));
	proxy = start_proxy(etcd.url, serve, url, sizeof(url));
	client = over->open(base, &conf);
	return client == NULL ? -1 : 0;
}

static int tear_down_proxy(void **state)
{
	over->close(client);
	stop_proxy(proxy);
	return tear_down(state);
}

#define lost_over(label, f, transport)                                                 \
	{                                                                              \
		.name = label #f, .test_func = f, .setup_func = set_up_proxy,          \
		.teardown_func = tear_down_proxy, .initial_state = (void *)(transport) \
	}
#define lost_v3(f) \
	lost_over("", f, &ovnet_etcd_v3_grpc), lost_over("json: ", f, &ovnet_etcd_v3_json)
#define lost_all(f) lost_v3(f), lost_over("v2: ", f, &ovnet_etcd_v2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		lost_v3(grant_that_times_out),
		lost_v3(grant_that_nobody_wants_any_more),
		lost_v3(key_that_is_removed),
		lost_v3(key_that_went_unseen),
		lost_v3(key_that_becomes_a_reservation),
		lost_v3(write_that_times_out),
		lost_v3(write_that_was_done),
		lost_v3(write_that_was_done_and_a_grant),
		lost_v3(write_that_times_out_and_another),
		lost_v3(write_that_was_not_done),
		lost_v3(write_that_is_refused),
		lost_all(connection_that_dies),
		lost_over("json: ", refusal_that_comes_late, &ovnet_etcd_v3_json),
	};
	return cmocka_run_group_tests_name("etcd_lost", tests, share_rule, stop_all);
}
