/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <string.h>

#include "encap/vxlan4.h"

#define IP_AT   OVNET_ETH_LEN
#define UDP4_AT (IP_AT + 20)
#define UDP6_AT (IP_AT + 40)

const char *ovnet_encap_name(enum ovnet_encap e)
{
	static const char *const names[] = {
		[OVNET_ENCAP_VXLAN4] = "vxlan4",
		[OVNET_ENCAP_UDP4] = "udp4",
		[OVNET_ENCAP_DIRECT] = "direct",
		[OVNET_ENCAP_VXLAN6] = "vxlan6",
	};
	return names[e];
}

uint16_t ovnet_encap_overhead(enum ovnet_encap e)
{
	static const uint16_t overheads[] = {
		[OVNET_ENCAP_VXLAN4] = OVNET_OVERHEAD(OVNET_VXLAN4_LEN),
		[OVNET_ENCAP_UDP4] = OVNET_OVERHEAD(OVNET_UDP4_LEN),
		[OVNET_ENCAP_DIRECT] = 0,
		[OVNET_ENCAP_VXLAN6] = OVNET_OVERHEAD(OVNET_VXLAN6_LEN),
	};
	return overheads[e];
}

static void put16(uint8_t *at, uint16_t host)
{
	at[0] = (uint8_t)(host >> 8);
	at[1] = (uint8_t)host;
}

/* `len` is even. */
static uint16_t sum_of(const uint8_t *at, unsigned len, uint32_t sum)
{
	for (unsigned i = 0; i < len; i += 2)
		sum += (uint32_t)(at[i] << 8 | at[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

static void put_ip4(uint8_t *ip, const struct ovnet_tunnel_conf *conf, uint16_t overhead)
{
	ip[0] = 0x45;
	ip[1] = (uint8_t)(conf->outer.dscp << 2);
	put16(ip + 2, overhead);
	put16(ip + 6, conf->outer.df ? 0x4000 : 0);
	ip[8] = conf->outer.ttl;
	ip[9] = IPPROTO_UDP;
	memcpy(ip + 12, &conf->src.v4_be, 4);
	memcpy(ip + 16, &conf->dst.v4_be, 4);
}

/* The 22 bytes behind UDP. */
static void put_vxlan(uint8_t *b, const struct ovnet_tunnel_conf *conf, uint8_t inner_family)
{
	b[0] = 0x08;
	b[4] = (uint8_t)(conf->vni >> 16);
	b[5] = (uint8_t)(conf->vni >> 8);
	b[6] = (uint8_t)conf->vni;
	memcpy(b + 8, conf->inner_dst.b, 6);
	memcpy(b + 14, conf->inner_src.b, 6);
	put16(b + 20, inner_family == AF_INET6 ? 0x86dd : 0x0800);
}

void ovnet_vxlan4_build(
	struct ovnet_rewrite *rw, const struct ovnet_tunnel_conf *conf, uint8_t inner_family)
{
	memset(rw, 0, sizeof(*rw));
	put_ip4(rw->bytes + IP_AT, conf, OVNET_OVERHEAD(OVNET_VXLAN4_LEN));
	rw->sum = sum_of(rw->bytes + IP_AT, 20, 0); /* bytes 12 and 13 */
	put16(rw->bytes + UDP4_AT + 2, conf->udp_port);
	put_vxlan(rw->bytes + UDP4_AT + 8, conf, inner_family);
}

void ovnet_udp4_build(struct ovnet_rewrite *rw, const struct ovnet_tunnel_conf *conf)
{
	memset(rw, 0, sizeof(*rw));
	put_ip4(rw->bytes + IP_AT, conf, OVNET_OVERHEAD(OVNET_UDP4_LEN));
	rw->sum = sum_of(rw->bytes + IP_AT, 20, 0);
	put16(rw->bytes + UDP4_AT, conf->udp_port);
	put16(rw->bytes + UDP4_AT + 2, conf->udp_port);
}

void ovnet_vxlan6_build(struct ovnet_rewrite *rw, const struct ovnet_tunnel_conf *conf)
{
	uint8_t b[OVNET_VXLAN6_LEN] = {0}, *ip = b + IP_AT;

	memset(rw, 0, sizeof(*rw));
	put16(ip, (uint16_t)(0x6000 | conf->outer.dscp << 6));
	ip[6] = IPPROTO_UDP;
	ip[7] = conf->outer.ttl;
	memcpy(ip + 8, conf->src.v6, 16);
	memcpy(ip + 24, conf->dst.v6, 16);
	put16(b + UDP6_AT + 2, conf->udp_port);
	put_vxlan(b + UDP6_AT + 8, conf, AF_INET6);
	memcpy(rw->bytes, b, sizeof(rw->bytes));
	memcpy(rw->tail, b + sizeof(rw->bytes), sizeof(rw->tail));
	rw->sum = sum_of(ip + 8, OVNET_VXLAN6_LEN - IP_AT - 8, IPPROTO_UDP);
}

void ovnet_vxlan4_pattern(struct ovnet_vxlan4_pattern *p, uint16_t udp_port, uint32_t vni,
	const struct ovnet_mac *vtep)
{
	/* As on the wire: the Ethernet type, version and length, no fragment, UDP ... */
	static const uint8_t mask[64] = {[12] = 0xff,
		[13] = 0xff,
		[14] = 0xff,
		[20] = 0x3f,
		[21] = 0xff,
		[23] = 0xff,
		[36] = 0xff,
		[37] = 0xff,
		/* ... a VNI is given, and which; the VTEP's Ethernet header. */
		[42] = 0x08,
		[46] = 0xff,
		[47] = 0xff,
		[48] = 0xff,
		[50] = 0xff,
		[51] = 0xff,
		[52] = 0xff,
		[53] = 0xff,
		[54] = 0xff,
		[55] = 0xff,
		[62] = 0xff,
		[63] = 0xff};
	uint8_t want[64] = {[12] = 0x08,
		[14] = 0x45,
		[23] = 17,
		[36] = (uint8_t)(udp_port >> 8),
		[37] = (uint8_t)udp_port,
		[42] = 0x08,
		[46] = (uint8_t)(vni >> 16),
		[47] = (uint8_t)(vni >> 8),
		[48] = (uint8_t)vni,
		[62] = 0x08};

	memcpy(want + 50, vtep->b, sizeof(vtep->b));
	memcpy(p->mask, mask, sizeof(mask));
	memcpy(p->want, want, sizeof(want));
}
