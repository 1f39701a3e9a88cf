/* SPDX-License-Identifier: BSD-3-Clause */
/* What is particular to etcd's v2 API. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/live_node.h"

struct seen {
	unsigned calls, events, removed, ends;
	enum ovnet_registry_status status;
	int64_t revision;
	struct ovnet_registry_kv kv; /* without texts */
	size_t n;
	char key[192], value[512], text[512];
};

static void on_result(void *arg, const struct ovnet_registry_result *r)
{
	struct seen *s = arg;

	/* A listing comes in parts where a turn of the loop is over before it is. */
	s->calls += !r->more;
	s->status = r->status;
	s->revision = r->revision;
	s->n += r->n_kvs;
	snprintf(s->text, sizeof(s->text), "%s", r->text);
	if (r->n_kvs == 0)
		return;
	s->kv = r->kvs[0];
	snprintf(s->key, sizeof(s->key), "%s", r->kvs[0].key);
	snprintf(s->value, sizeof(s->value), "%s", r->kvs[0].value);
}

static void on_watch_events(
	void *arg, const struct ovnet_registry_event *events, size_t n, int64_t revision)
{
	struct seen *s = arg;

	s->calls++;
	s->revision = revision;
	for (size_t i = 0; i < n; i++) {
		s->events++;
		s->removed += events[i].removed;
		s->kv = events[i].kv;
		snprintf(s->key, sizeof(s->key), "%s", events[i].kv.key);
		snprintf(s->value, sizeof(s->value), "%s",
			events[i].removed ? "" : events[i].kv.value);
	}
}

static void on_watch_ended(void *arg, const struct ovnet_registry_result *r)
{
	struct seen *s = arg;

	s->ends++;
	s->status = r->status;
	snprintf(s->text, sizeof(s->text), "%s", r->text);
}

static const struct ovnet_registry_watch_cbs watch_cbs = {
	.events = on_watch_events, .ended = on_watch_ended};

static const struct ovnet_registry_ops *const v2 = &ovnet_etcd_v2;

/* Closed after the case, however it ends: its results may be on a stack that is gone. */
static struct ovnet_registry *opened;

static struct ovnet_registry *client(void)
{
	struct ovnet_registry_conf conf = {.endpoints = etcd.url, .timeout_ms = 2000};
	struct ovnet_registry *e = v2->open(base, &conf);

	assert_non_null(e);
	opened = e;
	return e;
}

#define call(s, ...)                            \
	do {                                    \
		memset(&(s), 0, sizeof(s));     \
		__VA_ARGS__;                    \
		wait_for((s).calls == 1, 5000); \
	} while (0)

static int http(char *out, size_t size, const char *url, const char *method, const char *form)
{
	return live_run(
		(char *[]){(char *)"curl", (char *)"-s", (char *)"-m", (char *)"5", (char *)"-X",
			(char *)method, (char *)"-d", (char *)form, (char *)url, NULL},
		out, size);
}

/* Faster than polls can follow. */
static void write_many(const char *key, unsigned n)
{
	char script[400];

	snprintf(script, sizeof(script),
		"for i in $(seq %u); do [ $i = 1 ] || echo next; echo 'url=\"%s/v2/keys%s\"'; "
		"echo request=PUT; echo data=value=$i; done | curl -sf -K - >/dev/null",
		n, etcd.url, key);
	assert_int_equal(
		live_run((char *[]){(char *)"sh", (char *)"-c", script, NULL}, NULL, 0), 0);
}

static int close_client(void **state)
{
	if (opened != NULL)
		v2->close(opened);
	opened = NULL;
	return tear_down(state);
}

