/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/ip6_upper.h"

#include <errno.h>
#include <netinet/in.h>

#include <rte_ip.h>

#define MAX_EXTENSIONS 8

struct extension {
	uint8_t next, len;
	rte_be16_t fragment; /* offset and flags, in a fragment header only */
} __rte_packed;

static bool is_extension(uint8_t proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING || proto == IPPROTO_FRAGMENT ||
	       proto == IPPROTO_DSTOPTS || proto == IPPROTO_AH;
}

static uint32_t extension_len(uint8_t proto, const struct extension *e)
{
	if (proto == IPPROTO_FRAGMENT)
		return 8;
	return proto == IPPROTO_AH ? (e->len + 2u) * 4 : (e->len + 1u) * 8;
}

/* Over the extension header at `up`. */
static int step(const struct rte_mbuf *m, struct ovnet_ip6_upper *up)
{
	struct extension room;

	const struct extension *e = rte_pktmbuf_read(m, up->off, sizeof(room), &room);
	if (e == NULL)
		return -EINVAL;
	uint32_t len = extension_len(up->proto, e);
	if (up->len - up->off < len)
		return -EINVAL;
	up->later_fragment = up->proto == IPPROTO_FRAGMENT && (e->fragment & RTE_BE16(0xfff8)) != 0;
	up->proto = e->next;
	up->off = (uint16_t)(up->off + len);
	return 0;
}

int ovnet_ip6_upper(const struct rte_mbuf *m, struct ovnet_ip6_upper *up)
{
	struct rte_ipv6_hdr room;
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_read(m, 0, sizeof(room), &room);

	if (ip == NULL || (ip->vtc_flow & RTE_BE32(0xf0000000)) != RTE_BE32(0x60000000))
		return -EINVAL;
	*up = (struct ovnet_ip6_upper){
		.len = RTE_MIN(m->pkt_len, sizeof(*ip) + rte_be_to_cpu_16(ip->payload_len)),
		.off = sizeof(*ip),
		.proto = ip->proto,
	};
	for (unsigned i = 0; i < MAX_EXTENSIONS; i++) {
		/* What follows in a later fragment is in the middle of something. */
		if (up->later_fragment || !is_extension(up->proto))
			return 0;
		if (step(m, up) < 0)
			return -EINVAL;
	}
	return is_extension(up->proto) ? -EINVAL : 0;
}
