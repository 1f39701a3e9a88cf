/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <stdlib.h>

#include "base/large.h"
#include "base/log.h"
#include "engine/engine.h"
#include "loop/thread.h"
#include "path/dropped.h"
#include "path/fragments.h"

OVNET_LOG_TYPE(workers)

/* Whatever is sent, most of the pool is there for whole packets. */
static uint32_t fragment_buffers(const struct engine *e)
{
	return RTE_MAX(e->mbufs / 8 / e->conf->dpdk.workers, 16u);
}

static void worker_free(struct ovnet_worker *w)
{
	ovnet_dropped_free(w->ctx.dropped);
	ovnet_fragments_free(w->ctx.fragments);
	ovnet_large_free(w->counters.peer, ENGINE_MAX_PEERS, sizeof(w->counters.peer[0]));
	rte_free(w);
}

static struct ovnet_worker *worker_new(struct engine *e, uint16_t id)
{
	struct ovnet_worker *w = rte_zmalloc("worker", sizeof(*w), RTE_CACHE_LINE_SIZE);

	if (w == NULL)
		return NULL;
	*w = (struct ovnet_worker){
		.ops = e->path,
		.lcore = id + 1u,
		.poll_only = e->conf->dpdk.mode == CONF_MODE_POLL,
		.ramp_us = OVNET_WORKER_RAMP_US,
		.nap_us = OVNET_WORKER_NAP_US,
	};
	w->counters.peers = ENGINE_MAX_PEERS;
	w->counters.peer = ovnet_large_calloc(ENGINE_MAX_PEERS, sizeof(*w->counters.peer));
	w->ctx.fragments = ovnet_fragments_new(fragment_buffers(e), SOCKET_ID_ANY);
	w->ctx.dropped = ovnet_dropped_new(rte_get_tsc_hz());
	if (w->counters.peer == NULL || w->ctx.fragments == NULL || w->ctx.dropped == NULL) {
		worker_free(w);
		return NULL;
	}
	w->ctx.shared = &e->shared;
	w->ctx.worker = id;
	w->ctx.verify.every = e->conf->dpdk.verify;
	return w;
}

/*
 * What the kernel forwards goes before all processes; this goes before most. One that polls has
 * always something to do: it would take its CPU from all others.
 */
#define BOOST 10

static int run(void *arg)
{
	const struct ovnet_worker *w = arg;
	int err = w->poll_only ? 0 : thread_prompt(BOOST);

	if (err < 0)
		LOG(WARN, "worker %u: waits for a CPU like every process: %s", w->ctx.worker,
			strerror(-err));
	return ovnet_worker_main(arg);
}

static int start(struct engine *e, uint16_t id)
{
	struct ovnet_worker *w = worker_new(e, id);
	int rc = w != NULL ? 0 : -ENOMEM;

	e->workers[id] = w;
	if (rc == 0)
		rc = rte_eal_remote_launch(run, w, w->lcore);
	if (rc != 0)
		LOG(ERR, "worker %u did not start: %s", id,
			rc == -ENOMEM ? "no memory" : "lcore busy");
	return rc < 0 ? rc : 0;
}

int engine_workers_init(struct engine *e)
{
	const char *level = e->conf->dpdk.cpu_level;
	int rc = 0;

	e->path = ovnet_path_select(strcmp(level, "auto") == 0 ? NULL : level);
	if (e->path == NULL) {
		LOG(ERR, "this CPU cannot run dpdk.cpu-level \"%s\": use \"auto\"", level);
		return -EINVAL;
	}
	for (uint16_t i = 0; i < e->shared.n_workers && rc == 0; i++)
		rc = start(e, i);
	return rc;
}

void engine_workers_fini(struct engine *e)
{
	for (uint16_t i = 0; i < OVNET_MAX_WORKERS; i++)
		if (e->workers[i] != NULL)
			ovnet_worker_stop(e->workers[i]);
	for (uint16_t i = 0; i < OVNET_MAX_WORKERS; i++) {
		if (e->workers[i] == NULL)
			continue;
		rte_eal_wait_lcore(e->workers[i]->lcore);
		worker_free(e->workers[i]);
		e->workers[i] = NULL;
	}
}
