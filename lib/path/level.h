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

#include "path/answer.h"
#include "path/plain.h"
#include "path/refused.h"
#include "path/segment.h"
#include "path/source_check.h"
#include "path/stage.h"

#define LEVEL_GLUE_(name, level) ovnet_##name##_##level
#define LEVEL_GLUE(name, level)  LEVEL_GLUE_(name, level)
#define STAGE(name)              LEVEL_GLUE(name, OVNET_LEVEL)

uint16_t STAGE(rx)(
	struct ovnet_path_ctx *ctx, const struct ovnet_rxq_ref *ref, struct rte_mbuf **pkts);
uint16_t STAGE(classify)(
	struct ovnet_path_ctx *ctx, struct ovnet_port *port, struct rte_mbuf **pkts, uint16_t n);
/* Outer fragments. Those left are the datagrams they completed; the others wait or were dropped. */
uint16_t STAGE(reassemble)(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf **pkts, uint16_t n);
/* classify for such datagrams, whose fragments were counted when they came. */
uint16_t STAGE(classify_whole)(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf **pkts, uint16_t n);
/* Leaves what goes to a peer, and adds to `across` what goes to a port of this node. */
uint16_t STAGE(route)(
	struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n, struct ovnet_lane *across);
/* The burst's next packets, those that have to be cut in segments; 0: there are no more. */
uint16_t STAGE(segment)(
	struct ovnet_path_ctx *ctx, struct segments *s, struct rte_mbuf *out[OVNET_BURST]);
uint16_t STAGE(encap)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n);
uint16_t STAGE(decap)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n);
uint16_t STAGE(deliver)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n);
/* As few packets as the ports take that they leave by. */
uint16_t STAGE(merge)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n);
/* A refused packet, its data at its IP header. May find another reason. */
void STAGE(answer)(
	struct ovnet_path_ctx *ctx, struct rte_mbuf *m, uint8_t *reason, struct answer *a);
/* What an exclusive uplink has for its twin. */
uint16_t STAGE(punt)(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf **pkts, uint16_t n);
void STAGE(tx)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n);
/* All for one port, finished, `bytes` in all; n is OVNET_BURST at most. */
void STAGE(tx_run)(struct ovnet_path_ctx *ctx, const struct ovnet_port *from, uint16_t id,
	struct rte_mbuf *const *pkts, uint16_t n, uint32_t bytes);
void STAGE(flush)(struct ovnet_path_ctx *ctx);

/*
 * plain.h: of[i] is the i-th packet's; each loop leaves those plain that still are. True: all are,
 * and leave by one port.
 */
void STAGE(plain_classify_out)(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf *const *pkts, uint16_t n, struct plain *of);
bool STAGE(plain_route)(struct ovnet_path_ctx *ctx, uint16_t n, struct plain *of);
void STAGE(plain_classify_in)(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf *const *pkts, uint16_t n, struct plain *of);
bool STAGE(plain_decap)(struct ovnet_path_ctx *ctx, uint16_t n, struct plain *of);
/* A run of plain packets that leave by one port, and now are changed. Returns their bytes. */
uint32_t STAGE(plain_encap)(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf *const *pkts, uint16_t n, const struct plain *of);
uint32_t STAGE(plain_deliver)(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf *const *pkts, uint16_t n, const struct plain *of);

/* drop.c is the only one that may; it does not include this header. */
#pragma GCC poison rte_pktmbuf_free rte_pktmbuf_free_bulk rte_pktmbuf_free_seg

#endif
