/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First the network config, then whether etcd's other API has one, too, then etcd's version, all
 * keys, then what is left of their TTLs, some at a time.
 */
#include "lease/tree_read.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "lease/lease_path.h"

#define TTLS_AT_ONCE 32

struct reader {
	struct event_base *base;
	const struct ovnet_lease_conf *conf;
	struct lease_tree *tree;
	const struct ovnet_registry_ops *ops, *other_ops;
	struct ovnet_registry *registry, *other; /* `other` may be NULL */
	char *subnets;                           /* "<prefix>/subnets/" */
	enum lease_tree_depth depth;
	bool wide;              /* the listing */
	bool absent;            /* absent: no network config in `registry` */
	size_t asked, answered; /* TTLs */
};

struct ttl_call {
	struct reader *r;
	size_t key;
};

static void set(char **text, const char *what)
{
	free(*text);
	*text = must(strdup(what));
}

static void stop(struct reader *r, const char *error)
{
	set(&r->tree->error, error);
	event_base_loopbreak(r->base);
}

static void ask_ttls(struct reader *r);

static void on_ttl(void *arg, const struct ovnet_registry_result *res)
{
	struct ttl_call *call = arg;
	struct reader *r = call->r;

	if (res->status == OVNET_REGISTRY_OK && res->n_kvs == 1)
		r->tree->keys[call->key].ttl_s = res->kvs[0].ttl_s;
	else if (res->status != OVNET_REGISTRY_NOT_FOUND) /* it ended meanwhile */
		r->tree->ttls_missing = true;
	free(call);
	r->answered++;
	ask_ttls(r);
}

/* What one failed to get, the others would fail to get as well, each after its time-out. */
static void ask_ttls(struct reader *r)
{
	struct lease_tree *t = r->tree;

	while (r->asked < t->n && r->asked - r->answered < TTLS_AT_ONCE && !t->ttls_missing) {
		size_t at = r->asked++;
		if (t->keys[at].ttl_handle == 0) {
			r->answered++;
			continue;
		}
		struct ttl_call *call = must(malloc(sizeof(*call)));
		*call = (struct ttl_call){r, at};
		r->ops->ttl(r->registry, t->keys[at].ttl_handle, on_ttl, call);
	}
	if (r->asked == r->answered)
		stop(r, "");
}

static void list(struct reader *r, bool wide);

static void on_list(void *arg, const struct ovnet_registry_result *res)
{
	struct reader *r = arg;

	if (res->status == OVNET_REGISTRY_DENIED && r->wide) {
		list(r, false);
		return;
	}
	if (res->status != OVNET_REGISTRY_OK) {
		r->tree->denied = res->status == OVNET_REGISTRY_DENIED;
		stop(r, res->text);
		return;
	}
	for (size_t i = 0; i < res->n_kvs; i++)
		lease_tree_add(r->tree, &res->kvs[i], r->subnets);
	if (res->more)
		return;
	r->tree->revision = res->revision;
	lease_tree_sort(r->tree);
	if (r->depth == LEASE_TREE_TTLS && r->ops->ttl != NULL)
		ask_ttls(r);
	else
		stop(r, "");
}

/*
 * flanneld takes every key of v3 that begins with "<prefix>/subnets" for one of a lease; who may
 * read no more than the leases does without those beside them.
 */
static void list(struct reader *r, bool wide)
{
	char *from = must(strdup(r->subnets));

	r->wide = wide;
	if (wide)
		from[strlen(from) - 1] = '\0';
	r->ops->list(r->registry, from, on_list, r);
	free(from);
}

static void list_all(struct reader *r)
{
	list(r, strcmp(r->ops->api, "v3") == 0);
}

static void on_version(void *arg, const struct ovnet_registry_result *res)
{
	struct reader *r = arg;

	if (res->status == OVNET_REGISTRY_OK && res->n_kvs == 1)
		set(&r->tree->version, res->kvs[0].value);
	list_all(r);
}

/* Of whoever answered before. */
static void ask_version(struct reader *r)
{
	if (r->ops->about != NULL)
		r->ops->about(r->registry, on_version, r);
	else
		list_all(r);
}

