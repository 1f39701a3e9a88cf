/* SPDX-License-Identifier: BSD-3-Clause */
#include "attach/attach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attach/item.h"
#include "base/log.h"
#include "conf/port_request.h"

OVNET_LOG_TYPE(attach)

/* `iface` NULL: all; otherwise those that wait for it. */
static void open_missing(struct attach *a, const char *iface)
{
	bool opened = false;

	if (a->n == 0)
		return;
	for (unsigned i = 0; i < a->n; i++) {
		struct attached *it = a->items[i];
		if (it->port != NULL || it->left > 0)
			continue;
		if (iface == NULL || strcmp(it->conf.iface, iface) == 0)
			opened = open_item(a, it) || opened;
	}
	finish_opening(a, opened);
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
		if (a->items[i]->port != NULL && a->items[i]->port->ifindex == link->ifindex)
			check_device(a, a->items[i]);
	/* The event may be older than what became of the link since. */
	if (ovnet_kernel_link_by_index(a->kernel, link->ifindex, &now) == 0 && now.up)
		open_missing(a, now.name);
}

void attach_look(struct attach *a)
{
	look_after_closed(a);
	if (!node_has(a->node, NODE_READY))
		return;
	for (unsigned i = 0; i < a->n; i++)
		if (a->items[i]->port != NULL && a->items[i]->port->driver->gone != NULL)
			check_device(a, a->items[i]);
}

void attach_check(struct attach *a)
{
	if (a->n == 0 || !node_has(a->node, NODE_READY))
		return;
	for (unsigned i = 0; i < a->n; i++) {
		if (a->items[i]->port != NULL)
			check_device(a, a->items[i]);
		else if (a->items[i]->left > 0)
			a->items[i]->left--;
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
	struct ovnet_kernel *kernel, const struct node *node, const struct attach_events *events,
	void *arg)
{
	const struct conf *conf = node->conf;
	struct conf_port copy;

	*a = (struct attach){.engine = engine,
		.ports = ports,
		.kernel = kernel,
		.node = node,
		.events = events != NULL ? *events : (struct attach_events){0},
		.arg = arg};
	for (unsigned i = 0; i < conf->n_ports; i++)
		if (conf_port_copy(&copy, &conf->ports[i]) < 0 ||
			item_add(a, &copy, ATTACH_CONF) == NULL)
			return -ENOMEM;
	return 0;
}

void attach_fini(struct attach *a)
{
	while (a->n > 0) {
		struct attached *it = a->items[a->n - 1];
		item_take(a, it);
		item_free(it);
	}
	while (a->closing != NULL) {
		struct attached *next = a->closing->next;
		item_free(a->closing);
		a->closing = next;
	}
	free(a->items);
	a->items = NULL;
	json_decref(a->left_out);
	a->left_out = NULL;
}
