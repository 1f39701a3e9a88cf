/* SPDX-License-Identifier: BSD-3-Clause */
/* gRPC where the JSON gateway fails, the gateway where gRPC does; and gRPC's watch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>

#include "bed/live_proxy.h"
#include "bed/live_tls.h"

static struct ovnet_lease_conf conf_for(const struct ovnet_registry_ops *ops)
{
	struct ovnet_lease_conf conf = conf_of(0);

	conf.registry = ops;
	conf.registry_conf.endpoints = second.url;
	return conf;
}

static void works(const struct ovnet_lease_conf *conf, const char *name)
{
	struct node *n = start_with(0, conf);
	unsigned sets;

	wait_for(ready(n), 5000);
	assert_string_equal(status(n).transport, name);
	sets = n->sets;
	assert_true(live_put(&second, at("subnets/10.5.0.0-24"), "{\"PublicIP\":\"10.168.0.50\"}"));
	wait_for(n->n_peers == 1, 2000);
	assert_true(live_del(&second, at("subnets/10.5.0.0-24")));
	wait_for(n->n_peers == 0, 2000);
	assert_true(n->sets > sets);
	stop(n);
}

static void gateway_switched_off(void **state)
{
	(void)state;
	struct ovnet_lease_conf conf;

	setenv("ETCD_ENABLE_GRPC_GATEWAY", "false", 1);
	live_start(&second);
	unsetenv("ETCD_ENABLE_GRPC_GATEWAY");
	assert_true(live_put(&second, at("config"), VXLAN));
	conf = conf_for(&ovnet_etcd_v3_json);
	fails_with(&conf, "--enable-grpc-gateway=false");
	assert_non_null(strstr(nodes[0].why, "etcd.transport"));
	conf = conf_for(&ovnet_etcd_v3_grpc);
	works(&conf, "v3/grpc");
	conf = conf_for(&ovnet_etcd_v3);
	works(&conf, "v3/grpc");
}

static struct ovnet_registry_conf tls_conf(const char *client)
{
	return (struct ovnet_registry_conf){.endpoints = second.url,
		.cafile = tls_file(&second, "ca", "crt"),
		.certfile = tls_file(&second, client, "crt"),
		.keyfile = tls_file(&second, client, "key"),
		.timeout_ms = 2000};
}

/* The gateway shows etcd the server's certificate as its own, for which that is not good. */
static void server_certificate_without_client_usage(void **state)
{
	(void)state;
	struct ovnet_lease_conf conf = conf_of(0);

	live_prepare(&second, "https");
	make_cert(&second, &(struct live_cert){"ca", NULL, NULL, USE_BOTH});
	make_cert(&second, &(struct live_cert){"server", "ca", "etcd", "serverAuth"});
	make_cert(&second, &(struct live_cert){"node", "ca", NULL, "clientAuth"});
	start_tls("server", "node");
	assert_true(live_put(&second, at("config"), VXLAN));

	conf.registry_conf = tls_conf("node");
	conf.registry = &ovnet_etcd_v3_json;
	fails_with(&conf, "no client usage");
	assert_non_null(strstr(nodes[0].why, "etcd.transport"));
	conf.registry = &ovnet_etcd_v3_grpc;
	works(&conf, "v3/grpc");
	conf.registry = &ovnet_etcd_v3;
	works(&conf, "v3/grpc");
	forget_tls();
}

