/* SPDX-License-Identifier: BSD-3-Clause */
#include "methods/why_packet.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <string.h>
#include <sys/socket.h>

#include "encap/vxlan4.h"
#include "encap/vxlan6.h"

#define TTL      64
#define SRC_PORT 49152 /* of tunnels */

static uint32_t inner4(uint8_t *at, const struct ovnet_addr *src, const struct ovnet_addr *dst,
	uint16_t size, bool df)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)at;
	struct rte_icmp_hdr *icmp = (struct rte_icmp_hdr *)(ip + 1);

	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16(size);
	ip->fragment_offset = df ? RTE_BE16(RTE_IPV4_HDR_DF_FLAG) : 0;
	ip->time_to_live = TTL;
	ip->next_proto_id = IPPROTO_ICMP;
	ip->src_addr = src->v4_be;
	ip->dst_addr = dst->v4_be;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	icmp->icmp_type = ICMP_ECHO;
	icmp->icmp_cksum = (uint16_t)~rte_raw_cksum(icmp, size - sizeof(*ip));
	return size;
}

static uint32_t inner6(
	uint8_t *at, const struct ovnet_addr *src, const struct ovnet_addr *dst, uint16_t size)
{
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)at;
	uint8_t *icmp = (uint8_t *)(ip + 1);
	uint16_t csum;

	at[0] = 0x60;
	ip->payload_len = rte_cpu_to_be_16((uint16_t)(size - sizeof(*ip)));
	ip->proto = IPPROTO_ICMPV6;
	ip->hop_limits = TTL;
	memcpy(at + 8, src->v6, 16);
	memcpy(at + 24, dst->v6, 16);
	icmp[0] = ICMP6_ECHO_REQUEST;
	csum = rte_ipv6_udptcp_cksum(ip, icmp);
	memcpy(icmp + 2, &csum, sizeof(csum));
	return size;
}

uint32_t why_inner(uint8_t *at, const struct ovnet_addr *src, const struct ovnet_addr *dst,
	uint16_t size, bool df)
{
	memset(at, 0, size);
	return src->family == AF_INET6 ? inner6(at, src, dst, size)
				       : inner4(at, src, dst, size, df);
}

static uint16_t type_of(const uint8_t *ip)
{
	return *ip >> 4 == 6 ? RTE_BE16(RTE_ETHER_TYPE_IPV6) : RTE_BE16(RTE_ETHER_TYPE_IPV4);
}

static void put_ethernet(uint8_t *at, const uint8_t *dst, const uint8_t *src, uint16_t type)
{
	memcpy(at, dst, RTE_ETHER_ADDR_LEN);
	memcpy(at + RTE_ETHER_ADDR_LEN, src, RTE_ETHER_ADDR_LEN);
	memcpy(at + 2 * RTE_ETHER_ADDR_LEN, &type, sizeof(type));
}

uint32_t why_link(uint8_t *ip, const struct ovnet_port *port, const struct ovnet_mac *mac)
{
	const struct ovnet_mac own = ovnet_port_mac(port);

	if ((port->caps & OVNET_CAP_L3) != 0)
		return 0;
	put_ethernet(ip - RTE_ETHER_HDR_LEN, own.b, mac->b, type_of(ip));
	return RTE_ETHER_HDR_LEN;
}

static void swap(uint8_t *a, uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const uint8_t was = a[i];
		a[i] = b[i];
		b[i] = was;
	}
}

/* As we would send to the peer, addresses exchanged: no checksum changes by that. */
uint32_t why_outer(uint8_t *ip, uint16_t len, const struct ovnet_port *port,
	const struct ovnet_peer *peer, const struct ovnet_nexthop *nh)
{
	const struct ovnet_outer4_packet p4 = {.inner_len = len, .src_port = SRC_PORT};
	const struct ovnet_outer6_packet p6 = {.inner_len = len, .src_port = SRC_PORT};
	const struct ovnet_mac own = ovnet_port_mac(port);
	uint8_t eth[16] = {0}, *at;

	/* From the gateway, say, as far as it is known. */
	put_ethernet(eth, nh != NULL && nh->resolved ? nh->eth : own.b, own.b,
		RTE_BE16(RTE_ETHER_TYPE_IPV4));
	switch ((enum ovnet_encap)peer->encap) {
	case OVNET_ENCAP_VXLAN4:
		at = ip - OVNET_VXLAN4_LEN;
		ovnet_vxlan4_push(at, &peer->rewrite, eth, &p4);
		swap(at + 26, at + 30, 4);
		swap(at + 50, at + 56, RTE_ETHER_ADDR_LEN);
		break;
	case OVNET_ENCAP_UDP4:
		at = ip - OVNET_UDP4_LEN;
		ovnet_udp4_push(at, &peer->rewrite, eth, &p4);
		swap(at + 26, at + 30, 4);
		break;
	case OVNET_ENCAP_VXLAN6:
		at = ip - OVNET_VXLAN6_LEN;
		ovnet_vxlan6_push(at, &peer->rewrite, eth, &p6);
		swap(at + 22, at + 38, 16);
		swap(at + 70, at + 76, RTE_ETHER_ADDR_LEN);
		break;
	default:
		at = ip - OVNET_ETH_LEN;
		put_ethernet(at, eth, own.b, type_of(ip));
		break;
	}
	swap(at, at + RTE_ETHER_ADDR_LEN, RTE_ETHER_ADDR_LEN);
	return (uint32_t)(ip - at);
}
