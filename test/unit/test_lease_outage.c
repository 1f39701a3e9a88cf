/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/live_tls.h"

struct outcome {
	unsigned calls;
	enum ovnet_registry_status status;
};

static void on_no_events(
	void *arg, const struct ovnet_registry_event *e, size_t n, int64_t revision)
{
	(void)arg, (void)e, (void)revision;
	assert_int_equal(n, 0);
}

static void on_watch_end(void *arg, const struct ovnet_registry_result *r)
{
	struct outcome *o = arg;

	o->calls++;
	o->status = r->status;
}

static void compaction(void **state)
{
	(void)state;
	static const struct ovnet_registry_watch_cbs watch = {
		.events = on_no_events, .ended = on_watch_end};
	struct ovnet_registry_conf conf = {.endpoints = etcd.url, .timeout_ms = 2000};
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

	struct ovnet_registry *e = over->open(base, &conf);
	assert_non_null(e);
	assert_non_null(over->watch(e, prefix, 1, &watch, &o));
	wait_for(o.calls == 1, 3000);
	assert_int_equal(o.status, OVNET_REGISTRY_COMPACTED);
	over->close(e);

	/* The running client is past it and goes on. */
	assert_true(live_del(&etcd, at("subnets/10.5.0.0-24")));
	wait_for(n->n_peers == 0, 2000);
}

static void outage_keeps_peers_and_misses_nothing(void **state)
{
	(void)state;
	struct live_etcd aside;
	struct ovnet_lease_conf conf = conf_of(0);

	live_start(&second);
	conf.registry_conf.endpoints = second.url;
	assert_true(live_put(&second, at("config"), VXLAN));
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	assert_true(live_put(&second, at("subnets/10.5.0.0-25"), "{\"PublicIP\":\"10.168.0.50\"}"));
	assert_true(
		live_put(&second, at("subnets/10.5.0.128-25"), "{\"PublicIP\":\"10.168.0.51\"}"));
	wait_for(n->n_peers == 2, 2000);

	live_kill(&second);
	wait_for(!status(n).connected, 2000);
	run_ms(1500);
	assert_int_equal(n->n_peers, 2);
	assert_in_range(status(n).away_s, 1, 3);
	wait_for(status(n).retry_in_ms > 0, 1000);
	assert_true(status(n).retry_in_ms <= 8000);
	assert_non_null(strstr(status(n).error, second.url));
	assert_non_null(strstr(status(n).error, "connection refused"));

	/* Behind its back: the same data on another port for a moment. */
	aside = second;
	snprintf(aside.url, sizeof(aside.url), "http://127.0.0.1:%d", live_free_port());
	live_start(&aside);
	assert_true(live_del(&aside, at("subnets/10.5.0.0-25")));
	assert_true(
		live_put(&aside, at("subnets/10.5.0.128-25"), "{\"PublicIP\":\"10.168.0.52\"}"));
	assert_true(live_del(&aside, key_of(n)));
	live_kill(&aside);
	assert_int_equal(n->n_peers, 2);

	live_start(&second);
	wait_for(status(n).connected, 15000);
	wait_for(n->n_peers == 1 && n->dels == 1 && n->sets == 3, 2000);
	assert_int_equal(ntohl(n->peers[0].public_ip.v4_be), 0x0aa80034);
	char value[256] = "";
	for (int i = 0; i < 40 && value[0] == '\0'; i++) {
		run_ms(100);
		live_get(&second, key_of(n), value, sizeof(value));
	}
	assert_non_null(strstr(value, "10.168.0.1"));
	assert_int_equal(n->acquired, 1);
	assert_true(status(n).resyncs >= 1);
}

static void next_endpoint_answers_when_one_does_not(void **state)
{
	(void)state;
	char list[160];
	struct ovnet_lease_conf conf = conf_of(0);

	assert_true(live_put(&etcd, at("config"), VXLAN));
	snprintf(list, sizeof(list), "http://127.0.0.1:%d, %s/", live_free_port(), etcd.url);
	conf.registry_conf.endpoints = list;
	for (unsigned i = 0; i < 4; i++) {
		struct node *n = start_with(0, &conf);
		wait_for(ready(n), 5000);
		assert_string_equal(status(n).endpoint, etcd.url);
		assert_string_equal(status(n).error, "");
		stop(n);
	}
}

