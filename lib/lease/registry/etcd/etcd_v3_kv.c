/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/registry/etcd/etcd_v3.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

uint32_t v3_seconds(int64_t ttl)
{
	if (ttl <= 0)
		return 0;
	return ttl < UINT32_MAX ? (uint32_t)ttl : UINT32_MAX;
}

struct v3_bytes v3_range_end(const char *prefix)
{
	size_t len = strlen(prefix);
	char *end = must(strdup(prefix));

	while (len > 0 && (unsigned char)end[len - 1] == 0xff)
		len--;
	if (len > 0)
		end[len - 1]++;
	return (struct v3_bytes){.p = end, .len = len > 0 ? len : 1};
}

struct v3_bytes v3_next_key(const void *key, size_t len)
{
	char *next = must(malloc(len + 1));

	if (len > 0) /* an answer may hold a key without a byte */
		memcpy(next, key, len);
	next[len] = '\0';
	return (struct v3_bytes){.p = next, .len = len + 1};
}

void v3_kvs_init(struct v3_kvs *k, size_t n, size_t room)
{
	k->kvs = must(calloc(n + 1, sizeof(*k->kvs)));
	k->bytes = k->end = must(malloc(room + 2 * n + 1));
}

struct ovnet_registry_kv *v3_kvs_take(struct v3_kvs *k, ssize_t key_len, ssize_t value_len)
{
	if (key_len <= 0 || value_len < 0 || strlen(k->end) != (size_t)key_len) {
		k->left_out++;
		return NULL;
	}
	struct ovnet_registry_kv *kv = &k->kvs[k->n++];
	kv->key = k->end;
	kv->value = kv->key + key_len + 1;
	kv->value_len = (size_t)value_len;
	k->end += key_len + value_len + 2;
	return kv;
}

void v3_kvs_free(struct v3_kvs *k)
{
	free(k->kvs);
	free(k->bytes);
}
