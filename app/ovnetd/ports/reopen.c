/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports whose device went away while the daemon runs: a NIC that was unplugged, a host device
 * somebody deleted. The port leaves the queue map, because its fds would keep the workers awake,
 * and stays as it is otherwise until there is a device again and a port of the same id takes its
 * place: next hops, endpoints and counters know ports by id.
 */
#include <errno.h>

#include "base/log.h"
#include "daemon.h"

OVNET_LOG_TYPE(ports)

#define LOOK_MS     500   /* for a device that is not there */
#define MAX_WAIT_MS 30000 /* after a device that does not open, doubled each time */
#define CHECK_S     10    /* as flanneld's host-gw looks after its routes */
#define PER_SECOND  1000  /* peers that make the check a second rarer, for it lists all routes */

static void arm(struct event *timer, uint32_t ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};

	if (event_add(timer, &tv) < 0)
		LOG(ERR, "no timer, no memory: ports and routes are not looked after; "
			 "restart ovnetd");
}

void port_lost(struct daemon *d, struct ovnet_port *port)
{
	if (d->lost[port->id])
		return;
	d->lost[port->id] = true;
	d->reopen_ms = LOOK_MS;
	/* On failure the old map stays and costs a busy worker until the port is back. */
	(void)ports_publish(d);
	if (port->driver->lose != NULL)
		port->driver->lose(port);
	arm(d->reopen, 0);
}

int port_replace(struct daemon *d, struct ovnet_port *fresh)
{
	struct ovnet_port *old = d->ports[fresh->id];
	struct ovnet_port_stats counted;

	ports_stats(d, old, &counted);
	d->ports[fresh->id] = fresh;
	d->lost[fresh->id] = false;
	int rc = ports_publish(d);
	if (rc < 0) {
		d->ports[fresh->id] = old;
		d->lost[fresh->id] = true;
		ovnet_port_close(fresh);
		return rc;
	}
	for (unsigned r = 0; r < OVNET_DROP_COUNT; r++)
		d->former[fresh->id].rx_drops[r] = ports_rx_drops(d, old, r);
	d->former[fresh->id].stats = counted;
	ovnet_rcu_defer(&d->shared.rcu, &old->rcu, ovnet_port_release);
	return 0;
}

static bool any_lost(const struct daemon *d)
{
	for (unsigned i = 0; i < d->n_ports; i++)
		if (d->lost[i])
			return true;
	return false;
}

void reopen_run(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	(void)fd;
	(void)what;
	int host = d->lost[d->host->id] ? host_reopen(d) : 0;
	int uplinks = uplinks_reopen(d);
	if (!any_lost(d))
		return;
	bool failed = host < 0 || (uplinks < 0 && uplinks != -EAGAIN);
	d->reopen_ms = failed ? RTE_MIN(2 * d->reopen_ms, (uint32_t)MAX_WAIT_MS) : LOOK_MS;
	arm(d->reopen, d->reopen_ms);
}

static void arm_check(struct daemon *d)
{
	arm(d->check, (CHECK_S + d->peers.n / PER_SECOND) * 1000);
}

/* What no notification told, or none that arrived. */
void ports_check(struct daemon *d)
{
	struct ovnet_link link;

	for (unsigned i = 0; i < d->n_ports; i++) {
		struct ovnet_port *p = d->ports[i];
		if (p->ifindex == 0 || d->lost[i])
			continue;
		int rc = ovnet_kernel_link_by_index(d->kernel, p->ifindex, &link);
		link.ifindex = p->ifindex;
		if (p == d->host)
			host_link_changed(d, &link);
		else if (rc == -ENODEV)
			uplinks_link_changed(d, &link);
	}
}

void check_run(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	(void)fd;
	(void)what;
	ports_check(d);
	uplinks_check_copies(d);
	if (d->blackhole.routes_changed)
		blackhole_check(d);
	if (d->synced)
		peers_check(d);
	if (d->settled && !d->subnet_env)
		overlay_write_env(d);
	arm_check(d);
}
