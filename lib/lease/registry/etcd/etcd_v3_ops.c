/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/registry/etcd/etcd_v3.h"

#include <event2/util.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

OVNET_LOG_TYPE(lease)

/* One operation, from the caller's call to its callback; several requests for some. */
struct v3_op {
	struct etcd_op base;
	struct ovnet_registry *e;
	int64_t expected; /* the key's revision, 0: absent */
	int64_t created;  /* its first one, 0: not known */
	int64_t lease;
	uint32_t ttl_s, granted_s; /* of a lease of its own: asked for, granted */
	bool fresh_lease;          /* granted for this very operation */
	bool used_lease; /* which was sent with the key, now or in a former one without an answer */
	/* list: the length of base.value, where the page under way begins, and its revision. */
	size_t from_len;
	int64_t at;
	unsigned page; /* list: how small the pages have to be, as of v3_request */
};

static struct v3_op *new_op(struct ovnet_registry *e, const char *key, const char *value,
	ovnet_registry_cb cb, void *arg)
{
	struct v3_op *op = etcd_op_new(sizeof(*op), &e->client, key, value, cb, arg);

	op->e = e;
	return op;
}

static void finish(struct v3_op *op, const struct ovnet_registry_result *r)
{
	etcd_op_finish(&op->base, r);
}

static void finish_failed(struct v3_op *op, const struct v3_answer *a)
{
	finish(op, &(struct ovnet_registry_result){.status = a->status, .text = a->text});
}

static void finish_broken(struct v3_op *op)
{
	finish(op, &(struct ovnet_registry_result){.status = OVNET_REGISTRY_BROKEN,
			   .text = "etcd's answer is not what its API describes"});
}

static void report_left_out(const struct v3_op *op, const struct v3_kvs *k)
{
	if (k->left_out > 0)
		LOG(WARN, "%zu keys under %s cannot be read (a NUL in the name?) and are ignored",
			k->left_out, op->base.key);
}

static void on_range(struct v3_op *op, const struct v3_answer *a, bool single)
{
	if (a->status != OVNET_REGISTRY_OK) {
		finish_failed(op, a);
		return;
	}
	const struct v3_kvs *k = &a->reply->kvs;
	report_left_out(op, k);
	struct ovnet_registry_result r = {.status = OVNET_REGISTRY_OK,
		.text = "",
		.revision = op->at != 0 ? op->at : a->reply->revision,
		.kvs = k->kvs,
		.n_kvs = k->n};
	if (single && k->n == 0) {
		r.status = OVNET_REGISTRY_NOT_FOUND;
		r.text = "no such key";
	}
	finish(op, &r);
}

static void on_get(void *arg, const struct v3_answer *a)
{
	on_range(arg, a, true);
}

static void ask_page(struct v3_op *op);

/* Values may have a megabyte each: quickly down to what fits, slowly back. */
static void ask_smaller_page(struct v3_op *op)
{
	LOG(DEBUG, "%s: a page of the listing is too long, asking for fewer keys", op->base.key);
	op->page *= 8;
	ask_page(op);
}

/* The next page is on its way while the caller looks at this one. */
static void on_page(void *arg, const struct v3_answer *a)
{
	struct v3_op *op = arg;

	if (a->too_long) {
		ask_smaller_page(op);
		return;
	}
	if (a->status != OVNET_REGISTRY_OK || a->reply->next.p == NULL) {
		on_range(op, a, false);
		return;
	}
	if (op->at == 0)
		op->at = a->reply->revision;
	struct v3_bytes from = v3_next_key(a->reply->next.p, a->reply->next.len - 1);
	free(op->base.value);
	op->base.value = from.p;
	op->from_len = from.len;
	op->page -= op->page / 2;
	ask_page(op);
	report_left_out(op, &a->reply->kvs);
	op->base.cb(op->base.arg, &(struct ovnet_registry_result){.status = OVNET_REGISTRY_OK,
					  .text = "",
					  .revision = op->at,
					  .kvs = a->reply->kvs.kvs,
					  .n_kvs = a->reply->kvs.n,
					  .more = true});
}

static void ask_page(struct v3_op *op)
{
	v3_ask(op->e,
		&(struct v3_request){.method = V3_RANGE,
			.key = op->base.key,
			.prefix = true,
			.page = op->page,
			.from = {.p = op->base.value, .len = op->from_len},
			.revision = op->at},
		on_page, op);
}

