/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/registry/etcd/http_client.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "base/log.h"
#include "base/mem.h"
#include "lease/registry/etcd/http_error.h"
#include "loop/timer.h"

OVNET_LOG_TYPE(lease)

#define CONNECT_MS 3000

struct http_client {
	struct event_base *base;
	const struct http_tls *tls;
	CURLM *multi;
	struct event *timer;
	TAILQ_HEAD(, http_call) calls;
};

struct http_call {
	TAILQ_ENTRY(http_call) link;
	struct http_client *h;
	struct http_request req; /* its strings are not kept */
	CURL *easy;
	struct curl_slist *headers, *connect_to;
	char *body;
	size_t len, room;
	char *out; /* what is still to be sent, of a call that goes on */
	size_t out_len;
	struct event *answered; /* of a call that goes on: nobody reads what is sent any more */
	bool out_paused, out_over, headed, refused, too_long;
	char error[CURL_ERROR_SIZE];
};

static void free_call(struct http_call *c)
{
	TAILQ_REMOVE(&c->h->calls, c, link);
	curl_multi_remove_handle(c->h->multi, c->easy);
	curl_easy_cleanup(c->easy);
	curl_slist_free_all(c->headers);
	curl_slist_free_all(c->connect_to);
	free(c->body);
	free(c->out);
	if (c->answered != NULL)
		event_free(c->answered);
	free(c);
}

static void finish(struct http_call *c, CURLcode code)
{
	struct http_result r = {
		.body = c->body != NULL ? c->body : "", .len = c->len, .text = "", .easy = c->easy};
	char text[768];

	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &r.status);
	/* A server that ends a stream we hold open resets it behind its last word (RFC 9113, 8.1).
	 */
	if (code == CURLE_HTTP2_STREAM && c->req.goes_on && r.status == 200)
		code = CURLE_OK;
	if (code != CURLE_OK) {
		r.outcome = c->too_long ? HTTP_TOO_LONG
					: http_outcome_of(c->easy, code, c->error, c->req.http2);
		http_error_text(
			c->easy, code, c->error, c->h->tls, c->req.http2, text, sizeof(text));
		r.text = c->too_long ? "the answer is too long" : text;
	}
	c->req.done(c->req.arg, &r);
	free_call(c);
}

const char *http_header(const struct http_result *r, const char *name)
{
	struct curl_header *h;

	return curl_easy_header(r->easy, name, 0, CURLH_HEADER | CURLH_TRAILER, -1, &h) == CURLHE_OK
		       ? h->value
		       : NULL;
}

char *http_body_take(const struct http_result *r)
{
	struct http_call *c = NULL;
	char *body = NULL;

	if (curl_easy_getinfo(r->easy, CURLINFO_PRIVATE, &c) == CURLE_OK) {
		body = c->body;
		c->body = NULL;
	}
	return body;
}

/* Callbacks start and cancel calls: ask libcurl anew each time. */
static void reap(struct http_client *h)
{
	struct http_call *c;
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(h->multi, &left)) != NULL)
		if (msg->msg == CURLMSG_DONE &&
			curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &c) == CURLE_OK)
			finish(c, msg->data.result);
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct http_client *h = arg;
	int action =
		(what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
	int running;

	curl_multi_socket_action(h->multi, fd, action, &running);
	reap(h);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct http_client *h = arg;
	int running;

	(void)fd, (void)what;
	curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	reap(h);
}

/*
 * libcurl leaves the socket alone once nothing more comes from it, and waits for us to go on with
 * a body whose end we never meant to send: that is how the end of a stream shows, whether etcd
 * refused it, gave it up or died.
 */
static void if_stream_is_over(CURL *easy)
{
	struct http_call *c = NULL;

	/* What libcurl closes for itself is nobody's call. */
	if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, &c) == CURLE_OK && c != NULL && c->out_paused)
		event_active(c->answered, EV_TIMEOUT, 0);
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct http_client *h = arg;
	struct event *ev = socket_arg;
	short want = (short)(EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) |
			     (what & CURL_POLL_OUT ? EV_WRITE : 0));

	if (what == CURL_POLL_REMOVE)
		if_stream_is_over(easy);
	if (ev != NULL)
		event_free(ev);
	ev = what == CURL_POLL_REMOVE ? NULL : must(event_new(h->base, fd, want, on_socket, h));
	curl_multi_assign(h->multi, fd, ev);
	if (ev != NULL && event_add(ev, NULL) < 0)
		return -1;
	return 0;
}

static int set_timer(CURLM *multi, long ms, void *arg)
{
	struct http_client *h = arg;

	(void)multi;
	if (ms < 0)
		evtimer_del(h->timer);
	else
		arm_ms(h->timer, (uint64_t)ms);
	return 0;
}

static bool keep(struct http_call *c, const char *bytes, size_t n)
{
	if (n > c->req.max_bytes - c->len)
		return false;
	if (c->len + n + 1 > c->room) {
		size_t room = (c->len + n + 1) * 2;
		char *body = realloc(c->body, room);
		if (body == NULL)
			return false;
		c->body = body;
		c->room = room;
	}
	memcpy(c->body + c->len, bytes, n);
	c->len += n;
	c->body[c->len] = '\0';
	return true;
}

