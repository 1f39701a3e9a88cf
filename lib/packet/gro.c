/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/gro.h"

#include "packet/csum.h"
#include "packet/gro_rules.h"

/* Flows a burst has open at a time; for one more the oldest is closed. */
#define FLOWS 8

struct table {
	struct gro_flow flow[FLOWS];
	unsigned n, oldest;
	ovnet_sum_fn *sum;
};

static void open_flow(struct gro_flow *f, const struct gro_item *head)
{
	f->head = *head;
	f->tail = rte_pktmbuf_lastseg(head->m);
	f->len = ovnet_meta(head->m)->l3_len;
	f->segs = 1;
	f->closed = false;
	if (!head->h.v6)
		f->id = rte_be_to_cpu_16(gro_ip4(head)->packet_id);
	if (head->h.proto == IPPROTO_TCP)
		f->seq = rte_be_to_cpu_32(gro_tcp(head)->sent_seq) + head->payload;
}

/* Its payload to the end of the flow's; its headers go. */
static void append(struct gro_flow *f, const struct gro_item *it)
{
	const uint16_t headers = (uint16_t)(it->link + it->h.len);
	struct rte_mbuf *m = it->m;

	f->closed = it->payload < f->head.payload;
	if (!it->h.v6) {
		const uint16_t id = rte_be_to_cpu_16(gro_ip4(it)->packet_id);
		f->id_step = (uint16_t)(id - f->id);
		f->id = id;
	}
	if (it->h.proto == IPPROTO_TCP) {
		const uint8_t last = gro_tcp(it)->tcp_flags & (RTE_TCP_PSH_FLAG | RTE_TCP_FIN_FLAG);
		gro_tcp(&f->head)->tcp_flags |= last;
		f->closed |= last != 0;
		f->seq += it->payload;
	}
	f->head.m->nb_segs += m->nb_segs;
	f->head.m->pkt_len += it->payload;
	f->len += it->payload;
	f->segs++;
	f->tail->next = m;
	f->tail = rte_pktmbuf_lastseg(m);
	m->data_off += headers;
	m->data_len -= headers;
}

static void put_headers(const struct gro_flow *f)
{
	const struct gro_item *head = &f->head;
	const rte_be16_t len = rte_cpu_to_be_16((uint16_t)f->len);
	const uint16_t l4_len = (uint16_t)(f->len - head->h.l4);
	struct rte_ipv4_hdr *ip = gro_ip4(head);

	if (head->h.v6) {
		((struct rte_ipv6_hdr *)head->ip)->payload_len =
			rte_cpu_to_be_16((uint16_t)(f->len - sizeof(struct rte_ipv6_hdr)));
	} else {
		ip->hdr_checksum = ovnet_csum_update(ip->hdr_checksum, ip->total_length, len);
		ip->total_length = len;
	}
	if (head->h.proto == IPPROTO_TCP) {
		gro_tcp(head)->cksum = gro_pseudo_sum(head, l4_len);
	} else {
		gro_udp(head)->dgram_len = rte_cpu_to_be_16(l4_len);
		gro_udp(head)->dgram_cksum = gro_pseudo_sum(head, l4_len);
	}
}

/* What was appended was appended; the headers say so from here on. */
static void close_flow(const struct gro_flow *f)
{
	const struct gro_item *head = &f->head;
	struct ovnet_meta *meta = ovnet_meta(head->m);

	if (f->segs == 1)
		return;
	put_headers(f);
	meta->offload = OVNET_OFF_CSUM | gso_kind(&head->h);
	meta->csum_start = (uint16_t)(head->link + head->h.l4);
	meta->csum_offset = gso_csum_offset(&head->h);
	meta->gso_size = head->payload;
	meta->gso_segs = f->segs;
	meta->hdr_len = head->h.len;
	meta->l3_len = (uint16_t)f->len;
}

static struct gro_flow *find_flow(struct table *t, const struct gro_item *it)
{
	for (unsigned i = 0; i < t->n; i++)
		if (gro_same_flow(&t->flow[i].head, it))
			return &t->flow[i];
	return NULL;
}

static struct gro_flow *free_flow(struct table *t)
{
	if (t->n < FLOWS)
		return &t->flow[t->n++];
	struct gro_flow *f = &t->flow[t->oldest];
	t->oldest = (t->oldest + 1) % FLOWS;
	close_flow(f);
	return f;
}

/* Did it become part of another packet? */
static bool take(struct table *t, struct gro_item *it, uint8_t takes)
{
	struct gro_flow *f = find_flow(t, it);

	if (f != NULL) {
		if (gro_may_follow(f, it) && gro_is_right(&f->head, t->sum) &&
			gro_is_right(it, t->sum)) {
			append(f, it);
			return true;
		}
		/* Whatever it is: nothing of its flow overtakes it. */
		f->closed = true;
	}
	if (!gro_may_begin(it, takes) || it->sums == GRO_WRONG)
		return false;
	if (f == NULL)
		f = free_flow(t);
	else
		close_flow(f);
	open_flow(f, it);
	return false;
}

uint16_t ovnet_gro_merge(
	struct rte_mbuf **pkts, uint16_t n, const uint8_t *takes, ovnet_sum_fn *sum)
{
	struct gro_item it;
	struct table t;
	uint16_t left = 0;

	t.n = t.oldest = 0;
	t.sum = sum;
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];

		if (takes[i] == 0 || !gro_read(&it, m, takes[i]) || !take(&t, &it, takes[i]))
			pkts[left++] = m;
	}
	for (unsigned i = 0; i < t.n; i++)
		close_flow(&t.flow[i]);
	return left;
}
