/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sums over all workers, of counters as they stand: a reader may be a burst behind, and no worker
 * is ever stopped for it. Control thread only.
 */
#ifndef OVNET_APP_ENGINE_TOTALS_H
#define OVNET_APP_ENGINE_TOTALS_H

#include "engine/engine.h"

struct totals_drop {
	uint64_t packets;
	uint64_t permitted;       /* let by, though strict validation would have dropped them */
	struct ovnet_addr source; /* of the last one; family 0: unknown */
};

struct totals_stage {
	uint64_t packets, bursts;
};

/* What workers count beside stages, drops, ports and peers. */
struct totals_other {
	uint64_t absorbed, answers, answers_limited, pieces;
};

struct totals_drop totals_drop(const struct engine *e, enum ovnet_drop reason);
struct totals_stage totals_stage(const struct engine *e, enum ovnet_stage stage);
struct totals_other totals_other(const struct engine *e);
struct ovnet_port_counters totals_port(const struct engine *e, uint16_t port);
/* `peer`: its id in the FIB. */
struct ovnet_peer_counters totals_peer(const struct engine *e, uint32_t peer);

#endif
