/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One client. A request is taken up only when the answer before it has gone, so a client that
 * does not read holds one answer at most, of a list a part only, and is closed after the idle time.
 */
#include "ctl/ctl_private.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

OVNET_LOG_TYPE(ctl)

#define ROWS_PER_TURN 256 /* a millisecond or two, some 64 KB */

struct ctl_connection {
	struct ovnet_ctl_server *server;
	struct bufferevent *bev;
	const struct ovnet_ctl_rows *rows; /* of the list under way, NULL: none */
	void *walk;
	bool closing; /* as soon as the output is out */
	bool given;   /* to the method it asked for: closed here, without an answer */
	bool ended;   /* the client sends no more: close when all it sent is answered */
	LIST_ENTRY(ctl_connection) link;
};

static json_t *error_object(const char *text)
{
	json_t *o = json_pack("{s:s}", "error", text);

	/* A text cut in the middle of a character is no JSON string. */
	return o != NULL ? o : json_pack("{s:s}", "error", "failed; the reason cannot be shown");
}

/* Takes the reference. */
static void send_object(struct ctl_connection *c, json_t *o)
{
	char *text = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;
	struct evbuffer *out = bufferevent_get_output(c->bev);

	json_decref(o);
	if (text != NULL && strlen(text) > OVNET_CTL_ANSWER_MAX) {
		LOG(WARN, "%s: an answer of %zu bytes was not sent; ask for less", c->server->path,
			strlen(text));
		free(text);
		text = strdup("{\"error\":\"the answer is too large; ask for less\"}");
	}
	if (text == NULL || evbuffer_add(out, text, strlen(text)) < 0 ||
		evbuffer_add(out, "\n", 1) < 0) {
		LOG(ERR, "%s: no memory for an answer; the client is closed", c->server->path);
		c->closing = true;
	}
	free(text);
}

static void end_list(struct ctl_connection *c)
{
	if (c->rows != NULL)
		c->rows->close(c->walk);
	c->rows = NULL;
	c->walk = NULL;
}

static int add_row(struct evbuffer *out, json_t *row, const char *before)
{
	char *text = row != NULL ? json_dumps(row, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	int rc = -1;

	json_decref(row);
	if (text != NULL && evbuffer_add(out, before, strlen(before)) == 0)
		rc = evbuffer_add(out, text, strlen(text));
	free(text);
	return rc;
}

/* The next part of the list; more when it is out. */
static void go_on(struct ctl_connection *c, const char *before)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);
	json_t *row;
	int rc = 0;

	for (unsigned i = 0; i < ROWS_PER_TURN && rc == 0; i++) {
		if (!c->rows->next(c->server->arg, c->walk, &row)) {
			end_list(c);
			rc = evbuffer_add(out, "]}\n", 3);
			break;
		}
		rc = add_row(out, row, before);
		before = ",";
	}
	if (rc == 0)
		return;
	LOG(ERR, "%s: no memory for an answer; the client is closed", c->server->path);
	end_list(c);
	c->closing = true;
}

static void begin_list(struct ctl_connection *c)
{
	static const char head[] = "{\"result\":[";

	if (evbuffer_add(bufferevent_get_output(c->bev), head, sizeof(head) - 1) == 0) {
		go_on(c, "");
		return;
	}
	LOG(ERR, "%s: no memory for an answer; the client is closed", c->server->path);
	end_list(c);
	c->closing = true;
}

static json_t *start_list(
	struct ctl_connection *c, const struct ovnet_ctl_rows *rows, const json_t *params)
{
	char err[512] = "failed";

	c->walk = rows->open(c->server->arg, params, err, sizeof(err));
	if (c->walk == NULL)
		return error_object(err);
	c->rows = rows;
	return NULL;
}

/* NULL: it is the method's from now on. */
static json_t *start_stream(
	struct ctl_connection *c, const struct ovnet_ctl_method *m, const json_t *params)
{
	char err[512] = "failed";
	int fd = fcntl(bufferevent_getfd(c->bev), F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return error_object("ovnetd has no file descriptor left; try again later");
	if (m->stream(c->server->arg, params, fd, err, sizeof(err)) < 0)
		return error_object(err);
	c->given = true;
	return NULL;
}

static json_t *unknown_method(const struct ovnet_ctl_method *methods)
{
	char text[1024];
	size_t len = (size_t)snprintf(text, sizeof(text), "unknown method; there are");

	for (const struct ovnet_ctl_method *m = methods; m->name != NULL && len < sizeof(text); m++)
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "%s %s", m == methods ? "" : ",", m->name);
	return error_object(text);
}

/* NULL: the answer is a list, or another's. */
static json_t *call(struct ctl_connection *c, const char *name, const json_t *params)
{
	struct ovnet_ctl_server *s = c->server;
	char err[512] = "failed";

	for (const struct ovnet_ctl_method *m = s->methods; m->name != NULL; m++) {
		if (strcmp(m->name, name) != 0)
			continue;
		if (m->rows != NULL)
			return start_list(c, m->rows, params);
		if (m->stream != NULL)
			return start_stream(c, m, params);
		json_t *result = m->call(s->arg, params, err, sizeof(err));
		return result != NULL ? json_pack("{s:o}", "result", result) : error_object(err);
	}
	return unknown_method(s->methods);
}

