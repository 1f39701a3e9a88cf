/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the ports sent: by the port a packet came by leaves what is said about it, by the others
 * what became of it.
 */
#include "path_bytes.h"
#include "path_check.h"
#include "path_plane.h"

static bool is_udp(const struct fuzz_input *in)
{
	return in->plane->tunnel == OVNET_TUNNEL_UDP;
}

static bool is_attach_pod(const uint8_t *dst, bool v6)
{
	return v6 ? memcmp(dst, addr6(OWN_NET6, 9).v6, 16) == 0 : get32(dst) == ATTACH_POD;
}

static bool in_own(const uint8_t *addr, bool v6)
{
	return v6 ? memcmp(addr, addr6(OWN_NET6, 0).v6, 8) == 0
		  : (get32(addr) & 0xffffff00) == OWN_NET;
}

static bool in_network(const uint8_t *addr, bool v6)
{
	return v6 ? memcmp(addr, addr6(0, 0).v6, 6) == 0 : get16(addr) == 0x0a05;
}

/* In every mode: who it is from, and whether it is delivered where it belongs. */
static void check_ends(const struct fuzz_input *in, const uint8_t *ip, unsigned port)
{
	bool v6 = is_v6(ip);
	const uint8_t *src = ip + (v6 ? 8 : 12), *dst = ip + (v6 ? 24 : 16);

	CHECK(v6 ? *src != 0xff : *src != 0 && *src != 127 && *src < 224, "from a martian");
	CHECK(!v6 || in->bed->overlay.network6.len != 0, "IPv6 in an overlay that has none");
	if (port == UPLINK) {
		CHECK(in_network(dst, v6) && !in_own(dst, v6), "sent to nobody");
		return;
	}
	CHECK(in_own(dst, v6) || !in_network(dst, v6), "delivered, and not ours");
	CHECK(v6 ? *dst != 0xff : *dst != 0 && *dst != 127 && *dst < 224, "to a martian");
	CHECK(is_attach_pod(dst, v6) == (port == ATTACH), "by the wrong port");
}

/* `abroad`: it left by the uplink. */
static void check_source(const struct fuzz_input *in, const uint8_t *came, unsigned at, bool abroad)
{
	const uint8_t *ip = came + at, *src = ip + (is_v6(ip) ? 8 : 12);

	if (in->port == ATTACH) {
		CHECK(is_attach_pod(src, is_v6(ip)), "from a guest, and not its own");
		CHECK(memcmp(came + 6, pod_mac.b, 6) == 0, "from a guest's other MAC");
		CHECK((*came & 1) == 0, "to a group");
	}
	if (in->bed->overlay.validation != OVNET_VALIDATE_STRICT)
		return;
	if (in->port == UPLINK)
		CHECK(fuzz_source_allowed(in->plane, came, at), "a source that is not its own");
	else if (in->port == HOST && abroad)
		CHECK(in_own(src, is_v6(ip)), "from the host, and not its own");
}

/* Takes the link off a packet to a guest. */
static unsigned guest_link(const uint8_t *eth, unsigned len)
{
	CHECK(len >= ETH + 20 && get16(eth + 12) == (is_v6(eth + ETH) ? 0x86ddu : 0x0800u),
		"type of %u bytes", len);
	CHECK(memcmp(eth, pod_mac.b, 6) == 0 && memcmp(eth + 6, attach_mac.b, 6) == 0,
		"not between us and the guest");
	return ETH;
}

/* Checks what is around the inner packet; where that is. */
static unsigned inner_of(
	const struct fuzz_input *in, unsigned port, const uint8_t *bytes, unsigned len)
{
	if (port == UPLINK)
		return fuzz_sent_inner(in->plane, bytes, len);
	return port == ATTACH ? guest_link(bytes, len) : 0;
}

/*
 * `at`: where the inner packet is in what is sent. `inner`: as it came, NULL: not known. `routed`:
 * it came, or may have come, without an outer header.
 */
static struct fuzz_way way_of(
	const struct fuzz_input *in, unsigned port, unsigned at, const uint8_t *inner, bool routed)
{
	const struct ovnet_overlay *o = &in->bed->overlay;
	struct fuzz_way way = {.in = inner,
		.hops = (in->port == ATTACH || port == ATTACH) +
			(is_udp(in) && (in->port == UPLINK || port == UPLINK)),
		.mtu = 1450,
		.ecn = in->port == UPLINK && !routed,
		.clamp = in->plane->clamp};

	if (port == UPLINK)
		way.mtu = 1500 - (at - ETH);
	else if (port == HOST)
		way.mtu = routed ? UINT16_MAX : o->mtu;
	return way;
}

static void check_answer(
	const struct fuzz_input *in, const uint8_t *ip, unsigned len, const uint8_t *inner)
{
	/* What is quoted may have been counted down on either side. */
	const struct fuzz_way way = {.in = inner,
		.hops = 1 + is_udp(in),
		.ecn = in->port == UPLINK,
		.clamp = in->plane->clamp};
	struct fuzz_answer a = {.way = &way, .ttl = in->port == UPLINK && is_udp(in) ? 63 : 64};
	const struct ovnet_addr own6 = addr6(OWN_NET6, in->port == ATTACH);
	uint8_t own4[4];

	be_put32(own4, OWN_NET + (in->port == ATTACH));
	if (in->port != HOST)
		a.src = is_v6(ip) ? own6.v6 : own4;
	fuzz_check_answer(ip, len, &a);
}

