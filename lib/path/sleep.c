/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/sleep.h"

#include <errno.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "path/fragments.h"

#define FRAGMENTS_US 250000 /* between looks at fragments that wait for others */

#define EVENTS 64 /* taken from the epoll set at a time */

/* Beside the fd in an epoll event: that it was made edge-triggered; which of our rx queues, + 1 */
#define TAME        (UINT64_C(1) << 32)
#define QUEUE_SHIFT 40

static const struct ovnet_queue_map *current_map(struct ovnet_worker *w)
{
	return atomic_load_explicit(&w->ctx.shared->map, memory_order_acquire);
}

/* False: this fd cannot be waited for, so the worker has to look by itself now and then. */
static bool watch(int epoll_fd, int fd, uint64_t queue)
{
	struct epoll_event ev = {
		.events = EPOLLIN, .data.u64 = (uint32_t)fd | queue << QUEUE_SHIFT};

	return fd >= 0 && (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0 || errno == EEXIST);
}

/*
 * An fd in an error state (its TUN was deleted, its interface went down) stays ready for ever.
 * Edge-triggered it wakes once, and again when a packet or the next error comes. False: it is
 * waited for no more.
 */
static bool tame(struct ovnet_worker *w, const struct epoll_event *seen)
{
	int fd = (int)(uint32_t)seen->data.u64;
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.u64 = seen->data.u64 | TAME};

	/* To be told again of a change that was made already would wake it as well. */
	if ((seen->events & (EPOLLERR | EPOLLHUP)) == 0 || (seen->data.u64 & TAME) != 0)
		return true;
	if (epoll_ctl(w->epoll_fd, EPOLL_CTL_MOD, fd, &ev) == 0)
		return true;
	epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	atomic_store_explicit(&w->timed, true, memory_order_relaxed);
	return false;
}

/* A new set each time: fds of closed ports vanish with the old one, whatever became of them. */
static void rebuild(struct ovnet_worker *w, const struct ovnet_queue_map *map)
{
	const struct ovnet_worker_ports *own = &map->worker[w->ctx.worker];
	bool timed = false;

	if (w->epoll_fd >= 0)
		close(w->epoll_fd);
	w->remake = false;
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll_fd < 0 ||
		!watch(w->epoll_fd, w->ctx.shared->handoff[w->ctx.worker].wake_fd, 0))
		timed = true;
	for (uint16_t i = 0; i < own->n_rx; i++) {
		const struct ovnet_driver *driver = own->rx[i].port->driver;
		struct ovnet_port_queue *q = own->rx[i].q;
		const bool told = watch(w->epoll_fd, driver->wait_fd(q), i + 1u);

		timed |= !told;
		if (ovnet_queue_owner(q) == w->ctx.worker)
			q->watched = told && driver->rx_asks ? map->generation : 0;
		else
			w->remake = true;
	}
	atomic_store_explicit(&w->timed, timed, memory_order_relaxed);
	w->map_generation = map->generation;
}

/*
 * Only what the worker has: who gives it another queue later wakes it. One it gave away between
 * these two was disarmed with that.
 */
static int arm(const struct ovnet_queue_map *map, uint16_t worker)
{
	const struct ovnet_worker_ports *own = &map->worker[worker];
	int waiting = 0;

	for (uint16_t i = 0; i < own->n_rx; i++)
		if (own->rx[i].port->driver->arm != NULL &&
			ovnet_queue_owner(own->rx[i].q) == worker &&
			own->rx[i].port->driver->arm(own->rx[i].q) != 0) {
			own->rx[i].q->quiet = 0;
			waiting = 1;
		}
	return waiting;
}

static void disarm(const struct ovnet_queue_map *map, uint16_t worker)
{
	const struct ovnet_worker_ports *own = &map->worker[worker];

	for (uint16_t i = 0; i < own->n_rx; i++)
		if (own->rx[i].port->driver->disarm != NULL &&
			ovnet_queue_owner(own->rx[i].q) == worker)
			own->rx[i].port->driver->disarm(own->rx[i].q);
}

static int wait(struct ovnet_worker *w, struct epoll_event *ev)
{
	bool timed = atomic_load_explicit(&w->timed, memory_order_relaxed);
	bool waiting = w->ctx.fragments != NULL && w->ctx.fragments->due != UINT64_MAX;
	uint32_t us = timed || w->epoll_fd < 0 ? w->nap_us : FRAGMENTS_US;
	struct timespec nap = {.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000};

	if (w->epoll_fd < 0)
		return nanosleep(&nap, NULL);
	bool ends = timed || waiting;
	int n = epoll_pwait2(w->epoll_fd, ev, EVENTS, ends ? &nap : NULL, NULL);
	/* Kernels before 5.11 and some containers' system call filters have no epoll_pwait2. */
	if (n < 0 && errno != EINTR)
		n = epoll_wait(w->epoll_fd, ev, EVENTS, ends ? (int)(us / 1000 + 1) : -1);
	return n;
}

/*
 * The next round looks at them. By another map than the set was made for, it looks at all.
 */
static void take_events(struct ovnet_worker *w, const struct epoll_event *ev, int n)
{
	const struct ovnet_queue_map *map = current_map(w);
	const bool same = map != NULL && map->generation == w->map_generation;

	for (int i = 0; i < n; i++) {
		const uint64_t queue = ev[i].data.u64 >> QUEUE_SHIFT;
		const bool told = tame(w, &ev[i]);

		if (same && queue != 0) {
			struct ovnet_port_queue *q = map->worker[w->ctx.worker].rx[queue - 1].q;
			if (ovnet_queue_owner(q) != w->ctx.worker)
				continue;
			q->quiet = 0;
			q->watched = told ? q->watched : 0;
		}
	}
}

static void wait_for_events(struct ovnet_worker *w)
{
	struct epoll_event ev[EVENTS];

	w->counters.sleeps++;
	/* Nobody waits for this worker meanwhile, and it holds nothing that may be freed. */
	ovnet_rcu_reader_offline(&w->ctx.shared->rcu, w->ctx.worker);
	int n = wait(w, ev);
	ovnet_rcu_reader_online(&w->ctx.shared->rcu, w->ctx.worker);
	if (n <= 0)
		return;
	w->counters.wakeups++;
	take_events(w, ev, n);
}

void worker_look(struct ovnet_worker *w)
{
	struct epoll_event ev[EVENTS];

	if (w->ctx.left_alone == 0)
		return;
	take_events(w, ev, epoll_wait(w->epoll_fd, ev, EVENTS, 0));
}

void worker_sleep(struct ovnet_worker *w)
{
	struct ovnet_handoff *h = &w->ctx.shared->handoff[w->ctx.worker];
	const struct ovnet_queue_map *map = current_map(w);

	if (map == NULL)
		return;
	if (w->epoll_fd < 0 || map->generation != w->map_generation || w->remake)
		rebuild(w, map);
	ovnet_handoff_announce_sleep(h);
	int waiting = arm(map, w->ctx.worker);
	/*
	 * What came before the announcement and the arming woke nobody: look once more. What the
	 * round leaves alone, epoll tells of however long ago it came.
	 */
	unsigned seen = w->ops->poll(&w->ctx);
	bool changed = current_map(w) != map;
	if (!waiting && seen == 0 && !changed && !atomic_load(&w->stop)) {
		wait_for_events(w);
		map = current_map(w);
	}
	/* A port that left the map meanwhile is being closed; one that came in ignores this. */
	if (map != NULL)
		disarm(map, w->ctx.worker);
	ovnet_handoff_awake(h);
}
