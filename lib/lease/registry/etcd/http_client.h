/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HTTP requests over libcurl's multi interface on libevent. Nothing blocks; callbacks come from
 * the event loop, never from inside a call here. Control thread.
 */
#ifndef OVNET_LEASE_REGISTRY_ETCD_HTTP_CLIENT_H
#define OVNET_LEASE_REGISTRY_ETCD_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct http_client;
struct http_call;

struct http_tls {
	char *cafile, *certfile, *keyfile; /* "": none */
	char *server_name;                 /* the certificate has to be for; "": the URL's host */
};

enum http_outcome {
	HTTP_ANSWERED,    /* `status` and the body are there */
	HTTP_UNREACHABLE, /* nothing was sent */
	HTTP_REFUSED,     /* TLS said no; nothing was sent */
	HTTP_CLOSED,      /* LOST without a byte of an answer, as if it spoke no HTTP/2 */
	HTTP_LOST,        /* the connection broke or timed out; it may have had an effect */
	HTTP_TOO_LONG,    /* more than `max_bytes` */
};

struct http_result {
	enum http_outcome outcome;
	long status;
	const char *body; /* NUL-terminated, until the callback returns */
	size_t len;
	const char *text; /* why there is no answer; for operators */
	void *easy;       /* for http_header() */
};

struct http_request {
	const char *method; /* NULL: POST */
	const char *url;
	const char *const *headers; /* lines; NULL-terminated */
	const void *body;           /* NULL: none */
	size_t len;
	bool http2;          /* and nothing less */
	bool once;           /* on no connection used before: see http_client.c */
	bool goes_on;        /* more of the body follows (http_call_send), without an end */
	uint32_t timeout_ms; /* 0: may take for ever once connected */
	size_t max_bytes;
	void (*done)(void *arg, const struct http_result *r);
	/*
	 * For streams, instead of collecting the body of an answer with status 200. Runs inside
	 * libcurl: it may keep the bytes, nothing else. False: give up (TOO_LONG).
	 */
	bool (*data)(void *arg, const char *bytes, size_t n);
	/* Optional, as `data`: one header line of such an answer; the empty one ends them. */
	void (*header)(void *arg, const char *line, size_t n);
	void *arg;
};

/* `tls` has to outlive the client. NULL: libcurl cannot start (logged). */
struct http_client *http_client_open(struct event_base *base, const struct http_tls *tls);
/* Cancels what is under way. Not from a callback. NULL is fine. */
void http_client_close(struct http_client *h);
/* Strings are copied. */
struct http_call *http_client_post(struct http_client *h, const struct http_request *req);
/* Only for a call that `goes_on`. */
void http_call_send(struct http_call *call, const void *bytes, size_t n);
/* Of a header or trailer of the answer; NULL: it has none. */
const char *http_header(const struct http_result *r, const char *name);
/* The body becomes the caller's; NULL: it has none. */
char *http_body_take(const struct http_result *r);
/* No callback follows. */
void http_call_cancel(struct http_call *call);

#endif
