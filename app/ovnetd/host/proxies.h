/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Containers on a bridge take all of our subnet for neighbours, but what is at attach ports is not
 * on that bridge. So the kernel answers there in its place: a proxy entry for each address, on each
 * interface that has a part of our subnet on link. The kernel tells nobody of such entries: they
 * are compared when an interface or what is wanted changes, and now and then. They stay when the
 * daemon ends. Control thread only.
 */
#ifndef OVNET_APP_HOST_PROXIES_H
#define OVNET_APP_HOST_PROXIES_H

#include "host/host.h"
#include "kernel/proxy.h"

#define PROXIES_MAX_BRIDGES 32
#define PROXIES_MAX_ADDRS   8192 /* the kernel looks for one among 16 lists of them */
#define PROXIES_MAX_HOSTS   256  /* of one prefix: an entry has one address */

struct proxy_bridge {
	uint32_t ifindex;
	bool has[2]; /* a part of our IPv4, IPv6 subnet */
};

struct proxies {
	struct ovnet_kernel *kernel;
	const struct host *host;
	const struct node *node;
	struct event *worker;
	struct ovnet_addr *addrs; /* wanted, in order, each once */
	unsigned n;
	struct ovnet_prefix left_out; /* too wide, or too many; family 0: none is */
	struct proxy_bridge bridge[PROXIES_MAX_BRIDGES]; /* by ifindex */
	unsigned n_bridges;
	struct ovnet_prefix own, own6;      /* our subnet, when they were wanted */
	bool links_changed;                 /* since the bridges were looked for */
	bool compared;                      /* to the end: none is there that should not be */
	struct ovnet_proxy_change *changes; /* being made */
	unsigned n_changes, at;
	struct ovnet_proxy refused; /* one of the last comparison's; family 0: none was */
	int rc;                     /* why */
};

/* 0 or -ENOMEM. */
int proxies_init(struct proxies *p, struct ovnet_kernel *kernel, const struct host *host,
	struct event_base *base);
/* The kernel keeps the entries. Safe before init. */
void proxies_fini(struct proxies *p);

/* All prefixes to be answered for, inside our own subnet. 0 or -ENOMEM: all as it was. */
int proxies_want(struct proxies *p, const struct ovnet_prefix *addrs, unsigned n);
/* Addresses of some interface are others, or its state is. */
void proxies_links_changed(struct proxies *p);
/* Some route is another: looked at by the next check. */
void proxies_routes_changed(struct proxies *p);
/* Now and then: is all as it should be? */
void proxies_check(struct proxies *p);

/* proxy_links.c: which interfaces those are. links_changed stays if the kernel does not say. */
void proxy_links_find(struct proxies *p);
/* Forwarding, there and by the host device; where the host itself does not, that is a warning. */
void proxy_links_set(struct proxies *p);

#endif
