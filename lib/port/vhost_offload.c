/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/vhost_offload.h"

#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_net.h>
#include <rte_tcp.h>
#include <rte_udp.h>
#include <rte_vhost.h>

#include "packet/csum.h"
#include "port/vhost_int.h"

#define BIT(n) (UINT64_C(1) << (n))

#define IP6_BYTES  40
#define FRAME_MAX  (UINT16_MAX + RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN)
#define L3_LEN_MAX 511 /* of mbuf.l3_len, which has nine bits */

/* A packet's headers as they are found in it. */
struct headers {
	uint32_t ptype;
	uint16_t l2, l3;
};

static bool describe_csum(struct rte_mbuf *m, struct headers *h)
{
	struct ovnet_meta *meta = ovnet_meta(m);
	struct rte_net_hdr_lens lens = {0};

	h->ptype = rte_net_get_ptype(
		m, &lens, RTE_PTYPE_L2_MASK | RTE_PTYPE_L3_MASK | RTE_PTYPE_L4_MASK);
	h->l2 = lens.l2_len;
	h->l3 = lens.l3_len;
	if ((h->ptype & RTE_PTYPE_L4_MASK) == RTE_PTYPE_L4_TCP)
		meta->csum_offset = offsetof(struct rte_tcp_hdr, cksum);
	else if ((h->ptype & RTE_PTYPE_L4_MASK) == RTE_PTYPE_L4_UDP)
		meta->csum_offset = offsetof(struct rte_udp_hdr, dgram_cksum);
	else
		return false;
	meta->csum_start = (uint16_t)(h->l2 + h->l3);
	/* Of a header that is cut off, the field may lie behind the end. */
	if (meta->csum_start + meta->csum_offset + 2u > m->data_len)
		return false;
	meta->offload = OVNET_OFF_CSUM;
	return true;
}

/* With the length of the whole, as virtio and the kernel have it. */
static void write_pseudo_sum(struct rte_mbuf *m, const struct headers *h, bool v6)
{
	const void *ip = rte_pktmbuf_mtod_offset(m, const void *, h->l2);
	struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(m, struct rte_tcp_hdr *, h->l2 + h->l3);
	struct rte_ipv6_hdr plain;

	if (!v6) {
		tcp->cksum = rte_ipv4_phdr_cksum(ip, 0);
		return;
	}
	memcpy(&plain, ip, sizeof(plain));
	plain.proto = IPPROTO_TCP;
	plain.payload_len = rte_cpu_to_be_16(
		(uint16_t)(rte_be_to_cpu_16(plain.payload_len) + IP6_BYTES - h->l3));
	tcp->cksum = rte_ipv6_phdr_cksum(&plain, 0);
}

static bool describe_segments(struct rte_mbuf *m, const struct headers *h, uint64_t features)
{
	struct ovnet_meta *meta = ovnet_meta(m);
	const bool v6 = !RTE_ETH_IS_IPV4_HDR(h->ptype);

	if ((h->ptype & RTE_PTYPE_L4_MASK) != RTE_PTYPE_L4_TCP || m->pkt_len > FRAME_MAX ||
		(features & BIT(v6 ? VIRTIO_NET_F_HOST_TSO6 : VIRTIO_NET_F_HOST_TSO4)) == 0 ||
		h->l2 + h->l3 + sizeof(struct rte_tcp_hdr) > m->data_len)
		return false;
	meta->offload |= v6 ? OVNET_OFF_TSO6 : OVNET_OFF_TSO4;
	meta->gso_size = m->tso_segsz;
	write_pseudo_sum(m, h, v6);
	return true;
}

bool vhost_offload_in(struct rte_mbuf *m, uint64_t features, enum ovnet_drop *why)
{
	const bool segments = (m->ol_flags & RTE_MBUF_F_RX_LRO) != 0;
	struct headers h;

	/* One that is not to be cut fits a buffer, as any MTU does. */
	*why = OVNET_DROP_GSO_STATE;
	if (!segments && m->nb_segs > 1)
		return false;
	if ((m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) != RTE_MBUF_F_RX_L4_CKSUM_NONE)
		return true;
	if (segments)
		return describe_csum(m, &h) && describe_segments(m, &h, features);
	*why = OVNET_DROP_CSUM_STATE;
	return describe_csum(m, &h);
}

