/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/totals.h"

struct totals_drop totals_drop(const struct engine *e, enum ovnet_drop reason)
{
	struct totals_drop sum = {0};

	for (unsigned i = 0; i < e->shared.n_workers; i++) {
		const struct ovnet_counters *c = &e->workers[i]->counters;
		sum.packets += c->drops[reason];
		sum.permitted += c->permitted[reason];
		if (c->last_source[reason].family != 0)
			sum.source = c->last_source[reason];
	}
	return sum;
}

struct totals_stage totals_stage(const struct engine *e, enum ovnet_stage stage)
{
	struct totals_stage sum = {0};

	for (unsigned i = 0; i < e->shared.n_workers; i++) {
		sum.packets += e->workers[i]->counters.stage_packets[stage];
		sum.bursts += e->workers[i]->counters.stage_bursts[stage];
	}
	return sum;
}

struct totals_other totals_other(const struct engine *e)
{
	struct totals_other sum = {0};

	for (unsigned i = 0; i < e->shared.n_workers; i++) {
		const struct ovnet_counters *c = &e->workers[i]->counters;
		sum.absorbed += c->absorbed;
		sum.answers += c->answers;
		sum.answers_limited += c->answers_limited;
		sum.pieces += c->pieces;
	}
	return sum;
}

struct ovnet_port_counters totals_port(const struct engine *e, uint16_t port)
{
	struct ovnet_port_counters sum = {0};

	for (unsigned i = 0; i < e->shared.n_workers; i++) {
		const struct ovnet_port_counters *c = &e->workers[i]->counters.port[port];
		sum.rx_packets += c->rx_packets;
		sum.rx_bytes += c->rx_bytes;
		sum.tx_packets += c->tx_packets;
		sum.tx_bytes += c->tx_bytes;
	}
	return sum;
}

struct ovnet_peer_counters totals_peer(const struct engine *e, uint32_t peer)
{
	struct ovnet_peer_counters sum = {0};

	for (unsigned i = 0; i < e->shared.n_workers; i++) {
		const struct ovnet_peer_counters *c = &e->workers[i]->counters.peer[peer];
		sum.tx_packets += c->tx_packets;
		sum.tx_bytes += c->tx_bytes;
		sum.rx_packets += c->rx_packets;
		sum.rx_bytes += c->rx_bytes;
	}
	return sum;
}
