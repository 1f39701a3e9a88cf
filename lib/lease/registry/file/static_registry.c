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

static void answer_entries(struct ovnet_registry *e, struct call *c, bool prefix)
{
	const char *want = static_name_of(c->key);
	struct ovnet_registry_kv *kvs = must(calloc(e->file.n + 1, sizeof(*kvs)));
	char **keys = must(calloc(e->file.n + 1, sizeof(*keys)));
	size_t n = 0;

	for (size_t i = 0; i < e->file.n; i++) {
		const struct static_entry *entry = &e->file.entries[i];
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
			      .revision = e->file.revision,
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
static void answer_update(struct ovnet_registry *e, struct call *c)
{
	struct static_entry *entry = static_file_find(&e->file, static_name_of(c->key));
	char text[1024];

	if (entry == NULL || entry->revision != c->revision) {
		answer(c, OVNET_REGISTRY_CONFLICT, "the file changed meanwhile");
		return;
	}
	if (!same_lease(entry->file_value, c->value)) {
		snprintf(text, sizeof(text), "%s: the lease of this node has to be \"%s\": %s",
			e->path, entry->name + strlen(STATIC_LEASES), c->value);
		answer(c, OVNET_REGISTRY_DENIED, text);
		return;
	}
	free(entry->value);
	entry->value = must(strdup(c->value));
	struct ovnet_registry_kv kv = static_kv(c->key, entry);
	c->cb(c->arg, &(struct ovnet_registry_result){.status = OVNET_REGISTRY_OK,
			      .text = "",
			      .revision = e->file.revision,
			      .kvs = &kv,
			      .n_kvs = 1});
}

static void answer_denied(struct ovnet_registry *e, struct call *c)
{
	char text[1024];

	snprintf(text, sizeof(text),
		"%s is only read: put the lease of this node there, for example \"%s\": %s",
		e->path, c->kind == CREATE ? static_name_of(c->key) + strlen(STATIC_LEASES) : "...",
		c->kind == CREATE ? c->value : "{...}");
	answer(c, OVNET_REGISTRY_DENIED, text);
}

static void run(struct ovnet_registry *e, struct call *c)
{
	switch (c->kind) {
	case GET:
	case LIST:
		if (e->file.n == 0)
			answer(c, OVNET_REGISTRY_UNAVAILABLE, e->error);
		else
			answer_entries(e, c, c->kind == LIST);
		return;
	case UPDATE:
		answer_update(e, c);
		return;
	case KEEPALIVE:
		answer(c, OVNET_REGISTRY_NOT_FOUND, "leases of a file have no TTL");
		return;
	case CREATE:
	case REMOVE:
		answer_denied(e, c);
		return;
	case WATCH:
		c->watch->cbs.events(c->watch->arg, NULL, 0, e->file.revision);
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
	struct ovnet_registry *e = arg;
	struct call *c;

	(void)fd, (void)what;
	while ((c = TAILQ_FIRST(&e->calls)) != NULL) {
		TAILQ_REMOVE(&e->calls, c, link);
		run(e, c);
		free_call(c);
	}
}

static struct call *queue(struct ovnet_registry *e, enum kind kind, const char *key,
	const char *value, ovnet_registry_cb cb, void *arg)
{
	struct call *c = must(calloc(1, sizeof(*c)));

	c->kind = kind;
	c->key = must(strdup(key));
	c->value = value != NULL ? must(strdup(value)) : NULL;
	c->cb = cb;
	c->arg = arg;
	TAILQ_INSERT_TAIL(&e->calls, c, link);
	event_active(e->turn, EV_TIMEOUT, 0);
	return c;
}

static void op_close(struct ovnet_registry *e)
{
	struct ovnet_registry_watch *w;
	struct call *c;

	while ((c = TAILQ_FIRST(&e->calls)) != NULL) {
		TAILQ_REMOVE(&e->calls, c, link);
		free_call(c);
	}
	while ((w = TAILQ_FIRST(&e->watches)) != NULL)
		ovnet_registry_static.unwatch(w);
	if (e->changed != NULL)
		event_free(e->changed);
	if (e->inotify >= 0)
		close(e->inotify);
	event_free(e->turn);
	static_file_free(&e->file);
	free(e->path);
	free(e);
}

static struct ovnet_registry *op_open(
	struct event_base *base, const struct ovnet_registry_conf *conf)
{
	struct ovnet_registry *e = must(calloc(1, sizeof(*e)));

	e->path = must(strdup(conf->endpoints));
	e->inotify = -1;
	TAILQ_INIT(&e->calls);
	TAILQ_INIT(&e->watches);
	e->turn = must(event_new(base, -1, 0, on_turn, e));
	if (static_follow(e, base) < 0) {
		op_close(e);
		return NULL;
	}
	return e;
}

static void op_get(struct ovnet_registry *e, const char *key, ovnet_registry_cb cb, void *arg)
{
	queue(e, GET, key, NULL, cb, arg);
}

static void op_list(struct ovnet_registry *e, const char *prefix, ovnet_registry_cb cb, void *arg)
{
	queue(e, LIST, prefix, NULL, cb, arg);
}

static void op_create(struct ovnet_registry *e, const char *key, const char *value, uint32_t ttl_s,
	ovnet_registry_cb cb, void *arg)
{
	(void)ttl_s;
	queue(e, CREATE, key, value, cb, arg);
}

static void op_update(struct ovnet_registry *e, const char *key, const char *value, uint32_t ttl_s,
	int64_t ttl_handle, int64_t revision, ovnet_registry_cb cb, void *arg)
{
	(void)ttl_s, (void)ttl_handle;
	queue(e, UPDATE, key, value, cb, arg)->revision = revision;
}

static void op_keepalive(struct ovnet_registry *e, const char *key, uint32_t ttl_s,
	int64_t ttl_handle, ovnet_registry_cb cb, void *arg)
{
	(void)key, (void)ttl_s, (void)ttl_handle;
	queue(e, KEEPALIVE, "", NULL, cb, arg);
}

static void op_remove(struct ovnet_registry *e, const char *key, int64_t revision,
	ovnet_registry_cb cb, void *arg)
{
	(void)revision;
	queue(e, REMOVE, key, NULL, cb, arg);
}

static struct ovnet_registry_watch *op_watch(struct ovnet_registry *e, const char *prefix,
	int64_t revision, const struct ovnet_registry_watch_cbs *cbs, void *arg)
{
	struct ovnet_registry_watch *w = must(calloc(1, sizeof(*w)));

	(void)revision; /* the listing it follows was of this very turn's file */
	w->e = e;
	w->prefix = must(strdup(prefix));
	w->cbs = *cbs;
	w->arg = arg;
	w->told = e->file.revision;
	TAILQ_INSERT_TAIL(&e->watches, w, link);
	queue(e, WATCH, "", NULL, NULL, NULL)->watch = w;
	return w;
}

static void op_unwatch(struct ovnet_registry_watch *w)
{
	struct call *c, *next;

	for (c = TAILQ_FIRST(&w->e->calls); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->watch == w) {
			TAILQ_REMOVE(&w->e->calls, c, link);
			free_call(c);
		}
	}
	TAILQ_REMOVE(&w->e->watches, w, link);
	free(w->prefix);
	free(w);
}

static const char *op_endpoint(struct ovnet_registry *e)
{
	return e->path;
}

static const char *op_last_error(struct ovnet_registry *e)
{
	return e->error;
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
