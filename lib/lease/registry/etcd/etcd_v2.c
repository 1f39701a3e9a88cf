/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/registry/etcd/etcd_v2.h"

#include <event2/event.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "lease/registry/etcd/base64.h"
#include "lease/registry/etcd/etcd.h"
#include "loop/timer.h"

#define EXPIRY_LOOK_MS 250
#define EXPIRY_MAX_MS  10000

/* One operation, from the caller's call to its callback; several requests for some. */
struct v2_op {
	struct etcd_op base;
	struct ovnet_registry *e;
	int64_t expected;
	uint32_t ttl_s;
	int64_t give_up_ms; /* remove: until it has expired */
};

static struct v2_op *new_op(struct ovnet_registry *e, const char *key, const char *value,
	ovnet_registry_cb cb, void *arg)
{
	struct v2_op *op = etcd_op_new(sizeof(*op), &e->client, key, value, cb, arg);

	op->e = e;
	return op;
}

static void finish(struct v2_op *op, const struct ovnet_registry_result *r)
{
	etcd_op_finish(&op->base, r);
}

static void finish_as(struct v2_op *op, enum ovnet_registry_status status, const char *text,
	const struct v2_answer *a)
{
	finish(op, &(struct ovnet_registry_result){
			   .status = status, .text = text, .revision = a->index});
}

static void finish_failed(struct v2_op *op, const struct v2_answer *a)
{
	finish_as(op, a->status, a->text, a);
}

static void finish_ok(struct v2_op *op, const struct ovnet_registry_kv *kv, int64_t index)
{
	finish(op, &(struct ovnet_registry_result){.status = OVNET_REGISTRY_OK,
			   .text = "",
			   .revision = index,
			   .kvs = kv,
			   .n_kvs = 1});
}

static void read_key(struct v2_op *op, v2_done done)
{
	v2_send(op->e,
		&(struct v2_request){.path = v2_question(op->base.key,
					     "quorum=true&recursive=false&sorted=false", 0)},
		done, op);
}

/* The key in a good answer to read_key(); otherwise the operation is over. */
static bool read_ok(struct v2_op *op, const struct v2_answer *a, struct ovnet_registry_kv *kv)
{
	struct v2_error dir;

	if (a->status != OVNET_REGISTRY_OK) {
		finish_failed(op, a);
	} else if (v2_is_dir(a->node)) {
		v2_error_dir(op->base.key, &dir);
		finish_as(op, dir.status, dir.text, a);
	} else if (!v2_kv(a->node, op->base.key, kv)) {
		finish_as(op, OVNET_REGISTRY_BROKEN, "etcd's answer is not what its API describes",
			a);
	} else {
		return true;
	}
	return false;
}

static void on_get(void *arg, const struct v2_answer *a)
{
	struct v2_op *op = arg;
	struct ovnet_registry_kv kv;

	if (read_ok(op, a, &kv))
		finish_ok(op, &kv, a->index);
}

static void op_get(struct ovnet_registry *e, const char *key, ovnet_registry_cb cb, void *arg)
{
	read_key(new_op(e, key, NULL, cb, arg), on_get);
}

static void on_written(void *arg, const struct v2_answer *a)
{
	struct v2_op *op = arg;
	struct ovnet_registry_kv kv;

	if (a->status == OVNET_REGISTRY_NOT_FOUND) {
		finish_as(op, OVNET_REGISTRY_CONFLICT, a->text, a);
	} else if (read_ok(op, a, &kv)) {
		/* What was granted; the answer has it as the member's clock counts it. */
		kv.ttl_s = op->ttl_s;
		finish_ok(op, &kv, kv.mod_revision);
	}
}

/* Compare and swap; `expected` 0: only if it is absent. */
static void write_key(struct v2_op *op, const char *value, uint32_t ttl_s, v2_done done)
{
	v2_send(op->e,
		&(struct v2_request){
			.path = v2_question(op->base.key,
				op->expected == 0 ? "prevExist=false" : "prevIndex=", op->expected),
			.form = v2_form(value, ttl_s)},
		done, op);
}

