/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/rcu.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define WAIT_NS 20000 /* a worker is through with a burst in some microseconds */

int ovnet_rcu_init(struct ovnet_rcu *rcu, unsigned readers)
{
	size_t size = rte_rcu_qsbr_get_memsize(readers);
	size = (size + RTE_CACHE_LINE_SIZE - 1) & ~(size_t)(RTE_CACHE_LINE_SIZE - 1);

	*rcu = (struct ovnet_rcu){.qsbr = aligned_alloc(RTE_CACHE_LINE_SIZE, size)};
	rcu->tail = &rcu->head;
	if (rcu->qsbr == NULL)
		return -ENOMEM;
	if (rte_rcu_qsbr_init(rcu->qsbr, readers) != 0) {
		free(rcu->qsbr);
		rcu->qsbr = NULL;
		return -EINVAL;
	}
	return 0;
}

void ovnet_rcu_defer(struct ovnet_rcu *rcu, struct ovnet_rcu_head *head,
	void (*release)(struct ovnet_rcu_head *head))
{
	head->next = NULL;
	head->release = release;
	head->token = rte_rcu_qsbr_start(rcu->qsbr);
	*rcu->tail = head;
	rcu->tail = &head->next;
	rcu->pending++;
}

void ovnet_rcu_wait(struct ovnet_rcu *rcu)
{
	const struct timespec pause = {.tv_nsec = WAIT_NS};
	uint64_t token = rte_rcu_qsbr_start(rcu->qsbr);

	while (rte_rcu_qsbr_check(rcu->qsbr, token, false) == 0)
		(void)nanosleep(&pause, NULL);
}

unsigned ovnet_rcu_reclaim(struct ovnet_rcu *rcu)
{
	/* Tokens grow along the list, so the first one that is not due ends the walk. */
	while (rcu->head != NULL && rte_rcu_qsbr_check(rcu->qsbr, rcu->head->token, false) == 1) {
		struct ovnet_rcu_head *h = rcu->head;
		rcu->head = h->next;
		if (rcu->head == NULL)
			rcu->tail = &rcu->head;
		rcu->pending--;
		h->release(h);
	}
	return rcu->pending;
}

void ovnet_rcu_fini(struct ovnet_rcu *rcu)
{
	if (rcu->qsbr == NULL)
		return;
	while (rcu->head != NULL) {
		struct ovnet_rcu_head *h = rcu->head;
		rcu->head = h->next;
		h->release(h);
	}
	free(rcu->qsbr);
	*rcu = (struct ovnet_rcu){0};
}
