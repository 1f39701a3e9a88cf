/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/path6.h"

/* Beside VXLAN over IPv4's in capture.h: what each backend of flannel puts on the wire. */
struct backend {
	const char *file;
	enum ovnet_encap kind;
	unsigned frames;
	struct {
		uint32_t public_host, subnet_host; /* /24 */
		uint16_t net6;                     /* fd05:0:0:NET::/64 at fd00:168::HOST */
		struct ovnet_mac vtep;
	} node[2];
};

static const struct backend backends[] = {
	{"flannel-v0.20.2-vxlan.pcap", OVNET_ENCAP_VXLAN4, 30,
		{{0x0aa8000c, 0x0a055200, 0, {{0x42, 0x1b, 0x85, 0x54, 0x27, 0x45}}},
			{0x0aa8000d, 0x0a050900, 0, {{0x8e, 0xde, 0xd7, 0x74, 0xfe, 0x63}}}}},
	{"flannel-v0.28.9-vxlan.pcap", OVNET_ENCAP_VXLAN4, 30,
		{{0x0aa8000c, 0x0a054e00, 0, {{0x82, 0xe7, 0xc7, 0x18, 0x6d, 0x46}}},
			{0x0aa8000d, 0x0a050400, 0, {{0x76, 0x7b, 0xbc, 0x2f, 0xf0, 0x81}}}}},
	{"flannel-v0.20.2-vxlan6.pcap", OVNET_ENCAP_VXLAN6, 4,
		{{0x0aa8000c, 0x0a055200, 0x4d, {{0xb2, 0xcd, 0xd5, 0xab, 0x35, 0xd7}}},
			{0x0aa8000d, 0x0a050900, 0x11, {{0x3a, 0x57, 0x0e, 0x96, 0x76, 0x5a}}}}},
	{"flannel-v0.28.9-vxlan6.pcap", OVNET_ENCAP_VXLAN6, 4,
		{{0x0aa8000c, 0x0a055200, 0x41, {{0x46, 0xca, 0xd0, 0x9f, 0x47, 0xb4}}},
			{0x0aa8000d, 0x0a050900, 0x4b, {{0x16, 0x72, 0xb4, 0xd2, 0xd4, 0x08}}}}},
	{"flannel-v0.20.2-udp.pcap", OVNET_ENCAP_UDP4, 40,
		{{0x0aa8000c, 0x0a050c00, 0, {{0}}}, {0x0aa8000d, 0x0a050300, 0, {{0}}}}},
	{"flannel-v0.28.9-udp.pcap", OVNET_ENCAP_UDP4, 40,
		{{0x0aa8000c, 0x0a054f00, 0, {{0}}}, {0x0aa8000d, 0x0a051400, 0, {{0}}}}},
	{"flannel-v0.20.2-host-gw.pcap", OVNET_ENCAP_DIRECT, 42,
		{{0x0aa8000c, 0x0a050400, 0, {{0}}}, {0x0aa8000d, 0x0a052d00, 0, {{0}}}}},
	{"flannel-v0.28.9-host-gw.pcap", OVNET_ENCAP_DIRECT, 42,
		{{0x0aa8000c, 0x0a051300, 0, {{0}}}, {0x0aa8000d, 0x0a051a00, 0, {{0}}}}},
};

struct frame {
	uint16_t len;
	uint8_t bytes[2048];
};

static uint32_t get(const uint8_t *at, unsigned bytes)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < bytes; i++)
		v = v << 8 | at[i];
	return v;
}

static uint16_t front_of(enum ovnet_encap kind)
{
	static const uint16_t fronts[] = {[OVNET_ENCAP_VXLAN4] = 64,
		[OVNET_ENCAP_UDP4] = 42,
		[OVNET_ENCAP_DIRECT] = 14,
		[OVNET_ENCAP_VXLAN6] = 84};

	return fronts[kind];
}

/* -1: the frame is none of the backend's. */
static int sender_of(const struct backend *c, const struct frame *f)
{
	const uint8_t *ip = f->bytes + 14;
	bool v6 = c->kind == OVNET_ENCAP_VXLAN6;

	if (get(f->bytes + 12, 2) != (v6 ? 0x86ddu : 0x0800u))
		return -1;
	if (c->kind == OVNET_ENCAP_VXLAN4 && get(ip + 22, 2) != 8472)
		return -1;
	if (c->kind == OVNET_ENCAP_UDP4 && get(ip + 22, 2) != 8285)
		return -1;
	for (int i = 0; i < 2; i++) {
		if (v6 ? get(ip + 42, 2) == 8472 && ip[23] == (i ? 0x13 : 0x12)
			: c->kind == OVNET_ENCAP_DIRECT
				? (get(ip + 12, 4) & 0xffffff00) == c->node[i].subnet_host
				: get(ip + 12, 4) == c->node[i].public_host)
			return i;
	}
	return -1;
}

