/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside of the lease client, in the order things happen: lease_config.c waits for the network
 * config, lease_choice.c for whether another API of etcd has it, lease_acquire.c finds or claims
 * our subnet, lease_own.c keeps it, lease_lost.c gets it back, lease_sync.c follows everybody
 * else's. Each part owns its own struct here and reports what came of its work; lease_flow.c alone
 * begins what comes next.
 */
#ifndef OVNET_LEASE_LEASE_CLIENT_INT_H
#define OVNET_LEASE_LEASE_CLIENT_INT_H

#include <errno.h>
#include <event2/event.h>
#include <string.h>

#include "base/clock.h"
#include "lease/lease_client.h"
#include "lease/lease_events.h"
#include "lease/lease_listing.h"
#include "lease/lease_table.h"
#include "loop/backoff.h"
#include "loop/nag.h"

struct lease_store_job;
struct snapshot_file;

#define ATTRS_RETRY_MS 100 /* what this node needs is not free yet */

/* What came of a part's work, and what of a report goes with it. */
enum lease_outcome {
	LEASE_STARTED,
	LEASE_RESUMED,      /* what the snapshot says is ours is in `own` */
	LEASE_CONFIG_FOUND, /* kv: as it is in etcd; revision: of the store then */
	LEASE_ACQUIRED,     /* kv: the key; the rest is in `acquire` */

	LEASE_LISTED,        /* the whole tree, about to be compared */
	LEASE_SYNCED,        /* the table says what it said */
	LEASE_TABLE_CHANGED, /* it is as new as c->revision */
	LEASE_PEER_REMOVED,  /* text: somebody else's key, without the prefix */
	LEASE_KEY_TOUCHED,   /* somebody (we, too) wrote ours; kv NULL: it is not there */

	LEASE_KEY_WRITTEN,     /* by us, and nobody was faster */
	LEASE_LOOK_FAILED,     /* at our key; text: why */
	LEASE_LOOK_WORKED,     /* one of these follows: */
	LEASE_KEY_UNCHANGED,   /* kv */
	LEASE_KEY_OVERWRITTEN, /* kv: bears our mark, or nobody's */
	LEASE_KEY_VANISHED,
	LEASE_KEY_TAKEN, /* kv: another node's */

	LEASE_LEFT, /* we hold none any more, and want another one */
};

/* Pointers live until the report returns. */
struct lease_report {
	enum lease_outcome outcome;
	const struct ovnet_registry_kv *kv;
	int64_t revision;
	const char *text;
};

typedef void (*lease_choice_events_fn)(
	void *arg, const struct ovnet_registry_event *events, size_t n, int64_t revision);
typedef void (*lease_choice_answer_fn)(
	struct ovnet_lease_client *c, const struct ovnet_registry_result *r);

struct lease_client_store { /* lease_store.c, lease_resume.c */
	char *path;         /* NULL: no snapshots */
	char *config;       /* the network config's JSON */
	struct event *timer, *patience;
	struct lease_store_job *job; /* being written */
	struct snapshot_file *rest;  /* not all of it is in the table yet */
	struct nag nag;
	bool dirty;
	bool stale; /* what we know is of the snapshot */
	int64_t saved_at;
};

struct ovnet_lease_client {
	struct event_base *base;
	const struct ovnet_registry_ops *ops;
	struct ovnet_registry *registry;
	void (*report)(struct ovnet_lease_client *c, struct lease_report r); /* lease_flow() */
	struct ovnet_lease_callbacks cbs;
	void *arg;

	struct ovnet_addr public_ip;
	struct ovnet_addr public_ip6;
	struct ovnet_lease previous; /* subnets of an earlier life */
	enum ovnet_lease_on_lost on_lost;
	uint32_t renew_margin_s, ttl_s;
	char *config_key;     /* <prefix>/config */
	char *subnets_prefix; /* <prefix>/subnets/ */

	enum ovnet_lease_state state;
	struct ovnet_netconf netconf;
	struct lease_table *table;
	char *error; /* "": none */
	int64_t revision;
	uint64_t events, resyncs, renewals, retries;

	struct { /* lease_config.c */
		struct event *timer;
		struct ovnet_registry_watch *watch;
		bool asking, done;
		struct backoff backoff;
		struct nag nag;
	} config;

	struct {                                      /* lease_choice.c */
		const struct ovnet_registry_ops *ops; /* NULL: none, or decided */
		struct ovnet_registry *registry;
		struct ovnet_registry_watch *watch;
		lease_choice_events_fn events; /* who asked */
		lease_choice_answer_fn answered;
		bool may_switch;
		bool missing; /* the API in use has no config; otherwise it does not work */
		char *why;    /* in its words */
	} other;

