/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel lane: packets between the host device and vxlan peers that are ordinary in every
 * way never leave the kernel. tc programs encapsulate them on their way into the host device, and
 * hand those of peers to a vxlan device of the kernel's (collect-metadata mode). All others go by
 * the workers, as without a lane; so does everything while it is not enabled.
 *
 * Ordinary: IPv4 in VXLAN over IPv4, without options, no fragment, TCP, UDP or ICMP echo, not too
 * large for the way, from and to whom the tables below say. Linux 5.13 or later.
 *
 * Who closes it leaves nothing; who dies leaves it working, as the host device's routes do, until
 * the next one opens his or removes the leftovers.
 *
 * Control thread only; the programs run in the kernel's softirqs. Errors are negative errno; those
 * of the operator's making are logged. Addresses are big-endian where they say _be.
 */
#ifndef OVNET_LANE_LANE_H
#define OVNET_LANE_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/net.h"

#define OVNET_LANE_DEVICE  "ovnet-lane"
#define OVNET_LANE_OWN_MAX 128 /* addresses of the node's own */

struct ovnet_lane;

/* The same for all packets. */
struct ovnet_lane_conf {
	uint32_t host_ifindex; /* the host device, L3 */
	uint16_t host_mtu;     /* larger ones of peers go by the workers; 0: as the
				  device has it now */
	uint16_t udp_port;     /* the overlay's, host order */
	uint16_t lane_port;    /* of the vxlan device; 0: one that is free. For open alone */
	uint16_t src_port_min, src_port_max; /* of what we send */
	uint32_t vni;
	struct ovnet_mac vtep_mac; /* ours */
	bool leave_syn;            /* TCP's SYNs go by the workers, who change their MSS */
};

/* A VXLAN4 peer. */
struct ovnet_lane_peer {
	struct ovnet_prefix4 subnet;
	uint32_t public_be; /* the one outer source its packets have in the lane */
	uint8_t head[64];   /* struct ovnet_rewrite's bytes; the first 14 are not looked at */
	uint16_t mtu;       /* largest inner packet, bytes; 0: nothing is sent by the lane */
	uint32_t ifindex;   /* of the uplink it is reached by; 0: nothing is sent by the lane */
	uint32_t next_hop_be;
	uint32_t id; /* of its counters */
};

/* Inner packets as they are on the wire: of a 64 KB segment each of its packets. */
struct ovnet_lane_counters {
	uint64_t tx_packets, tx_bytes, rx_packets, rx_bytes;
};

/* Since it was opened; packets as above. */
struct ovnet_lane_stats {
	uint64_t tx_packets, rx_packets;
	uint64_t sent_up; /* by an uplink's program to the vxlan device */
	uint64_t came_up; /* of these: what that gave us */
	uint64_t bad;     /* skbs dropped: they came to the lane's own port by themselves */
	uint64_t failed;  /* skbs the kernel refused to change: lost */
	/*
	 * skbs left to the workers: what went up before of the same peer, by the same uplink, did
	 * not come, so something on this host drops it. Of the last one: by which interface, and
	 * from which peer's public address (0: there was none).
	 */
	uint64_t held;
	/*
	 * skbs left to the workers for nothing but that UDP GRO had made one of several; of ways
	 * that work.
	 */
	uint64_t merged;
	uint32_t held_ifindex, held_be;
};

/* Where a program of the lane hangs, as the last mend found or left it. */
struct ovnet_lane_hook {
	uint32_t ifindex;
	bool egress;     /* or ingress */
	bool attached;   /* no: gone, and it could not be put back */
	unsigned others; /* filters and tcx programs of others there: they may come before ours */
};

/*
 * Loads the programs, makes the vxlan device and attaches to the host device, when everything a
 * former daemon left is removed. Not enabled. -EOPNOTSUPP: this kernel cannot (said as
 * information), or the qdisc that others gave the host device. *out is the caller's to close.
 */
int ovnet_lane_open(const struct ovnet_lane_conf *conf, struct ovnet_lane **out);
/* Detaches everywhere and removes the device. NULL is none. */
void ovnet_lane_close(struct ovnet_lane *lane);
/*
 * What a daemon left that is gone: its programs, on whichever devices, and the vxlan device. Calls
 * `report` (may be NULL) with a line for each; removes unless `dry_run`. Returns how many, or
 * negative errno: the device stays then, as a program that stays sends packets to it.
 */
int ovnet_lane_remove_leftovers(
	bool dry_run, void (*report)(void *arg, const char *what), void *arg);

/* The node's VTEP or VNI, the host device or its MTU changed. On error all is as it was. */
int ovnet_lane_set_conf(struct ovnet_lane *lane, const struct ovnet_lane_conf *conf);
/*
 * What `in` has let pass before it is switched off arrives. What UDP GRO has merged is not
 * ordinary: when `merged` of the counters grows no socket at the overlay's port should ask for it
 * any more. AF_XDP takes packets before `in` sees them; AF_PACKET takes them as well as `in`.
 */
void ovnet_lane_enable(struct ovnet_lane *lane, bool out, bool in);

/*
 * One that is there already is attached to once more. What is known of whether packets get through
 * by it is forgotten, and so it is of a peer with another id or public address. -ENOSPC: too many.
 */
int ovnet_lane_uplink_add(struct ovnet_lane *lane, uint32_t ifindex);
void ovnet_lane_uplink_del(struct ovnet_lane *lane, uint32_t ifindex);
/*
 * Puts back what others have removed: programs, and the vxlan device. To be called now and then;
 * devices that are gone are no error. Returns how many were put back, or the first error (logged
 * when it is a new one) when all were tried.
 */
int ovnet_lane_mend(struct ovnet_lane *lane);
/* The host device's first, then the vxlan device's. Returns how many there are, more than n too. */
unsigned ovnet_lane_hooks(const struct ovnet_lane *lane, struct ovnet_lane_hook *out, unsigned n);
/*
 * The node's own underlay addresses: what packets of peers are for. Replaces the former set.
 * -E2BIG: more than OVNET_LANE_OWN_MAX.
 */
int ovnet_lane_set_addresses(struct ovnet_lane *lane, const uint32_t *addr_be, unsigned n);

/*
 * Who has which address: our own subnet is the host's but for what is at other ports. Each replaces
 * what was said of that very prefix; the longest one counts.
 */
int ovnet_lane_set_host(struct ovnet_lane *lane, const struct ovnet_prefix4 *subnet);
int ovnet_lane_set_elsewhere(struct ovnet_lane *lane, const struct ovnet_prefix4 *prefix);
/* -EINVAL: head is not that of VXLAN over IPv4, or the uplink is a device of the lane's. */
int ovnet_lane_set_peer(struct ovnet_lane *lane, const struct ovnet_lane_peer *peer);
/* -ENOENT: it was not there. Counters of a peer's id stay until the lane is closed. */
int ovnet_lane_del(struct ovnet_lane *lane, const struct ovnet_prefix4 *prefix);

/* `eth`: 14 bytes in front of IPv4; NULL: the MAC is unknown, nothing is sent by it. */
int ovnet_lane_set_next_hop(
	struct ovnet_lane *lane, uint32_t ifindex, uint32_t addr_be, const uint8_t *eth);

/* All 0 of an id without a peer. */
void ovnet_lane_peer_counters(
	const struct ovnet_lane *lane, uint32_t id, struct ovnet_lane_counters *out);
void ovnet_lane_stats(const struct ovnet_lane *lane, struct ovnet_lane_stats *out);
/* UDP port of the vxlan device, host order. */
uint16_t ovnet_lane_port(const struct ovnet_lane *lane);

#endif
