/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One CPU level's copy of the stages. The stage files are compiled once per level with
 * OVNET_LEVEL set to v2, v3 or v4; STAGE(rx) is ovnet_rx_v3 and so on. Private to lib/path;
 * the last include of a stage file.
 */
#ifndef OVNET_PATH_LEVEL_H
#define OVNET_PATH_LEVEL_H

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_prefetch.h>

#include "path/source_check.h"

#define LEVEL_GLUE_(name, level) ovnet_##name##_##level
#define LEVEL_GLUE(name, level)  LEVEL_GLUE_(name, level)
#define STAGE(name)              LEVEL_GLUE(name, OVNET_LEVEL)

uint16_t STAGE(rx)(
	struct ovnet_path_ctx *ctx, const struct ovnet_rxq_ref *ref, struct rte_mbuf **pkts);
uint16_t STAGE(classify)(
	struct ovnet_path_ctx *ctx, struct ovnet_port *port, struct rte_mbuf **pkts, uint16_t n);
/*
 * An outer fragment. PASS: *m is the datagram it completed. NOT_OVERLAY: *m is as it was, nobody's
 * who may send to us. FRAGMENT: *m is NULL, it waits or was dropped.
 */
int STAGE(reassemble)(struct ovnet_path_ctx *ctx, struct rte_mbuf **m);
uint16_t STAGE(lookup)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n);
uint16_t STAGE(encap)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n);
uint16_t STAGE(decap)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n);
uint16_t STAGE(deliver)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n);
void STAGE(punt)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n);
void STAGE(tx)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n);
void STAGE(flush)(struct ovnet_path_ctx *ctx);

/* What every stage does with the packets that enter it. */
static inline void stage_enter(
	struct ovnet_path_ctx *ctx, enum ovnet_stage stage, struct rte_mbuf **pkts, uint16_t n)
{
	ctx->counters->stage_packets[stage] += n;
	ctx->counters->stage_bursts[stage]++;
	if (unlikely(ctx->hook != NULL))
		ctx->hook->fn(ctx->hook->arg, ctx->worker, stage, 0, pkts, n);
}

/*
 * Packets a stage refuses, kept until its end so that floods are freed in bulk. Set n to 0, but not
 * by an initializer: that would clear all of it, once per burst and stage.
 */
struct refused {
	uint16_t n;
	uint8_t reason[OVNET_BURST];
	struct rte_mbuf *pkts[OVNET_BURST];
};

static inline void refuse(struct refused *r, struct rte_mbuf *m, int reason)
{
	r->reason[r->n] = (uint8_t)reason;
	r->pkts[r->n++] = m;
}

/*
 * Before refused_drop, by stages that leave refused packets at their IP header: takes out what goes
 * on in fragments, and sends the senders of the others the ICMP errors they are due.
 */
void STAGE(answer_all)(struct ovnet_path_ctx *ctx, struct refused *r);

static inline void STAGE(answer)(struct ovnet_path_ctx *ctx, struct refused *r)
{
	if (unlikely(r->n != 0))
		STAGE(answer_all)(ctx, r);
}

static inline void refused_drop(struct ovnet_path_ctx *ctx, struct refused *r)
{
	for (uint16_t i = 0, run; unlikely(i < r->n); i += run) {
		for (run = 1; i + run < r->n && r->reason[i + run] == r->reason[i]; run++)
			;
		ovnet_drop(ctx, r->pkts + i, run, (enum ovnet_drop)r->reason[i]);
	}
}

/* drop.c is the only one that may; it does not include this header. */
#pragma GCC poison rte_pktmbuf_free rte_pktmbuf_free_bulk rte_pktmbuf_free_seg

#endif
