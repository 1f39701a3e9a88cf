/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_ether.h>
#include <rte_ip.h>

#include "packet/csum.h"
#include "path/bare.h"
#include "path/verify.h"

#include "path/level.h"

static_assert(OVNET_TX_BUFS <= UINT8_MAX, "tx_slot holds a buffer's number");

/* What the port cannot take as it is, made so or refused. Returns how many are left. */
static uint16_t prepare(struct ovnet_path_ctx *ctx, const struct ovnet_port *port,
	struct rte_mbuf **pkts, uint16_t n, uint64_t *bytes)
{
	struct refused bad;
	uint16_t kept = 0;

	bad.n = 0;
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];
		uint8_t offload = ovnet_meta(m)->offload;
		int why = PASS;

		if (!ovnet_port_takes(port, offload))
			why = OVNET_DROP_GSO_STATE;
		else if ((offload & OVNET_OFF_CSUM) && !(port->caps & OVNET_CAP_TX_CSUM) &&
			 ovnet_csum_finish(m) != 0)
			why = OVNET_DROP_CSUM_STATE;
		else if (m->nb_segs > 1 && !(port->caps & OVNET_CAP_CHAINED) &&
			 rte_pktmbuf_linearize(m) != 0)
			why = OVNET_DROP_TX_REFUSED;
		if (why == PASS) {
			pkts[kept++] = m;
		} else {
			*bytes -= m->pkt_len;
			refuse(&bad, m, why);
		}
	}
	refused_drop(ctx, &bad);
	return kept;
}

/*
 * Plain packets' metadata, for drops and for other workers to read: nothing is undone, and the
 * source. Its address stands behind the outer header if the packet got one; else the one that was
 * taken off is still in front of it.
 */
static __rte_noinline void note_plain(
	const struct ovnet_port *port, struct rte_mbuf *const *pkts, uint64_t plain)
{
	const int src = offsetof(struct rte_ipv4_hdr, src_addr), link = RTE_ETHER_HDR_LEN;
	int at = OVNET_VXLAN4_LEN + src; /* a port that has gone was an uplink */

	if (port != NULL && port->role != OVNET_PORT_UPLINK)
		at = (port->caps & OVNET_CAP_L3 ? 0 : link) - OVNET_VXLAN4_LEN + link + src;
	for (; plain != 0; plain &= plain - 1) {
		struct rte_mbuf *m = pkts[__builtin_ctzll(plain)];

		ovnet_meta_reset(m, OVNET_PORT_NONE);
		memcpy(&ovnet_meta(m)->src_be, rte_pktmbuf_mtod(m, const char *) + at, 4);
		ovnet_meta(m)->src_version = 4;
	}
}

static uint64_t drop_unsent(struct ovnet_path_ctx *ctx, const struct ovnet_port_queue *q,
	struct rte_mbuf **pkts, uint16_t n)
{
	uint64_t bytes = 0;

	for (uint16_t i = 0; i < n; i++)
		bytes += pkts[i]->pkt_len;
	ovnet_drop(ctx, pkts, n, q->tx_reason);
	return bytes;
}

/*
 * One retry for a full queue. A packet the driver refuses by itself does not take those behind it
 * with it.
 */
static void send_all(struct ovnet_path_ctx *ctx, struct ovnet_port *port,
	struct ovnet_port_queue *q, struct rte_mbuf **pkts, uint16_t n, uint64_t bytes,
	uint64_t plain)
{
	struct ovnet_port_counters *c = &ctx->counters->port[port->id];
	uint16_t done = 0, refused = 0;
	bool retried = false;

	while (done < n) {
		done += port->driver->tx(q, pkts + done, n - done);
		if (likely(done == n))
			break;
		/* What is sent is not ours any more. */
		plain = plain >> done << done;
		note_plain(port, pkts, plain);
		uint16_t lost = 0;
		if (q->tx_reason == OVNET_DROP_TX_REFUSED)
			lost = 1;
		else if (retried)
			lost = n - done;
		else
			retried = true;
		bytes -= drop_unsent(ctx, q, pkts + done, lost);
		refused += lost;
		done += lost;
	}
	c->tx_packets += n - refused;
	c->tx_bytes += bytes;
	q->packets.tx_packets += n - refused;
	q->packets.tx_bytes += bytes;
}

static void hand_over(struct ovnet_path_ctx *ctx, const struct ovnet_port *port, uint16_t owner,
	struct rte_mbuf **pkts, uint16_t n)
{
	if (unlikely(owner == ctx->worker || owner >= ctx->shared->n_workers)) {
		ovnet_drop(ctx, pkts, n, OVNET_DROP_NO_PORT);
		return;
	}
	verify_leaving(ctx, port, pkts, n);
	for (uint16_t i = 0; i < n; i++) {
		struct ovnet_meta *meta = ovnet_meta(pkts[i]);
		meta->out_port = port->id;
		meta->out_generation = port->generation;
		/* Valid in this worker's burst only. */
		meta->peer = NULL;
		meta->nh = NULL;
	}
	uint16_t taken = ovnet_handoff_push(&ctx->shared->handoff[owner], pkts, n);
	ovnet_drop(ctx, pkts + taken, n - taken, OVNET_DROP_HANDOFF_FULL);
}

