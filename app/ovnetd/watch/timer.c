/* SPDX-License-Identifier: BSD-3-Clause */
#include "watch/timer.h"

#include <errno.h>

int watch_timer_init(
	struct event **timer, struct event_base *base, event_callback_fn look, void *arg)
{
	static const struct timeval every = {.tv_sec = WATCH_LOOK_S};

	*timer = event_new(base, -1, EV_PERSIST, look, arg);
	return *timer != NULL && event_add(*timer, &every) == 0 ? 0 : -ENOMEM;
}

void watch_timer_fini(struct event **timer)
{
	if (*timer != NULL)
		event_free(*timer);
	*timer = NULL;
}
