/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/fragment.h"

#include <errno.h>
#include <string.h>

#include <rte_ip.h>

#include "packet/csum.h"
#include "packet/segments.h"

#define MAX_HEADER   60u
#define OFFSET_LIMIT 65535u /* no byte of a datagram is behind that (RFC 791 section 3.1) */
#define OPTION_END   0
#define OPTION_NOP   1
#define OPTION_COPY  0x80

struct header {
	uint8_t bytes[MAX_HEADER];
	uint8_t len;
};

struct cut {
	struct rte_mbuf *m;
	struct header first, rest;
	uint32_t at, end; /* payload bytes from the start of `m` on, still to go */
	uint16_t offset;  /* of the next one, in bytes, as its header has to say */
	uint16_t flags;   /* reserved bit and MF of the original, host order */
	uint16_t mtu;
};

static struct rte_ipv4_hdr *fixed(struct header *h)
{
	return (struct rte_ipv4_hdr *)h->bytes;
}

static bool is_sane(const struct rte_ipv4_hdr *ip, uint32_t pkt_len)
{
	uint32_t header = rte_ipv4_hdr_len(ip), total = rte_be_to_cpu_16(ip->total_length);

	return ip->version_ihl >> 4 == 4 && header >= sizeof(*ip) && header <= total &&
	       total <= pkt_len;
}

static int read_header(const struct rte_mbuf *m, struct header *h)
{
	struct rte_ipv4_hdr room;
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_read(m, 0, sizeof(room), &room);

	if (ip == NULL || !is_sane(ip, m->pkt_len))
		return -EINVAL;
	h->len = rte_ipv4_hdr_len(ip);
	const void *bytes = rte_pktmbuf_read(m, 0, h->len, h->bytes);
	if (bytes != h->bytes)
		memcpy(h->bytes, bytes, h->len);
	return 0;
}

/* Only the options that every fragment has to carry. What is malformed goes in the first alone. */
static void copied_options(const struct header *all, struct header *kept)
{
	unsigned at = sizeof(struct rte_ipv4_hdr), to = at;

	memcpy(kept->bytes, all->bytes, at);
	while (at < all->len && all->bytes[at] != OPTION_END) {
		if (all->bytes[at] == OPTION_NOP) {
			at++;
			continue;
		}
		unsigned len = at + 1 < all->len ? all->bytes[at + 1] : 0;
		if (len < 2 || len > all->len - at)
			break;
		if (all->bytes[at] & OPTION_COPY) {
			memcpy(kept->bytes + to, all->bytes + at, len);
			to += len;
		}
		at += len;
	}
	while (to % 4 != 0)
		kept->bytes[to++] = OPTION_END;
	kept->len = (uint8_t)to;
	fixed(kept)->version_ihl = (uint8_t)(0x40 | to / 4);
}

static int check(struct cut *c)
{
	const struct rte_ipv4_hdr *ip = fixed(&c->first);
	uint16_t field = rte_be_to_cpu_16(ip->fragment_offset);

	/* Each fragment gets a right one: what was damaged would look whole. */
	if (rte_raw_cksum(ip, c->first.len) != 0xffff)
		return -EINVAL;
	if (field & RTE_IPV4_HDR_DF_FLAG || ovnet_meta(c->m)->offload & OVNET_OFF_GSO)
		return -EOPNOTSUPP;
	c->at = c->first.len;
	c->end = rte_be_to_cpu_16(ip->total_length);
	c->offset = (uint16_t)((field & RTE_IPV4_HDR_OFFSET_MASK) * 8);
	c->flags = (uint16_t)(field & ~RTE_IPV4_HDR_OFFSET_MASK);
	if (c->mtu < c->first.len + 8 || c->offset + (c->end - c->at) > OFFSET_LIMIT)
		return -EINVAL;
	return 0;
}

