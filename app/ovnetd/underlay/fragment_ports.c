/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Beside each uplink that runs on AF_XDP stands a port for what its program leaves to the kernel:
 * outer packets that came in fragments. It is there from the start, whichever way the uplink was
 * opened, for that may be another one when the interface comes back.
 */
#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "daemon.h"
#include "port/udp_socket.h"

OVNET_LOG_TYPE(ports)

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	ovnet_udp_socket_read(arg);
}

static int watch(struct daemon *d, struct uplink *u)
{
	u->readable = event_new(d->base, ovnet_udp_socket_fd(u->fragments), EV_READ | EV_PERSIST,
		on_readable, u->fragments);
	if (u->readable != NULL && event_add(u->readable, NULL) == 0)
		return 0;
	LOG(ERR, "no memory to watch port '%s'", u->fragments->name);
	return -ENOMEM;
}

static int open_one(struct daemon *d, struct uplink *u)
{
	char name[32];
	const struct ovnet_port_conf conf = {.name = name,
		.role = OVNET_PORT_UPLINK,
		.iface = u->link.name,
		.queues = 1,
		.pool = d->pool};
	int err;

	if (u->link.ifindex == 0 || (u->conf != NULL && u->conf->driver == CONF_DRIVER_AF_PACKET))
		return 0;
	snprintf(name, sizeof(name), "fragments:%.20s", u->link.name);
	u->fragments = ovnet_port_open(&ovnet_driver_udp_socket, d->n_ports, &conf, &err);
	if (u->fragments == NULL)
		return err;
	d->ports[d->n_ports++] = u->fragments;
	return watch(d, u);
}

int fragment_ports_open(struct daemon *d)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < d->n_uplinks; i++)
		rc = open_one(d, &d->uplinks[i]);
	return rc;
}

void fragment_ports_unwatch(struct daemon *d)
{
	for (unsigned i = 0; i < d->n_uplinks; i++)
		if (d->uplinks[i].readable != NULL)
			event_free(d->uplinks[i].readable);
}

void fragment_port_filter(
	struct daemon *d, struct uplink *u, const struct ovnet_port_filter *filter)
{
	/* AF_PACKET sees the fragments itself: what the kernel makes of them came twice then. */
	static const struct ovnet_port_filter nothing;
	char key[48];

	if (u->fragments == NULL || d->lost[u->port->id])
		return;
	snprintf(key, sizeof(key), "%s", u->fragments->name);
	if (u->fragments->driver->filter(
		    u->fragments, u->port->driver == &ovnet_driver_af_xdp ? filter : &nothing) == 0)
		warn_clear(&d->warnings, key);
	else
		warn_set(&d->warnings, key,
			"outer packets that come to %s in fragments are lost (reason in the log): "
			"large ones from peers behind a smaller MTU do not arrive",
			u->link.name);
}
