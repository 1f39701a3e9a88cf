/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/udp_run.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#define HEAD4    (RTE_ETHER_HDR_LEN + 20 + 8)
#define HEAD6    (RTE_ETHER_HDR_LEN + 40 + 8)
#define LARGEST  65535 /* bytes of frame */
#define FRAGMENT RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)

static_assert(OVNET_UDP_RUN_HEAD >= HEAD4 && OVNET_UDP_RUN_HEAD >= HEAD6, "either IP version");

static uint64_t load64(const uint8_t *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static uint32_t load32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static uint16_t load16(const uint8_t *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

/* The headers' length, if they are of the two forms a tunnel sends. */
static uint16_t head_of(const struct rte_mbuf *m)
{
	const uint8_t *at = rte_pktmbuf_mtod(m, const uint8_t *);

	if (m->data_len < HEAD4)
		return 0;
	const uint16_t type = load16(at + 12);
	if (type == RTE_BE16(RTE_ETHER_TYPE_IPV4))
		return at[14] == RTE_IPV4_VHL_DEF && at[23] == IPPROTO_UDP &&
				       (load16(at + 20) & FRAGMENT) == 0
			       ? HEAD4
			       : 0;
	return type == RTE_BE16(RTE_ETHER_TYPE_IPV6) && m->data_len >= HEAD6 &&
			       at[20] == IPPROTO_UDP
		       ? HEAD6
		       : 0;
}

/* UDP payload; 0: none, or the lengths are not those of the frame. */
static uint16_t payload_of(const struct rte_mbuf *m, uint16_t head)
{
	const uint8_t *at = rte_pktmbuf_mtod(m, const uint8_t *);
	const uint16_t udp = rte_be_to_cpu_16(load16(at + head - 4));
	const uint16_t ip = rte_be_to_cpu_16(load16(at + (head == HEAD4 ? 16 : 18)));

	if (m->pkt_len != head - 8u + udp || ip != udp + (head == HEAD4 ? 20 : 0) || udp < 8)
		return 0;
	return (uint16_t)(udp - 8);
}

/* Both of that length at least; what a cut makes anew is left out. */
static bool same_head(const struct rte_mbuf *one, const struct rte_mbuf *other, uint16_t head)
{
	const uint8_t *a = rte_pktmbuf_mtod(one, const uint8_t *);
	const uint8_t *b = rte_pktmbuf_mtod(other, const uint8_t *);
	/* Ethernet, version, TOS. */
	uint64_t differs = (load64(a) ^ load64(b)) | (load64(a + 8) ^ load64(b + 8));

	if (head == HEAD4)
		return (differs | (load32(a + 20) ^ load32(b + 20)) |
			       (load64(a + 26) ^ load64(b + 26)) |
			       (load32(a + 34) ^ load32(b + 34))) == 0;
	differs |= (uint64_t)(load16(a + 16) ^ load16(b + 16)) |
		   (uint64_t)(load16(a + 20) ^ load16(b + 20));
	for (unsigned i = 22; i < 54; i += 8)
		differs |= load64(a + i) ^ load64(b + i);
	return (differs | (load32(a + 54) ^ load32(b + 54))) == 0;
}

struct ovnet_udp_run ovnet_udp_run(struct rte_mbuf *const *pkts, unsigned n, uint16_t mtu)
{
	const struct rte_mbuf *first = pkts[0];
	struct ovnet_udp_run run = {.frames = 1, .head = head_of(first)};

	if (run.head == 0)
		return run;
	run.size = run.len = payload_of(first, run.head);
	if (run.size == 0) {
		run.head = 0;
		return run;
	}
	if (first->pkt_len - RTE_ETHER_HDR_LEN > mtu)
		return run;
	n = RTE_MIN(n, (unsigned)OVNET_UDP_RUN_FRAMES);
	for (unsigned i = 1; i < n; i++) {
		const struct rte_mbuf *m = pkts[i];

		if (m->data_len < run.head || !same_head(first, m, run.head))
			break;
		const uint16_t len = payload_of(m, run.head);
		if (len == 0 || len > run.size || run.head + run.len + len > LARGEST)
			break;
		run.len = (uint16_t)(run.len + len);
		run.frames++;
		if (len < run.size)
			break; /* the last one */
	}
	return run;
}

void ovnet_udp_run_head(uint8_t *to, const struct ovnet_udp_run *run, const struct rte_mbuf *first)
{
	const uint16_t udp_len = (uint16_t)(sizeof(struct rte_udp_hdr) + run->len);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(to + run->head - sizeof(*udp));

	memcpy(to, rte_pktmbuf_mtod(first, const void *), run->head);
	udp->dgram_len = rte_cpu_to_be_16(udp_len);
	if (run->head == HEAD4) {
		struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(to + RTE_ETHER_HDR_LEN);
		ip->total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + udp_len));
		ip->hdr_checksum = 0;
		ip->hdr_checksum = rte_ipv4_cksum(ip);
		udp->dgram_cksum = rte_ipv4_phdr_cksum(ip, 0);
	} else {
		struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)(to + RTE_ETHER_HDR_LEN);
		ip->payload_len = rte_cpu_to_be_16(udp_len);
		udp->dgram_cksum = rte_ipv6_phdr_cksum(ip, 0);
	}
}
