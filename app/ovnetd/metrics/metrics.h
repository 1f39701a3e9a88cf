/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What tells others how this node is: /healthz, /readyz and /metrics over HTTP. It reads all parts
 * as they stand, whatever has been started, and changes nothing but warnings. Control thread only.
 */
#ifndef OVNET_APP_METRICS_METRICS_H
#define OVNET_APP_METRICS_METRICS_H

#include "metrics/certs.h"
#include "metrics/http.h"
#include "metrics/samples.h"
#include "metrics/text.h"

struct daemon;

struct metrics {
	struct http *http;   /* NULL: nobody listens, or not yet */
	struct event *timer; /* every second */
	int64_t try_ms;      /* monotonic: when it is tried again to listen */
	int64_t sample_ms;   /* and workers are looked at */
	struct samples samples;
	struct certs certs;
	/* The last scrape's. Whoever asks within a moment gets the same: many cost what one does.
	 */
	struct text text;
	int64_t text_ms; /* monotonic; 0: there is none */
};

#define METRICS_RETRY_MS 5000
#define METRICS_KEEP_MS  200

/* 0 or -ENOMEM. An address or port that cannot be had is a warning, and tried again. */
int metrics_start(struct daemon *d);
void metrics_stop(struct daemon *d);

/* families.c: all of /metrics, into `t`. */
void metrics_write(const struct daemon *d, struct text *t);
/* The pages, for http_new() with the daemon as argument. */
extern const struct http_page metrics_pages[];

#endif
