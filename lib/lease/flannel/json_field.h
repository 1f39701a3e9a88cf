/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * JSON objects read the way Go's encoding/json reads them into a struct: names match in any
 * case, of several the last counts, null leaves the default alone. Pure; any thread.
 */
#ifndef OVNET_LEASE_FLANNEL_JSON_FIELD_H
#define OVNET_LEASE_FLANNEL_JSON_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

/* Borrowed; NULL: absent. A null value is returned as such. */
json_t *json_field(const json_t *object, const char *name);

/*
 * Where the field is absent or null they leave `*out` alone. -EINVAL with a sentence in `err`
 * when it is of another type or out of range.
 */
int json_field_bool(const json_t *object, const char *name, bool *out, char *err, size_t size);
int json_field_uint(const json_t *object, const char *name, uint32_t max, uint32_t *out, char *err,
	size_t size);
/* Borrowed from `object`. */
int json_field_string(
	const json_t *object, const char *name, const char **out, char *err, size_t size);

#endif
