/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "base/log.h"
#include "engine/engine.h"
#include "path/guest.h"

OVNET_LOG_TYPE(tables)

#define HANDOFF_SIZE 1024
#define RECLAIM_MS   100

static void on_reclaim(evutil_socket_t fd, short what, void *arg)
{
	struct ovnet_rcu *rcu = arg;

	(void)fd;
	(void)what;
	if (rcu->pending > 0)
		ovnet_rcu_reclaim(rcu);
}

static int rings_init(struct engine *e)
{
	struct ovnet_path_shared *s = &e->shared;
	int rc = ovnet_rcu_init(&s->rcu, OVNET_MAX_WORKERS);

	s->n_workers = e->conf->dpdk.workers;
	s->pool = e->pool;
	for (uint16_t i = 0; i < s->n_workers && rc == 0; i++)
		rc = ovnet_handoff_init(&s->handoff[i], i, HANDOFF_SIZE, SOCKET_ID_ANY);
	if (rc < 0)
		LOG(ERR, "no memory for the workers' rings: raise dpdk.memory");
	return rc;
}

int engine_tables_init(struct engine *e)
{
	static const struct timeval every = {.tv_usec = RECLAIM_MS * 1000};
	int rc = rings_init(e);

	if (rc < 0)
		return rc;
	e->reclaim = event_new(e->base, -1, EV_PERSIST, on_reclaim, &e->shared.rcu);
	if (e->reclaim == NULL || event_add(e->reclaim, &every) < 0)
		return -ENOMEM;
	e->fib = ovnet_fib_writer_new(&e->shared.fib, &e->shared.rcu, ENGINE_MAX_PEERS);
	if (e->fib != NULL)
		return 0;
	LOG(ERR, "no memory for the tables");
	return -ENOMEM;
}

void engine_tables_fini(struct engine *e)
{
	if (e->fib != NULL)
		ovnet_fib_writer_free(e->fib);
	e->fib = NULL;
	if (e->reclaim != NULL)
		event_free(e->reclaim);
	e->reclaim = NULL;
	for (uint16_t i = 0; i < e->shared.n_workers; i++)
		ovnet_handoff_fini(&e->shared.handoff[i]);
	ovnet_guests_fini(&e->shared);
	ovnet_rcu_fini(&e->shared.rcu);
}
