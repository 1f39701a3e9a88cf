/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bed/random.h"
#include "node.h"

/* Odd: ranks and peers are one to one, and the most frequent are no neighbours. */
#define SCATTER 40503u

/* Of all packets those for the first i + 1 ranks, Zipf's law with the exponent 1. */
static int make_shares(struct node *n)
{
	double sum = 0;

	n->share = calloc(n->conf.peers, sizeof(n->share[0]));
	if (n->share == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < n->conf.peers; i++)
		n->share[i] = sum += 1.0 / (i + 1);
	for (uint32_t i = 0; i < n->conf.peers; i++)
		n->share[i] /= sum;
	return 0;
}

static uint32_t draw_zipf(struct node *n)
{
	const double x = next_random(&n->seed) / 2147483648.0;
	uint32_t low = 0, high = n->conf.peers - 1;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (n->share[middle] < x)
			low = middle + 1;
		else
			high = middle;
	}
	return low * SCATTER % n->conf.peers;
}

/* Of the packet's backend. */
static uint32_t draw_peer(struct node *n, const struct packet *p)
{
	uint32_t peer = n->conf.mix == ZIPF ? draw_zipf(n) : next_random(&n->seed) % n->conf.peers;

	return backend_of(n->conf.backend, peer) == p->be ? peer : peer ^ 1;
}

static void write_packet(struct node *n, uint32_t i, bool body)
{
	struct packet *p = &n->packets[i];
	uint8_t *data = (uint8_t *)p->m->buf_addr + RTE_PKTMBUF_HEADROOM;
	const uint16_t front = n->conf.decap ? p->be->front : 0;

	if (n->conf.decap)
		expect_outer(data, p, true, body, (uint16_t)i);
	else
		expect_inner(data, p, false, body);
	memcpy(&p->hops, data + front + 8, sizeof(p->hops));
}

/* Where a packet lies says nothing about when it comes. */
static int allocate(struct node *n, struct rte_mempool *pool)
{
	for (uint32_t i = 0; i < n->conf.packets; i++) {
		struct packet *p = &n->packets[i];
		p->m = rte_pktmbuf_alloc(pool);
		if (p->m == NULL)
			return -ENOMEM;
		uint32_t j = next_random(&n->seed) % (i + 1);
		struct rte_mbuf *m = p->m;
		p->m = n->packets[j].m;
		n->packets[j].m = m;
	}
	return 0;
}

int packets_make(struct node *n, struct rte_mempool *pool)
{
	unsigned size = 0;

	n->seed = 1;
	if (allocate(n, pool) != 0 || (n->conf.mix == ZIPF && make_shares(n) != 0))
		return -ENOMEM;
	for (uint32_t i = 0; i < n->conf.packets; i++) {
		struct packet *p = &n->packets[i];
		/* Two kinds come as they like, not one by one. */
		p->be = backend_of(n->conf.backend, next_random(&n->seed));
		p->peer = draw_peer(n, p);
		p->flow = (uint16_t)(next_random(&n->seed) % FLOWS);
		p->mark = (uint8_t)next_random(&n->seed);
		if (n->conf.sizes[size] == 0)
			size = 0;
		p->len = n->conf.sizes[size++];
		write_packet(n, i, true);
	}
	return 0;
}

void packets_renew(struct node *n)
{
	for (uint32_t i = 0; i < n->conf.packets; i++) {
		n->packets[i].peer = draw_peer(n, &n->packets[i]);
		write_packet(n, i, false);
	}
}
