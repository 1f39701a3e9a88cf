/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel mirror and the control socket as modules: their events lead elsewhere. */
#include <errno.h>
#include <stdlib.h>

#include "daemon.h"

static void on_neighbour(
	void *arg, uint32_t ifindex, const struct ovnet_addr *addr, const struct ovnet_mac *mac)
{
	peers_neighbour(arg, ifindex, addr, mac);
}

static void on_route_changed(void *arg)
{
	struct daemon *d = arg;

	d->blackhole.routes_changed = true;
	peers_resolve_all(d);
}

static void on_link_changed(void *arg, const struct ovnet_link *link)
{
	uplinks_link_changed(arg, link);
	host_link_changed(arg, link);
}

/* Thousands may come and go at once where a load balancer has its addresses: folded. */
static void on_addrs_changed(void *arg)
{
	struct daemon *d = arg;

	ingress_update(d);
	d->blackhole.routes_changed = true;
}

/* What was lost may have been the end of a device. */
static void on_resync(void *arg)
{
	ports_check(arg);
	peers_resolve_all(arg);
}

static int kernel_init(struct daemon *d)
{
	static const struct ovnet_kernel_events events = {
		.neighbour = on_neighbour,
		.route_changed = on_route_changed,
		.link_changed = on_link_changed,
		.addrs_changed = on_addrs_changed,
		.resync = on_resync,
	};

	d->kernel = ovnet_kernel_open(d->base, &events, d);
	return d->kernel != NULL ? 0 : -EIO;
}

static void kernel_fini(struct daemon *d)
{
	ovnet_kernel_close(d->kernel);
	d->kernel = NULL;
}

const struct module module_kernel = {"kernel", kernel_init, kernel_fini};

static int ctl_init(struct daemon *d)
{
	mode_t mode = (mode_t)strtoul(d->conf.control.socket_mode, NULL, 8);
	int err = 0;

	d->ctl = ovnet_ctl_server_new(d->base, d->conf.control.socket, mode, (gid_t)-1,
		status_methods, d, &d->patience, &err);
	return d->ctl != NULL ? 0 : err;
}

static void ctl_fini(struct daemon *d)
{
	ovnet_ctl_server_free(d->ctl);
	d->ctl = NULL;
}

const struct module module_ctl = {"control socket", ctl_init, ctl_fini};
