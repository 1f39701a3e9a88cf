/* SPDX-License-Identifier: BSD-3-Clause */
/* What the lane's programs and the daemon have in common: map keys, values and sizes. */
#ifndef OVNET_LANE_OVNET_LANE_H
#define OVNET_LANE_OVNET_LANE_H

#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/types.h>
#include <linux/udp.h>

/* Memory is taken as they fill. */
#define OVNET_LANE_PREFIXES  (1 << 18) /* leases, and what lives at attach ports */
#define OVNET_LANE_NEXT_HOPS (1 << 17)
#define OVNET_LANE_PEERS     (1 << 17)
#define OVNET_LANE_WAYS      (1 << 18)
#define OVNET_LANE_ADDRESSES 256
#define OVNET_LANE_UPLINKS   16 /* slots: the last bits of the pass */

#define OVNET_LANE_HEAD 64                           /* in front of the inner IP header */
#define OVNET_LANE_OVER (OVNET_LANE_HEAD - ETH_HLEN) /* of it, what is not the link's Ethernet */

/*
 * What the programs may do is one byte, so that no reader sees half of it: a bit for each way, and
 * in which slot the configuration is. A slot is filled before it is named, and written again only
 * after all others were: the one a packet on its way may look at stays as it is.
 */
#define OVNET_LANE_OUT   1
#define OVNET_LANE_IN    2
#define OVNET_LANE_SLOT  2 /* bits to the left */
#define OVNET_LANE_SLOTS 64

struct ovnet_lane_config {
	__u32 host_ifindex;
	__be32 vni_be; /* second word of the VXLAN header */
	/*
	 * In the VNI's place from `in` to `up`: random, but for the uplink's slot in the last bits,
	 * which are 0 here. What others send to the lane's port does not have it.
	 */
	__u32 pass;
	__be16 udp_port_be, lane_port_be;
	__u16 src_port_min;
	__u16 host_mtu;
	__u32 src_ports; /* how many */
	__u16 vtep[3];   /* a MAC as on the wire */
	__u16 leave_syn; /* SYNs go by the workers */
};

/* The 64 bytes in front of an inner IP header, so placed that IP and UDP are aligned. */
struct ovnet_lane_outer {
	__u16 pad;
	__u16 eth[7];
	struct iphdr ip;
	struct udphdr udp;
	__be32 vxlan[2];
	__u16 inner_eth[7];
	__u16 pad2[3];
};

enum ovnet_lane_kind {
	OVNET_LANE_HOST = 1,  /* behind the host device */
	OVNET_LANE_ELSEWHERE, /* at another port of this node */
	OVNET_LANE_PEER,
};

/* Keys of the tries: length, then the bytes that are compared. */
struct ovnet_lane_prefix {
	__u32 len;
	__be32 addr_be;
};

struct ovnet_lane_where {
	__u32 kind;
	/* Of a peer: */
	__u32 id;
	__be32 public_be;
	__u32 ifindex;
	__be32 next_hop_be;
	__u16 mtu; /* 0: nothing is sent to it */
	__u16 sum; /* host order, of outer.ip without total length, id, ECN and checksum */
	struct ovnet_lane_outer outer;
};

/* Always all of it: a trie, because it replaces an entry and never reuses one that is read. */
struct ovnet_lane_hop {
	__u32 len;
	__u32 ifindex;
	__be32 addr_be;
};
#define OVNET_LANE_HOP_LEN 64 /* bits */

struct ovnet_lane_eth {
	__u16 w[7];
	__u16 pad;
};

struct ovnet_lane_count {
	__u64 tx_packets, tx_bytes, rx_packets, rx_bytes;
};

/* By which peer (id of its counters) and uplink things come up, and whether they do. */
struct ovnet_lane_way_key {
	__u32 id, slot;
};

struct ovnet_lane_way {
	__s32 credit; /* so many may still be sent up; the last of them are tries */
	__u32 wait_s; /* from the last try to the next ones */
	__u64 tried_ns;
	__u64 asked_ns; /* when something was sent up, since which nothing has come; or 0 */
};
#define OVNET_LANE_CREDIT     4096 /* skbs: more than wait in the kernel on their way up */
#define OVNET_LANE_TRIES      4
#define OVNET_LANE_PACE_S     10 /* between two of them */
#define OVNET_LANE_SILENCE_S  2  /* from asking to doubt */
#define OVNET_LANE_WAIT_MIN_S 300
#define OVNET_LANE_WAIT_MAX_S 3600

/* Of one CPU. */
struct ovnet_lane_totals {
	__u64 tx_packets, rx_packets, sent_up, came_up, bad, failed, held, merged;
};

#endif
