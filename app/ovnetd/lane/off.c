/* SPDX-License-Identifier: BSD-3-Clause */
/* No packet takes the lane any more; the workers have had their way in and out all the time. */
#include <string.h>

#include "lane/kernel_lane.h"

void kernel_lane_off(struct kernel_lane *l, const char *why)
{
	l->why = why;
	if (l->lane != NULL && (l->out || l->in))
		ovnet_lane_enable(l->lane, false, false);
	l->out = l->in = false;
	kernel_lane_no_way_in(l);
}

void kernel_lane_give_up(struct kernel_lane *l, const char *what, int err)
{
	l->cannot = "it could not be told of changes";
	kernel_lane_off(l, l->cannot);
	warn_set(l->warnings, "kernel-lane",
		"the kernel lane is off, host pods' packets go by the workers, which is slower: it "
		"could not be told of %s (%s); restart ovnetd when that is mended, or set "
		"host.kernel-lane = \"off\"",
		what, strerror(-err));
}
