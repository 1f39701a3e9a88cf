/* SPDX-License-Identifier: BSD-3-Clause */
/* Which queue should go to which worker, by what was measured. Pure. */
#ifndef OVNET_APP_PORTS_SPREAD_H
#define OVNET_APP_PORTS_SPREAD_H

#include <stdbool.h>
#include <stdint.h>

#define SPREAD_BUSY 600 /* per mille: below that a worker needs no help */
#define SPREAD_GAIN 100 /* per mille the busier of the two has to be less busy after a move */

struct spread_queue {
	uint64_t packets; /* that came and left by it since the last look */
	uint16_t worker;
	bool fixed; /* it stays where it is, whatever its load */
};

struct spread_move {
	unsigned queue; /* its place in the list */
	uint16_t to;
};

/*
 * `busy`: per mille of the time each worker spent on packets since the last look. A queue's part of
 * its worker's is as large as its part of the packets there. Out of the busiest worker that has a
 * queue worth moving goes the one that leaves the busier of the two ends least busy, to the idlest
 * worker. False: it is well as it is, or no move makes it better by SPREAD_GAIN.
 */
bool spread_choose(const uint32_t *busy, uint16_t n_workers, const struct spread_queue *queues,
	unsigned n, struct spread_move *move);

#endif
