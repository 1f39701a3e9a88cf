/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The network config after the start. A running network cannot change its shape, so what changes is
 * told and no more: watched from the revision that was read, read again whenever the watch ends.
 */
#include "base/mem.h"
#include "lease/flannel/allocate.h"
#include "lease/lease_client_int.h"
#include "loop/timer.h"

static void follow(struct ovnet_lease_client *c, int64_t revision);

static void tell(struct ovnet_lease_client *c, const char *text)
{
	if (c->cbs.config != NULL)
		c->cbs.config(c->arg, text);
}

static void compare(struct ovnet_lease_client *c, const struct ovnet_netconf *now)
{
	char subnet[OVNET_PREFIX_STRLEN], what[400], text[700];

	if (ovnet_netconf_equal(&c->netconf, now)) {
		tell(c, NULL);
		return;
	}
	c->reconf.differs = true;
	c->reconf.latest = *now;
	bool fits = c->state != OVNET_LEASE_RUNNING || lease_reconf_fits(c);
	snprintf(text, sizeof(text),
		"the network config in etcd changed; this node goes on as before, restart ovnetd "
		"here and on all others%s%s%s: %s",
		fits ? "" : " (our subnet ",
		fits ? "" : ovnet_prefix4_text(&c->own.lease.subnet, subnet, sizeof(subnet)),
		fits ? "" : " no longer fits)",
		ovnet_netconf_differences(&c->netconf, now, what, sizeof(what)));
	tell(c, text);
}

void lease_reconf_read(struct ovnet_lease_client *c, const struct ovnet_registry_kv *kv)
{
	struct ovnet_netconf now;
	char err[256], text[400];

	c->reconf.differs = false;
	if (ovnet_netconf_parse(kv->value, kv->value_len, &now, err, sizeof(err)) == 0) {
		compare(c, &now);
		return;
	}
	snprintf(text, sizeof(text),
		"the network config in etcd was broken; this node goes on as before, but none can "
		"start, mend %s: %s",
		c->config_key, err);
	tell(c, text);
}

static void gone(struct ovnet_lease_client *c)
{
	char text[400];

	c->reconf.differs = false;
	snprintf(text, sizeof(text),
		"the network config was deleted from etcd; this node goes on as before, but none "
		"can start: write %s again",
		c->config_key);
	tell(c, text);
}

static void on_events(
	void *arg, const struct ovnet_registry_event *events, size_t n, int64_t revision)
{
	struct ovnet_lease_client *c = arg;

	(void)revision;
	backoff_reset(&c->reconf.backoff);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(events[i].kv.key, c->config_key) != 0)
			continue;
		if (events[i].removed)
			gone(c);
		else
			lease_reconf_read(c, &events[i].kv);
	}
}

static void on_ended(void *arg, const struct ovnet_registry_result *r)
{
	struct ovnet_lease_client *c = arg;

	(void)r; /* the watch of the leases says what is wrong */
	c->reconf.watch = NULL;
	arm_ms(c->reconf.timer, backoff_next(&c->reconf.backoff));
}

static void on_config(void *arg, const struct ovnet_registry_result *r)
{
	struct ovnet_lease_client *c = arg;

	if (r->status == OVNET_REGISTRY_OK)
		lease_reconf_read(c, &r->kvs[0]);
	else if (r->status == OVNET_REGISTRY_NOT_FOUND)
		gone(c);
	else {
		arm_ms(c->reconf.timer, backoff_next(&c->reconf.backoff));
		return;
	}
	follow(c, r->revision);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct ovnet_lease_client *c = arg;

	(void)fd, (void)what;
	c->ops->get(c->registry, c->config_key, on_config, c);
}

static void follow(struct ovnet_lease_client *c, int64_t revision)
{
	static const struct ovnet_registry_watch_cbs cbs = {.events = on_events, .ended = on_ended};

	c->reconf.watch = c->ops->watch(c->registry, c->config_key, revision + 1, &cbs, c);
	if (c->reconf.watch == NULL)
		arm_ms(c->reconf.timer, backoff_next(&c->reconf.backoff));
}

bool lease_reconf_fits(const struct ovnet_lease_client *c)
{
	return !c->reconf.differs || ovnet_lease_fits(&c->reconf.latest, &c->own.lease);
}

void lease_reconf_start(struct ovnet_lease_client *c, int64_t revision)
{
	follow(c, revision);
}

void lease_reconf_init(struct ovnet_lease_client *c)
{
	c->reconf.backoff = (struct backoff){.min_ms = 1000, .max_ms = 16000};
	c->reconf.timer = must(evtimer_new(c->base, on_timer, c));
}

void lease_reconf_stop(struct ovnet_lease_client *c)
{
	if (c->reconf.watch != NULL)
		c->ops->unwatch(c->reconf.watch);
	c->reconf.watch = NULL;
	event_free(c->reconf.timer);
}
