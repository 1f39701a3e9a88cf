/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/udp_frame.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_udp.h>

#include "packet/dpdk_compat.h"

#define HOPS 64 /* which it had left is of no interest to anybody */

/* Where to, as the messages say it. */
struct arrival {
	uint8_t family; /* 0: not told, or not for us alone */
	uint8_t tos;
	struct in_addr dst4;
	struct in6_addr dst6;
};

static void read_ip(struct arrival *a, const struct cmsghdr *c)
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

static void read_ip6(struct arrival *a, const struct cmsghdr *c)
{
	struct in6_pktinfo info;
	int tclass;

	if (c->cmsg_type == IPV6_TCLASS && c->cmsg_len >= CMSG_LEN(sizeof(tclass))) {
		memcpy(&tclass, CMSG_DATA(c), sizeof(tclass));
		a->tos = (uint8_t)tclass;
	} else if (c->cmsg_type == IPV6_PKTINFO && c->cmsg_len >= CMSG_LEN(sizeof(info))) {
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		a->dst6 = info.ipi6_addr;
		a->family = IN6_IS_ADDR_MULTICAST(&info.ipi6_addr) ? 0 : AF_INET6;
	}
}

static struct arrival read_messages(const struct msghdr *msg, uint32_t *lost)
{
	struct arrival a = {0};

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL;
		c = CMSG_NXTHDR((struct msghdr *)msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL &&
			c->cmsg_len >= CMSG_LEN(sizeof(*lost)))
			memcpy(lost, CMSG_DATA(c), sizeof(*lost));
		else if (c->cmsg_level == IPPROTO_IP)
			read_ip(&a, c);
		else if (c->cmsg_level == IPPROTO_IPV6)
			read_ip6(&a, c);
	}
	return a;
}

static uint8_t *put_ip4(uint8_t *at, const struct arrival *a, struct in_addr src, uint32_t udp_len)
{
	struct rte_ipv4_hdr ip = {.version_ihl = RTE_IPV4_VHL_DEF,
		.type_of_service = a->tos,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(ip) + udp_len)),
		.time_to_live = HOPS,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = src.s_addr,
		.dst_addr = a->dst4.s_addr};

	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	memcpy(at, &ip, sizeof(ip));
	return at + sizeof(ip);
}

static uint8_t *put_ip6(
	uint8_t *at, const struct arrival *a, const struct in6_addr *src, uint32_t udp_len)
{
	struct rte_ipv6_hdr ip = {.vtc_flow = rte_cpu_to_be_32(6u << 28 | (uint32_t)a->tos << 20),
		.payload_len = rte_cpu_to_be_16((uint16_t)udp_len),
		.proto = IPPROTO_UDP,
		.hop_limits = HOPS};

	ovnet_ip6_set_addrs(&ip, src, &a->dst6);
	memcpy(at, &ip, sizeof(ip));
	return at + sizeof(ip);
}

bool ovnet_udp_frame(struct ovnet_udp_frame *out, const struct msghdr *msg, uint32_t payload,
	uint16_t port, uint32_t *lost)
{
	struct arrival a = read_messages(msg, lost);
	struct rte_udp_hdr udp = {.dst_port = rte_cpu_to_be_16(port),
		.dgram_len = rte_cpu_to_be_16((uint16_t)(sizeof(udp) + payload))};
	uint8_t *at = out->bytes + RTE_ETHER_HDR_LEN;
	rte_be16_t type = RTE_BE16(RTE_ETHER_TYPE_IPV4);

	if (a.family == AF_INET) {
		const struct sockaddr_in *from = msg->msg_name;
		at = put_ip4(at, &a, from->sin_addr, sizeof(udp) + payload);
		udp.src_port = from->sin_port;
	} else if (a.family == AF_INET6) {
		const struct sockaddr_in6 *from = msg->msg_name;
		at = put_ip6(at, &a, &from->sin6_addr, sizeof(udp) + payload);
		udp.src_port = from->sin6_port;
		type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
	} else {
		return false;
	}
	memset(out->bytes, 0, RTE_ETHER_HDR_LEN);
	memcpy(out->bytes + offsetof(struct rte_ether_hdr, ether_type), &type, sizeof(type));
	memcpy(at, &udp, sizeof(udp));
	out->len = (uint16_t)(at + sizeof(udp) - out->bytes);
	return true;
}
