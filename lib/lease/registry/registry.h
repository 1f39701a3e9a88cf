/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where config and leases live, as the lease logic needs it: a tree of keys with revisions, TTLs
 * and watches. etcd/ has it of etcd, file/ of a file. TTLs belong to keys here; that etcd's v3 API
 * keeps them in etcd leases is its transport's business.
 *
 * All calls return at once and run on the control thread's event loop. A callback comes
 * exactly once per call (list: per page), never from inside the call, none after cancel/free.
 * Errors in `struct ovnet_registry_result`; texts are for operators: what, where, what to do.
 */
#ifndef OVNET_LEASE_REGISTRY_REGISTRY_H
#define OVNET_LEASE_REGISTRY_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;

struct ovnet_registry_conf {
	const char *endpoints; /* comma list of http(s)://host:port; of a file: its path */
	const char *cafile, *certfile, *keyfile; /* NULL or "": none */
	const char *server_name;         /* in certificates, instead of the host; NULL, "": none */
	const char *username, *password; /* UTF-8 */
	uint32_t timeout_ms;             /* per request; watches excepted */
};

enum ovnet_registry_status {
	OVNET_REGISTRY_OK,
	OVNET_REGISTRY_CONFLICT,    /* the condition of a create/update/remove did not hold */
	OVNET_REGISTRY_NOT_FOUND,   /* no such key (or its TTL handle is gone) */
	OVNET_REGISTRY_COMPACTED,   /* watch: the revision is gone, list again */
	OVNET_REGISTRY_UNAVAILABLE, /* no endpoint answered, no leader, time-out: try again */
	OVNET_REGISTRY_DENIED,      /* certificate, password or permission */
	OVNET_REGISTRY_BROKEN,      /* an answer that is no etcd answer */
};

/* One key. Pointers live until the callback returns. */
struct ovnet_registry_kv {
	const char *key; /* NUL-terminated; keys with a NUL in them are left out and counted */
	const char *value;
	size_t value_len;
	int64_t mod_revision;
	int64_t create_revision; /* list, get, watch and create: when it came to be; else 0 */
	int64_t ttl_handle;      /* another one, another TTL: v3 etcd lease, v2 index; 0: no TTL */
	uint32_t ttl_s; /* create, update, keepalive: as granted; otherwise what is left or 0 */
};

struct ovnet_registry_result {
	enum ovnet_registry_status status;
	const char *text; /* for the log when status is not OK; never NULL */
	int64_t revision; /* of the store at this answer */
	const struct ovnet_registry_kv *kvs;
	size_t n_kvs;
	bool more; /* list: this was a page, another call follows */
};

typedef void (*ovnet_registry_cb)(void *arg, const struct ovnet_registry_result *r);

struct ovnet_registry_event {
	bool removed;
	struct ovnet_registry_kv kv; /* value NULL when removed */
};

struct ovnet_registry_watch_cbs {
	/* n 0: the watch is established, or a sign of life. */
	void (*events)(
		void *arg, const struct ovnet_registry_event *events, size_t n, int64_t revision);
	/*
	 * The watch is over; start anew from a revision (UNAVAILABLE) or a listing (COMPACTED).
	 * No unwatch for it: it is gone when this returns.
	 */
	void (*ended)(void *arg, const struct ovnet_registry_result *r);
};

struct ovnet_registry;       /* one client */
struct ovnet_registry_watch; /* one running watch */

