/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/vhost_gate.h"

#include <errno.h>

#include <rte_errno.h>
#include <rte_mbuf.h>

#define NAME "ovnet_gate"

/* A pool without objects: its only operation is to take some of another one. */
static struct rte_mempool *gate;
static _Thread_local struct {
	struct rte_mempool *pool;
	unsigned left;
} grant;

static int gate_alloc(struct rte_mempool *mp)
{
	(void)mp;
	return 0;
}

static void gate_free(struct rte_mempool *mp)
{
	(void)mp;
}

/* Buffers know the pool they are of: nothing is ever given back here. */
static int gate_enqueue(struct rte_mempool *mp, void *const *objs, unsigned n)
{
	(void)mp, (void)objs, (void)n;
	return -ENOTSUP;
}

static int gate_dequeue(struct rte_mempool *mp, void **objs, unsigned n)
{
	(void)mp;
	if (n > grant.left || rte_mempool_get_bulk(grant.pool, objs, n) < 0)
		return -ENOBUFS;
	grant.left -= n;
	return 0;
}

static unsigned gate_count(const struct rte_mempool *mp)
{
	(void)mp;
	return 0;
}

static const struct rte_mempool_ops gate_ops = {
	.name = NAME,
	.alloc = gate_alloc,
	.free = gate_free,
	.enqueue = gate_enqueue,
	.dequeue = gate_dequeue,
	.get_count = gate_count,
};

RTE_MEMPOOL_REGISTER_OPS(gate_ops);

int vhost_gate_init(void)
{
	if (gate != NULL)
		return 0;
	struct rte_mempool *mp = rte_mempool_create_empty(NAME, 1, sizeof(struct rte_mbuf), 0,
		sizeof(struct rte_pktmbuf_pool_private), SOCKET_ID_ANY, 0);
	if (mp == NULL)
		return -rte_errno;
	int err = rte_mempool_set_ops_byname(mp, NAME, NULL);
	if (err < 0) {
		rte_mempool_free(mp);
		return err;
	}
	gate = mp;
	return 0;
}

struct rte_mempool *vhost_gate(struct rte_mempool *pool, unsigned n)
{
	grant.pool = pool;
	grant.left = n;
	return gate;
}
