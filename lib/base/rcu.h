/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One RCU domain (rte_rcu_qsbr) between the control thread, which publishes and
 * frees, and the workers, which read. Part of the DPDK side of lib/base.
 *
 * Workers: `reader_*` with their own id, no locks, no allocation.
 * Control thread only: everything else but ovnet_rcu_wait(). Frees never block: an object is handed
 * over with ovnet_rcu_defer() and released by a later ovnet_rcu_reclaim(), which
 * the control loop calls from a timer.
 */
#ifndef OVNET_BASE_RCU_H
#define OVNET_BASE_RCU_H

#include <rte_rcu_qsbr.h>

/* Put first into an object that is freed after a grace period. */
struct ovnet_rcu_head {
	struct ovnet_rcu_head *next;
	void (*release)(struct ovnet_rcu_head *head);
	uint64_t token;
};

struct ovnet_rcu {
	struct rte_rcu_qsbr *qsbr;   /* worker: rw (own slot), control: rw */
	struct ovnet_rcu_head *head; /* control only: oldest first */
	struct ovnet_rcu_head **tail;
	unsigned pending;
};

/* 0 or -ENOMEM / -EINVAL. `readers`: workers that may ever register. */
int ovnet_rcu_init(struct ovnet_rcu *rcu, unsigned readers);
/* Releases all that is pending; every reader must be gone. Safe on a zeroed struct. */
void ovnet_rcu_fini(struct ovnet_rcu *rcu);

/* `release` runs on the control thread once no worker can hold `head` any more. */
void ovnet_rcu_defer(struct ovnet_rcu *rcu, struct ovnet_rcu_head *head,
	void (*release)(struct ovnet_rcu_head *head));
/*
 * Returns when no worker holds anything it read before. For threads that may wait, of a library's,
 * say; any thread but the control thread and the workers.
 */
void ovnet_rcu_wait(struct ovnet_rcu *rcu);
/* Releases what is past its grace period; returns how many still wait. */
unsigned ovnet_rcu_reclaim(struct ovnet_rcu *rcu);

static inline int ovnet_rcu_reader_add(struct ovnet_rcu *rcu, unsigned id)
{
	return rte_rcu_qsbr_thread_register(rcu->qsbr, id);
}

/* An offline reader that will not come back. */
static inline int ovnet_rcu_reader_remove(struct ovnet_rcu *rcu, unsigned id)
{
	return rte_rcu_qsbr_thread_unregister(rcu->qsbr, id);
}

static inline void ovnet_rcu_reader_online(struct ovnet_rcu *rcu, unsigned id)
{
	rte_rcu_qsbr_thread_online(rcu->qsbr, id);
}

/* Before a sleep: an offline reader holds up nobody and may hold no pointer. */
static inline void ovnet_rcu_reader_offline(struct ovnet_rcu *rcu, unsigned id)
{
	rte_rcu_qsbr_thread_offline(rcu->qsbr, id);
}

/* Once per loop, where no pointer from a table is kept. */
static inline void ovnet_rcu_reader_quiescent(struct ovnet_rcu *rcu, unsigned id)
{
	rte_rcu_qsbr_quiescent(rcu->qsbr, id);
}

/* Control thread: is it between reader_online and reader_offline just now? */
static inline bool ovnet_rcu_reader_is_online(const struct ovnet_rcu *rcu, unsigned id)
{
	return __atomic_load_n(&rcu->qsbr->qsbr_cnt[id].cnt, __ATOMIC_RELAXED) !=
	       __RTE_QSBR_CNT_THR_OFFLINE;
}

#endif
