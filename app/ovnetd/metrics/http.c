/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * evhttp neither counts its clients nor limits how long one takes: each byte begins its time-out
 * anew. So we make the bufferevents and keep a reference to each until evhttp is done with it: how
 * many there are, since when, and their socket, which is shut down when time is over, upon which
 * evhttp lets go as of any client that hangs up.
 */
#include "metrics/http.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/net.h"
#include "loop/timer.h"

OVNET_LOG_TYPE(http)

#define SWEEP_MS      1000
#define SWEEP_FULL_MS 100
#define READ_AHEAD    (2 * HTTP_HEADERS) /* bytes a client may have sent and we not taken up */
#define ALL_METHODS   0xffff             /* the handler refuses, with a status that says so */

struct place {
	struct bufferevent *bev; /* NULL: free */
	int64_t since_ms;
	bool cut; /* its time was over */
};

struct http {
	struct event_base *base;
	struct evhttp *evhttp;
	struct evconnlistener *listener; /* evhttp's */
	struct event *sweep;             /* armed always */
	const struct http_page *pages;
	void *arg;
	uint32_t time_ms, hurry_ms;
	struct place place[HTTP_CLIENTS];
	unsigned n;
};

/* Never later than it would be anyway. */
static void arm(struct http *h, uint32_t ms)
{
	if (!event_pending(h->sweep, EV_TIMEOUT, NULL) || timer_left_ms(h->sweep) > ms)
		arm_ms(h->sweep, ms);
}

/* Freeing a bufferevent takes its callbacks away, and while evhttp has one they are set. */
static bool is_over(struct bufferevent *bev)
{
	bufferevent_event_cb on_event = NULL;

	bufferevent_getcb(bev, NULL, NULL, &on_event, NULL);
	return on_event == NULL;
}

void http_sweep(struct http *h)
{
	const int64_t now = monotonic_ms();
	const uint32_t limit = h->n == HTTP_CLIENTS ? h->hurry_ms : h->time_ms;

	for (unsigned i = 0; i < HTTP_CLIENTS; i++) {
		struct place *p = &h->place[i];
		if (p->bev == NULL)
			continue;
		if (is_over(p->bev)) {
			bufferevent_decref(p->bev); /* the last one: closes the socket */
			*p = (struct place){0};
			h->n--;
		} else if (!p->cut && now - p->since_ms >= limit) {
			p->cut = true;
			LOG(DEBUG, "a client of probes is cut off after %lld ms",
				(long long)(now - p->since_ms));
			shutdown(bufferevent_getfd(p->bev), SHUT_RDWR);
		}
	}
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct http *h = arg;

	(void)fd, (void)what;
	http_sweep(h);
	if (h->n < HTTP_CLIENTS && evconnlistener_enable(h->listener) < 0)
		LOG(ERR, "probes wait: no memory to listen with; tried again");
	arm(h, h->n == HTTP_CLIENTS ? SWEEP_FULL_MS : SWEEP_MS);
}

/* No more files may be open, say: asked again at once the kernel would say the same. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	(void)arg; /* evhttp's */
	LOG(WARN, "probes wait: %s", strerror(errno));
	evconnlistener_disable(listener);
}

/* For a client that was accepted. With no place left further ones wait in the backlog. */
static struct bufferevent *on_client(struct event_base *base, void *arg)
{
	struct http *h = arg;
	struct bufferevent *bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	unsigned i = 0;

	if (bev == NULL)
		return NULL; /* evhttp tries itself, and gives up */
	bufferevent_setwatermark(bev, EV_READ, 0, READ_AHEAD);
	while (i < HTTP_CLIENTS && h->place[i].bev != NULL)
		i++;
	if (i < HTTP_CLIENTS) {
		bufferevent_incref(bev);
		h->place[i] = (struct place){.bev = bev, .since_ms = monotonic_ms()};
		h->n++;
	}
	if (h->n == HTTP_CLIENTS)
		evconnlistener_disable(h->listener);
	arm(h, h->n == HTTP_CLIENTS ? SWEEP_FULL_MS : SWEEP_MS);
	return bev;
}

/* The answer is out: the place is free in a moment. */
static void on_complete(struct evhttp_request *req, void *arg)
{
	(void)req;
	arm(arg, 0);
}

static const struct http_page *find_page(const struct http *h, struct evhttp_request *req)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;

	for (const struct http_page *p = h->pages; path != NULL && p->path != NULL; p++)
		if (strcmp(p->path, path) == 0)
			return p;
	return NULL;
}

static int add_header(struct evhttp_request *req, const char *name, const char *value)
{
	return evhttp_add_header(evhttp_request_get_output_headers(req), name, value);
}

/* Takes the body's bytes, which a HEAD only counts. */
static void reply(struct evhttp_request *req, int status, const char *type, struct evbuffer *body)
{
	const size_t len = evbuffer_get_length(body);
	char text[24];

	snprintf(text, sizeof(text), "%zu", len);
	if (evhttp_request_get_command(req) == EVHTTP_REQ_HEAD && evbuffer_drain(body, len) < 0)
		status = 0;
	if (status == 0 || add_header(req, "Content-Type", type) < 0 ||
		add_header(req, "Content-Length", text) < 0 ||
		add_header(req, "Connection", "close") < 0) {
		LOG(ERR, "no memory for the answer to a probe");
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
		return;
	}
	evhttp_send_reply(req, status, NULL, body);
}

