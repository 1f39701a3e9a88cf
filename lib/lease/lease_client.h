/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lease logic: waits for the network config, finds or claims our subnet, keeps it,
 * follows everybody else's. Control thread only; callbacks from its event loop.
 *
 *   WAIT_CONFIG -> (attrs callback) -> ACQUIRE -> RUNNING
 *
 * Once RUNNING it stays there: etcd away means retry with back-off, peers stay; etcd back
 * means a full reconcile (list, diff of subnets and backend data, watch from the list's
 * revision). A lost own lease is claimed again. The lease is kept at close (flannel-facts 2).
 */
#ifndef OVNET_LEASE_LEASE_CLIENT_H
#define OVNET_LEASE_LEASE_CLIENT_H

#include "etcd.h"
#include "lease_value.h"

struct event_base;

enum ovnet_lease_state {
	OVNET_LEASE_WAIT_CONFIG,
	OVNET_LEASE_ACQUIRE,
	OVNET_LEASE_RUNNING,
};

struct ovnet_lease_conf {
	const struct ovnet_etcd_ops *etcd;
	/* Asked for the network config when `etcd` has none; may be NULL. */
	const struct ovnet_etcd_ops *other_etcd;
	bool may_switch; /* to other_etcd if that has it; otherwise the operator is told */
	struct ovnet_etcd_conf etcd_conf;
	const char *prefix;            /* "/coreos.com/network" */
	struct ovnet_addr public_ip;   /* who we are in the tree */
	struct ovnet_prefix4 previous; /* subnet of an earlier life (subnet.env); len 0: none */
	uint32_t renew_margin_s;       /* before expiry; default 3600 */
	uint32_t ttl_s;                /* 86400; tests use less */
};

struct ovnet_lease_status {
	enum ovnet_lease_state state;
	bool connected; /* the watch runs */
	const char *transport, *endpoint;
	const char *error;              /* last one, "" when all is well */
	int64_t revision;               /* last seen */
	int64_t renewed_at, expires_at; /* unix seconds, 0: not yet / no TTL */
	uint64_t events, resyncs, renewals, retries, invalid;
	uint32_t peers;
	uint32_t sync_ms; /* the last listing and comparison of the whole tree; 0: none yet */
};

struct ovnet_lease_callbacks {
	/*
	 * The network config is there and parsed; asked at each attempt until we hold a lease.
	 * Fill `own`'s backend, vtep_mac and so on, or return negative errno to refuse it (fatal;
	 * already logged). `previous` is our own lease value when the tree holds one (its VtepMAC
	 * is to be taken over), NULL otherwise.
	 */
	int (*attrs)(void *arg, const struct ovnet_netconf *conf,
		const struct ovnet_lease *previous, struct ovnet_lease *own);
	/* We hold `own` (first time, or again with another subnet). */
	void (*acquired)(
		void *arg, const struct ovnet_netconf *conf, const struct ovnet_lease *own);
	/* Somebody else's lease is there or changed / is gone. Never our own. */
	void (*peer_set)(void *arg, const struct ovnet_lease *lease);
	void (*peer_del)(void *arg, const struct ovnet_lease *lease);
	/* After the first complete listing: every peer known was announced. */
	void (*synced)(void *arg);
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
/* Every valid lease known, our own included (own = true once). */
void ovnet_lease_client_each(const struct ovnet_lease_client *c,
	void (*fn)(void *arg, const struct ovnet_lease *lease, bool own), void *arg);
/* Every refused key: its name (as found), the reason. */
void ovnet_lease_client_each_invalid(const struct ovnet_lease_client *c,
	void (*fn)(void *arg, const char *key, const char *why), void *arg);

#endif
