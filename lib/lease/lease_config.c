/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waits for <prefix>/config: asked for at once, again when a watch reports it, and with
 * back-off in case the watch does not work.
 */
#include "lease_client_int.h"
#include "log.h"
#include "mem.h"

OVNET_LOG_TYPE(lease)

static void ask(struct ovnet_lease_client *c);

static void complain(struct ovnet_lease_client *c, const char *text)
{
	lease_set_error(c, text);
	if (nag_due(&c->config.nag, text))
		LOG(WARN, "Couldn't fetch network config: %s", text);
}

static void on_events(void *arg, const struct ovnet_etcd_event *events, size_t n, int64_t revision)
{
	struct ovnet_lease_client *c = arg;

	(void)revision;
	for (size_t i = 0; i < n; i++)
		if (!events[i].removed && strcmp(events[i].kv.key, c->config_key) == 0) {
			ask(c);
			return;
		}
}

static void on_ended(void *arg, const struct ovnet_etcd_result *r)
{
	struct ovnet_lease_client *c = arg;

	(void)r; /* asking with back-off goes on and says what is wrong */
	c->config.watch = NULL;
}

static void listen_for_it(struct ovnet_lease_client *c, int64_t revision)
{
	static const struct ovnet_etcd_watch_cbs cbs = {.events = on_events, .ended = on_ended};

	if (c->config.watch == NULL)
		c->config.watch = c->ops->watch(c->etcd, c->config_key, revision + 1, &cbs, c);
}

static void found(struct ovnet_lease_client *c, const struct ovnet_etcd_kv *kv)
{
	char err[256], text[400], net[OVNET_PREFIX_STRLEN];

	if (c->store.stale) {
		c->config.done = true;
		lease_resume_end(c, kv);
		return;
	}
	if (ovnet_netconf_parse(kv->value, kv->value_len, &c->netconf, err, sizeof(err)) < 0) {
		snprintf(text, sizeof(text), "%s (key %s; it is read again when it changes)", err,
			c->config_key);
		complain(c, text);
		return;
	}
	c->config.done = true;
	lease_store_config(c, kv->value, kv->value_len);
	lease_set_error(c, "");
	LOG(NOTICE, "Found network config - Network: %s, Backend type: %s",
		ovnet_prefix4_text(&c->netconf.network, net, sizeof(net)), c->netconf.type);
	if (!c->netconf.enable_ipv4) {
		snprintf(text, sizeof(text),
			"%s has EnableIPv4 false: nodes are told apart by their IPv4 address, so "
			"an "
			"IPv6-only network does not work with etcd (nor does flannel's); enable "
			"IPv4",
			c->config_key);
		lease_fatal(c, text);
		return;
	}
	c->state = OVNET_LEASE_ACQUIRE;
	lease_acquire_start(c);
}

static void missing(struct ovnet_lease_client *c)
{
	char text[480];

	snprintf(text, sizeof(text),
		"there is no key %s in etcd at %s (v3 keys; what etcdctl wrote with ETCDCTL_API=2 "
		"does not count). Create it: ETCDCTL_API=3 etcdctl --endpoints=%s put %s "
		"'{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}'",
		c->config_key, c->ops->endpoint(c->etcd), c->ops->endpoint(c->etcd), c->config_key);
	complain(c, text);
}

static void on_config(void *arg, const struct ovnet_etcd_result *r)
{
	struct ovnet_lease_client *c = arg;

	c->config.asking = false;
	if (r->status == OVNET_ETCD_OK)
		found(c, &r->kvs[0]);
	else if (r->status == OVNET_ETCD_NOT_FOUND)
		missing(c);
	else
		complain(c, r->text);
	if (c->config.done) {
		lease_config_stop(c);
		lease_reconf_start(c, r->revision);
		return;
	}
	if (r->status == OVNET_ETCD_OK || r->status == OVNET_ETCD_NOT_FOUND)
		listen_for_it(c, r->revision);
	c->retries++;
	arm_ms(c->config.timer, backoff_next(&c->config.backoff));
}

static void ask(struct ovnet_lease_client *c)
{
	if (c->config.asking)
		return;
	c->config.asking = true;
	evtimer_del(c->config.timer);
	c->ops->get(c->etcd, c->config_key, on_config, c);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	ask(arg);
}

void lease_config_init(struct ovnet_lease_client *c)
{
	c->config.backoff = (struct backoff){.min_ms = 200, .max_ms = 5000};
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
