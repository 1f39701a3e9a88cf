/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/fib6.h"

u128 mask_of(uint8_t len)
{
	return ~host_bits6(len);
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

int set_endpoint(u128 addr, uint8_t len, uint16_t port, const struct ovnet_mac *mac)
{
	const struct ovnet_prefix at = subnet_of(addr, len);

	return ovnet_fib_set_endpoint(bed.w, &at, port, mac == NULL, mac);
}

int del_endpoint(u128 addr, uint8_t len)
{
	const struct ovnet_prefix at = subnet_of(addr, len);

	return ovnet_fib_del_endpoint(bed.w, &at);
}

const struct ovnet_peer *lookup(u128 addr)
{
	const struct ovnet_addr a = addr_of(addr);

	return ovnet_fib_lookup6(ovnet_fib_view(&bed.fib), a.v6);
}

u128 found(u128 addr)
{
	const struct ovnet_peer *p = lookup(addr);

	return p != NULL ? number6(p->public_addr.v6) : 0;
}

bool known(u128 addr)
{
	const struct ovnet_addr a = addr_of(addr);

	return ovnet_fib_is_source(&bed.fib, &a);
}
