/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many nodes that want a subnet at the same moment: the lease logic of as many daemons, without the
 * rest of them. Ends when each holds one and knows all others; the leases stay.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lease/lease_client.h"
#include "lease/registry/etcd/etcd.h"

#define NODES_MAX  250
#define PATIENCE_S 60

struct node {
	struct ovnet_lease_client *client;
	struct ovnet_mac mac;
	unsigned peers, acquired;
	bool synced;
};

static struct node nodes[NODES_MAX];
static unsigned n_nodes;
static struct event_base *base;

static int on_attrs(void *arg, const struct ovnet_netconf *conf, const struct ovnet_lease *previous,
	struct ovnet_lease *own)
{
	const struct node *n = arg;

	(void)conf, (void)previous;
	own->has_vtep_mac = true;
	own->vtep_mac = n->mac;
	return 0;
}

static void look(void)
{
	for (unsigned i = 0; i < n_nodes; i++)
		if (nodes[i].acquired != 1 || !nodes[i].synced || nodes[i].peers < n_nodes - 1)
			return;
	event_base_loopbreak(base);
}

static void on_acquired(void *arg, const struct ovnet_netconf *conf, const struct ovnet_lease *own)
{
	(void)conf, (void)own;
	((struct node *)arg)->acquired++;
}

static void on_peer(void *arg, const struct ovnet_lease *lease)
{
	(void)lease;
	((struct node *)arg)->peers++;
	look();
}

static void on_gone(void *arg, const struct ovnet_lease *lease)
{
	(void)lease;
	((struct node *)arg)->peers--;
}

static void on_synced(void *arg)
{
	((struct node *)arg)->synced = true;
	look();
}

static void give_up(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "claimers: %s\n", text);
	exit(1);
}

static const struct ovnet_lease_callbacks cbs = {
	.attrs = on_attrs,
	.acquired = on_acquired,
	.peer_set = on_peer,
	.peer_del = on_gone,
	.synced = on_synced,
	.fatal = give_up,
};

static void start(unsigned i, const struct ovnet_lease_conf *conf)
{
	nodes[i].mac = (struct ovnet_mac){{2, 0, 0, 0, 1, (uint8_t)i}};
	nodes[i].client = ovnet_lease_client_new(base, conf, &cbs, &nodes[i]);
	if (nodes[i].client == NULL)
		give_up(NULL, "a node does not start");
}

static void on_patience(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	give_up(arg, "not all hold a lease and know the others in a minute");
}

static void run(struct ovnet_lease_conf conf)
{
	static const struct timeval patience = {.tv_sec = PATIENCE_S};
	uint32_t first = ntohl(conf.public_ip.v4_be);

	base = event_base_new();
	if (base == NULL || event_base_once(base, -1, EV_TIMEOUT, on_patience, NULL, &patience) < 0)
		give_up(NULL, "no memory");
	for (unsigned i = 0; i < n_nodes; i++) {
		conf.public_ip = ovnet_addr_v4(first + i);
		start(i, &conf);
	}
	if (event_base_dispatch(base) < 0)
		give_up(NULL, "the event loop fails");
	for (unsigned i = 0; i < n_nodes; i++)
		ovnet_lease_client_free(nodes[i].client);
	event_base_free(base);
}

/* "" for what is not there: no TLS. */
int main(int argc, char **argv)
{
	struct ovnet_lease_conf conf = {0};

	if (argc != 9 || ovnet_addr_parse(argv[3], &conf.public_ip) < 0) {
		fprintf(stderr,
			"usage: claimers v3|v2 NODES FIRST_IP PREFIX ENDPOINTS CA CERT KEY\n");
		return 2;
	}
	n_nodes = (unsigned)strtoul(argv[2], NULL, 10);
	if (n_nodes < 1 || n_nodes > NODES_MAX)
		give_up(NULL, "too many nodes, or none");
	conf.registry = strcmp(argv[1], "v2") == 0 ? &ovnet_etcd_v2 : &ovnet_etcd_v3;
	conf.prefix = argv[4];
	conf.registry_conf = (struct ovnet_registry_conf){.endpoints = argv[5],
		.cafile = argv[6],
		.certfile = argv[7],
		.keyfile = argv[8],
		.timeout_ms = 10000};
	run(conf);
	return 0;
}
