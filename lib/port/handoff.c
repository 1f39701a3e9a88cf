/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why no wake-up is lost. The owner stores asleep = 1, fences, then looks at the ring; a
 * producer publishes to the ring, fences, then looks at asleep. The two sequentially
 * consistent fences forbid that both look and neither sees the other's store: either the
 * owner finds the packet and does not sleep, or the producer finds the sleeper and writes
 * the eventfd, which stays readable until awake() drains it. A producer's exchange lets one
 * of many write; a write delayed into the owner's next sleep only wakes it once for nothing.
 * The RTS ring may publish a producer's packets from another producer's enqueue, which then
 * looks at asleep after that very store, so the argument holds for the two as one.
 */
#include "port/handoff.h"

#include <errno.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include <rte_errno.h>

OVNET_LOG_TYPE(port)

int ovnet_handoff_init(struct ovnet_handoff *h, uint16_t worker, unsigned size, int socket)
{
	char name[RTE_RING_NAMESIZE];

	*h = (struct ovnet_handoff){.wake_fd = -1};
	snprintf(name, sizeof(name), "ovnet_handoff_%u", worker);
	/* RTS: workers may share cores, and a preempted producer must not stop the others. */
	h->ring = rte_ring_create(name, size, socket, RING_F_MP_RTS_ENQ | RING_F_SC_DEQ);
	if (h->ring == NULL) {
		int err = -rte_errno;
		LOG(ERR, "hand-off ring of worker %u, %u entries: %s", worker, size,
			rte_strerror(rte_errno));
		return err;
	}
	h->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (h->wake_fd < 0) {
		int err = -errno;
		LOG(ERR, "eventfd of worker %u: %m", worker);
		ovnet_handoff_fini(h);
		return err;
	}
	return 0;
}

void ovnet_handoff_fini(struct ovnet_handoff *h)
{
	struct rte_mbuf *pkts[64];
	uint16_t n;

	if (h->ring == NULL)
		return;
	while ((n = ovnet_handoff_pop(h, pkts, RTE_DIM(pkts))) > 0)
		rte_pktmbuf_free_bulk(pkts, n);
	rte_ring_free(h->ring);
	if (h->wake_fd >= 0)
		close(h->wake_fd);
	*h = (struct ovnet_handoff){0};
}

uint16_t ovnet_handoff_push(struct ovnet_handoff *h, struct rte_mbuf **pkts, uint16_t n)
{
	unsigned taken = rte_ring_enqueue_burst(h->ring, (void **)pkts, n, NULL);

	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&h->asleep, memory_order_relaxed) != 0 &&
		atomic_exchange_explicit(&h->asleep, 0, memory_order_relaxed) != 0)
		ovnet_handoff_wake(h);
	return (uint16_t)taken;
}

int ovnet_handoff_send(struct ovnet_handoff *h, struct rte_mbuf *m)
{
	if (ovnet_handoff_push(h, &m, 1) == 1)
		return 0;
	rte_pktmbuf_free(m);
	return -ENOBUFS;
}

uint16_t ovnet_handoff_pop(struct ovnet_handoff *h, struct rte_mbuf **pkts, uint16_t n)
{
	return (uint16_t)rte_ring_sc_dequeue_burst(h->ring, (void **)pkts, n, NULL);
}

void ovnet_handoff_announce_sleep(struct ovnet_handoff *h)
{
	atomic_store_explicit(&h->asleep, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
}

void ovnet_handoff_awake(struct ovnet_handoff *h)
{
	uint64_t count;

	atomic_store_explicit(&h->asleep, 0, memory_order_relaxed);
	if (read(h->wake_fd, &count, sizeof(count)) < 0)
		return; /* nothing was written: the sleep ended for another reason */
}

void ovnet_handoff_wake(struct ovnet_handoff *h)
{
	const uint64_t one = 1;

	/* Unconditional: the owner may be on its way to sleep without having announced it. */
	if (write(h->wake_fd, &one, sizeof(one)) < 0)
		return; /* EAGAIN: the counter is full, so the fd is readable as it should be */
}