/* Another cluster even, which is the most that may be different. */
static void etcd_is_given_anew(void **state)
{
	(void)state;
	char dead[64];
	struct ovnet_lease_conf conf = conf_of(0);

	assert_true(live_put(&etcd, at("config"), VXLAN));
	assert_true(live_put(&etcd, at("subnets/10.5.0.0-24"), "{\"PublicIP\":\"10.168.0.50\"}"));
	/* Not by chance what a peer has over there. */
	conf.previous = (struct ovnet_prefix4){0x0a05c800, 24};
	snprintf(dead, sizeof(dead), "http://127.0.0.1:%d", live_free_port());
	conf.registry_conf.endpoints = dead;
	struct node *n = start_with(0, &conf);
	wait_for(strstr(status(n).error, "connection refused") != NULL, 3000);
	conf.registry_conf.endpoints = etcd.url;
	assert_int_equal(ovnet_lease_client_retarget(n->client, &conf.registry_conf), 0);
	wait_for(ready(n) && n->n_peers == 1, 3000);
	assert_string_equal(status(n).endpoint, etcd.url);

	live_start(&second);
	assert_true(live_put(&second, at("config"), VXLAN));
	assert_true(live_put(&second, at("subnets/10.5.1.0-24"), "{\"PublicIP\":\"10.168.0.51\"}"));
	if (strcmp(over->name, "v2") != 0)
		assert_true(live_authentication(&second));
	conf.registry_conf.endpoints = second.url;
	conf.registry_conf.username = "root";
	conf.registry_conf.password = "wrong";
	if (strcmp(over->name, "v2") != 0) {
		assert_int_equal(ovnet_lease_client_retarget(n->client, &conf.registry_conf), 0);
		wait_for(strstr(status(n).error, "etcd.password") != NULL, 5000);
		assert_int_equal(n->n_peers, 1);
		assert_int_equal(n->dels, 0);
	}

	conf.registry_conf.password = "secret";
	assert_int_equal(ovnet_lease_client_retarget(n->client, &conf.registry_conf), 0);
	wait_for(status(n).connected && n->dels == 1 && n->n_peers == 1, 5000);
	assert_int_equal(ntohl(n->peers[0].public_ip.v4_be), 0x0aa80033);
	assert_string_equal(status(n).error, "");
	char value[256] = "";
	for (int i = 0; i < 40 && value[0] == '\0'; i++) {
		run_ms(100);
		live_get(&second, key_of(n), value, sizeof(value));
	}
	assert_non_null(strstr(value, "10.168.0.1"));
	assert_int_equal(n->lost, 0);

	conf.registry_conf.endpoints = "ftp://nowhere";
	assert_int_equal(ovnet_lease_client_retarget(n->client, &conf.registry_conf), -EINVAL);
	assert_string_equal(status(n).endpoint, second.url);
}

static void bad_endpoints_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"", " , ", "ftp://127.0.0.1:2379",
		"http://user:pw@127.0.0.1:2379", "http://127.0.0.1:2379/v2", "http://a b:99999"};
	struct ovnet_lease_conf conf = conf_of(0);

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		conf.registry_conf.endpoints = bad[i];
		assert_null(ovnet_lease_client_new(base, &conf, &cbs, &nodes[0]));
	}
}

static void password(void **state)
{
	(void)state;
	struct ovnet_lease_conf conf = conf_of(0);

	live_start(&second);
	assert_true(live_put(&second, at("config"), VXLAN));
	conf.registry_conf.endpoints = second.url;
	conf.registry_conf.username = "root";
	conf.registry_conf.password = "se\"cret";
	/* A name does no harm where authentication is off. */
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);

	assert_int_equal(
		live_ctl(&second, NULL, 0, (char *)"user", (char *)"add", (char *)"root:se\"cret"),
		0);
	assert_int_equal(live_ctl(&second, NULL, 0, (char *)"user", (char *)"grant-role",
				 (char *)"root", (char *)"root"),
		0);
	assert_int_equal(live_ctl(&second, NULL, 0, (char *)"auth", (char *)"enable"), 0);
	second.user = "root:se\"cret";
	stop(n);
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
	wait_for(strstr(status(n).error, "set etcd.username") != NULL, 3000);
}

