/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The whole lease tree as it stands, read once from outside of a daemon: nothing is written. Has an
 * event loop of its own and waits; for programs that do nothing else meanwhile.
 */
#ifndef OVNET_LEASE_TREE_READ_H
#define OVNET_LEASE_TREE_READ_H

#include "lease/lease_client.h"

struct lease_tree_key {
	char *key;  /* whole */
	char *name; /* in there, what stands behind "subnets/"; NULL: it begins with it, but has no
		       slash */
	char *value;
	size_t value_len;
	int64_t created;    /* revision */
	int64_t ttl_handle; /* 0: none */
	uint32_t ttl_s;     /* what is left; 0: no TTL, or not told */
};

struct lease_tree {
	const char *api;            /* that was taken: "v3", "v2", "file" */
	char *transport, *endpoint; /* as ovnet_lease_status */
	char *version;              /* of etcd; "": not told */
	char *config_key;           /* "<prefix>/config" */
	char *config_error;         /* why there is no `netconf`; "": there is one */
	char *error;                /* why there are no keys; "": they are all there */
	bool config_found;          /* the key is there, be it good or not */
	bool denied;                /* `error` is a matter of certificate, password, permission */
	const char *also;           /* the other API, which has a network config too; NULL */
	struct ovnet_netconf netconf;
	int64_t revision;
	struct lease_tree_key *keys; /* sorted by key */
	size_t n, room;
	bool ttls_missing; /* of some: etcd did not tell */
};

enum lease_tree_depth {
	LEASE_TREE_CONFIG, /* the network config alone, by this API or the other */
	LEASE_TREE_KEYS,
	LEASE_TREE_TTLS, /* also what is left of each, a request a key in v3 */
};

/*
 * By the registries, prefix and credentials of `conf`. 0, or -EIO: `error` says why. Free it either
 * way.
 */
int lease_tree_read(
	const struct ovnet_lease_conf *conf, enum lease_tree_depth depth, struct lease_tree *out);
void lease_tree_free(struct lease_tree *t);

/* tree_keys.c */
void lease_tree_add(struct lease_tree *t, const struct ovnet_registry_kv *kv, const char *subnets);
void lease_tree_sort(struct lease_tree *t);

#endif
