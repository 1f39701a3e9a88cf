/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/path6.h"

const struct ovnet_mac own_vtep6 = {{0x42, 0x60, 0xf6, 0x9f, 0xa3, 0x4b}};
const struct ovnet_mac peer_vtep6 = {{0x26, 0xc1, 0xee, 0xc0, 0x67, 0x23}};
const uint8_t own_ip6[16] = {0xfd, 0, 0x01, 0x68, [15] = 0x12};
const uint8_t peer_ip6[16] = {0xfd, 0, 0x01, 0x68, [15] = 0x13};

struct ovnet_addr addr6(uint16_t net, uint16_t host)
{
	const uint8_t a[16] = {[0] = 0xfd,
		[1] = 0x05,
		[6] = (uint8_t)(net >> 8),
		[7] = (uint8_t)net,
		[14] = (uint8_t)(host >> 8),
		[15] = (uint8_t)host};

	return ovnet_addr_v6(a);
}

struct ovnet_prefix6 net6(uint16_t net, uint8_t len)
{
	struct ovnet_prefix6 p = {.len = len};

	memcpy(p.addr, addr6(net, 0).v6, 16);
	return p;
}

void bed_add_peer6(struct bed *b, uint16_t net, enum ovnet_encap kind)
{
	const struct ovnet_prefix6 subnet = net6(net, 64);
	struct ovnet_peer_conf conf = {.subnet = ovnet_prefix_from6(&subnet),
		.public_addr = ovnet_addr_v6(peer_ip6),
		.mtu = b->mtu,
		.nh = b->nh,
		.encap = kind};
	struct ovnet_tunnel_conf vx = {.src = ovnet_addr_v6(own_ip6),
		.dst = ovnet_addr_v6(peer_ip6),
		.udp_port = 8472,
		.vni = 1,
		.outer = {.ttl = 64},
		.inner_src = own_vtep6,
		.inner_dst = peer_vtep6};

	if (kind == OVNET_ENCAP_VXLAN4) {
		vx.src = ovnet_addr_v4(OWN_IP);
		vx.dst = ovnet_addr_v4(PEER_IP);
		vx.inner_src = own_vtep;
		vx.inner_dst = peer_vtep;
		ovnet_vxlan4_build(&conf.rewrite, &vx, AF_INET6);
	} else {
		ovnet_vxlan6_build(&conf.rewrite, &vx);
	}
	assert_int_equal(ovnet_fib_set_peer(b->w, &conf), 0);
}

void bed_set_up6(struct bed *b)
{
	b->overlay.network6 = net6(0, 48);
	b->overlay.own6 = net6(OWN_NET6, 64);
	b->overlay.vtep_mac6 = own_vtep6;
	b->overlay.outer.csum6 = true;
	assert_int_equal(bed_set_overlay(b), 0);
	bed_add_peer6(b, PEER_NET6, OVNET_ENCAP_VXLAN6);
}

struct bed *bed_open6(void)
{
	struct bed *b = bed_open(1);

	bed_set_up6(b);
	return b;
}

uint32_t udp6_sum(const uint8_t *ip, const uint8_t *udp, uint32_t len)
{
	return be_sum(udp, len, be_sum(ip + 8, 32, 17 + len));
}

uint16_t put_inner6(uint8_t *b, const struct ovnet_addr *src, const struct ovnet_addr *dst,
	uint16_t sport, uint16_t len)
{
	memset(b, 0, 48);
	for (uint16_t i = 48; i < len; i++)
		b[i] = (uint8_t)(i * 7);
	b[0] = 0x60;
	be_put16(b + 4, len - 40u);
	b[6] = 17;
	b[7] = 63;
	memcpy(b + 8, src->v6, 16);
	memcpy(b + 24, dst->v6, 16);
	be_put16(b + 40, sport);
	be_put16(b + 42, 53);
	be_put16(b + 44, len - 40u);
	be_put16(b + 46, ~udp6_sum(b, b + 40, len - 40u));
	return len;
}

uint16_t put_pod6(uint8_t *b, bool to_us, uint16_t len)
{
	const struct ovnet_addr own = addr6(OWN_NET6, 2), peer = addr6(PEER_NET6, 2);

	return put_inner6(b, to_us ? &peer : &own, to_us ? &own : &peer, 1000, len);
}

void put_csum6(uint8_t *b, uint16_t inner_len)
{
	b[60] = b[61] = 0;
	be_put16(b + 60, ~udp6_sum(b + 14, b + 54, inner_len + 30u));
}

uint16_t put_outer6(uint8_t *b, uint16_t inner_len, uint16_t type)
{
	memset(b, 0, 84);
	put_ether(b, &uplink_mac, &gateway_mac);
	be_put16(b + 12, 0x86dd);
	b[14] = 0x60;
	be_put16(b + 18, inner_len + 30u);
	b[20] = 17;
	b[21] = 64;
	memcpy(b + 22, peer_ip6, 16);
	memcpy(b + 38, own_ip6, 16);
	be_put16(b + 54, 40000);
	be_put16(b + 56, 8472);
	be_put16(b + 58, inner_len + 30u);
	b[62] = 8;
	b[68] = 1;
	put_ether(b + 70, &own_vtep6, &peer_vtep6);
	be_put16(b + 82, type);
	put_csum6(b, inner_len);
	return (uint16_t)(inner_len + 84);
}

uint16_t put_vxlan6(uint8_t *b, uint16_t inner_len)
{
	put_pod6(b + 84, true, inner_len);
	return put_outer6(b, inner_len, 0x86dd);
}
