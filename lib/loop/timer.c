/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/timer.h"

#include <event2/event.h>
#include <event2/util.h>

void arm_ms(struct event *timer, uint64_t ms)
{
	struct timeval tv = {
		.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	evtimer_add(timer, &tv);
}

uint32_t timer_left_ms(const struct event *timer)
{
	struct timeval due, now, left;

	if (timer == NULL || !event_pending(timer, EV_TIMEOUT, &due) ||
		evutil_gettimeofday(&now, NULL) < 0 || evutil_timercmp(&due, &now, <))
		return 0;
	evutil_timersub(&due, &now, &left);
	return (uint32_t)(left.tv_sec * 1000 + left.tv_usec / 1000);
}
