/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/drop.h"

#include <stddef.h>

static const struct {
	const char *name;
	const char *help;
} reasons[] = {
#define ROW(id, name, help) {name, help},
	OVNET_DROP_REASONS(ROW)
#undef ROW
};

const char *ovnet_drop_name(enum ovnet_drop reason)
{
	return reason < OVNET_DROP_COUNT ? reasons[reason].name : NULL;
}

const char *ovnet_drop_help(enum ovnet_drop reason)
{
	return reason < OVNET_DROP_COUNT ? reasons[reason].help : NULL;
}
