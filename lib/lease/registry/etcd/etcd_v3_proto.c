/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/registry/etcd/etcd_v3_proto.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "etcd_v3.pb-c.h"

static struct v3_bytes packed(const ProtobufCMessage *m, size_t before)
{
	size_t len = protobuf_c_message_get_packed_size(m);
	char *p = must(malloc(before + len + 1));

	protobuf_c_message_pack(m, (uint8_t *)p + before);
	return (struct v3_bytes){.p = p, .len = before + len};
}

/* Only read from. */
static ProtobufCBinaryData data_of(const char *text)
{
	return (ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)(uintptr_t)text};
}

static ProtobufCBinaryData range_end_of(const struct v3_request *r, struct v3_bytes *hold)
{
	*hold = r->prefix ? v3_range_end(r->key) : (struct v3_bytes){0};
	return (ProtobufCBinaryData){.len = hold->len, .data = (uint8_t *)hold->p};
}

static struct v3_bytes encode_range(const struct v3_request *r, size_t before)
{
	V3pb__RangeRequest m = V3PB__RANGE_REQUEST__INIT;
	struct v3_bytes end, out;

	m.key = r->from.p != NULL
			? (ProtobufCBinaryData){.len = r->from.len, .data = (uint8_t *)r->from.p}
			: data_of(r->key);
	m.range_end = range_end_of(r, &end);
	m.limit = v3_limit(V3_PROTO_PAGE, r);
	m.revision = r->revision;
	out = packed(&m.base, before);
	free(end.p);
	return out;
}

static struct v3_bytes encode_watch(const struct v3_request *r, size_t before)
{
	V3pb__WatchRequest m = V3PB__WATCH_REQUEST__INIT;
	V3pb__WatchCreate create = V3PB__WATCH_CREATE__INIT;
	struct v3_bytes end, out;

	create.key = data_of(r->key);
	create.range_end = range_end_of(r, &end);
	create.start_revision = r->revision;
	create.progress_notify = true;
	create.fragment = true;
	m.what_case = V3PB__WATCH_REQUEST__WHAT_CREATE;
	m.create = &create;
	out = packed(&m.base, before);
	free(end.p);
	return out;
}

struct v3_bytes v3_proto_probe(size_t before)
{
	V3pb__WatchRequest m = V3PB__WATCH_REQUEST__INIT;
	V3pb__WatchProgress progress = V3PB__WATCH_PROGRESS__INIT;

	m.what_case = V3PB__WATCH_REQUEST__WHAT_PROGRESS;
	m.progress = &progress;
	return packed(&m.base, before);
}

static void set_condition(V3pb__Condition *c, const struct v3_request *r)
{
	c->key = data_of(r->key);
	if (r->revision == 0) {
		c->target = V3PB__CONDITION__TARGET__VERSION;
		c->expected_case = V3PB__CONDITION__EXPECTED_VERSION;
		return;
	}
	c->target = V3PB__CONDITION__TARGET__MOD;
	c->expected_case = V3PB__CONDITION__EXPECTED_MOD_REVISION;
	c->mod_revision = r->revision;
}

static struct v3_bytes encode_txn(const struct v3_request *r, size_t before)
{
	V3pb__TxnRequest m = V3PB__TXN_REQUEST__INIT;
	V3pb__Condition condition = V3PB__CONDITION__INIT, *conditions = &condition;
	V3pb__Operation op = V3PB__OPERATION__INIT, *then = &op;
	V3pb__Put put = V3PB__PUT__INIT;
	V3pb__Remove rm = V3PB__REMOVE__INIT;

	set_condition(&condition, r);
	if (r->value != NULL) {
		put.key = data_of(r->key);
		put.value = data_of(r->value);
		put.lease = r->lease;
		op.what_case = V3PB__OPERATION__WHAT_PUT;
		op.put = &put;
	} else {
		rm.key = data_of(r->key);
		op.what_case = V3PB__OPERATION__WHAT_REMOVE;
		op.remove = &rm;
	}
	m.n_conditions = m.n_then = 1;
	m.conditions = &conditions;
	m.then = &then;
	return packed(&m.base, before);
}

static struct v3_bytes encode_grant(const struct v3_request *r, size_t before)
{
	V3pb__GrantRequest m = V3PB__GRANT_REQUEST__INIT;

	m.ttl = r->ttl_s;
	m.id = r->lease;
	return packed(&m.base, before);
}

static struct v3_bytes encode_lease(const struct v3_request *r, size_t before)
{
	V3pb__LeaseRequest m = V3PB__LEASE_REQUEST__INIT;

	m.id = r->lease;
	return packed(&m.base, before);
}

static struct v3_bytes encode_login(const struct v3_request *r, size_t before)
{
	V3pb__LoginRequest m = V3PB__LOGIN_REQUEST__INIT;

	m.name = (char *)(uintptr_t)r->name;
	m.password = (char *)(uintptr_t)r->password;
	return packed(&m.base, before);
}

struct v3_bytes v3_proto_encode(const struct v3_request *r, size_t before)
{
	static struct v3_bytes (*const encode[V3_METHODS])(const struct v3_request *, size_t) = {
		[V3_RANGE] = encode_range,
		[V3_TXN] = encode_txn,
		[V3_GRANT] = encode_grant,
		[V3_KEEPALIVE] = encode_lease,
		[V3_REVOKE] = encode_lease,
		[V3_TTL] = encode_lease,
		[V3_AUTHENTICATE] = encode_login,
		[V3_WATCH] = encode_watch,
	};

