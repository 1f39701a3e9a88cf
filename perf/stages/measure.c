/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What makes the figures honest: totals are taken around whole rotations of the worker's own poll
 * function with no clock inside; the cost of putting packets back as they were is inside too and
 * shown ("source"); each rotation's packets are for other peers than the one before; every packet
 * is compared with what it has to be after each measurement.
 */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_prefetch.h>

#include "path/plain.h"

typedef unsigned round_fn(struct node *n);

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(const double *values, unsigned n, double *spread)
{
	double v[REPS_MAX];

	memcpy(v, values, n * sizeof(v[0]));
	qsort(v, n, sizeof(*v), by_value);
	if (spread != NULL)
		*spread = v[n * 3 / 4] - v[n / 4];
	return v[n / 2];
}

/* Cycles per packet of whole rotations; between them packets get other peers. */
static double rotate(struct node *n, unsigned rotations, round_fn *round)
{
	uint64_t packets = 0, cycles = 0;

	for (unsigned r = 0; r < rotations; r++) {
		packets_renew(n);
		uint64_t start = rte_rdtsc_precise();
		for (uint32_t done = 0, k; done < n->conf.packets; done += k) {
			k = round(n);
			packets += k;
		}
		cycles += rte_rdtsc_precise() - start;
	}
	return (double)cycles / (double)packets;
}

static unsigned whole(struct node *n)
{
	return n->conf.ops->poll(&n->ctx);
}

static unsigned receive(struct node *n, struct rte_mbuf **pkts)
{
	struct source *s = source_of(n);

	return s->port.driver->rx(&s->q, pkts, OVNET_BURST);
}

static unsigned source_alone(struct node *n)
{
	struct rte_mbuf *pkts[OVNET_BURST];

	return receive(n, pkts);
}

/* By what says whose a packet is: the inner destination or, of what comes from a peer, source. */
static inline uint64_t peer_word(const struct node *n, const uint8_t *addr, bool v6)
{
	uint64_t half;
	uint32_t word;

	if (v6) {
		memcpy(&half, addr, sizeof(half));
		return n->table[(__builtin_bswap64(half) - NETWORK6) & (n->conf.peers - 1)];
	}
	memcpy(&word, addr, sizeof(word));
	return n->table[((__builtin_bswap32(word) - NETWORK4) >> 8) & (n->conf.peers - 1)];
}

/*
 * What no encapsulation can do without: receive, find the peer by the packet's address, write the
 * outer header in front or read it, send.
 */
static unsigned floor_of(struct node *n)
{
	static uint8_t line[64] __rte_cache_aligned;
	struct rte_mbuf *pkts[OVNET_BURST];
	const bool v6 = n->conf.backend->v6, decap = n->conf.decap;
	const uint16_t at_ip = decap ? n->conf.backend->front : 0;
	const uint16_t at_addr = (uint16_t)(at_ip + (v6 ? (decap ? 8 : 24) : decap ? 12 : 16));
	struct source *to = &n->port[decap ? HOST_PORT : UPLINK_PORT];
	uint64_t word[OVNET_BURST];
	const unsigned k = receive(n, pkts);

	for (unsigned i = 0; i < k; i++) {
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], char *));
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], char *) + (decap ? 64 : -64));
	}
	for (unsigned i = 0; i < k; i++)
		word[i] = peer_word(n, rte_pktmbuf_mtod_offset(pkts[i], uint8_t *, at_addr), v6);
	for (unsigned i = 0; i < k; i++) {
		uint8_t *data = rte_pktmbuf_mtod(pkts[i], uint8_t *);
		uint8_t *from = decap ? data : line, *at = decap ? line : data - 64;
		memcpy(at, from, sizeof(line));
		memcpy(at + 8, &word[i], sizeof(word[i]));
	}
	to->port.driver->tx(&to->q, pkts, (uint16_t)k);
	return k;
}

