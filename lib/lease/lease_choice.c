/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keys of etcd's v2 and v3 APIs are two worlds. Where the API in use has no network config, the
 * other one is asked: it is taken instead, or named to the operator. Only a plain "there is
 * none" or "no such API" counts: an outage of one API must not send a node into the leftovers of
 * the other.
 */
#include "base/log.h"
#include "base/mem.h"
#include "lease/lease_client_int.h"

OVNET_LOG_TYPE(lease)

static void on_ended(void *arg, const struct ovnet_registry_result *r)
{
	struct ovnet_lease_client *c = arg;

	(void)r; /* asking with back-off goes on */
	c->other.watch = NULL;
}

static void listen_for_it(struct ovnet_lease_client *c, int64_t revision)
{
	const struct ovnet_registry_watch_cbs cbs = {.events = c->other.events, .ended = on_ended};

	if (c->other.watch == NULL)
		c->other.watch = c->other.ops->watch(
			c->other.registry, c->config_key, revision + 1, &cbs, c);
}

static void on_answer(void *arg, const struct ovnet_registry_result *r)
{
	struct ovnet_lease_client *c = arg;

	c->other.answered(c, r);
	if (c->other.ops != NULL &&
		(r->status == OVNET_REGISTRY_OK || r->status == OVNET_REGISTRY_NOT_FOUND))
		listen_for_it(c, r->revision);
}

bool lease_choice_ask(struct ovnet_lease_client *c, const struct ovnet_registry_result *first,
	lease_choice_events_fn events, lease_choice_answer_fn answered)
{
	if (c->other.ops == NULL || (first->status != OVNET_REGISTRY_NOT_FOUND &&
					    first->status != OVNET_REGISTRY_BROKEN))
		return false;
	c->other.events = events;
	c->other.answered = answered;
	c->other.missing = first->status == OVNET_REGISTRY_NOT_FOUND;
	free(c->other.why);
	c->other.why = must(strdup(first->text));
	c->other.ops->get(c->other.registry, c->config_key, on_answer, c);
	return true;
}

void lease_choice_take(struct ovnet_lease_client *c)
{
	const struct ovnet_registry_ops *ops = c->other.ops;
	struct ovnet_registry *registry = c->other.registry;
	struct ovnet_registry_watch *watch = c->other.watch;

	LOG(NOTICE, "etcd.api = auto: taking %s, which has the network config; %s has not (%s)",
		ops->api, c->ops->api, c->other.why);
	c->other.ops = c->ops;
	c->other.registry = c->registry;
	c->other.watch = c->config.watch;
	c->ops = ops;
	c->registry = registry;
	c->config.watch = watch;
}

void lease_choice_stop(struct ovnet_lease_client *c)
{
	if (c->other.ops == NULL)
		return;
	if (c->other.watch != NULL)
		c->other.ops->unwatch(c->other.watch);
	c->other.watch = NULL;
	c->other.ops->close(c->other.registry);
	c->other.ops = NULL;
}
