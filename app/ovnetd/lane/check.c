/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that take the way in go to a UDP port of their own, where a rule of the host's firewall
 * may drop them. Then what uplinks' programs hand up does not come out at the vxlan device, and
 * the way in is left to the workers, whose port peers' packets have always come to.
 */
#include "base/clock.h"
#include "lane/kernel_lane.h"

#define RETRY_S 300 /* it costs open connections a retransmission or two */

static time_t now_s(void)
{
	return (time_t)(monotonic_ms() / 1000);
}

bool kernel_lane_way_in(struct kernel_lane *l)
{
	return l->check.retry == 0;
}

static void closed(struct kernel_lane *l)
{
	l->check.retry = now_s() + RETRY_S;
	l->check.waiting = false;
	if (l->check.told)
		return;
	l->check.told = true;
	warn_set(l->warnings, "kernel-lane-in",
		"packets to UDP port %u, where the kernel lane's device listens, are dropped by "
		"this "
		"host, in chain INPUT most likely: host pods receive by the workers, which is "
		"slower; "
		"accept that port there as you do %u, the overlay's (tried again every %u "
		"minutes), "
		"or set host.kernel-lane = \"off\"",
		ovnet_lane_port(l->lane), l->conf.udp_port, RETRY_S / 60);
}

/* Sent up by the last look, and nothing came out by this one: not a packet that is on its way. */
void kernel_lane_check(struct kernel_lane *l)
{
	struct kernel_lane_check *c = &l->check;
	struct ovnet_lane_stats now;

	if (c->retry != 0 && now_s() >= c->retry) {
		c->retry = 0;
		c->waiting = false;
	}
	ovnet_lane_stats(l->lane, &now);
	if (now.came_up != c->came) {
		c->waiting = false;
		if (c->told)
			warn_clear(l->warnings, "kernel-lane-in");
		c->told = false;
	} else if (c->waiting) {
		closed(l);
	} else {
		c->waiting = l->in && now.sent_up > c->sent;
	}
	c->sent = now.sent_up;
	c->came = now.came_up;
}
