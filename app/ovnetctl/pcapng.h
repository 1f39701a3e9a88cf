/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records as pcapng (draft-ietf-opsawg-pcapng): an interface for each port and side, as soon as
 * there is something to say of it; why a packet was refused is its comment.
 */
#ifndef OVNETCTL_PCAPNG_H
#define OVNETCTL_PCAPNG_H

#include <stdio.h>

#include "base/packet_record.h"

struct pcapng {
	FILE *out;          /* NULL: counts are kept, nothing is written */
	const char *filter; /* as the operator gave it, or NULL */
	uint32_t snap;
	unsigned n;
	struct pcapng_interface *interface;
};

/* All return 0 or negative errno: it cannot be written, or -ENOMEM. Nothing is flushed. */
int pcapng_begin(struct pcapng *p, FILE *out, const char *filter, uint32_t snap);
/* Packets and counts; anything else is passed over. */
int pcapng_write(struct pcapng *p, const struct packet_record *r);
/* The counts of each interface. */
int pcapng_end(struct pcapng *p);
/* Packets that are not in there, as nobody took them in time. */
uint64_t pcapng_lost(const struct pcapng *p);
void pcapng_free(struct pcapng *p);

#endif
