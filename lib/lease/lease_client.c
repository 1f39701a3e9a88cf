/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/lease_client.h"

#include <errno.h>

#include "base/log.h"
#include "base/mem.h"
#include "lease/lease_client_int.h"
#include "lease/lease_path.h"
#include "loop/timer.h"

OVNET_LOG_TYPE(lease)

static void on_peer_set(void *arg, const struct ovnet_lease *lease)
{
	struct ovnet_lease_client *c = arg;

	c->cbs.peer_set(c->arg, lease);
	lease_store_changed(c);
}

static void on_peer_del(void *arg, const struct ovnet_lease *lease)
{
	struct ovnet_lease_client *c = arg;

	c->cbs.peer_del(c->arg, lease);
	lease_store_changed(c);
}

/* Both or none. */
static int open_registries(struct ovnet_lease_client *c, const struct ovnet_lease_conf *conf)
{
	c->ops = conf->registry;
	c->registry = c->ops->open(c->base, &conf->registry_conf);
	if (c->registry == NULL)
		return -EINVAL;
	if (conf->other_registry == NULL)
		return 0;
	c->other.registry = conf->other_registry->open(c->base, &conf->registry_conf);
	if (c->other.registry == NULL) {
		c->ops->close(c->registry);
		return -EINVAL;
	}
	c->other.ops = conf->other_registry;
	c->other.may_switch = conf->may_switch;
	return 0;
}

struct ovnet_lease_client *ovnet_lease_client_new(struct event_base *base,
	const struct ovnet_lease_conf *conf, const struct ovnet_lease_callbacks *cbs, void *arg)
{
	if (conf->public_ip.family != AF_INET || !ovnet_addr_is_unicast(&conf->public_ip)) {
		LOG(ERR, "the node needs an IPv4 address to be known by: set node.public-ip");
		return NULL;
	}
	struct ovnet_lease_client *c = must(calloc(1, sizeof(*c)));
	c->base = base;
	if (open_registries(c, conf) < 0) {
		free(c);
		return NULL;
	}
	c->error = must(strdup(""));
	c->report = lease_flow;
	c->cbs = *cbs;
	c->arg = arg;
	c->public_ip = conf->public_ip;
	c->public_ip6 = conf->public_ip6;
	c->previous = (struct ovnet_lease){.subnet = conf->previous,
		.has_v6 = conf->previous6.len != 0,
		.subnet6 = conf->previous6};
	c->on_lost = conf->on_lost;
	c->renew_margin_s = conf->renew_margin_s != 0 ? conf->renew_margin_s : 3600;
	c->ttl_s = conf->ttl_s != 0 ? conf->ttl_s : 86400;
	c->config_key = lease_path(conf->prefix, "/config");
	c->subnets_prefix = lease_path(conf->prefix, "/subnets/");
	c->table = lease_table_new(&(struct lease_table_conf){.public_ip = conf->public_ip,
		.public_ip6 = conf->public_ip6,
		.peer_set = on_peer_set,
		.peer_del = on_peer_del,
		.arg = c});
	lease_table_set_netconf(c->table, &c->netconf);
	lease_config_init(c);
	lease_reconf_init(c);
	lease_acquire_init(c);
	lease_own_init(c);
	lease_sync_init(c);
	lease_store_init(c, conf->snapshot);
	lease_resume_init(c);
	lease_flow(c, (struct lease_report){LEASE_STARTED});
	return c;
}

void ovnet_lease_client_free(struct ovnet_lease_client *c)
{
	if (c == NULL)
		return;
	lease_resume_stop(c);
	lease_store_stop(c);
	lease_sync_stop(c);
	lease_own_stop(c);
	lease_acquire_stop(c);
	lease_reconf_stop(c);
	lease_config_stop(c);
	lease_choice_stop(c);
	c->ops->close(c->registry);
	lease_table_free(c->table);
	free(c->config_key);
	free(c->subnets_prefix);
	free(c->other.why);
	free(c->error);
	free(c);
}

/* The waiting for the config, or for our lease. */
static void hurry(struct event *timer, struct backoff *backoff)
{
	backoff_reset(backoff);
	if (timer != NULL && evtimer_pending(timer, NULL))
		arm_ms(timer, 0);
}

int ovnet_lease_client_retarget(
	struct ovnet_lease_client *c, const struct ovnet_registry_conf *conf)
{
	int rc = c->ops->retarget != NULL ? c->ops->retarget(c->registry, conf) : 0;

	if (rc < 0)
		return rc;
	/* What one took the other takes. */
	if (c->other.ops != NULL && c->other.ops->retarget != NULL &&
		c->other.ops->retarget(c->other.registry, conf) < 0)
		return -EINVAL;
	hurry(c->config.timer, &c->config.backoff);
	hurry(c->acquire.timer, &c->acquire.backoff);
	lease_sync_hurry(c);
	if (c->own.held)
		lease_own_look_soon(c);
	return 0;
}

static uint32_t retry_in_ms(const struct ovnet_lease_client *c)
{
	const struct event *const timers[] = {c->config.timer, c->acquire.timer, c->sync.timer};

	for (unsigned i = 0; i < 3; i++)
		if (timer_left_ms(timers[i]) > 0)
			return timer_left_ms(timers[i]);
	return 0;
}

void ovnet_lease_client_status(const struct ovnet_lease_client *c, struct ovnet_lease_status *out)
{
	*out = (struct ovnet_lease_status){
		.state = c->state,
		.connected = c->sync.connected,
		.stale = c->store.stale,
		.saved_at = c->store.saved_at,
		.away_s = c->sync.away ? (uint32_t)((monotonic_ms() - c->sync.since_ms) / 1000) : 0,
		.retry_in_ms = c->sync.connected ? 0 : retry_in_ms(c),
		.transport =
			c->ops->transport != NULL ? c->ops->transport(c->registry) : c->ops->name,
		.endpoint = c->ops->endpoint(c->registry),
		.error = c->error,
		.revision = c->revision,
		.renewed_at = c->own.renewed_at,
		.expires_at = c->own.expires_at,
		.events = c->events,
		.resyncs = c->resyncs,
		.renewals = c->renewals,
		.retries = c->retries,
		.invalid = lease_table_invalid(c->table),
		.peers = lease_table_peers(c->table),
		.sync_ms = (uint32_t)c->sync.took_ms,
	};
}

bool ovnet_lease_client_own(const struct ovnet_lease_client *c, struct ovnet_lease_own *out)
{
	if (c->own.key == NULL)
		return false;
	*out = (struct ovnet_lease_own){
		.held = c->own.held && !c->own.lost,
		.reserved = c->own.handle == 0,
		.key = c->own.key,
		.value = c->own.value,
		.handle = c->own.handle,
		.revision = c->own.revision,
		.since = c->own.since,
		.renewed_at = c->own.renewed_at,
		.expires_at = c->own.expires_at,
	};
	return true;
}

bool ovnet_lease_client_clash(
	const struct ovnet_lease_client *c, struct ovnet_lease *one, struct ovnet_lease *other)
{
	return lease_table_clash(c->table, one, other);
}

void ovnet_lease_client_each(const struct ovnet_lease_client *c,
	void (*fn)(void *arg, const struct ovnet_lease *lease, bool own), void *arg)
{
	lease_table_each(c->table, fn, arg);
}

void ovnet_lease_client_each_invalid(const struct ovnet_lease_client *c,
	void (*fn)(void *arg, const char *key, const char *why), void *arg)
{
	lease_table_each_invalid(c->table, fn, arg);
}
