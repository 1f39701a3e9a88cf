/* SPDX-License-Identifier: BSD-3-Clause */
#include "watch/losses.h"

#include <errno.h>
#include <stdio.h>

#include "daemon.h"

#define LOOK_S 5
#define OVER_S 60 /* so long without another one */

/* Without a number, so that a loss that goes on is told once. */
static void warn(struct daemon *d, const char *key, const struct ovnet_port *port)
{
	warn_set(&d->warnings, key,
		"port %s loses packets: they wait in the kernel or the device until a worker "
		"fetches them, and there was no more room (MISSED of `ovnetctl ports`, "
		"device-missed of `ovnetctl drops`); see `ovnetctl workers`: more of them "
		"(dpdk.workers), or CPUs of their own (dpdk.worker-cpus)",
		port->name);
}

static void look_at(struct daemon *d, struct ovnet_port *port)
{
	uint64_t *seen = &d->losses.port[port->id].seen;
	time_t *warned = &d->losses.port[port->id].warned, now = time(NULL);
	struct ovnet_port_stats st = {0};
	char key[48];

	snprintf(key, sizeof(key), "missed %s", port->name);
	ports_stats(d, port, &st);
	if (st.missed > *seen) {
		warn(d, key, port);
		*warned = now;
	} else if (*warned != 0 && now - *warned >= OVER_S) {
		warn_clear(&d->warnings, key);
		*warned = 0;
	}
	*seen = st.missed;
}

static void look(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	(void)fd, (void)what;
	for (unsigned i = 0; i < d->n_ports; i++)
		look_at(d, d->ports[i]);
}

static int init(struct daemon *d)
{
	static const struct timeval every = {.tv_sec = LOOK_S};
	struct ovnet_port_stats st;

	/* What was lost while there was no worker yet is counted, and nothing to warn of. */
	for (unsigned i = 0; i < d->n_ports; i++) {
		ports_stats(d, d->ports[i], &st);
		d->losses.port[i].seen = st.missed;
	}
	d->losses.timer = event_new(d->base, -1, EV_PERSIST, look, d);
	if (d->losses.timer == NULL || event_add(d->losses.timer, &every) < 0)
		return -ENOMEM;
	return 0;
}

static void fini(struct daemon *d)
{
	if (d->losses.timer != NULL)
		event_free(d->losses.timer);
	d->losses.timer = NULL;
}

const struct module module_losses = {"losses", init, fini};
