/* SPDX-License-Identifier: BSD-3-Clause */
/* An answer of etcd's v2 API: its keys, whatever the tree, or its error. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "lease/registry/etcd/etcd_v2.h"
#include "lease/registry/etcd/etcd_v2_scan.h"

static void check_kv(const struct ovnet_registry_kv *kv)
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

static void check_object(const char *object, size_t len, const char *asked)
{
	json_t *node = v2_parse(object, len);
	struct ovnet_registry_kv kv;

	if (!v2_is_dir(node) && v2_kv(node, asked, &kv)) {
		check_kv(&kv);
		check_path(kv.key);
	}
	json_decref(node);
}

/* As a listing is taken apart: no key is outside of the answer, and none is there twice. */
static void scan(const char *body, size_t size, const char *asked)
{
	struct v2_scan s = {.at = body, .end = body + size};
	const char *object, *last = body;
	size_t len;
	int rc;

	while ((rc = v2_scan_next(&s, &object, &len)) == 1 || rc == -EAGAIN) {
		if (rc == -EAGAIN)
			continue;
		CHECK(object >= last && len >= 2 && len <= (size_t)(body + size - object),
			"a key of %zu bytes at %td, after %td", len, object - body, last - body);
		CHECK(object[0] == '{' && object[len - 1] == '}', "a key that is no object");
		check_object(object, len, asked);
		last = object + len;
	}
	CHECK(rc == 0 || rc == -EINVAL, "status %d", rc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *body = fuzz_string(data, size);
	struct v2_error e;
	int64_t index = 0;

	v2_error_of(400 + (long)(size % 105), body, size, &e);
	CHECK(memchr(e.text, '\0', sizeof(e.text)) != NULL, "a text without an end");
	CHECK(e.status != OVNET_REGISTRY_OK, "an error that is none");
	v2_index_header((const char *)data, size, &index);

	/* Without the NUL behind it: a read too far is seen. */
	char *bytes = fuzz_copy(data, size);
	scan(bytes, size, "/coreos.com/network/subnets");
	free(bytes);
	check_object(body, size, "coreos.com/network/subnets");
	free(body);
	return 0;
}
