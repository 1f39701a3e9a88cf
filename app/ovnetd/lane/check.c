/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the lane tells of its way in. Packets that take it go to a UDP port of their own, where the
 * host may drop them. The programs find out by themselves, by peer and interface, and leave those
 * to the workers, to whose port peers' packets have always come (lib/lane): it is said here.
 */
#include <net/if.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/log.h"
#include "lane/kernel_lane.h"

OVNET_LOG_TYPE(lane)

/* Looks without one that was held back, after which nothing is the matter. */
#define CALM  120 /* packets came by the lane */
#define QUIET 600 /* none did: maybe nobody sends */
#define VAIN  5   /* looks in a row that found merged ones although UDP merges none */

static void say_held(struct kernel_lane *l, const struct ovnet_lane_stats *now)
{
	const struct ovnet_addr peer = {.family = AF_INET, .v4_be = now->held_be};
	char from[OVNET_ADDR_STRLEN], by[IF_NAMESIZE];

	if (if_indextoname(now->held_ifindex, by) == NULL)
		snprintf(by, sizeof(by), "%u", now->held_ifindex);
	warn_set(l->warnings, "kernel-lane-in",
		"this host drops packets of %s that come by %s and go to UDP port %u, where the "
		"kernel lane's device listens: host pods receive them by the workers, which is "
		"slower; have chain INPUT accept that port as it does %u, the overlay's, look at "
		"rp_filter and VRFs (tried again within the hour, or at once by a restart), or set "
		"host.kernel-lane = \"off\"",
		ovnet_addr_text(&peer, from, sizeof(from)), by, ovnet_lane_port(l->lane),
		l->conf.udp_port);
}

static void check_held(struct kernel_lane *l, const struct ovnet_lane_stats *now)
{
	struct kernel_lane_check *c = &l->check;

	if (now->held != c->held) {
		say_held(l, now);
		c->told = true;
		c->came = false;
		c->calm = 0;
		return;
	}
	c->came = c->came || now->came_up != c->came_up;
	if (!c->told || ++c->calm < (c->came ? CALM : QUIET))
		return;
	warn_clear(l->warnings, "kernel-lane-in");
	c->told = false;
}

static void merge(struct kernel_lane *l, bool on)
{
	l->check.unmerged = !on;
	l->check.vain = 0;
	underlay_merge(l->underlay, on);
}

/*
 * What the kernel merges at our sockets is the workers', while short ones go by the lane and
 * overtake it. What devices or their hypervisor hand over as one stays that.
 */
static void check_merged(struct kernel_lane *l, const struct ovnet_lane_stats *now)
{
	struct kernel_lane_check *c = &l->check;

	if (now->merged == c->merged) {
		c->vain = 0;
	} else if (!c->unmerged && !c->merge_anyway && l->in) {
		LOG(INFO, "kernel lane: the overlay's sockets do without UDP GRO: peers send with "
			  "checksums, and what was merged for them passed the lane by");
		merge(l, false);
	} else if (c->unmerged && ++c->vain == VAIN) {
		LOG(INFO, "kernel lane: the overlay's sockets have UDP GRO again: packets come "
			  "merged without it");
		c->merge_anyway = true;
		merge(l, true);
	}
}

void kernel_lane_check(struct kernel_lane *l)
{
	struct kernel_lane_check *c = &l->check;
	struct ovnet_lane_stats now;

	ovnet_lane_stats(l->lane, &now);
	check_held(l, &now);
	check_merged(l, &now);
	c->held = now.held;
	c->came_up = now.came_up;
	c->merged = now.merged;
}

void kernel_lane_no_way_in(struct kernel_lane *l)
{
	l->check.merge_anyway = false;
	if (l->check.unmerged)
		merge(l, true);
}
