/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two nodes like that of bed/path.h that get the same frames: one takes all of them through the
 * stages, the other lets plain ones go the short way. Everything that can be seen of them has to be
 * the same after each burst: what leaves, by which port and in which order, and all counters but
 * those of bursts. Buffers have other garbage around packets and in their metadata, either node its
 * own.
 */
#ifndef OVNET_BED_PATH_WAYS_H
#define OVNET_BED_PATH_WAYS_H

#include "bed/path6.h"

#define WAYS_FRAME 1800
#define WAYS_LEN   100         /* of inner packets */
#define NEAR_IP    0x0aa8000eu /* hosts beside the bed's peer */
#define ELSE_IP    0x0aa8000fu
#define LATER_NET  0x0a050700u /* a subnet that comes and goes */

/* What a driver hands in. */
struct ways_frame {
	uint16_t len;
	uint8_t bytes[WAYS_FRAME];
	uint16_t first, seg; /* bed_packet() */
	uint16_t headroom;   /* 0: the usual */
	uint8_t offload, flags;
	uint16_t csum_start, csum_offset;
	uint32_t hash, rss;
	uint64_t ol_flags;
	uint32_t packet_type;
};

struct ways {
	struct bed *by_stages, *plain;
	const char *what; /* for what to say if they differ */
	/* Of one burst several packets were refused: which was the last is not looked at. */
	bool mixed;
	unsigned
		turn; /* of what was sent, every second is bare (path/bare.h) as far as it can be */
	unsigned sent, short_way; /* by `plain`: packets, those that stages have not seen of them */
};

void ways_open(struct ways *w, uint16_t workers, void (*set_up)(struct bed *b));
void ways_close(struct ways *w);
/* A change to either node. */
void ways_change(struct ways *w, void (*change)(struct bed *b));
/* One burst from a port. */
void ways_send(struct ways *w, unsigned port, const struct ways_frame *f, unsigned n);

/* path_ways_nodes.c: nodes of all kinds, for ways_open(). */
struct ways_node {
	const char *name;
	void (*set_up)(struct bed *b);
	uint16_t workers;
	uint8_t plain; /* bases that are plain there, a bit each */
	bool bursts;   /* tables may change there, and where a burst ends makes no difference */
};

#define WAYS_NODES 31
extern const struct ways_node ways_nodes[WAYS_NODES];

/* UDP, then TCP: from host and guest to a peer, from a peer to host and guest. */
#define WAYS_BASES 8
extern const uint16_t ways_port[WAYS_BASES]; /* that it comes by */
extern const uint16_t ways_link[WAYS_BASES]; /* bytes in front of its inner IP header */

/* Right in every way. */
void ways_put(struct ways_frame *f, unsigned base, uint16_t len);
/* The IPv4 headers' checksums, after a change. */
void ways_put_sums(struct ways_frame *f, unsigned base);

#endif
