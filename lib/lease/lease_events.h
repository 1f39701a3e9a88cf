/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between the watch and the table: a few events pass straight through, many at once wait in their
 * order and are applied a part per turn of the event loop. Control thread.
 */
#ifndef OVNET_LEASE_LEASE_EVENTS_H
#define OVNET_LEASE_LEASE_EVENTS_H

#include "lease/registry/registry.h"

struct event_base;
struct lease_events;

/* As ovnet_registry_watch_cbs.events; `revision` 0: more of the same one follow. Must not free it.
 */
typedef void (*lease_events_fn)(
	void *arg, const struct ovnet_registry_event *events, size_t n, int64_t revision);

struct lease_events *lease_events_new(struct event_base *base, lease_events_fn apply, void *arg);
/* NULL is fine. */
void lease_events_free(struct lease_events *q);
/* May call `apply` at once. Copies what it keeps. */
void lease_events_add(struct lease_events *q, const struct ovnet_registry_event *events, size_t n,
	int64_t revision);
/* Forgets what waits. */
void lease_events_drop(struct lease_events *q);

#endif
