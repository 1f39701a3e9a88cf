/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sums over all workers, of counters as they stand: a reader may be a burst behind, and no worker
 * is ever stopped for it. Control thread only.
 */
#ifndef OVNET_APP_ENGINE_TOTALS_H
#define OVNET_APP_ENGINE_TOTALS_H

#include "base/counter_table.h"
#include "engine/engine.h"

/* Members as in the table of counters. */
#define TOTALS_MEMBER(scope, member, ...) uint64_t member;

struct totals_stage {
	OVNET_STAGE_COUNTERS(TOTALS_MEMBER)
};

struct totals_drop {
	OVNET_DROP_COUNTERS(TOTALS_MEMBER)
	struct ovnet_addr source; /* of the last one; family 0: unknown */
};

/* What workers count beside stages, drops, ports and peers. */
struct totals_path {
	OVNET_PATH_COUNTERS(TOTALS_MEMBER)
};

#undef TOTALS_MEMBER

struct totals_drop totals_drop(const struct engine *e, enum ovnet_drop reason);
struct totals_stage totals_stage(const struct engine *e, enum ovnet_stage stage);
struct totals_path totals_path(const struct engine *e);
struct ovnet_port_counters totals_port(const struct engine *e, uint16_t port);
/* `peer`: its id in the FIB. */
struct ovnet_peer_counters totals_peer(const struct engine *e, uint32_t peer);

#endif
