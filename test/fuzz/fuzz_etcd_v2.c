/* SPDX-License-Identifier: BSD-3-Clause */
/* An answer of etcd's v2 API: its keys, whatever the tree, or its error. */
#include <string.h>

#include "etcd_v2.h"
#include "fuzz.h"

static void check_kv(const struct ovnet_etcd_kv *kv)
{
	fuzz_touch(kv->key, strlen(kv->key));
	fuzz_touch(kv->value, kv->value_len);
	CHECK(kv->value[kv->value_len] == '\0', "no NUL behind a value");
	CHECK(kv->mod_revision > 0, "a key of no revision");
}

static void check_path(const char *key)
{
	char *path = v2_path(key), *form = v2_form(key, 86400);

	CHECK(path[strcspn(path, " ?#&\r\n")] == '\0', "a key breaks its URL: %s", path);
	CHECK(form[strcspn(form, " ?#\r\n")] == '\0', "a value breaks its form: %s", form);
	free(path);
	free(form);
}

static void gather(const json_t *root, const char *asked)
{
	struct v2_kvs k = {0};
	struct ovnet_etcd_kv kv;

	if (v2_kv(json_object_get(root, "node"), asked, &kv))
		check_kv(&kv);
	v2_kvs_gather(&k, json_object_get(root, "node"), asked);
	for (size_t i = 0; i < k.n; i++) {
		check_kv(&k.kvs[i]);
		check_path(k.kvs[i].key);
	}
	free(k.kvs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *body = fuzz_string(data, size);
	struct v2_error e;
	int64_t index = 0;
	bool too_deep;

	v2_error_of(400 + (long)(size % 105), body, size, &e);
	CHECK(memchr(e.text, '\0', sizeof(e.text)) != NULL, "a text without an end");
	CHECK(e.status != OVNET_ETCD_OK, "an error that is none");
	v2_index_header((const char *)data, size, &index);

	json_t *root = v2_parse(body, size, &too_deep);
	CHECK(root == NULL || !too_deep, "too deep, and yet there");
	gather(root, "/coreos.com/network/subnets");
	gather(root, "coreos.com/network/subnets");
	json_decref(root);
	free(body);
	return 0;
}
