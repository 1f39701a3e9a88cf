/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A node of wired.h on u0 with the daemon's part of the kernel lane, wired as reactions.c does it.
 * lib/lane is fake_lane.h's. One thread, one node at a time.
 */
#ifndef OVNET_BED_LANE_NODE_H
#define OVNET_BED_LANE_NODE_H

#include "bed/fake_lane.h"
#include "bed/peers.h"
#include "lane/kernel_lane.h"

extern struct kernel_lane the_lane;

/* In front of each case. */
int lane_node_reset(void **state);
/* the_lane alone, as at a start. */
void lane_node_init(struct wired *w);
/* Before there is a lease. */
struct wired *lane_node(const char *conf);
void lane_node_lease(struct wired *w, const char *netconf, const char *key);
/* With one, of vxlan. */
struct wired *lane_node_start(void);
void lane_node_end(struct wired *w);
/* peers_lease(), and all that follows. */
void lane_node_peer(struct wired *w, unsigned n, bool dual);

#endif
