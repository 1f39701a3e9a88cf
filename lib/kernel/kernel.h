/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's view of the underlay, through rtnetlink (libmnl): links, addresses, routes,
 * neighbours. The kernel answers ARP and owns the routes; ovnet asks and listens, and
 * never re-implements. Control thread only.
 *
 * Requests are answered by the kernel within the same system call, so the getters here are
 * synchronous and do not block; notifications arrive through the event loop. On overrun
 * (ENOBUFS) everything is dumped again and `resync` is called.
 *
 * "There is none" (-ENODEV, -EADDRNOTAVAIL, -ENETUNREACH) is an answer and not logged; what
 * netlink itself refuses is.
 */
#ifndef OVNET_KERNEL_KERNEL_H
#define OVNET_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/net.h"

struct event_base;
struct ovnet_kernel;

struct ovnet_link {
	uint32_t ifindex;
	char name[16];
	char kind[16]; /* IFLA_INFO_KIND: "vxlan", "tun", ... or "" */
	uint16_t mtu;
	struct ovnet_mac mac;
	bool up, running;
};

/* Callbacks may be NULL. Bursts of changes are folded: at most one route_changed per 50 ms. */
struct ovnet_kernel_events {
	/* `mac` NULL: the entry is FAILED or gone. Only for neighbours asked for. */
	void (*neighbour)(void *arg, uint32_t ifindex, const struct ovnet_addr *addr,
		const struct ovnet_mac *mac);
	void (*route_changed)(void *arg);
	void (*link_changed)(void *arg, const struct ovnet_link *link); /* also address changes */
	void (*addrs_changed)(void *arg); /* some link's; folded as route_changed, and before it */
	void (*resync)(void *arg);
};

/* NULL: netlink refused (logged). */
struct ovnet_kernel *ovnet_kernel_open(
	struct event_base *base, const struct ovnet_kernel_events *events, void *arg);
void ovnet_kernel_close(struct ovnet_kernel *k);

/* -ENODEV when there is none. */
int ovnet_kernel_link_by_name(struct ovnet_kernel *k, const char *name, struct ovnet_link *out);
int ovnet_kernel_link_by_index(struct ovnet_kernel *k, uint32_t ifindex, struct ovnet_link *out);
/* Known to be the twin of an exclusive uplink from now on, by --cleanup too. 0, -errno (logged). */
int ovnet_kernel_link_mark_twin(struct ovnet_kernel *k, uint32_t ifindex);
/* flannel's choice: first global unicast of the family, not deprecated; else link-local, as long as
 * it may be used. -EADDRNOTAVAIL. */
int ovnet_kernel_link_addr(
	struct ovnet_kernel *k, uint32_t ifindex, uint8_t family, struct ovnet_addr *out);
/* Every IPv4/IPv6 unicast address of the link; returns how many (at most `max`). */
unsigned ovnet_kernel_link_addrs(
	struct ovnet_kernel *k, uint32_t ifindex, struct ovnet_addr *out, unsigned max);
/* The interface that has the address. -ENODEV. */
int ovnet_kernel_link_by_addr(
	struct ovnet_kernel *k, const struct ovnet_addr *addr, struct ovnet_link *out);
/*
 * The IPv4 address, or else the name, of the first interface for which `match` takes one of these;
 * loopback is left out. -ENODEV.
 */
int ovnet_kernel_link_match(struct ovnet_kernel *k, bool (*match)(void *arg, const char *text),
	void *arg, char *text, size_t size);
struct ovnet_local_addr {
	uint32_t ifindex;
	struct ovnet_addr addr;
};
/* Every unicast address of every link, in `*out`, which the caller frees. How many, -errno. */
int ovnet_kernel_local_addrs(struct ovnet_kernel *k, struct ovnet_local_addr **out);
/* The interface of the IPv4 default route. -ENETUNREACH. */
int ovnet_kernel_default_link(struct ovnet_kernel *k, struct ovnet_link *out);

struct ovnet_route {
	uint32_t ifindex;
	struct ovnet_addr gateway; /* family 0: on link, the neighbour is the destination itself */
	struct ovnet_addr prefsrc; /* family 0: none given */
	uint16_t mtu;              /* of route or link */
};

/*
 * RTM_GETROUTE for `dst`. -ENETUNREACH: no route, a blackhole, prohibited. A local address is
 * routed by the loopback interface.
 */
int ovnet_kernel_route_get(
	struct ovnet_kernel *k, const struct ovnet_addr *dst, struct ovnet_route *out);

/* Many at once, for a fraction of the time: `rc` of each is as that of ovnet_kernel_route_get(). */
struct ovnet_route_query {
	struct ovnet_addr dst;
	struct ovnet_route route; /* filled */
	int rc;                   /* filled */
};
void ovnet_kernel_routes_get(struct ovnet_kernel *k, struct ovnet_route_query *queries, unsigned n);

/* A route of the main table that is not ours; one with several next hops stands for each. */
struct ovnet_main_route {
	struct ovnet_prefix dst;
	struct ovnet_addr gateway; /* family 0: none */
	uint32_t ifindex;          /* 0: none, as a blackhole has */
};
/*
 * All of them; of one link where `ifindex` is not 0, which is cheap also where there are 65,536 of
 * ours by another. 0 or negative errno (logged).
 */
int ovnet_kernel_main_routes(struct ovnet_kernel *k, uint32_t ifindex,
	void (*each)(void *arg, const struct ovnet_main_route *route), void *arg);

/*
 * Ask for a neighbour and keep it fresh (NTF_EXT_MANAGED, else NTF_USE again and again).
 * Reference counted per (ifindex, addr). The answer comes by the callback; if the kernel knows
 * it already, `mac` is filled and 1 returned, otherwise 0. A refusal (no such interface, table
 * full) is logged and asked again; -EINVAL, -ENOMEM: no reference was taken.
 */
int ovnet_kernel_neigh_want(struct ovnet_kernel *k, uint32_t ifindex, const struct ovnet_addr *addr,
	struct ovnet_mac *mac);
void ovnet_kernel_neigh_release(
	struct ovnet_kernel *k, uint32_t ifindex, const struct ovnet_addr *addr);

#endif
