/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the daemon: who knows whom, in which order they start. */
#include "modules.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "methods/methods.h"
#include "reactions.h"
#include "stopping.h"

OVNET_LOG_TYPE(daemon)

/* Before the kernel speaks: its events find every part. */
static void wire(struct daemon *d)
{
	d->engine = (struct engine){.conf = &d->conf, .base = d->base, .warnings = &d->warnings};
	node_init(&d->node, &d->conf, &d->warnings);
	ingress_init(&d->ingress, &d->engine, d->kernel, &d->node);
	underlay_init(&d->underlay, d->kernel, &d->ports, &d->node, &reactions_underlay, d);
	host_init(&d->host, d->kernel, &d->ports, &d->node, &d->blackhole, &reactions_host, d);
	d->in_use = (struct in_use){d->kernel, IN_USE_CNI_DIR};
	d->peers = (struct peers){
		.engine = &d->engine,
		.kernel = d->kernel,
		.underlay = &d->underlay,
		.node = &d->node,
		.ingress = &d->ingress,
		.host = &d->host,
		.attach_routes = &d->attach_routes,
		.warnings = &d->warnings,
		.events = reactions_peers,
		.arg = d,
	};
	kernel_lane_init(
		&d->lane, &d->engine, &d->node, &d->underlay, &d->host, &reactions_lane, d);
	takeover_init(&d->takeover, d->kernel, &d->node, &d->underlay, &d->lane, &d->firewall);
}

static int start_ctl(struct daemon *d)
{
	mode_t mode = (mode_t)strtoul(d->conf.control.socket_mode, NULL, 8);
	int err = 0;

	d->ctl = ovnet_ctl_server_new(
		d->base, d->conf.control.socket, mode, (gid_t)-1, methods, d, &d->patience, &err);
	return d->ctl != NULL ? 0 : err;
}

static void stop_ctl(struct daemon *d)
{
	ovnet_ctl_server_free(d->ctl);
	d->ctl = NULL;
}

static int start_kernel(struct daemon *d)
{
	d->kernel = ovnet_kernel_open(d->base, &reactions_kernel, d);
	if (d->kernel == NULL)
		return -EIO;
	wire(d);
	return 0;
}

static void stop_kernel(struct daemon *d)
{
	ovnet_kernel_close(d->kernel);
	d->kernel = NULL;
}

static int start_choice(struct daemon *d)
{
	return underlay_choose(&d->underlay);
}

static void stop_choice(struct daemon *d)
{
	(void)d;
}

static int start_memory(struct daemon *d)
{
	return engine_memory_init(
		&d->engine, RTE_MAX(underlay_max_mtu(&d->underlay), attach_max_mtu(&d->conf)));
}

static void stop_memory(struct daemon *d)
{
	engine_memory_fini(&d->engine);
}

static int start_tables(struct daemon *d)
{
	return engine_tables_init(&d->engine);
}

static void stop_tables(struct daemon *d)
{
	engine_tables_fini(&d->engine);
	ingress_fini(&d->ingress);
}

/*
 * Ids are given in this order: uplinks, host device, what stands beside uplinks. Attach ports come
 * with our lease.
 */
static int start_ports(struct daemon *d)
{
	int rc = ports_init(&d->ports, &d->engine);

	if (rc == 0)
		rc = attach_init(&d->attach, &d->engine, &d->ports, d->kernel, &d->node,
			&reactions_attach, d);
	if (rc == 0)
		rc = guests_init(&d->guests, &d->engine, &d->attach, &d->node, in_use, &d->in_use);
	if (rc == 0)
		rc = underlay_open(&d->underlay, &d->patience);
	if (rc == 0)
		rc = host_open(&d->host, &d->patience);
	if (rc == 0)
		rc = underlay_open_fragments(&d->underlay);
	if (rc < 0)
		return rc;
	attach_load(&d->attach);
	guests_load(&d->guests);
	return ports_publish(&d->ports);
}

static void stop_ports(struct daemon *d)
{
	guests_fini(&d->guests);
	attach_fini(&d->attach);
	underlay_fini(&d->underlay);
	ports_fini(&d->ports);
	d->host.port = NULL;
}

static int start_workers(struct daemon *d)
{
	int rc = engine_workers_init(&d->engine);

	return rc < 0 ? rc : balance_init(&d->balance, &d->ports);
}

static void stop_workers(struct daemon *d)
{
	handover_silent(&d->handover);
	balance_fini(&d->balance);
	engine_workers_fini(&d->engine);
}

static int start_captures(struct daemon *d)
{
	return captures_init(&d->captures, &d->engine, &d->ports, reactions_capture, d);
}

static void stop_captures(struct daemon *d)
{
	captures_fini(&d->captures);
}

/* A twin gets its address by a DHCP client, say: by the workers. */
static int start_address(struct daemon *d)
{
	int rc = underlay_await_address(&d->underlay);

	if (rc == 0)
		rc = node_choose_public_ip(
			&d->node, &d->underlay.uplinks[0].addr, &d->underlay.uplinks[0].addr6);
	if (rc == 0)
		underlay_note_public(&d->underlay);
	return rc;
}

