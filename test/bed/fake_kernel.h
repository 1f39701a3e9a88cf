/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A kernel of lists, for suites of app/ovnetd's parts: link `fake_kernel` instead of lib/kernel and
 * what the parts ask of lib/kernel's public headers is answered from here. It behaves as the real
 * one where the parts can tell (test_fake_kernel.c compares them); --cleanup's functions are left
 * out.
 *
 * A suite sets up links, addresses, routes and neighbours, lets a part work, and looks at the
 * lists. They are the machine's: they outlive ovnet_kernel_close() until fake_reset(). Nothing is
 * raised by itself: fake_tell() raises what is due, and carries out a check of routes that was
 * asked for. Misuse ends the test. One thread, but for the firewall's functions, which another one
 * may call.
 */
#ifndef OVNET_BED_FAKE_KERNEL_H
#define OVNET_BED_FAKE_KERNEL_H

#include "kernel/firewall.h"
#include "kernel/host_device.h"
#include "kernel/proxy.h"

#define FAKE_LINKS   16
#define FAKE_ADDRS   64
#define FAKE_ROUTES  4096
#define FAKE_NEIGHS  1024
#define FAKE_PROXIES 8192

#define FAKE_LOOPBACK 1 /* there from the beginning, with its addresses */

/* What can be counted, and told to fail. */
enum fake_call {
	FAKE_OPEN,
	FAKE_LINK,      /* a link by name, index or address, or the default route's */
	FAKE_ADDR,      /* addresses of a link, or of all */
	FAKE_ROUTE_GET, /* each of many counts */
	FAKE_MAIN_ROUTES,
	FAKE_NEIGH_WANT,
	FAKE_HOST_SETUP,
	FAKE_BLACKHOLES,
	FAKE_ROUTE_SET, /* of the host device; each of many counts */
	FAKE_ROUTE_DEL,
	FAKE_ROUTES_CHECK,
	FAKE_PROXIES_LIST,
	FAKE_PROXY_SET, /* or removed; each of many counts */
	FAKE_FORWARD,   /* of a link */
	FAKE_CALLS,
};

struct fake_addr {
	uint32_t ifindex;
	struct ovnet_addr addr;
	uint8_t len;
	bool deprecated; /* a test may set it */
};

struct fake_route {
	struct ovnet_prefix dst;
	uint32_t ifindex; /* 0: a blackhole */
	struct ovnet_addr gateway, prefsrc;
	uint32_t metric;
	uint16_t mtu;   /* 0: the link's */
	bool ours;      /* of protocol OVNET_RTPROT */
	bool connected; /* an address brought it */
};

enum fake_answer { FAKE_NO_ANSWER, FAKE_KNOWN, FAKE_FAILED };

struct fake_neigh {
	uint32_t ifindex;
	struct ovnet_addr addr;
	struct ovnet_mac mac;
	enum fake_answer answer, told; /* by the neighbour; to who wants it */
	struct ovnet_mac told_mac;
	unsigned refs; /* so many want it */
};

struct fake_kernel {
	struct ovnet_link link[FAKE_LINKS];
	unsigned twins; /* bits: those marked as one */
	struct fake_addr addr[FAKE_ADDRS];
	struct fake_route route[FAKE_ROUTES];
	struct fake_neigh neigh[FAKE_NEIGHS];
	unsigned n_links, n_addrs, n_routes, n_neighs;
	unsigned calls[FAKE_CALLS];
	struct ovnet_proxy proxy[FAKE_PROXIES];
	unsigned n_proxies;
	bool no_forward[2];           /* the host forwards no IPv4, IPv6 */
	bool forwards[FAKE_LINKS][2]; /* made so: a link, by its place above, that family */
	int check_err;                /* what the next check of routes ends with; then 0 again */
};
extern struct fake_kernel fake;

/* An empty machine; no kernel may be open. */
void fake_reset(void);
/* The next `times` calls of that kind return `err`, a negative errno, and change nothing. */
void fake_fail(enum fake_call call, int err, unsigned times);
/* Raises what is due, and what the callbacks' doing makes due, as turns of the event loop would. */
void fake_tell(void);
/* All as after an overrun of notifications. */
void fake_resync(void);

/* Up and running. Returns its index. */
uint32_t fake_link_add(const char *name, const char *kind, uint16_t mtu, const char *mac);
/* The link of that index becomes this. Down, it loses what a kernel's loses. */
void fake_link_set(const struct ovnet_link *link);
void fake_link_del(uint32_t ifindex);
/* "192.168.77.1/24", with the connected route; without the length to remove it. */
void fake_addr_add(uint32_t ifindex, const char *addr);
void fake_addr_del(uint32_t ifindex, const char *addr);
/* Somebody else's. `ifindex` 0: a blackhole; `gateway` NULL: on link; `mtu` 0: the link's. */
void fake_route_add(uint32_t ifindex, const char *dst, const char *gateway, uint16_t mtu);
/* Anybody's. */
void fake_route_del(const char *dst);
/* What the neighbour answers. `mac` NULL: nothing, its entry fails. */
void fake_neigh_set(uint32_t ifindex, const char *addr, const char *mac);

/* Ours to that subnet by a device, or our blackhole of it (`ifindex` 0). NULL: none. */
const struct fake_route *fake_route_of_ours(uint32_t ifindex, const char *dst);
unsigned fake_routes_of_ours(uint32_t ifindex);
/* Somebody else's proxy entry; whoever's it is, away with it. */
void fake_proxy_add(uint32_t ifindex, const char *addr);
void fake_proxy_del(uint32_t ifindex, const char *addr);
/* NULL: there is none. */
const struct ovnet_proxy *fake_proxy_find(uint32_t ifindex, const char *addr);
unsigned fake_proxies_of_ours(uint32_t ifindex);
/* How many references there are to it. */
unsigned fake_neigh_refs(uint32_t ifindex, const char *addr);

/* The firewall. A copy of what was asked for last, and how often; `error`: what to answer. */
struct fake_firewall {
	struct ovnet_firewall_rules rules;
	unsigned applied;
	char error[256]; /* "": all goes well */
};
/* A copy, whole; and sets what the next ones are answered, NULL: well. */
struct fake_firewall fake_firewall_seen(void);
void fake_firewall_fail(const char *error);
/* Who asks from now on waits, until this is over or its stop fd says so. */
void fake_firewall_hold(bool hold);

#endif
