/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What becomes of our key when it is not as we left it. Every write names what it replaces:
 * nothing, or a value that bears our PublicIP. A subnet that another node owns is left alone.
 */
#include <time.h>

#include "base/log.h"
#include "lease/lease_client_int.h"

OVNET_LOG_TYPE(lease)

static void does_not_fit(struct ovnet_lease_client *c)
{
	char text[400];

	snprintf(text, sizeof(text),
		"our lease %s is gone from etcd and does not fit the network config that is there "
		"now: going on without it, restart ovnetd to claim another one",
		lease_name_of(c, c->own.key));
	lease_set_error(c, text);
	if (nag_due(&c->own.nag, text))
		LOG(ERR, "%s", text);
}

static void stands_again(struct ovnet_lease_client *c, const struct ovnet_registry_kv *kv)
{
	bool lost = c->own.lost;

	c->own.lost = false;
	c->own.revision = 0;
	c->own.since = time(NULL);
	if (lost)
		c->own.handle = -1; /* whatever handle it has, renewals start anew */
	lease_own_adopt(c, kv);
	lease_store_changed(c);
	lease_own_show_later(c);
	lease_set_error(c, "");
	nag_reset(&c->own.nag);
	LOG(NOTICE, "our lease %s stands again", lease_name_of(c, c->own.key));
	if (lost)
		c->cbs.acquired(c->arg, &c->netconf, &c->own.lease);
}

static void on_written(void *arg, const struct ovnet_registry_result *r)
{
	struct ovnet_lease_client *c = arg;

	if (r->status == OVNET_REGISTRY_OK) {
		c->own.reclaimed = r->kvs[0].create_revision;
		stands_again(c, &r->kvs[0]);
		lease_own_written(c);
		return;
	}
	c->retries++;
	c->own.handle_gone |= r->status == OVNET_REGISTRY_NOT_FOUND;
	c->own.look_again = true;
	lease_own_end(c);
}

static void leave(struct ovnet_lease_client *c)
{
	c->own.held = false;
	c->own.lost = false;
	c->own.resumed = false;
	evtimer_del(c->own.check_timer);
	lease_table_set_own(c->table, NULL);
	c->report(c, (struct lease_report){LEASE_LEFT});
}

static void is_owned_by(struct ovnet_lease_client *c, const struct ovnet_lease *owner)
{
	char name[OVNET_LEASE_KEY_MAX], ip[OVNET_ADDR_STRLEN], text[400];
	bool leaving = c->on_lost == OVNET_LEASE_DRAIN || c->own.resumed;

	if (c->own.lost && ovnet_lease_equal(&c->own.owner, owner))
		return;
	snprintf(text, sizeof(text), "our subnet %s belongs to another node now (lease %s, %s): %s",
		lease_name_of(c, c->own.key), ovnet_lease_key_text(owner, name, sizeof(name)),
		owner->public_ip.family != 0 ? ovnet_addr_text(&owner->public_ip, ip, sizeof(ip))
					     : "PublicIP unknown",
		leaving ? "claiming another one, containers here need new addresses"
			: "going on with it, claiming it again when that lease is gone");
	lease_set_error(c, leaving ? "" : text);
	LOG(ERR, "%s", text);
	c->own.lost = true;
	c->own.owner = *owner;
	lease_store_forget(c);
	evtimer_del(c->own.renew_timer);
	evtimer_del(c->own.reput_timer);
	if (c->cbs.lost != NULL)
		c->cbs.lost(c->arg, &c->own.lease, owner, leaving);
	if (leaving)
		leave(c);
	else
		lease_own_look_soon(c);
}

void lease_lost_removed(struct ovnet_lease_client *c, const char *name)
{
	char owner[OVNET_LEASE_KEY_MAX];
	struct ovnet_lease gone = {0};

	if (!c->own.held)
		return;
	if (!c->own.lost) {
		/* flanneld takes the route to our half away with it, until it sees our key again.
		 */
		if (ovnet_lease_key_parse(name, &gone) == 0 &&
			ovnet_lease_overlap(&gone, &c->own.lease))
			lease_own_show_later(c);
		return;
	}
	if (strcmp(name, ovnet_lease_key_text(&c->own.owner, owner, sizeof(owner))) == 0)
		lease_own_look_soon(c);
}

