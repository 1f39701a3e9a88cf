/* SPDX-License-Identifier: BSD-3-Clause */
/* Private to the static registry: its state, and its way to follow the file. */
#ifndef OVNET_LEASE_REGISTRY_FILE_STATIC_REGISTRY_INT_H
#define OVNET_LEASE_REGISTRY_FILE_STATIC_REGISTRY_INT_H

#include <event2/event.h>
#include <sys/queue.h>

#include "lease/registry/file/static_file.h"
#include "lease/registry/file/static_registry.h"

struct call;

struct ovnet_registry_watch {
	TAILQ_ENTRY(ovnet_registry_watch) link;
	struct ovnet_registry *registry;
	char *prefix;
	int64_t told; /* revision of the file it knows */
	struct ovnet_registry_watch_cbs cbs;
	void *arg;
};

struct ovnet_registry {
	char *path;
	struct static_file file;
	struct event *turn, *changed;
	int inotify;
	TAILQ_HEAD(, call) calls;
	TAILQ_HEAD(, ovnet_registry_watch) watches;
	char error[512];
};

/* "/coreos.com/network/subnets/x" -> "subnets/x"; the prefix is the caller's own business. */
const char *static_name_of(const char *key);
/* The name under the prefix of the key that was asked for. Caller frees. */
char *static_full_key(const char *asked, const char *name);
struct ovnet_registry_kv static_kv(char *key, const struct static_entry *e);

/* Reads the file and follows it from now on. -errno: its directory cannot be watched. */
int static_follow(struct ovnet_registry *r, struct event_base *base);

#endif