static void certificates(void **state)
{
	(void)state;
	struct ovnet_lease_conf conf = conf_of(0);
	char crt[128], key[128], ca[128], other[128], plain[200];

	live_prepare(&second, "https");
	make_cert(&second, &(struct live_cert){"ca", NULL, NULL, USE_BOTH});
	make_cert(&second, &(struct live_cert){"node", "ca", NULL, USE_BOTH});
	make_cert(&second, &(struct live_cert){"other", NULL, NULL, USE_BOTH});
	strcpy(crt, tls_file(&second, "node", "crt"));
	strcpy(key, tls_file(&second, "node", "key"));
	strcpy(ca, tls_file(&second, "ca", "crt"));
	strcpy(other, tls_file(&second, "other", "crt"));
	start_tls("node", "node");
	assert_true(live_put(&second, at("config"), VXLAN));
	forget_tls();

	/* Without a scheme: certificates mean https. */
	conf.registry_conf =
		(struct ovnet_registry_conf){.endpoints = second.url + strlen("https://"),
			.cafile = ca,
			.certfile = crt,
			.keyfile = key,
			.timeout_ms = 2000};
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	stop(n);

	conf.registry_conf.cafile = other;
	fails_with(&conf, "etcd.cafile the one that signed");
	conf.registry_conf.cafile = "/nonexistent/ca.crt";
	fails_with(&conf, "cannot use etcd.cafile \"/nonexistent/ca.crt\"");
	conf.registry_conf.cafile = ca;
	conf.registry_conf.keyfile = "/nonexistent/node.key";
	fails_with(&conf, "/nonexistent/node.key");
	conf.registry_conf.certfile = conf.registry_conf.keyfile = NULL;
	fails_with(&conf, "it wants another client certificate");
	snprintf(plain, sizeof(plain), "http%s", second.url + strlen("https"));
	conf.registry_conf.endpoints = plain;
	fails_with(&conf, "write https://");
}

/* etcd takes up the new certificate at the next connection. */
static void certificate_without_the_address(void **state)
{
	(void)state;
	struct ovnet_lease_conf conf = conf_of(0);
	char both[160];

	live_prepare(&second, "https");
	make_cert(&second, &(struct live_cert){"ca", NULL, NULL, USE_BOTH});
	make_cert(&second, &(struct live_cert){"node", "ca", NULL, USE_BOTH});
	start_tls("node", "node");
	assert_true(live_put(&second, at("config"), VXLAN));
	make_cert_for(&second, &(struct live_cert){"node", "ca", NULL, USE_BOTH},
		"subjectAltName=DNS:a.example,DNS:etcd.example");

	conf.registry_conf = (struct ovnet_registry_conf){.endpoints = second.url,
		.cafile = tls_file(&second, "ca", "crt"),
		.certfile = tls_file(&second, "node", "crt"),
		.keyfile = tls_file(&second, "node", "key"),
		.timeout_ms = 2000};
	fails_with(&conf, "or give one of these as etcd.server-name");
	assert_non_null(strstr(nodes[0].why, "etcd.example"));
	assert_non_null(strstr(nodes[0].why, "'127.0.0.1'"));
	conf.registry_conf.server_name = "b.example";
	fails_with(&conf, "etcd.server-name has to be one of these");
	assert_non_null(strstr(nodes[0].why, "'b.example'"));

	/* A server with the same name and port at another address is another server. */
	snprintf(both, sizeof(both), "https://127.0.0.2:%s,%s", strrchr(second.url, ':') + 1,
		second.url);
	conf.registry_conf.server_name = "etcd.example";
	conf.registry_conf.endpoints = both;
	for (unsigned i = 0; i < 4; i++) {
		struct node *n = start_with(0, &conf);
		wait_for(ready(n), 5000);
		assert_string_equal(status(n).endpoint, second.url);
		stop(n);
	}
	forget_tls();
}

/* What listens there is no etcd, or takes connections and never answers. */
static void strangers(void **state)
{
	(void)state;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	struct ovnet_lease_conf conf = conf_of(0);
	const char *stranger = live_v2() ? "no etcd v2 API there"
			       : over == &ovnet_etcd_v3_json
				       ? "no etcd v3 JSON gateway there"
				       : "closed the connection without an answer";
	char url[64];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", ntohs(a.sin_port));
	conf.registry_conf.endpoints = url;
	conf.registry_conf.timeout_ms = 300;
	fails_with(&conf, "no answer within 30");
	close(fd);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", live_free_port());
	setenv("ETCD_LISTEN_METRICS_URLS", url, 1);
	live_start(&second);
	unsetenv("ETCD_LISTEN_METRICS_URLS");
	conf.registry_conf.timeout_ms = 2000;
	fails_with(&conf, stranger);
	conf.registry_conf.endpoints = "http://nonexistent.invalid:2379";
	fails_with(&conf, "does not resolve");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_v3(compaction),
		on_all(outage_keeps_peers_and_misses_nothing),
		on_all(next_endpoint_answers_when_one_does_not),
		on_all(bad_endpoints_are_refused),
		on_all(etcd_is_given_anew),
		on_v3(password),
		on_all(certificates),
		on_all(certificate_without_the_address),
		on_all(strangers),
	};
	return cmocka_run_group_tests_name("lease_outage", tests, start_all, stop_all);
}
