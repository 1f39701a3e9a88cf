/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The attach ports of the configuration: what something of this node is plugged in by. Opened once
 * our lease says the MTU, their addresses entered into the FIB, opened again while they are not
 * there. One that cannot be opened is a warning: the others go on. Control thread only.
 */
#ifndef OVNET_APP_ATTACH_ATTACH_H
#define OVNET_APP_ATTACH_ATTACH_H

#include "kernel/kernel.h"
#include "node/node.h"
#include "ports/ports.h"

struct attached {
	const struct conf_port *conf;
	struct ovnet_port *port; /* NULL: not open yet; ports/ owns it */
	unsigned pause, left;    /* after a failure: checks until the next try */
	bool told;               /* that its interface is not there */
};

struct attach {
	struct engine *engine;
	struct ports *ports;
	struct ovnet_kernel *kernel;
	const struct node *node;
	struct attached *items; /* as in the configuration */
	unsigned n;
	bool unfinished; /* addresses are missing in the FIB */
};

/* The largest MTU asked for, for the size of packet buffers. */
uint16_t attach_max_mtu(const struct conf *conf);

/* 0 or -ENOMEM. Nothing is opened. */
int attach_init(struct attach *a, struct engine *engine, struct ports *ports,
	struct ovnet_kernel *kernel, const struct node *node);
/* The ports close what is open. Safe before init. */
void attach_fini(struct attach *a);

/* Opens what is not open, by the node's lease, and enters it. What fails is a warning. */
void attach_open(struct attach *a);
/*
 * Enters all addresses of open ports that lie in our subnet: after each change of the tables. The
 * others are a warning.
 */
void attach_enter(struct attach *a);
/* Nothing if the link is none of ours. */
void attach_link_changed(struct attach *a, const struct ovnet_link *link);
/*
 * Every second: is what the kernel does not tell us of still there? A container ends, and its
 * namespace's interfaces with it; the next one waits for the port.
 */
void attach_look(struct attach *a);
/* Now and then: what is gone unseen, what is to be tried again. */
void attach_check(struct attach *a);

/* NULL: the port is no attach port. */
const struct attached *attach_of(const struct attach *a, const struct ovnet_port *port);

#endif
