/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Follows the tree: list, compare, watch from the list's revision on. Whatever breaks, what is
 * known stays in force and it starts over with a list.
 */
#include "base/log.h"
#include "base/mem.h"
#include "lease/lease_client_int.h"
#include "loop/random.h"
#include "loop/timer.h"

OVNET_LOG_TYPE(lease)

#define STEADY_MS 10000 /* a watch that lived this long was no false start */
/* What a watch that cannot be asked for a sign of life survives. */
#define DOUBTS_MAX 3
/*
 * Plus up to as much. Whoever was driven off a member that was restarted finds back in that time;
 * a cluster of 1,000 is listed once in a minute for it.
 */
#define MOVE_MS       43200000
#define MOVE_AGAIN_MS 60000

static bool is_own(const struct ovnet_lease_client *c, const char *key)
{
	return c->own.key != NULL && strcmp(key, c->own.key) == 0;
}

static void on_own_key(struct ovnet_lease_client *c, const struct ovnet_registry_event *ev)
{
	const char *name = lease_name_of(c, ev->kv.key);

	if (!ev->removed && !lease_own_claims(c, &ev->kv))
		lease_table_put(c->table, name, &ev->kv);
	else
		lease_table_remove(c->table, name);
	c->report(c, (struct lease_report){LEASE_KEY_TOUCHED, .kv = ev->removed ? NULL : &ev->kv});
}

/* The watch of a node that looks for another subnet sees its claim before that is looked at. */
static bool is_claim(const struct ovnet_lease_client *c, const struct ovnet_registry_event *ev)
{
	return !c->own.held && !ev->removed && c->acquire.key != NULL &&
	       strcmp(ev->kv.key, c->acquire.key) == 0 && lease_own_claims(c, &ev->kv);
}

static void on_event(struct ovnet_lease_client *c, const struct ovnet_registry_event *ev)
{
	const char *name = lease_name_of(c, ev->kv.key);

	if (is_own(c, ev->kv.key))
		on_own_key(c, ev);
	else if (ev->removed) {
		lease_table_remove(c->table, name);
		c->report(c, (struct lease_report){LEASE_PEER_REMOVED, .text = name});
	} else if (!is_claim(c, ev))
		lease_table_put(c->table, name, &ev->kv);
}

static void came_up(struct ovnet_lease_client *c)
{
	int64_t now = monotonic_ms();

	c->sync.connected = true;
	if (c->sync.away)
		LOG(NOTICE, "etcd is back after %lld s, at %s; %u peers, up to date",
			(long long)(now - c->sync.since_ms) / 1000, c->ops->endpoint(c->registry),
			lease_table_peers(c->table));
	else
		LOG(INFO, "Watching for new subnet leases (%u peers known)",
			lease_table_peers(c->table));
	c->sync.away = false;
	c->sync.since_ms = now;
	lease_set_error(c, "");
}

static void apply(void *arg, const struct ovnet_registry_event *events, size_t n, int64_t revision)
{
	struct ovnet_lease_client *c = arg;

	if (revision > c->revision)
		c->revision = revision;
	c->events += n;
	for (size_t i = 0; i < n; i++)
		on_event(c, &events[i]);
	lease_table_settle(c->table);
	c->report(c, (struct lease_report){LEASE_TABLE_CHANGED});
}

static void on_events(
	void *arg, const struct ovnet_registry_event *events, size_t n, int64_t revision)
{
	struct ovnet_lease_client *c = arg;

	c->sync.doubts = 0;
	if (!c->sync.connected)
		came_up(c);
	lease_events_add(c->sync.events, events, n, revision);
}

static void list_later(struct ovnet_lease_client *c)
{
	if (c->sync.connected && monotonic_ms() - c->sync.since_ms > STEADY_MS)
		backoff_reset(&c->sync.backoff);
	c->sync.connected = false;
	arm_ms(c->sync.timer, backoff_next(&c->sync.backoff));
}

static void went_down(struct ovnet_lease_client *c, const char *text)
{
	int64_t now = monotonic_ms();

	list_later(c);
	lease_set_error(c, text);
	if (!c->sync.away) {
		c->sync.away = true;
		c->sync.since_ms = now;
		LOG(WARN, "etcd is away, going on with the %u peers known: %s",
			lease_table_peers(c->table), text);
	}
	c->retries++;
}

static void on_ended(void *arg, const struct ovnet_registry_result *r)
{
	struct ovnet_lease_client *c = arg;

	c->sync.watch = NULL;
	if (r->status != OVNET_REGISTRY_COMPACTED) {
		went_down(c, r->text);
		return;
	}
	LOG(INFO, "%s: listing all leases again", r->text);
	list_later(c);
}

static void drop_listing(struct ovnet_lease_client *c)
{
	lease_listing_free(c->sync.pages);
	c->sync.pages = NULL;
	c->sync.listing = false;
}

static void follow(struct ovnet_lease_client *c)
{
	static const struct ovnet_registry_watch_cbs cbs = {.events = on_events, .ended = on_ended};

	c->sync.watch = c->ops->watch(c->registry, c->subnets_prefix, c->revision + 1, &cbs, c);
	if (c->sync.watch == NULL)
		went_down(c, "no memory for the watch");
}

static const struct ovnet_registry_kv *own_as_listed(const struct ovnet_lease_client *c)
{
	if (c->own.key == NULL)
		return NULL;
	return lease_listing_find(c->sync.pages, lease_name_of(c, c->own.key));
}

