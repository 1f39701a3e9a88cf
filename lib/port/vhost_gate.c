/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/vhost_gate.h"

#include <errno.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_mbuf.h>

#define NAME "ovnet_gate"

/* A pool without objects: what it gives is another one's, what comes back waits for the end. */
static struct rte_mempool *gate;
static _Thread_local struct {
	struct rte_mempool *pool;
	unsigned left;
	unsigned n_back;
	void *back[VHOST_GATE_MAX];
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

/* No more than were given: there is room. */
static int gate_enqueue(struct rte_mempool *mp, void *const *objs, unsigned n)
{
	(void)mp;
	if (n > VHOST_GATE_MAX - grant.n_back)
		return -ENOBUFS;
	memcpy(grant.back + grant.n_back, objs, n * sizeof(*objs));
	grant.n_back += n;
	return 0;
}

/* A buffer goes back to the pool it names: until the gate is closed, to this one. */
static int gate_dequeue(struct rte_mempool *mp, void **objs, unsigned n)
{
	if (n > grant.left || rte_mempool_get_bulk(grant.pool, objs, n) < 0)
		return -ENOBUFS;
	grant.left -= n;
	for (unsigned i = 0; i < n; i++)
		((struct rte_mbuf *)objs[i])->pool = mp;
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

struct rte_mempool *vhost_gate_open(struct rte_mempool *pool, unsigned n)
{
	grant.pool = pool;
	grant.left = RTE_MIN(n, (unsigned)VHOST_GATE_MAX);
	return gate;
}

static __rte_noinline void put_back(void)
{
	for (unsigned i = 0; i < grant.n_back; i++)
		((struct rte_mbuf *)grant.back[i])->pool = grant.pool;
	rte_mempool_put_bulk(grant.pool, grant.back, grant.n_back);
	grant.n_back = 0;
}

void vhost_gate_close(struct rte_mbuf *const *pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		for (struct rte_mbuf *m = pkts[i]; m != NULL; m = m->next)
			m->pool = grant.pool;
	if (grant.n_back != 0)
		put_back();
	grant.left = 0;
}