static void key_by_key(void **state)
{
	(void)state;
	struct ovnet_registry *e = client();
	char key[192], dir[192];
	struct seen s;

	strcpy(key, at("subnets/10.5.58.0-24&fd05:0:0:3a::-64"));
	strcpy(dir, at("subnets/"));
	call(s, v2->get(e, key, on_result, &s));
	assert_int_equal(s.status, OVNET_REGISTRY_NOT_FOUND);
	call(s, v2->list(e, dir, on_result, &s));
	assert_int_equal(s.status, OVNET_REGISTRY_OK);
	assert_int_equal(s.n, 0);
	assert_true(s.revision > 0);

	static const char value[] = "{\"a\":\"1 + 1 = 2 & 100%\"}";
	call(s, v2->create(e, key, value, 86400, on_result, &s));
	assert_int_equal(s.status, OVNET_REGISTRY_OK);
	assert_string_equal(s.key, key);
	assert_int_equal(s.kv.ttl_s, 86400);
	assert_true(s.kv.ttl_handle != 0);
	int64_t first = s.kv.mod_revision;
	call(s, v2->create(e, key, "2", 86400, on_result, &s));
	assert_int_equal(s.status, OVNET_REGISTRY_CONFLICT);
	call(s, v2->update(e, key, "2", 86400, 0, first - 1, on_result, &s));
	assert_int_equal(s.status, OVNET_REGISTRY_CONFLICT);
	call(s, v2->list(e, dir, on_result, &s));
	assert_int_equal(s.n, 1);
	assert_string_equal(s.key, key);
	assert_string_equal(s.value, value);
	assert_true(s.kv.ttl_s > 86390);

	call(s, v2->keepalive(e, key, 100, first, on_result, &s));
	assert_int_equal(s.status, OVNET_REGISTRY_OK);
	assert_int_equal(s.kv.ttl_s, 100);
	int64_t renewed = s.kv.mod_revision;
	assert_true(renewed > first && s.kv.ttl_handle == renewed);
	call(s, v2->keepalive(e, key, 100, first, on_result, &s));
	assert_int_equal(s.status, OVNET_REGISTRY_NOT_FOUND);
	call(s, v2->get(e, key, on_result, &s));
	assert_string_equal(s.value, value);
	assert_true(s.kv.ttl_s > 90 && s.kv.ttl_s <= 100);
	call(s, v2->update(e, key, "3", 0, 0, renewed, on_result, &s));
	assert_int_equal(s.status, OVNET_REGISTRY_OK);
	assert_int_equal(s.kv.ttl_handle, 0);
	assert_false(live_has_ttl(&etcd, key));

	call(s, v2->remove(e, key, renewed, on_result, &s));
	assert_int_equal(s.status, OVNET_REGISTRY_CONFLICT);
	call(s, v2->get(e, key, on_result, &s));
	assert_string_equal(s.value, "3");
	int64_t last = s.kv.mod_revision;
	call(s, v2->remove(e, key, last, on_result, &s));
	assert_int_equal(s.status, OVNET_REGISTRY_OK);
	call(s, v2->get(e, key, on_result, &s));
	assert_int_equal(s.status, OVNET_REGISTRY_NOT_FOUND);
}

/* As flanneld does it: a prefix without a slash is the same key with one. */
static void prefix_without_a_slash(void **state)
{
	(void)state;
	struct ovnet_lease_conf conf = conf_of(0);

	conf.prefix = prefix + 1;
	assert_true(live_put(&etcd, at("config"), VXLAN));
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	assert_true(live_put(&etcd, at("subnets/10.5.0.0-24"), "{\"PublicIP\":\"10.168.0.50\"}"));
	wait_for(n->n_peers == 1, 2000);
	assert_true(live_has_ttl(&etcd, key_of(n)));
}

/* Whoever stops a lease does it so that flanneld sees it go: not by compareAndDelete. */
static void removal_is_an_expiry(void **state)
{
	(void)state;
	struct ovnet_registry *e = client();
	char key[192], url[320], text[800];
	struct seen s;

	strcpy(key, at("subnets/10.5.1.0-24"));
	call(s, v2->create(e, key, "{}", 86400, on_result, &s));
	int64_t index = s.kv.mod_revision;
	call(s, v2->remove(e, key, index, on_result, &s));
	assert_int_equal(s.status, OVNET_REGISTRY_OK);
	for (unsigned i = 1; i <= 2; i++) {
		snprintf(url, sizeof(url), "%s/v2/keys%s?wait=true&waitIndex=%lld", etcd.url, key,
			(long long)index + i);
		http(text, sizeof(text), url, "GET", "");
		assert_non_null(strstr(
			text, i == 1 ? "\"action\":\"compareAndSwap\"" : "\"action\":\"expire\""));
	}
	assert_non_null(strstr(text, "\"prevNode\""));
}

static void watch_tells_all_and_in_order(void **state)
{
	(void)state;
	struct ovnet_registry *e = client();
	struct seen s = {0};
	char key[192];

	strcpy(key, at("subnets/k"));
	assert_true(live_put(&etcd, key, "0"));
	struct seen got;
	call(got, v2->get(e, key, on_result, &got));
	assert_non_null(v2->watch(e, at("subnets/"), got.revision + 1, &watch_cbs, &s));
	wait_for(s.calls == 1, 2000);
	assert_int_equal(s.events, 0);
	assert_int_equal(s.revision, got.revision);

	write_many(key, 200);
	wait_for(s.events == 200, 5000);
	assert_string_equal(s.value, "200");
	assert_int_equal(s.revision, got.revision + 200);
	assert_true(live_put(&etcd, at("elsewhere"), "x"));
	assert_true(live_del(&etcd, key));
	wait_for(s.events == 201 && s.removed == 1, 2000);
	assert_string_equal(s.key, key);
	assert_int_equal(s.ends, 0);

	/* One event for a whole directory: to be listed anew. */
	assert_true(live_put(&etcd, at("subnets/d/e"), "x"));
	wait_for(s.events == 202, 2000);
	assert_int_equal(live_ctl(&etcd, NULL, 0, (char *)"rm", (char *)"--recursive",
				 (char *)at("subnets")),
		0);
	wait_for(s.ends == 1, 2000);
	assert_int_equal(s.status, OVNET_REGISTRY_COMPACTED);
}

