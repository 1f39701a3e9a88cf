/* SPDX-License-Identifier: BSD-3-Clause */
/* One attach port: opened, opened again, closed, and what waits for that. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach/item.h"
#include "base/log.h"
#include "conf/port_request.h"

OVNET_LOG_TYPE(attach)

#define MAX_PAUSE 64 /* checks */
#define XDP_LOOKS \
	2 /* until the kernel, which tells nobody, has let go of a closed socket's queue */

static const struct ovnet_driver *driver_of(const struct conf_port *c)
{
	static const struct ovnet_driver *const drivers[] = {
		[CONF_PORT_DPDK] = &ovnet_driver_dpdk,
		[CONF_PORT_TAP] = &ovnet_driver_tap,
		[CONF_PORT_AF_XDP] = &ovnet_driver_af_xdp,
		[CONF_PORT_VHOST] = &ovnet_driver_vhost,
	};

	return drivers[c->driver];
}

static struct ovnet_port_conf port_conf(const struct attach *a, const struct conf_port *c)
{
	struct ovnet_port_conf conf = {
		.name = c->name,
		.role = OVNET_PORT_ATTACH,
		.iface = c->iface,
		.devargs = c->devargs,
		.queues = c->queues != 0 ? c->queues : 1,
		.descriptors = c->descriptors,
		.mtu = c->mtu != 0 ? c->mtu : a->node->overlay_mtu,
		.mac = c->has_mac ? &c->mac : NULL,
		.path = c->path,
		.server = c->server,
		.socket_mode = (mode_t)strtoul(c->socket_mode, NULL, 8),
		.socket_owner = c->socket_owner,
		/* Of a TAP the far end is the kernel, whoever has it; a guest says what it takes.
		 */
		.offloads = c->driver == CONF_PORT_TAP || c->driver == CONF_PORT_VHOST,
	};
	conf.n_workers = (uint16_t)conf_cpu_list(c->workers, conf.workers, OVNET_MAX_QUEUES);
	return conf;
}

/* AF_XDP makes no interface, and binds to none that is down. */
static bool can_open(const struct attach *a, const struct conf_port *c)
{
	struct ovnet_link link;

	return c->driver != CONF_PORT_AF_XDP ||
	       (ovnet_kernel_link_by_name(a->kernel, c->iface, &link) == 0 && link.up);
}

/* The uplink's is known only now, where the configuration leaves it open. */
static bool is_taken(const struct attach *a, const char *name)
{
	for (uint16_t i = 0; i < a->ports->n; i++) {
		const struct ovnet_port *port = ports_at(a->ports, i);
		if (port != NULL && strcmp(port->name, name) == 0)
			return true;
	}
	return false;
}

static void set_port(struct attach *a, struct attached *it, struct ovnet_port *port)
{
	if (it->port != NULL)
		a->of_id[it->port->id] = NULL;
	it->port = port;
	if (port != NULL)
		a->of_id[port->id] = it;
}

void tell_changed(const struct attach *a)
{
	if (a->events.changed != NULL)
		a->events.changed(a->arg);
}

void warn_closed(const struct attach *a)
{
	const char *name = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < a->n; i++) {
		const struct attached *it = a->items[i];
		if (it->behind || (it->port != NULL && !ports_is_lost(a->ports, it->port)))
			continue;
		name = name != NULL ? name : it->conf.name;
		n++;
	}
	if (n == 0 || !node_has(a->node, NODE_READY))
		warn_clear(a->node->warnings, "attach");
	else
		warn_set(a->node->warnings, "attach",
			"%u of %u attach ports are not open, %s for one (reason in the log): what "
			"lives there is cut off; trying again",
			n, a->n, name);
}

static int reopen(void *arg, struct ovnet_port *lost)
{
	struct attach *a = arg;
	struct attached *it = item_of(a, lost);
	int err;

	if (it == NULL)
		return -ENODEV;
	if (!can_open(a, &it->conf))
		return -EAGAIN;
	const struct ovnet_port_conf conf = port_conf(a, &it->conf);
	struct ovnet_port *fresh = ports_replace(a->ports, lost, driver_of(&it->conf), &conf, &err);
	if (fresh == NULL)
		return err;
	set_port(a, it, fresh); /* of the same id: its addresses are where they were */
	LOG(NOTICE, "attach port %s is back", fresh->name);
	warn_closed(a);
	tell_changed(a);
	return 0;
}

static void put_off(struct attached *it)
{
	it->pause = it->pause == 0 ? 1 : RTE_MIN(2 * it->pause, (unsigned)MAX_PAUSE);
	it->left = it->pause;
}

