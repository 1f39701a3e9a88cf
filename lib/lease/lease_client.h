/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lease logic: waits for the network config, finds or claims our subnet, keeps it,
 * follows everybody else's. Control thread only; callbacks from its event loop.
 *
 *   WAIT_CONFIG -> (attrs callback) -> ACQUIRE -> RUNNING
 *
 * Once RUNNING it stays there: etcd away means retry with back-off, peers stay; etcd back
 * means a full reconcile (list, diff of subnets and backend data, watch from the list's
 * revision). A lost own lease is claimed again; one that another node has got meanwhile is never
 * overwritten, see ovnet_lease_on_lost. The lease is kept at close (flannel-facts 2).
 */
#ifndef OVNET_LEASE_LEASE_CLIENT_H
#define OVNET_LEASE_LEASE_CLIENT_H

#include "lease/flannel/lease_value.h"
#include "lease/registry/registry.h"

struct event_base;

enum ovnet_lease_state {
	OVNET_LEASE_WAIT_CONFIG,
	OVNET_LEASE_ACQUIRE,
	OVNET_LEASE_RUNNING,
};

/* Another node owns our subnet. */
enum ovnet_lease_on_lost {
	OVNET_LEASE_KEEP,  /* go on with it, claim it when it is free again */
	OVNET_LEASE_DRAIN, /* leave it to its new owner, claim another one */
};

struct ovnet_lease_conf {
	const struct ovnet_registry_ops *registry;
	/* Asked for the network config when `registry` has none; may be NULL. */
	const struct ovnet_registry_ops *other_registry;
	bool may_switch; /* to other_registry if that has it; otherwise the operator is told */
	struct ovnet_registry_conf registry_conf;
	const char *prefix;             /* "/coreos.com/network" */
	struct ovnet_addr public_ip;    /* who we are in the tree */
	struct ovnet_addr public_ip6;   /* PublicIPv6 of a dual-stack lease; family 0: none */
	struct ovnet_prefix4 previous;  /* subnet of an earlier life (subnet.env); len 0: none */
	struct ovnet_prefix6 previous6; /* likewise */
	uint32_t renew_margin_s;        /* before expiry; default 3600 */
	uint32_t ttl_s;                 /* 86400; tests use less */
	enum ovnet_lease_on_lost on_lost;
	/* File to start from when etcd does not answer; owner-only. NULL or "": none. */
	const char *snapshot;
};

struct ovnet_lease_status {
	enum ovnet_lease_state state;
	bool connected;   /* the watch runs */
	bool stale;       /* etcd has not answered since the start: all is of the snapshot ... */
	int64_t saved_at; /* ... of then */
	uint32_t away_s;  /* since etcd went away; 0: it is there, or never was */
	uint32_t retry_in_ms; /* until it is asked again; 0: it is being asked, or not needed */
	const char *transport, *endpoint;
	const char *error;              /* last one, "" when all is well */
	int64_t revision;               /* last seen */
	int64_t renewed_at, expires_at; /* unix seconds, 0: not yet / no TTL */
	uint64_t events, resyncs, renewals, retries, invalid;
	uint32_t peers;
	uint32_t sync_ms; /* the last listing and comparison of the whole tree; 0: none yet */
};

/* Our own key. Times in unix seconds. */
struct ovnet_lease_own {
	bool held;     /* false: given back, or another node's now */
	bool reserved; /* no TTL */
	const char *key, *value;
	int64_t handle, revision;
	int64_t since, renewed_at, expires_at; /* since: this process; expires_at 0: no TTL */
};

enum ovnet_lease_order {
	OVNET_LEASE_RESERVE, /* the key without TTL; kept so on every API as long as it stands */
	OVNET_LEASE_RELEASE, /* the TTL back */
	OVNET_LEASE_REMOVE,  /* the key removed, nothing claimed instead: the daemon is to end */
};

