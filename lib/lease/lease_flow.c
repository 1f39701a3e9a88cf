/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of our lease, whole: what came of a part's work, and which part goes on from there. No
 * part begins another one, so this is the only place to read what follows what. What they use while
 * they work lies below them: the table, the store, a listing.
 */
#include "base/log.h"
#include "lease/lease_client_int.h"

OVNET_LOG_TYPE(lease)

/* What the snapshot said was taken for the tree so far. */
static void compare_with_snapshot(
	struct ovnet_lease_client *c, const struct ovnet_registry_kv *config)
{
	LOG(NOTICE, "etcd answers: comparing it with the snapshot");
	lease_reconf_read(c, config);
	lease_own_look_soon(c);
	lease_sync_start(c);
}

static void acquire(struct ovnet_lease_client *c, const struct ovnet_registry_kv *config)
{
	if (lease_config_take(c, config) < 0)
		return;
	c->state = OVNET_LEASE_ACQUIRE;
	lease_acquire_start(c);
}

/* The first time for good, later after each outage. */
static void synced(struct ovnet_lease_client *c)
{
	c->store.stale = false;
	if (c->sync.synced)
		c->resyncs++;
	else
		c->cbs.synced(c->arg);
	c->sync.synced = true;
	lease_store_changed(c);
}

static void fence(struct ovnet_lease_client *c)
{
	if (c->sync.watch != NULL)
		lease_lost_fence(c);
}

void lease_flow(struct ovnet_lease_client *c, struct lease_report r)
{
	switch (r.outcome) {
	case LEASE_STARTED: /* whoever is first: etcd, or after a second without it the snapshot */
		lease_resume_start(c);
		lease_config_start(c);
		break;
	case LEASE_RESUMED: /* the config is still asked for */
		c->state = OVNET_LEASE_RUNNING;
		lease_own_announce(c);
		break;
	case LEASE_CONFIG_FOUND:
		lease_reconf_start(c, r.revision);
		if (c->store.stale)
			compare_with_snapshot(c, r.kv);
		else
			acquire(c, r.kv);
		break;
	case LEASE_ACQUIRED:
		c->state = OVNET_LEASE_RUNNING;
		lease_own_hold(c, &c->acquire.lease, c->acquire.value, r.kv);
		lease_sync_start(c);
		break;

	case LEASE_LISTED: /* better than what the snapshot still has */
		lease_resume_cut(c);
		break;
	case LEASE_SYNCED:
		synced(c);
		break;
	case LEASE_TABLE_CHANGED:
		lease_lost_fence(c);
		break;
	case LEASE_PEER_REMOVED:
		lease_lost_removed(c, r.text);
		break;
	case LEASE_KEY_TOUCHED:
		lease_own_changed(c, r.kv);
		break;

	case LEASE_KEY_WRITTEN: /* the watch may have told of it before the answer came */
		fence(c);
		break;
	case LEASE_LOOK_FAILED:
		lease_sync_doubt(c, r.text);
		break;
	case LEASE_LOOK_WORKED:
		lease_sync_trust(c);
		break;
	case LEASE_KEY_UNCHANGED:
		lease_lost_unchanged(c, r.kv);
		fence(c);
		break;
	case LEASE_KEY_OVERWRITTEN: /* written again */
		lease_lost_overwritten(c, r.kv);
		break;
	case LEASE_KEY_VANISHED: /* claimed again */
		lease_lost_vanished(c);
		break;
	case LEASE_KEY_TAKEN: /* waited for, or given up: LEASE_LEFT */
		lease_lost_taken(c, r.kv);
		break;
	case LEASE_LEFT:
		lease_acquire_start(c);
		break;
	}
}