/* Said by us about what came, and not what came itself? */
static bool is_answer(const struct fuzz_input *in, unsigned port, const uint8_t *ip)
{
	const struct ovnet_addr gateway = addr6(OWN_NET6, 1);

	/* A guest may write to itself. */
	if (port != in->port || port != ATTACH)
		return port == in->port;
	return is_v6(ip) ? memcmp(ip + 8, gateway.v6, 16) == 0 : get32(ip + 12) == OWN_NET + 1;
}

/* The gateway's answer to a ping: what came, but for type, TTL and who it is from. */
static bool is_echo(const uint8_t *eth, unsigned len)
{
	const bool v6 = get16(eth + 12) == 0x86dd;
	const struct ovnet_addr gateway = addr6(OWN_NET6, 1);

	if (v6)
		return len >= 62 && eth[20] == 58 && eth[54] == 129 &&
		       memcmp(eth + 22, gateway.v6, 16) == 0;
	return len >= 42 && eth[14] == 0x45 && eth[23] == 1 && eth[34] == 0 &&
	       get32(eth + 26) == OWN_NET + 1;
}

/* What ovnet itself was asked for: from and about the port, to it. */
static bool is_local(const struct fuzz_input *in, unsigned port, const uint8_t *eth, unsigned len)
{
	bool arp = len >= 42 && get16(eth + 12) == 0x0806;
	bool nd = len == 86 && get16(eth + 12) == 0x86dd && eth[20] == 58 && eth[54] == 136;

	if (port != ATTACH || in->port != ATTACH || memcmp(eth + 6, attach_mac.b, 6) != 0)
		return false;
	if (arp) {
		CHECK(len == 42 && get16(eth + 20) == 2, "ARP of %u bytes", len);
		CHECK(memcmp(eth + 22, attach_mac.b, 6) == 0, "ARP with another's MAC");
		CHECK((get32(eth + 28) & 0xffffff00) == OWN_NET, "ARP for a stranger");
	} else if (nd) {
		CHECK(memcmp(eth + 22, eth + 62, 16) == 0, "ND not from its target");
		CHECK(memcmp(eth + 80, attach_mac.b, 6) == 0, "ND with another's MAC");
		CHECK(fuzz_upper_sum_right(eth + ETH, 58), "ND's checksum");
	}
	return arp || nd || is_echo(eth, len);
}

/*
 * What of the packet that came, its inner one at `inner`, left by that port. *went: how many, but
 * for answers.
 */
static unsigned check_port(const struct fuzz_input *in, const struct fuzz_outcome *o, unsigned port,
	const uint8_t *inner, bool routed, unsigned *went)
{
	unsigned payload = 0;

	for (unsigned k = 0; k < o->sum.n[port]; k++) {
		const uint8_t *bytes = o->bytes[port][k];

		if (is_local(in, port, bytes, o->sum.len[port][k]))
			continue;
		unsigned at = inner_of(in, port, bytes, o->sum.len[port][k]);
		unsigned len = o->sum.len[port][k] - at;

		if (is_answer(in, port, bytes + at)) {
			check_answer(in, bytes + at, len, inner);
			continue;
		}
		const struct fuzz_way way = way_of(in, port, at, inner, routed);
		payload += fuzz_check_forward(bytes + at, len, &way);
		(*went)++;
		check_ends(in, bytes + at, port);
	}
	return payload;
}

/* Where the inner packet is in what came by that port. */
static unsigned came_at(const struct fuzz_input *in, const uint8_t *came)
{
	if (in->port == UPLINK)
		return fuzz_taken_inner(in->plane, came);
	return in->port == ATTACH ? ETH : 0;
}

/* What was taken from the underlay, or completed what was. */
static void check_sum(const struct fuzz_input *in, const uint8_t *came)
{
	CHECK(in->p.sum_good || get16(came + 12) == 0x86dd || fuzz_sum_right(came + ETH),
		"taken with a wrong header checksum");
}

void fuzz_check_outcome(const struct fuzz_input *in, const struct fuzz_outcome *o, int i)
{
	unsigned n = 0, payload = 0, at = 0, went = 0;
	const uint8_t *came = i >= 0 && !in->p.csum ? in->packets.bytes[i] : NULL;
	bool routed = in->plane->direct && in->port == UPLINK;

	for (unsigned port = 0; port < N_PORTS; port++)
		n += o->sum.n[port];
	if (n == 0)
		return;
	if (i >= 0 && in->port == UPLINK)
		check_sum(in, in->packets.bytes[i]);
	if (came != NULL)
		at = came_at(in, came);
	/* A fragment that made a datagram whole says little about it. */
	if (at == 0 && in->port == UPLINK)
		came = NULL;
	if (came != NULL && in->port == UPLINK)
		routed = routed && at == ETH;
	const uint8_t *inner = came != NULL ? came + at : NULL;
	for (unsigned port = 0; port < N_PORTS; port++)
		payload += check_port(in, o, port, inner, routed, &went);
	if (inner == NULL || went == 0)
		return;
	check_source(in, came, at, o->sum.n[UPLINK] != 0);
	CHECK(payload == total_len(inner) - header_len(inner), "%u bytes of payload from %u",
		payload, total_len(inner) - header_len(inner));
}
