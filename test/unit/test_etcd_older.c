/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Servers older than the one there is to test with. In front of that a small one answers for
 * paths as etcd of that version does; what it lets through is a real etcd's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/live_node.h"
#include "bed/live_proxy.h"

#define NOT_FOUND "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n404 page not found\n"
#define BAD       "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
#define VERSION                                        \
	"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" \
	"{\"etcdserver\":\"2.3.8\",\"etcdcluster\":\"2.3.0\"}"

/* What is sent so far, once it has a whole line; "" if none comes. */
static void read_head(int fd, char *out, size_t size)
{
	size_t len = 0;
	ssize_t n;

	out[0] = '\0';
	while (strstr(out, "\r\n") == NULL && len + 1 < size &&
		(n = read(fd, out + len, size - 1 - len)) > 0) {
		len += (size_t)n;
		out[len] = '\0';
	}
}

static void answer(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) > 0)
		shutdown(fd, SHUT_WR);
}

/* The request that `head` begins goes to `path` plus `rest`, and no other follows it. */
static void pass_on(
	int fd, const char *server, const char *head, const char *path, const char *rest)
{
	int to = dial(server);
	const char *line_end = strstr(rest, "\r\n");

	dprintf(to, "%.*s%s%.*s\r\nConnection: close%s", (int)strcspn(head, "/"), head, path,
		(int)(line_end - rest), rest, line_end);
	shovel(fd, to);
}

/* etcd 3.2 or 3.3: the gateway is at `root`. */
static const char *root;

static void older_gateway(int fd, const char *server)
{
	char head[4096];

	read_head(fd, head, sizeof(head));
	const char *path = strchr(head, '/');
	if (strncmp(head, "PRI ", 4) == 0 || path == NULL)
		answer(fd, BAD);
	else if (strncmp(path, root, strlen(root)) == 0 && path[strlen(root)] == '/')
		pass_on(fd, server, head, "/v3", path + strlen(root));
	else
		answer(fd, NOT_FOUND);
}

static void etcd_2(int fd, const char *server)
{
	char head[4096];

	read_head(fd, head, sizeof(head));
	const char *path = strchr(head, '/');
	if (strncmp(head, "PRI ", 4) == 0 || path == NULL)
		answer(fd, BAD);
	else if (strncmp(path, "/v2/", 4) == 0)
		pass_on(fd, server, head, "/v2/", path + 4);
	else
		answer(fd, strncmp(path, "/version ", 9) == 0 ? VERSION : NOT_FOUND);
}

static void works_at(const char *path, const struct ovnet_registry_ops *ops)
{
	struct ovnet_lease_conf conf = conf_of(0);
	char url[64], key[192];

	root = path;
	pid_t proxy = start_proxy(etcd.url, older_gateway, url, sizeof(url));
	assert_true(live_put(&etcd, at("config"), VXLAN));
	conf.registry = ops;
	conf.registry_conf.endpoints = url;
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	assert_string_equal(status(n).transport, "v3/json");
	assert_string_equal(status(n).error, "");
	assert_int_equal(status(n).retries, 0);
	assert_true(live_put(&etcd, at("subnets/10.5.0.0-24"), "{\"PublicIP\":\"10.168.0.50\"}"));
	wait_for(n->n_peers == 1, 2000);
	snprintf(key, sizeof(key), "%s", key_of(n));
	assert_true(live_has_ttl(&etcd, key));

	/* Gone, it is claimed again: grant, txn, and a watch that saw it. */
	assert_true(live_del(&etcd, key));
	wait_for(live_has_ttl(&etcd, key), 4000);
	stop(n);
	stop_proxy(proxy);
}

static void gateway_of_3_3(void **state)
{
	(void)state;
	works_at("/v3beta", &ovnet_etcd_v3_json);
	works_at("/v3beta", &ovnet_etcd_v3);
}

static void gateway_of_3_2(void **state)
{
	(void)state;
	works_at("/v3alpha", &ovnet_etcd_v3_json);
}

