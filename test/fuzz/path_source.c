/* SPDX-License-Identifier: BSD-3-Clause */
/* Strict validation, said another way than the path says it. */
#include "path_bytes.h"
#include "path_plane.h"

static bool in_net4(uint32_t addr, uint32_t net)
{
	return (addr & 0xffffff00) == net;
}

static bool is_peer4(const struct fuzz_plane *p, uint32_t addr)
{
	return addr == PEER_IP || (p->direct && p->tunnel != OVNET_TUNNEL_NONE && addr == NEAR_IP);
}

static bool routed_allowed(const struct fuzz_plane *p, const uint8_t *in)
{
	const uint8_t *ip = in + ETH;
	bool by_gateway = memcmp(in + 6, gateway_mac.b, 6) == 0;

	if (is_v6(ip))
		return memcmp(ip + 8, peer_ip6, 16) == 0 ||
		       (by_gateway && memcmp(ip + 8, addr6(PEER_NET6, 0).v6, 8) == 0);
	uint32_t src = get32(ip + 12);
	if (is_peer4(p, src))
		return true;
	/* We send VXLAN to it; what it can route to us may come by any router. */
	if (p->tunnel != OVNET_TUNNEL_NONE)
		return in_net4(src, PEER_NET) || (by_gateway && in_net4(src, NEAR_NET));
	return by_gateway && in_net4(src, PEER_NET);
}

bool fuzz_source_allowed(const struct fuzz_plane *p, const uint8_t *in, unsigned at)
{
	const uint8_t *outer = in + ETH, *inner = in + at;

	if (at == ETH)
		return routed_allowed(p, in);
	if (is_v6(outer) != is_v6(inner))
		return false;
	if (is_v6(outer))
		return memcmp(outer + 8, peer_ip6, 16) == 0 &&
		       (memcmp(inner + 8, outer + 8, 16) == 0 ||
			       memcmp(inner + 8, addr6(PEER_NET6, 0).v6, 8) == 0);
	uint32_t from = get32(outer + 12), src = get32(inner + 12);
	if (!is_peer4(p, from))
		return false;
	return src == from || in_net4(src, from == PEER_IP ? PEER_NET : NEAR_NET);
}
