/* SPDX-License-Identifier: BSD-3-Clause */
/* How classify knows a fragment of UDP over IPv6. Private to lib/path. */
#ifndef OVNET_PATH_FRAGMENT6_H
#define OVNET_PATH_FRAGMENT6_H

#include <netinet/in.h>
#include <string.h>

#include <rte_ether.h>

#include "packet/dpdk_compat.h"
#include "path/path.h"

#define FRAGMENT6_HEADERS \
	(RTE_ETHER_HDR_LEN + sizeof(struct rte_ipv6_hdr) + sizeof(struct rte_ipv6_fragment_ext))

/*
 * For us, and as long as it says, with the fragment header behind the IPv6 header as every sender
 * puts it; other extension headers are not the overlay's. Notes its source.
 */
static inline bool is_fragment6(const struct ovnet_port *port, struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)(eth + 1);
	const struct rte_ipv6_fragment_ext *fragment = (const void *)(ip + 1);

	if (m->data_len < FRAGMENT6_HEADERS || eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV6))
		return false;
	if ((ip->vtc_flow & RTE_BE32(0xf0000000)) != RTE_BE32(0x60000000) ||
		ip->proto != IPPROTO_FRAGMENT || fragment->next_header != IPPROTO_UDP)
		return false;
	if (rte_be_to_cpu_16(ip->payload_len) < sizeof(*fragment) ||
		RTE_ETHER_HDR_LEN + sizeof(*ip) + rte_be_to_cpu_16(ip->payload_len) > m->pkt_len)
		return false;
	if (port->local6.family != 0 && memcmp(ovnet_ip6_dst(ip), port->local6.v6, 16) != 0)
		return false;
	memcpy(ovnet_meta(m)->src6, ovnet_ip6_src(ip), 16);
	ovnet_meta(m)->src_version = 6;
	return true;
}

#endif
