/* SPDX-License-Identifier: BSD-3-Clause */
#include "watch/watchdog.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "loop/thread.h"
#include "run/notify.h"

OVNET_LOG_TYPE(watchdog)

/* In a period: some may come late, or find a worker that did not get a CPU in time. */
#define LOOKS 4
#define BEATS (2 * LOOKS)

enum watchdog_verdict watchdog_judge(bool loop, unsigned moving, unsigned workers)
{
	if (moving == 0)
		return WATCHDOG_SILENT;
	return loop && moving == workers ? WATCHDOG_PING : WATCHDOG_LIMPS;
}

/* Did it count on since the last look? */
static bool moved(struct watchdog_life *l, uint64_t counter, int64_t now_ms)
{
	bool moved = l->seen != counter;

	if (moved)
		l->at_ms = now_ms;
	l->seen = counter;
	return moved;
}

/* Once when it begins, once when it is over. True: it hangs. */
static bool hangs(struct watchdog *w, struct watchdog_life *l, const char *who, const char *cure)
{
	int64_t ms = monotonic_ms() - l->at_ms;
	bool hangs = ms * 1000 >= (int64_t)w->period_us;

	if (hangs && !l->told)
		LOG(ERR, "%s has not got on for %" PRId64 " s: %s", who, ms / 1000, cure);
	else if (!hangs && l->told)
		LOG(NOTICE, "%s gets on again", who);
	l->told = hangs;
	return hangs;
}

static unsigned look_at_workers(struct watchdog *w, int64_t now_ms, unsigned *hanging)
{
	unsigned moving = 0;
	char who[32];

	for (unsigned i = 0; i < w->engine->shared.n_workers; i++) {
		/* Counted by the worker alone: a look may be a round behind. */
		const volatile uint64_t *loops = &w->engine->workers[i]->counters.loops;

		moving += moved(&w->worker[i], *loops, now_ms);
		snprintf(who, sizeof(who), "worker %u", i);
		*hanging += hangs(w, &w->worker[i], who,
			"packets of its queues wait; if others forward, ovnetd is not ended for "
			"it: "
			"restart it");
		ovnet_handoff_wake(&w->engine->shared.handoff[i]);
	}
	return moving;
}

static void tell(
	struct watchdog *w, bool loop_hangs, unsigned hanging, enum watchdog_verdict verdict)
{
	char status[128];

	if (loop_hangs || hanging > 0)
		snprintf(status, sizeof(status), "%s%s%u of %u workers hang: restart it",
			loop_hangs ? "the control loop hangs, peers and lease are left alone; "
				   : "",
			verdict == WATCHDOG_SILENT ? "nothing is forwarded; " : "", hanging,
			w->engine->shared.n_workers);
	notify_watchdog(verdict != WATCHDOG_SILENT, loop_hangs || hanging > 0 ? status : "");
}

static void look(struct watchdog *w)
{
	int64_t now = monotonic_ms();
	unsigned hanging = 0;
	bool loop = moved(&w->loop, atomic_load_explicit(&w->beats, memory_order_relaxed), now);
	unsigned moving = look_at_workers(w, now, &hanging);
	bool loop_hangs = hangs(w, &w->loop, "the control loop",
		"packets are forwarded, so ovnetd is not ended, but peers and lease are left "
		"alone; "
		"restart it");

	tell(w, loop_hangs, hanging, watchdog_judge(loop, moving, w->engine->shared.n_workers));
}

static void *run(void *arg)
{
	struct watchdog *w = arg;
	struct pollfd stop = {.fd = w->stop_fd, .events = POLLIN};
	int ms = (int)(w->period_us / 1000 / LOOKS);

	(void)prctl(PR_SET_NAME, "watchdog"); /* for top(1) alone */
	while (poll(&stop, 1, ms > 0 ? ms : 1) <= 0)
		look(w);
	return NULL;
}

static void on_beat(evutil_socket_t fd, short what, void *arg)
{
	struct watchdog *w = arg;

	(void)fd, (void)what;
	atomic_fetch_add_explicit(&w->beats, 1, memory_order_relaxed);
}

static int start_beat(struct watchdog *w)
{
	uint64_t us = w->period_us / BEATS;
	struct timeval tv = {.tv_sec = (time_t)(us / 1000000), .tv_usec = (long)(us % 1000000)};

	w->beat = event_new(w->engine->base, -1, EV_PERSIST, on_beat, w);
	return w->beat != NULL && event_add(w->beat, &tv) == 0 ? 0 : -ENOMEM;
}

int watchdog_init(struct watchdog *w, struct engine *engine)
{
	int64_t now = monotonic_ms();

	*w = (struct watchdog){
		.engine = engine, .period_us = notify_watchdog_period(), .stop_fd = -1};
	if (w->period_us == 0)
		return 0;
	w->loop.at_ms = now;
	for (unsigned i = 0; i < OVNET_MAX_WORKERS; i++)
		w->worker[i].at_ms = now;
	int rc = start_beat(w);
	if (rc == 0) {
		w->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		rc = w->stop_fd < 0 ? -errno : thread_start(&w->thread, run, w);
	}
	w->running = rc == 0;
	if (rc < 0)
		LOG(ERR, "no watchdog for systemd, which will end ovnetd: %s", strerror(-rc));
	return rc;
}

void watchdog_fini(struct watchdog *w)
{
	static const uint64_t one = 1;

	if (w->running && write(w->stop_fd, &one, sizeof(one)) == sizeof(one))
		pthread_join(w->thread, NULL);
	if (w->period_us != 0 && w->stop_fd >= 0)
		close(w->stop_fd);
	if (w->beat != NULL)
		event_free(w->beat);
	*w = (struct watchdog){.stop_fd = -1};
}
