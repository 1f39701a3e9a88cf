/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/loop.h"

#include <errno.h>
#include <event2/event.h>

static uint64_t ran_ns(void)
{
	struct timespec t;

	/* Time on the CPU: it leaves out the wait for events, which libevent does in the same call.
	 */
	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) < 0)
		return 0;
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void record(struct loop *l, uint64_t ns)
{
	l->turns++;
	if (ns > l->longest_ns) {
		l->longest_ns = ns;
		l->longest_at = time(NULL);
	}
	if (l->forget)
		*l = (struct loop){.turns = l->turns};
}

int loop_run(struct loop *l, struct event_base *base)
{
	int rc;

	do {
		uint64_t start = ran_ns();
		rc = event_base_loop(base, EVLOOP_ONCE);
		record(l, ran_ns() - start);
	} while (rc == 0 && !event_base_got_break(base) && !event_base_got_exit(base));
	return rc < 0 ? -EIO : 0;
}

void loop_reset(struct loop *l)
{
	l->forget = true;
}
