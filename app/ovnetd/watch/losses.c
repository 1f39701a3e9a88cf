/* SPDX-License-Identifier: BSD-3-Clause */
#include "watch/losses.h"

#include <errno.h>
#include <stdio.h>

#define LOOK_S 5
#define OVER_S 60 /* so long without another one */

/* Without a number, so that a loss that goes on is told once. */
static void warn(struct losses *w, const char *key, const struct ovnet_port *port)
{
	warn_set(w->warnings, key,
		"port %s loses packets: they wait in the kernel or the device until a worker "
		"fetches them, and there was no more room (MISSED of `ovnetctl ports`, "
		"device-missed of `ovnetctl drops`); see `ovnetctl workers`: more of them "
		"(dpdk.workers), or CPUs of their own (dpdk.worker-cpus)",
		port->name);
}

static void look_at(struct losses *w, struct ovnet_port *port)
{
	uint64_t *seen = &w->port[port->id].seen;
	time_t *warned = &w->port[port->id].warned, now = time(NULL);
	struct ovnet_port_stats st = {0};
	char key[48];

	snprintf(key, sizeof(key), "missed %s", port->name);
	ports_stats(w->ports, port, &st);
	if (st.missed > *seen) {
		warn(w, key, port);
		*warned = now;
	} else if (*warned != 0 && now - *warned >= OVER_S) {
		warn_clear(w->warnings, key);
		*warned = 0;
	}
	*seen = st.missed;
}

static void look(evutil_socket_t fd, short what, void *arg)
{
	struct losses *w = arg;

	(void)fd, (void)what;
	for (unsigned i = 0; i < w->ports->n; i++)
		look_at(w, w->ports->slot[i].port);
}

int losses_init(struct losses *w, const struct ports *ports)
{
	static const struct timeval every = {.tv_sec = LOOK_S};
	struct ovnet_port_stats st;

	*w = (struct losses){.ports = ports, .warnings = ports->engine->warnings};
	/* What was lost while there was no worker yet is counted, and nothing to warn of. */
	for (unsigned i = 0; i < w->ports->n; i++) {
		ports_stats(w->ports, w->ports->slot[i].port, &st);
		w->port[i].seen = st.missed;
	}
	w->timer = event_new(ports->engine->base, -1, EV_PERSIST, look, w);
	if (w->timer == NULL || event_add(w->timer, &every) < 0)
		return -ENOMEM;
	return 0;
}

void losses_fini(struct losses *w)
{
	if (w->timer != NULL)
		event_free(w->timer);
	w->timer = NULL;
}