static int refuse(struct evhttp_request *req, int status, struct evbuffer *body)
{
	const char *text = status == HTTP_NOTFOUND ? "not found\n" : "GET and HEAD only\n";

	if (status == HTTP_BADMETHOD && add_header(req, "Allow", "GET, HEAD") < 0)
		return 0;
	return evbuffer_add(body, text, strlen(text)) == 0 ? status : 0;
}

static void on_request(struct evhttp_request *req, void *arg)
{
	struct http *h = arg;
	const struct http_page *page = find_page(h, req);
	const enum evhttp_cmd_type method = evhttp_request_get_command(req);
	struct evbuffer *body = evbuffer_new();
	int status;

	evhttp_request_set_on_complete_cb(req, on_complete, h);
	if (body == NULL) {
		evhttp_send_error(req, HTTP_INTERNAL, NULL);
		return;
	}
	if (page == NULL)
		status = refuse(req, HTTP_NOTFOUND, body);
	else if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD)
		status = refuse(req, HTTP_BADMETHOD, body);
	else
		status = page->answer(h->arg, body);
	reply(req, status, page != NULL ? page->type : "text/plain; charset=utf-8", body);
	evbuffer_free(body);
}

static socklen_t sockaddr_of(
	const struct ovnet_addr *addr, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	*out = (struct sockaddr_storage){0};
	if (addr->family == AF_INET) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		in->sin_addr.s_addr = addr->v4_be;
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, addr->v6, sizeof(in6->sin6_addr));
	return sizeof(*in6);
}

static int start(struct http *h, const struct ovnet_addr *addr, uint16_t port)
{
	struct sockaddr_storage ss;
	socklen_t len = sockaddr_of(addr, port, &ss);

	h->sweep = event_new(h->base, -1, 0, on_sweep, h);
	h->evhttp = evhttp_new(h->base);
	if (h->sweep == NULL || h->evhttp == NULL)
		return -ENOMEM;
	evhttp_set_max_headers_size(h->evhttp, HTTP_HEADERS);
	evhttp_set_max_body_size(h->evhttp, HTTP_BODY);
	evhttp_set_allowed_methods(h->evhttp, ALL_METHODS);
	evhttp_set_timeout(h->evhttp, HTTP_TIME_MS / 1000);
	evhttp_set_bevcb(h->evhttp, on_client, h);
	evhttp_set_gencb(h->evhttp, on_request, h);
	errno = 0;
	struct evconnlistener *listener = evconnlistener_new_bind(h->base, NULL, NULL,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, HTTP_CLIENTS,
		(struct sockaddr *)&ss, (int)len);
	if (listener == NULL)
		return errno != 0 ? -errno : -ENOMEM;
	if (evhttp_bind_listener(h->evhttp, listener) == NULL) {
		evconnlistener_free(listener);
		return -ENOMEM;
	}
	evconnlistener_set_error_cb(listener, on_accept_error);
	h->listener = listener;
	arm(h, SWEEP_MS);
	return 0;
}

struct http *http_new(struct event_base *base, const struct ovnet_addr *addr, uint16_t port,
	const struct http_page *pages, void *arg, int *err)
{
	struct http *h = calloc(1, sizeof(*h));

	*err = -ENOMEM;
	if (h == NULL)
		return NULL;
	/* A client that hangs up must not end the daemon. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		LOG(WARN, "SIGPIPE stays as it is: %s", strerror(errno));
	h->base = base;
	h->pages = pages;
	h->arg = arg;
	http_set_times(h, HTTP_TIME_MS, HTTP_HURRY_MS);
	*err = start(h, addr, port);
	if (*err == 0)
		return h;
	http_free(h);
	return NULL;
}

void http_free(struct http *h)
{
	if (h == NULL)
		return;
	if (h->evhttp != NULL)
		evhttp_free(h->evhttp); /* with its listener and its clients */
	for (unsigned i = 0; i < HTTP_CLIENTS; i++)
		if (h->place[i].bev != NULL)
			bufferevent_decref(h->place[i].bev);
	if (h->sweep != NULL)
		event_free(h->sweep);
	free(h);
}

uint16_t http_port(const struct http *h)
{
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof(ss);

	if (getsockname(evconnlistener_get_fd(h->listener), (struct sockaddr *)&ss, &len) < 0)
		return 0;
	return ntohs(ss.ss_family == AF_INET ? ((struct sockaddr_in *)&ss)->sin_port
					     : ((struct sockaddr_in6 *)&ss)->sin6_port);
}

unsigned http_clients(const struct http *h)
{
	return h->n;
}

void http_set_times(struct http *h, uint32_t time_ms, uint32_t hurry_ms)
{
	h->time_ms = time_ms;
	h->hurry_ms = hurry_ms;
}