/* The table says what the listing said; what came later the watch tells. */
static void on_applied(void *arg)
{
	struct ovnet_lease_client *c = arg;

	/* One from before our last write has nothing to say about it. */
	if (c->revision >= c->own.revision)
		c->report(c, (struct lease_report){LEASE_KEY_TOUCHED, .kv = own_as_listed(c)});
	c->report(c, (struct lease_report){LEASE_TABLE_CHANGED});
	drop_listing(c);
	c->sync.took_ms = monotonic_ms() - c->sync.started_ms;
	c->report(c, (struct lease_report){LEASE_SYNCED});
	follow(c);
}

static void reconcile(struct ovnet_lease_client *c)
{
	const struct ovnet_registry_kv *own = own_as_listed(c);
	bool ours = own != NULL && lease_own_claims(c, own);

	/* They are in the listing, or the watch to come tells them again. */
	lease_events_drop(c->sync.events);
	c->report(c, (struct lease_report){LEASE_LISTED});
	lease_listing_apply(
		c->sync.pages, c->base, c->table, ours ? own->key : NULL, on_applied, c);
}

/*
 * The watch of the former endpoint went on meanwhile, so that a listing that fails costs nothing,
 * and ends for one that does not take back what it has told.
 */
static bool may_leave(struct ovnet_lease_client *c, int64_t revision)
{
	if (c->revision > revision) {
		drop_listing(c);
		arm_ms(c->sync.move, MOVE_AGAIN_MS + random_below(NULL, MOVE_AGAIN_MS));
		return false;
	}
	c->ops->unwatch(c->sync.watch);
	c->sync.watch = NULL;
	return true;
}

static void on_list(void *arg, const struct ovnet_registry_result *r)
{
	struct ovnet_lease_client *c = arg;

	if (r->status != OVNET_REGISTRY_OK) {
		drop_listing(c);
		if (c->sync.watch != NULL)
			return;
		/* Its pages are of one revision, which etcd forgot meanwhile. */
		if (r->status == OVNET_REGISTRY_COMPACTED)
			list_later(c);
		else
			went_down(c, r->text);
		return;
	}
	lease_listing_add(c->sync.pages, r->kvs, r->n_kvs, strlen(c->subnets_prefix));
	if (r->more || (c->sync.watch != NULL && !may_leave(c, r->revision)))
		return;
	c->revision = r->revision;
	reconcile(c);
}

static void list(struct ovnet_lease_client *c)
{
	c->sync.listing = true;
	c->sync.started_ms = monotonic_ms();
	c->sync.pages = lease_listing_new();
	c->ops->list(c->registry, c->subnets_prefix, on_list, c);
}

static void move_later(struct ovnet_lease_client *c)
{
	arm_ms(c->sync.move, MOVE_MS + random_below(NULL, MOVE_MS));
}

static void on_move(evutil_socket_t fd, short what, void *arg)
{
	struct ovnet_lease_client *c = arg;

	(void)fd, (void)what;
	move_later(c);
	if (!c->sync.listing && c->sync.watch != NULL && c->ops->spread != NULL &&
		c->ops->spread(c->registry))
		list(c);
}

void lease_sync_start(struct ovnet_lease_client *c)
{
	if (c->sync.listing || c->sync.watch != NULL)
		return;
	evtimer_del(c->sync.timer);
	/* What our lease was found or claimed by is good enough to watch on from. */
	c->sync.pages = lease_acquire_take_listing(c, c->revision, &c->revision);
	if (c->sync.pages != NULL) {
		c->sync.listing = true;
		c->sync.started_ms = monotonic_ms();
		reconcile(c);
		return;
	}
	/* It has to be done anyway. */
	if (c->ops->spread != NULL)
		(void)c->ops->spread(c->registry);
	list(c);
}

void lease_sync_trust(struct ovnet_lease_client *c)
{
	c->sync.doubts = 0;
}

void lease_sync_doubt(struct ovnet_lease_client *c, const char *text)
{
	if (c->sync.watch == NULL || (c->ops->doubt != NULL && c->ops->doubt(c->sync.watch)) ||
		++c->sync.doubts < DOUBTS_MAX)
		return;
	c->sync.doubts = 0;
	c->ops->unwatch(c->sync.watch);
	c->sync.watch = NULL;
	went_down(c, text);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	lease_sync_start(arg);
}

void lease_sync_init(struct ovnet_lease_client *c)
{
	/*
	 * 1,000 nodes whose watches end at once list again one by one, a millisecond each; what
	 * does not work then is tried over 2, 4 and then 8 s: an etcd that is away or can bear no
	 * more sees some 250 of them a second.
	 */
	c->sync.backoff = (struct backoff){.min_ms = 1000, .max_ms = 8000};
	c->sync.timer = must(evtimer_new(c->base, on_timer, c));
	c->sync.events = lease_events_new(c->base, apply, c);
	c->sync.move = must(evtimer_new(c->base, on_move, c));
	move_later(c);
}

void lease_sync_hurry(struct ovnet_lease_client *c)
{
	backoff_reset(&c->sync.backoff);
	if (evtimer_pending(c->sync.timer, NULL))
		arm_ms(c->sync.timer, 0);
}

void lease_sync_stop(struct ovnet_lease_client *c)
{
	if (c->sync.watch != NULL)
		c->ops->unwatch(c->sync.watch);
	c->sync.watch = NULL;
	drop_listing(c);
	lease_events_free(c->sync.events);
	event_free(c->sync.timer);
	event_free(c->sync.move);
}
