/* SPDX-License-Identifier: BSD-3-Clause */
/* The VMs' share of our subnet (vm.pool). Pure. */
#ifndef OVNET_APP_NODE_VM_POOL_H
#define OVNET_APP_NODE_VM_POOL_H

#include "base/net.h"

/*
 * What vm.pool says of the lease's subnet, into *pool: 0. -ENOENT: there is none. -EINVAL: it does
 * not fit this subnet, with a sentence in `why`, what is wrong and the cure. Either way `why` says
 * what to do to have one.
 */
int node_vm_pool(const char *text, const struct ovnet_prefix4 *subnet, struct ovnet_prefix4 *pool,
	char *why, size_t size);
/* Addresses of it that may be given: all, but for the subnet's broadcast address. */
uint32_t node_vm_pool_room(const struct ovnet_prefix4 *pool, const struct ovnet_prefix4 *subnet);
/*
 * What is left of the subnet for containers: its largest prefix without the pool, as docker takes
 * one, and its longest run of addresses, first and last, as CNI's host-local does. False: no
 * address.
 */
struct node_containers {
	struct ovnet_prefix4 prefix;
	uint32_t first_host, last_host; /* host byte order */
};
bool node_containers(const struct ovnet_prefix4 *subnet, const struct ovnet_prefix4 *pool,
	struct node_containers *out);
/* May anybody in the subnet have that address? Not its base, its gateway (.1), its broadcast. */
bool node_is_host_addr(const struct ovnet_prefix4 *subnet, uint32_t addr_host);
/*
 * The address of the IPv6 subnet with the same number as `addr_host` in ours, into `out`. False:
 * the subnet is too small to have that number.
 */
bool node_twin_addr(const struct ovnet_prefix4 *subnet, const struct ovnet_prefix6 *subnet6,
	uint32_t addr_host, uint8_t out[16]);

#endif
