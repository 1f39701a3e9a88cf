/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/flannel/json_field.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

json_t *json_field(const json_t *object, const char *name)
{
	json_t *found = NULL;

	for (void *it = json_object_iter((json_t *)object); it != NULL;
		it = json_object_iter_next((json_t *)object, it))
		if (strcasecmp(json_object_iter_key(it), name) == 0)
			found = json_object_iter_value(it);
	return found;
}

static const char *type_name(const json_t *v)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "object",
		[JSON_ARRAY] = "array",
		[JSON_STRING] = "string",
		[JSON_INTEGER] = "number",
		[JSON_REAL] = "number with a fraction",
		[JSON_TRUE] = "bool",
		[JSON_FALSE] = "bool",
		[JSON_NULL] = "null",
	};
	return names[json_typeof(v)];
}

static int wrong_type(const json_t *v, const char *name, const char *want, char *err, size_t size)
{
	snprintf(err, size, "%s has to be a %s, not a %s", name, want, type_name(v));
	return -EINVAL;
}

int json_field_bool(const json_t *object, const char *name, bool *out, char *err, size_t size)
{
	json_t *v = json_field(object, name);

	if (v == NULL || json_is_null(v))
		return 0;
	if (!json_is_boolean(v))
		return wrong_type(v, name, "bool", err, size);
	*out = json_is_true(v);
	return 0;
}

int json_field_uint(
	const json_t *object, const char *name, uint32_t max, uint32_t *out, char *err, size_t size)
{
	json_t *v = json_field(object, name);

	if (v == NULL || json_is_null(v))
		return 0;
	if (!json_is_integer(v))
		return wrong_type(v, name, "number", err, size);
	json_int_t n = json_integer_value(v);
	if (n < 0 || n > max) {
		snprintf(err, size, "%s %" JSON_INTEGER_FORMAT " is out of range (0 to %u)", name,
			n, max);
		return -EINVAL;
	}
	*out = (uint32_t)n;
	return 0;
}

int json_field_string(
	const json_t *object, const char *name, const char **out, char *err, size_t size)
{
	json_t *v = json_field(object, name);

	if (v == NULL || json_is_null(v))
		return 0;
	if (!json_is_string(v))
		return wrong_type(v, name, "string", err, size);
	*out = json_string_value(v);
	return 0;
}
