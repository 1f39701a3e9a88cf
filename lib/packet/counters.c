/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/counters.h"

#include <stddef.h>

const char *ovnet_stage_name(enum ovnet_stage stage)
{
	static const char *const names[] = {
#define ROW(id, name) #name,
		OVNET_STAGES(ROW)
#undef ROW
	};

	return stage < OVNET_STAGE_COUNT ? names[stage] : NULL;
}
