/* SPDX-License-Identifier: BSD-3-Clause */
#include "watch/losses.h"

#include <stdio.h>
#include <string.h>

#include "watch/timer.h"

static const char *key_of(const struct loss *loss, char *key, size_t size)
{
	snprintf(key, size, "missed %s", loss->name);
	return key;
}

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

static void over(struct losses *w, struct loss *loss)
{
	char key[48];

	if (loss->warned == 0)
		return;
	warn_clear(w->warnings, key_of(loss, key, sizeof(key)));
	loss->warned = 0;
}

/* An id is another port's sooner or later, which begins at 0. */
static bool is_about(struct losses *w, struct loss *loss, const struct ovnet_port *port)
{
	const char *name = port != NULL ? port->name : "";

	if (strcmp(loss->name, name) != 0) {
		over(w, loss);
		*loss = (struct loss){0};
		snprintf(loss->name, sizeof(loss->name), "%s", name);
	}
	return port != NULL;
}

static void look_at(struct losses *w, uint16_t id)
{
	struct ovnet_port *port = ports_at(w->ports, id);
	struct loss *loss = &w->port[id];
	struct ovnet_port_stats st = {0};
	time_t now = time(NULL);
	char key[48];

	if (!is_about(w, loss, port))
		return;
	ports_stats(w->ports, port, &st);
	if (st.missed < loss->seen)
		loss->seen = 0; /* another port of this name, which came between two looks */
	if (st.missed > loss->seen) {
		warn(w, key_of(loss, key, sizeof(key)), port);
		loss->warned = now;
	} else if (loss->warned != 0 && now - loss->warned >= WATCH_OVER_S) {
		over(w, loss);
	}
	loss->seen = st.missed;
}

static void look(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	for (uint16_t i = 0; i < OVNET_MAX_PORTS; i++)
		look_at(arg, i);
}

int losses_init(struct losses *w, const struct ports *ports)
{
	struct ovnet_port_stats st;

	*w = (struct losses){.ports = ports, .warnings = ports->engine->warnings};
	/* What was lost while there was no worker yet is counted, and nothing to warn of. */
	for (uint16_t i = 0; i < w->ports->n; i++) {
		struct ovnet_port *port = ports_at(w->ports, i);
		if (!is_about(w, &w->port[i], port))
			continue;
		ports_stats(w->ports, port, &st);
		w->port[i].seen = st.missed;
	}
	return watch_timer_init(&w->timer, ports->engine->base, look, w);
}

void losses_fini(struct losses *w)
{
	watch_timer_fini(&w->timer);
}
