/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ingress validation lets pass beside the leases: the setting ingress.allow, and the node's
 * own addresses, which follow the kernel. Control thread only.
 */
#ifndef OVNET_APP_NODE_INGRESS_H
#define OVNET_APP_NODE_INGRESS_H

#include "conf/ingress_parse.h"
#include "engine/engine.h"
#include "kernel/kernel.h"
#include "node/node.h"

#define INGRESS_MAX_LOCAL 65536 /* service addresses of a whole cluster, and then some */
#define INGRESS_MAX_RULES 1024

struct ingress {
	struct engine *engine;
	struct ovnet_kernel *kernel;
	const struct node *node;
	struct warnings *warnings;
	struct ingress_allowed allowed[INGRESS_MAX_ALLOWED]; /* ingress.allow */
	unsigned n_allowed, n_local;
	struct ovnet_addr *local; /* what the FIB knows as ours */
	bool set;
};

void ingress_init(struct ingress *in, struct engine *engine, struct ovnet_kernel *kernel,
	const struct node *node);
void ingress_fini(struct ingress *in);

/* The outer addresses listed for a peer, at most `max`. */
unsigned ingress_outers(const struct ingress *in, const struct ovnet_addr *public_ip,
	struct ovnet_addr *out, unsigned max);
/* Gives the FIB the rules and the node's present addresses, if they changed. */
void ingress_update(struct ingress *in);

#endif
