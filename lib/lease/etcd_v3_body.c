/* SPDX-License-Identifier: BSD-3-Clause */
#include "etcd_v3.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "mem.h"

/* The gateway writes 64-bit numbers as strings and leaves zeros out. */
int64_t v3_int(const json_t *object, const char *name)
{
	const json_t *v = json_object_get(object, name);

	if (json_is_integer(v))
		return json_integer_value(v);
	return json_is_string(v) ? strtoll(json_string_value(v), NULL, 10) : 0;
}

int64_t v3_revision(const json_t *object)
{
	return v3_int(json_object_get(object, "header"), "revision");
}

static char *encoded(const char *text, size_t len)
{
	char *out = must(malloc(BASE64_LEN(len) + 1));

	base64_encode(text, len, out);
	return out;
}

/* etcd's range end for "everything that starts with": the next key after all of them. */
static char *encoded_end(const char *prefix)
{
	size_t len = strlen(prefix);
	char *end = must(strdup(prefix));

	while (len > 0 && (unsigned char)end[len - 1] == 0xff)
		len--;
	if (len > 0)
		end[len - 1]++;
	char *out = encoded(end, len > 0 ? len : 1);
	free(end);
	return out;
}

static char *formatted(char *text, int rc)
{
	return must(rc < 0 ? NULL : text);
}

char *v3_range_body(const char *key, bool prefix)
{
	char *k = encoded(key, strlen(key)), *end = prefix ? encoded_end(key) : NULL, *body = NULL;
	int rc = prefix ? asprintf(&body, "{\"key\":\"%s\",\"range_end\":\"%s\"}", k, end)
			: asprintf(&body, "{\"key\":\"%s\"}", k);

	free(k);
	free(end);
	return formatted(body, rc);
}

char *v3_watch_body(const char *prefix, int64_t revision)
{
	char *k = encoded(prefix, strlen(prefix)), *end = encoded_end(prefix), *body = NULL;
	int rc = asprintf(&body,
		"{\"create_request\":{\"key\":\"%s\",\"range_end\":\"%s\","
		"\"start_revision\":\"%" PRId64 "\",\"progress_notify\":true}}",
		k, end, revision);

	free(k);
	free(end);
	return formatted(body, rc);
}

char *v3_txn_body(
	const char *key, const char *target, int64_t expected, const char *value, int64_t lease)
{
	char *k = encoded(key, strlen(key)),
	     *v = encoded(value != NULL ? value : "", value != NULL ? strlen(value) : 0);
	char *then = NULL, *body = NULL;
	int rc = value != NULL ? asprintf(&then,
					 "{\"request_put\":{\"key\":\"%s\",\"value\":\"%s\","
					 "\"lease\":\"%" PRId64 "\"}}",
					 k, v, lease)
			       : asprintf(&then, "{\"request_delete_range\":{\"key\":\"%s\"}}", k);

	then = formatted(then, rc);
	rc = asprintf(&body,
		"{\"compare\":[{\"key\":\"%s\",\"target\":\"%s\",\"result\":\"EQUAL\",\"%s\":"
		"\"%" PRId64 "\"}],\"success\":[%s]}",
		k, target, strcmp(target, "MOD") == 0 ? "mod_revision" : "version", expected, then);
	free(then);
	free(k);
	free(v);
	return formatted(body, rc);
}

size_t v3_kv_room(const json_t *object)
{
	return json_string_length(json_object_get(object, "key")) +
	       json_string_length(json_object_get(object, "value")) + 2;
}

static ssize_t decode_text(const json_t *text, char **bytes, const char **out)
{
	ssize_t n = 0;

	/* An empty value is left out. */
	if (json_is_string(text))
		n = base64_decode(
			json_string_value(text), json_string_length(text), (unsigned char *)*bytes);
	if (n < 0)
		return n;
	*out = *bytes;
	(*bytes)[n] = '\0';
	*bytes += n + 1;
	return n;
}

int v3_kv_decode(const json_t *object, struct ovnet_etcd_kv *kv, char **bytes)
{
	ssize_t key_len = decode_text(json_object_get(object, "key"), bytes, &kv->key);
	ssize_t value_len = decode_text(json_object_get(object, "value"), bytes, &kv->value);

	if (key_len <= 0 || value_len < 0 || strlen(kv->key) != (size_t)key_len)
		return -EINVAL;
	kv->value_len = (size_t)value_len;
	kv->mod_revision = v3_int(object, "mod_revision");
	kv->ttl_handle = v3_int(object, "lease");
	return 0;
}

int v3_kvs_decode(const json_t *array, struct v3_kvs *out)
{
	size_t room = 1, n = json_array_size(array);
	const json_t *item;
	size_t i;

	*out = (struct v3_kvs){0};
	if (array != NULL && !json_is_array(array))
		return -EINVAL;
	for (i = 0; i < n; i++)
		room += v3_kv_room(json_array_get(array, i));
	out->kvs = must(calloc(n + 1, sizeof(*out->kvs)));
	out->bytes = must(malloc(room));
	char *bytes = out->bytes;
	json_array_foreach (array, i, item) {
		if (v3_kv_decode(item, &out->kvs[out->n], &bytes) == 0)
			out->n++;
		else
			out->left_out++;
	}
	return 0;
}

void v3_kvs_free(struct v3_kvs *k)
{
	free(k->kvs);
	free(k->bytes);
}
