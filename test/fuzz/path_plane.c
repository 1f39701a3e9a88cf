/* SPDX-License-Identifier: BSD-3-Clause */
#include "path_plane.h"

static void add_near(struct bed *b)
{
	const struct ovnet_peer_conf conf = {.subnet = {.family = AF_INET, .v4 = {NEAR_NET, 24}},
		.public_addr = ovnet_addr_v4(NEAR_IP),
		.mtu = 1500,
		.nh = b->nh,
		.encap = OVNET_ENCAP_DIRECT};

	assert_int_equal(ovnet_fib_set_peer(b->w, &conf), 0);
}

static void set_up_udp(struct bed *b)
{
	bed_set_kind(b, OVNET_ENCAP_UDP4);
}

static void add_ip6(struct bed *b, enum ovnet_encap kind)
{
	const struct ovnet_addr pod = addr6(OWN_NET6, 9);

	b->overlay.network6 = net6(0, 48);
	b->overlay.own6 = net6(OWN_NET6, 64);
	b->overlay.vtep_mac6 = own_vtep6;
	assert_int_equal(bed_set_overlay(b), 0);
	bed_add_peer6(b, PEER_NET6, kind);
	bed_attach(b, &pod);
}

static void set_up_direct(struct bed *b)
{
	b->overlay.direct = true;
	b->overlay.outer.csum6 = true;
	add_ip6(b, OVNET_ENCAP_VXLAN6);
	add_near(b);
	bed_add_peer6(b, NEAR_NET6, OVNET_ENCAP_DIRECT);
}

static void set_up_host_gw(struct bed *b)
{
	bed_set_kind(b, OVNET_ENCAP_DIRECT);
	add_ip6(b, OVNET_ENCAP_DIRECT);
}

static void set_up_dual(struct bed *b)
{
	b->overlay.outer.csum6 = true;
	add_ip6(b, OVNET_ENCAP_VXLAN6);
}

static void set_up_modes(struct bed *b)
{
	b->overlay.outer = (struct ovnet_outer_mode){
		.dscp_inherit = true, .ttl_inherit = true, .df_inherit = true, .csum4 = true};
	b->overlay.mss_clamp = true;
	add_ip6(b, OVNET_ENCAP_VXLAN6);
}

const struct fuzz_plane fuzz_planes[FUZZ_PLANES] = {
	{NULL, OVNET_TUNNEL_VXLAN, .direct = false},
	{set_up_direct, OVNET_TUNNEL_VXLAN, .direct = true},
	{set_up_udp, OVNET_TUNNEL_UDP, .direct = false},
	{set_up_host_gw, OVNET_TUNNEL_NONE, .direct = true},
	{set_up_dual, OVNET_TUNNEL_VXLAN, .direct = false},
	{set_up_modes, OVNET_TUNNEL_VXLAN, .modes = true, .clamp = true},
};
