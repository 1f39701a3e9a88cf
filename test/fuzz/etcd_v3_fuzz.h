/* SPDX-License-Identifier: BSD-3-Clause */
/* Both wires of etcd's v3 API: what a decoder hands out is whole, and can be freed. */
#ifndef OVNET_FUZZ_ETCD_V3_FUZZ_H
#define OVNET_FUZZ_ETCD_V3_FUZZ_H

#include <string.h>

#include "fuzz.h"
#include "lease/registry/etcd/etcd_v3.h"

static inline void check_kvs(const struct v3_kvs *k)
{
	for (size_t i = 0; i < k->n; i++) {
		const struct ovnet_registry_kv *kv = &k->kvs[i];
		CHECK(kv->key[0] != '\0', "a key without a byte");
		fuzz_touch(kv->key, strlen(kv->key) + 1);
		fuzz_touch(kv->value, kv->value_len);
		CHECK(kv->value[kv->value_len] == '\0', "no NUL behind a value");
	}
}

static inline void fuzz_reply(
	const struct v3_wire *wire, enum v3_method method, const uint8_t *data, size_t size)
{
	char *bytes = fuzz_string(data, size);
	struct v3_reply reply = {0};

	if (wire->decode(method, bytes, size, &reply) == 0)
		check_kvs(&reply.kvs);
	if (reply.next.p != NULL)
		fuzz_touch(reply.next.p, reply.next.len);
	if (reply.token != NULL)
		fuzz_touch(reply.token, strlen(reply.token));
	v3_kvs_free(&reply.kvs);
	free(reply.next.p);
	free(reply.token);
	free(bytes);
}

static inline void fuzz_watch_reply(const struct v3_wire *wire, const char *bytes, size_t len)
{
	struct v3_watch_reply r = {0};

	if (wire->decode_watch(bytes, len, &r) == 0)
		check_kvs(&r.kvs);
	for (size_t i = 0; i < r.kvs.n; i++)
		fuzz_touch(&r.removed[i], sizeof(r.removed[i]));
	CHECK(memchr(r.error.text, '\0', sizeof(r.error.text)) != NULL, "a text without an end");
	v3_kvs_free(&r.kvs);
	free(r.removed);
}

/* Message by message, as the watch takes them from what has come so far. */
static inline void fuzz_stream(const struct v3_wire *wire, const uint8_t *data, size_t size)
{
	while (size > 0) {
		char *bytes = fuzz_copy(data, size);
		ssize_t n = wire->message(bytes, size, 0, true);

		CHECK(n <= (ssize_t)size, "a message longer than what has come");
		if (n > 0)
			fuzz_watch_reply(wire, bytes, (size_t)n);
		free(bytes);
		if (n <= 0)
			return;
		data += n;
		size -= (size_t)n;
	}
}

/* The first byte says what was asked; the rest is the answer. */
static inline void fuzz_wire(const struct v3_wire *wire, const uint8_t *data, size_t size)
{
	if (size == 0)
		return;
	enum v3_method method = data[0] % V3_METHODS;
	if (method == V3_WATCH)
		fuzz_stream(wire, data + 1, size - 1);
	else
		fuzz_reply(wire, method, data + 1, size - 1);
}

#endif
