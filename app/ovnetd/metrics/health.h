/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How this node is: all that is not as it should be, each with how bad it is, for /readyz, metrics,
 * `ovnetctl health` and status. At any time from the first part's start on. Control thread only.
 */
#ifndef OVNET_APP_METRICS_HEALTH_H
#define OVNET_APP_METRICS_HEALTH_H

#include <jansson.h>

#include "run/warnings.h"

#define HEALTH_LEASE_SOON_S 3600 /* etcd away, and our lease ends within that: critical */

struct daemon;

struct health_finding {
	enum severity severity;
	bool blocks; /* this node forwards no packets, or no longer by right */
	const char *key, *text;
};

/* `found` is called for each; what it is shown lives for the call. */
void health_each(const struct daemon *d, void (*found)(void *arg, const struct health_finding *f),
	void *arg);

struct health {
	bool ready; /* nothing blocks */
	enum severity worst;
	unsigned n[SEVERITY_CRITICAL + 1]; /* findings, by severity */
};
struct health health_sum(const struct daemon *d);

/* Answer of the control socket's "health". */
json_t *health_show(void *arg, const json_t *params, char *err, size_t err_size);

#endif
