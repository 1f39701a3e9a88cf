/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is asked of an inner packet, from whichever side it comes: classify asks it of a guest's and
 * the host's, decap of what was in the tunnel. Private to lib/path, bodies of their loops.
 */
#ifndef OVNET_PATH_INNER_H
#define OVNET_PATH_INNER_H

#include "path/ip6.h"

/* Takes off the Ethernet header, which is there. */
static __rte_always_inline int inner_strip_ethernet(struct rte_mbuf *m, struct ovnet_meta *meta)
{
	if (unlikely(meta->offload & OVNET_OFF_CSUM)) {
		if (meta->csum_start < RTE_ETHER_HDR_LEN)
			return OVNET_DROP_CSUM_STATE;
		meta->csum_start -= RTE_ETHER_HDR_LEN;
	}
	strip(m, RTE_ETHER_HDR_LEN);
	return PASS;
}

/*
 * On PASS the packet is what its header says and nothing more, and the metadata says which.
 * `source`, a constant: is the inner source what the metadata has for one? Noted as soon as it can
 * be read.
 */
static __rte_always_inline int inner_check4(
	struct rte_mbuf *m, struct ovnet_meta *meta, bool source)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	int why = ip4_check(ip, m->data_len, m->pkt_len);

	if (unlikely(why != PASS))
		return why;
	if (source) {
		meta->src_be = ip->src_addr;
		meta->src_version = 4;
	}
	why = check_offload(meta, ip4_header_len(ip));
	if (unlikely(why != PASS))
		return why;
	meta->ip_version = 4;
	meta->l3_len = rte_be_to_cpu_16(ip->total_length);
	trim_to(m, meta->l3_len);
	return PASS;
}

static __rte_always_inline int inner_check6(
	struct rte_mbuf *m, struct ovnet_meta *meta, bool source)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	int why = ip6_check(ip, m->data_len, m->pkt_len);

	if (unlikely(why != PASS))
		return why;
	if (source) {
		memcpy(meta->src6, ovnet_ip6_src(ip), sizeof(meta->src6));
		meta->src_version = 6;
	}
	why = check_offload(meta, IP6_LEN);
	if (unlikely(why != PASS))
		return why;
	meta->ip_version = 6;
	meta->l3_len = ip6_total(ip);
	trim_to(m, meta->l3_len);
	return PASS;
}

#endif
