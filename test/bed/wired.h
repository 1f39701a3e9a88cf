/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The daemon's parts from configuration to peers, real ones, on the fake kernel and on ports
 * without a device; no workers run, and a suite stands for the lease client. Events go from part to
 * part as reactions.c has it, and are counted. Only in programs that link `wired`.
 *
 * The machine is set up first (fake_kernel.h), then wired_open(), for most wired_lease(), and
 * wired_run() whenever what was done is to take effect.
 */
#ifndef OVNET_BED_WIRED_H
#define OVNET_BED_WIRED_H

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bed/cmocka.h"
#include "bed/fake_drivers.h"
#include "bed/fake_kernel.h"
#include "host/host.h"
#include "host/proxies.h"
#include "peers/set.h"

struct wired {
	struct conf conf;
	struct event_base *base;
	struct warnings warnings;
	struct ovnet_kernel *kernel;
	struct engine engine;
	struct ports ports;
	struct node node;
	struct ingress ingress;
	struct underlay underlay;
	struct blackhole blackhole;
	struct host host;
	struct attach_routes attach_routes;
	struct proxies proxies;
	struct peers peers;
	unsigned changed, routes_gone, settled; /* events of underlay, host and peers */
};

#define WIRED_VXLAN   "{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}"
#define WIRED_HOST_GW "{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":\"host-gw\"}}"
#define WIRED_DIRECT                                                    \
	"{\"Network\":\"10.5.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"," \
	"\"DirectRouting\":true}}"
#define WIRED_DUAL                                                                        \
	"{\"Network\":\"10.5.0.0/16\",\"EnableIPv6\":true,\"IPv6Network\":\"fd05::/48\"," \
	"\"Backend\":{\"Type\":\"vxlan\"}}"
#define WIRED_OWN  "10.5.9.0-24"
#define WIRED_OWN2 "10.5.9.0-24&fd05:0:0:9::-64"

/* Group set-up: an EAL. */
int wired_eal(void **state);
/* Set-up of each case: an empty machine. */
int wired_reset(void **state);

/* `conf`: the text of a configuration file. The caller's to close. */
struct wired *wired_open(const char *conf);
/* The same as far as it comes: what opening the uplinks returned, in *rc. */
struct wired *wired_try_open(const char *conf, int *rc);
/* Asserts that nobody wants a neighbour any more, and that peers were counted by state. */
void wired_close(struct wired *w);

/* The lease of `key` ("10.5.9.0-24") under this network config, as reactions.c takes it. */
void wired_lease(struct wired *w, const char *netconf, const char *key);
/* What is due of kernel and event loop, until there is nothing. */
void wired_run(struct wired *w);
/* The text of a warning; NULL: it is not there. */
const char *wired_warning(const struct wired *w, const char *key);

/* Has the first worker a queue of the port? */
bool wired_polls(const struct wired *w, const struct ovnet_port *p);

/* Texts that have to be right. */
struct ovnet_addr wired_addr(const char *text);
struct ovnet_prefix wired_prefix(const char *text);
struct ovnet_mac wired_mac(const char *text);
void assert_addr(const struct ovnet_addr *addr, const char *text);
/* The next hop's header, or `dst` NULL: it is pending, or failed. */
void assert_hop(const struct ovnet_nh_slot *nh, const char *dst, const char *src);

#endif
