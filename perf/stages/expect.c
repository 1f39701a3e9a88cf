/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "node.h"

static void put16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static void put32(uint8_t *at, uint32_t v)
{
	put16(at, v >> 16);
	put16(at + 2, v & 0xffff);
}

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static void put_ip_checksum(uint8_t *ip)
{
	uint32_t sum = 0;

	put16(ip + 10, 0);
	for (unsigned i = 0; i < 20; i += 2)
		sum += get16(ip + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 10, ~sum);
}

static void put_ip(uint8_t *ip, uint32_t src, uint32_t dst, uint32_t len, uint16_t id)
{
	memset(ip, 0, 20);
	ip[0] = 0x45;
	put16(ip + 2, len);
	put16(ip + 4, id);
	ip[8] = 64;
	ip[9] = 17;
	put32(ip + 12, src);
	put32(ip + 16, dst);
	put_ip_checksum(ip);
}

static void put_ether(uint8_t *at, struct ovnet_mac dst, struct ovnet_mac src)
{
	memcpy(at, dst.b, 6);
	memcpy(at + 6, src.b, 6);
	put16(at + 12, 0x0800);
}

/* CRC32C, as RFC 3720 B.4 has it but without the two inversions, by a table made bit by bit. */
static uint32_t crc32c(uint32_t crc, const uint8_t *b, unsigned n)
{
	static uint32_t table[256];

	for (uint32_t i = 1; table[255] == 0 && i < 256; i++) {
		table[i] = i;
		for (unsigned k = 0; k < 8; k++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0x82f63b78 : 0);
	}
	for (unsigned i = 0; i < n; i++)
		crc = crc >> 8 ^ table[(crc ^ b[i]) & 0xff];
	return crc;
}

static uint32_t source_port(const uint8_t *inner, bool v6)
{
	uint8_t tail[8] = {17};
	const uint8_t *addrs = inner + (v6 ? 8 : 12);
	unsigned n = v6 ? 32 : 8;

	memcpy(tail + 1, addrs + n, 4);
	uint32_t hash = crc32c(crc32c(0, addrs, n), tail, 8);
	return SPORT_MIN + (uint32_t)((uint64_t)hash * (SPORT_MAX - SPORT_MIN + 1) >> 32);
}

static void put_ip6(
	uint8_t *ip, const struct ovnet_addr *src, const struct ovnet_addr *dst, uint32_t payload)
{
	memset(ip, 0, 8);
	ip[0] = 0x60;
	put16(ip + 4, payload);
	ip[6] = 17;
	ip[7] = 64;
	memcpy(ip + 8, src->v6, 16);
	memcpy(ip + 24, dst->v6, 16);
}

/* UDP header and, with `body`, payload, `len` bytes. */
static void put_payload(uint8_t *b, const struct packet *p, uint32_t len, bool body)
{
	put16(b, FLOW_PORT(p->flow));
	put16(b + 2, 5201);
	put16(b + 4, len);
	put16(b + 6, 0);
	for (uint32_t i = 8; body && i < len; i++)
		b[i] = (uint8_t)(i * 13 + p->mark);
}

uint16_t expect_inner(uint8_t *b, const struct packet *p, bool from_peer, bool body)
{
	if (p->be->v6) {
		struct ovnet_addr own = addr_of(A(OWN_SUBNET6, 2)),
				  remote = addr_of(A(PEER_SUBNET6(p->peer), 2u + p->flow));
		put_ip6(b, from_peer ? &remote : &own, from_peer ? &own : &remote, p->len - 40u);
		put_payload(b + 40, p, p->len - 40u, body);
		return p->len;
	}
	uint32_t remote = PEER_SUBNET(p->peer) + 2 + p->flow, own = OWN_SUBNET + 2;
	put_ip(b, from_peer ? remote : own, from_peer ? own : remote, p->len, p->flow);
	put_payload(b + 20, p, p->len - 20u, body);
	return p->len;
}

/* The inner packet a hop later. */
static void count_down(uint8_t *ip)
{
	ip[8]--;
	put_ip_checksum(ip);
}