static size_t on_data(char *bytes, size_t one, size_t n, void *arg)
{
	struct http_call *c = arg;
	long status = 0;

	(void)one;
	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	bool good = c->req.data != NULL && status == 200 ? c->req.data(c->req.arg, bytes, n)
							 : keep(c, bytes, n);
	c->too_long = !good;
	return good ? n : 0;
}

/* Of gRPC, a stream that is refused: its outcome is no trailer, and nothing comes behind it. */
static bool is_refusal(const struct http_call *c, const char *line, size_t n)
{
	static const char outcome[] = "grpc-status:";

	return !c->headed && n >= sizeof(outcome) &&
	       strncasecmp(line, outcome, sizeof(outcome) - 1) == 0;
}

static size_t on_header(char *bytes, size_t one, size_t n, void *arg)
{
	struct http_call *c = arg;
	long status = 0;

	(void)one;
	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	if (c->req.header != NULL && status == 200)
		c->req.header(c->req.arg, bytes, n);
	if (c->answered != NULL) {
		c->refused = c->refused || is_refusal(c, bytes, n);
		if (c->headed || c->refused)
			event_active(c->answered, EV_TIMEOUT, 0);
	}
	c->headed = c->headed || (n <= 2 && status >= 200);
	return n;
}

/* A peer that vanished without a word is noticed within half a minute, on idle streams too. */
static int on_new_socket(void *arg, curl_socket_t fd, curlsocktype type)
{
	int on = 1, idle = 15, interval = 5, count = 3;
	unsigned unheard_ms = 10000;

	(void)arg, (void)type;
	if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) < 0 ||
		setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle)) < 0 ||
		setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval)) < 0 ||
		setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count)) < 0 ||
		/* Keepalives pause while something unacknowledged is under way. */
		setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unheard_ms, sizeof(unheard_ms)) < 0)
		return CURL_SOCKOPT_ERROR;
	return CURL_SOCKOPT_OK;
}

static void set_tls(CURL *e, const struct http_tls *tls)
{
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* What the files say now counts, not what an earlier connection made of them. */
	curl_easy_setopt(e, CURLOPT_CA_CACHE_TIMEOUT, 0L);
	curl_easy_setopt(e, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	/* For the error, should it not be for this address. */
	curl_easy_setopt(e, CURLOPT_CERTINFO, 1L);
	if (tls->cafile[0] != '\0') {
		curl_easy_setopt(e, CURLOPT_CAINFO, tls->cafile);
		curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	}
	if (tls->certfile[0] != '\0')
		curl_easy_setopt(e, CURLOPT_SSLCERT, tls->certfile);
	if (tls->keyfile[0] != '\0')
		curl_easy_setopt(e, CURLOPT_SSLKEY, tls->keyfile);
}

static void set_headers(struct http_call *c, const struct http_request *req)
{
	c->headers = must(curl_slist_append(NULL, "Expect:"));
	for (const char *const *line = req->headers; *line != NULL; line++)
		c->headers = must(curl_slist_append(c->headers, *line));
}

/* Nothing to send: the stream stays open, in both directions. */
static size_t on_out(char *bytes, size_t one, size_t room, void *arg)
{
	struct http_call *c = arg;
	size_t n = one * room < c->out_len ? one * room : c->out_len;

	if (n == 0 && c->out_over)
		return 0;
	if (n == 0) {
		c->out_paused = true;
		return CURL_READFUNC_PAUSE;
	}
	memcpy(bytes, c->out, n);
	c->out_len -= n;
	memmove(c->out, c->out + n, c->out_len);
	return n;
}

static void append_out(struct http_call *c, const void *bytes, size_t n)
{
	c->out = must(realloc(c->out, c->out_len + n));
	memcpy(c->out + c->out_len, bytes, n);
	c->out_len += n;
}

static void go_on_sending(struct http_call *c)
{
	if (!c->out_paused)
		return;
	c->out_paused = false;
	if (curl_easy_pause(c->easy, CURLPAUSE_CONT) != CURLE_OK)
		LOG(DEBUG, "libcurl does not go on sending; the call will end by itself");
}

void http_call_send(struct http_call *c, const void *bytes, size_t n)
{
	append_out(c, bytes, n);
	go_on_sending(c);
}

/* libcurl would wait for the end of what is sent although the answer is complete. */
static void on_answered(evutil_socket_t fd, short what, void *arg)
{
	struct http_call *c = arg;

	(void)fd, (void)what;
	/* Closed by our end of it, with nothing to read, libcurl 7.88 would wait for ever. */
	if (c->refused) {
		finish(c, CURLE_OK);
		return;
	}
	c->out_over = true;
	go_on_sending(c);
}

static CURLcode set_body(struct http_call *c, const struct http_request *req)
{
	if (!req->goes_on) {
		curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE, (long)req->len);
		return curl_easy_setopt(c->easy, CURLOPT_COPYPOSTFIELDS, req->body);
	}
	c->answered = must(event_new(c->h->base, -1, 0, on_answered, c));
	append_out(c, req->body, req->len);
	curl_easy_setopt(c->easy, CURLOPT_READFUNCTION, on_out);
	curl_easy_setopt(c->easy, CURLOPT_READDATA, c);
	return curl_easy_setopt(c->easy, CURLOPT_POST, 1L);
}

