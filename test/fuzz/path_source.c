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

static bool in_net6(const uint8_t *addr, uint16_t net)
{
	return memcmp(addr, addr6(net, 0).v6, 8) == 0;
}

static bool routed_allowed(const struct fuzz_plane *p, const uint8_t *in)
{
	const uint8_t *src = in + ETH + (is_v6(in + ETH) ? 8 : 12);
	bool by_gateway = memcmp(in + 6, gateway_mac.b, 6) == 0, peers, near, own;

	if (is_v6(in + ETH)) {
		peers = in_net6(src, PEER_NET6);
		near = in_net6(src, NEAR_NET6);
		own = memcmp(src, peer_ip6, 16) == 0;
	} else {
		peers = in_net4(get32(src), PEER_NET);
		near = in_net4(get32(src), NEAR_NET);
		own = is_peer4(p, get32(src));
	}
	/* We send VXLAN to the one beside the near one. */
	return own || (by_gateway && (p->tunnel == OVNET_TUNNEL_NONE ? peers : near));
}

static bool tunnelled6(const struct fuzz_plane *p, const uint8_t *from, const uint8_t *src)
{
	return memcmp(from, peer_ip6, 16) == 0 &&
	       (memcmp(src, from, 16) == 0 || in_net6(src, PEER_NET6) ||
		       (p->direct && in_net6(src, NEAR_NET6)));
}

bool fuzz_source_allowed(const struct fuzz_plane *p, const uint8_t *in, unsigned at)
{
	const uint8_t *outer = in + ETH, *inner = in + at;

	if (at == ETH)
		return routed_allowed(p, in);
	if (is_v6(outer) != is_v6(inner))
		return false;
	if (is_v6(outer))
		return tunnelled6(p, outer + 8, inner + 8);
	uint32_t from = get32(outer + 12), src = get32(inner + 12);
	return is_peer4(p, from) &&
	       (src == from || in_net4(src, from == PEER_IP ? PEER_NET : NEAR_NET));
}