/* Of a little-endian microsecond pcap. */
static bool next_frame(FILE *in, struct frame *f)
{
	uint32_t record[4];

	if (fread(record, sizeof(record), 1, in) != 1)
		return false;
	assert_in_range(record[2], 1, sizeof(f->bytes));
	assert_int_equal(record[2], record[3]);
	assert_int_equal(fread(f->bytes, record[2], 1, in), 1);
	f->len = (uint16_t)record[2];
	return true;
}

static struct ovnet_addr public6(unsigned node)
{
	uint8_t a[16];

	memcpy(a, own_ip6, sizeof(a));
	a[15] = node ? 0x13 : 0x12;
	return ovnet_addr_v6(a);
}

/* Node `self` of the capture, with the other one as its only peer. */
static struct bed *bed_of(const struct backend *c, unsigned self, const struct frame *f)
{
	struct bed *b = bed_open(1);
	const unsigned other = 1 - self;
	bool v6 = c->kind == OVNET_ENCAP_VXLAN6;
	struct ovnet_peer_conf conf = {
		.subnet = {.family = AF_INET, .v4 = {c->node[other].subnet_host, 24}},
		.public_addr = ovnet_addr_v4(c->node[other].public_host),
		.mtu = 1500,
		.nh = b->nh,
		.encap = c->kind};
	struct ovnet_tunnel_conf conf4 = {.src = ovnet_addr_v4(c->node[self].public_host),
		.dst = conf.public_addr,
		.udp_port = c->kind == OVNET_ENCAP_UDP4 ? 8285 : 8472,
		.vni = 1,
		.outer = {.ttl = 64, .df = c->kind == OVNET_ENCAP_UDP4},
		.inner_src = c->node[self].vtep,
		.inner_dst = c->node[other].vtep};
	struct ovnet_mac dst, src;

	assert_int_equal(
		ovnet_fib_del_peer(b->w, &(struct ovnet_prefix){AF_INET, .v4 = {PEER_NET, 24}}), 0);
	b->overlay.own = (struct ovnet_prefix4){c->node[self].subnet_host, 24};
	b->overlay.network6 = net6(0, 48);
	b->overlay.own6 = net6(c->node[self].net6, 64);
	b->overlay.vtep_mac = b->overlay.vtep_mac6 = c->node[self].vtep;
	b->overlay.direct = c->kind == OVNET_ENCAP_DIRECT;
	b->overlay.tunnel = c->kind == OVNET_ENCAP_UDP4     ? OVNET_TUNNEL_UDP
			    : c->kind == OVNET_ENCAP_DIRECT ? OVNET_TUNNEL_NONE
							    : OVNET_TUNNEL_VXLAN;
	b->overlay.udp_port = conf4.udp_port;
	b->overlay.mtu = 1500;
	b->overlay.outer = (struct ovnet_outer_mode){.csum4 = true, .csum6 = true};
	assert_int_equal(bed_set_overlay(b), 0);
	if (v6) {
		const struct ovnet_prefix6 p = net6(c->node[other].net6, 64);
		conf.subnet = ovnet_prefix_from6(&p);
		conf.public_addr = public6(other);
		conf4.src = public6(self);
		conf4.dst = conf.public_addr;
		ovnet_vxlan6_build(&conf.rewrite, &conf4);
	} else if (c->kind == OVNET_ENCAP_VXLAN4) {
		ovnet_vxlan4_build(&conf.rewrite, &conf4, AF_INET);
	} else {
		ovnet_udp4_build(&conf.rewrite, &conf4);
	}
	assert_int_equal(ovnet_fib_set_peer(b->w, &conf), 0);
	memcpy(dst.b, f->bytes, 6);
	memcpy(src.b, f->bytes + 6, 6);
	assert_int_equal(ovnet_fib_nh_set(b->w, b->nh, &dst, &src), 0);
	return b;
}

static void set_ttl(uint8_t *ip, unsigned ttl)
{
	ip[8] = (uint8_t)ttl;
	ip[10] = ip[11] = 0;
	be_put16(ip + 10, ~be_sum(ip, 20, 0));
}

