/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets of attach ports that are no plain traffic: what a guest may ask ovnet although it has no
 * address yet, and what no guest may send, because it would tell others who they are (DHCP server,
 * router), whatever the mode of validation. Private to lib/path.
 */
#ifndef OVNET_PATH_ATTACHED_H
#define OVNET_PATH_ATTACHED_H

#include "path/reach.h"

#define TO_LOCAL (-3) /* a verdict beside PASS and the drop reasons: ovnet itself is asked */

/* DHCP's, by a UDP destination port in host order: the client's or the server's of DHCPv4. */
static __rte_always_inline bool is_dhcp4_port(uint16_t port)
{
	return (port & ~1u) == 68 || port == 67;
}

/*
 * Worth a look by ovnet_attached_check()? By ports and types alone; or it is behind extension
 * headers. `len` contiguous bytes from the IP header on.
 */
static inline bool is_special_at(const void *ip, uint32_t len)
{
	const struct rte_ipv4_hdr *ip4 = ip;
	const struct rte_ipv6_hdr *ip6 = ip;
	const bool v6 = is_ip6(ip4);
	const unsigned header = v6 ? IP6_LEN : ip4_header_len(ip4);
	const uint8_t proto = v6 ? ip6->proto : ip4->next_proto_id;
	const uint8_t *upper = (const uint8_t *)ip4 + header;

	if (likely(proto == IPPROTO_TCP))
		return false;
	if (proto == IPPROTO_UDP && likely(len >= header + 4)) {
		const uint16_t port = (uint16_t)(upper[2] << 8 | upper[3]);
		return v6 ? (port & ~1u) == 546 || port == 67 : is_dhcp4_port(port);
	}
	if (proto == IPPROTO_ICMPV6 && len > header)
		return *upper >= 133 && *upper <= 137;
	return v6;
}

static inline bool is_special(const struct rte_mbuf *m)
{
	return is_special_at(rte_pktmbuf_mtod(m, const void *), m->data_len);
}

/*
 * `bound`: by source and MAC address it is who lives there. PASS: it is, and the packet a plain
 * one; TO_LOCAL; or why it is dropped.
 */
int ovnet_attached_check(const struct ovnet_path_ctx *ctx, struct rte_mbuf *m, bool bound);

#endif
