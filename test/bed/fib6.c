/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/fib6.h"

struct ovnet_addr addr_of(u128 n)
{
	struct ovnet_addr a = {.family = AF_INET6};

	for (int i = 15; i >= 0; i--, n >>= 8)
		a.v6[i] = (uint8_t)n;
	return a;
}

struct ovnet_prefix6 prefix_of(u128 n, uint8_t len)
{
	struct ovnet_prefix6 p = {.len = len};

	memcpy(p.addr, addr_of(n).v6, sizeof(p.addr));
	return p;
}

struct ovnet_prefix subnet_of(u128 n, uint8_t len)
{
	return (struct ovnet_prefix){.family = AF_INET6, .v6 = prefix_of(n, len)};
}

u128 mask_of(uint8_t len)
{
	return len == 0 ? 0 : ~(u128)0 << (128 - len);
}

struct ovnet_overlay overlay(u128 network, uint8_t len, u128 own, uint8_t own_len)
{
	return (struct ovnet_overlay){
		.network = {0x0a050000, 16},
		.own = {0x0a050100, 24},
		.network6 = prefix_of(network, len),
		.own6 = prefix_of(own, own_len),
		.src_port_max = 60999,
	};
}

int set_overlay(u128 network, uint8_t len, u128 own, uint8_t own_len, uint8_t subnet6_len)
{
	const struct ovnet_overlay o = overlay(network, len, own, own_len);

	return ovnet_fib_set_overlay(bed.w, &o, 24, subnet6_len);
}

int set_peer(u128 addr, uint8_t len, u128 public)
{
	const struct ovnet_peer_conf conf = {
		.subnet = subnet_of(addr, len), .public_addr = addr_of(public)};

	return ovnet_fib_set_peer(bed.w, &conf);
}

int del_peer(u128 addr, uint8_t len)
{
	const struct ovnet_prefix subnet = subnet_of(addr, len);

	return ovnet_fib_del_peer(bed.w, &subnet);
}

const struct ovnet_peer *lookup(u128 addr)
{
	const struct ovnet_addr a = addr_of(addr);

	return ovnet_fib_lookup6(ovnet_fib_view(&bed.fib), a.v6);
}

u128 found(u128 addr)
{
	const struct ovnet_peer *p = lookup(addr);
	u128 n = 0;

	for (int i = 0; p != NULL && i < 16; i++)
		n = n << 8 | p->public_addr.v6[i];
	return n;
}

bool known(u128 addr)
{
	const struct ovnet_addr a = addr_of(addr);

	return ovnet_fib_is_source(&bed.fib, &a);
}
