/* SPDX-License-Identifier: BSD-3-Clause */
#include "attach/attach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

OVNET_LOG_TYPE(attach)

#define MAX_PAUSE 64 /* checks */

static const struct ovnet_driver *driver_of(const struct conf_port *c)
{
	static const struct ovnet_driver *const drivers[] = {
		[CONF_PORT_DPDK] = &ovnet_driver_dpdk,
		[CONF_PORT_TAP] = &ovnet_driver_tap,
		[CONF_PORT_AF_XDP] = &ovnet_driver_af_xdp,
	};

	return drivers[c->driver];
}

static struct ovnet_port_conf port_conf(const struct attach *a, const struct conf_port *c)
{
	return (struct ovnet_port_conf){
		.name = c->name,
		.role = OVNET_PORT_ATTACH,
		.iface = c->iface,
		.devargs = c->devargs,
		.queues = c->queues != 0 ? c->queues : 1,
		.descriptors = c->descriptors,
		.mtu = c->mtu != 0 ? c->mtu : a->node->overlay_mtu,
		.mac = c->has_mac ? &c->mac : NULL,
	};
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

static struct attached *item_of(const struct attach *a, const struct ovnet_port *port)
{
	for (unsigned i = 0; i < a->n && port != NULL; i++)
		if (a->items[i].port == port)
			return &a->items[i];
	return NULL;
}

const struct attached *attach_of(const struct attach *a, const struct ovnet_port *port)
{
	return item_of(a, port);
}

static void warn_closed(const struct attach *a)
{
	const char *name = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < a->n; i++) {
		const struct attached *it = &a->items[i];
		if (it->port != NULL && !ports_is_lost(a->ports, it->port))
			continue;
		name = name != NULL ? name : it->conf->name;
		n++;
	}
	if (n == 0)
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
	if (!can_open(a, it->conf))
		return -EAGAIN;
	const struct ovnet_port_conf conf = port_conf(a, it->conf);
	struct ovnet_port *fresh = ports_replace(a->ports, lost, driver_of(it->conf), &conf, &err);
	if (fresh == NULL)
		return err;
	it->port = fresh; /* of the same id: its addresses are where they were */
	LOG(NOTICE, "attach port %s is back", fresh->name);
	warn_closed(a);
	return 0;
}

static void put_off(struct attached *it)
{
	it->pause = it->pause == 0 ? 1 : RTE_MIN(2 * it->pause, (unsigned)MAX_PAUSE);
	it->left = it->pause;
}

static bool waits_for_interface(struct attach *a, struct attached *it)
{
	if (can_open(a, it->conf))
		return false;
	if (!it->told)
		LOG(WARN,
			"port %s: there is no interface %s, or it is down: waiting until it is "
			"there and up",
			it->conf->name, it->conf->iface);
	it->told = true;
	return true;
}

static bool open_one(struct attach *a, struct attached *it)
{
	const struct ovnet_port_conf conf = port_conf(a, it->conf);
	const struct port_owner owner = {reopen, a};
	int err;

	if (waits_for_interface(a, it))
		return false;
	if (is_taken(a, conf.name)) {
		LOG(ERR,
			"port %s: an uplink or the host device has this name; give the port "
			"another",
			conf.name);
		put_off(it);
		return false;
	}
	it->port = ports_open(a->ports, driver_of(it->conf), &conf, &owner, &err);
	if (it->port == NULL) {
		put_off(it);
		return false;
	}
	it->pause = 0;
	it->told = false;
	LOG(INFO, "attach port %s (%s, MTU %u, %u queues)", it->port->name, it->port->driver->name,
		it->port->mtu, it->port->n_rxq);
	return true;
}

/* `iface` NULL: all; otherwise those that wait for it. */
static void open_missing(struct attach *a, const char *iface)
{
	bool opened = false;

	if (a->n == 0)
		return;
	for (unsigned i = 0; i < a->n; i++) {
		struct attached *it = &a->items[i];
		if (it->port != NULL || it->left > 0)
			continue;
		if (iface == NULL || strcmp(it->conf->iface, iface) == 0)
			opened = open_one(a, it) || opened;
	}
	if (opened) {
		attach_enter(a);
		(void)ports_publish(a->ports); /* logged */
	}
	warn_closed(a);
}

void attach_open(struct attach *a)
{
	open_missing(a, NULL);
}

/* A driver that can tell is asked: a TAP in a container's namespace is not in ours. */
static bool is_gone(const struct attach *a, const struct ovnet_port *port)
{
	struct ovnet_link link;

	if (port->driver->gone != NULL)
		return port->driver->gone(port);
	return port->ifindex != 0 &&
	       ovnet_kernel_link_by_index(a->kernel, port->ifindex, &link) == -ENODEV;
}

static void check_device(struct attach *a, struct attached *it)
{
	if (ports_is_lost(a->ports, it->port) || !is_gone(a, it->port))
		return;
	LOG(WARN, "the interface of port %s was deleted by somebody", it->port->name);
	ports_lost(a->ports, it->port);
	warn_closed(a);
}

void attach_link_changed(struct attach *a, const struct ovnet_link *link)
{
	struct ovnet_link now;

	/* The kernel speaks before our start, too. */
	if (a->n == 0 || !node_has(a->node, NODE_READY))
		return;
	for (unsigned i = 0; i < a->n; i++)
		if (a->items[i].port != NULL && a->items[i].port->ifindex == link->ifindex)
			check_device(a, &a->items[i]);
	/* The event may be older than what became of the link since. */
	if (ovnet_kernel_link_by_index(a->kernel, link->ifindex, &now) == 0 && now.up)
		open_missing(a, now.name);
}

void attach_look(struct attach *a)
{
	if (!node_has(a->node, NODE_READY))
		return;
	for (unsigned i = 0; i < a->n; i++)
		if (a->items[i].port != NULL && a->items[i].port->driver->gone != NULL)
			check_device(a, &a->items[i]);
}

void attach_check(struct attach *a)
{
	if (a->n == 0 || !node_has(a->node, NODE_READY))
		return;
	for (unsigned i = 0; i < a->n; i++) {
		if (a->items[i].port != NULL)
			check_device(a, &a->items[i]);
		else if (a->items[i].left > 0)
			a->items[i].left--;
	}
	open_missing(a, NULL);
	if (a->unfinished)
		attach_enter(a);
}

uint16_t attach_max_mtu(const struct conf *conf)
{
	uint16_t mtu = 0;

	for (unsigned i = 0; i < conf->n_ports; i++)
		mtu = RTE_MAX(mtu, conf->ports[i].mtu);
	return mtu;
}

int attach_init(struct attach *a, struct engine *engine, struct ports *ports,
	struct ovnet_kernel *kernel, const struct node *node)
{
	const struct conf *conf = node->conf;

	*a = (struct attach){.engine = engine, .ports = ports, .kernel = kernel, .node = node};
	if (conf->n_ports == 0)
		return 0;
	a->items = calloc(conf->n_ports, sizeof(*a->items));
	if (a->items == NULL)
		return -ENOMEM;
	a->n = conf->n_ports;
	for (unsigned i = 0; i < a->n; i++)
		a->items[i].conf = &conf->ports[i];
	return 0;
}

void attach_fini(struct attach *a)
{
	free(a->items);
	a->items = NULL;
	a->n = 0;
}