/* Where the transport header begins, and its protocol; 0: not behind one plain IP header. */
static uint16_t transport_at(const struct rte_mbuf *m, uint8_t *proto, uint64_t *version)
{
	const uint8_t *b = rte_pktmbuf_mtod(m, const uint8_t *);
	uint16_t type;

	if (m->data_len < RTE_ETHER_HDR_LEN + IP6_BYTES)
		return 0; /* shorter than any IPv4 header with TCP, and than all of IPv6's */
	memcpy(&type, b + 2 * RTE_ETHER_ADDR_LEN, sizeof(type));
	if (type == RTE_BE16(RTE_ETHER_TYPE_IPV4)) {
		*proto = b[RTE_ETHER_HDR_LEN + 9];
		*version = RTE_MBUF_F_TX_IPV4;
		return (uint16_t)(RTE_ETHER_HDR_LEN + 4 * (b[RTE_ETHER_HDR_LEN] & 0xf));
	}
	if (type != RTE_BE16(RTE_ETHER_TYPE_IPV6))
		return 0;
	*proto = b[RTE_ETHER_HDR_LEN + 6];
	*version = RTE_MBUF_F_TX_IPV6;
	return RTE_ETHER_HDR_LEN + IP6_BYTES;
}

static bool describe_tx_csum(struct rte_mbuf *m)
{
	const struct ovnet_meta *meta = ovnet_meta(m);
	uint64_t version = 0, l4;
	uint8_t proto = 0;
	uint16_t at = transport_at(m, &proto, &version);

	if (at == 0 || at != meta->csum_start || at + meta->csum_offset + 2 > m->data_len)
		return false;
	if (proto == IPPROTO_TCP && meta->csum_offset == offsetof(struct rte_tcp_hdr, cksum))
		l4 = RTE_MBUF_F_TX_TCP_CKSUM;
	else if (proto == IPPROTO_UDP &&
		 meta->csum_offset == offsetof(struct rte_udp_hdr, dgram_cksum))
		l4 = RTE_MBUF_F_TX_UDP_CKSUM;
	else
		return false;
	m->l2_len = RTE_ETHER_HDR_LEN;
	m->l3_len = at - RTE_ETHER_HDR_LEN;
	m->ol_flags |= version | l4;
	return true;
}

/* All but the last byte of the headers into a buffer of their own, in front. NULL: there is none.
 */
static struct rte_mbuf *part_headers(struct rte_mbuf *m, uint16_t headers, struct rte_mempool *pool)
{
	const uint16_t part = (uint16_t)(headers - 1);
	struct rte_mbuf *front = rte_pktmbuf_alloc(pool);
	char *to = front != NULL ? rte_pktmbuf_append(front, part) : NULL;

	if (to == NULL) {
		rte_pktmbuf_free(front);
		return NULL;
	}
	memcpy(to, rte_pktmbuf_mtod(m, const void *), part);
	*ovnet_meta(front) = *ovnet_meta(m);
	front->ol_flags = m->ol_flags;
	front->packet_type = m->packet_type;
	front->pkt_len = m->pkt_len;
	front->nb_segs = (uint16_t)(m->nb_segs + 1);
	front->next = m;
	m->nb_segs = 1;
	(void)rte_pktmbuf_adj(m, part);
	return front;
}

static bool describe_tx_segments(struct rte_mbuf **pkt, uint64_t features, struct rte_mempool *pool)
{
	struct rte_mbuf *m = *pkt;
	const struct ovnet_meta *meta = ovnet_meta(m);
	const bool v6 = (meta->offload & OVNET_OFF_TSO6) != 0;
	const uint16_t start = meta->csum_start;
	const uint32_t headers = RTE_ETHER_HDR_LEN + (uint32_t)meta->hdr_len;

	if ((features & BIT(VIRTIO_NET_F_GUEST_CSUM)) == 0 ||
		(features & BIT(v6 ? VIRTIO_NET_F_GUEST_TSO6 : VIRTIO_NET_F_GUEST_TSO4)) == 0 ||
		(meta->offload & OVNET_OFF_USO) != 0 || start <= RTE_ETHER_HDR_LEN ||
		start - RTE_ETHER_HDR_LEN > L3_LEN_MAX ||
		start + sizeof(struct rte_tcp_hdr) > headers || headers - start > UINT8_MAX)
		return false;
	/* One byte less: it was given to a guest before, whose ring was full. */
	if (m->data_len + 1u < headers)
		return false;
	if (m->data_len >= headers && (m = part_headers(m, (uint16_t)headers, pool)) == NULL)
		return false;
	m->l2_len = RTE_ETHER_HDR_LEN;
	m->l3_len = start - RTE_ETHER_HDR_LEN;
	m->l4_len = headers - start;
	m->tso_segsz = ovnet_meta(m)->gso_size;
	m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG | (v6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4);
	*pkt = m;
	return true;
}

bool vhost_offload_out(struct rte_mbuf **m, uint64_t features, struct rte_mempool *pool)
{
	if ((ovnet_meta(*m)->offload & OVNET_OFF_GSO) != 0)
		return describe_tx_segments(m, features, pool);
	if ((features & BIT(VIRTIO_NET_F_GUEST_CSUM)) != 0 && describe_tx_csum(*m))
		return true;
	return ovnet_csum_finish(*m) == 0;
}