/* `len` bytes of the original from `at` on, behind `f`; new segments where one is full. */
static int append(struct rte_mbuf *f, const struct rte_mbuf *m, uint32_t at, uint32_t len)
{
	struct rte_mbuf *last = f;

	while (len > 0) {
		uint32_t n = RTE_MIN(len, rte_pktmbuf_tailroom(last));
		if (n == 0) {
			last->next = rte_pktmbuf_alloc(m->pool);
			if (last->next == NULL)
				return -ENOBUFS;
			last = last->next;
			f->nb_segs++;
			continue;
		}
		char *to = rte_pktmbuf_mtod_offset(last, char *, last->data_len);
		const void *from = rte_pktmbuf_read(m, at, n, to);
		if (from != to)
			memcpy(to, from, n);
		last->data_len = (uint16_t)(last->data_len + n);
		f->pkt_len += n;
		at += n;
		len -= n;
	}
	return 0;
}

static void put_header(
	const struct cut *c, struct rte_mbuf *f, const struct header *h, uint32_t len)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(f, struct rte_ipv4_hdr *);
	uint16_t more = c->at + len < c->end ? RTE_IPV4_HDR_MF_FLAG : 0;

	memcpy(ip, h->bytes, h->len);
	ip->total_length = rte_cpu_to_be_16((uint16_t)(h->len + len));
	ip->fragment_offset = rte_cpu_to_be_16((uint16_t)(c->flags | more | c->offset / 8));
	ip->hdr_checksum = 0;
	ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, h->len);
	f->data_len = h->len;
	f->pkt_len = h->len;
}

static void put_meta(struct rte_mbuf *f, struct rte_mbuf *m, uint16_t l3_len)
{
	struct ovnet_meta *meta = ovnet_meta(f);

	*meta = *ovnet_meta(m);
	meta->l3_len = l3_len;
}

/* The next `len` bytes of payload as a packet of their own. NULL: the pool is empty. */
static struct rte_mbuf *piece(const struct cut *c, const struct header *h, uint32_t len)
{
	struct rte_mbuf *f = rte_pktmbuf_alloc(c->m->pool);

	if (f == NULL)
		return NULL;
	put_header(c, f, h, len);
	put_meta(f, c->m, (uint16_t)(h->len + len));
	if (append(f, c->m, c->at, len) < 0) {
		rte_pktmbuf_free(f);
		return NULL;
	}
	return f;
}

/* All but the last piece are a multiple of 8 bytes long. */
static uint32_t piece_len(const struct cut *c, const struct header *h)
{
	uint32_t room = c->mtu - h->len, left = c->end - c->at;

	return left <= room ? left : RTE_ALIGN_FLOOR(room, 8u);
}

static int cut_up(struct cut *c, struct rte_mbuf **out, uint16_t max)
{
	const struct header *h = &c->first;
	uint16_t n = 0;
	int why = -EMSGSIZE;

	while (n < max) {
		uint32_t len = piece_len(c, h);
		out[n] = piece(c, h, len);
		if (out[n] == NULL) {
			why = -ENOBUFS;
			break;
		}
		n++;
		c->at += len;
		c->offset = (uint16_t)(c->offset + len);
		h = &c->rest;
		if (c->at == c->end)
			return n;
	}
	rte_pktmbuf_free_bulk(out, n);
	return why;
}

int ovnet_fragment4(struct rte_mbuf *m, uint16_t mtu, struct rte_mbuf **out, uint16_t max)
{
	struct cut c = {.m = m, .mtu = mtu};
	int n;

	n = read_header(m, &c.first);
	if (n == 0)
		n = check(&c);
	if (n < 0)
		return n;
	if (m->pkt_len > c.end)
		ovnet_trim(m, c.end);
	if (ovnet_meta(m)->offload & OVNET_OFF_CSUM && ovnet_csum_finish(m) < 0)
		return -EINVAL;
	copied_options(&c.first, &c.rest);
	n = cut_up(&c, out, max);
	if (n > 0)
		rte_pktmbuf_free(m);
	return n;
}
