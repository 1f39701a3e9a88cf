/* SPDX-License-Identifier: BSD-3-Clause */
/* The host device: what it needs in the kernel, and what becomes of it in other people's hands. */
#include <errno.h>

#include "base/log.h"
#include "daemon.h"

OVNET_LOG_TYPE(host)

#define MAX_ADDRS 64

int host_set_up(struct daemon *d)
{
	struct ovnet_host_conf conf = {
		.network = {ovnet_prefix_from4(&d->netconf.network)},
		.own = {ovnet_prefix_from4(&d->own.subnet)},
		.blackholes = blackhole_list(d),
		.mtu = d->overlay_mtu,
	};

	if (conf.blackholes == NULL)
		return -ENOMEM;
	if (d->own.has_v6) {
		conf.network[1] = ovnet_prefix_from6(&d->netconf.network6);
		conf.own[1] = ovnet_prefix_from6(&d->own.subnet6);
	}
	return ovnet_host_device_setup(d->kernel, d->host->ifindex, &conf);
}

static bool has_own_addresses(struct daemon *d)
{
	struct ovnet_addr have[MAX_ADDRS], own = ovnet_addr_v4(d->own.subnet.addr_host);
	struct ovnet_addr own6 = ovnet_addr_v6(d->own.subnet6.addr);
	unsigned n = ovnet_kernel_link_addrs(d->kernel, d->host->ifindex, have, MAX_ADDRS);
	bool found = false, found6 = !d->own.has_v6;

	for (unsigned i = 0; i < n; i++) {
		found = found || ovnet_addr_equal(&have[i], &own);
		found6 = found6 || ovnet_addr_equal(&have[i], &own6);
	}
	return (found && found6) || n == MAX_ADDRS; /* too many to tell */
}

static void went_down(struct daemon *d)
{
	d->host_down = true;
	warn_set(&d->warnings, "host-down",
		"host device %s is down: the node's overlay packets are dropped until `ip link set "
		"%s up`",
		d->host->name, d->host->name);
}

static void came_up(struct daemon *d)
{
	warn_clear(&d->warnings, "host-down");
	/* The kernel forgets a device's routes when it goes down; the blackhole dropped meanwhile.
	 */
	d->host_down = host_set_up(d) < 0;
	if (d->host_down)
		return; /* the next check tries again */
	peers_set_routes(d);
}

static void went_away(struct daemon *d)
{
	d->host_down = true;
	warn_set(&d->warnings, "host-down",
		"host device %s was deleted by somebody: making it anew; what was routed through "
		"it besides ovnet's own is lost",
		d->host->name);
	port_lost(d, d->host);
}

void host_link_changed(struct daemon *d, const struct ovnet_link *link)
{
	struct ovnet_link now;

	if (d->host == NULL || link->ifindex != d->host->ifindex || d->lost[d->host->id])
		return;
	/* The event may be older than what we did to the device since. */
	int rc = ovnet_kernel_link_by_index(d->kernel, link->ifindex, &now);
	if (rc == -ENODEV)
		went_away(d);
	if (rc < 0 || !d->ready)
		return;
	if (!now.up) {
		went_down(d);
	} else if (d->host_down) {
		came_up(d);
	} else if (!has_own_addresses(d)) {
		LOG(WARN, "an address of host device %s was removed by somebody: putting it back",
			d->host->name);
		if (host_set_up(d) == 0)
			peers_set_routes(d);
	}
}

int host_reopen(struct daemon *d)
{
	int err;
	struct ovnet_port *fresh = ports_open_host(d, d->host->id, NULL, &err);

	if (fresh == NULL)
		return err;
	err = port_replace(d, fresh);
	if (err < 0)
		return err;
	d->host = fresh;
	d->host_down = false;
	if (d->ready)
		came_up(d);
	return 0;
}
