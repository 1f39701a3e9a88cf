/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters of one worker, on cache lines of its own. worker: rw, control: ro.
 * Plain 64-bit stores; a reader sums over workers and may be a burst behind.
 * Stages add once per burst.
 */
#ifndef OVNET_PACKET_COUNTERS_H
#define OVNET_PACKET_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

#include <rte_common.h>

#include "base/drop.h"
#include "base/net.h"
#include "base/stage.h"

#define OVNET_MAX_PORTS   1024 /* port ids are below this */
#define OVNET_MAX_WORKERS 32

const char *ovnet_stage_name(enum ovnet_stage stage);

struct ovnet_peer_counters {
	uint64_t tx_packets, tx_bytes; /* inner bytes, overlay to underlay */
	uint64_t rx_packets, rx_bytes;
};

struct ovnet_port_counters {
	uint64_t rx_packets, rx_bytes;
	uint64_t tx_packets, tx_bytes;
};

struct ovnet_counters {
	uint64_t stage_packets[OVNET_STAGE_COUNT];
	uint64_t stage_bursts[OVNET_STAGE_COUNT];
	uint64_t drops[OVNET_DROP_COUNT];
	/*
	 * Packets received that are neither sent on nor dropped: fragments that wait or became part
	 * of another packet, copies of what the kernel handles, what local has taken.
	 */
	uint64_t absorbed;
	uint64_t merged; /* The same: by merge, into the one in front of them. */
	/* Ingress validation permissive: what strict would have dropped. */
	uint64_t permitted[OVNET_DROP_COUNT];
	/*
	 * The source address of the last packet refused for a reason (family 0: none). For people
	 * to read: one that is being written may be seen half.
	 */
	struct ovnet_addr last_source[OVNET_DROP_COUNT];
	/* inner-source: IPv4, outer address << 32 | inner one; one store, so that they belong
	 * together. */
	uint64_t last_impostor_be;
	/* IPv6: odd while it is written. */
	_Atomic uint32_t impostor6_seq;
	uint8_t impostor6_outer[16], impostor6_inner[16];
	struct ovnet_port_counters port[OVNET_MAX_PORTS];
	/* Packets the path made itself: */
	uint64_t answers;         /* ICMP errors to the senders of dropped packets; local's */
	uint64_t pieces;          /* of packets cut to fit the way, the first of each not counted */
	uint64_t segments;        /* of packets cut as they were made to be, likewise */
	uint64_t answers_limited; /* not made: more than the rate of them */
	uint64_t verified;     /* packets found right as they came, and judged again as they left */
	uint64_t spoiled;      /* ... of which had a wrong checksum by then */
	uint64_t dhcp_answers; /* of `answers`: DHCP, DHCPv6, router advertisements ... */
	uint64_t dhcp_refused; /* ... of which say that an address is not the guest's */
	uint64_t dhcp_declined; /* a guest has found its address in use by somebody else */
	uint64_t loops, idle_loops, sleeps, wakeups;
	uint64_t busy_cycles, total_cycles; /* TSC; total excludes sleep */
	/* Indexed by peer id; allocated with the FIB's capacity. Never NULL while running. */
	struct ovnet_peer_counters *peer;
	uint32_t peers;
} __rte_cache_aligned;

#endif
