/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * librte_vhost (22.11) adds up the lengths of a packet's descriptors in 32 bits, and copies as much
 * as there really is: one chain whose sum wraps makes it take all buffers there are, 2 KB each, and
 * keeps the worker for as long as filling them takes. The pool it is given here has as many as a
 * burst may take, and no more.
 *
 * Workers; open: control thread.
 */
#ifndef OVNET_PORT_VHOST_GATE_H
#define OVNET_PORT_VHOST_GATE_H

struct rte_mempool;

/* Once for the process. 0 or negative errno. */
int vhost_gate_init(void);

/* `pool` behind a gate that lets `n` buffers pass, until this thread asks again. */
struct rte_mempool *vhost_gate(struct rte_mempool *pool, unsigned n);

#endif