/* What each node has of its own: IP id, source port, and the checksums over them. */
static void blank(uint8_t *frame, enum ovnet_encap kind)
{
	uint8_t *udp = frame + (kind == OVNET_ENCAP_VXLAN6 ? 54 : 34);

	if (kind == OVNET_ENCAP_DIRECT)
		return;
	if (kind != OVNET_ENCAP_VXLAN6)
		memset(frame + 18, 0, 2), memset(frame + 24, 0, 2);
	if (kind != OVNET_ENCAP_UDP4) /* there even the checksum is the same */
		memset(udp, 0, 2), memset(udp + 6, 0, 2);
}

static void checksums_are_right(const uint8_t *frame, uint16_t len, enum ovnet_encap kind)
{
	if (kind == OVNET_ENCAP_VXLAN6) {
		assert_int_equal(udp6_sum(frame + 14, frame + 54, len - 54u), 0xffff);
		return;
	}
	assert_int_equal(be_sum(frame + 14, 20, 0), 0xffff);
	if (kind != OVNET_ENCAP_DIRECT)
		assert_int_equal(
			be_sum(frame + 34, len - 34u, be_sum(frame + 26, 8, 17 + len - 34u)),
			0xffff);
}

static void sent_as_flannel_did(const struct backend *c, unsigned sender, const struct frame *f)
{
	uint8_t in[2048], theirs[2048], ours[2048];
	struct bed *b = bed_of(c, sender, f);
	uint16_t front = front_of(c->kind), inner = f->len - front;

	memcpy(in, f->bytes + front, inner);
	if (c->kind == OVNET_ENCAP_UDP4) /* the daemon takes one off */
		set_ttl(in, in[8] + 1u);
	bed_receive(b, HOST, bed_packet(HOST, in, inner, 0, 0));
	assert_int_equal(ops->poll(&b->ctx), 1);
	assert_int_equal(bed_sent(b, UPLINK, ours, sizeof(ours)), f->len);
	memcpy(theirs, f->bytes, f->len);
	checksums_are_right(theirs, f->len, c->kind);
	checksums_are_right(ours, f->len, c->kind);
	blank(theirs, c->kind);
	blank(ours, c->kind);
	assert_memory_equal(ours, theirs, f->len);
	bed_close(b);
}

static void taken_as_flannel_sent_it(
	const struct backend *c, unsigned receiver, const struct frame *f)
{
	uint8_t want[2048], ours[2048];
	struct bed *b = bed_of(c, receiver, f);
	uint16_t front = front_of(c->kind), inner = f->len - front;
	struct ovnet_mac us, them;

	memcpy(us.b, f->bytes, 6);
	memcpy(them.b, f->bytes + 6, 6);
	ovnet_port_set_mac(&b->port[UPLINK].port, &us);
	assert_int_equal(ovnet_fib_nh_set(b->w, b->nh, &them, &us), 0);
	memcpy(want, f->bytes + front, inner);
	if (c->kind == OVNET_ENCAP_UDP4)
		set_ttl(want, want[8] - 1u);
	bed_receive(b, UPLINK, bed_packet(UPLINK, f->bytes, f->len, 0, 0));
	assert_int_equal(ops->poll(&b->ctx), 1);
	assert_int_equal(bed_sent(b, HOST, ours, sizeof(ours)), inner);
	assert_memory_equal(ours, want, inner);
	uint64_t counted = 0;
	for (unsigned i = 0; i < 4; i++)
		counted += b->peer_counters[i].rx_packets;
	assert_int_equal(counted, 1);
	bed_close(b);
}

static void every_backend_both_ways(void **state)
{
	(void)state;
	char path[512];
	struct frame f;

	for (unsigned i = 0; i < RTE_DIM(backends); i++) {
		const struct backend *c = &backends[i];
		uint32_t header[6];
		unsigned n = 0;
		snprintf(path, sizeof(path), OVNET_FIXTURES "/%s", c->file);
		FILE *in = fopen(path, "rb");
		assert_non_null(in);
		assert_int_equal(fread(header, sizeof(header), 1, in), 1);
		assert_int_equal(header[0], 0xa1b2c3d4);
		while (next_frame(in, &f)) {
			int sender = sender_of(c, &f);
			if (sender < 0)
				continue;
			sent_as_flannel_did(c, (unsigned)sender, &f);
			taken_as_flannel_sent_it(c, 1 - (unsigned)sender, &f);
			n++;
		}
		fclose(in);
		if (n != c->frames)
			fail_msg("%s: %u frames", c->file, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_backend_both_ways),
	};

	return bed_run_levels("path_capture", tests, RTE_DIM(tests));
}
