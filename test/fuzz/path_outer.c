/* SPDX-License-Identifier: BSD-3-Clause */
/* What goes to the underlay has to be what a strict receiver of that data plane takes. */
#include "fuzz.h"
#include "path_bytes.h"
#include "path_plane.h"

#define UDP_VXLAN 8472
#define UDP_UDP   8285

static void check_link(const uint8_t *eth, unsigned len, bool v6)
{
	CHECK(len >= ETH + 20 && get16(eth + 12) == (v6 ? 0x86ddu : 0x0800u), "type of %u bytes",
		len);
	CHECK(memcmp(eth, gateway_mac.b, 6) == 0 && memcmp(eth + 6, uplink_mac.b, 6) == 0,
		"not between us and the next hop");
}

/* The 20 bytes in front of a tunnel's UDP. */
static void check_ip4(
	const struct fuzz_plane *p, const uint8_t *ip, unsigned len, const uint8_t *inner)
{
	bool df = p->tunnel == OVNET_TUNNEL_UDP;
	unsigned tos = tos_of(inner) & (p->modes ? 0xff : 3);

	if (p->modes)
		df = is_v6(inner) || (inner[6] & 0x40);
	CHECK(ip[0] == 0x45 && get16(ip + 2) == len && ip[9] == 17, "outer header");
	CHECK(be_sum(ip, 20, 0) == 0xffff, "outer checksum");
	CHECK(ip[1] == tos, "TOS %02x and not %02x", ip[1], tos);
	CHECK(get16(ip + 6) == (df ? 0x4000u : 0), "DF or fragment %04x", get16(ip + 6));
	CHECK(ip[8] == (p->modes ? ttl_of(inner) : 64), "TTL %u", ip[8]);
	CHECK(get32(ip + 12) == OWN_IP && get32(ip + 16) == PEER_IP, "outer addresses");
}

static void check_udp4(
	const struct fuzz_plane *p, const uint8_t *ip, unsigned ip_len, const uint8_t *inner)
{
	const uint8_t *udp = ip + 20;
	unsigned len = ip_len - 20;

	check_ip4(p, ip, ip_len, inner);
	CHECK(get16(udp + 4) == len, "UDP length %u", get16(udp + 4));
	if (!p->modes)
		CHECK(get16(udp + 6) == 0, "an UDP checksum");
	else
		CHECK(get16(udp + 6) != 0 &&
				be_sum(udp, len, be_sum(ip + 12, 8, 17 + len)) == 0xffff,
			"UDP checksum");
}

/* From UDP on, 30 bytes. */
static void check_vxlan(const uint8_t *udp, const struct ovnet_mac *from,
	const struct ovnet_mac *to, const uint8_t *inner)
{
	const uint8_t *eth = inner - ETH;

	CHECK(get16(udp + 2) == UDP_VXLAN && get16(udp) >= 32768 && get16(udp) <= 60999, "ports");
	CHECK(get32(udp + 8) == 0x08000000 && get32(udp + 12) == 0x100, "VXLAN header");
	CHECK(memcmp(eth, to->b, 6) == 0 && memcmp(eth + 6, from->b, 6) == 0, "VTEPs");
	CHECK(get16(eth + 12) == (is_v6(inner) ? 0x86ddu : 0x0800u), "inner type");
}

static unsigned check_vxlan4(const struct fuzz_plane *p, const uint8_t *out, unsigned len)
{
	CHECK(len >= OVNET_VXLAN4_LEN + 20, "%u bytes are no VXLAN packet", len);
	check_udp4(p, out + ETH, len - ETH, out + OVNET_VXLAN4_LEN);
	check_vxlan(out + ETH + 20, &own_vtep, &peer_vtep, out + OVNET_VXLAN4_LEN);
	return OVNET_VXLAN4_LEN;
}

