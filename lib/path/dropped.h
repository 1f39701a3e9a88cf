/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The last packets refused, for people to look at: for each reason a few, with their first bytes.
 * Each worker has rings of its own and overwrites what is oldest, so it waits for nobody. A flood
 * costs nothing worth mentioning: of one reason a worker keeps at most OVNET_DROPPED_KEPT packets
 * a millisecond.
 *
 * Threads: the worker writes, the control thread reads, at any time.
 */
#ifndef OVNET_PATH_DROPPED_H
#define OVNET_PATH_DROPPED_H

#include "path/path.h"

#define OVNET_DROPPED_KEPT  8
#define OVNET_DROPPED_BYTES 128

struct ovnet_dropped_packet {
	uint64_t tsc;      /* when */
	uint32_t len;      /* of the packet as it was refused, bytes */
	uint16_t captured; /* how many of them are in `bytes` */
	bool raw;          /* they begin with the IP header, otherwise with the Ethernet header */
	char port[32];     /* it came in by; "": not known */
	uint8_t bytes[OVNET_DROPPED_BYTES];
};

struct ovnet_dropped_slot {
	_Atomic uint32_t seq; /* odd while it is written; 0: never was */
	struct ovnet_dropped_packet packet;
};

struct ovnet_dropped {
	uint64_t gap; /* TSC cycles of a millisecond */
	struct ovnet_dropped_reason {
		uint64_t since; /* TSC: the millisecond's beginning */
		uint8_t left;   /* to be kept until it is over */
		uint8_t next;   /* slot */
		struct ovnet_dropped_slot slot[OVNET_DROPPED_KEPT];
	} of[OVNET_DROP_COUNT];
};

/* One worker's; NULL: no memory. */
struct ovnet_dropped *ovnet_dropped_new(uint64_t tsc_hz);
void ovnet_dropped_free(struct ovnet_dropped *d); /* NULL is fine */

/* `reason`: enum ovnet_drop. Worker: `n` packets, one at least, about to be freed. `map` may be
 * NULL. */
void ovnet_dropped_note(struct ovnet_dropped *d, const struct ovnet_queue_map *map,
	struct rte_mbuf *const *pkts, uint16_t n, unsigned reason);

/*
 * Those kept for a reason, into `out` of OVNET_DROPPED_KEPT, in no order. How many. One that is
 * being overwritten is left out.
 */
unsigned ovnet_dropped_read(
	const struct ovnet_dropped *d, unsigned reason, struct ovnet_dropped_packet *out);

/*
 * Do these bytes, `avail` of a packet's `len`, begin with an IP header? Nobody keeps what has been
 * taken off a packet by the time it is refused; the other possibility is an Ethernet header. `l3`:
 * the port it came by has none, for what is neither.
 */
bool ovnet_is_raw(const uint8_t *bytes, uint32_t avail, uint32_t len, bool l3);

#endif
