/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a capture or a trace tells of packets: workers write these records, `ovnetctl` gets them by
 * the control socket one behind the other, in the order of bytes of this machine, each as long as
 * it says, and makes of them what people or pcapng want.
 */
#ifndef OVNET_BASE_PACKET_RECORD_H
#define OVNET_BASE_PACKET_RECORD_H

#include <assert.h>
#include <stdint.h>

#define PACKET_RECORD_SNAP_MAX 65535u
#define PACKET_RECORD_PORT     32 /* bytes of a port's name, NUL included */

enum packet_record_kind {
	PACKET_RECORD_PAD,    /* nothing: a ring's end */
	PACKET_RECORD_PACKET, /* one, with its first `captured` bytes behind this */
	PACKET_RECORD_COUNTS, /* struct packet_record_counts behind this */
	PACKET_RECORD_TICK,   /* `when` is now; nothing before it is still under way */
};

enum packet_record_side {
	PACKET_RECORD_IN,   /* as it came by `port` */
	PACKET_RECORD_OUT,  /* as it leaves by it */
	PACKET_RECORD_DROP, /* refused; `port`: it came by */
	PACKET_RECORD_ON_ITS_WAY,
};

struct packet_record {
	uint32_t len; /* of this and what is behind it, a multiple of 8 */
	uint8_t kind;
	uint8_t side;
	uint8_t raw;    /* it begins with the IP header, otherwise with the Ethernet header */
	uint8_t worker; /* number */
	uint64_t when;  /* nanoseconds since 1970; in a worker's ring its TSC */
	uint32_t bytes; /* of the packet */
	uint32_t captured;
	uint8_t stage;  /* enum ovnet_stage */
	uint8_t reason; /* enum ovnet_drop, with PACKET_RECORD_DROP */
	uint8_t zero[2];
	uint32_t trace; /* which packet of a trace; 0: no trace */
	char port[PACKET_RECORD_PORT];
};

static_assert(sizeof(struct packet_record) % 8 == 0, "records lie side by side");

/* Of a port and side, from the beginning on. */
struct packet_record_counts {
	uint64_t seen; /* packets that the filter let by */
	uint64_t lost; /* of which there was no room for so many */
};

#endif
