/* SPDX-License-Identifier: BSD-3-Clause */
#include "watch/spoiled.h"

#include <inttypes.h>

#include "engine/totals.h"
#include "watch/timer.h"

static void look(evutil_socket_t fd, short what, void *arg)
{
	struct spoiled *w = arg;
	const struct totals_path sum = totals_path(w->engine);

	(void)fd, (void)what;
	if (sum.spoiled == w->seen)
		return;
	w->seen = sum.spoiled;
	warn_set(w->warnings, "spoiled",
		"%" PRIu64 " of %" PRIu64
		" packets that were sampled came in with right checksums and left with wrong ones: "
		"a fault in ovnet, or this machine's memory is; please report it with `ovnetctl "
		"--json stats` and `ovnetctl ports`",
		sum.spoiled, sum.verified);
}

int spoiled_init(struct spoiled *w, const struct engine *engine)
{
	*w = (struct spoiled){.engine = engine, .warnings = engine->warnings};
	return watch_timer_init(&w->timer, engine->base, look, w);
}

void spoiled_fini(struct spoiled *w)
{
	watch_timer_fini(&w->timer);
}
