/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "lease/tree_read.h"

#define KEYS_MAX (1u << 20) /* as the daemon's own table */

static char *copied(const char *text, size_t len)
{
	char *out = must(malloc(len + 1));

	if (len > 0)
		memcpy(out, text, len);
	out[len] = '\0';
	return out;
}

void lease_tree_add(struct lease_tree *t, const struct ovnet_registry_kv *kv, const char *subnets)
{
	size_t len = strlen(subnets);

	if (t->n == KEYS_MAX)
		return;
	if (t->n == t->room) {
		t->room = t->room > 0 ? t->room * 2 : 1024;
		t->keys = must(reallocarray(t->keys, t->room, sizeof(*t->keys)));
	}
	struct lease_tree_key *k = &t->keys[t->n++];
	*k = (struct lease_tree_key){.key = copied(kv->key, strlen(kv->key)),
		.value_len = kv->value_len <= OVNET_LEASE_VALUE_MAX ? kv->value_len
								    : OVNET_LEASE_VALUE_MAX + 1,
		.created = kv->create_revision,
		.ttl_handle = kv->ttl_handle,
		.ttl_s = kv->ttl_s};
	k->value = copied(kv->value, k->value_len);
	if (strncmp(k->key, subnets, len) == 0)
		k->name = k->key + len;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(
		((const struct lease_tree_key *)a)->key, ((const struct lease_tree_key *)b)->key);
}

void lease_tree_sort(struct lease_tree *t)
{
	if (t->n > 1)
		qsort(t->keys, t->n, sizeof(*t->keys), by_key);
}

void lease_tree_free(struct lease_tree *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->keys[i].key);
		free(t->keys[i].value);
	}
	free(t->keys);
	free(t->transport);
	free(t->endpoint);
	free(t->version);
	free(t->config_key);
	free(t->config_error);
	free(t->error);
	*t = (struct lease_tree){0};
}