	return encode[r->method](r, before);
}

static int64_t revision_of(const V3pb__Header *h)
{
	return h != NULL ? h->revision : 0;
}

static size_t room_of(const V3pb__KeyValue *kv)
{
	return kv != NULL ? kv->key.len + kv->value.len : 0;
}

static void put_data(char *at, const ProtobufCBinaryData *d)
{
	if (d->len > 0)
		memcpy(at, d->data, d->len);
	at[d->len] = '\0';
}

static bool take_kv(const V3pb__KeyValue *from, struct v3_kvs *k)
{
	if (from == NULL) {
		k->left_out++;
		return false;
	}
	put_data(k->end, &from->key);
	put_data(k->end + from->key.len + 1, &from->value);
	struct ovnet_registry_kv *kv =
		v3_kvs_take(k, (ssize_t)from->key.len, (ssize_t)from->value.len);
	if (kv == NULL)
		return false;
	kv->mod_revision = from->mod_revision;
	kv->create_revision = from->create_revision;
	kv->ttl_handle = from->lease;
	return true;
}

static void read_range(const ProtobufCMessage *message, struct v3_reply *out)
{
	const V3pb__RangeReply *m = (const V3pb__RangeReply *)message;
	size_t room = 0;

	out->revision = revision_of(m->header);
	for (size_t i = 0; i < m->n_kvs; i++)
		room += room_of(m->kvs[i]);
	v3_kvs_init(&out->kvs, m->n_kvs, room);
	for (size_t i = 0; i < m->n_kvs; i++)
		take_kv(m->kvs[i], &out->kvs);
	/* The last key as it is, even if it is left out. */
	if (m->more && m->n_kvs > 0)
		out->next =
			v3_next_key(m->kvs[m->n_kvs - 1]->key.data, m->kvs[m->n_kvs - 1]->key.len);
}

static void read_txn(const ProtobufCMessage *message, struct v3_reply *out)
{
	const V3pb__TxnReply *m = (const V3pb__TxnReply *)message;

	out->revision = revision_of(m->header);
	out->succeeded = m->succeeded;
}

static void read_lease(const ProtobufCMessage *message, struct v3_reply *out)
{
	const V3pb__LeaseReply *m = (const V3pb__LeaseReply *)message;

	out->revision = revision_of(m->header);
	out->lease = m->id;
	out->ttl_s = v3_seconds(m->ttl);
}

static void read_login(const ProtobufCMessage *message, struct v3_reply *out)
{
	const V3pb__LoginReply *m = (const V3pb__LoginReply *)message;

	if (m->token[0] != '\0')
		out->token = must(strdup(m->token));
}

int v3_proto_decode(enum v3_method method, const void *bytes, size_t len, struct v3_reply *out)
{
	static const struct {
		const ProtobufCMessageDescriptor *type;
		void (*read)(const ProtobufCMessage *m, struct v3_reply *out);
	} replies[V3_METHODS] = {
		[V3_RANGE] = {&v3pb__range_reply__descriptor, read_range},
		[V3_TXN] = {&v3pb__txn_reply__descriptor, read_txn},
		[V3_GRANT] = {&v3pb__lease_reply__descriptor, read_lease},
		[V3_KEEPALIVE] = {&v3pb__lease_reply__descriptor, read_lease},
		[V3_REVOKE] = {&v3pb__lease_reply__descriptor, read_lease},
		[V3_TTL] = {&v3pb__lease_reply__descriptor, read_lease},
		[V3_AUTHENTICATE] = {&v3pb__login_reply__descriptor, read_login},
	};
	ProtobufCMessage *m = protobuf_c_message_unpack(replies[method].type, NULL, len, bytes);

	if (m == NULL)
		return -EINVAL;
	replies[method].read(m, out);
	protobuf_c_message_free_unpacked(m, NULL);
	return 0;
}

static void read_events(const V3pb__WatchReply *m, struct v3_watch_reply *out)
{
	size_t room = 0;

	for (size_t i = 0; i < m->n_events; i++)
		room += room_of(m->events[i]->kv);
	v3_kvs_init(&out->kvs, m->n_events, room);
	out->removed = must(calloc(m->n_events + 1, sizeof(*out->removed)));
	for (size_t i = 0; i < m->n_events; i++)
		if (take_kv(m->events[i]->kv, &out->kvs))
			out->removed[out->kvs.n - 1] =
				m->events[i]->type == V3PB__EVENT__TYPE__DELETE;
}

int v3_proto_decode_watch(const void *bytes, size_t len, struct v3_watch_reply *out)
{
	V3pb__WatchReply *m = v3pb__watch_reply__unpack(NULL, len, bytes);

	if (m == NULL)
		return -EINVAL;
	out->revision = revision_of(m->header);
	out->part = m->fragment;
	/* What answers a probe belongs to no watch of the stream. */
	out->progress = m->watch_id == -1;
	out->over = m->canceled;
	if (m->canceled)
		v3_error_of_cancel(m->compact_revision,
			m->cancel_reason[0] != '\0' ? m->cancel_reason : NULL, &out->error);
	read_events(m, out);
	v3pb__watch_reply__free_unpacked(m, NULL);
	return 0;
}
