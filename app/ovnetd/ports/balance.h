/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Moves queues from workers that are busy to others that are not: what workers and queues did is
 * looked at every few seconds; the same move has to suggest itself twice in a row, a rest follows
 * each, and who was moved stays for a minute. Queues whose workers the configuration names stay
 * where they are, and those of a port that has one for each worker. What is still on its way since
 * the look before is published again. Control thread only.
 */
#ifndef OVNET_APP_PORTS_BALANCE_H
#define OVNET_APP_PORTS_BALANCE_H

#include "ports/ports.h"
#include "ports/spread.h"

#define BALANCE_LOOK_S 2
#define BALANCE_REST   4  /* looks without a move, after one */
#define BALANCE_STAY   30 /* looks for which a queue stays that was moved */

struct balance {
	struct ports *ports;
	struct event *timer; /* NULL: off, or one worker */
	uint64_t look;       /* number of the last one */
	uint64_t rest_until; /* that look */
	uint64_t at;         /* TSC of the last look */
	uint64_t busy_cycles[OVNET_MAX_WORKERS];
	/* What the last look found best: told from others by its address. */
	const struct ovnet_port_queue *suggested;
	uint16_t suggested_to;
	struct spread_queue *queues; /* room for a look's, with whose they are */
	struct balance_queue *of;
	unsigned room;
};

/* Looks from now on, where dpdk.balance says so and there is a choice. 0 or -ENOMEM. */
int balance_init(struct balance *b, struct ports *ports);
/* Safe before init. */
void balance_fini(struct balance *b);

/* One look; the timer's. `now`: TSC. */
void balance_look(struct balance *b, uint64_t now);

#endif
