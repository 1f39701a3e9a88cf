/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ingress validation lets pass beside the leases: the setting ingress.allow, and the node's
 * own addresses, which follow the kernel. Control thread only; the parser is pure.
 */
#ifndef OVNET_APP_INGRESS_H
#define OVNET_APP_INGRESS_H

#include <stddef.h>

#include "base/net.h"

#define INGRESS_MAX_ALLOWED 128
#define INGRESS_MAX_LOCAL   65536 /* service addresses of a whole cluster, and then some */
#define INGRESS_MAX_RULES   1024

/* One thing a peer may do; exactly one of the two is set. */
struct ingress_allowed {
	struct ovnet_addr public_ip; /* whose: as in its lease */
	struct ovnet_addr outer;     /* another address it sends from */
	struct ovnet_prefix inner;   /* where the packets inside may come from */
};

/*
 * "PUBLIC-IP: ADDRESS-OR-PREFIX, ...; PUBLIC-IP: ..." into `out`, at most `max`. How many, or
 * -EINVAL, -E2BIG.
 */
int ingress_parse(const char *text, struct ingress_allowed *out, unsigned max);

struct daemon;
/* The outer addresses listed for a peer, at most `max`. */
unsigned ingress_outers(const struct daemon *d, const struct ovnet_addr *public_ip,
	struct ovnet_addr *out, unsigned max);
/* Gives the FIB the rules and the node's present addresses, if they changed. */
void ingress_update(struct daemon *d);
void ingress_forget(struct daemon *d);

#endif
