/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "lease/flannel/lease_value.h"
#include "lease/registry/file/static_registry_int.h"

OVNET_LOG_TYPE(lease)

enum kind { GET, LIST, CREATE, UPDATE, KEEPALIVE, REMOVE, WATCH };

/* An operation waits for the next turn of the loop: callbacks never come from inside a call. */
struct call {
	TAILQ_ENTRY(call) link;
	enum kind kind;
	char *key, *value;
	int64_t revision;
	ovnet_registry_cb cb;
	void *arg;
	struct ovnet_registry_watch *watch;
};

static void answer(struct call *c, enum ovnet_registry_status status, const char *text)
{
	c->cb(c->arg, &(struct ovnet_registry_result){.status = status, .text = text});
}

static void answer_entries(struct ovnet_registry *r, struct call *c, bool prefix)
{
	const char *want = static_name_of(c->key);
	struct ovnet_registry_kv *kvs = must(calloc(r->file.n + 1, sizeof(*kvs)));
	char **keys = must(calloc(r->file.n + 1, sizeof(*keys)));
	size_t n = 0;

	for (size_t i = 0; i < r->file.n; i++) {
		const struct static_entry *entry = &r->file.entries[i];
		int differs = prefix ? strncmp(entry->name, want, strlen(want))
				     : strcmp(entry->name, want);
		if (differs)
			continue;
		keys[n] = static_full_key(c->key, entry->name);
		kvs[n] = static_kv(keys[n], entry);
		n++;
	}
	bool found = n > 0 || prefix;
	c->cb(c->arg, &(struct ovnet_registry_result){
			      .status = found ? OVNET_REGISTRY_OK : OVNET_REGISTRY_NOT_FOUND,
			      .text = found ? "" : "not in the file",
			      .revision = r->file.revision,
			      .kvs = kvs,
			      .n_kvs = n});
	for (size_t i = 0; i < n; i++)
		free(keys[i]);
	free(keys);
	free(kvs);
}

static bool same_lease(const char *a, const char *b)
{
	struct ovnet_lease la = {0}, lb = {0};
	char ignored[200];

	if (ovnet_lease_value_parse(a, strlen(a), &la, ignored, sizeof(ignored)) < 0 ||
		ovnet_lease_value_parse(b, strlen(b), &lb, ignored, sizeof(ignored)) < 0)
		return false;
	if (la.vni == 0)
		la.vni = lb.vni;                   /* the file need not state it */
	la.has_next_hop_mac = lb.has_next_hop_mac; /* of no use for ourselves */
	la.next_hop_mac = lb.next_hop_mac;
	return ovnet_lease_equal(&la, &lb);
}

/* Our own lease in the words of the lease logic; what it says has to be what the file says. */
static void answer_update(struct ovnet_registry *r, struct call *c)
{
	struct static_entry *entry = static_file_find(&r->file, static_name_of(c->key));
	char text[1024];

	if (entry == NULL || entry->revision != c->revision) {
		answer(c, OVNET_REGISTRY_CONFLICT, "the file changed meanwhile");
		return;
	}
	if (!same_lease(entry->file_value, c->value)) {
		snprintf(text, sizeof(text), "%s: the lease of this node has to be \"%s\": %s",
			r->path, entry->name + strlen(STATIC_LEASES), c->value);
		answer(c, OVNET_REGISTRY_DENIED, text);
		return;
	}
	free(entry->value);
	entry->value = must(strdup(c->value));
	struct ovnet_registry_kv kv = static_kv(c->key, entry);
	c->cb(c->arg, &(struct ovnet_registry_result){.status = OVNET_REGISTRY_OK,
			      .text = "",
			      .revision = r->file.revision,
			      .kvs = &kv,
			      .n_kvs = 1});
}

static void answer_denied(struct ovnet_registry *r, struct call *c)
{
	char text[1024];

	snprintf(text, sizeof(text),
		"%s is only read: put the lease of this node there, for example \"%s\": %s",
		r->path, c->kind == CREATE ? static_name_of(c->key) + strlen(STATIC_LEASES) : "...",
		c->kind == CREATE ? c->value : "{...}");
	answer(c, OVNET_REGISTRY_DENIED, text);
}

static void run(struct ovnet_registry *r, struct call *c)
{
	switch (c->kind) {
	case GET:
	case LIST:
		if (r->file.n == 0)
			answer(c, OVNET_REGISTRY_UNAVAILABLE, r->error);
		else
			answer_entries(r, c, c->kind == LIST);
		return;
	case UPDATE:
		answer_update(r, c);
		return;
	case KEEPALIVE:
		answer(c, OVNET_REGISTRY_NOT_FOUND, "leases of a file have no TTL");
		return;
	case CREATE:
	case REMOVE:
		answer_denied(r, c);
		return;
	case WATCH:
		c->watch->cbs.events(c->watch->arg, NULL, 0, r->file.revision);
		return;
	}
}

