/* SPDX-License-Identifier: BSD-3-Clause */
/* What DHCP and router advertisements tell those behind attach ports, as these come and go. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "guests/guests.h"
#include "guests/record.h"
#include "loop/random.h"
#include "path/guest.h"

static bool is_same(const struct ovnet_guest *a, const struct ovnet_guest *b)
{
	size_t from = sizeof(a->rcu);

	if (a == NULL || b == NULL)
		return a == b;
	/* Both were zeroed, whatever lies between their members. */
	return memcmp((const char *)a + from, (const char *)b + from, sizeof(*a) - from) == 0;
}

/* False: no memory, and what was told is told on. */
static bool publish_one(struct guests *g, const struct attached *it)
{
	struct ovnet_path_shared *shared = &g->engine->shared;
	const uint16_t id = it->port->id;
	const struct ovnet_guest *was = ovnet_guest_of(shared, id);
	struct ovnet_guest *now;

	if (guest_record(g->node->conf, g->node, &it->conf, &now) < 0)
		return false;
	if (is_same(now, was)) {
		free(now);
		return true;
	}
	const bool advertised = now != NULL && now->has6;
	ovnet_guest_publish(shared, id, now);
	if (!advertised)
		return true;
	g->first = OVNET_ADVERTISE_FIRST;
	g->advertise_at_ms = 0;
	return true;
}

bool guests_publish(struct guests *g)
{
	bool whole = true;

	for (unsigned i = 0; i < g->attach->n; i++)
		if (g->attach->items[i]->port != NULL)
			whole = publish_one(g, g->attach->items[i]) && whole;
	return whole;
}

/* One that gets lost is not sent again: the guest asks by itself when it comes up. */
static void advertise_all(struct guests *g)
{
	struct ovnet_path_shared *shared = &g->engine->shared;

	for (unsigned i = 0; i < g->attach->n; i++) {
		const struct ovnet_port *port = g->attach->items[i]->port;
		if (port != NULL)
			(void)ovnet_guest_advertise(shared, port->id);
	}
}

void guests_advertise(struct guests *g)
{
	const int64_t now = monotonic_ms();
	uint32_t s = OVNET_ADVERTISE_MIN_S +
		     random_below(NULL, OVNET_ADVERTISE_MAX_S - OVNET_ADVERTISE_MIN_S);

	if (now < g->advertise_at_ms)
		return;
	advertise_all(g);
	if (g->first > 0 && --g->first > 0)
		s = 1 + random_below(NULL, OVNET_ADVERTISE_FIRST_S - 1);
	g->advertise_at_ms = now + s * INT64_C(1000);
}
