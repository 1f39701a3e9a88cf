/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/registry/etcd/etcd_v2.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

#define KEYS "/v2/keys"

static char *escape(char *to, const char *from, size_t len, const char *plain)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)from[i];
		if (c < 0x80 && (isalnum(c) || strchr(plain, c) != NULL)) {
			*to++ = (char)c;
			continue;
		}
		*to++ = '%';
		*to++ = hex[c >> 4];
		*to++ = hex[c & 15];
	}
	*to = '\0';
	return to;
}

char *v2_path(const char *key)
{
	size_t len = strlen(key);
	char *out = must(malloc(sizeof(KEYS) + 1 + 3 * len)), *end = stpcpy(out, KEYS);

	while (len > 0 && key[len - 1] == '/')
		len--;
	if (key[0] != '/')
		*end++ = '/';
	escape(end, key, len, "/-._~:");
	return out;
}

char *v2_question(const char *key, const char *query, int64_t index)
{
	char *path = v2_path(key), *out = NULL;
	int rc = index != 0 ? asprintf(&out, "%s?%s%" PRId64, path, query, index)
			    : asprintf(&out, "%s?%s", path, query);

	free(path);
	return must(rc < 0 ? NULL : out);
}

char *v2_form(const char *value, uint32_t ttl_s)
{
	size_t len = strlen(value);
	char *out = must(malloc(32 + 3 * len)), *end = out;

	if (ttl_s != 0)
		end += sprintf(end, "ttl=%u&", ttl_s);
	escape(stpcpy(end, "value="), value, len, "-._~");
	return out;
}

json_t *v2_parse(const char *body, size_t len)
{
	/* A NUL in a value is that value's own trouble. */
	json_t *root = json_loadb(body, len, JSON_ALLOW_NUL, NULL);

	if (json_is_object(root))
		return root;
	json_decref(root);
	return NULL;
}

const char *v2_key_as(const json_t *node, const char *asked)
{
	const json_t *key = json_object_get(node, "key");
	const char *text = json_string_value(key);

	if (text == NULL || text[0] != '/' || strlen(text) != json_string_length(key))
		return NULL;
	return asked[0] == '/' ? text : text + 1;
}

bool v2_is_dir(const json_t *node)
{
	return json_is_true(json_object_get(node, "dir"));
}

int64_t v2_index(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

bool v2_kv(const json_t *node, const char *asked, struct ovnet_registry_kv *out)
{
	const json_t *value = json_object_get(node, "value");

	*out = (struct ovnet_registry_kv){.key = v2_key_as(node, asked),
		.value = json_is_string(value) ? json_string_value(value) : "",
		.value_len = json_string_length(value),
		.mod_revision = v2_index(node, "modifiedIndex"),
		.create_revision = v2_index(node, "createdIndex")};
	if (json_object_get(node, "expiration") != NULL) {
		/* Whoever writes a key gives it a TTL of its own. The last second is left out. */
		out->ttl_handle = out->mod_revision;
		out->ttl_s = (uint32_t)v2_index(node, "ttl");
		out->ttl_s += out->ttl_s == 0;
	}
	return out->key != NULL && out->mod_revision > 0;
}

void v2_index_header(const char *line, size_t n, int64_t *index)
{
	static const char name[] = "X-Etcd-Index:";
	char digits[24];

	if (n < sizeof(name) || strncasecmp(line, name, sizeof(name) - 1) != 0)
		return;
	n -= sizeof(name) - 1;
	n = n < sizeof(digits) ? n : sizeof(digits) - 1;
	memcpy(digits, line + sizeof(name) - 1, n);
	digits[n] = '\0';
	*index = strtoll(digits, NULL, 10);
}
