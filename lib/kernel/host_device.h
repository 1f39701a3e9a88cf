/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host device (the role of flannel.1): its address, MTU, routes and the blackhole
 * behind it. The TUN itself is opened by lib/port/host.c and is persistent; everything
 * here also survives the daemon, so that overlay traffic is dropped, never sent out
 * unencapsulated, while it is down. Control thread only.
 *
 * All routes carry protocol OVNET_RTPROT, which is how restart and --cleanup know them;
 * the link carries the alias OVNET_LINK_ALIAS.
 */
#ifndef OVNET_KERNEL_HOST_DEVICE_H
#define OVNET_KERNEL_HOST_DEVICE_H

#include "base/prefix_list.h"
#include "kernel/kernel.h"

#define OVNET_RTPROT           111
#define OVNET_LINK_ALIAS       "ovnet host device"
#define OVNET_BLACKHOLE_METRIC 4278198272u /* the worst but a few: any real route wins */

struct ovnet_host_conf {
	struct ovnet_prefix network[2]; /* IPv4, IPv6; family 0: without */
	struct ovnet_prefix own[2];
	const struct ovnet_prefix_list *blackholes; /* of both families */
	uint16_t mtu;                               /* with IPv6 at least 1280 */
};

/*
 * Addresses `<subnet base>/32` and `/128` (others inside the networks removed), MTU, up, alias,
 * blackholes. Idempotent. 0 or negative errno.
 */
int ovnet_host_device_setup(
	struct ovnet_kernel *k, uint32_t ifindex, const struct ovnet_host_conf *conf);
/*
 * Makes these all the blackholes there are of ours: what was wanted before, by an earlier daemon
 * too, goes when the new ones are in place. 0 or negative errno (logged).
 */
int ovnet_host_blackholes_set(struct ovnet_kernel *k, const struct ovnet_prefix_list *want);
/*
 * `<subnet> via <subnet base> dev <ifindex> onlink`; replaces. In a network of more than 4,096
 * subnets `<subnet> dev <ifindex> scope link`: the kernel's cost of gateways grows with their
 * square.
 */
int ovnet_host_route_set(
	struct ovnet_kernel *k, uint32_t ifindex, const struct ovnet_prefix *subnet);
/* A route that is not there (any more) is no error; one of another protocol stays. */
int ovnet_host_route_del(
	struct ovnet_kernel *k, uint32_t ifindex, const struct ovnet_prefix *subnet);
/* Many at once, for a fraction of the time: set or removed, each as by the functions above. */
struct ovnet_host_route_change {
	struct ovnet_prefix subnet;
	bool set;
	int rc; /* filled */
};
void ovnet_host_routes_change(struct ovnet_kernel *k, uint32_t ifindex,
	struct ovnet_host_route_change *changes, unsigned n);
/*
 * The same for what is at attach ports, inside our own subnet. IPv4 gets a gateway that nobody asks
 * for: who is reached without one is a neighbour on that link to the kernel, and told by redirects
 * to speak to the next himself, where a service's address leads from one port to another.
 * `gateways` false: without, for very many. Others' routes stay: rc is 0 where the route was made
 * or removed, 1 where one by that device is there already, -EEXIST where another one is. Not
 * logged.
 */
void ovnet_port_routes_change(struct ovnet_kernel *k, uint32_t ifindex, bool gateways,
	struct ovnet_host_route_change *changes, unsigned n);
/*
 * Removes routes of ours for which `keep` says no (it is asked once for each there is) and puts the
 * blackholes back if they are missing; a part per turn of the event loop, so that 65,536 routes
 * hold up nobody. Then `done`: 0; -EAGAIN: others changed routes meanwhile, so not all may have
 * been seen; or negative errno (logged). What is set or removed meanwhile may or may not be seen.
 * -EBUSY: one is under way; other errors are logged.
 */
int ovnet_host_routes_check(struct ovnet_kernel *k, uint32_t ifindex,
	bool (*keep)(void *arg, const struct ovnet_prefix *subnet),
	void (*done)(void *arg, int err), void *arg);

/* Whose device has the address: one with our alias, or one called as flannel's are, which counts
 * more. */
enum ovnet_overlay_device { OVNET_DEVICE_NONE, OVNET_DEVICE_OURS, OVNET_DEVICE_FLANNELS };
enum ovnet_overlay_device ovnet_kernel_overlay_device(const struct ovnet_addr *addr);

/*
 * Everything ovnet ever made in this network namespace: host devices, routes, blackholes, proxy
 * entries, managed neighbours. Calls `report` with a line for each ("route 10.5.9.0/24 dev
 * ovnet0"); removes unless `dry_run`. Returns how many, or negative errno.
 */
int ovnet_kernel_cleanup(bool dry_run, void (*report)(void *arg, const char *what), void *arg);
/*
 * At the end of a daemon that is to leave nothing: the same, of links and routes for this host
 * device alone. Twins of uplinks stay, which are the host's own way to its network. How many, or
 * negative errno (logged).
 */
int ovnet_kernel_take_away(
	const char *device, void (*report)(void *arg, const char *what), void *arg);
/* Calls `report` with the name of each device that was handed over (kernel/flannel_layout.h). */
void ovnet_kernel_handed_over(void (*report)(void *arg, const char *name), void *arg);

#endif