/* As while a cluster is updated: each member is asked where its own gateway is. */
static void members_of_two_versions(void **state)
{
	(void)state;
	struct ovnet_lease_conf conf = conf_of(0);
	char url[64], both[160], second_url[64];

	root = "/v3alpha";
	pid_t proxy = start_proxy(etcd.url, older_gateway, url, sizeof(url));
	root = "/v3beta";
	pid_t newer = start_proxy(etcd.url, older_gateway, second_url, sizeof(second_url));
	snprintf(both, sizeof(both), "%s,%s", url, second_url);
	assert_true(live_put(&etcd, at("config"), VXLAN));
	conf.registry = &ovnet_etcd_v3_json;
	conf.registry_conf.endpoints = both;
	struct node *n = start_with(0, &conf);
	wait_for(ready(n), 5000);
	bool first = strcmp(status(n).endpoint, url) == 0;
	stop_proxy(first ? proxy : newer);
	assert_true(live_del(&etcd, key_of(n)));
	wait_for(live_has_ttl(&etcd, key_of(n)), 8000);
	wait_for(status(n).connected, 4000);
	stop_proxy(first ? newer : proxy);
}

static void v2_is_found(void **state)
{
	static const struct ovnet_registry_ops *const first[] = {
		&ovnet_etcd_v3_grpc, &ovnet_etcd_v3_json, &ovnet_etcd_v3};
	(void)state;
	struct ovnet_lease_conf conf = conf_of(0);
	char url[64];
	pid_t proxy = start_proxy(etcd.url, etcd_2, url, sizeof(url));

	assert_true(live_put(&etcd, at("config"), VXLAN));
	conf.registry_conf.endpoints = url;
	conf.other_registry = &ovnet_etcd_v2;
	conf.may_switch = true;
	/* Of etcd 2, and of one with both APIs. */
	for (unsigned i = 0; i < 6; i++) {
		conf.registry_conf.endpoints = i < 3 ? url : etcd.url;
		conf.registry = first[i % 3];
		struct node *n = start_with(0, &conf);
		wait_for(ready(n), 5000);
		assert_string_equal(status(n).transport, "v2");
		stop(n);
	}

	/* Told to use v3, it says why that cannot be, and what has the config. */
	conf.registry_conf.endpoints = url;
	conf.registry = &ovnet_etcd_v3_grpc;
	conf.may_switch = false;
	fails_with(&conf, "this is etcd 2.3.8, which has no v3 API");
	assert_non_null(strstr(nodes[0].why, "set etcd.api = \"v2\""));
	assert_null(strstr(nodes[0].why, "Create it"));
	stop_proxy(proxy);
}

/* The same silence from one that is about to start says nothing about what v2 may hold. */
static void closed_is_not_too_old(void **state)
{
	(void)state;
	struct ovnet_lease_conf conf = conf_of(0);
	char url[64];

	root = "/none";
	pid_t proxy = start_proxy(etcd.url, older_gateway, url, sizeof(url));
	assert_true(live_put(&etcd, at("config"), VXLAN));
	conf.registry = &ovnet_etcd_v3_grpc;
	conf.other_registry = &ovnet_etcd_v2;
	conf.may_switch = true;
	conf.registry_conf.endpoints = url;
	fails_with(&conf, "a proxy without HTTP/2");
	assert_null(strstr(nodes[0].why, "v2"));
	stop_proxy(proxy);
}

/* However many there are, an operator sees what each of them said. */
static void every_endpoint_is_named(void **state)
{
	(void)state;
	enum { N = 12 };
	struct ovnet_lease_conf conf = conf_of(0);
	char list[N * 64] = "", urls[N][64];

	for (unsigned i = 0; i < N; i++) {
		snprintf(urls[i], sizeof(urls[i]), "http://127.0.1.%u:%d", i + 1, live_free_port());
		strcat(strcat(list, i > 0 ? "," : ""), urls[i]);
	}
	conf.registry_conf.endpoints = list;
	fails_with(&conf, "connection refused");
	struct node *n = start_with(0, &conf);
	wait_for(status(n).error[0] != '\0', 4000);
	for (unsigned i = 0; i < N; i++)
		assert_non_null(strstr(status(n).error, urls[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		live(gateway_of_3_3),
		live(gateway_of_3_2),
		live(members_of_two_versions),
		on_v2(v2_is_found),
		on_v2(closed_is_not_too_old),
		on_all(every_endpoint_is_named),
	};
	return cmocka_run_group_tests_name("etcd_older", tests, start_all, stop_all);
}