static void on_yielded(void *arg, const struct ovnet_registry_result *r)
{
	struct ovnet_lease_client *c = arg;
	const struct ovnet_lease *rival = lease_table_rival(c->table, c->own.reclaimed);

	if (r->status == OVNET_REGISTRY_OK && rival != NULL) {
		c->own.reclaimed = 0;
		is_owned_by(c, rival);
	} else {
		c->own.look_again = true;
	}
	lease_own_end(c);
}

void lease_lost_fence(struct ovnet_lease_client *c)
{
	char name[OVNET_LEASE_KEY_MAX];

	if (!c->own.held || c->own.lost || c->own.busy || c->own.reclaimed == 0 ||
		c->revision < c->own.reclaimed)
		return;
	const struct ovnet_lease *rival = lease_table_rival(c->table, c->own.reclaimed);
	if (rival == NULL)
		return;
	LOG(WARN, "our lease %s, just claimed again, overlaps %s, which is older: giving it back",
		lease_name_of(c, c->own.key), ovnet_lease_key_text(rival, name, sizeof(name)));
	c->own.busy = true;
	c->ops->remove(c->registry, c->own.key, c->own.revision, on_yielded, c);
}

void lease_lost_unchanged(struct ovnet_lease_client *c, const struct ovnet_registry_kv *kv)
{
	if (c->own.lost)
		stands_again(c, kv);
	else
		lease_own_adopt(c, kv);
}

void lease_lost_taken(struct ovnet_lease_client *c, const struct ovnet_registry_kv *kv)
{
	struct ovnet_lease owner = {0};
	char ignored[200];

	if (ovnet_lease_key_parse(lease_name_of(c, kv->key), &owner) < 0)
		return;
	/* Whatever else is wrong with it, it is not ours. */
	(void)ovnet_lease_value_parse(kv->value, kv->value_len, &owner, ignored, sizeof(ignored));
	is_owned_by(c, &owner);
}

void lease_lost_overwritten(struct ovnet_lease_client *c, const struct ovnet_registry_kv *kv)
{
	char text[400];

	snprintf(text, sizeof(text),
		"our lease %s was overwritten (%.160s): writing it again; is there a second node "
		"with our PublicIP?",
		lease_name_of(c, c->own.key), kv->value);
	lease_set_error(c, text);
	if (nag_due(&c->own.nag, text))
		LOG(ERR, "%s", text);
	c->own.busy = true;
	c->ops->update(c->registry, c->own.key, c->own.value, c->own.handle != 0 ? c->ttl_s : 0,
		c->own.handle_gone || c->own.lost ? 0 : c->own.handle, kv->mod_revision, on_written,
		c);
}

void lease_lost_vanished(struct ovnet_lease_client *c)
{
	const struct ovnet_lease *rival = lease_table_rival(c->table, INT64_MAX);

	/* After an outage somebody else may have a half of it, under another key. */
	if (c->sync.watch == NULL || c->sync.listing) {
		lease_own_look_soon(c);
		return;
	}
	/* The same addresses under a key of another length. */
	if (rival != NULL) {
		is_owned_by(c, rival);
		return;
	}
	if (!lease_reconf_fits(c)) {
		does_not_fit(c);
		return;
	}
	/* A reservation is what etcd says it is: whoever deleted it may have meant to. */
	LOG(ERR, "our lease %s is gone from etcd (expired or deleted): claiming it again%s",
		lease_name_of(c, c->own.key),
		c->own.handle == 0 ? ", with a TTL now; ovnetctl lease reserve makes it a "
				     "reservation once more"
				   : "");
	c->own.busy = true;
	c->ops->create(c->registry, c->own.key, c->own.value, c->ttl_s, on_written, c);
}
