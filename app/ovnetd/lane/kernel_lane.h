/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the kernel lane (lib/lane) is told: our subnet and what of it is at other ports, peers, next
 * hops, uplinks, whether it may be at work at all. It follows the FIB, peer by peer. What it is not
 * told of goes by the workers; where it cannot be told that something changed, it is off.
 * Control thread only.
 */
#ifndef OVNET_APP_LANE_KERNEL_LANE_H
#define OVNET_APP_LANE_KERNEL_LANE_H

#include "host/host.h"
#include "lane/lane.h"
#include "peers/set.h"

struct kernel_lane_events {
	/* It is there and knows no peer yet: every one once more. */
	void (*opened)(void *arg);
};

/* What the lane had counted at the last look, and what follows from that. */
struct kernel_lane_check {
	uint64_t held, came_up, merged;
	bool told;         /* the warning of what is held stands, */
	bool came;         /* and something has come since the last one of these, */
	unsigned calm;     /* so many looks ago */
	bool unmerged;     /* UDP GRO is off for the lane */
	bool merge_anyway; /* it was of no use */
	unsigned vain;     /* looks in a row that found it so */
};

struct kernel_lane {
	struct engine *engine;
	const struct node *node;
	struct underlay *underlay;
	const struct host *host;
	struct warnings *warnings;
	struct kernel_lane_events events;
	void *arg;
	struct ovnet_lane *lane; /* NULL: not open */
	bool former;             /* another daemon's may be at work */
	const char *cannot;      /* why it is not opened or used any more; NULL: it may be */
	const char *why;         /* why it is off; NULL: it is on */
	bool out, in;            /* enabled */
	struct kernel_lane_check check;
	/* What the lane was told. */
	struct ovnet_lane_conf conf;
	struct ovnet_prefix4 own;           /* len 0: nothing is ours */
	uint32_t ifindex[CONF_MAX_UPLINKS]; /* by which packets may come in */
	unsigned n_uplinks;
	uint32_t addr_be[OVNET_LANE_OWN_MAX]; /* what comes to further ones goes by the workers */
	unsigned n_addrs;
	struct ovnet_prefix4 *elsewhere; /* in order */
	unsigned n_elsewhere;
	/* What it shall be told next, of attach ports. */
	struct ovnet_prefix4 *attached; /* in order */
	unsigned n_attached;
};

void kernel_lane_init(struct kernel_lane *l, struct engine *engine, const struct node *node,
	struct underlay *underlay, const struct host *host, const struct kernel_lane_events *events,
	void *arg);
/*
 * What a daemon left that was killed goes on with what that knew until ours is open, or is known
 * not to be opened.
 */
void kernel_lane_start(struct kernel_lane *l);
/* Safe before init. */
void kernel_lane_fini(struct kernel_lane *l);

/*
 * Brings it in step with node, underlay, host device, and whether a tap looks at packets: who adds
 * or removes one calls it then, as packets that take the lane are not seen. Opens it when it can be
 * of use. Cheap where nothing changed.
 */
void kernel_lane_update(struct kernel_lane *l);
/* Once a second: also what no event tells, and what becomes of the way in. */
void kernel_lane_look(struct kernel_lane *l);
/* mend.c: every few seconds. Puts back what others have removed. */
void kernel_lane_mend(struct kernel_lane *l);
/* The prefixes of our own subnet that live at attach ports, all there are. */
void kernel_lane_attached(struct kernel_lane *l, const struct ovnet_prefix *addrs, unsigned n);

/* peers.c: what the FIB has of the peer is other than before. */
void kernel_lane_peer(struct kernel_lane *l, const struct peer *p);
/* What is known of a next hop, NULL: nothing any more. `eth`: what goes in front of IPv4. */
void kernel_lane_next_hop(
	struct kernel_lane *l, uint32_t ifindex, const struct ovnet_addr *addr, const uint8_t *eth);
/* Adds what the lane has counted for this id of the FIB's since it was opened. */
void kernel_lane_counted(const struct kernel_lane *l, uint32_t id, struct ovnet_peer_counters *sum);
/* All zero where it is not open. */
void kernel_lane_stats(const struct kernel_lane *l, struct ovnet_lane_stats *out);

/* The files of this folder. */
/* uplinks.c: the interface the lane can send to; 0: it can not. */
uint32_t kernel_lane_ifindex(const struct uplink *u);
/* Tells the lane of uplinks and their addresses. 0 or negative errno. */
int kernel_lane_tell_uplinks(struct kernel_lane *l);
/* elsewhere.c: keeps the attach ports' prefixes. */
void kernel_lane_take_attached(struct kernel_lane *l, const struct ovnet_prefix *addrs, unsigned n);
/* Tells it of these and of our own subnet (len 0: none). 0 or negative errno. */
int kernel_lane_tell_own(struct kernel_lane *l, const struct ovnet_prefix4 *own);
/* Was it told so of just this prefix? */
bool kernel_lane_is_own(const struct kernel_lane *l, const struct ovnet_prefix4 *p);
/* off.c: `why` is kept. */
void kernel_lane_off(struct kernel_lane *l, const char *why);
/* It could not be told of something: off until ovnetd is started again. */
void kernel_lane_give_up(struct kernel_lane *l, const char *what, int err);
/* check.c: what the lane tells of its way in. */
void kernel_lane_check(struct kernel_lane *l);
/* It is off. */
void kernel_lane_no_way_in(struct kernel_lane *l);

#endif
