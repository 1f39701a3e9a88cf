/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/live_node.h"

#include <time.h>

struct event_base *base;
struct live_etcd etcd;
struct live_etcd second;
struct node nodes[NODES_MAX];
const struct ovnet_registry_ops *over = &ovnet_etcd_v3_grpc;
unsigned prefixes;
char prefix[64];

static void fill_attrs(const struct node *n, struct ovnet_lease *own)
{
	if (own->backend != OVNET_BACKEND_VXLAN)
		return;
	own->has_vtep_mac = true;
	own->vtep_mac = n->had_previous && n->previous.has_vtep_mac ? n->previous.vtep_mac : n->mac;
}

static int on_attrs(void *arg, const struct ovnet_netconf *conf, const struct ovnet_lease *previous,
	struct ovnet_lease *own)
{
	struct node *n = arg;

	(void)conf;
	n->had_previous = previous != NULL;
	if (previous != NULL)
		n->previous = *previous;
	fill_attrs(n, own);
	return 0;
}

static void on_acquired(void *arg, const struct ovnet_netconf *conf, const struct ovnet_lease *own)
{
	struct node *n = arg;

	(void)conf;
	n->own = *own;
	n->acquired++;
}

static struct ovnet_lease *peer_at(struct node *n, const struct ovnet_prefix4 *subnet)
{
	for (unsigned i = 0; i < n->n_peers; i++)
		if (ovnet_prefix4_equal(&n->peers[i].subnet, subnet))
			return &n->peers[i];
	return NULL;
}

static void on_set(void *arg, const struct ovnet_lease *lease)
{
	struct node *n = arg;
	struct ovnet_lease *p = peer_at(n, &lease->subnet);

	n->sets++;
	if (p != NULL) {
		assert_false(ovnet_lease_equal(p, lease));
	} else {
		assert_true(n->n_peers < PEERS_MAX);
		p = &n->peers[n->n_peers++];
	}
	*p = *lease;
}

static void on_del(void *arg, const struct ovnet_lease *lease)
{
	struct node *n = arg;
	struct ovnet_lease *p = peer_at(n, &lease->subnet);

	n->dels++;
	assert_non_null(p);
	*p = n->peers[--n->n_peers];
}

void on_lost(
	void *arg, const struct ovnet_lease *was, const struct ovnet_lease *owner, bool leaving)
{
	struct node *n = arg;

	assert_true(ovnet_lease_equal(was, &n->own));
	n->left = leaving;
	n->owner = *owner;
	n->lost++;
}

static void on_config(void *arg, const char *text)
{
	struct node *n = arg;

	snprintf(n->config, sizeof(n->config), "%s", text != NULL ? text : "");
}

static void on_ordered(void *arg, enum ovnet_lease_order order, const char *err)
{
	struct node *n = arg;

	(void)order;
	n->ordered++;
	snprintf(n->order_error, sizeof(n->order_error), "%s", err != NULL ? err : "");
}

static void on_restored(void *arg, int64_t saved_at)
{
	struct node *n = arg;

	n->restored++;
	n->saved_at = saved_at;
}

static void on_synced(void *arg)
{
	((struct node *)arg)->synced++;
}

static void on_fatal(void *arg, const char *text)
{
	(void)text;
	((struct node *)arg)->fatal++;
}

const struct ovnet_lease_callbacks cbs = {
	.attrs = on_attrs,
	.acquired = on_acquired,
	.peer_set = on_set,
	.peer_del = on_del,
	.lost = on_lost,
	.config = on_config,
	.ordered = on_ordered,
	.restored = on_restored,
	.synced = on_synced,
	.fatal = on_fatal,
};

struct ovnet_lease_conf conf_of(unsigned i)
{
	return (struct ovnet_lease_conf){
		.registry = over,
		.registry_conf = {.endpoints = etcd.url, .timeout_ms = 2000},
		.prefix = prefix,
		.public_ip = ovnet_addr_v4(0x0aa80001 + i),
	};
}

struct node *start_with(unsigned i, const struct ovnet_lease_conf *conf)
{
	struct node *n = &nodes[i];

	*n = (struct node){.mac = {{2, 0, 0, 0, 1, (uint8_t)i}}};
	n->client = ovnet_lease_client_new(base, conf, &cbs, n);
	assert_non_null(n->client);
	return n;
}

struct node *start(unsigned i)
{
	struct ovnet_lease_conf conf = conf_of(i);

	return start_with(i, &conf);
}

void stop(struct node *n)
{
	ovnet_lease_client_free(n->client);
	n->client = NULL;
}

struct ovnet_lease_status status(const struct node *n)
{
	struct ovnet_lease_status s;

	ovnet_lease_client_status(n->client, &s);
	return s;
}

int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void run_ms(int64_t ms)
{
	for (int64_t end = now_ms() + ms; now_ms() < end;) {
		struct timeval tick = {.tv_usec = 5000};
		event_base_loopexit(base, &tick);
		event_base_dispatch(base);
	}
}

bool ready(const struct node *n)
{
	return n->synced > 0 && status(n).connected;
}

void fails_with(const struct ovnet_lease_conf *conf, const char *text)
{
	struct node *n = start_with(0, conf);

	wait_for(strstr(status(n).error, text) != NULL, 4000);
	assert_int_equal(status(n).state, OVNET_LEASE_WAIT_CONFIG);
	snprintf(n->why, sizeof(n->why), "%s", status(n).error);
	stop(n);
}

const char *at(const char *rest)
{
	static char buf[4][192];
	static unsigned i;

	i = (i + 1) % 4;
	snprintf(buf[i], sizeof(buf[i]), "%s/%s", prefix, rest);
	return buf[i];
}

const char *key_of(const struct node *n)
{
	char name[OVNET_LEASE_KEY_MAX], rest[100];

	snprintf(rest, sizeof(rest), "subnets/%s",
		ovnet_lease_key_text(&n->own, name, sizeof(name)));
	return at(rest);
}

int set_up(void **state)
{
	over = *state != NULL ? *state : &ovnet_etcd_v3_grpc;
	live_api = strcmp(over->api, "v2") == 0 ? "2" : "3";
	snprintf(prefix, sizeof(prefix), "/test-%u/network", prefixes++);
	return 0;
}

int tear_down(void **state)
{
	(void)state;
	for (unsigned i = 0; i < NODES_MAX; i++)
		stop(&nodes[i]);
	live_remove(&second);
	return 0;
}

int start_all(void **state)
{
	(void)state;
	base = event_base_new();
	live_start(&etcd);
	return base == NULL ? -1 : 0;
}

int stop_all(void **state)
{
	(void)state;
	live_remove(&etcd);
	event_base_free(base);
	return 0;
}