/* The gateway refuses a certificate with a CN; for gRPC it is the user's name. */
static void certificate_with_a_name_and_authentication(void **state)
{
	(void)state;
	struct ovnet_lease_conf conf = conf_of(0);

	live_prepare(&second, "https");
	make_cert(&second, &(struct live_cert){"ca", NULL, NULL, USE_BOTH});
	make_cert(&second, &(struct live_cert){"server", "ca", NULL, USE_BOTH});
	make_cert(&second, &(struct live_cert){"node", "ca", "root", "clientAuth"});
	make_cert(&second, &(struct live_cert){"nobody", "ca", "nobody", "clientAuth"});
	start_tls("server", "node");
	assert_true(live_put(&second, at("config"), VXLAN));
	assert_true(live_authentication(&second));

	conf.registry_conf = tls_conf("node");
	conf.registry = &ovnet_etcd_v3_json;
	fails_with(&conf, "takes no certificate that has a CN");
	assert_non_null(strstr(nodes[0].why, "etcd.transport"));
	conf.registry = &ovnet_etcd_v3_grpc;
	works(&conf, "v3/grpc");
	conf.registry = &ovnet_etcd_v3;
	works(&conf, "v3/grpc");
	conf.registry_conf = tls_conf("nobody");
	fails_with(&conf, "role grant-permission");
	/* A login counts more than the certificate. */
	conf.registry_conf.username = "root";
	conf.registry_conf.password = "secret";
	works(&conf, "v3/grpc");
	forget_tls();
}

/* A proxy that knows HTTP/1 alone answers HTTP/2's preface as a method it never heard of. */
static void no_http2(int fd, const char *server)
{
	static const char no[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
	char first[4];

	if (recv(fd, first, 4, MSG_PEEK | MSG_WAITALL) != 4)
		return;
	if (memcmp(first, "PRI ", 4) == 0) {
		if (write(fd, no, sizeof(no) - 1) > 0)
			shutdown(fd, SHUT_WR);
		return;
	}
	shovel(fd, dial(server));
}

static void proxy_without_http2(void **state)
{
	(void)state;
	struct ovnet_lease_conf conf = conf_of(0);
	char url[64], both[160];
	pid_t proxy = start_proxy(etcd.url, no_http2, url, sizeof(url));

	assert_true(live_put(&etcd, at("config"), VXLAN));
	conf.registry_conf.endpoints = url;
	conf.registry = &ovnet_etcd_v3_grpc;
	fails_with(&conf, "a proxy without HTTP/2");

	conf.registry = &ovnet_etcd_v3;
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	assert_string_equal(status(n).transport, "v3/json");
	assert_string_equal(status(n).error, "");
	stop(n);

	/* One that is away says nothing about what the other one speaks. */
	snprintf(both, sizeof(both), "http://127.0.0.1:%d,%s", live_free_port(), etcd.url);
	conf.registry_conf.endpoints = both;
	for (unsigned i = 0; i < 4; i++) {
		n = start_with(0, &conf);
		wait_for(ready(n), 5000);
		assert_string_equal(status(n).transport, "v3/grpc");
		stop(n);
	}
	stop_proxy(proxy);
}

/* The login is the first to find out. */
static void proxy_without_http2_and_a_login(void **state)
{
	(void)state;
	struct ovnet_lease_conf conf = conf_of(0);
	char url[64];

	live_start(&second);
	assert_true(live_put(&second, at("config"), VXLAN));
	assert_true(live_authentication(&second));
	pid_t proxy = start_proxy(second.url, no_http2, url, sizeof(url));
	conf.registry_conf.endpoints = url;
	conf.registry_conf.username = "root";
	conf.registry_conf.password = "secret";
	conf.registry = &ovnet_etcd_v3;
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	assert_string_equal(status(n).transport, "v3/json");
	assert_int_equal(status(n).retries, 0);
	stop_proxy(proxy);
}

struct seen {
	unsigned events, parts, signs, ended;
	int64_t revision;
	size_t bytes;
	char why[256];
};

static void on_events(void *arg, const struct ovnet_registry_event *ev, size_t n, int64_t revision)
{
	struct seen *s = arg;

	s->events += (unsigned)n;
	s->parts += n > 0;
	s->signs += n == 0;
	s->revision = revision;
	for (size_t i = 0; i < n; i++)
		s->bytes += ev[i].kv.value_len;
}

static void on_end(void *arg, const struct ovnet_registry_result *r)
{
	struct seen *s = arg;

	s->ended++;
	snprintf(s->why, sizeof(s->why), "%s", r->text);
}

static const struct ovnet_registry_watch_cbs watch_cbs = {.events = on_events, .ended = on_end};

/* etcd packs what a watch missed into one answer; one beyond 2 MB comes in parts. */
static void events_in_parts(void **state)
{
	(void)state;
	enum { EACH = 100000, KEYS = 50 };
	struct ovnet_registry_conf conf = {.endpoints = etcd.url, .timeout_ms = 2000};
	struct ovnet_registry *e = ovnet_etcd_v3_grpc.open(base, &conf);
	char *value = malloc(EACH + 1), key[32];
	struct seen s = {0};

	assert_non_null(e);
	memset(value, 'v', EACH);
	value[EACH] = '\0';
	for (unsigned i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "big/%u", i);
		assert_true(live_put(&etcd, at(key), value));
	}
	assert_non_null(ovnet_etcd_v3_grpc.watch(e, at("big/"), 1, &watch_cbs, &s));
	wait_for(s.events == KEYS, 5000);
	assert_int_equal(s.bytes, (size_t)EACH * KEYS);
	assert_true(s.parts > 1);
	assert_int_equal(s.ended, 0);
	int64_t last = s.revision;
	assert_true(live_put(&etcd, at("big/x"), "x"));
	wait_for(s.events == KEYS + 1, 2000);
	assert_int_equal(s.revision, last + 1);
	ovnet_etcd_v3_grpc.close(e);
	free(value);
}