	struct { /* lease_reconf.c */
		struct event *timer;
		struct ovnet_registry_watch *watch;
		struct backoff backoff;
		bool differs; /* the tree has a good config, but another one than we run with */
		struct ovnet_netconf latest; /* if so */
	} reconf;

	struct { /* lease_acquire.c */
		struct event *timer;
		struct backoff backoff;
		struct nag nag;
		bool attrs_known;
		struct lease_survey *survey;
		struct lease_listing *listing;  /* the same keys; the sync goes on from them */
		int64_t listed_at;              /* their revision, 0: not all are there yet */
		struct ovnet_lease lease;       /* the candidate: our attributes, its subnets */
		struct ovnet_lease wish;        /* subnets the callback would have */
		char *key, *value;              /* its texts */
		struct ovnet_registry_kv found; /* our lease of an earlier life; no texts */
		int64_t created;                /* revision of the claim to be looked at, or 0 */
		bool same_value;
	} acquire;

	struct {           /* lease_own.c */
		bool held; /* the key is ours as far as we know, or ours to get back (lost) */
		bool lost; /* another node owns our subnet */
		struct ovnet_lease owner; /* lost: who */
		bool busy;                /* a request about the key is under way */
		bool resumed; /* of the snapshot; etcd has not said yet that it is ours */
		bool look_again;
		bool handle_gone; /* etcd does not know the handle any more */
		struct ovnet_lease lease;
		char *key, *value;
		int64_t revision, handle; /* handle 0: a reservation, without TTL */
		int64_t since, renewed_at, expires_at, last_look_ms;
		int64_t reclaimed; /* the revision our key came to be at, if not by acquiring; 0 */
		int64_t renew_ms;  /* when to, on the clock that goes on while we sleep */
		int64_t end_ms;    /* expires_at on the clock that nobody sets */
		struct event *renew_timer, *reput_timer, *check_timer;
		struct backoff renew_backoff, check_backoff, look_backoff;
		unsigned looks_failed; /* in a row */
		struct nag nag;
	} own;

	struct lease_client_store store;
	enum ovnet_lease_order order; /* the last one, lease_order.c */

	struct { /* lease_sync.c */
		struct event *timer;
		struct ovnet_registry_watch *watch;
		struct lease_listing *pages; /* of the listing under way */
		struct lease_events *events; /* of the watch, on their way into the table */
		bool listing, connected, away, synced;
		int64_t started_ms, took_ms; /* the last listing, until the table said the same */
		int64_t since_ms;            /* connected or away */
		unsigned doubts;             /* since the watch was heard of */
		struct event *move;          /* to another endpoint */
		struct backoff backoff;
	} sync;
};

static inline const char *lease_name_of(const struct ovnet_lease_client *c, const char *key)
{
	return key + strlen(c->subnets_prefix);
}

/* Until its end, as last granted; not of a reservation. */
static inline int64_t lease_own_left_s(const struct ovnet_lease_client *c)
{
	int64_t left_ms = c->own.end_ms - boot_clock_ms();

	return left_ms > 0 ? left_ms / 1000 : 0;
}

void lease_flow(struct ovnet_lease_client *c, struct lease_report r);

void lease_set_error(struct ovnet_lease_client *c, const char *text);
void lease_fatal(struct ovnet_lease_client *c, const char *text);

void lease_config_init(struct ovnet_lease_client *c);
void lease_config_start(struct ovnet_lease_client *c);
/* It is the one we run with. -EINVAL: never (told). */
int lease_config_take(struct ovnet_lease_client *c, const struct ovnet_registry_kv *kv);
void lease_config_stop(struct ovnet_lease_client *c);

/*
 * `answered` follows, `events` from then on. False: there is no other API, or it is of no help.
 */
bool lease_choice_ask(struct ovnet_lease_client *c, const struct ovnet_registry_result *first,
	lease_choice_events_fn events, lease_choice_answer_fn answered);
/* The other API is the one in use from now on. */
void lease_choice_take(struct ovnet_lease_client *c);
/* Decided, or the end. */
void lease_choice_stop(struct ovnet_lease_client *c);

