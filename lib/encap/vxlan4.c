/* SPDX-License-Identifier: BSD-3-Clause */
#include "vxlan4.h"

#include <arpa/inet.h>

#define IP_AT    14
#define UDP_AT   34
#define VXLAN_AT 42
#define INNER_AT 50

static void put16(uint8_t *at, uint16_t host)
{
	at[0] = (uint8_t)(host >> 8);
	at[1] = (uint8_t)host;
}

static uint16_t ip_header_sum(const uint8_t *ip)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < 20; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

void ovnet_vxlan4_build(struct ovnet_rewrite *rw, const struct ovnet_vxlan4_conf *conf)
{
	uint8_t *b = rw->bytes;

	memset(rw, 0, sizeof(*rw));

	b[IP_AT] = 0x45;
	put16(b + IP_AT + 2, OVNET_VXLAN4_OVERHEAD);
	b[IP_AT + 8] = conf->ttl;
	b[IP_AT + 9] = 17;
	memcpy(b + IP_AT + 12, &conf->src_be, 4);
	memcpy(b + IP_AT + 16, &conf->dst_be, 4);
	rw->ip_sum = ip_header_sum(b + IP_AT); /* bytes 12 and 13 */

	put16(b + UDP_AT + 2, conf->udp_port);

	b[VXLAN_AT] = 0x08;
	b[VXLAN_AT + 4] = (uint8_t)(conf->vni >> 16);
	b[VXLAN_AT + 5] = (uint8_t)(conf->vni >> 8);
	b[VXLAN_AT + 6] = (uint8_t)conf->vni;

	memcpy(b + INNER_AT, conf->inner_dst.b, 6);
	memcpy(b + INNER_AT + 6, conf->inner_src.b, 6);
	put16(b + INNER_AT + 12, 0x0800);
}
