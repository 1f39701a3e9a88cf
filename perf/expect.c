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

/* CRC32C bit by bit, as RFC 3720 B.4 has it but without the two inversions. */
static uint32_t crc32c(uint32_t crc, const uint8_t *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		crc ^= b[i];
		for (unsigned k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return crc;
}

static uint32_t source_port(const uint8_t *inner)
{
	uint8_t tail[8] = {17};

	memcpy(tail + 1, inner + 20, 4);
	uint32_t hash = crc32c(crc32c(0, inner + 12, 8), tail, 8);
	return SPORT_MIN + (uint32_t)((uint64_t)hash * (SPORT_MAX - SPORT_MIN + 1) >> 32);
}

uint16_t expect_inner(uint8_t *b, const struct packet *p, bool from_peer)
{
	uint32_t remote = PEER_SUBNET(p->peer) + 2 + p->flow, own = OWN_SUBNET + 2;

	put_ip(b, from_peer ? remote : own, from_peer ? own : remote, p->len, p->flow);
	put16(b + 20, FLOW_PORT(p->flow));
	put16(b + 22, 5201);
	put16(b + 24, p->len - 20u);
	put16(b + 26, 0);
	for (uint32_t i = 28; i < p->len; i++)
		b[i] = (uint8_t)(i * 13 + p->peer + p->flow);
	return p->len;
}

uint16_t expect_outer(uint8_t *b, const struct packet *p, bool from_peer, uint16_t id)
{
	uint32_t len = expect_inner(b + 64, p, from_peer);
	uint32_t remote = PEER_UNDERLAY + p->peer;

	put_ether(b, from_peer ? own_mac : gateway_mac(p->peer),
		from_peer ? gateway_mac(p->peer) : own_mac);
	put_ip(b + 14, from_peer ? remote : OWN_UNDERLAY, from_peer ? OWN_UNDERLAY : remote,
		len + 50, id);
	put16(b + 34, source_port(b + 64));
	put16(b + 36, UDP_PORT);
	put16(b + 38, len + 30);
	put16(b + 40, 0);
	put32(b + 42, 0x08000000);
	put32(b + 46, VNI << 8);
	put_ether(b + 50, from_peer ? own_vtep : peer_vtep(p->peer),
		from_peer ? peer_vtep(p->peer) : own_vtep);
	return (uint16_t)(len + 64);
}

static bool is_right(const struct packet *p, bool decap)
{
	const uint8_t *got = rte_pktmbuf_mtod(p->m, const uint8_t *);
	uint8_t want[2048];
	uint16_t len = decap ? expect_inner(want, p, true)
			     : expect_outer(want, p, false, (uint16_t)get16(got + 18));

	return p->m->pkt_len == len && p->m->data_len == len && p->m->nb_segs == 1 &&
	       ovnet_meta(p->m)->out_port == (decap ? HOST_PORT : UPLINK_PORT) &&
	       memcmp(got, want, len) == 0;
}

unsigned node_verify(const struct node *n)
{
	unsigned wrong = 0;

	for (uint32_t i = 0; i < PACKETS; i++) {
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