static bool waits_for_interface(struct attach *a, struct attached *it)
{
	if (can_open(a, &it->conf))
		return false;
	snprintf(it->why, sizeof(it->why),
		"port %s: there is no interface %s, or it is down: waiting until it is there and "
		"up",
		it->conf.name, it->conf.iface);
	if (!it->told)
		LOG(WARN, "%s", it->why);
	it->told = true;
	return true;
}

/* Is a port that has its name or device still being closed? */
static bool is_behind(const struct attach *a, const struct attached *it)
{
	char why[512];

	for (const struct attached *c = a->closing; c != NULL; c = c->next) {
		const struct conf_port *both[] = {&c->conf, &it->conf};
		if (!conf_port_is_unique(a->node->conf, both, 2, why, sizeof(why)))
			return true;
	}
	return false;
}

static void on_closed(void *arg, const char *name);

static struct ovnet_port *open_port(struct attach *a, struct attached *it)
{
	const struct ovnet_port_conf conf = port_conf(a, &it->conf);
	const struct port_owner owner = {reopen, a, on_closed};
	struct ovnet_port *port = NULL;
	int err = 0;

	ovnet_log_keep(it->why, sizeof(it->why));
	if (is_taken(a, conf.name))
		LOG(ERR,
			"port %s: an uplink or the host device has this name; give the port "
			"another",
			conf.name);
	else
		port = ports_open(a->ports, driver_of(&it->conf), &conf, &owner, &err);
	ovnet_log_keep(NULL, 0);
	if (port == NULL && it->why[0] == '\0')
		snprintf(it->why, sizeof(it->why), "port %s: %s", conf.name, strerror(-err));
	return port;
}

bool open_item(struct attach *a, struct attached *it)
{
	it->behind = is_behind(a, it);
	if (it->behind || waits_for_interface(a, it))
		return false;
	struct ovnet_port *port = open_port(a, it);
	if (port == NULL) {
		put_off(it);
		return false;
	}
	set_port(a, it, port);
	it->pause = it->left = 0;
	it->told = false;
	it->why[0] = '\0';
	enter_item(a, it);
	LOG(INFO, "attach port %s (%s, MTU %u, %u queues)", port->name, port->driver->name,
		port->mtu, port->n_rxq);
	return true;
}

void finish_opening(struct attach *a, bool opened)
{
	if (opened) {
		warn_outside(a);
		(void)ports_publish(a->ports); /* logged */
		tell_changed(a);
	}
	warn_closed(a);
}

/* What it had is free for those that wait. */
static void release(struct attach *a, struct attached **at)
{
	struct attached *c = *at;
	bool opened = false;

	*at = c->next;
	item_free(c);
	for (unsigned i = 0; i < a->n; i++)
		if (a->items[i]->behind)
			opened = open_item(a, a->items[i]) || opened;
	finish_opening(a, opened);
}

static void on_closed(void *arg, const char *name)
{
	struct attach *a = arg;
	struct attached **at = &a->closing;

	while (*at != NULL && strcmp((*at)->conf.name, name) != 0)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	if ((*at)->conf.driver == CONF_PORT_AF_XDP)
		(*at)->left = XDP_LOOKS;
	else
		release(a, at);
}

void look_after_closed(struct attach *a)
{
	struct attached **at = &a->closing;

	while (*at != NULL && ((*at)->left == 0 || --(*at)->left > 0))
		at = &(*at)->next;
	if (*at != NULL)
		release(a, at);
}

/* For a port that stays without the one it had: what that one has until it is closed. */
static struct attached *shadow_of(const struct attached *it)
{
	struct attached *shadow = calloc(1, sizeof(*shadow));

	if (shadow == NULL || conf_port_copy(&shadow->conf, &it->conf) < 0) {
		free(shadow);
		return NULL;
	}
	shadow->source = it->source;
	return shadow;
}

int close_item(struct attach *a, struct attached *it, bool gone)
{
	struct attached *closing = gone ? it : shadow_of(it);
	struct ovnet_port *port = it->port;

	if (closing == NULL)
		return -ENOMEM;
	int rc = leave_item(a, it, NULL);
	if (rc == 0)
		rc = ports_close(a->ports, port);
	if (rc < 0) {
		if (!gone)
			item_free(closing);
		enter_item(a, it);
		return rc;
	}
	set_port(a, it, NULL);
	if (gone)
		item_take(a, it);
	closing->next = a->closing;
	a->closing = closing;
	return 0;
}
