/* SPDX-License-Identifier: BSD-3-Clause */
/* The records of a capture or trace, one by one, from a daemon's socket. */
#ifndef OVNETCTL_RECORDS_H
#define OVNETCTL_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/packet_record.h"

struct records {
	int fd;
	size_t at, n;
	uint8_t *bytes;
	void (*idle)(void *arg); /* before it waits for more; may be NULL */
	void *arg;
};

/* Takes over `fd`. 0, or -ENOMEM with the fd closed. */
int records_open(struct records *r, int fd);
void records_close(struct records *r);
/*
 * 1 and *out, valid until the next call; 0: that was all; negative errno: -EPROTO: what came is no
 * record.
 */
int records_next(struct records *r, const struct packet_record **out);
/* What is under way still comes, and the end. Any number of times; in a signal handler, too. */
void records_finish(const struct records *r);

#endif
