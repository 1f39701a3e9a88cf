/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/mss_clamp.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_tcp.h>

#include "packet/csum.h"
#include "packet/ip6_upper.h"
#include "packet/segments.h"

#define MAX_HEADER 60u
#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_MSS 2
#define MSS_LEN    4

/* Where TCP is in the packet: bytes from the IP header on. */
struct tcp_at {
	uint32_t off, end;
	uint16_t headers; /* IP and TCP without options */
};

static bool find_tcp4(const struct rte_mbuf *m, struct tcp_at *tcp)
{
	struct rte_ipv4_hdr room;
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_read(m, 0, sizeof(room), &room);

	if (ip == NULL || ip->next_proto_id != IPPROTO_TCP || rte_ipv4_hdr_len(ip) < sizeof(*ip) ||
		(ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)) != 0)
		return false;
	tcp->off = rte_ipv4_hdr_len(ip);
	tcp->end = RTE_MIN(m->pkt_len, rte_be_to_cpu_16(ip->total_length));
	tcp->headers = sizeof(*ip) + sizeof(struct rte_tcp_hdr);
	return true;
}

static bool find_tcp6(const struct rte_mbuf *m, struct tcp_at *tcp)
{
	struct ovnet_ip6_upper up;

	if (ovnet_ip6_upper(m, &up) < 0 || up.proto != IPPROTO_TCP || up.later_fragment)
		return false;
	tcp->off = up.off;
	tcp->end = up.len;
	tcp->headers = sizeof(struct rte_ipv6_hdr) + sizeof(struct rte_tcp_hdr);
	return true;
}

static bool find_tcp(const struct rte_mbuf *m, struct tcp_at *tcp)
{
	uint8_t byte;
	const uint8_t *version = rte_pktmbuf_read(m, 0, 1, &byte);

	if (version == NULL)
		return false;
	if (*version >> 4 == 4)
		return find_tcp4(m, tcp);
	return *version >> 4 == 6 && find_tcp6(m, tcp);
}

/* The length of a SYN's whole header, which is then in `header`; 0 if there is none to change. */
static unsigned read_syn(const struct rte_mbuf *m, const struct tcp_at *at, uint8_t *header)
{
	struct rte_tcp_hdr room;

	if (at->end < at->off + sizeof(room))
		return 0;
	const struct rte_tcp_hdr *tcp = rte_pktmbuf_read(m, at->off, sizeof(room), &room);
	if (tcp == NULL || (tcp->tcp_flags & RTE_TCP_SYN_FLAG) == 0)
		return 0;
	unsigned len = (tcp->data_off >> 4) * 4u;
	if (len < sizeof(*tcp) || len > at->end - at->off)
		return 0;
	const void *bytes = rte_pktmbuf_read(m, at->off, len, header);
	if (bytes == NULL)
		return 0;
	if (bytes != header)
		memcpy(header, bytes, len);
	return len;
}

/* The next MSS option's value from `at` on, as an offset into the TCP header; 0: none. */
static unsigned find_mss(const uint8_t *header, unsigned len, unsigned at)
{
	while (at < len && header[at] != OPTION_END) {
		if (header[at] == OPTION_NOP) {
			at++;
			continue;
		}
		unsigned option = at + 1 < len ? header[at + 1] : 0;
		if (option < 2 || option > len - at)
			return 0;
		if (header[at] == OPTION_MSS && option == MSS_LEN)
			return at + 2;
		at += option;
	}
	return 0;
}

static void put16(struct rte_mbuf *m, uint32_t off, const void *value)
{
	uint8_t bytes[2];

	memcpy(bytes, value, 2);
	*ovnet_byte_at(m, off) = bytes[0];
	*ovnet_byte_at(m, off + 1) = bytes[1];
}

static void lower(
	struct rte_mbuf *m, const struct tcp_at *tcp, unsigned at, uint8_t *header, uint16_t mss)
{
	struct ovnet_meta *meta = ovnet_meta(m);
	struct rte_tcp_hdr *fixed = (struct rte_tcp_hdr *)header;
	uint16_t from, to = rte_cpu_to_be_16(mss);

	memcpy(&from, header + at, 2);
	put16(m, tcp->off + at, &to);
	if (meta->offload & OVNET_OFF_CSUM && meta->csum_start == tcp->off)
		return;
	/* At an odd offset its bytes are the halves of two words: in the sum they are swapped. */
	fixed->cksum =
		at % 2 == 0 ? ovnet_csum_update(fixed->cksum, from, to)
			    : ovnet_csum_update(fixed->cksum, rte_bswap16(from), rte_bswap16(to));
	put16(m, tcp->off + offsetof(struct rte_tcp_hdr, cksum), &fixed->cksum);
}

bool ovnet_mss_clamp(struct rte_mbuf *m, uint16_t mtu)
{
	uint8_t header[MAX_HEADER];
	struct tcp_at tcp;
	bool lowered = false;

	if (!find_tcp(m, &tcp) || mtu <= tcp.headers)
		return false;
	uint16_t mss = (uint16_t)(mtu - tcp.headers);
	unsigned len = read_syn(m, &tcp, header);
	unsigned at = find_mss(header, len, sizeof(struct rte_tcp_hdr));
	/* Of several, some receivers take the first and some the last. */
	for (; at != 0; at = find_mss(header, len, at + 2)) {
		if ((header[at] << 8 | header[at + 1]) <= mss)
			continue;
		lower(m, &tcp, at, header, mss);
		lowered = true;
	}
	return lowered;
}