void v3_get(struct ovnet_registry *e, const char *key, ovnet_registry_cb cb, void *arg)
{
	struct v3_op *op = new_op(e, key, NULL, cb, arg);

	v3_ask(e, &(struct v3_request){.method = V3_RANGE, .key = op->base.key}, on_get, op);
}

void v3_list(struct ovnet_registry *e, const char *prefix, ovnet_registry_cb cb, void *arg)
{
	struct v3_op *op = new_op(e, prefix, NULL, cb, arg);

	op->page = 1;
	ask_page(op);
}

static void finish_written(struct v3_op *op, int64_t revision, int64_t created)
{
	struct ovnet_registry_kv kv = {.key = op->base.key,
		.value = op->base.value,
		.value_len = op->base.value != NULL ? strlen(op->base.value) : 0,
		.mod_revision = revision,
		.create_revision = created,
		.ttl_handle = op->lease,
		.ttl_s = op->granted_s};

	v3_loose_moved(op->e, op->base.key, op->lease, op->fresh_lease);
	finish(op, &(struct ovnet_registry_result){.status = OVNET_REGISTRY_OK,
			   .text = "",
			   .revision = kv.mod_revision,
			   .kvs = &kv,
			   .n_kvs = 1});
}

static void finish_conflict(struct v3_op *op, int64_t revision)
{
	finish(op, &(struct ovnet_registry_result){.status = OVNET_REGISTRY_CONFLICT,
			   .text = "somebody else changed the key first",
			   .revision = revision});
}

static void send_txn(struct v3_op *op);

/* Whether it is there, and on the key, nobody told. */
static void keep_lease(struct v3_op *op)
{
	v3_loose_keep(op->e, op->lease, op->ttl_s, op->used_lease ? op->base.key : NULL);
}

static bool has_value(const struct v3_op *op, const struct ovnet_registry_kv *kv)
{
	return kv->value_len == strlen(op->base.value) &&
	       memcmp(kv->value, op->base.value, kv->value_len) == 0;
}

/* Our own write, of which we had no answer, may be what made the key another one. */
static void on_read_back(void *arg, const struct v3_answer *a)
{
	struct v3_op *op = arg;

	if (a->status != OVNET_REGISTRY_OK) {
		keep_lease(op);
		finish_failed(op, a);
		return;
	}
	const struct ovnet_registry_kv *kv = a->reply->kvs.kvs;
	if (a->reply->kvs.n != 1 || kv->ttl_handle != op->lease) {
		v3_loose_revoke(op->e, op->lease);
		finish_conflict(op, a->reply->revision);
	} else if (has_value(op, kv)) {
		finish_written(op, kv->mod_revision, kv->create_revision);
	} else {
		op->expected = kv->mod_revision;
		op->created = kv->create_revision;
		send_txn(op);
	}
}

static void on_refused(struct v3_op *op, const struct v3_answer *a)
{
	if (op->fresh_lease)
		v3_ask(op->e, &(struct v3_request){.method = V3_RANGE, .key = op->base.key},
			on_read_back, op);
	else
		finish_conflict(op, a->reply->revision);
}

static void on_txn(void *arg, const struct v3_answer *a)
{
	struct v3_op *op = arg;

	if (a->status != OVNET_REGISTRY_OK) {
		/* Lost on the way it may have been carried out: then the lease has a key. */
		if (op->fresh_lease)
			keep_lease(op);
		finish_failed(op, a);
	} else if (a->reply->succeeded) {
		finish_written(op, a->reply->revision,
			op->expected == 0 ? a->reply->revision : op->created);
	} else {
		on_refused(op, a);
	}
}

static void send_txn(struct v3_op *op)
{
	v3_ask(op->e,
		&(struct v3_request){.method = V3_TXN,
			.key = op->base.key,
			.revision = op->expected,
			.value = op->base.value,
			.lease = op->lease},
		on_txn, op);
}

/* Nobody else has it, as far as 63 random bits go. */
static int64_t random_id(void)
{
	uint64_t id;

	do
		evutil_secure_rng_get_bytes(&id, sizeof(id));
	while (id >> 1 == 0);
	return (int64_t)(id >> 1);
}

static void write_with_lease(struct v3_op *op, uint32_t granted_s)
{
	op->granted_s = granted_s;
	op->fresh_lease = op->used_lease = true;
	send_txn(op);
}

static void send_grant(struct v3_op *op);

