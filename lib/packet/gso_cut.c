/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "packet/csum_sum.h"
#include "packet/gso.h"
#include "packet/gso_headers.h"

/* A word as it stands in memory; and what takes one out of a sum. */
static uint32_t word(const void *at)
{
	uint16_t w;

	memcpy(&w, at, sizeof(w));
	return w;
}

static uint32_t without(uint32_t w)
{
	return (uint16_t)~w;
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

static uint16_t sum_of(const void *at, size_t len)
{
	return rte_raw_cksum(at, len);
}

/* Their sums without what differs between segments: lengths, identification, sequence, flags. */
static void sum_headers(struct ovnet_gso_cut *c)
{
	const uint8_t *ip = c->header + c->link, *l4 = c->header + c->l4;
	const uint16_t l4_len = rte_cpu_to_be_16((uint16_t)(c->meta.l3_len - (c->l4 - c->link)));

	if (!c->v6)
		c->ip_sum = without(word(ip + 10)) + without(word(ip + 2)) + without(word(ip + 4));
	/* What stands for the checksum is the pseudo header's sum, with the whole length in it. */
	c->l4_sum = rte_raw_cksum(l4, c->headers - c->l4) + without(l4_len);
	if (c->udp)
		c->l4_sum += without(word(l4 + 4));
	else
		c->l4_sum += without(word(l4 + 4)) + without(word(l4 + 6)) + without(word(l4 + 12));
}

/* Does each buffer end with a segment, with room in front of it for headers? */
static bool has_landed_cut(const struct ovnet_gso_cut *c)
{
	const struct rte_mbuf *m = c->rest;
	uint32_t left = c->payload;

	if (m->nb_segs != c->left || m->data_len != c->headers + c->size)
		return false;
	while ((m = m->next) != NULL) {
		left -= c->size;
		if (m->data_len != RTE_MIN(left, c->size) ||
			m->data_off < c->headers + RTE_PKTMBUF_HEADROOM || !RTE_MBUF_DIRECT(m) ||
			rte_mbuf_refcnt_read(m) != 1)
			return false;
	}
	return true;
}

void ovnet_gso_begin(struct ovnet_gso_cut *c, struct rte_mbuf *m, uint16_t link)
{
	const struct ovnet_meta *meta = ovnet_meta(m);
	const uint8_t *ip;

	c->rest = m;
	c->meta = *meta;
	c->meta.offload = 0;
	c->link = link;
	c->l4 = meta->csum_start;
	c->headers = (uint16_t)(link + meta->hdr_len);
	memcpy(c->header, rte_pktmbuf_mtod(m, const void *), c->headers);
	ip = c->header + link;
	c->v6 = *ip >> 4 == 6;
	c->udp = (meta->offload & OVNET_OFF_USO) != 0;
	c->size = meta->gso_size;
	c->left = meta->gso_segs;
	c->payload = (uint32_t)meta->l3_len - meta->hdr_len;
	c->id = rte_be_to_cpu_16(((const struct rte_ipv4_hdr *)ip)->packet_id);
	if (!c->udp) {
		const struct rte_tcp_hdr *tcp = (const struct rte_tcp_hdr *)(c->header + c->l4);
		c->flags = tcp->tcp_flags;
		c->seq = rte_be_to_cpu_32(tcp->sent_seq);
	}
	sum_headers(c);
	c->landed = has_landed_cut(c);
	c->from = m;
	c->from_at = c->headers;
	c->sum = sum_of;
}

static void put_ip(struct ovnet_gso_cut *c, uint8_t *at, uint16_t len)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)at;

	if (c->v6) {
		((struct rte_ipv6_hdr *)at)->payload_len =
			rte_cpu_to_be_16((uint16_t)(len - sizeof(struct rte_ipv6_hdr)));
		return;
	}
	ip->total_length = rte_cpu_to_be_16(len);
	ip->packet_id = rte_cpu_to_be_16(c->id++);
	ip->hdr_checksum = (uint16_t)~fold(c->ip_sum + ip->total_length + ip->packet_id);
}

static void put_udp(const struct ovnet_gso_cut *c, uint8_t *at, rte_be16_t len, uint16_t sum)
{
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)at;

	udp->dgram_len = len;
	udp->dgram_cksum = (uint16_t)~fold(c->l4_sum + sum + len + len);
	if (udp->dgram_cksum == 0)
		udp->dgram_cksum = 0xffff; /* 0 means "none" */
}

