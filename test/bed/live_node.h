/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Nodes that run the lease client against one private etcd, in one event loop. A group runs between
 * start_all() and stop_all(), a case between set_up() and tear_down(), which free all of it.
 */
#ifndef OVNET_BED_LIVE_NODE_H
#define OVNET_BED_LIVE_NODE_H

#include <errno.h>
#include <event2/event.h>

#include "bed/cmocka.h"
#include "bed/live_etcd.h"
#include "lease/lease_client.h"
#include "lease/registry/etcd/etcd.h"

#define NODES_MAX 100 /* of any suite */
#define PEERS_MAX 128
#define VXLAN     "{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}"

/* A node as the daemon would be: it keeps what it is told. */
struct node {
	struct ovnet_lease_client *client;
	struct ovnet_lease own, previous;
	struct ovnet_lease peers[PEERS_MAX];
	unsigned n_peers, acquired, sets, dels, synced, fatal, lost;
	struct ovnet_lease owner;
	bool left;
	char config[512]; /* what was said of it last */
	unsigned ordered, restored;
	int64_t saved_at;
	char order_error[256];
	bool had_previous;
	struct ovnet_mac mac;
	char why[600]; /* what fails_with() found */
};

extern struct event_base *base;
extern struct live_etcd etcd;
extern struct live_etcd second; /* one that a single case may start, hurt and lose */
extern struct node nodes[NODES_MAX];
extern const struct ovnet_registry_ops *over; /* the transport under test */
extern unsigned prefixes;
extern char prefix[64];

void on_lost(
	void *arg, const struct ovnet_lease *was, const struct ovnet_lease *owner, bool leaving);

extern const struct ovnet_lease_callbacks cbs;

struct ovnet_lease_conf conf_of(unsigned i);
struct node *start_with(unsigned i, const struct ovnet_lease_conf *conf);
struct node *start(unsigned i);
void stop(struct node *n);
struct ovnet_lease_status status(const struct node *n);
int64_t now_ms(void);
void run_ms(int64_t ms);

#define wait_for(cond, ms)                                                        \
	do {                                                                      \
		for (int64_t end_ = now_ms() + (ms); !(cond) && now_ms() < end_;) \
			run_ms(5);                                                \
		if (!(cond))                                                      \
			fail_msg("not within %d ms: %s", (ms), #cond);            \
	} while (0)

bool ready(const struct node *n);
void fails_with(const struct ovnet_lease_conf *conf, const char *text);

/* "<prefix>/<rest>" in one of a few buffers. */
const char *at(const char *rest);

const char *key_of(const struct node *n);

/* A case's state is the transport it runs over. */
int set_up(void **state);
int tear_down(void **state);
int start_all(void **state);
int stop_all(void **state);

#define live_over(label, f, transport)                                           \
	{                                                                        \
		.name = label #f, .test_func = f, .setup_func = set_up,          \
		.teardown_func = tear_down, .initial_state = (void *)(transport) \
	}
#define live(f)   live_over("", f, &ovnet_etcd_v3_grpc)
#define on_v2(f)  live_over("v2: ", f, &ovnet_etcd_v2)
#define on_v3(f)  live(f), live_over("json: ", f, &ovnet_etcd_v3_json)
#define on_all(f) on_v3(f), on_v2(f)

#endif
