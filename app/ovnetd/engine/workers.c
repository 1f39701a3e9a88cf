/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <stdlib.h>

#include "base/log.h"
#include "daemon.h"
#include "path/fragments.h"

OVNET_LOG_TYPE(workers)

#define HANDOFF_SIZE 1024

/* Whatever is sent, most of the pool is there for whole packets. */
static uint32_t fragment_buffers(const struct daemon *d)
{
	return RTE_MAX(d->conf.dpdk.mbufs / 8 / d->conf.dpdk.workers, 16u);
}

static struct ovnet_worker *worker_new(struct daemon *d, uint16_t id)
{
	struct ovnet_worker *w = rte_zmalloc("worker", sizeof(*w), RTE_CACHE_LINE_SIZE);

	if (w == NULL)
		return NULL;
	*w = (struct ovnet_worker){
		.ops = d->path,
		.lcore = id + 1u,
		.poll_only = d->conf.dpdk.mode == CONF_MODE_POLL,
		.ramp = OVNET_WORKER_RAMP,
		.nap_us = OVNET_WORKER_NAP_US,
	};
	w->counters.peers = MAX_PEERS;
	w->counters.peer = calloc(MAX_PEERS, sizeof(*w->counters.peer));
	if (w->counters.peer == NULL) {
		rte_free(w);
		return NULL;
	}
	w->ctx.fragments = ovnet_fragments_new(fragment_buffers(d), SOCKET_ID_ANY);
	if (w->ctx.fragments == NULL) {
		free(w->counters.peer);
		rte_free(w);
		return NULL;
	}
	w->ctx.shared = &d->shared;
	w->ctx.worker = id;
	return w;
}

static int start(struct daemon *d, uint16_t id)
{
	struct ovnet_worker *w = worker_new(d, id);
	int rc = w != NULL ? 0 : -ENOMEM;

	d->workers[id] = w;
	if (rc == 0)
		rc = rte_eal_remote_launch(ovnet_worker_main, w, w->lcore);
	if (rc != 0)
		LOG(ERR, "worker %u did not start: %s", id,
			rc == -ENOMEM ? "no memory" : "lcore busy");
	return rc < 0 ? rc : 0;
}

static int init(struct daemon *d)
{
	const char *level = d->conf.dpdk.cpu_level;
	int rc = 0;

	d->path = ovnet_path_select(strcmp(level, "auto") == 0 ? NULL : level);
	if (d->path == NULL) {
		LOG(ERR, "this CPU cannot run dpdk.cpu-level \"%s\": use \"auto\"", level);
		return -EINVAL;
	}
	for (uint16_t i = 0; i < d->shared.n_workers && rc == 0; i++)
		rc = start(d, i);
	return rc;
}

static void fini(struct daemon *d)
{
	for (uint16_t i = 0; i < OVNET_MAX_WORKERS; i++)
		if (d->workers[i] != NULL)
			ovnet_worker_stop(d->workers[i]);
	for (uint16_t i = 0; i < OVNET_MAX_WORKERS; i++) {
		if (d->workers[i] == NULL)
			continue;
		rte_eal_wait_lcore(d->workers[i]->lcore);
		ovnet_fragments_free(d->workers[i]->ctx.fragments);
		free(d->workers[i]->counters.peer);
		rte_free(d->workers[i]);
		d->workers[i] = NULL;
	}
}

const struct module module_workers = {"workers", init, fini};

static int rcu_init(struct daemon *d)
{
	struct ovnet_path_shared *s = &d->shared;
	int rc = ovnet_rcu_init(&s->rcu, OVNET_MAX_WORKERS);

	s->n_workers = d->conf.dpdk.workers;
	for (uint16_t i = 0; i < s->n_workers && rc == 0; i++)
		rc = ovnet_handoff_init(&s->handoff[i], i, HANDOFF_SIZE, SOCKET_ID_ANY);
	if (rc < 0)
		LOG(ERR, "no memory for the workers' rings: raise dpdk.memory");
	return rc;
}

static void rcu_fini(struct daemon *d)
{
	for (uint16_t i = 0; i < d->shared.n_workers; i++)
		ovnet_handoff_fini(&d->shared.handoff[i]);
	ovnet_rcu_fini(&d->shared.rcu);
}

const struct module module_rcu = {"rcu", rcu_init, rcu_fini};
