/* SPDX-License-Identifier: BSD-3-Clause */
/* The overlay's UDP port. */
#include <errno.h>

#include "base/log.h"
#include "node/node.h"

OVNET_LOG_TYPE(overlay)

static void say(const struct ovnet_netconf *c)
{
	switch (c->backend) {
	case OVNET_BACKEND_VXLAN:
		LOG(INFO, "VXLAN config: VNI=%u Port=%u GBP=%d Learning=%d DirectRouting=%d",
			c->vni, c->port, c->gbp, c->learning, c->direct_routing);
		break;
	case OVNET_BACKEND_UDP:
		LOG(INFO, "UDP config: Port=%u", c->port);
		break;
	default:
		LOG(INFO, "backend %s: packets are routed to peers' addresses",
			ovnet_backend_name(c->backend));
	}
}

int node_hold_port(struct node *n, struct ovnet_patience *patience, const struct ovnet_netconf *c)
{
	int rc = 0;

	if (n->guarded || n->port_later)
		return 0;
	if (c->backend != OVNET_BACKEND_HOST_GW) {
		rc = ovnet_udp_guard_open(&n->udp_guard, c->port, patience);
		n->guarded = rc == 0;
	}
	if (rc != -EAGAIN)
		say(c);
	return rc;
}
