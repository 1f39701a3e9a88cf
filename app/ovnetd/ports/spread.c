/* SPDX-License-Identifier: BSD-3-Clause */
#include "ports/spread.h"

static uint16_t busiest(const uint32_t *busy, uint16_t n_workers)
{
	uint16_t most = 0;

	for (uint16_t w = 1; w < n_workers; w++)
		if (busy[w] > busy[most])
			most = w;
	return most;
}

static uint16_t idlest(const uint32_t *busy, uint16_t n_workers)
{
	uint16_t least = 0;

	for (uint16_t w = 1; w < n_workers; w++)
		if (busy[w] < busy[least])
			least = w;
	return least;
}

static uint64_t packets_of(uint16_t worker, const struct spread_queue *queues, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += queues[i].worker == worker ? queues[i].packets : 0;
	return sum;
}

bool spread_choose(const uint32_t *busy, uint16_t n_workers, const struct spread_queue *queues,
	unsigned n, struct spread_move *move)
{
	const uint16_t from = busiest(busy, n_workers), to = idlest(busy, n_workers);
	const uint64_t all = packets_of(from, queues, n);
	uint32_t best = busy[from];

	if (busy[from] < SPREAD_BUSY)
		return false;
	for (unsigned i = 0; i < n; i++) {
		const struct spread_queue *q = &queues[i];
		if (q->worker != from || q->fixed || q->packets == 0)
			continue;
		uint32_t load = (uint32_t)((double)busy[from] * (double)q->packets / (double)all);
		uint32_t left = busy[from] - load, there = busy[to] + load;
		uint32_t after = left > there ? left : there;
		if (after >= best)
			continue;
		best = after;
		*move = (struct spread_move){.queue = i, .to = to};
	}
	return best + SPREAD_GAIN <= busy[from];
}
