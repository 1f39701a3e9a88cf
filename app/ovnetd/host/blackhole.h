/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is blackholed behind the routes of the overlay (host.blackhole): all that may be leased, as
 * few prefixes as that takes, except what this node needs of the underlay where that lies in there:
 * etcd's endpoints, the gateways, its own addresses, without those of bridges to containers.
 * Control thread only.
 */
#ifndef OVNET_APP_HOST_BLACKHOLE_H
#define OVNET_APP_HOST_BLACKHOLE_H

#include "base/prefix_list.h"
#include "host/endpoint_names.h"
#include "underlay/underlay.h"

#define BLACKHOLE_MAX_NEEDED 64 /* more than any node has of them where it matters */

struct blackhole {
	struct ovnet_kernel *kernel;
	const struct node *node;
	const struct underlay *underlay;
	struct warnings *warnings;
	uint32_t host_ifindex;         /* of the host device when the list was made */
	struct ovnet_prefix_list list; /* the blackholes */
	struct blackhole_need {
		struct ovnet_addr addr;
		const char *what;     /* "an etcd endpoint" */
	} need[BLACKHOLE_MAX_NEEDED]; /* what lies in the range */
	unsigned n_need;
	bool computed;
	bool routes_changed; /* since the list was made */
	struct endpoint_names names;
};

/* Looks up etcd's endpoints from now on. 0 or -ENOMEM. */
int blackhole_init(struct blackhole *b, struct ovnet_kernel *kernel, struct event_base *base,
	const struct underlay *underlay);
void blackhole_fini(struct blackhole *b);
/* etcd.endpoints is another one now. */
void blackhole_endpoints(struct blackhole *b);
/* The list as it should be now. NULL: no memory, or the kernel does not list (logged). */
const struct ovnet_prefix_list *blackhole_list(struct blackhole *b, uint32_t host_ifindex);
/* Something it depends on may have changed: makes the list anew if so, and the routes with it. */
void blackhole_check(struct blackhole *b);

#endif