static unsigned check_vxlan6(const struct fuzz_plane *p, const uint8_t *out, unsigned len)
{
	const uint8_t *ip = out + ETH, *udp = ip + IP6, *inner = out + OVNET_VXLAN6_LEN;
	unsigned tos = tos_of(inner) & (p->modes ? 0xff : 3);

	CHECK(len >= OVNET_VXLAN6_LEN + 20, "%u bytes are no VXLAN packet", len);
	CHECK(get32(ip) == (0x60000000 | tos << 20), "version, class, label %08x", get32(ip));
	CHECK(total_len(ip) == len - ETH && ip[6] == 17, "outer header");
	CHECK(ip[7] == (p->modes ? ttl_of(inner) : 64), "hop limit %u", ip[7]);
	CHECK(memcmp(ip + 8, own_ip6, 16) == 0 && memcmp(ip + 24, peer_ip6, 16) == 0, "addresses");
	CHECK(get16(udp + 4) == len - ETH - IP6, "UDP length %u", get16(udp + 4));
	if (p->modes)
		CHECK(get16(udp + 6) == 0, "an UDP checksum");
	else
		CHECK(get16(udp + 6) != 0 && udp6_sum(ip, udp, len - ETH - IP6) == 0xffff,
			"UDP checksum");
	check_vxlan(udp, &own_vtep6, &peer_vtep6, inner);
	return OVNET_VXLAN6_LEN;
}

static unsigned check_flannel_udp(const struct fuzz_plane *p, const uint8_t *out, unsigned len)
{
	const uint8_t *udp = out + ETH + 20;

	CHECK(len >= OVNET_UDP4_LEN + 20, "%u bytes are no packet of flannel's udp", len);
	check_udp4(p, out + ETH, len - ETH, out + OVNET_UDP4_LEN);
	CHECK(get16(udp) == UDP_UDP && get16(udp + 2) == UDP_UDP, "ports");
	return OVNET_UDP4_LEN;
}

/* Is it for a subnet of a peer we route to? */
static bool is_routed(const struct fuzz_plane *p, const uint8_t *ip)
{
	bool all = p->tunnel == OVNET_TUNNEL_NONE;

	if (!p->direct)
		return false;
	if (is_v6(ip))
		return memcmp(ip + 24, addr6(all ? PEER_NET6 : NEAR_NET6, 0).v6, 8) == 0;
	return (get32(ip + 16) & 0xffffff00) == (all ? PEER_NET : NEAR_NET);
}

unsigned fuzz_sent_inner(const struct fuzz_plane *p, const uint8_t *out, unsigned len)
{
	const uint8_t *ip = out + ETH;
	bool v6 = len > ETH && is_v6(ip);

	check_link(out, len, v6);
	CHECK(len - ETH <= 1500, "%u bytes are beyond the underlay's MTU", len - ETH);
	if (is_routed(p, ip))
		return ETH;
	switch (p->tunnel) {
	case OVNET_TUNNEL_VXLAN:
		return v6 ? check_vxlan6(p, out, len) : check_vxlan4(p, out, len);
	case OVNET_TUNNEL_UDP:
		return check_flannel_udp(p, out, len);
	default:
		CHECK(false, "sent to nobody who is there");
	}
}

static unsigned tunnelled(const struct fuzz_plane *p, unsigned udp_at)
{
	return udp_at + 8 + (p->tunnel == OVNET_TUNNEL_VXLAN ? 8 + ETH : 0);
}

/* Behind the options in front of UDP; 0: a fragment header is among them. */
static unsigned udp6_at(const uint8_t *ip)
{
	uint8_t proto = ip[6];
	unsigned at = IP6;

	while (proto == IPPROTO_HOPOPTS || proto == IPPROTO_DSTOPTS) {
		proto = ip[at];
		at += (ip[at + 1] + 1u) * 8;
	}
	return proto == IPPROTO_UDP ? at : 0;
}

unsigned fuzz_taken_inner(const struct fuzz_plane *p, const uint8_t *in)
{
	const uint8_t *ip = in + ETH;

	if (get16(in + 12) == 0x86dd) {
		if (p->direct && memcmp(ip + 24, addr6(OWN_NET6, 0).v6, 8) == 0)
			return ETH;
		unsigned at = udp6_at(ip);
		return at != 0 ? tunnelled(p, ETH + at) : 0;
	}
	if (p->direct && (get32(ip + 16) & 0xffffff00) == OWN_NET)
		return ETH;
	return (get16(ip + 6) & 0x3fff) == 0 ? tunnelled(p, ETH + header_len(ip)) : 0;
}
