/* SPDX-License-Identifier: BSD-3-Clause */
/* What DHCP tells those behind attach ports, as these come and go. */
#include <stdlib.h>
#include <string.h>

#include "guests/guests.h"
#include "guests/record.h"
#include "path/guest.h"

static bool is_same(const struct ovnet_guest *a, const struct ovnet_guest *b)
{
	size_t from = sizeof(a->rcu);

	if (a == NULL || b == NULL)
		return a == b;
	/* Both were zeroed, whatever lies between their members. */
	return memcmp((const char *)a + from, (const char *)b + from, sizeof(*a) - from) == 0;
}

static void publish_one(struct guests *g, const struct attached *it)
{
	struct ovnet_path_shared *shared = &g->engine->shared;
	const uint16_t id = it->port->id;
	const struct ovnet_guest *was = ovnet_guest_of(shared, id);
	struct ovnet_guest *now = guest_record(g->node->conf, g->node, &it->conf);

	if (is_same(now, was)) {
		free(now);
		return;
	}
	ovnet_guest_publish(shared, id, now);
}

void guests_publish(struct guests *g)
{
	for (unsigned i = 0; i < g->attach->n; i++)
		if (g->attach->items[i]->port != NULL)
			publish_one(g, g->attach->items[i]);
}
