/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What librte_vhost (22.11) takes buffers from. It copies as much as a guest's descriptors say,
 * which may be all memory there is, over and over: one chain may take all buffers, 2 KB each, and
 * keep the worker for as long as filling them takes. So it is given a pool that has as many as a
 * burst may take, and no more.
 *
 * Where that runs dry, the library frees what it had of the packet, and only then carries out the
 * short copies that it put off, into these very buffers. What is freed before vhost_gate_close()
 * therefore stays here until then, and is nobody else's.
 *
 * Workers; init: control thread.
 */
#ifndef OVNET_PORT_VHOST_GATE_H
#define OVNET_PORT_VHOST_GATE_H

#include <stdint.h>

struct rte_mbuf;
struct rte_mempool;

#define VHOST_GATE_MAX 1024 /* buffers that pass at a time */

/* Once for the process. 0 or negative errno. */
int vhost_gate_init(void);

/*
 * `pool` behind a gate that lets `n` buffers pass, VHOST_GATE_MAX at most, until it is closed: by
 * the same thread, with what came of it, before anybody else sees these packets.
 */
struct rte_mempool *vhost_gate_open(struct rte_mempool *pool, unsigned n);
void vhost_gate_close(struct rte_mbuf *const *pkts, uint16_t n);

#endif