static void put_tcp(struct ovnet_gso_cut *c, uint8_t *at, rte_be16_t len, uint16_t sum)
{
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)at;

	tcp->sent_seq = rte_cpu_to_be_32(c->seq);
	tcp->tcp_flags = c->flags;
	if (c->left > 1)
		tcp->tcp_flags &= (uint8_t) ~(RTE_TCP_FIN_FLAG | RTE_TCP_PSH_FLAG);
	c->flags &= (uint8_t)~RTE_TCP_CWR_FLAG;
	c->seq += c->size;
	tcp->cksum = (uint16_t)~fold(
		c->l4_sum + sum + len + word(at + 4) + word(at + 6) + word(at + 12));
}

/* The segment's payload is behind c->headers bytes. */
static void finish(struct ovnet_gso_cut *c, struct rte_mbuf *s, uint16_t payload)
{
	uint8_t *at = rte_pktmbuf_mtod(s, uint8_t *);
	const uint16_t len = (uint16_t)(c->headers - c->link + payload);
	const rte_be16_t l4_len = rte_cpu_to_be_16((uint16_t)(c->headers - c->l4 + payload));
	const uint16_t sum = likely(s->next == NULL) ? c->sum(at + c->headers, payload)
						     : ovnet_csum_sum(s, c->headers);

	*ovnet_meta(s) = c->meta;
	ovnet_meta(s)->l3_len = len;
	s->pkt_len = (uint32_t)c->link + len;
	memcpy(at, c->header, c->headers);
	put_ip(c, at + c->link, len);
	if (c->udp)
		put_udp(c, at + c->l4, l4_len, sum);
	else
		put_tcp(c, at + c->l4, l4_len, sum);
	c->payload -= payload;
	c->left--;
}

static uint16_t next_payload(const struct ovnet_gso_cut *c)
{
	return (uint16_t)RTE_MIN(c->payload, c->size);
}

static uint16_t take_apart(struct ovnet_gso_cut *c, struct rte_mbuf **out, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *s = c->rest;

		c->rest = s->next;
		s->next = NULL;
		s->nb_segs = 1;
		if (c->left < c->meta.gso_segs) { /* the first one has its headers */
			s->data_off -= c->headers;
			s->data_len += c->headers;
		}
		finish(c, s, next_payload(c));
		out[i] = s;
	}
	return n;
}

/* `len` bytes to the end of the segment's last buffer, which has room for them. */
static void copy(struct ovnet_gso_cut *c, struct rte_mbuf *last, uint16_t len)
{
	while (len > 0) {
		const uint16_t n = RTE_MIN(len, (uint16_t)(c->from->data_len - c->from_at));

		memcpy(rte_pktmbuf_mtod_offset(last, char *, last->data_len),
			rte_pktmbuf_mtod_offset(c->from, const char *, c->from_at), n);
		last->data_len += n;
		len -= n;
		c->from_at += n;
		if (c->from_at == c->from->data_len) {
			c->from = c->from->next;
			c->from_at = 0;
		}
	}
}

/* False: no buffer for the rest of it. */
static bool fill(struct ovnet_gso_cut *c, struct rte_mbuf *s, uint16_t payload)
{
	struct rte_mbuf *last = s;

	if (rte_pktmbuf_tailroom(s) < c->headers)
		return false;
	s->data_len = c->headers;
	for (;;) {
		const uint16_t n = RTE_MIN(payload, rte_pktmbuf_tailroom(last));

		copy(c, last, n);
		payload -= n;
		if (payload == 0)
			return true;
		last->next = rte_pktmbuf_alloc(s->pool);
		if (last->next == NULL)
			return false;
		last = last->next;
		s->nb_segs++;
	}
}

static uint16_t copy_out(struct ovnet_gso_cut *c, struct rte_mbuf **out, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *s = rte_pktmbuf_alloc(c->rest->pool);

		if (s == NULL)
			return i;
		const uint16_t payload = next_payload(c);
		if (!fill(c, s, payload)) {
			rte_pktmbuf_free(s);
			return i;
		}
		finish(c, s, payload);
		out[i] = s;
	}
	if (c->left == 0) {
		rte_pktmbuf_free(c->rest);
		c->rest = NULL;
	}
	return n;
}

uint16_t ovnet_gso_next(struct ovnet_gso_cut *c, struct rte_mbuf **out, uint16_t n)
{
	n = RTE_MIN(n, c->left);
	return c->landed ? take_apart(c, out, n) : copy_out(c, out, n);
}
