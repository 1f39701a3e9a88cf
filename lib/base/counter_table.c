/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/counter_table.h"

#include <stddef.h>

const struct ovnet_counter ovnet_counters[OVNET_COUNTER_COUNT] = {
#define ROW(scope, member, name, kind, heading, help) \
	{OVNET_SCOPE_##scope, OVNET_KIND_##kind, name, heading, help},
	OVNET_COUNTERS(ROW)
#undef ROW
};

const struct ovnet_counter_scope_row ovnet_counter_scopes[OVNET_SCOPE_COUNT] = {
#define ROW(scope, object, labels, command) {object, labels, command},
	OVNET_COUNTER_SCOPES(ROW)
#undef ROW
};

const struct ovnet_counter *ovnet_counter_next(
	enum ovnet_counter_scope scope, const struct ovnet_counter *c)
{
	for (c = c != NULL ? c + 1 : ovnet_counters; c < ovnet_counters + OVNET_COUNTER_COUNT; c++)
		if (c->scope == scope)
			return c;
	return NULL;
}
