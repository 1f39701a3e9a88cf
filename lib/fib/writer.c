/* SPDX-License-Identifier: BSD-3-Clause */
#include "fib/private.h"

#include <stdlib.h>

struct ovnet_fib_writer *ovnet_fib_writer_new(
	struct ovnet_fib *fib, struct ovnet_rcu *rcu, uint32_t max_peers)
{
	struct ovnet_fib_writer *w =
		calloc(1, sizeof(*w) + (size_t)max_peers * sizeof(w->free_ids[0]));

	if (w == NULL)
		return NULL;
	w->slab = slab_new(sizeof(struct peer_entry));
	if (w->slab == NULL) {
		free(w);
		return NULL;
	}
	w->fib = fib;
	w->rcu = rcu;
	w->max_peers = max_peers;
	w->sources = (struct sources){.fib = fib, .rcu = rcu};
	w->sources6 = (struct sources6){.fib = fib, .rcu = rcu};
	return w;
}

void ovnet_fib_writer_free(struct ovnet_fib_writer *w)
{
	if (w == NULL)
		return;
	struct ovnet_fib_view *v = view_of(w);
	atomic_store_explicit(&w->fib->view, NULL, memory_order_release);
	view_destroy(v);
	peers_free(w);
	endpoints_free(w);
	nexthops_free(w);
	sources_free(&w->sources);
	sources6_free(&w->sources6);
	ingress_free(w->fib);
	slab_close(w->slab); /* those that wait for the end of a grace period are still of it */
	free(w);
}