static void op_create(struct ovnet_registry *e, const char *key, const char *value, uint32_t ttl_s,
	ovnet_registry_cb cb, void *arg)
{
	struct v2_op *op = new_op(e, key, value, cb, arg);

	op->ttl_s = ttl_s;
	write_key(op, op->base.value, ttl_s, on_written);
}

static void op_update(struct ovnet_registry *e, const char *key, const char *value, uint32_t ttl_s,
	int64_t ttl_handle, int64_t revision, ovnet_registry_cb cb, void *arg)
{
	struct v2_op *op = new_op(e, key, value, cb, arg);

	(void)ttl_handle; /* every write sets the TTL anew */
	op->ttl_s = ttl_s;
	op->expected = revision;
	write_key(op, op->base.value, ttl_s, on_written);
}

static void on_kept(void *arg, const struct v2_answer *a)
{
	struct v2_op *op = arg;

	if (a->status == OVNET_REGISTRY_CONFLICT)
		finish_as(op, OVNET_REGISTRY_NOT_FOUND, a->text, a);
	else
		on_written(op, a);
}

static void on_keep(void *arg, const struct v2_answer *a)
{
	struct v2_op *op = arg;
	struct ovnet_registry_kv kv;

	if (!read_ok(op, a, &kv))
		return;
	if (kv.ttl_handle != op->expected)
		finish_as(op, OVNET_REGISTRY_NOT_FOUND, "somebody else wrote the key", a);
	else
		write_key(op, kv.value, op->ttl_s, on_kept);
}

/*
 * The value is written again rather than `refresh`ed, which etcd before 2.3 takes for an empty
 * value, and which watchers, who may have missed the key, do not see.
 */
static void op_keepalive(struct ovnet_registry *e, const char *key, uint32_t ttl_s,
	int64_t ttl_handle, ovnet_registry_cb cb, void *arg)
{
	struct v2_op *op = new_op(e, key, NULL, cb, arg);

	op->ttl_s = ttl_s;
	op->expected = ttl_handle;
	read_key(op, on_keep);
}

static void on_expiring(void *arg, const struct v2_answer *a)
{
	struct v2_op *op = arg;

	if (a->status == OVNET_REGISTRY_NOT_FOUND ||
		(a->status == OVNET_REGISTRY_OK &&
			v2_index(a->node, "modifiedIndex") != op->expected))
		finish_as(op, OVNET_REGISTRY_OK, "", a);
	else if (a->status != OVNET_REGISTRY_OK)
		finish_failed(op, a);
	else if (monotonic_ms() > op->give_up_ms)
		finish_as(op, OVNET_REGISTRY_UNAVAILABLE, "the key should have expired by now", a);
	else
		arm_ms(op->base.timer, EXPIRY_LOOK_MS);
}

static void on_expiry_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	read_key(arg, on_expiring);
}

static void on_doomed(void *arg, const struct v2_answer *a)
{
	struct v2_op *op = arg;

	if (a->status != OVNET_REGISTRY_OK) {
		finish_as(op,
			a->status == OVNET_REGISTRY_NOT_FOUND ? OVNET_REGISTRY_CONFLICT : a->status,
			a->text, a);
		return;
	}
	op->expected = v2_index(a->node, "modifiedIndex");
	op->give_up_ms = monotonic_ms() + EXPIRY_MAX_MS;
	op->base.timer = must(evtimer_new(op->e->client.base, on_expiry_timer, op));
	arm_ms(op->base.timer, EXPIRY_LOOK_MS);
}

static void on_remove(void *arg, const struct v2_answer *a)
{
	struct v2_op *op = arg;
	struct ovnet_registry_kv kv;

	if (a->status == OVNET_REGISTRY_NOT_FOUND) {
		finish_as(op, OVNET_REGISTRY_CONFLICT, a->text, a);
		return;
	}
	if (!read_ok(op, a, &kv))
		return;
	if (kv.mod_revision != op->expected)
		finish_as(op, OVNET_REGISTRY_CONFLICT, "somebody else changed the key first", a);
	else
		write_key(op, kv.value, 1, on_doomed);
}

