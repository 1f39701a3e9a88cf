/* SPDX-License-Identifier: BSD-3-Clause */
#include "methods/counters.h"

#include <stddef.h>
#include <string.h>

/* Where each of the table's counters stands in the struct of its scope. */
static const struct place {
	size_t offset, size;
} places[OVNET_COUNTER_COUNT] = {
#define PLACE(scope, member, ...) \
	{offsetof(COUNTED_##scope, member), sizeof(((COUNTED_##scope *)NULL)->member)},
	OVNET_COUNTERS(PLACE)
#undef PLACE
};

/* No other size is read below. */
#define ONE_NUMBER(scope, member, ...)                                                         \
	static_assert(sizeof(((COUNTED_##scope *)NULL)->member) == sizeof(uint8_t) ||          \
			      sizeof(((COUNTED_##scope *)NULL)->member) == sizeof(uint32_t) || \
			      sizeof(((COUNTED_##scope *)NULL)->member) == sizeof(uint64_t),   \
		"a counter is one number");
OVNET_COUNTERS(ONE_NUMBER)

uint64_t counter_value(const struct ovnet_counter *c, const void *from)
{
	const struct place *place = &places[c - ovnet_counters];
	const char *at = (const char *)from + place->offset;
	uint32_t word;
	uint64_t value;

	if (place->size == sizeof(uint8_t))
		return *(const uint8_t *)at;
	if (place->size == sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		return word;
	}
	memcpy(&value, at, sizeof(value));
	return value;
}

static json_t *value_json(const struct ovnet_counter *c, uint64_t value)
{
	if (c->kind == OVNET_KIND_YES_NO)
		return json_boolean(value != 0);
	if (c->kind == OVNET_KIND_NANOSECONDS)
		return json_real((double)(value / 1000) / 1000);
	return json_integer((json_int_t)value);
}

void counters_json_of(json_t *o, enum ovnet_counter_scope scope, const void *from)
{
	for (const struct ovnet_counter *c = NULL; (c = ovnet_counter_next(scope, c)) != NULL;)
		json_object_set_new(o, c->name, value_json(c, counter_value(c, from)));
}