static void cleared_history_ends_the_watch(void **state)
{
	(void)state;
	struct ovnet_registry *e = client();
	struct seen s = {0};

	assert_true(live_put(&etcd, at("config"), VXLAN));
	struct node *n = start(0);
	wait_for(ready(n), 5000);
	write_many("/noise", 1200);
	assert_non_null(v2->watch(e, at("subnets/"), 1, &watch_cbs, &s));
	wait_for(s.ends == 1, 3000);
	assert_int_equal(s.status, OVNET_REGISTRY_COMPACTED);

	/* The running one's poll stood all the time; its next one is too late and lists. */
	assert_true(live_put(&etcd, at("subnets/10.5.0.0-24"), "{\"PublicIP\":\"10.168.0.50\"}"));
	wait_for(n->n_peers == 1, 3000);
	assert_true(live_put(&etcd, at("subnets/10.5.0.0-24"), "{\"PublicIP\":\"10.168.0.51\"}"));
	wait_for(n->sets == 2, 3000);
}

/* The daemon stands still while more happens than etcd remembers (flannel-evidence E11). */
static void cleared_history_while_frozen(void **state)
{
	(void)state;

	assert_true(live_put(&etcd, at("config"), VXLAN));
	struct node *n = start(0);
	wait_for(ready(n), 5000);
	assert_true(live_put(&etcd, at("subnets/10.5.0.0-25"), "{\"PublicIP\":\"10.168.0.50\"}"));
	wait_for(n->n_peers == 1, 3000);
	assert_true(live_put(&etcd, at("subnets/10.5.0.128-25"), "{\"PublicIP\":\"10.168.0.51\"}"));
	assert_true(live_put(&etcd, at("subnets/10.5.0.0-25"), "{\"PublicIP\":\"10.168.0.52\"}"));
	write_many("/noise", 1200);
	wait_for(n->n_peers == 2 && status(n).resyncs == 1, 5000);
	wait_for(n->sets == 3, 3000);
	assert_int_equal(n->dels, 0);
}

static void directories_in_the_wrong_place(void **state)
{
	(void)state;
	assert_int_equal(live_ctl(&etcd, NULL, 0, (char *)"mkdir", (char *)at("config")), 0);
	struct node *n = start(0);
	wait_for(strstr(status(n).error, "is a directory in etcd") != NULL, 3000);
	assert_non_null(strstr(status(n).error, at("config")));
	assert_non_null(strstr(status(n).error, "etcdctl rmdir"));
	/* The cure as given. */
	assert_int_equal(live_ctl(&etcd, NULL, 0, (char *)"rmdir", (char *)at("config")), 0);
	assert_true(live_put(&etcd, at("config"), VXLAN));
	wait_for(ready(n), 8000);
	stop(n);

	assert_int_equal(live_ctl(&etcd, NULL, 0, (char *)"rm", (char *)"--recursive",
				 (char *)at("subnets")),
		0);
	assert_true(live_put(&etcd, at("subnets"), "a key"));
	n = start(0);
	wait_for(strstr(status(n).error, "has to be a directory") != NULL, 3000);
	assert_true(live_del(&etcd, at("subnets")));
	wait_for(ready(n), 8000);
}

static void says_how_far_the_tree_goes(void **state)
{
	(void)state;
	char want[200];
	struct node *n = start(0);

	snprintf(want, sizeof(want), "there is no /test-%u)", prefixes - 1);
	wait_for(strstr(status(n).error, want) != NULL, 3000);
	assert_non_null(strstr(status(n).error, "ETCDCTL_API=2 etcdctl --endpoints="));
	assert_int_equal(live_ctl(&etcd, NULL, 0, (char *)"mkdir", (char *)prefix), 0);
	snprintf(want, sizeof(want), "there is no %s)", at("config"));
	wait_for(strstr(status(n).error, want) != NULL, 8000);
}

/* One key in very many directories must not hide the leases. */
static void deep_key(void **state)
{
	(void)state;
	static char url[8192];
	char *end = url + sprintf(url, "%s/v2/keys%s", etcd.url, at("subnets"));

	assert_true(live_put(&etcd, at("config"), VXLAN));
	assert_true(live_put(&etcd, at("subnets/10.5.0.0-24"), "{\"PublicIP\":\"10.168.0.50\"}"));
	for (unsigned i = 0; i < 1500; i++)
		end = stpcpy(end, "/d");
	http(NULL, 0, url, "PUT", "value=x");
	struct node *n = start(0);
	wait_for(ready(n) && n->n_peers == 1, 5000);
}