struct ovnet_registry_ops {
	const char *name; /* "v3/json" */
	const char *api;  /* "v3": keys of the other API are invisible to this one */
	const char *put;  /* what etcdctl of that API calls a write */
	struct ovnet_registry *(*open)(
		struct event_base *base, const struct ovnet_registry_conf *conf);
	/* Cancels everything under way, no callbacks. Not from inside one. */
	void (*close)(struct ovnet_registry *registry);
	/* NOT_FOUND when absent. */
	void (*get)(
		struct ovnet_registry *registry, const char *key, ovnet_registry_cb cb, void *arg);
	/*
	 * Every key that starts with `prefix`, which ends in a slash, at one revision; OK with none
	 * when empty. In pages, if the transport can: a full tree in one answer stalls the loop.
	 */
	void (*list)(struct ovnet_registry *registry, const char *prefix, ovnet_registry_cb cb,
		void *arg);
	/*
	 * Writes if the key is absent, with a TTL handle of its own. kvs[0] on OK: revision,
	 * handle. Not told whether it was done (UNAVAILABLE), ask again: OK even if it had been.
	 */
	void (*create)(struct ovnet_registry *registry, const char *key, const char *value,
		uint32_t ttl_s, ovnet_registry_cb cb, void *arg);
	/*
	 * Writes if the key's mod revision is still `revision`. ttl_s 0: no TTL; otherwise a new
	 * handle unless `ttl_handle` names one to keep. kvs[0] as for create.
	 */
	void (*update)(struct ovnet_registry *registry, const char *key, const char *value,
		uint32_t ttl_s, int64_t ttl_handle, int64_t revision, ovnet_registry_cb cb,
		void *arg);
	/*
	 * Sets the key's TTL back to its full length: `ttl_s` in v2, what the handle was made with
	 * in v3. kvs[0]: the handle from now on, ttl_s; a revision if the key was written for it.
	 * NOT_FOUND: the handle is gone, or the key has another one.
	 */
	void (*keepalive)(struct ovnet_registry *registry, const char *key, uint32_t ttl_s,
		int64_t ttl_handle, ovnet_registry_cb cb, void *arg);
	/*
	 * What is left of the TTL behind a handle: kvs[0], its key "". NOT_FOUND: the handle is
	 * gone. NULL: listings say it.
	 */
	void (*ttl)(struct ovnet_registry *registry, int64_t ttl_handle, ovnet_registry_cb cb,
		void *arg);
	/* Removes the key if its mod revision is still `revision`. */
	void (*remove)(struct ovnet_registry *registry, const char *key, int64_t revision,
		ovnet_registry_cb cb, void *arg);
	/*
	 * Events of keys under `prefix` (or that key) from `revision` on. `cbs` is copied. NULL: no
	 * memory.
	 */
	struct ovnet_registry_watch *(*watch)(struct ovnet_registry *registry, const char *prefix,
		int64_t revision, const struct ovnet_registry_watch_cbs *cbs, void *arg);
	/* No callback follows. */
	void (*unwatch)(struct ovnet_registry_watch *w);
	/*
	 * Something failed that makes one doubt the watch. True: it looks after itself, and ends
	 * soon if there is no life in it. NULL, false: it cannot tell.
	 */
	bool (*doubt)(struct ovnet_registry_watch *w);
	/*
	 * What begins from now on goes to an endpoint chosen at random among those that did not
	 * fail lately. False: to the same as before. NULL: there is but one.
	 */
	bool (*spread)(struct ovnet_registry *registry);
	/*
	 * What begins from now on goes to these endpoints, by these credentials. What is under way
	 * ends in the next turn of the loop: requests as UNAVAILABLE, watches as COMPACTED, as
	 * their revision may mean nothing there. -EINVAL: logged, nothing changed. NULL: it has
	 * none.
	 */
	int (*retarget)(struct ovnet_registry *registry, const struct ovnet_registry_conf *conf);
	/*
	 * Who answers there: kvs[0], its value the version. NULL: there is nobody to ask.
	 */
	void (*about)(struct ovnet_registry *registry, ovnet_registry_cb cb, void *arg);
	/* For status: the transport in use, the endpoint, the last error ("" if none). */
	const char *(*transport)(struct ovnet_registry *registry); /* NULL: it is always `name` */
	const char *(*endpoint)(struct ovnet_registry *registry);
	const char *(*last_error)(struct ovnet_registry *registry);
};

#endif
