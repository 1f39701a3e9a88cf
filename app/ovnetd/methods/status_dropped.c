/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_cycles.h>
#include <stdlib.h>

#include "daemon.h"
#include "methods/json.h"
#include "methods/status.h"
#include "path/dropped.h"

struct kept {
	struct ovnet_dropped_packet packet;
	unsigned worker;
};

static int by_time(const void *a, const void *b)
{
	const uint64_t ta = ((const struct kept *)a)->packet.tsc,
		       tb = ((const struct kept *)b)->packet.tsc;

	return ta > tb ? -1 : ta < tb;
}

static json_t *kept_json(const struct kept *k, enum ovnet_drop reason)
{
	const struct ovnet_dropped_packet *p = &k->packet;
	const uint64_t now = rte_rdtsc(), ago = now > p->tsc ? now - p->tsc : 0;
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	const double ago_s = (double)ago / (double)rte_get_tsc_hz();
	return json_pack("{s:s,s:f,s:f,s:s,s:i,s:I,s:s,s:o}", "reason", ovnet_drop_name(reason),
		"time", (double)t.tv_sec + (double)t.tv_nsec / 1e9 - ago_s, "seconds_ago", ago_s,
		"port", p->port, "worker", (int)k->worker, "length", (json_int_t)p->len, "link",
		p->raw ? "ip" : "ethernet", "bytes", hex_json(p->bytes, p->captured));
}

/* Of all workers together as many as one of them keeps. */
static void list_reason(struct daemon *d, enum ovnet_drop reason, struct kept *kept, json_t *list)
{
	struct ovnet_dropped_packet of_worker[OVNET_DROPPED_KEPT];
	unsigned n = 0;

	for (unsigned w = 0; w < d->engine.shared.n_workers; w++) {
		unsigned more =
			ovnet_dropped_read(d->engine.workers[w]->ctx.dropped, reason, of_worker);
		for (unsigned i = 0; i < more; i++)
			kept[n++] = (struct kept){of_worker[i], w};
	}
	qsort(kept, n, sizeof(kept[0]), by_time);
	for (unsigned i = 0; i < n && i < OVNET_DROPPED_KEPT; i++)
		json_array_append_new(list, kept_json(&kept[i], reason));
}

json_t *status_dropped(void *arg, const json_t *params, char *err, size_t err_size)
{
	const json_t *wanted = json_object_get(params, "reason");
	const char *name = json_string_value(wanted);
	struct daemon *d = arg;
	bool known = wanted == NULL;

	if (!methods_running(d, err, err_size))
		return NULL;
	for (unsigned r = 0; r < OVNET_DROP_COUNT && name != NULL; r++)
		known |= strcmp(name, ovnet_drop_name(r)) == 0;
	if (!known) {
		snprintf(err, err_size,
			"there is no such reason; \"ovnetctl drops --all\" lists them");
		return NULL;
	}
	struct kept *kept = calloc(OVNET_DROPPED_KEPT * (size_t)OVNET_MAX_WORKERS, sizeof(*kept));
	json_t *list = json_array();
	if (kept == NULL || list == NULL) {
		snprintf(err, err_size, "no memory for the list");
		free(kept);
		json_decref(list);
		return NULL;
	}
	for (unsigned r = 0; r < OVNET_DROP_COUNT; r++)
		if (name == NULL || strcmp(name, ovnet_drop_name(r)) == 0)
			list_reason(d, r, kept, list);
	free(kept);
	return list;
}
