/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes the snapshot some time after something changed. The leases are copied; text, disk and
 * fsync are a thread's, so that the loop does not wait for them.
 */
#include <stdatomic.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "lease/lease_client_int.h"
#include "lease/snapshot.h"
#include "loop/thread.h"
#include "loop/timer.h"

OVNET_LOG_TYPE(lease)

#define WRITE_MS 2000 /* after the first change ... */
#define PER_MS   4    /* ... and one more for so many peers: 18 s for a full network's 11 MB */
#define BUSY_MS  500
#define NICE     10

struct lease_store_job {
	pthread_t thread;
	_Atomic bool done;
	int rc;
	char *path, *prefix, *config;
	struct ovnet_lease *leases;
	struct snapshot snapshot;
	char err[300];
};

static void copy_lease(void *arg, const struct ovnet_lease *lease, bool own)
{
	struct lease_store_job *job = arg;

	if (!own)
		job->leases[job->snapshot.n++] = *lease;
}

static struct lease_store_job *make_job(
	const struct lease_client_store *s, const struct ovnet_lease_client *c)
{
	struct lease_store_job *job = must(calloc(1, sizeof(*job)));

	job->path = must(strdup(s->path));
	job->prefix = must(strdup(c->subnets_prefix));
	job->config = must(strdup(s->config));
	job->leases = must(calloc(lease_table_peers(c->table) + 1u, sizeof(*job->leases)));
	job->snapshot = (struct snapshot){.prefix = job->prefix,
		.public_ip = c->public_ip,
		.saved_at = time(NULL),
		.revision = c->revision,
		.config = job->config,
		.own = c->own.lease,
		.leases = job->leases};
	boot_clock_id(job->snapshot.boot_id);
	job->snapshot.boot_ms = boot_clock_ms();
	/* Whatever clock the end was told by before. */
	if (c->own.expires_at != 0)
		job->snapshot.expires_at = job->snapshot.saved_at + lease_own_left_s(c);
	lease_table_each(c->table, copy_lease, job);
	return job;
}

static void free_job(struct lease_store_job *job)
{
	free(job->path);
	free(job->prefix);
	free(job->config);
	free(job->leases);
	free(job);
}

static void *run(void *arg)
{
	struct lease_store_job *job = arg;

	job->rc = snapshot_write(job->path, &job->snapshot, job->err, sizeof(job->err));
	atomic_store(&job->done, true);
	return NULL;
}

/* Behind the control thread, where CPUs are few; where that is refused, beside it. */
static void *run_behind(void *arg)
{
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	return run(arg);
}

static void finish(struct ovnet_lease_client *c, struct lease_store_job *job)
{
	if (job->rc == 0)
		nag_reset(&c->store.nag);
	else if (nag_due(&c->store.nag, job->err))
		LOG(WARN, "no snapshot for a start without etcd: %s", job->err);
	free_job(job);
}

static bool worth_it(const struct ovnet_lease_client *c)
{
	return c->store.path != NULL && c->store.config != NULL && c->own.held && !c->own.lost &&
	       c->sync.synced;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct ovnet_lease_client *c = arg;

	(void)fd, (void)what;
	if (c->store.job != NULL && !atomic_load(&c->store.job->done)) {
		arm_ms(c->store.timer, BUSY_MS);
		return;
	}
	lease_store_wait(c);
	c->store.dirty = false;
	if (!worth_it(c))
		return;
	struct lease_store_job *job = make_job(&c->store, c);
	if (thread_start(&job->thread, run_behind, job) == 0) {
		c->store.job = job;
		return;
	}
	run(job);
	finish(c, job);
}

void lease_store_wait(struct ovnet_lease_client *c)
{
	if (c->store.job == NULL)
		return;
	pthread_join(c->store.job->thread, NULL);
	finish(c, c->store.job);
	c->store.job = NULL;
}

void lease_store_changed(struct ovnet_lease_client *c)
{
	if (c->store.dirty || !worth_it(c))
		return;
	c->store.dirty = true;
	arm_ms(c->store.timer, WRITE_MS + lease_table_peers(c->table) / PER_MS);
}

void lease_store_config(struct ovnet_lease_client *c, const char *json, size_t len)
{
	free(c->store.config);
	c->store.config = must(strndup(json, len));
}

void lease_store_forget(struct ovnet_lease_client *c)
{
	if (c->store.path == NULL)
		return;
	evtimer_del(c->store.timer);
	c->store.dirty = false;
	lease_store_wait(c);
	if (unlink(c->store.path) < 0 && errno != ENOENT)
		LOG(WARN, "%s: cannot be removed: %s; a start without etcd would use it",
			c->store.path, strerror(errno));
}

void lease_store_init(struct ovnet_lease_client *c, const char *path)
{
	c->store.timer = must(evtimer_new(c->base, on_timer, c));
	if (path != NULL && path[0] != '\0')
		c->store.path = must(strdup(path));
}

/* A clean stop: the age of what it holds is that of the stop. */
void lease_store_stop(struct ovnet_lease_client *c)
{
	lease_store_wait(c);
	if (worth_it(c)) {
		struct lease_store_job *job = make_job(&c->store, c);
		run(job);
		finish(c, job);
	}
	event_free(c->store.timer);
	free(c->store.path);
	free(c->store.config);
}