static void take_config(struct reader *r, const struct ovnet_registry_result *res)
{
	char err[256];

	set(&r->tree->config_error, res->text);
	r->tree->config_found = res->status == OVNET_REGISTRY_OK && res->n_kvs == 1;
	if (!r->tree->config_found)
		return;
	if (ovnet_netconf_parse(res->kvs[0].value, res->kvs[0].value_len, &r->tree->netconf, err,
		    sizeof(err)) < 0)
		set(&r->tree->config_error, err);
	else
		set(&r->tree->config_error, "");
}

/* Ours has none, this one has: as the daemon would. */
static void take_other(struct reader *r, const struct ovnet_registry_result *res)
{
	struct ovnet_registry *registry = r->registry;
	const struct ovnet_registry_ops *ops = r->ops;

	r->registry = r->other;
	r->ops = r->other_ops;
	r->other = registry;
	r->other_ops = ops;
	take_config(r, res);
}

static void on_other(void *arg, const struct ovnet_registry_result *res)
{
	struct reader *r = arg;

	if (res->status == OVNET_REGISTRY_OK && r->absent && r->conf->may_switch)
		take_other(r, res);
	else if (res->status == OVNET_REGISTRY_OK)
		r->tree->also = r->other_ops->api;
	if (r->depth == LEASE_TREE_CONFIG)
		stop(r, "");
	else
		ask_version(r);
}

/* Only a plain "there is none" or "no such API" sends one to the other API. */
static void on_config(void *arg, const struct ovnet_registry_result *res)
{
	struct reader *r = arg;

	take_config(r, res);
	r->absent = res->status == OVNET_REGISTRY_NOT_FOUND || res->status == OVNET_REGISTRY_BROKEN;
	if (res->status != OVNET_REGISTRY_OK && !r->absent) {
		r->tree->denied = res->status == OVNET_REGISTRY_DENIED;
		stop(r, res->text);
	} else if (r->depth == LEASE_TREE_CONFIG && (!r->absent || r->other == NULL)) {
		stop(r, "");
	} else if (r->other != NULL) {
		r->other_ops->get(r->other, r->tree->config_key, on_other, r);
	} else {
		ask_version(r);
	}
}

static int open_registries(struct reader *r)
{
	const struct ovnet_lease_conf *c = r->conf;

	r->ops = c->registry;
	r->registry = r->ops->open(r->base, &c->registry_conf);
	if (r->registry == NULL)
		return -EIO;
	r->other_ops = c->other_registry;
	if (r->other_ops != NULL)
		r->other = r->other_ops->open(r->base, &c->registry_conf);
	return r->other_ops == NULL || r->other != NULL ? 0 : -EIO;
}

static void run(struct reader *r)
{
	r->ops->get(r->registry, r->tree->config_key, on_config, r);
	event_base_dispatch(r->base);
	r->tree->api = r->ops->api;
	set(&r->tree->endpoint, r->ops->endpoint(r->registry));
	set(&r->tree->transport,
		r->ops->transport != NULL ? r->ops->transport(r->registry) : r->ops->name);
}

int lease_tree_read(
	const struct ovnet_lease_conf *conf, enum lease_tree_depth depth, struct lease_tree *out)
{
	struct reader r = {.base = must(event_base_new()),
		.conf = conf,
		.tree = out,
		.subnets = lease_path(conf->prefix, "/subnets/"),
		.depth = depth};

	*out = (struct lease_tree){.api = conf->registry->api};
	set(&out->error, "its endpoints or files are not good, see the log");
	set(&out->config_error, "");
	set(&out->transport, conf->registry->name);
	set(&out->endpoint, "");
	set(&out->version, "");
	out->config_key = lease_path(conf->prefix, "/config");
	if (open_registries(&r) == 0)
		run(&r);
	if (r.other != NULL)
		r.other_ops->close(r.other);
	if (r.registry != NULL)
		r.ops->close(r.registry);
	event_base_free(r.base);
	free(r.subnets);
	return out->error[0] == '\0' ? 0 : -EIO;
}
