/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A member that lost the others keeps its polls for ever, in silence, and the v2 API cannot ask it
 * for a leader. It cannot answer a read that needs the quorum: while polls have nothing to tell,
 * one is made now and then. Another member that answers it takes over the watches; when none does,
 * nor a moment later, as they may just be slow, the watches are over.
 */
#include "lease/registry/etcd/etcd_v2.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "loop/random.h"
#include "loop/timer.h"

/* So many in a row without an answer. */
#define UNANSWERED_MAX 2

static void on_answer(void *arg, const struct v2_answer *a)
{
	struct ovnet_registry *e = arg;

	/* Any other answer, a refusal, too, is one of a member that has the others. */
	if (a->status != OVNET_REGISTRY_UNAVAILABLE) {
		v2_probe_later(e);
		return;
	}
	if (++e->unanswered < UNANSWERED_MAX) {
		arm_ms(e->probe, random_below(NULL, e->client.timeout_ms));
		return;
	}
	v2_end_watches(e, a->text);
	v2_probe_later(e);
}

bool v2_doubt(struct ovnet_registry_watch *w)
{
	(void)w; /* a probe is due soon in any case */
	return true;
}

/* Under the prefix, as the right to read may end there; of a key that no listing has to show. */
static char *path_of(const struct ovnet_registry_watch *w)
{
	const char *watched = v2_watched(w);
	size_t len = strlen(watched);
	char *key = must_printf("%s%s", watched, len > 0 && watched[len - 1] == '/' ? "-" : "");
	char *path = v2_path(key), *out = must_printf("%s?quorum=true", path);

	free(path);
	free(key);
	return out;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct ovnet_registry *e = arg;

	(void)fd, (void)what;
	if (!TAILQ_EMPTY(&e->watches))
		v2_send(e, &(struct v2_request){.path = path_of(TAILQ_FIRST(&e->watches))},
			on_answer, e);
}

void v2_probe_init(struct ovnet_registry *e)
{
	e->probe = must(evtimer_new(e->client.base, on_timer, e));
}