/* The lease is there since a grant whose answer was lost; how long has it, and is it still? */
static void on_found_granted(void *arg, const struct v3_answer *a)
{
	struct v3_op *op = arg;

	if (a->status != OVNET_REGISTRY_OK) {
		keep_lease(op);
		finish_failed(op, a);
	} else if (a->reply->ttl_s == 0) {
		op->lease = random_id();
		op->used_lease = false;
		send_grant(op);
	} else {
		write_with_lease(op, a->reply->ttl_s);
	}
}

static void on_granted(void *arg, const struct v3_answer *a)
{
	struct v3_op *op = arg;

	if (a->status == OVNET_REGISTRY_CONFLICT) {
		v3_ask(op->e, &(struct v3_request){.method = V3_KEEPALIVE, .lease = op->lease},
			on_found_granted, op);
	} else if (a->status != OVNET_REGISTRY_OK) {
		keep_lease(op);
		finish_failed(op, a);
	} else if (a->reply->lease != op->lease || a->reply->ttl_s == 0) {
		keep_lease(op);
		finish_broken(op);
	} else {
		write_with_lease(op, a->reply->ttl_s);
	}
}

static void send_grant(struct v3_op *op)
{
	v3_ask(op->e,
		&(struct v3_request){.method = V3_GRANT, .ttl_s = op->ttl_s, .lease = op->lease},
		on_granted, op);
}

/* We choose the ID: asked again after a time-out, etcd does not make a second lease. */
static void write_with_new_lease(struct v3_op *op, uint32_t ttl_s)
{
	op->ttl_s = ttl_s;
	op->lease = v3_loose_take(op->e, ttl_s, op->base.key, &op->used_lease);
	if (op->lease == 0)
		op->lease = random_id();
	send_grant(op);
}

void v3_create(struct ovnet_registry *e, const char *key, const char *value, uint32_t ttl_s,
	ovnet_registry_cb cb, void *arg)
{
	struct v3_op *op = new_op(e, key, value, cb, arg);

	write_with_new_lease(op, ttl_s);
}

void v3_update(struct ovnet_registry *e, const char *key, const char *value, uint32_t ttl_s,
	int64_t ttl_handle, int64_t revision, ovnet_registry_cb cb, void *arg)
{
	struct v3_op *op = new_op(e, key, value, cb, arg);

	op->expected = revision;
	if (ttl_s != 0 && ttl_handle == 0) {
		write_with_new_lease(op, ttl_s);
		return;
	}
	op->lease = ttl_s != 0 ? ttl_handle : 0;
	op->granted_s = ttl_s;
	send_txn(op);
}

void v3_remove(struct ovnet_registry *e, const char *key, int64_t revision, ovnet_registry_cb cb,
	void *arg)
{
	struct v3_op *op = new_op(e, key, NULL, cb, arg);

	op->expected = revision;
	send_txn(op);
}

/* Of keepalive and ttl. */
static void on_kept(void *arg, const struct v3_answer *a)
{
	struct v3_op *op = arg;

	if (a->status != OVNET_REGISTRY_OK) {
		finish_failed(op, a);
		return;
	}
	struct ovnet_registry_kv kv = {
		.key = op->base.key, .ttl_handle = op->lease, .ttl_s = a->reply->ttl_s};
	/* A lease that is gone is answered with a TTL of 0. */
	finish(op, &(struct ovnet_registry_result){
			   .status = kv.ttl_s > 0 ? OVNET_REGISTRY_OK : OVNET_REGISTRY_NOT_FOUND,
			   .text = kv.ttl_s > 0 ? "" : "the etcd lease has expired",
			   .revision = a->reply->revision,
			   .kvs = &kv,
			   .n_kvs = 1});
}

void v3_keepalive(struct ovnet_registry *e, const char *key, uint32_t ttl_s, int64_t ttl_handle,
	ovnet_registry_cb cb, void *arg)
{
	struct v3_op *op = new_op(e, key, NULL, cb, arg);

	(void)ttl_s; /* the etcd lease knows */
	op->lease = ttl_handle;
	v3_ask(e, &(struct v3_request){.method = V3_KEEPALIVE, .lease = ttl_handle}, on_kept, op);
}

void v3_ttl(struct ovnet_registry *e, int64_t ttl_handle, ovnet_registry_cb cb, void *arg)
{
	struct v3_op *op = new_op(e, "", NULL, cb, arg);

	op->lease = ttl_handle;
	v3_ask(e, &(struct v3_request){.method = V3_TTL, .lease = ttl_handle}, on_kept, op);
}