static void stop_address(struct daemon *d)
{
	(void)d;
}

static int start_rules(struct daemon *d)
{
	return firewall_job_init(&d->firewall, &d->node, d->base);
}

static void stop_rules(struct daemon *d)
{
	firewall_job_fini(&d->firewall);
	takeover_fini(&d->takeover);
}

static int start_blackhole(struct daemon *d)
{
	return blackhole_init(&d->blackhole, d->kernel, d->base, &d->underlay);
}

static void stop_blackhole(struct daemon *d)
{
	blackhole_fini(&d->blackhole);
}

static int start_attached(struct daemon *d)
{
	int rc = attach_routes_init(&d->attach_routes, d->kernel, &d->host, d->base);

	return rc < 0 ? rc : proxies_init(&d->proxies, d->kernel, &d->host, d->base);
}

static void stop_attached(struct daemon *d)
{
	proxies_fini(&d->proxies);
	attach_routes_fini(&d->attach_routes);
}

/* Before there are peers, and closed when there are none any more. */
static int start_lane(struct daemon *d)
{
	kernel_lane_start(&d->lane);
	return 0;
}

static void stop_lane(struct daemon *d)
{
	kernel_lane_fini(&d->lane);
}

static int start_lease(struct daemon *d)
{
	struct ovnet_lease_conf c;
	int rc = peers_init(&d->peers);

	if (rc < 0)
		return rc;
	node_lease_conf(&d->node, &c);
	d->lease = ovnet_lease_client_new(d->base, &c, &reactions_lease, d);
	return d->lease != NULL ? 0 : -EINVAL;
}

static void stop_lease(struct daemon *d)
{
	ovnet_lease_client_free(d->lease);
	d->lease = NULL;
	peers_fini(&d->peers);
	node_fini(&d->node);
}

static int start_watch(struct daemon *d)
{
	int rc = impostors_init(&d->impostors, &d->engine, &d->node, &d->peers);

	if (rc == 0)
		rc = refusals_init(&d->refusals, &d->engine, &d->node);
	if (rc == 0)
		rc = spoiled_init(&d->spoiled, &d->engine);
	return rc < 0 ? rc : losses_init(&d->losses, &d->ports);
}

static void stop_watch(struct daemon *d)
{
	impostors_fini(&d->impostors);
	refusals_fini(&d->refusals);
	spoiled_fini(&d->spoiled);
	losses_fini(&d->losses);
}

static void on_check(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	struct timeval tv = {.tv_sec = reactions_check(d)};

	(void)fd;
	(void)what;
	if (event_add(d->check, &tv) < 0)
		LOG(ERR, "no timer, no memory: ports and routes are not looked after; "
			 "restart ovnetd");
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	(void)fd;
	(void)what;
	attach_look(&d->attach);
	underlay_look(&d->underlay);
	kernel_lane_look(&d->lane);
}

static int start_check(struct daemon *d)
{
	static const struct timeval second = {.tv_sec = 1};

	d->check = event_new(d->base, -1, 0, on_check, d);
	if (d->check == NULL)
		return -ENOMEM;
	on_check(-1, 0, d);
	d->look = event_new(d->base, -1, EV_PERSIST, on_look, d);
	return d->look != NULL && event_add(d->look, &second) == 0 ? 0 : -ENOMEM;
}

static void stop_check(struct daemon *d)
{
	if (d->look != NULL)
		event_free(d->look);
	if (d->check != NULL)
		event_free(d->check);
	d->look = d->check = NULL;
}

/* Its thread reads what the workers count. */
static int start_watchdog(struct daemon *d)
{
	return watchdog_init(&d->watchdog, &d->engine);
}

static void stop_watchdog(struct daemon *d)
{
	watchdog_fini(&d->watchdog);
}

/*
 * The socket first: it is what keeps a second ovnetd out. Then who answers probes, as with
 * flanneld: what follows may have to wait.
 */
const struct module modules[] = {
	{"control socket", start_ctl, stop_ctl},
	{"probes and metrics", metrics_start, metrics_stop},
	{"kernel", start_kernel, stop_kernel},
	{"choice of the interface", start_choice, stop_choice},
	{"eal", start_memory, stop_memory},
	{"tables", start_tables, stop_tables},
	{"the end", stopping_init, stopping_fini},
	{"ports", start_ports, stop_ports},
	{"workers", start_workers, stop_workers},
	{"captures", start_captures, stop_captures},
	{"address", start_address, stop_address},
	{"firewall rules", start_rules, stop_rules},
	{"blackholes", start_blackhole, stop_blackhole},
	{"routes to attach ports", start_attached, stop_attached},
	{"kernel lane", start_lane, stop_lane},
	{"lease", start_lease, stop_lease},
	{"watch", start_watch, stop_watch},
	{"check", start_check, stop_check},
	{"watchdog", start_watchdog, stop_watchdog},
};

const unsigned n_modules = sizeof(modules) / sizeof(modules[0]);
