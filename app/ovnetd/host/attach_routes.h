/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's routes to what is at attach ports: one for each of their prefixes, through the host
 * device. Wanted as a whole set, changed in batches from a timer, so that thousands hold up nobody;
 * what fails is a warning and tried again after the next check of routes, which has to know these
 * from peers'. They stay when the daemon ends, as peers' do, and the next takes them over. Control
 * thread only.
 */
#ifndef OVNET_APP_HOST_ATTACH_ROUTES_H
#define OVNET_APP_HOST_ATTACH_ROUTES_H

#include "host/host.h"

enum attach_route_state {
	ATTACH_ROUTE_NEW,     /* to be made */
	ATTACH_ROUTE_MADE,    /* the kernel has it */
	ATTACH_ROUTE_REFUSED, /* tried in vain */
};

struct attach_route {
	struct ovnet_prefix dst; /* first: they are searched by it */
	enum attach_route_state state;
	bool wanted;
	bool missed;   /* it was there once */
	int rc;        /* refused: why */
	uint32_t seen; /* the last check that saw it, or did not have to */
};

struct attach_routes {
	struct ovnet_kernel *kernel;
	const struct host *host;
	const struct node *node;
	struct event *worker;
	struct attach_route *items; /* in order; what is not wanted any more is removed soon */
	unsigned n, at;             /* where the worker is */
	unsigned put_back;
	uint32_t check; /* number of the check of routes */
	struct {        /* who else asks in that check, and is told of its end */
		bool (*keep)(void *arg, const struct ovnet_prefix *subnet);
		void (*done)(void *arg, int err);
		void *arg;
	} other;
};

/* 0 or -ENOMEM. */
int attach_routes_init(struct attach_routes *r, struct ovnet_kernel *kernel,
	const struct host *host, struct event_base *base);
/* The kernel keeps the routes. Safe before init. */
void attach_routes_fini(struct attach_routes *r);

/* All prefixes there shall be routes to, inside our own subnet. 0 or -ENOMEM: all as it was. */
int attach_routes_want(struct attach_routes *r, const struct ovnet_prefix *addrs, unsigned n);
/* The host device has lost its routes. */
void attach_routes_set_all(struct attach_routes *r);
/*
 * ovnet_host_routes_check() for these and for peers' routes, which `keep` knows: removes what
 * neither wants, puts back what somebody removed.
 */
int attach_routes_check(struct attach_routes *r,
	bool (*keep)(void *arg, const struct ovnet_prefix *subnet),
	void (*done)(void *arg, int err), void *arg);
/* The same while peers are not all known: outside of our own subnet everything stays. */
void attach_routes_check_alone(struct attach_routes *r);

#endif
