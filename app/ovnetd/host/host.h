/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host device: the port the node's own kernel and its containers reach the overlay by, what
 * it needs in the kernel, and what becomes of it in other people's hands. Control thread only.
 */
#ifndef OVNET_APP_HOST_HOST_H
#define OVNET_APP_HOST_HOST_H

#include "host/blackhole.h"
#include "kernel/host_device.h"
#include "node/node.h"
#include "ports/ports.h"

struct host_events {
	/* The kernel has forgotten the device's routes: every peer's once more. */
	void (*routes_gone)(void *arg);
};

struct host {
	struct ovnet_kernel *kernel;
	struct ports *ports;
	const struct node *node;
	struct warnings *warnings;
	struct blackhole *blackhole;
	struct host_events events;
	void *arg;
	struct ovnet_port *port; /* NULL: not open, or the configuration wants none */
	bool down;               /* or gone: it takes no routes */
};

void host_init(struct host *h, struct ovnet_kernel *kernel, struct ports *ports,
	const struct node *node, struct blackhole *blackhole, const struct host_events *events,
	void *arg);

/* 0, also where none is wanted, or negative errno, logged. The ports close it. */
int host_open(struct host *h, struct ovnet_patience *patience);
/* Addresses, MTU and blackhole of the device, by the node's lease. 0 or negative errno. */
int host_set_up(struct host *h);
/* Nothing if the link is another. */
void host_link_changed(struct host *h, const struct ovnet_link *link);
/* Is the device as it should be? */
void host_check(struct host *h);

#endif