/* flanneld up to v0.17 writes without looking whose key it is (E6): the last one has it. */
static void old_node_takes_our_key(void **state)
{
	(void)state;
	static const char thief[] = "{\"PublicIP\":\"10.168.0.12\",\"PublicIPv6\":null,"
				    "\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":1,"
				    "\"VtepMAC\":\"8e:3b:eb:36:bf:ae\"}}";
	char key[192], url[320], form[600], value[512];

	struct ovnet_lease_conf conf = conf_of(0);

	assert_true(live_put(&etcd, at("config"), VXLAN));
	conf.on_lost = OVNET_LEASE_DRAIN;
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	struct ovnet_lease before = n->own;
	strcpy(key, key_of(n));
	snprintf(url, sizeof(url), "%s/v2/keys%s", etcd.url, key);
	snprintf(form, sizeof(form), "ttl=86400&value=%s", thief);
	assert_int_equal(http(NULL, 0, url, "PUT", form), 0);
	wait_for(n->acquired == 2 && n->n_peers == 1, 5000);
	assert_false(ovnet_prefix4_overlap(&n->own.subnet, &before.subnet));
	assert_true(ovnet_prefix4_equal(&n->peers[0].subnet, &before.subnet));
	live_get(&etcd, key, value, sizeof(value));
	assert_string_equal(value, thief);
	assert_true(live_has_ttl(&etcd, key_of(n)));

	/* Our own value with another TTL: kept, and renewed in time. */
	live_get(&etcd, key_of(n), value, sizeof(value));
	snprintf(url, sizeof(url), "%s/v2/keys%s", etcd.url, key_of(n));
	snprintf(form, sizeof(form), "ttl=3&value=%s", value);
	assert_int_equal(http(NULL, 0, url, "PUT", form), 0);
	run_ms(4500);
	assert_int_equal(n->acquired, 2);
	assert_true(status(n).expires_at - time(NULL) > 86000);
	assert_true(live_has_ttl(&etcd, key_of(n)));
	/* Without a TTL it is a reservation. */
	snprintf(form, sizeof(form), "value=%s", value);
	assert_int_equal(http(NULL, 0, url, "PUT", form), 0);
	wait_for(status(n).expires_at == 0, 3000);
	run_ms(300);
	assert_false(live_has_ttl(&etcd, key_of(n)));
}

static void password(void **state)
{
	(void)state;
	struct ovnet_lease_conf conf = conf_of(0);

	live_start(&second);
	assert_true(live_put(&second, at("config"), VXLAN));
	conf.registry_conf.endpoints = second.url;
	conf.registry_conf.username = "root";
	conf.registry_conf.password = "se\"cret:2";
	/* A name does no harm where authentication is off. */
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	stop(n);

	assert_int_equal(live_ctl(&second, NULL, 0, (char *)"user", (char *)"add",
				 (char *)"root:se\"cret:2"),
		0);
	assert_int_equal(live_ctl(&second, NULL, 0, (char *)"auth", (char *)"enable"), 0);
	second.user = "root:se\"cret:2";
	assert_int_equal(
		live_ctl(&second, NULL, 0, (char *)"role", (char *)"revoke", (char *)"guest",
			(char *)"--path", (char *)"/*", (char *)"--readwrite"),
		0);
	n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	assert_true(live_put(&second, at("subnets/10.5.0.0-24"), "{\"PublicIP\":\"10.168.0.50\"}"));
	wait_for(n->n_peers == 1, 2000);
	stop(n);

	conf.registry_conf.password = "wrong";
	n = start_with(0, &conf);
	wait_for(strstr(status(n).error, "etcd.password") != NULL, 3000);
	stop(n);
	conf.registry_conf.username = NULL;
	n = start_with(0, &conf);
	wait_for(strstr(status(n).error, "etcd.username") != NULL, 3000);
	/* It goes on asking. */
	assert_int_equal(live_ctl(&second, NULL, 0, (char *)"auth", (char *)"disable"), 0);
	wait_for(ready(n), 8000);
}

#define on_client(f)                                                                             \
	{                                                                                        \
		.name = #f, .test_func = f, .setup_func = set_up, .teardown_func = close_client, \
		.initial_state = (void *)&ovnet_etcd_v2                                          \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_client(key_by_key),
		on_v2(prefix_without_a_slash),
		on_client(removal_is_an_expiry),
		on_client(watch_tells_all_and_in_order),
		on_client(cleared_history_ends_the_watch),
		on_v2(cleared_history_while_frozen),
		on_v2(directories_in_the_wrong_place),
		on_v2(says_how_far_the_tree_goes),
		on_v2(deep_key),
		on_v2(old_node_takes_our_key),
		on_v2(password),
	};
	return cmocka_run_group_tests_name("lease_v2", tests, start_all, stop_all);
}
