/* SPDX-License-Identifier: BSD-3-Clause */
/* The setting ingress.allow. Pure. */
#ifndef OVNET_APP_CONF_INGRESS_PARSE_H
#define OVNET_APP_CONF_INGRESS_PARSE_H

#include "base/net.h"

#define INGRESS_MAX_ALLOWED 128

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

#endif
