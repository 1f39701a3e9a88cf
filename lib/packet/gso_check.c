/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "packet/gso.h"
#include "packet/gso_headers.h"
#include "packet/segments.h"

/* Its headers, which are then contiguous. */
static bool find(struct rte_mbuf *m, uint16_t link, struct gso_headers *h)
{
	const uint32_t most = link + RTE_MIN(OVNET_GSO_HEADERS, ovnet_meta(m)->l3_len);
	const uint16_t avail = (uint16_t)RTE_MIN(m->data_len, most);

	if (avail > link && gso_find(rte_pktmbuf_mtod_offset(m, uint8_t *, link), avail - link, h))
		return true;
	return avail < most && ovnet_pull(m, (uint16_t)most) == 0 &&
	       gso_find(rte_pktmbuf_mtod_offset(m, uint8_t *, link), most - link, h);
}

static bool is_as_said(const struct ovnet_meta *meta, const uint8_t *ip, uint16_t link,
	const struct gso_headers *h)
{
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(ip + h->l4);

	if (meta->offload != (OVNET_OFF_CSUM | gso_kind(h)) || meta->gso_size == 0 ||
		meta->csum_start != link + h->l4 || meta->csum_offset != gso_csum_offset(h))
		return false;
	return h->proto == IPPROTO_TCP || rte_be_to_cpu_16(udp->dgram_len) == meta->l3_len - h->l4;
}

static uint32_t segs_max(const struct ovnet_meta *meta, const struct gso_headers *h)
{
	return h->proto == IPPROTO_TCP && meta->gso_size >= OVNET_GSO_TCP_LEAST
		       ? OVNET_GSO_TCP_SEGS_MAX
		       : OVNET_GSO_SEGS_MAX;
}

int ovnet_gso_check(struct rte_mbuf *m, uint16_t link)
{
	struct ovnet_meta *meta = ovnet_meta(m);
	struct gso_headers h;

	if (!find(m, link, &h) ||
		!is_as_said(meta, rte_pktmbuf_mtod_offset(m, uint8_t *, link), link, &h))
		return -EINVAL;
	const uint32_t payload = meta->l3_len - h.len;
	if (payload <= meta->gso_size) {
		meta->offload &= (uint8_t)~OVNET_OFF_GSO;
		return 0;
	}
	const uint32_t segs = (payload + meta->gso_size - 1) / meta->gso_size;
	if (segs > segs_max(meta, &h))
		return -EINVAL;
	meta->hdr_len = h.len;
	meta->gso_segs = (uint16_t)segs;
	return 0;
}
