/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/totals.h"

/* For the counters of one scope: `c`, a worker's, onto `sum`; where there is one for each `of`. */
#define ADD(scope, member, ...)    sum.member += c->member;
#define ADD_OF(scope, member, ...) sum.member += c->member[of];

struct totals_drop totals_drop(const struct engine *e, enum ovnet_drop of)
{
	struct totals_drop sum = {0};

	for (unsigned i = 0; i < e->shared.n_workers; i++) {
		const struct ovnet_counters *c = &e->workers[i]->counters;
		OVNET_DROP_COUNTERS(ADD_OF)
		if (c->last_source[of].family != 0)
			sum.source = c->last_source[of];
	}
	return sum;
}

struct totals_stage totals_stage(const struct engine *e, enum ovnet_stage of)
{
	struct totals_stage sum = {0};

	for (unsigned i = 0; i < e->shared.n_workers; i++) {
		const struct ovnet_counters *c = &e->workers[i]->counters;
		OVNET_STAGE_COUNTERS(ADD_OF)
	}
	return sum;
}

struct totals_path totals_path(const struct engine *e)
{
	struct totals_path sum = {0};

	for (unsigned i = 0; i < e->shared.n_workers; i++) {
		const struct ovnet_counters *c = &e->workers[i]->counters;
		OVNET_PATH_COUNTERS(ADD)
	}
	return sum;
}

struct ovnet_port_counters totals_port(const struct engine *e, uint16_t port)
{
	struct ovnet_port_counters sum = {0};

	/* Ports are opened before the workers start as well. */
	for (unsigned i = 0; i < e->shared.n_workers && e->workers[i] != NULL; i++) {
		const struct ovnet_port_counters *c = &e->workers[i]->counters.port[port];
		OVNET_PORT_COUNTERS(ADD)
	}
	return sum;
}

struct ovnet_peer_counters totals_peer(const struct engine *e, uint32_t peer)
{
	struct ovnet_peer_counters sum = {0};

	for (unsigned i = 0; i < e->shared.n_workers; i++) {
		const struct ovnet_peer_counters *c = &e->workers[i]->counters.peer[peer];
		OVNET_PEER_COUNTERS(ADD)
	}
	return sum;
}