static json_t *answer(struct ctl_connection *c, const char *line, size_t len)
{
	json_error_t why;
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
	const char *method = json_string_value(json_object_get(request, "method"));
	const json_t *params = json_object_get(request, "params");
	json_t *result;

	if (json_is_null(params))
		params = NULL;
	if (request == NULL)
		result = error_object("a request is one line of JSON, this is none");
	else if (method == NULL)
		result = error_object("a request is an object with a text as \"method\"");
	else if (params != NULL && !json_is_object(params))
		result = error_object("\"params\" is not an object");
	else
		result = call(c, method, params);
	json_decref(request);
	return result;
}

static void refuse_long(struct ctl_connection *c)
{
	char text[64];

	snprintf(text, sizeof(text), "a request has at most %d bytes", OVNET_CTL_LINE_MAX);
	send_object(c, error_object(text));
	c->closing = true;
}

static bool output_pending(const struct ctl_connection *c)
{
	return c->rows != NULL || evbuffer_get_length(bufferevent_get_output(c->bev)) > 0;
}

/* The next whole line, if there is one and the last answer is out. */
static void serve(struct ctl_connection *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	size_t len;

	if (output_pending(c) || c->closing)
		return;
	struct evbuffer_ptr end = evbuffer_search_eol(in, NULL, NULL, EVBUFFER_EOL_LF);
	if (end.pos < 0 ? evbuffer_get_length(in) > OVNET_CTL_LINE_MAX
			: end.pos > OVNET_CTL_LINE_MAX) {
		refuse_long(c);
		return;
	}
	char *line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF);
	if (line == NULL)
		return;
	json_t *object = answer(c, line, len);
	free(line);
	if (c->given)
		c->closing = true;
	else if (c->rows != NULL)
		begin_list(c);
	else
		send_object(c, object);
}

static void serve_or_close(struct ctl_connection *c)
{
	serve(c);
	if ((c->closing || c->ended) && !output_pending(c))
		ctl_connection_free(c);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	(void)bev;
	serve_or_close(arg);
}

/* The output ran empty. */
static void on_written(struct bufferevent *bev, void *arg)
{
	struct ctl_connection *c = arg;

	(void)bev;
	if (c->rows != NULL)
		go_on(c, ",");
	serve_or_close(c);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct ctl_connection *c = arg;

	if (output_pending(c) && (what & BEV_EVENT_READING) != 0) {
		if ((what & BEV_EVENT_EOF) != 0) {
			c->ended = true;
			return;
		}
		/* Busy with its answer, not idle; whether it reads, the other time-out tells. */
		if ((what & BEV_EVENT_TIMEOUT) != 0 && bufferevent_enable(bev, EV_READ) == 0)
			return;
	}
	if (output_pending(c) && (what & BEV_EVENT_TIMEOUT) != 0)
		LOG(NOTICE, "%s: closed a client that does not read its answer", c->server->path);
	ctl_connection_free(c);
}

static int open_events(struct ctl_connection *c, int fd)
{
	struct timeval idle = {c->server->idle_s, 0};

	c->bev = bufferevent_socket_new(c->server->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (c->bev == NULL)
		return -ENOMEM;
	bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
	/* Reading stops here: a line and what may follow it. */
	bufferevent_setwatermark(c->bev, EV_READ, 0, OVNET_CTL_LINE_MAX + 1);
	if (bufferevent_set_timeouts(c->bev, &idle, &idle) < 0 ||
		bufferevent_enable(c->bev, EV_READ | EV_WRITE) < 0) {
		bufferevent_free(c->bev);
		return -EIO;
	}
	return 0;
}

/* Best effort, at once: there is no place for one more to wait in. */
static void turn_away(struct ovnet_ctl_server *s, int fd)
{
	static const char text[] = "{\"error\":\"too many clients; try again later\"}\n";

	if (send(fd, text, sizeof(text) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		LOG(DEBUG, "%s: a client too many left unanswered", s->path);
	LOG(NOTICE, "%s: client turned away, %d are connected", s->path, OVNET_CTL_CLIENTS);
	close(fd);
}

void ctl_connection_new(struct ovnet_ctl_server *s, int fd)
{
	if (s->n_connections >= OVNET_CTL_CLIENTS) {
		turn_away(s, fd);
		return;
	}
	struct ctl_connection *c = calloc(1, sizeof(*c));
	if (c != NULL)
		c->server = s;
	if (c == NULL || open_events(c, fd) < 0) {
		LOG(ERR, "%s: no memory for a client; it is closed", s->path);
		if (c == NULL || c->bev == NULL)
			close(fd);
		free(c);
		return;
	}
	LIST_INSERT_HEAD(&s->connections, c, link);
	s->n_connections++;
}

void ctl_connection_free(struct ctl_connection *c)
{
	LIST_REMOVE(c, link);
	c->server->n_connections--;
	end_list(c);
	bufferevent_free(c->bev);
	free(c);
}