/* The buffer stays its port's. */
static void flush_buf(struct ovnet_path_ctx *ctx, struct ovnet_txbuf *buf)
{
	const struct ovnet_queue_map *map = ctx->map;
	const uint16_t id = buf->port;
	struct ovnet_port *port = map != NULL && id < map->n_ports ? map->port[id] : NULL;
	uint64_t bytes = buf->bytes;
	uint16_t n = buf->n, care = buf->care;
	uint64_t plain = buf->plain;

	buf->n = buf->care = 0;
	buf->bytes = 0;
	buf->plain = 0;
	if (unlikely(port == NULL)) {
		note_plain(port, buf->pkts, plain);
		ovnet_drop(ctx, buf->pkts, n, OVNET_DROP_NO_PORT);
		return;
	}
	const struct ovnet_tx_way *way = &map->worker[ctx->worker].tx[id];
	if (way->q == NULL) {
		note_plain(port, buf->pkts, plain);
		hand_over(ctx, port, way->owner, buf->pkts, n);
		return;
	}
	/* Ours soon; until then he has it whom packets are handed to. */
	const uint16_t owner = ovnet_queue_owner(way->q);
	if (unlikely(owner != ctx->worker)) {
		note_plain(port, buf->pkts, plain);
		hand_over(ctx, port, owner, buf->pkts, n);
		return;
	}
	if (unlikely(care != 0 || ctx->verify.picked)) {
		note_plain(port, buf->pkts, plain);
		plain = 0;
	}
	if (unlikely(care != 0))
		n = prepare(ctx, port, buf->pkts, n, &bytes);
	verify_leaving(ctx, port, buf->pkts, n);
	send_all(ctx, port, way->q, buf->pkts, n, bytes, plain);
}

/* The port's first packet in a round. */
static __rte_noinline struct ovnet_txbuf *take_buf(struct ovnet_path_ctx *ctx, uint16_t id)
{
	if (unlikely(ctx->n_tx == OVNET_TX_BUFS))
		STAGE(flush)(ctx);
	struct ovnet_txbuf *buf = &ctx->txbuf[ctx->n_tx++];

	buf->port = id;
	ctx->tx_slot[id] = (uint8_t)ctx->n_tx;
	return buf;
}

/*
 * Appends packets for port `id` as long as they come and fit; returns how many did. Most bursts are
 * one run: the sums stay in registers.
 */
static inline uint16_t append_run(
	struct ovnet_txbuf *buf, uint16_t id, struct rte_mbuf *const *pkts, uint16_t n)
{
	uint16_t room = RTE_MIN(n, (uint16_t)(OVNET_BURST - buf->n)), i, care = 0;
	struct rte_mbuf **to = buf->pkts + buf->n;
	uint32_t bytes = 0;

	for (i = 0; i < room; i++) {
		struct rte_mbuf *m = pkts[i];
		const struct ovnet_meta *meta = ovnet_meta(m);
		if (unlikely(meta->out_port != id))
			break;
		to[i] = m;
		bytes += m->pkt_len;
		care |= meta->offload | (uint16_t)(m->nb_segs - 1);
	}
	buf->n += i;
	buf->bytes += bytes;
	buf->care |= care;
	return i;
}

void STAGE(tx)(struct ovnet_path_ctx *ctx, struct rte_mbuf **pkts, uint16_t n)
{
	if (n == 0)
		return;
	stage_enter(ctx, OVNET_STAGE_TX, pkts, n);
	for (uint16_t i = 0; i < n;) {
		uint16_t id = ovnet_meta(pkts[i])->out_port;

		if (unlikely(id >= OVNET_MAX_PORTS)) {
			ovnet_drop(ctx, pkts + i++, 1, OVNET_DROP_NO_PORT);
			continue;
		}
		const uint8_t slot = ctx->tx_slot[id];
		struct ovnet_txbuf *buf =
			likely(slot != 0) ? &ctx->txbuf[slot - 1] : take_buf(ctx, id);

		i += append_run(buf, id, pkts + i, n - i);
		if (buf->n == OVNET_BURST)
			flush_buf(ctx, buf);
	}
}

/* Does who sends by it read no metadata? */
static inline bool takes_bare(const struct ovnet_path_ctx *ctx, uint16_t id)
{
	const struct ovnet_port *port =
		ctx->map != NULL && id < ctx->map->n_ports ? ctx->map->port[id] : NULL;

	return port != NULL && (port->caps & OVNET_CAP_BARE) != 0;
}

void STAGE(tx_run)(struct ovnet_path_ctx *ctx, const struct ovnet_port *from, uint16_t id,
	struct rte_mbuf *const *pkts, uint16_t n, uint32_t bytes)
{
	const uint8_t slot = ctx->tx_slot[id];
	struct ovnet_txbuf *buf = likely(slot != 0) ? &ctx->txbuf[slot - 1] : take_buf(ctx, id);

	if (!takes_bare(ctx, id))
		bare_write(ctx, from->id, pkts, n);
	ctx->counters->stage_packets[OVNET_STAGE_TX] += n;
	ctx->counters->stage_bursts[OVNET_STAGE_TX]++;
	if (unlikely(buf->n + n > OVNET_BURST))
		flush_buf(ctx, buf);
	memcpy(buf->pkts + buf->n, pkts, n * sizeof(pkts[0]));
	buf->plain |= UINT64_MAX >> (64 - n) << buf->n;
	buf->n += n;
	buf->bytes += bytes;
	if (buf->n == OVNET_BURST)
		flush_buf(ctx, buf);
}

void STAGE(flush)(struct ovnet_path_ctx *ctx)
{
	for (uint16_t i = 0; i < ctx->n_tx; i++) {
		struct ovnet_txbuf *buf = &ctx->txbuf[i];

		if (buf->n != 0)
			flush_buf(ctx, buf);
		ctx->tx_slot[buf->port] = 0;
	}
	ctx->n_tx = 0;
}
