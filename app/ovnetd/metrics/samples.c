/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics/samples.h"

#include <rte_cycles.h>

static void take(struct sample *s, const struct engine *e, unsigned worker, uint64_t cycles)
{
	const struct ovnet_counters *c = &e->workers[worker]->counters;
	const struct sample was = *s;

	s->busy = c->busy_cycles;
	s->loops = c->loops;
	s->awake = ovnet_rcu_reader_is_online(&e->shared.rcu, worker);
	if (cycles == 0)
		return;
	s->busy_ratio = (double)(s->busy - was.busy) / (double)cycles;
	if (s->busy_ratio > 1)
		s->busy_ratio = 1; /* its counters are read a moment after the clock */
	s->stuck = was.awake && s->awake && s->loops == was.loops;
}

void samples_take(struct samples *s, const struct engine *e)
{
	const uint64_t now = rte_get_tsc_cycles();
	const uint64_t cycles = s->tsc != 0 ? now - s->tsc : 0;

	for (unsigned i = 0; i < e->shared.n_workers && e->workers[i] != NULL; i++)
		take(&s->worker[i], e, i, cycles);
	s->tsc = now;
}

int samples_stuck(const struct samples *s, const struct engine *e)
{
	for (unsigned i = 0; i < e->shared.n_workers; i++)
		if (s->worker[i].stuck)
			return (int)i;
	return -1;
}