void lease_reconf_init(struct ovnet_lease_client *c);
/* `revision`: of the store when the config was read. */
void lease_reconf_start(struct ovnet_lease_client *c, int64_t revision);
/* Compares the config in the tree with ours and tells. */
void lease_reconf_read(struct ovnet_lease_client *c, const struct ovnet_registry_kv *kv);
/* Would our subnet be given out by the config in the tree? */
bool lease_reconf_fits(const struct ovnet_lease_client *c);
void lease_reconf_stop(struct ovnet_lease_client *c);

void lease_acquire_init(struct ovnet_lease_client *c);
void lease_acquire_start(struct ovnet_lease_client *c);
/*
 * What our lease was found or claimed by, from now on the caller's, and its revision; NULL if that
 * is older than `revision` or there is none.
 */
struct lease_listing *lease_acquire_take_listing(
	struct ovnet_lease_client *c, int64_t revision, int64_t *listed_at);
void lease_acquire_stop(struct ovnet_lease_client *c);

void lease_own_init(struct ovnet_lease_client *c);
/* The key stands in the tree with our value. */
void lease_own_hold(struct ovnet_lease_client *c, const struct ovnet_lease *lease,
	const char *value, const struct ovnet_registry_kv *kv);
/* As the snapshot says until etcd says otherwise; left_s: to its end, unless it is `reserved`. */
void lease_own_resume(struct ovnet_lease_client *c, const struct ovnet_lease *lease, bool reserved,
	int64_t left_s);
/* What is ours now is told, and kept out of the table. */
void lease_own_announce(struct ovnet_lease_client *c);
/* Somebody (we, too) wrote or removed our key. `kv` NULL: removed. */
void lease_own_changed(struct ovnet_lease_client *c, const struct ovnet_registry_kv *kv);
/* The key says what it should; somebody may have written it anew, with another handle. */
void lease_own_adopt(struct ovnet_lease_client *c, const struct ovnet_registry_kv *kv);
/* The request about the key is over; what happened meanwhile is looked at now. */
void lease_own_end(struct ovnet_lease_client *c);
/* As lease_own_end(): our key is as we wrote it. */
void lease_own_written(struct ovnet_lease_client *c);
/* Writes the same once more in a few seconds. */
void lease_own_show_later(struct ovnet_lease_client *c);
void lease_own_look_soon(struct ovnet_lease_client *c);
/* Does the key bear our mark, or nobody's that can be read? */
bool lease_own_claims(const struct ovnet_lease_client *c, const struct ovnet_registry_kv *kv);
void lease_own_stop(struct ovnet_lease_client *c);

/* lease_lost.c: what the key was found to be. */
/* Somebody else's key is gone: does that make room for ours? */
void lease_lost_removed(struct ovnet_lease_client *c, const char *name);
/* Has somebody a half of what we claimed again, and was first? Once the table is as new as it. */
void lease_lost_fence(struct ovnet_lease_client *c);
void lease_lost_unchanged(struct ovnet_lease_client *c, const struct ovnet_registry_kv *kv);
void lease_lost_vanished(struct ovnet_lease_client *c);
void lease_lost_overwritten(struct ovnet_lease_client *c, const struct ovnet_registry_kv *kv);
void lease_lost_taken(struct ovnet_lease_client *c, const struct ovnet_registry_kv *kv);

void lease_store_init(struct ovnet_lease_client *c, const char *path);
/* Something a snapshot holds is other than it was. */
void lease_store_changed(struct ovnet_lease_client *c);
void lease_store_config(struct ovnet_lease_client *c, const char *json, size_t len);
/* We hold no lease any more: nothing to start from. */
void lease_store_forget(struct ovnet_lease_client *c);
void lease_store_wait(struct ovnet_lease_client *c);
void lease_store_stop(struct ovnet_lease_client *c);

void lease_resume_init(struct ovnet_lease_client *c);
/* Now etcd has a second to answer. */
void lease_resume_start(struct ovnet_lease_client *c);
/* What of the snapshot is not in the table yet is not wanted any more. */
void lease_resume_cut(struct ovnet_lease_client *c);
void lease_resume_stop(struct ovnet_lease_client *c);

void lease_sync_init(struct ovnet_lease_client *c);
void lease_sync_start(struct ovnet_lease_client *c);
/* etcd answers. */
void lease_sync_trust(struct ovnet_lease_client *c);
/* A read failed while the watch is silent: is it alive? */
void lease_sync_doubt(struct ovnet_lease_client *c, const char *text);
/* Other endpoints may answer: whoever waits to try again does it now. */
void lease_sync_hurry(struct ovnet_lease_client *c);
void lease_sync_stop(struct ovnet_lease_client *c);

#endif
