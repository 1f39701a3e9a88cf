/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/vm_pool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf/vm_value.h"

static uint32_t broadcast_of(const struct ovnet_prefix4 *subnet)
{
	return subnet->addr_host | ~ovnet_mask4(subnet->len);
}

bool node_is_host_addr(const struct ovnet_prefix4 *subnet, uint32_t addr_host)
{
	return ovnet_prefix4_contains(subnet, addr_host) && addr_host > subnet->addr_host + 1 &&
	       addr_host != broadcast_of(subnet);
}

uint32_t node_vm_pool_room(const struct ovnet_prefix4 *pool, const struct ovnet_prefix4 *subnet)
{
	uint32_t all = ~ovnet_mask4(pool->len); /* less one, which does not overflow */

	return all + !ovnet_prefix4_contains(pool, broadcast_of(subnet));
}

/* The pool is in one half of the subnet, or is it: the other one has nothing of it. */
static struct ovnet_prefix4 other_half(
	const struct ovnet_prefix4 *subnet, const struct ovnet_prefix4 *pool)
{
	struct ovnet_prefix4 half = {subnet->addr_host, (uint8_t)(subnet->len + 1)};

	if (ovnet_prefix4_contains(&half, pool->addr_host))
		half.addr_host |= 1u << (32 - half.len);
	return half;
}

bool node_containers(const struct ovnet_prefix4 *subnet, const struct ovnet_prefix4 *pool,
	struct node_containers *out)
{
	uint32_t lowest = subnet->addr_host + 2, highest = broadcast_of(subnet) - 1;
	uint32_t behind = (pool->addr_host | ~ovnet_mask4(pool->len)) + 1;
	/* Of 64 bits: there may be nothing on a side. */
	int64_t before = (int64_t)pool->addr_host - lowest, after = (int64_t)highest + 1 - behind;

	*out = (struct node_containers){.prefix = other_half(subnet, pool)};
	out->first_host = before >= after ? lowest : behind;
	out->last_host = before >= after ? pool->addr_host - 1 : highest;
	return before > 0 || after > 0;
}

/* The last block of that length. */
static void put_last(const struct ovnet_prefix4 *subnet, struct ovnet_prefix4 *pool)
{
	pool->addr_host = broadcast_of(subnet) & ovnet_mask4(pool->len);
}

static const char *wrong(const struct ovnet_prefix4 *subnet, const struct ovnet_prefix4 *pool)
{
	if (pool->len < subnet->len || !ovnet_prefix4_contains(subnet, pool->addr_host))
		return "is not in";
	if (pool->len == subnet->len)
		return "is all of";
	if (ovnet_prefix4_contains(pool, subnet->addr_host) ||
		ovnet_prefix4_contains(pool, subnet->addr_host + 1))
		return "has the first address, which is the gateway's, of";
	return node_vm_pool_room(pool, subnet) == 0 ? "is but the broadcast address of" : NULL;
}

int node_vm_pool(const char *text, const struct ovnet_prefix4 *subnet, struct ovnet_prefix4 *pool,
	char *why, size_t size)
{
	char own[OVNET_PREFIX_STRLEN], eg[OVNET_PREFIX_STRLEN] = "/26";
	struct conf_vm_pool conf;

	ovnet_prefix4_text(subnet, own, sizeof(own));
	if (conf_vm_pool(text, &conf) < 0 || !conf.given) {
		snprintf(why, size,
			"no part of this node's subnet %s is for VMs; set vm.pool in ovnet.conf, "
			"as in vm = { pool = \"/26\"; }; and restart ovnetd",
			own);
		return -ENOENT;
	}
	*pool = conf.net;
	if (conf.last && pool->len > subnet->len)
		put_last(subnet, pool);
	else if (conf.last)
		pool->addr_host = subnet->addr_host; /* all of it, or more */
	const char *is = wrong(subnet, pool);
	if (is == NULL)
		return 0;
	struct ovnet_prefix4 half = {.len = (uint8_t)(subnet->len + 1)};
	if (half.len < 32) {
		put_last(subnet, &half);
		ovnet_prefix4_text(&half, eg, sizeof(eg));
	}
	snprintf(why, size,
		"vm.pool \"%s\" %s this node's subnet %s: no address is given to VMs; give a part "
		"of it such as \"%s\", or a length alone, \"/%u\" to \"/31\"",
		text, is, own, eg, subnet->len + 1u);
	return -EINVAL;
}

bool node_twin_addr(const struct ovnet_prefix4 *subnet, const struct ovnet_prefix6 *subnet6,
	uint32_t addr_host, uint8_t out[16])
{
	uint32_t number = addr_host & ~ovnet_mask4(subnet->len), low;

	if (subnet6->len > 96 && number >> (128 - subnet6->len) != 0)
		return false;
	memcpy(out, subnet6->addr, 16);
	memcpy(&low, out + 12, sizeof(low));
	low |= htonl(number);
	memcpy(out + 12, &low, sizeof(low));
	return true;
}