/* From UDP on; `inner` follows. Returns the UDP length. */
static uint32_t put_udp(uint8_t *udp, const struct packet *p, const uint8_t *inner,
	uint32_t inner_len, bool from_peer)
{
	const struct backend *be = p->be;
	bool vxlan = be->kind != OVNET_ENCAP_UDP4;
	uint32_t len = inner_len + (vxlan ? 30 : 8);

	put16(udp, vxlan ? source_port(inner, be->v6) : UDP_PORT);
	put16(udp + 2, UDP_PORT);
	put16(udp + 4, len);
	put16(udp + 6, 0);
	if (!vxlan)
		return len;
	put32(udp + 8, 0x08000000);
	put32(udp + 12, VNI << 8);
	put_ether(udp + 16, from_peer ? own_vtep : peer_vtep(p->peer),
		from_peer ? peer_vtep(p->peer) : own_vtep);
	put16(udp + 28, be->v6 ? 0x86dd : 0x0800);
	return len;
}

static void put_csum6(uint8_t *ip, uint32_t udp_len)
{
	uint32_t sum = 17 + udp_len;

	for (unsigned i = 8; i < 40 + udp_len; i += 2)
		sum += get16(ip + i) & (i + 1 < 40 + udp_len ? 0xffff : 0xff00);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 46, sum == 0xffff ? 0xffff : ~sum);
}

uint16_t expect_outer(uint8_t *b, const struct packet *p, bool from_peer, bool body, uint16_t id)
{
	const struct backend *be = p->be;
	uint32_t len = expect_inner(b + be->front, p, from_peer, body);
	uint32_t remote = PEER_UNDERLAY + p->peer;

	put_ether(b, from_peer ? own_mac : gateway_mac(p->peer),
		from_peer ? gateway_mac(p->peer) : own_mac);
	if (be->kind == OVNET_ENCAP_DIRECT) {
		put16(b + 12, be->v6 ? 0x86dd : 0x0800);
		return (uint16_t)(len + be->front);
	}
	if (be->kind == OVNET_ENCAP_UDP4 && !from_peer)
		count_down(b + be->front);
	if (be->v6) {
		struct ovnet_addr us = addr_of(A(UNDERLAY6, OWN_UNDERLAY)),
				  them = addr_of(A(UNDERLAY6, remote));
		put16(b + 12, 0x86dd);
		uint32_t udp_len = put_udp(b + 54, p, b + be->front, len, from_peer);
		put_ip6(b + 14, from_peer ? &them : &us, from_peer ? &us : &them, udp_len);
		if (be->csum)
			put_csum6(b + 14, udp_len);
		return (uint16_t)(len + be->front);
	}
	uint32_t udp_len = put_udp(b + 34, p, b + be->front, len, from_peer);
	put_ip(b + 14, from_peer ? remote : OWN_UNDERLAY, from_peer ? OWN_UNDERLAY : remote,
		udp_len + 20, id);
	return (uint16_t)(len + be->front);
}

static bool is_right(const struct packet *p, bool decap)
{
	const uint8_t *got = rte_pktmbuf_mtod(p->m, const uint8_t *);
	uint8_t want[2048];
	uint16_t len = decap ? expect_inner(want, p, true, true)
			     : expect_outer(want, p, false, true, (uint16_t)get16(got + 18));

	if (decap && p->be->kind == OVNET_ENCAP_UDP4)
		count_down(want);
	return p->m->pkt_len == len && p->m->data_len == len && p->m->nb_segs == 1 &&
	       memcmp(got, want, len) == 0;
}

unsigned node_verify(const struct node *n)
{
	unsigned wrong = 0;

	if (n->port[n->conf.decap ? UPLINK_PORT : HOST_PORT].sent != 0) {
		fprintf(stderr, "stages: packets left by the port they came by\n");
		wrong++;
	}
	for (uint32_t i = 0; i < n->conf.packets; i++) {
		if (is_right(&n->packets[i], n->conf.decap))
			continue;
		if (wrong++ == 0)
			fprintf(stderr,
				"stages: packet %u (peer %u, flow %u) is not what it should be\n",
				i, n->packets[i].peer, n->packets[i].flow);
	}
	for (unsigned i = 0; i < OVNET_DROP_COUNT; i++)
		if (n->counters.drops[i] != 0) {
			fprintf(stderr, "stages: %lu packets dropped: %s\n",
				(unsigned long)n->counters.drops[i],
				ovnet_drop_name((enum ovnet_drop)i));
			wrong++;
		}
	return wrong;
}
