/* SPDX-License-Identifier: BSD-3-Clause */
/* How often this folder looks, and for how long what it saw is told. Control thread only. */
#ifndef OVNET_APP_WATCH_TIMER_H
#define OVNET_APP_WATCH_TIMER_H

#include <event2/event.h>

#define WATCH_LOOK_S 5
#define WATCH_OVER_S 60 /* so long without another one */

/* Calls `look` from now on. 0 or -ENOMEM. */
int watch_timer_init(
	struct event **timer, struct event_base *base, event_callback_fn look, void *arg);
/* Safe before init. */
void watch_timer_fini(struct event **timer);

#endif
