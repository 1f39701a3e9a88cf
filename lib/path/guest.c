/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/guest.h"

#include <stdlib.h>

static void release(struct ovnet_rcu_head *head)
{
	free(head);
}

void ovnet_guest_publish(struct ovnet_path_shared *s, uint16_t port, struct ovnet_guest *g)
{
	struct ovnet_guest *former =
		atomic_exchange_explicit(&s->guest[port], g, memory_order_acq_rel);

	if (former != NULL)
		ovnet_rcu_defer(&s->rcu, &former->rcu, release);
}

const struct ovnet_guest *ovnet_guest_of(const struct ovnet_path_shared *s, uint16_t port)
{
	return atomic_load_explicit(&s->guest[port], memory_order_relaxed);
}

void ovnet_guests_fini(struct ovnet_path_shared *s)
{
	for (unsigned i = 0; i < OVNET_MAX_PORTS; i++)
		ovnet_guest_publish(s, (uint16_t)i, NULL);
}
