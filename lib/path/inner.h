/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is asked of an inner packet, from whichever side it comes: classify asks it of a guest's and
 * the host's, decap of what was in the tunnel. Private to lib/path, bodies of their loops.
 */
#ifndef OVNET_PATH_INNER_H
#define OVNET_PATH_INNER_H

#include "packet/gso.h"
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
 * What is undone, once the packet is what its IP header says. Finishing a partial checksum writes
 * into the packet: into what the IP header carries, never into the header, whose addresses were
 * judged as they stand.
 */
static __rte_noinline int inner_check_undone(struct rte_mbuf *m, unsigned ip_header, bool ours)
{
	const struct ovnet_meta *meta = ovnet_meta(m);

	if (meta->offload & OVNET_OFF_GSO)
		return ours && ovnet_gso_check(m, 0) == 0 ? PASS : OVNET_DROP_GSO_STATE;
	return meta->csum_start < ip_header ? OVNET_DROP_CSUM_STATE : PASS;
}

/*
 * On PASS the packet is what its header says and nothing more, and the metadata says which.
 * `ours`, a constant: it is from a port of this node. Then the inner source is what the metadata
 * has for one, noted as soon as it can be read, and it may be still to be cut.
 */
static __rte_always_inline int inner_check4(struct rte_mbuf *m, struct ovnet_meta *meta, bool ours)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	int why = ip4_check(ip, m->data_len, m->pkt_len);

	if (unlikely(why != PASS))
		return why;
	if (ours) {
		meta->src_be = ip->src_addr;
		meta->src_version = 4;
	}
	meta->ip_version = 4;
	meta->l3_len = rte_be_to_cpu_16(ip->total_length);
	trim_to(m, meta->l3_len);
	return likely(meta->offload == 0) ? PASS : inner_check_undone(m, ip4_header_len(ip), ours);
}

static __rte_always_inline int inner_check6(struct rte_mbuf *m, struct ovnet_meta *meta, bool ours)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	int why = ip6_check(ip, m->data_len, m->pkt_len);

	if (unlikely(why != PASS))
		return why;
	if (ours) {
		memcpy(meta->src6, ovnet_ip6_src(ip), sizeof(meta->src6));
		meta->src_version = 6;
	}
	meta->ip_version = 6;
	meta->l3_len = ip6_total(ip);
	trim_to(m, meta->l3_len);
	return likely(meta->offload == 0) ? PASS : inner_check_undone(m, IP6_LEN, ours);
}

#endif
