/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that devices and the kernel had no room for, because no worker fetched them in time: a
 * port's `missed`, looked at every few seconds and told as a warning when it grows. Control thread
 * only.
 */
#ifndef OVNET_APP_WATCH_LOSSES_H
#define OVNET_APP_WATCH_LOSSES_H

#include <stdint.h>
#include <time.h>

#include "ports/ports.h"

struct losses {
	const struct ports *ports;
	struct warnings *warnings;
	struct event *timer;
	struct loss {
		char name[32];   /* of the port this is about; "": none */
		uint64_t seen;   /* packets until the last look */
		time_t warned;   /* when it last grew; 0: never, or over */
	} port[OVNET_MAX_PORTS]; /* by id */
};

/* Looks from now on. 0 or -ENOMEM. */
int losses_init(struct losses *w, const struct ports *ports);
void losses_fini(struct losses *w);

#endif
