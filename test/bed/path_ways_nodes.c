/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/path_ways.h"

static void set(struct bed *b)
{
	assert_int_equal(bed_set_overlay(b), 0);
}

static void permissive(struct bed *b)
{
	bed_set_validation(b, OVNET_VALIDATE_PERMISSIVE);
}

static void off(struct bed *b)
{
	bed_set_validation(b, OVNET_VALIDATE_OFF);
}

/* The bed's peer again, told apart from what it is otherwise by `conf` and `outer`. */
static void set_peer(struct bed *b, struct ovnet_peer_conf *conf, struct ovnet_outer outer)
{
	const struct ovnet_tunnel_conf vx = {.src = ovnet_addr_v4(OWN_IP),
		.dst = ovnet_addr_v4(PEER_IP),
		.udp_port = 8472,
		.vni = 1,
		.outer = outer,
		.inner_src = own_vtep,
		.inner_dst = peer_vtep};

	if (conf->subnet.family == 0)
		conf->subnet = (struct ovnet_prefix){.family = AF_INET, .v4 = {PEER_NET, 24}};
	conf->mtu = b->mtu;
	conf->nh = b->nh;
	ovnet_vxlan4_build(&conf->rewrite, &vx, AF_INET);
	assert_int_equal(ovnet_fib_set_peer(b->w, conf), 0);
}

static void allowed(struct bed *b)
{
	const struct ovnet_addr more = ovnet_addr_v4(PEER_IP);
	struct ovnet_peer_conf conf = {
		.public_addr = ovnet_addr_v4(ELSE_IP), .allowed = &more, .n_allowed = 1};

	set_peer(b, &conf, (struct ovnet_outer){.ttl = 64});
}

static void nameless(struct bed *b)
{
	struct ovnet_peer_conf conf = {.n_allowed = 0};

	set_peer(b, &conf, (struct ovnet_outer){.ttl = 64});
}

static void marked(struct bed *b)
{
	struct ovnet_peer_conf conf = {.public_addr = ovnet_addr_v4(PEER_IP)};

	set_peer(b, &conf, (struct ovnet_outer){.ttl = 7, .dscp = 46, .df = true});
	b->overlay.src_port_min = 1;
	b->overlay.src_port_max = 65535;
	set(b);
	b->ctx.ip_id = 0xfff0;
}

/* The peer's pod is in a subnet that is not in the index; the index has nothing there. */
static void wide(struct bed *b)
{
	const struct ovnet_prefix peer = {.family = AF_INET, .v4 = {PEER_NET, 24}};
	struct ovnet_peer_conf conf = {.public_addr = ovnet_addr_v4(PEER_IP),
		.subnet = {.family = AF_INET, .v4 = {PEER_NET & ~0xfffu, 20}}};

	assert_int_equal(ovnet_fib_del_peer(b->w, &peer), 0);
	set_peer(b, &conf, (struct ovnet_outer){.ttl = 64});
}

static void direct_too(struct bed *b)
{
	struct ovnet_peer_conf conf = {.public_addr = ovnet_addr_v4(NEAR_IP),
		.subnet = {.family = AF_INET, .v4 = {LATER_NET, 24}},
		.encap = OVNET_ENCAP_DIRECT};

	b->overlay.direct = true;
	set(b);
	set_peer(b, &conf, (struct ovnet_outer){.ttl = 64});
}

static void direct_peer(struct bed *b)
{
	struct ovnet_peer_conf conf = {
		.public_addr = ovnet_addr_v4(PEER_IP), .encap = OVNET_ENCAP_DIRECT};

	b->overlay.direct = b->overlay.asymmetric = true;
	set(b);
	set_peer(b, &conf, (struct ovnet_outer){.ttl = 64});
}

/* Our own underlay address is of our subnet. */
static void direct_to_own(struct bed *b)
{
	b->overlay.direct = true;
	b->overlay.own = (struct ovnet_prefix4){OWN_IP & ~0xffu, 24};
	b->overlay.network = (struct ovnet_prefix4){0x0a000000, 8};
	bed_set_validation(b, OVNET_VALIDATE_OFF);
}

static void udp(struct bed *b)
{
	bed_set_kind(b, OVNET_ENCAP_UDP4);
}

static void host_gw(struct bed *b)
{
	bed_set_kind(b, OVNET_ENCAP_DIRECT);
}

static void exclusive(struct bed *b)
{
	b->port[UPLINK].port.caps |= OVNET_CAP_EXCLUSIVE;
	b->port[UPLINK].port.local = ovnet_addr_v4(OWN_IP);
}

static void inherits_dscp(struct bed *b)
{
	b->overlay.outer.dscp_inherit = true;
	set(b);
}

static void inherits_ttl(struct bed *b)
{
	b->overlay.outer.ttl_inherit = true;
	set(b);
}

static void inherits_df(struct bed *b)
{
	b->overlay.outer.df_inherit = true;
	set(b);
}

static void sums(struct bed *b)
{
	b->overlay.outer.csum4 = true;
	set(b);
}

static void clamps(struct bed *b)
{
	b->overlay.mss_clamp = true;
	set(b);
	bed_set_mtu(b, 1200);
}

static void small(struct bed *b)
{
	b->overlay.mtu = 120;
	set(b);
	b->port[ATTACH].port.mtu = 110;
	bed_set_mtu(b, 150);
}

static void unresolved(struct bed *b)
{
	assert_int_equal(ovnet_fib_nh_set(b->w, b->nh, NULL, NULL), 0);
}

