/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waits for <prefix>/config: asked for at once, again when a watch reports it, and with
 * back-off in case the watch does not work.
 */
#include "base/log.h"
#include "base/mem.h"
#include "lease/lease_client_int.h"
#include "loop/timer.h"

OVNET_LOG_TYPE(lease)

static void ask(struct ovnet_lease_client *c);

static void complain(struct ovnet_lease_client *c, const char *text)
{
	lease_set_error(c, text);
	if (nag_due(&c->config.nag, text))
		LOG(WARN, "Couldn't fetch network config: %s", text);
}

/* From either API's watch. */
static void on_events(
	void *arg, const struct ovnet_registry_event *events, size_t n, int64_t revision)
{
	struct ovnet_lease_client *c = arg;

	(void)revision;
	for (size_t i = 0; i < n; i++)
		if (!events[i].removed && strcmp(events[i].kv.key, c->config_key) == 0) {
			ask(c);
			return;
		}
}

static void on_ended(void *arg, const struct ovnet_registry_result *r)
{
	struct ovnet_lease_client *c = arg;

	(void)r; /* asking with back-off goes on and says what is wrong */
	c->config.watch = NULL;
}

static void listen_for_it(struct ovnet_lease_client *c, int64_t revision)
{
	static const struct ovnet_registry_watch_cbs cbs = {.events = on_events, .ended = on_ended};

	if (c->config.watch == NULL)
		c->config.watch = c->ops->watch(c->registry, c->config_key, revision + 1, &cbs, c);
}

static bool usable(
	struct ovnet_lease_client *c, const char *api, const struct ovnet_registry_kv *kv)
{
	char err[256], text[400];

	if (ovnet_netconf_parse(kv->value, kv->value_len, &c->netconf, err, sizeof(err)) == 0)
		return true;
	snprintf(text, sizeof(text), "%s (%s key %s; it is read again when it changes)", err, api,
		c->config_key);
	complain(c, text);
	return false;
}

int lease_config_take(struct ovnet_lease_client *c, const struct ovnet_registry_kv *kv)
{
	char text[400], net[OVNET_PREFIX_STRLEN];

	lease_store_config(c, kv->value, kv->value_len);
	lease_set_error(c, "");
	LOG(NOTICE, "Found network config - Network: %s, Backend type: %s",
		ovnet_prefix4_text(&c->netconf.network, net, sizeof(net)), c->netconf.type);
	if (c->netconf.enable_ipv4)
		return 0;
	snprintf(text, sizeof(text),
		"%s has EnableIPv4 false: nodes are told apart by their IPv4 address, so an "
		"IPv6-only network does not work with etcd (nor does flannel's); enable IPv4",
		c->config_key);
	lease_fatal(c, text);
	return -EINVAL;
}

/* The waiting is over, whichever API had it. */
static void found(struct ovnet_lease_client *c, const struct ovnet_registry_result *r)
{
	c->config.done = true;
	lease_config_stop(c);
	lease_choice_stop(c);
	c->report(c, (struct lease_report){
			     LEASE_CONFIG_FOUND, .kv = &r->kvs[0], .revision = r->revision});
}

/* Nobody has it; `where` says who was asked. */
static void missing(struct ovnet_lease_client *c, const char *where)
{
	const char *endpoint = c->ops->endpoint(c->registry);
	char *text = must_printf(
		"there is no key %s in etcd at %s, %s. Create it: ETCDCTL_API=%s etcdctl "
		"--endpoints=%s %s %s "
		"'{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}'",
		c->config_key, endpoint, where, c->ops->api + 1, endpoint, c->ops->put,
		c->config_key);

	complain(c, text);
	free(text);
}

static void again(struct ovnet_lease_client *c)
{
	c->config.asking = false;
	c->retries++;
	arm_ms(c->config.timer, backoff_next(&c->config.backoff));
}

static void no_config(struct ovnet_lease_client *c, const struct ovnet_registry_result *r)
{
	if (r->status != OVNET_REGISTRY_NOT_FOUND) {
		complain(c, r->text);
		return;
	}
	char *where = must_printf("asked through its %s API (%s)", c->ops->api, r->text);
	missing(c, where);
	free(where);
}

static void only_elsewhere(struct ovnet_lease_client *c)
{
	const char *api = c->other.ops->api;
	char *text = must_printf(
		c->other.missing ? "asked through its %s API (%s), but its %s API has one: "
				   "set etcd.api = \"%s\" or \"auto\" to join that network, "
				   "or make another one"
				 : "%s API: %s; but its %s API has the network config: set "
				   "etcd.api = \"%s\" or \"auto\"",
		c->ops->api, c->other.why, api, api);

	if (c->other.missing)
		missing(c, text);
	else
		complain(c, text);
	free(text);
}

static void nowhere(struct ovnet_lease_client *c, const char *other_why)
{
	char *text =
		must_printf(c->other.missing ? "neither through its %s API (%s) nor through %s (%s)"
					     : "%s API: %s; %s API: %s",
			c->ops->api, c->other.why, c->other.ops->api, other_why);

	if (c->other.missing)
		missing(c, text);
	else
		complain(c, text);
	free(text);
}

/* What the other API says, after lease_choice_ask(). */
static void on_other(struct ovnet_lease_client *c, const struct ovnet_registry_result *r)
{
	if (r->status != OVNET_REGISTRY_OK) {
		nowhere(c, r->text);
	} else if (!c->other.may_switch) {
		only_elsewhere(c);
	} else if (c->store.stale || usable(c, c->other.ops->api, &r->kvs[0])) {
		lease_choice_take(c);
		found(c, r);
		return;
	}
	again(c);
}

static void on_config(void *arg, const struct ovnet_registry_result *r)
{
	struct ovnet_lease_client *c = arg;

	if (r->status == OVNET_REGISTRY_OK &&
		(c->store.stale || usable(c, c->ops->api, &r->kvs[0]))) {
		found(c, r);
		return;
	}
	if (r->status == OVNET_REGISTRY_OK || r->status == OVNET_REGISTRY_NOT_FOUND)
		listen_for_it(c, r->revision);
	if (lease_choice_ask(c, r, on_events, on_other))
		return;
	if (r->status != OVNET_REGISTRY_OK)
		no_config(c, r);
	again(c);
}

static void ask(struct ovnet_lease_client *c)
{
	if (c->config.asking)
		return;
	c->config.asking = true;
	evtimer_del(c->config.timer);
	c->ops->get(c->registry, c->config_key, on_config, c);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	ask(arg);
}

void lease_config_init(struct ovnet_lease_client *c)
{
	c->config.backoff = (struct backoff){.min_ms = 1000, .max_ms = 8000};
	c->config.timer = must(evtimer_new(c->base, on_timer, c));
}

void lease_config_start(struct ovnet_lease_client *c)
{
	ask(c);
}

void lease_config_stop(struct ovnet_lease_client *c)
{
	if (c->config.watch != NULL)
		c->ops->unwatch(c->config.watch);
	c->config.watch = NULL;
	if (c->config.timer != NULL)
		event_free(c->config.timer);
	c->config.timer = NULL;
}
