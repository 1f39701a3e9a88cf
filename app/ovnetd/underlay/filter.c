/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/backend.h"
#include "underlay/uplinks.h"

/* Each of the others would get datagrams merged that it takes one by one. */
static bool all_are_sockets(const struct underlay *under)
{
	unsigned n = 0;

	while (n < under->n && under->uplinks[n].port->driver == &ovnet_driver_socket)
		n++;
	return n == under->n;
}

static void merge(struct underlay *under)
{
	if (under->node->guarded)
		ovnet_udp_guard_merge(
			&under->node->udp_guard, !under->one_by_one && all_are_sockets(under));
	for (unsigned i = 0; i < under->n; i++) {
		struct ovnet_port *port = under->uplinks[i].port;
		if (port->driver->merge != NULL)
			port->driver->merge(port, !under->one_by_one);
	}
}

void underlay_merge(struct underlay *under, bool on)
{
	if (under->one_by_one != on)
		return;
	under->one_by_one = !on;
	merge(under);
}

int underlay_filter(struct underlay *under)
{
	const struct ovnet_prefix own[] = {ovnet_prefix_from4(&under->node->own.subnet),
		ovnet_prefix_from6(&under->node->own.subnet6)};
	unsigned n_own = under->node->own.has_v6 ? 2 : 1;
	struct ovnet_overlay o;
	int rc = 0;

	backend_overlay(under->node, &o);
	const bool receives = o.tunnel != OVNET_TUNNEL_NONE && !under->node->port_later;
	underlay_check_routed(under);
	for (unsigned i = 0; i < under->n; i++) {
		struct uplink *u = &under->uplinks[i];
		struct ovnet_port_filter f = {
			.udp_port = receives ? o.udp_port : 0,
			.vni = o.vni,
			.src_port_min = o.src_port_min,
			.src_port_max = o.src_port_max,
			.addrs = u->addrs,
			.n_addrs = u->n_addrs,
			.subnets = own,
			.n_subnets = o.direct && !uplink_leaves_routed(u) ? n_own : 0,
		};
		if (u->port->driver->filter == NULL)
			continue;
		int one = u->port->driver->filter(u->port, &f);
		rc = one < 0 ? one : rc;
		fragment_port_filter(under, u, &f);
	}
	merge(under);
	return rc;
}
