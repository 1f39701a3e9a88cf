/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/foreign.h"

#include <string.h>

#include <rte_ether.h>
#include <rte_jhash.h>
#include <rte_udp.h>

#include "packet/dpdk_compat.h"
#include "packet/meta.h"

struct fragment {
	uint64_t key;
	uint16_t at; /* of what it carries, from the Ethernet header on */
	bool first;
};

/* `len`: 4 or 16, of an address. */
static uint64_t hash(const void *src, uint32_t len, uint32_t id)
{
	uint32_t a = id, b = len, aligned[4] = {0};

	memcpy(aligned, src, len); /* it reads whole words */
	rte_jhash_2hashes(aligned, len, &a, &b);
	return (uint64_t)b << 32 | a;
}

/* By `src_version`, which classify found. The destination is ours, mostly the only one. */
static struct fragment look(struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const struct rte_ipv4_hdr *ip = (const void *)(eth + 1);
	const struct rte_ipv6_hdr *ip6 = (const void *)(eth + 1);
	const struct rte_ipv6_fragment_ext *ext = (const void *)(ip6 + 1);

	if (ovnet_meta(m)->src_version == 4)
		return (struct fragment){
			.key = hash(&ip->src_addr, sizeof(ip->src_addr), ip->packet_id),
			.at = (uint16_t)(RTE_ETHER_HDR_LEN + rte_ipv4_hdr_len(ip)),
			.first = (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)) == 0,
		};
	return (struct fragment){
		.key = hash(ovnet_ip6_src(ip6), 16, ext->id),
		.at = RTE_ETHER_HDR_LEN + sizeof(*ip6) + sizeof(*ext),
		.first = (ext->frag_data & RTE_BE16(RTE_IPV6_EHDR_FO_MASK)) == 0,
	};
}

bool ovnet_foreign_is(
	struct ovnet_foreign *f, struct rte_mbuf *m, uint16_t udp_port, uint64_t now, uint64_t ttl)
{
	const struct fragment it = look(m);
	unsigned i = (unsigned)(it.key % OVNET_FOREIGN_MAX);
	struct rte_udp_hdr copy;
	const struct rte_udp_hdr *udp;

	if (!it.first)
		return f->datagram[i].key == it.key && now < f->datagram[i].until;
	udp = rte_pktmbuf_read(m, it.at, sizeof(copy), &copy);
	if (udp == NULL)
		return false; /* the table has a word for it */
	if (rte_be_to_cpu_16(udp->dst_port) != udp_port) {
		f->datagram[i].key = it.key;
		f->datagram[i].until = now + ttl;
		return true;
	}
	/* The identification came round: the overlay's from now on. */
	if (f->datagram[i].key == it.key)
		f->datagram[i].until = 0;
	return false;
}
