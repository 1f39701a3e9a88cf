/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/udp_frame.h"

#include <netinet/udp.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_udp.h>

#include "packet/dpdk_compat.h"

#define HOPS 64 /* which it had left is of no interest to anybody */

static void read_ip(struct ovnet_udp_arrival *a, const struct cmsghdr *c)
{
	struct in_pktinfo info;

	if (c->cmsg_type == IP_TOS && c->cmsg_len >= CMSG_LEN(1)) {
		a->tos = *CMSG_DATA(c);
	} else if (c->cmsg_type == IP_PKTINFO && c->cmsg_len >= CMSG_LEN(sizeof(info))) {
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		a->dst4 = info.ipi_addr;
		/* To answer a broadcast the kernel proposes another address. */
		a->family = info.ipi_addr.s_addr == info.ipi_spec_dst.s_addr ? AF_INET : 0;
	}
}

static void read_ip6(struct ovnet_udp_arrival *a, const struct cmsghdr *c)
{
	struct in6_pktinfo info;
	int tclass;

	if (c->cmsg_type == IPV6_TCLASS && c->cmsg_len >= CMSG_LEN(sizeof(tclass))) {
		memcpy(&tclass, CMSG_DATA(c), sizeof(tclass));
		a->tos = (uint8_t)tclass;
	} else if (c->cmsg_type == IPV6_PKTINFO && c->cmsg_len >= CMSG_LEN(sizeof(info))) {
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		/* Of IPv4 by a socket of both families IP_PKTINFO tells more. */
		if (IN6_IS_ADDR_V4MAPPED(&info.ipi6_addr))
			return;
		a->dst6 = info.ipi6_addr;
		a->family = IN6_IS_ADDR_MULTICAST(&info.ipi6_addr) ? 0 : AF_INET6;
	}
}

static void read_udp(struct ovnet_udp_arrival *a, const struct cmsghdr *c)
{
	int segment;

	if (c->cmsg_type != UDP_GRO || c->cmsg_len < CMSG_LEN(sizeof(segment)))
		return;
	memcpy(&segment, CMSG_DATA(c), sizeof(segment));
	if (segment > 0 && segment <= UINT16_MAX)
		a->segment = (uint16_t)segment;
}

static void read_sender(struct ovnet_udp_arrival *a, const struct sockaddr *from)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;

	if (from->sa_family == AF_INET) {
		a->sport = v4->sin_port;
		a->src4 = v4->sin_addr;
	} else {
		a->sport = v6->sin6_port;
		a->src6 = v6->sin6_addr;
		memcpy(&a->src4, v6->sin6_addr.s6_addr + 12, sizeof(a->src4)); /* mapped */
	}
}

bool ovnet_udp_arrival(struct ovnet_udp_arrival *out, const struct msghdr *msg, uint32_t *lost)
{
	*out = (struct ovnet_udp_arrival){0};
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL;
		c = CMSG_NXTHDR((struct msghdr *)msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL &&
			c->cmsg_len >= CMSG_LEN(sizeof(*lost)))
			memcpy(lost, CMSG_DATA(c), sizeof(*lost));
		else if (c->cmsg_level == IPPROTO_IP)
			read_ip(out, c);
		else if (c->cmsg_level == IPPROTO_IPV6)
			read_ip6(out, c);
		else if (c->cmsg_level == IPPROTO_UDP)
			read_udp(out, c);
	}
	read_sender(out, msg->msg_name);
	return out->family != 0;
}

static uint8_t *put_ip4(uint8_t *at, const struct ovnet_udp_arrival *a, uint32_t udp_len)
{
	struct rte_ipv4_hdr ip = {.version_ihl = RTE_IPV4_VHL_DEF,
		.type_of_service = a->tos,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(ip) + udp_len)),
		.time_to_live = HOPS,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = a->src4.s_addr,
		.dst_addr = a->dst4.s_addr};

	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	memcpy(at, &ip, sizeof(ip));
	return at + sizeof(ip);
}

static uint8_t *put_ip6(uint8_t *at, const struct ovnet_udp_arrival *a, uint32_t udp_len)
{
	struct rte_ipv6_hdr ip = {.vtc_flow = rte_cpu_to_be_32(6u << 28 | (uint32_t)a->tos << 20),
		.payload_len = rte_cpu_to_be_16((uint16_t)udp_len),
		.proto = IPPROTO_UDP,
		.hop_limits = HOPS};

	ovnet_ip6_set_addrs(&ip, &a->src6, &a->dst6);
	memcpy(at, &ip, sizeof(ip));
	return at + sizeof(ip);
}

void ovnet_udp_frame(struct ovnet_udp_frame *out, const struct ovnet_udp_arrival *from,
	uint32_t payload, uint16_t port)
{
	struct rte_udp_hdr udp = {.src_port = from->sport,
		.dst_port = rte_cpu_to_be_16(port),
		.dgram_len = rte_cpu_to_be_16((uint16_t)(sizeof(udp) + payload))};
	const bool v4 = from->family == AF_INET;
	const rte_be16_t type = v4 ? RTE_BE16(RTE_ETHER_TYPE_IPV4) : RTE_BE16(RTE_ETHER_TYPE_IPV6);
	uint8_t *at = out->bytes + RTE_ETHER_HDR_LEN;

	memset(out->bytes, 0, RTE_ETHER_HDR_LEN);
	memcpy(out->bytes + offsetof(struct rte_ether_hdr, ether_type), &type, sizeof(type));
	at = v4 ? put_ip4(at, from, sizeof(udp) + payload)
		: put_ip6(at, from, sizeof(udp) + payload);
	memcpy(at, &udp, sizeof(udp));
	out->len = (uint16_t)(at + sizeof(udp) - out->bytes);
}