/*
 * flanneld takes a compareAndDelete for a lease that came, not one that went, and fails on its
 * lack of a value again and again. An expiry it understands, and to that a condition can be put.
 */
static void op_remove(struct ovnet_registry *e, const char *key, int64_t revision,
	ovnet_registry_cb cb, void *arg)
{
	struct v2_op *op = new_op(e, key, NULL, cb, arg);

	op->expected = revision;
	read_key(op, on_remove);
}

#define BASIC "Authorization: Basic "

static char *basic_auth(const char *username, const char *password)
{
	char *plain = NULL;
	int len = asprintf(&plain, "%s:%s", username, password != NULL ? password : "");
	char *out = must(malloc(sizeof(BASIC) + BASE64_LEN((size_t)(len < 0 ? 0 : len))));

	must(len < 0 ? NULL : plain);
	base64_encode(plain, (size_t)len, stpcpy(out, BASIC));
	free(plain);
	return out;
}

static void set_user(struct ovnet_registry *e, const struct ovnet_registry_conf *conf)
{
	free(e->authorization);
	e->authorization = conf->username != NULL && conf->username[0] != '\0'
				   ? basic_auth(conf->username, conf->password)
				   : NULL;
	e->headers[1] = e->authorization;
}

static void on_changed(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	v2_calls_left(arg);
	v2_watches_left(arg);
}

static int op_retarget(struct ovnet_registry *e, const struct ovnet_registry_conf *conf)
{
	int rc = etcd_client_retarget(&e->client, conf, on_changed, e);

	if (rc < 0)
		return rc;
	v2_calls_leave(e);
	v2_watches_leave(e);
	set_user(e, conf);
	e->unanswered = 0;
	return 0;
}

static void op_close(struct ovnet_registry *e)
{
	while (!TAILQ_EMPTY(&e->watches))
		v2_unwatch(TAILQ_FIRST(&e->watches));
	v2_cancel_all(e);
	if (e->probe != NULL)
		event_free(e->probe);
	etcd_client_close(&e->client);
	free(e->authorization);
	free(e);
}

static struct ovnet_registry *op_open(
	struct event_base *base, const struct ovnet_registry_conf *conf)
{
	struct ovnet_registry *e = must(calloc(1, sizeof(*e)));

	e->headers[0] = "Content-Type: application/x-www-form-urlencoded";
	set_user(e, conf);
	TAILQ_INIT(&e->calls);
	TAILQ_INIT(&e->watches);
	e->moved = v2_watches_follow;
	if (etcd_client_open(&e->client, base, conf) < 0) {
		op_close(e);
		return NULL;
	}
	v2_probe_init(e);
	return e;
}

static void op_about(struct ovnet_registry *e, ovnet_registry_cb cb, void *arg)
{
	etcd_client_about(&e->client, cb, arg);
}

static const char *op_endpoint(struct ovnet_registry *e)
{
	return etcd_client_endpoint(&e->client);
}

static bool op_spread(struct ovnet_registry *e)
{
	return etcd_client_spread(&e->client);
}

static const char *op_last_error(struct ovnet_registry *e)
{
	return e->client.last_error;
}

const struct ovnet_registry_ops ovnet_etcd_v2 = {
	.name = "v2",
	.api = "v2",
	.put = "set",
	.open = op_open,
	.close = op_close,
	.get = op_get,
	.list = v2_list,
	.create = op_create,
	.update = op_update,
	.keepalive = op_keepalive,
	.remove = op_remove,
	.watch = v2_watch,
	.unwatch = v2_unwatch,
	.doubt = v2_doubt,
	.spread = op_spread,
	.about = op_about,
	.retarget = op_retarget,
	.endpoint = op_endpoint,
	.last_error = op_last_error,
};
