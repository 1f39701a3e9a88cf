/* SPDX-License-Identifier: BSD-3-Clause */
/* What the fake kernel's files share. */
#ifndef OVNET_BED_FAKE_KERNEL_INT_H
#define OVNET_BED_FAKE_KERNEL_INT_H

#include "base/prefix_list.h"
#include "bed/fake_kernel.h"

struct fake_check {
	bool (*keep)(void *arg, const struct ovnet_prefix *subnet);
	void (*done)(void *arg, int err); /* NULL: none is under way */
	void *arg;
	uint32_t ifindex;
};

struct ovnet_kernel {
	struct ovnet_kernel_events events;
	void *arg;
	struct fake_check check;
	struct ovnet_prefix_list blackholes;
	bool no_gateways;
};
extern struct ovnet_kernel *fake_open; /* NULL: none */

/* Ends the test. */
__attribute__((format(printf, 1, 2), noreturn)) void fake_misuse(const char *fmt, ...);
/* Counts the call; 0, or what a test wants it to fail with. */
int fake_called(enum fake_call call);

struct ovnet_mac fake_mac_in(const char *text);
struct ovnet_link *fake_link_find(uint32_t ifindex);  /* NULL: none */
struct ovnet_link *fake_link_there(uint32_t ifindex); /* misuse: none */
struct fake_neigh *fake_neigh_find(uint32_t ifindex, const struct ovnet_addr *addr);
struct fake_neigh *fake_neigh_new(uint32_t ifindex, const struct ovnet_addr *addr);
void fake_route_put(const struct fake_route *route);
void fake_route_drop(unsigned i);
void fake_addr_put(uint32_t ifindex, const struct ovnet_addr *addr, uint8_t len);
void fake_addr_drop(unsigned i);
void fake_addr_connect(const struct fake_addr *a);

/* fake_events.c: due from now on. */
void fake_due_link(uint32_t ifindex);
void fake_due_gone(const struct ovnet_link *link);
void fake_due_neigh(uint32_t ifindex, const struct ovnet_addr *addr);
void fake_due_addrs(void);
void fake_due_routes(void);
void fake_due_nothing(void);

/* fake_proxies.c: of a link that is down, or gone. */
void fake_proxies_drop(uint32_t ifindex);
/* fake_host.c */
void fake_check_run(struct ovnet_kernel *k);
/* fake_firewall.c */
void fake_firewall_reset(void);

#endif
