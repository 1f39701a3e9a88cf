/* SPDX-License-Identifier: BSD-3-Clause */
#include "guests/alloc.h"

#include <inttypes.h>
#include <stdio.h>

#include "node/vm_pool.h"

#define WHO_MAX 128

static bool may_be_given(const struct alloc *a, uint32_t addr)
{
	return ovnet_prefix4_contains(a->pool, addr) && node_is_host_addr(a->subnet, addr);
}

static const char *why_not(const struct alloc *a)
{
	if (!ovnet_prefix4_contains(a->subnet, a->want))
		return "is not in this node's subnet";
	if (!node_is_host_addr(a->subnet, a->want))
		return "is the gateway's, or no host's, in this node's subnet";
	return "is not in the VMs' part of this node's subnet";
}

static uint32_t check_wanted(const struct alloc *a, char *err, size_t size)
{
	char addr[OVNET_ADDR_STRLEN], net[OVNET_PREFIX_STRLEN], pool[OVNET_PREFIX_STRLEN];
	const struct ovnet_addr want = ovnet_addr_v4(a->want);
	char who[WHO_MAX] = "somebody";

	ovnet_addr_text(&want, addr, sizeof(addr));
	ovnet_prefix4_text(a->pool, pool, sizeof(pool));
	if (!may_be_given(a, a->want))
		snprintf(err, size,
			"%s %s %s; give one of vm.pool, %s, or none: one that is free is taken",
			addr, why_not(a), ovnet_prefix4_text(a->subnet, net, sizeof(net)), pool);
	else if (a->taken(a->arg, a->want, who, sizeof(who)))
		snprintf(err, size,
			"%s is in use by %s; give another one of vm.pool, %s, or none: one that is "
			"free is taken",
			addr, who, pool);
	else
		return a->want;
	return 0;
}

static uint32_t first_free(const struct alloc *a, char *err, size_t size)
{
	uint32_t addr = a->pool->addr_host, end = addr | ~ovnet_mask4(a->pool->len), given = 0;
	char who[WHO_MAX] = "", pool[OVNET_PREFIX_STRLEN];

	for (;; addr++) {
		if (may_be_given(a, addr)) {
			if (!a->taken(a->arg, addr, who, sizeof(who)))
				return addr;
			given++;
		}
		if (addr == end)
			break;
	}
	snprintf(err, size,
		"%" PRIu32 " of %" PRIu32 " addresses of vm.pool, %s, are in use, the last one by "
		"%s; remove a VM (ovnetctl vm del), or make vm.pool larger and restart ovnetd",
		given, node_vm_pool_room(a->pool, a->subnet),
		ovnet_prefix4_text(a->pool, pool, sizeof(pool)), who);
	return 0;
}

uint32_t alloc_address(const struct alloc *a, char *err, size_t size)
{
	char who[WHO_MAX];

	if (a->want != 0)
		return check_wanted(a, err, size);
	if (a->former != 0 && may_be_given(a, a->former) &&
		!a->taken(a->arg, a->former, who, sizeof(who)))
		return a->former;
	return first_free(a, err, size);
}
