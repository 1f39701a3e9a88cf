/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The path's own stages on one packet, and nothing of it gets anywhere: the tables, ports and rules
 * are those there are, but the ports send nothing, and counters, limits and lists are the
 * rehearsal's own. So what it says is what the path would do.
 *
 * Threads: the control thread, which is the only one that changes tables, so that nothing goes away
 * meanwhile. Workers do not notice.
 */
#ifndef OVNET_CAPTURE_REHEARSAL_H
#define OVNET_CAPTURE_REHEARSAL_H

#include "path/path.h"

#define OVNET_REHEARSAL_STEPS 48
#define OVNET_REHEARSAL_SENT  8
#define OVNET_REHEARSAL_BYTES 256

struct ovnet_rehearsal {
	unsigned n_steps; /* stages in the order they were entered */
	struct {
		uint8_t stage;  /* enum ovnet_stage */
		uint8_t reason; /* enum ovnet_drop, at drop */
	} step[OVNET_REHEARSAL_STEPS];
	unsigned n_sent; /* the packet, its pieces, an answer to it */
	struct ovnet_rehearsal_sent {
		uint16_t port; /* id */
		bool answer;   /* to who sent the packet, by the port it came by */
		uint32_t len, captured;
		uint8_t bytes[OVNET_REHEARSAL_BYTES];
	} sent[OVNET_REHEARSAL_SENT];
	bool permitted[OVNET_DROP_COUNT]; /* refused for that, were validation strict */
	uint64_t absorbed;                /* taken, neither sent nor refused */
	uint16_t port;                    /* it came by */
};

/*
 * A packet of `len` bytes comes by port `port` (its id); peers' ids are below `max_peers`. 0, or
 * -ENODEV there is no such port, -ENOMEM.
 */
int ovnet_rehearse(const struct ovnet_path_shared *path, const struct ovnet_path_ops *ops,
	uint32_t max_peers, uint16_t port, const uint8_t *bytes, uint32_t len,
	struct ovnet_rehearsal *out);

#endif