static void set_version(CURL *e, const struct http_request *req)
{
	bool tls = strncmp(req->url, "https:", 6) == 0;
	long version = CURL_HTTP_VERSION_1_1;

	if (req->http2) /* without TLS nothing is negotiated: HTTP/2 from the first byte */
		version = tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
	/*
	 * libcurl 7.88 starts HTTP/2 anew on a plain connection used again (curl #10634). A stream
	 * that was left leaves no connection behind that others would take for a good one.
	 */
	if (req->http2 && (!tls || req->goes_on)) {
		curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
		curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
	}
	/*
	 * A request that goes out on a connection used before, which then ends without a byte of an
	 * answer, libcurl sends again on another without a word. The server may have done it.
	 */
	if (req->once)
		curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, version);
}

/*
 * libcurl asks for and checks the name that the URL has: it gets one with that name, and is led
 * to the server nevertheless.
 */
static CURLcode set_named_url(struct http_call *c, const char *url)
{
	CURLU *u = must(curl_url());
	char *host = NULL, *port = NULL, *named = NULL;
	CURLcode rc = CURLE_URL_MALFORMAT;

	if (curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
		curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		curl_url_set(u, CURLUPART_HOST, c->h->tls->server_name, 0) == CURLUE_OK &&
		curl_url_get(u, CURLUPART_URL, &named, 0) == CURLUE_OK) {
		char *to = must_printf("::%s:%s", host, port);
		c->connect_to = must(curl_slist_append(NULL, to));
		free(to);
		curl_easy_setopt(c->easy, CURLOPT_CONNECT_TO, c->connect_to);
		rc = curl_easy_setopt(c->easy, CURLOPT_URL, named);
	}
	curl_free(named);
	curl_free(port);
	curl_free(host);
	curl_url_cleanup(u);
	return rc;
}

static CURLcode set_url(struct http_call *c, const char *url)
{
	if (c->h->tls->server_name[0] != '\0' && strncmp(url, "https:", 6) == 0)
		return set_named_url(c, url);
	return curl_easy_setopt(c->easy, CURLOPT_URL, url);
}

static CURLcode set_options(struct http_call *c, const struct http_request *req)
{
	CURL *e = c->easy;
	long connect_ms = req->timeout_ms != 0 && req->timeout_ms < CONNECT_MS
				  ? (long)req->timeout_ms
				  : CONNECT_MS;

	curl_easy_setopt(e, CURLOPT_PRIVATE, c);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->error);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	/* etcd is a neighbour: a proxy meant for the internet must not get in between. */
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	set_version(e, req);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)req->timeout_ms);
	curl_easy_setopt(e, CURLOPT_SOCKOPTFUNCTION, on_new_socket);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, c->headers);
	set_tls(e, c->h->tls);
	CURLcode rc = set_url(c, req->url);
	if (rc == CURLE_OK && req->method != NULL)
		rc = curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, req->method);
	return rc == CURLE_OK && req->body != NULL ? set_body(c, req) : rc;
}

struct http_call *http_client_post(struct http_client *h, const struct http_request *req)
{
	struct http_call *c = must(calloc(1, sizeof(*c)));

	c->h = h;
	c->req = *req;
	c->req.method = c->req.url = NULL;
	c->req.headers = NULL;
	c->req.body = NULL;
	c->easy = must(curl_easy_init());
	set_headers(c, req);
	must(set_options(c, req) == CURLE_OK ? c : NULL);
	TAILQ_INSERT_TAIL(&h->calls, c, link);
	must(curl_multi_add_handle(h->multi, c->easy) == CURLM_OK ? c : NULL);
	return c;
}

void http_call_cancel(struct http_call *call)
{
	free_call(call);
}

struct http_client *http_client_open(struct event_base *base, const struct http_tls *tls)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		LOG(ERR, "libcurl cannot start: etcd cannot be reached");
		return NULL;
	}
	struct http_client *h = must(calloc(1, sizeof(*h)));
	h->base = base;
	h->tls = tls;
	TAILQ_INIT(&h->calls);
	h->multi = must(curl_multi_init());
	h->timer = must(evtimer_new(base, on_timer, h));
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	/* A connection shared with a stream would hide the stream's end, see above. */
	curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
	return h;
}

void http_client_close(struct http_client *h)
{
	if (h == NULL)
		return;
	while (!TAILQ_EMPTY(&h->calls))
		free_call(TAILQ_FIRST(&h->calls));
	curl_multi_cleanup(h->multi);
	event_free(h->timer);
	free(h);
	curl_global_cleanup();
}