static int64_t cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000LL + u.ru_utime.tv_usec +
	       u.ru_stime.tv_usec;
}

/* It takes connections and bytes, as the kernel does that for it, but nobody is at home. */
static void stopped_server_is_noticed(void **state)
{
	(void)state;
	struct ovnet_lease_conf conf;
	struct timeval idle = {.tv_sec = 4};
	int64_t cpu;

	live_start(&second);
	assert_true(live_put(&second, at("config"), "{\"Network\":\"10.5.0.0/16\"}"));
	conf = conf_for(&ovnet_etcd_v3_grpc);
	conf.registry_conf.timeout_ms = 300;
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	run_ms(500);

	/* Silence that is answered when asked is no reason to leave, and costs nothing. */
	cpu = cpu_us();
	event_base_loopexit(base, &idle);
	event_base_dispatch(base);
	assert_in_range(cpu_us() - cpu, 0, 100000);
	assert_true(status(n).connected);
	assert_int_equal(status(n).retries, 0);

	kill(second.pid, SIGSTOP);
	wait_for(!status(n).connected, 4000);
	assert_non_null(strstr(status(n).error, "no sign of life"));
	kill(second.pid, SIGCONT);
	wait_for(status(n).connected, 8000);
}

/*
 * The end of a stream we hold open, whichever way etcd dies: at once, not when a probe goes
 * unanswered.
 */
static void dead_server_is_noticed_over_tls(void **state)
{
	(void)state;
	enum { TIMES = 8 };
	struct ovnet_lease_conf conf = conf_of(0);

	live_prepare(&second, "https");
	make_cert(&second, &(struct live_cert){"ca", NULL, NULL, USE_BOTH});
	make_cert(&second, &(struct live_cert){"server", "ca", NULL, USE_BOTH});
	make_cert(&second, &(struct live_cert){"node", "ca", NULL, "clientAuth"});
	start_tls("server", "node");
	assert_true(live_put(&second, at("config"), VXLAN));
	conf.registry_conf = tls_conf("node");
	struct node *n = start_with(0, &conf);
	for (unsigned i = 0; i < TIMES; i++) {
		wait_for(ready(n), 10000);
		run_ms(100 + i * 50);
		kill(second.pid, i % 2 != 0 ? SIGTERM : SIGKILL);
		wait_for(!status(n).connected, 2000);
		live_kill(&second);
		live_start(&second);
	}
	forget_tls();
}

/* A watch is refused in a header that ends the stream, as a proxy may, which does not reset it. */
static void refuses_in_the_header(int fd, const char *server)
{
	static const char frames[] = "\0\0\0\4\0\0\0\0\0"
				     "\0\0\x4c\1\5\0\0\0\1"
				     "\x88"
				     "\0\x0c"
				     "content-type\x10"
				     "application/grpc"
				     "\0\x0b"
				     "grpc-status\2"
				     "14"
				     "\0\x0c"
				     "grpc-message\x0d"
				     "not here, not";
	char sink[4096];

	(void)server;
	if (write(fd, frames, sizeof(frames) - 1) > 0)
		while (read(fd, sink, sizeof(sink)) > 0)
			;
}

