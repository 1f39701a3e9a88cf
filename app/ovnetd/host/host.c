/* SPDX-License-Identifier: BSD-3-Clause */
/* The host device: what it needs in the kernel, and what becomes of it in other people's hands. */
#include <errno.h>

#include "base/log.h"
#include "host/host.h"

OVNET_LOG_TYPE(host)

#define MAX_ADDRS 64

static struct ovnet_port_conf port_conf(const struct host *h)
{
	const char *name = h->node->conf->host.device;

	return (struct ovnet_port_conf){
		.name = name,
		.role = OVNET_PORT_HOST,
		.iface = name,
		.queues = h->node->conf->dpdk.workers,
		.offloads = true,
	};
}

int host_set_up(struct host *h)
{
	struct ovnet_host_conf conf = {
		.network = {ovnet_prefix_from4(&h->node->netconf.network)},
		.own = {ovnet_prefix_from4(&h->node->own.subnet)},
		.blackholes = blackhole_list(h->blackhole, h->port->ifindex),
		.mtu = h->node->overlay_mtu,
	};

	if (conf.blackholes == NULL)
		return -ENOMEM;
	if (h->node->own.has_v6) {
		conf.network[1] = ovnet_prefix_from6(&h->node->netconf.network6);
		conf.own[1] = ovnet_prefix_from6(&h->node->own.subnet6);
	}
	return ovnet_host_device_setup(h->kernel, h->port->ifindex, &conf);
}

static bool has_own_addresses(struct host *h)
{
	struct ovnet_addr have[MAX_ADDRS], own = ovnet_addr_v4(h->node->own.subnet.addr_host);
	struct ovnet_addr own6 = ovnet_addr_v6(h->node->own.subnet6.addr);
	unsigned n = ovnet_kernel_link_addrs(h->kernel, h->port->ifindex, have, MAX_ADDRS);
	bool found = false, found6 = !h->node->own.has_v6;

	for (unsigned i = 0; i < n; i++) {
		found = found || ovnet_addr_equal(&have[i], &own);
		found6 = found6 || ovnet_addr_equal(&have[i], &own6);
	}
	return (found && found6) || n == MAX_ADDRS; /* too many to tell */
}

static void went_down(struct host *h)
{
	h->down = true;
	warn_set(h->warnings, "host-down",
		"host device %s is down: the node's overlay packets are dropped until `ip link set "
		"%s up`",
		h->port->name, h->port->name);
}

static void came_up(struct host *h)
{
	warn_clear(h->warnings, "host-down");
	/* The kernel forgets a device's routes when it goes down; the blackhole dropped meanwhile.
	 */
	h->down = host_set_up(h) < 0;
	if (h->down)
		return; /* the next check tries again */
	h->events.routes_gone(h->arg);
}

static void went_away(struct host *h)
{
	h->down = true;
	warn_set(h->warnings, "host-down",
		"host device %s was deleted by somebody: making it anew; what was routed through "
		"it besides ovnet's own is lost",
		h->port->name);
	ports_lost(h->ports, h->port);
}

void host_link_changed(struct host *h, const struct ovnet_link *link)
{
	struct ovnet_link now;

	if (h->port == NULL || link->ifindex != h->port->ifindex ||
		ports_is_lost(h->ports, h->port))
		return;
	/* The event may be older than what we did to the device since. */
	int rc = ovnet_kernel_link_by_index(h->kernel, link->ifindex, &now);
	if (rc == -ENODEV)
		went_away(h);
	if (rc < 0 || !node_has(h->node, NODE_READY))
		return;
	if (!now.up) {
		went_down(h);
	} else if (h->down) {
		came_up(h);
	} else if (!has_own_addresses(h)) {
		LOG(WARN, "an address of host device %s was removed by somebody: putting it back",
			h->port->name);
		if (host_set_up(h) == 0)
			h->events.routes_gone(h->arg);
	}
}

void host_check(struct host *h)
{
	const struct ovnet_link link = {.ifindex = h->port != NULL ? h->port->ifindex : 0};

	host_link_changed(h, &link);
}

static int reopen(void *arg, struct ovnet_port *lost)
{
	struct host *h = arg;
	const struct ovnet_port_conf conf = port_conf(h);
	int err;
	struct ovnet_port *fresh = ports_replace(h->ports, lost, &ovnet_driver_host, &conf, &err);

	if (fresh == NULL)
		return err;
	h->port = fresh;
	h->down = false;
	warn_clear(h->warnings, "host-down");
	if (node_has(h->node, NODE_READY))
		came_up(h);
	return 0;
}

int host_open(struct host *h, struct ovnet_patience *patience)
{
	struct ovnet_port_conf conf = port_conf(h);
	const struct port_owner owner = {reopen, h};
	int err;

	if (conf.name[0] == '\0')
		return 0;
	conf.patience = patience;
	h->port = ports_open(h->ports, &ovnet_driver_host, &conf, &owner, &err);
	return h->port != NULL ? 0 : err;
}

void host_init(struct host *h, struct ovnet_kernel *kernel, struct ports *ports,
	const struct node *node, struct blackhole *blackhole, const struct host_events *events,
	void *arg)
{
	*h = (struct host){
		.kernel = kernel,
		.ports = ports,
		.node = node,
		.warnings = node->warnings,
		.blackhole = blackhole,
		.events = *events,
		.arg = arg,
	};
}
