/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An HTTP listener for probes and scrapes, libevent's evhttp with bounds: so many clients, one
 * request of so many bytes each, which has to be over in so much time, whoever asks. Answers are
 * closed behind. GET and HEAD, nothing else. Control thread only; nothing here waits.
 */
#ifndef OVNET_APP_METRICS_HTTP_H
#define OVNET_APP_METRICS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_CLIENTS   32
#define HTTP_HEADERS   8192  /* bytes, request line and all */
#define HTTP_BODY      1024  /* bytes; not looked at */
#define HTTP_TIME_MS   10000 /* from accept to the end of the answer */
#define HTTP_HURRY_MS  1000  /* the same while all places are taken */
#define HTTP_OK        200
#define HTTP_NOT_READY 503

struct event_base;
struct evbuffer;
struct ovnet_addr;
struct http;

struct http_page {
	const char *path;
	const char *type; /* Content-Type */
	/* Adds the answer to `body`; the status, 0: no memory. */
	int (*answer)(void *arg, struct evbuffer *body);
};

/*
 * SIGPIPE is ignored from here on. `pages` ends with a NULL path. `port` 0: any free one, see
 * http_port(). NULL and *err, not logged: the address is not this host's (-EADDRNOTAVAIL), the port
 * is taken (-EADDRINUSE), ...
 */
struct http *http_new(struct event_base *base, const struct ovnet_addr *addr, uint16_t port,
	const struct http_page *pages, void *arg, int *err);
/* Closes the clients. NULL is fine. */
void http_free(struct http *h);
uint16_t http_port(const struct http *h);
/* Clients there are: those that were let go are found so within a turn or two of the loop. */
unsigned http_clients(const struct http *h);
/* For tests: other times, in milliseconds; looks at once for whose time is over or who has gone. */
void http_set_times(struct http *h, uint32_t time_ms, uint32_t hurry_ms);
void http_sweep(struct http *h);

#endif