static void refusal_without_a_body_or_a_reset(void **state)
{
	(void)state;
	struct seen s = {0};
	char url[64];
	pid_t proxy = start_proxy("", refuses_in_the_header, url, sizeof(url));
	struct ovnet_registry_conf conf = {.endpoints = url, .timeout_ms = 10000};
	struct ovnet_registry *e = ovnet_etcd_v3_grpc.open(base, &conf);

	assert_non_null(e);
	assert_non_null(ovnet_etcd_v3_grpc.watch(e, at("subnets/"), 1, &watch_cbs, &s));
	wait_for(s.ended == 1, 2000);
	assert_non_null(strstr(s.why, "not here, not"));
	ovnet_etcd_v3_grpc.close(e);
	stop_proxy(proxy);
}

static unsigned lines_of_watch(const char *url)
{
	char at[96], out[2000];
	unsigned n = 0;

	snprintf(at, sizeof(at), "%s/v3/watch", url);
	live_run((char *[]){(char *)"curl", (char *)"-sN", (char *)"--max-time", (char *)"4", at,
			 (char *)"-d",
			 (char *)"{\"create_request\":{\"key\":\"YQ==\",\"progress_notify\":true}}",
			 NULL},
		out, sizeof(out));
	for (const char *p = out; (p = strstr(p, "\"result\"")) != NULL; p++)
		n++;
	return n;
}

/*
 * A member that lost the others would keep a watch and send signs of life on it, for ever. It is
 * to end it, and to refuse the next one.
 */
static void watch_needs_a_leader(void **state)
{
	(void)state;
	struct live_etcd other = {.name = "b"};
	struct seen s = {0}, again = {0};
	char cluster[160];

	live_prepare(&second, "http");
	live_prepare(&other, "http");
	snprintf(cluster, sizeof(cluster), "a=%s,b=%s", second.peer_url, other.peer_url);
	second.name = "a";
	second.cluster = other.cluster = cluster;
	setenv("ETCD_EXPERIMENTAL_WATCH_PROGRESS_NOTIFY_INTERVAL", "500ms", 1);
	live_spawn(&second);
	live_spawn(&other);
	unsetenv("ETCD_EXPERIMENTAL_WATCH_PROGRESS_NOTIFY_INTERVAL");
	live_wait(&second);

	struct ovnet_registry_conf conf = {.endpoints = second.url, .timeout_ms = 2000};
	struct ovnet_registry *e = over->open(base, &conf);
	assert_non_null(e);
	assert_non_null(over->watch(e, at("subnets/"), 1, &watch_cbs, &s));
	assert_true(live_put(&second, at("subnets/x"), "x"));
	wait_for(s.events == 1, 2000);
	wait_for(s.signs > 3 || live_v2(), 4000);
	live_remove(&other);
	wait_for(s.ended == 1, 15000);
	assert_non_null(strstr(s.why, "quorum"));
	assert_true(live_v2() || strstr(s.why, "no leader") != NULL);
	assert_true(live_v2() || lines_of_watch(second.url) > 3);
	assert_non_null(over->watch(e, at("subnets/"), 1, &watch_cbs, &again));
	/* v2: etcd gives a read that wants a quorum seven seconds. */
	wait_for(again.ended == 1, live_v2() ? 20000 : 1000);
	assert_non_null(strstr(again.why, live_v2() ? "quorum" : "leader"));
	over->close(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		live(gateway_switched_off),
		live(server_certificate_without_client_usage),
		live(certificate_with_a_name_and_authentication),
		live(proxy_without_http2),
		live(proxy_without_http2_and_a_login),
		live(events_in_parts),
		live(stopped_server_is_noticed),
		live(dead_server_is_noticed_over_tls),
		live(refusal_without_a_body_or_a_reset),
		on_all(watch_needs_a_leader),
	};
	return cmocka_run_group_tests_name("etcd_transport", tests, start_all, stop_all);
}
