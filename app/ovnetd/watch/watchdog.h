/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * systemd's watchdog (WATCHDOG_USEC). Who stops pinging is killed, and with it what forwards; so a
 * thread of its own pings as long as any worker gets on, also while the control loop hangs: then
 * peers and lease are not looked after, which the log, systemctl's status line and whoever asks the
 * daemon say, but packets go on. It is silent once no worker gets on.
 *
 * Two counters tell: the loop's, of a timer, and each worker's rounds. A worker that sleeps is
 * woken, and has until the next look to have made one.
 */
#ifndef OVNET_APP_WATCH_WATCHDOG_H
#define OVNET_APP_WATCH_WATCHDOG_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/engine.h"

/* Who hangs is said after a whole period without a sign. Of the thread alone, but for `beats`. */
struct watchdog {
	struct engine *engine;
	uint64_t period_us; /* systemd's; 0: nobody is waiting for us */
	pthread_t thread;
	bool running;
	int stop_fd;            /* eventfd */
	struct event *beat;     /* control thread's timer */
	_Atomic uint64_t beats; /* it counts them */
	struct watchdog_life {
		uint64_t seen; /* of its counter */
		int64_t at_ms; /* when that was another one last */
		bool told;     /* that it hangs */
	} loop, worker[OVNET_MAX_WORKERS];
};

/* What is to be done about it. */
enum watchdog_verdict {
	WATCHDOG_PING,   /* all is well */
	WATCHDOG_LIMPS,  /* ping, but somebody hangs */
	WATCHDOG_SILENT, /* nothing is forwarded */
};
/* `moving` of `workers` made a round since the last look. */
enum watchdog_verdict watchdog_judge(bool loop, unsigned moving, unsigned workers);

/* Does nothing where systemd does not ask for it. 0 or negative errno, logged. Control thread. */
int watchdog_init(struct watchdog *w, struct engine *engine);
void watchdog_fini(struct watchdog *w);

#endif
