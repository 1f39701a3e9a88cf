/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Uplinks that leave packets routed to our subnets to the kernel, which delivers them as it does
 * under flanneld: AF_PACKET would hand over a second copy of each, UDP sockets never see them.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "underlay/uplinks.h"

#define STRICT '1'

bool uplink_leaves_routed(const struct uplink *u)
{
	return u->port->driver == &ovnet_driver_af_packet ||
	       u->port->driver == &ovnet_driver_socket;
}

/* Of one device or of "all"; the kernel takes the larger of the two. 0: cannot be read. */
static char rp_filter(const char *device)
{
	char path[80], value = 0;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/rp_filter", device);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, &value, 1) != 1)
		value = 0;
	close(fd);
	return value;
}

static bool is_strict(const char *device)
{
	char own = rp_filter(device), all = rp_filter("all");

	return (own > all ? own : all) == STRICT;
}

static void warn_unvalidated(struct underlay *under, const struct uplink *u, bool routed)
{
	char key[48];

	snprintf(key, sizeof(key), "unvalidated %s", u->port->name);
	if (routed)
		warn_set(under->warnings, key,
			"routed packets that come by uplink %s are the kernel's: driver %s cannot "
			"take them away from it, so that nobody validates their senders; driver = "
			"\"af_xdp\" does",
			u->port->name, u->port->driver->name);
	else
		warn_clear(under->warnings, key);
}

/* The way back to peers' pods is by the host device. */
static void warn_strict(struct underlay *under, const struct uplink *u, bool routed)
{
	char key[48];

	snprintf(key, sizeof(key), "rp-filter %s", u->port->name);
	if (routed && is_strict(u->link.name))
		warn_set(under->warnings, key,
			"strict reverse path filtering on uplink %s: the kernel drops what peers "
			"route to our pods; sysctl net.ipv4.conf.%s.rp_filter=2",
			u->link.name, u->link.name);
	else
		warn_clear(under->warnings, key);
}

/* By a socket tunnel packets are the kernel's as well before they are ours. */
static void warn_strict_tunnel(struct underlay *under, const struct uplink *u, bool tunnel)
{
	char key[48];

	snprintf(key, sizeof(key), "rp-tunnel %s", u->port->name);
	if (tunnel && under->n > 1 && u->port->driver == &ovnet_driver_socket &&
		is_strict(u->link.name))
		warn_set(under->warnings, key,
			"strict reverse path filtering on uplink %s: the kernel drops tunnel "
			"packets of peers to whom its own way is another uplink; sysctl "
			"net.ipv4.conf.%s.rp_filter=2",
			u->link.name, u->link.name);
	else
		warn_clear(under->warnings, key);
}

void underlay_check_routed(struct underlay *under)
{
	bool direct = under->node->netconf.backend == OVNET_BACKEND_HOST_GW ||
		      under->node->netconf.direct_routing;

	for (unsigned i = 0; i < under->n; i++) {
		const struct uplink *u = &under->uplinks[i];
		bool configured = node_has(under->node, NODE_CONFIGURED);
		bool routed = configured && direct && uplink_leaves_routed(u);

		warn_unvalidated(under, u, routed);
		warn_strict(under, u, routed);
		warn_strict_tunnel(under, u,
			configured && under->node->netconf.backend != OVNET_BACKEND_HOST_GW);
	}
}