static void unreachable(struct bed *b)
{
	assert_int_equal(bed_add_peer(b, PEER_NET, 24, PEER_IP, &peer_vtep, NULL), 0);
}

static void no_host_nor_uplink(struct bed *b)
{
	bed_map(b, 1 << ATTACH | 1 << ATTACH2);
}

static void no_host_device(struct bed *b)
{
	assert_int_equal(ovnet_fib_set_default_endpoint(b->w, ATTACH2, false, &other_mac), 0);
}

static void any_mac(struct bed *b)
{
	const struct ovnet_prefix pod = {.family = AF_INET, .v4 = {ATTACH_POD, 32}};

	assert_int_equal(
		ovnet_fib_set_endpoint(b->w, &pod, ATTACH, false, &(struct ovnet_mac){0}), 0);
}

/* A port's endpoint that has no link header, though the port has. */
static void without_link(struct bed *b)
{
	const struct ovnet_prefix pod = {.family = AF_INET, .v4 = {ATTACH_POD, 32}};

	assert_int_equal(ovnet_fib_set_endpoint(b->w, &pod, ATTACH, true, NULL), 0);
}

static void merging(struct bed *b)
{
	b->port[HOST].port.caps |= OVNET_CAP_TX_GSO | OVNET_CAP_TX_CSUM;
}

static void full(struct bed *b)
{
	for (unsigned i = 0; i < N_PORTS; i++)
		b->port[i].room = 0;
}

static void verifying(struct bed *b)
{
	b->ctx.verify.every = 3;
	b->ctx.verify.left = 0;
}

static void dual(struct bed *b)
{
	bed_set_up6(b);
}

static void without_overlay(struct bed *b)
{
	ovnet_fib_writer_free(b->w);
	b->w = NULL;
}

const struct ways_node ways_nodes[WAYS_NODES] = {
	{"strict", NULL, 1, 0xff, true},
	{"permissive", permissive, 1, 0xff, true},
	{"off", off, 1, 0xff, true},
	{"sender listed", allowed, 1, 0x33, true},
	{"sender unknown", nameless, 1, 0x33, true},
	{"DSCP, TTL, DF", marked, 1, 0xff, true},
	{"beside the index", wide, 1, 0x33, true},
	{"direct routing", direct_too, 1, 0xff, true},
	{"routed to", direct_peer, 1, 0xcc, true},
	{"address of its own subnet", direct_to_own, 1, 0, false},
	{"udp", udp, 1, 0, true},
	{"host-gw", host_gw, 1, 0, true},
	{"exclusive uplink", exclusive, 1, 0xff, true},
	{"DSCP inherited", inherits_dscp, 1, 0xcc, true},
	{"TTL inherited", inherits_ttl, 1, 0xcc, true},
	{"DF inherited", inherits_df, 1, 0xcc, true},
	{"UDP checksums", sums, 1, 0xcc, true},
	{"MSS lowered", clamps, 1, 0x0f, true},
	{"small MTUs", small, 1, 0xff, true},
	{"neighbour pending", unresolved, 1, 0xcc, true},
	{"no next hop", unreachable, 1, 0xcc, true},
	{"ports gone", no_host_nor_uplink, 1, 0x88, true},
	{"no host device", no_host_device, 1, 0xff, true},
	{"any MAC address", any_mac, 1, 0xff, true},
	{"no link header", without_link, 1, 0xdd, true},
	{"merging", merging, 1, 0xbb, false},
	{"ports full", full, 1, 0, true},
	{"verifying", verifying, 1, 0xb6, true},
	{"two workers", NULL, 2, 0xff, true},
	{"dual stack", dual, 1, 0xff, true},
	{"no overlay", without_overlay, 1, 0, false},
};

/* A SYN in place of UDP. */
static void put_syn(uint8_t *ip)
{
	static const uint8_t syn[24] = {
		3, 232, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x60, 2, 0x20, 0, 0, 0, 0, 0, 2, 4, 5, 180};

	ip[9] = 6;
	memcpy(ip + 20, syn, sizeof(syn));
	put_sum4(ip);
}

const uint16_t ways_port[WAYS_BASES] = {HOST, ATTACH, UPLINK, UPLINK, HOST, ATTACH, UPLINK, UPLINK};
const uint16_t ways_link[WAYS_BASES] = {0, 14, 64, 64, 0, 14, 64, 64};

void ways_put(struct ways_frame *f, unsigned base, uint16_t len)
{
	const uint16_t link = ways_link[base];
	uint8_t *ip = f->bytes + link;

	*f = (struct ways_frame){.len = (uint16_t)(len + link)};
	if (base % 4 < 2)
		put_inner(ip, base % 4 == 0 ? OWN_POD : ATTACH_POD, PEER_POD, 1000, len);
	else
		put_inner(ip, PEER_POD, base % 4 == 2 ? OWN_POD : ATTACH_POD, 1000, len);
	if (base >= 4)
		put_syn(ip);
	if (link == 14)
		put_ether(f->bytes, &attach_mac, &pod_mac);
	else if (link == 64)
		put_outer(f->bytes, len);
}

void ways_put_sums(struct ways_frame *f, unsigned base)
{
	if (ways_link[base] == 64)
		put_sum4(f->bytes + 14);
	if (f->len >= ways_link[base] + 60)
		put_sum4(f->bytes + ways_link[base]);
}
