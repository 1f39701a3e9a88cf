/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ingress validation lets pass beside the leases: the setting ingress.allow, and the node's
 * own addresses, which follow the kernel. Control thread only.
 */
#ifndef OVNET_APP_NODE_INGRESS_H
#define OVNET_APP_NODE_INGRESS_H

#include "conf/ingress_parse.h"

#define INGRESS_MAX_LOCAL 65536 /* service addresses of a whole cluster, and then some */
#define INGRESS_MAX_RULES 1024

struct daemon;
/* The outer addresses listed for a peer, at most `max`. */
unsigned ingress_outers(const struct daemon *d, const struct ovnet_addr *public_ip,
	struct ovnet_addr *out, unsigned max);
/* Gives the FIB the rules and the node's present addresses, if they changed. */
void ingress_update(struct daemon *d);
void ingress_forget(struct daemon *d);

#endif
