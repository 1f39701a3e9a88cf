/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "lease/registry/file/static_registry_int.h"

OVNET_LOG_TYPE(lease)

/* "/coreos.com/network/subnets/x" -> "subnets/x"; the prefix is the caller's own business. */
const char *static_name_of(const char *key)
{
	const char *at = strstr(key, "/" STATIC_LEASES);

	if (at != NULL)
		return at + 1;
	at = strrchr(key, '/');
	return at != NULL ? at + 1 : key;
}

char *static_full_key(const char *asked, const char *name)
{
	size_t root = (size_t)(static_name_of(asked) - asked);
	char *key = must(malloc(root + strlen(name) + 1));

	memcpy(key, asked, root);
	strcpy(key + root, name);
	return key;
}

struct ovnet_registry_kv static_kv(char *key, const struct static_entry *e)
{
	return (struct ovnet_registry_kv){.key = key,
		.value = e->value,
		.value_len = strlen(e->value),
		.mod_revision = e->revision,
		.create_revision = 1}; /* a file does not say which came first */
}

/* All changes in one call: a callback may end its watch. */
static void tell(struct ovnet_registry_watch *w, const struct static_file *old)
{
	const struct static_file *now = &w->registry->file;
	const char *want = static_name_of(w->prefix);
	struct ovnet_registry_event *events = must(calloc(old->n + now->n + 1, sizeof(*events)));
	size_t n = 0;

	for (size_t i = 0; i < old->n + now->n; i++) {
		bool before = i < old->n;
		const struct static_entry *e =
			before ? &old->entries[i] : &now->entries[i - old->n];
		if (strncmp(e->name, want, strlen(want)) != 0)
			continue;
		if (before ? static_file_find(now, e->name) != NULL : e->revision != now->revision)
			continue;
		char *key = static_full_key(w->prefix, e->name);
		events[n++] = (struct ovnet_registry_event){.removed = before,
			.kv = before ? (struct ovnet_registry_kv){.key = key,
					       .mod_revision = now->revision}
				     : static_kv(key, e)};
	}
	w->told = now->revision;
	if (n > 0)
		w->cbs.events(w->arg, events, n, now->revision);
	while (n > 0) {
		union {
			const char *out;
			char *mine;
		} key = {events[--n].kv.key};
		free(key.mine);
	}
	free(events);
}

/* Watches hear of it once the new version is in force: what they ask then is answered by it. */
static void replace(struct ovnet_registry *r, struct static_file *now)
{
	struct static_file old = r->file;
	struct ovnet_registry_watch *w;
	size_t changes = static_file_succeed(now, &old);

	r->file = *now;
	LOG(INFO, "registry.file %s: read, %zu changes", r->path, changes);
	do {
		TAILQ_FOREACH (w, &r->watches, link)
			if (w->told != r->file.revision)
				break;
		if (w != NULL)
			tell(w, &old);
	} while (w != NULL);
	static_file_free(&old);
}

static void load(struct ovnet_registry *r)
{
	struct static_file now = {0};
	char why[300];

	if (static_file_read(r->path, &now, why, sizeof(why)) < 0) {
		static_file_free(&now);
		snprintf(r->error, sizeof(r->error), "%s: %s", r->path, why);
		LOG(ERR, "registry.file %s: %s%s", r->path, why,
			r->file.n > 0 ? "; what was read before stays in force" : "");
		return;
	}
	r->error[0] = '\0';
	replace(r, &now);
}

static void on_changed(evutil_socket_t fd, short what, void *arg)
{
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	struct ovnet_registry *r = arg;
	const char *slash = strrchr(r->path, '/');
	const char *file = slash != NULL ? slash + 1 : r->path;
	bool ours = false;
	ssize_t n;

	(void)what;
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *ev = (const struct inotify_event *)(buf + at);
			ours = ours || ev->mask & IN_Q_OVERFLOW ||
			       (ev->len > 0 && strcmp(ev->name, file) == 0);
			at += (ssize_t)(sizeof(*ev) + ev->len);
		}
	}
	if (ours)
		load(r);
}

/* The directory, not the file: editors and configuration tools replace files by renaming. */
static int watch_directory(struct ovnet_registry *r, struct event_base *base)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(r->path, '/');
	size_t len = slash == NULL ? 0 : slash == r->path ? 1 : (size_t)(slash - r->path);

	snprintf(dir, sizeof(dir), "%.*s", len > 0 ? (int)len : 1, len > 0 ? r->path : ".");
	r->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (r->inotify < 0 ||
		inotify_add_watch(r->inotify, dir, IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR) < 0) {
		int err = -errno;
		LOG(ERR, "registry.file %s: cannot watch %s: %s", r->path, dir, strerror(-err));
		return err;
	}
	r->changed = must(event_new(base, r->inotify, EV_READ | EV_PERSIST, on_changed, r));
	return event_add(r->changed, NULL);
}

int static_follow(struct ovnet_registry *r, struct event_base *base)
{
	int rc = watch_directory(r, base);

	if (rc == 0)
		load(r);
	return rc;
}
