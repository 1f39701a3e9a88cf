/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Beside each uplink that runs on AF_XDP stands a port for what its program leaves to the kernel:
 * outer packets that came in fragments. It is there from the start, whichever way the uplink was
 * opened, for that may be another one when the interface comes back.
 */
#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "port/udp_socket.h"
#include "underlay/uplinks.h"

OVNET_LOG_TYPE(ports)

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	ovnet_udp_socket_read(arg);
}

static int watch(struct underlay *under, struct uplink *u)
{
	u->readable = event_new(under->ports->engine->base, ovnet_udp_socket_fd(u->fragments),
		EV_READ | EV_PERSIST, on_readable, u->fragments);
	if (u->readable != NULL && event_add(u->readable, NULL) == 0)
		return 0;
	LOG(ERR, "no memory to watch port '%s'", u->fragments->name);
	return -ENOMEM;
}

static int open_one(struct underlay *under, struct uplink *u)
{
	char name[32];
	const struct ovnet_port_conf conf = {
		.name = name, .role = OVNET_PORT_UPLINK, .iface = u->link.name, .queues = 1};
	int err;

	if (u->link.ifindex == 0 || u->twin != NULL || !uplink_may_be_af_xdp(u))
		return 0;
	snprintf(name, sizeof(name), "fragments:%.20s", u->link.name);
	u->fragments = ports_open(under->ports, &ovnet_driver_udp_socket, &conf, NULL, &err);
	if (u->fragments == NULL)
		return err;
	return watch(under, u);
}

int underlay_open_fragments(struct underlay *under)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < under->n; i++)
		rc = open_one(under, &under->uplinks[i]);
	return rc;
}

void fragment_ports_unwatch(struct underlay *under)
{
	for (unsigned i = 0; i < under->n; i++)
		if (under->uplinks[i].readable != NULL) {
			event_free(under->uplinks[i].readable);
			under->uplinks[i].readable = NULL;
		}
}

void fragment_port_filter(
	struct underlay *under, struct uplink *u, const struct ovnet_port_filter *filter)
{
	/*
	 * The other kinds get fragments themselves, by AF_PACKET or put together by the kernel:
	 * what came here would come twice, or go astray.
	 */
	static const struct ovnet_port_filter nothing;
	char key[48];

	if (u->fragments == NULL || ports_is_lost(under->ports, u->port))
		return;
	snprintf(key, sizeof(key), "%s", u->fragments->name);
	if (u->fragments->driver->filter(
		    u->fragments, u->port->driver == &ovnet_driver_af_xdp ? filter : &nothing) == 0)
		warn_clear(under->warnings, key);
	else
		warn_set(under->warnings, key,
			"outer packets that come to %s in fragments are lost (reason in the log): "
			"large ones from peers behind a smaller MTU do not arrive",
			u->link.name);
}
