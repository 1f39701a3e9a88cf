/* SPDX-License-Identifier: BSD-3-Clause */
/* Whoever tidies up qdiscs or devices of the host may take the lane's with them. */
#include <string.h>

#include "base/log.h"
#include "lane/kernel_lane.h"

OVNET_LOG_TYPE(lane)

void kernel_lane_mend(struct kernel_lane *l)
{
	int rc = l->lane != NULL ? ovnet_lane_mend(l->lane) : 0;

	if (rc > 0)
		LOG(NOTICE,
			"kernel lane: put back %d of its programs and devices, which somebody "
			"had removed",
			rc);
	if (rc >= 0) {
		warn_clear(l->warnings, "kernel-lane-gone");
		return;
	}
	warn_set(l->warnings, "kernel-lane-gone",
		"somebody has removed a program or the device of the kernel lane, and it cannot be "
		"put back (%s; the log says which): packets go by the workers, which is slower; "
		"tried again every few seconds",
		strerror(-rc));
}