static void free_call(struct call *c)
{
	free(c->key);
	free(c->value);
	free(c);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct ovnet_registry *r = arg;
	struct call *c;

	(void)fd, (void)what;
	while ((c = TAILQ_FIRST(&r->calls)) != NULL) {
		TAILQ_REMOVE(&r->calls, c, link);
		run(r, c);
		free_call(c);
	}
}

static struct call *queue(struct ovnet_registry *r, enum kind kind, const char *key,
	const char *value, ovnet_registry_cb cb, void *arg)
{
	struct call *c = must(calloc(1, sizeof(*c)));

	c->kind = kind;
	c->key = must(strdup(key));
	c->value = value != NULL ? must(strdup(value)) : NULL;
	c->cb = cb;
	c->arg = arg;
	TAILQ_INSERT_TAIL(&r->calls, c, link);
	event_active(r->turn, EV_TIMEOUT, 0);
	return c;
}

static void op_close(struct ovnet_registry *r)
{
	struct ovnet_registry_watch *w;
	struct call *c;

	while ((c = TAILQ_FIRST(&r->calls)) != NULL) {
		TAILQ_REMOVE(&r->calls, c, link);
		free_call(c);
	}
	while ((w = TAILQ_FIRST(&r->watches)) != NULL)
		ovnet_registry_static.unwatch(w);
	if (r->changed != NULL)
		event_free(r->changed);
	if (r->inotify >= 0)
		close(r->inotify);
	event_free(r->turn);
	static_file_free(&r->file);
	free(r->path);
	free(r);
}

static struct ovnet_registry *op_open(
	struct event_base *base, const struct ovnet_registry_conf *conf)
{
	struct ovnet_registry *r = must(calloc(1, sizeof(*r)));

	r->path = must(strdup(conf->endpoints));
	r->inotify = -1;
	TAILQ_INIT(&r->calls);
	TAILQ_INIT(&r->watches);
	r->turn = must(event_new(base, -1, 0, on_turn, r));
	if (static_follow(r, base) < 0) {
		op_close(r);
		return NULL;
	}
	return r;
}

static void op_get(struct ovnet_registry *r, const char *key, ovnet_registry_cb cb, void *arg)
{
	queue(r, GET, key, NULL, cb, arg);
}

static void op_list(struct ovnet_registry *r, const char *prefix, ovnet_registry_cb cb, void *arg)
{
	queue(r, LIST, prefix, NULL, cb, arg);
}

static void op_create(struct ovnet_registry *r, const char *key, const char *value, uint32_t ttl_s,
	ovnet_registry_cb cb, void *arg)
{
	(void)ttl_s;
	queue(r, CREATE, key, value, cb, arg);
}

static void op_update(struct ovnet_registry *r, const char *key, const char *value, uint32_t ttl_s,
	int64_t ttl_handle, int64_t revision, ovnet_registry_cb cb, void *arg)
{
	(void)ttl_s, (void)ttl_handle;
	queue(r, UPDATE, key, value, cb, arg)->revision = revision;
}

static void op_keepalive(struct ovnet_registry *r, const char *key, uint32_t ttl_s,
	int64_t ttl_handle, ovnet_registry_cb cb, void *arg)
{
	(void)key, (void)ttl_s, (void)ttl_handle;
	queue(r, KEEPALIVE, "", NULL, cb, arg);
}

static void op_remove(struct ovnet_registry *r, const char *key, int64_t revision,
	ovnet_registry_cb cb, void *arg)
{
	(void)revision;
	queue(r, REMOVE, key, NULL, cb, arg);
}

static struct ovnet_registry_watch *op_watch(struct ovnet_registry *r, const char *prefix,
	int64_t revision, const struct ovnet_registry_watch_cbs *cbs, void *arg)
{
	struct ovnet_registry_watch *w = must(calloc(1, sizeof(*w)));

	(void)revision; /* the listing it follows was of this very turn's file */
	w->registry = r;
	w->prefix = must(strdup(prefix));
	w->cbs = *cbs;
	w->arg = arg;
	w->told = r->file.revision;
	TAILQ_INSERT_TAIL(&r->watches, w, link);
	queue(r, WATCH, "", NULL, NULL, NULL)->watch = w;
	return w;
}

static void op_unwatch(struct ovnet_registry_watch *w)
{
	struct call *c, *next;

	for (c = TAILQ_FIRST(&w->registry->calls); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->watch == w) {
			TAILQ_REMOVE(&w->registry->calls, c, link);
			free_call(c);
		}
	}
	TAILQ_REMOVE(&w->registry->watches, w, link);
	free(w->prefix);
	free(w);
}

static const char *op_endpoint(struct ovnet_registry *r)
{
	return r->path;
}

static const char *op_last_error(struct ovnet_registry *r)
{
	return r->error;
}

const struct ovnet_registry_ops ovnet_registry_static = {
	.name = "static",
	.api = "file",
	.put = "edit",
	.open = op_open,
	.close = op_close,
	.get = op_get,
	.list = op_list,
	.create = op_create,
	.update = op_update,
	.keepalive = op_keepalive,
	.remove = op_remove,
	.watch = op_watch,
	.unwatch = op_unwatch,
	.endpoint = op_endpoint,
	.last_error = op_last_error,
};