static void by_stages(struct node *n, struct rte_mbuf **pkts, uint16_t k, uint64_t *t)
{
	const struct ovnet_path_ops *ops = n->conf.ops;
	struct ovnet_path_ctx *ctx = &n->ctx;
	struct ovnet_lane across = {0}; /* stays empty */

	k = ops->classify(ctx, &source_of(n)->port, pkts, k);
	t[S_LOOK] = rte_rdtsc();
	k = n->conf.decap ? ops->decap(ctx, pkts, k) : ops->route(ctx, pkts, k, &across);
	t[S_HEADER] = rte_rdtsc();
	k = n->conf.decap ? ops->deliver(ctx, pkts, k) : ops->encap(ctx, pkts, k);
	t[S_TX] = rte_rdtsc();
	ops->tx(ctx, pkts, k);
}

/* The short way, for all of the burst. False: some packet is not plain. */
static bool by_plain(struct node *n, struct rte_mbuf **pkts, uint16_t k, uint64_t *t)
{
	const struct ovnet_path_ops *ops = n->conf.ops;
	const struct ovnet_plain_ops *way = n->conf.decap ? &ops->plain_in : &ops->plain_out;
	const struct ovnet_port *port = &source_of(n)->port;
	struct plain of[OVNET_BURST];

	way->classify(&n->ctx, port, pkts, k, of);
	t[S_LOOK] = rte_rdtsc();
	if (!way->look_up(&n->ctx, k, of))
		return false;
	t[S_HEADER] = rte_rdtsc();
	const uint32_t bytes = way->change(&n->ctx, port, pkts, k, of);
	t[S_TX] = rte_rdtsc();
	ops->tx_run(&n->ctx, port, of->out, pkts, k, bytes);
	return true;
}

static int stage_by_stage(struct node *n, unsigned rotations, double *out)
{
	const struct ovnet_path_ops *ops = n->conf.ops;
	struct source *s = source_of(n);
	const struct ovnet_rxq_ref ref = {&s->port, &s->q};
	const bool plain = is_plain(&n->conf);
	uint64_t cycles[STAGES] = {0}, packets = 0, t[STAGES + 1];
	struct rte_mbuf *pkts[OVNET_BURST];

	n->ctx.map = n->map;
	n->ctx.view = ovnet_fib_view(&n->shared.fib);
	for (unsigned r = 0; r < rotations; r++) {
		packets_renew(n);
		for (uint32_t done = 0; done < n->conf.packets;) {
			/* Not the precise ones: they wait for stores that need not be waited for.
			 */
			t[S_RX] = rte_rdtsc();
			uint16_t k = ops->rx(&n->ctx, &ref, pkts);
			done += k;
			packets += k;
			t[S_CLASSIFY] = rte_rdtsc();
			if (!plain)
				by_stages(n, pkts, k, t);
			else if (!by_plain(n, pkts, k, t))
				return -1;
			ops->flush(&n->ctx);
			t[STAGES] = rte_rdtsc();
			for (unsigned j = 0; j < STAGES; j++)
				cycles[j] += t[j + 1] - t[j];
		}
	}
	for (unsigned j = 0; j < STAGES; j++)
		out[j] = (double)cycles[j] / (double)packets;
	return 0;
}

int measure(struct node *n, unsigned reps, unsigned rotations, struct row *row)
{
	double floor[REPS_MAX], floors[REPS_MAX], source[REPS_MAX], stage[STAGES][REPS_MAX];
	double one[STAGES];

	rotate(n, rotations, whole); /* warms up; not counted */
	for (unsigned r = 0; r < reps; r++) {
		floor[r] = rotate(n, rotations, floor_of);
		source[r] = rotate(n, 1, source_alone);
		row->samples[r] = rotate(n, rotations, whole);
		floors[r] = row->samples[r] / floor[r];
	}
	if (node_verify(n) != 0)
		return -1;
	for (unsigned r = 0; r < reps; r++) {
		if (stage_by_stage(n, rotations, one) != 0) {
			fprintf(stderr, "stages: packets that are plain do not go the short way\n");
			return -1;
		}
		for (unsigned j = 0; j < STAGES; j++)
			stage[j][r] = one[j];
	}
	if (node_verify(n) != 0)
		return -1;
	row->reps = reps;
	row->total = median(row->samples, reps, &row->spread);
	row->floor = median(floor, reps, NULL);
	row->floors = median(floors, reps, NULL);
	row->source = median(source, reps, NULL);
	for (unsigned j = 0; j < STAGES; j++)
		row->stage[j] = median(stage[j], reps, NULL);
	return 0;
}