struct ovnet_lease_callbacks {
	/*
	 * The network config is there and parsed; asked at each attempt until we hold a lease.
	 * Fill `own`'s backend, vtep_mac and so on, or return negative errno to refuse it (fatal;
	 * already logged), -EAGAIN to be asked again in a moment. `previous` is our own lease value
	 * when the tree holds one (its VtepMAC is to be taken over), NULL otherwise. Subnets that
	 * are filled in are claimed if there is no better one and they are free.
	 */
	int (*attrs)(void *arg, const struct ovnet_netconf *conf,
		const struct ovnet_lease *previous, struct ovnet_lease *own);
	/* We hold `own` (first time, with another subnet, or after it was lost). */
	void (*acquired)(
		void *arg, const struct ovnet_netconf *conf, const struct ovnet_lease *own);
	/* Somebody else's lease is there or changed / is gone. Never our own. */
	void (*peer_set)(void *arg, const struct ovnet_lease *lease);
	void (*peer_del)(void *arg, const struct ovnet_lease *lease);
	/*
	 * Our subnet `was` belongs to `owner` now (its public_ip may be unknown); again when that
	 * changes. acquired() follows when we hold it, or if we are `leaving` it another one: with
	 * DRAIN, and what only the snapshot said was ours. May be NULL.
	 */
	void (*lost)(void *arg, const struct ovnet_lease *was, const struct ovnet_lease *owner,
		bool leaving);
	/*
	 * The network config in the tree is no longer what this node runs with: what changed and
	 * what to do. NULL: it is again. Nothing else follows from it. May be NULL.
	 */
	void (*config)(void *arg, const char *text);
	/*
	 * etcd does not answer: acquired() and the peers were what the snapshot of `saved_at` says.
	 * synced() follows when etcd does, or comes instead if etcd is quicker. May be NULL.
	 */
	void (*restored)(void *arg, int64_t saved_at);
	/* After the first complete listing: every peer known was announced. */
	void (*synced)(void *arg);
	/* The order is carried out (err NULL), or not. May be NULL. */
	void (*ordered)(void *arg, enum ovnet_lease_order order, const char *err);
	/* Cannot go on (config refused by attrs, or it can never fit): the daemon should exit. */
	void (*fatal)(void *arg, const char *text);
};

struct ovnet_lease_client;

/* Starts at once. NULL: no memory or bad conf (logged). `conf` strings are copied. */
struct ovnet_lease_client *ovnet_lease_client_new(struct event_base *base,
	const struct ovnet_lease_conf *conf, const struct ovnet_lease_callbacks *cbs, void *arg);
/* No callback follows. Not from inside one. The lease stays in the tree. NULL is fine. */
void ovnet_lease_client_free(struct ovnet_lease_client *c);

void ovnet_lease_client_status(const struct ovnet_lease_client *c, struct ovnet_lease_status *out);
/* False: none was had so far. Pointers live until the next turn of the loop. */
bool ovnet_lease_client_own(const struct ovnet_lease_client *c, struct ovnet_lease_own *out);
/* Two leases of the tree have addresses in common; `one` is in force here. False: none have. */
bool ovnet_lease_client_clash(
	const struct ovnet_lease_client *c, struct ovnet_lease *one, struct ovnet_lease *other);
/*
 * From now on etcd is asked at these endpoints, by these credentials; of its API, prefix and
 * transport nothing changes. The tree is listed anew there, peers stay meanwhile. -EINVAL: logged,
 * nothing changed. Not from inside a callback.
 */
int ovnet_lease_client_retarget(
	struct ovnet_lease_client *c, const struct ovnet_registry_conf *conf);
/*
 * Starts it; `ordered` follows. Negative errno with a sentence in `err`: not started (-EALREADY:
 * nothing to do).
 */
int ovnet_lease_client_order(
	struct ovnet_lease_client *c, enum ovnet_lease_order order, char *err, size_t size);
/* Every valid lease known, our own included (own = true once). */
void ovnet_lease_client_each(const struct ovnet_lease_client *c,
	void (*fn)(void *arg, const struct ovnet_lease *lease, bool own), void *arg);
/* Every refused key: its name (as found), the reason. */
void ovnet_lease_client_each_invalid(const struct ovnet_lease_client *c,
	void (*fn)(void *arg, const char *key, const char *why), void *arg);

#endif
