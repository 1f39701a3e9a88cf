/* SPDX-License-Identifier: BSD-3-Clause */
/* The listener of probes: what it answers, what it refuses, how long and how many it bears. */
#include "bed/cmocka.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/net.h"
#include "metrics/http.h"

static struct event_base *base;
static struct http *http;
static char got[70000], said[] = "the body";
static unsigned asked;

static int page(void *arg, struct evbuffer *body)
{
	asked++;
	return evbuffer_add_printf(body, "%s", (const char *)arg) < 0 ? 0 : HTTP_OK;
}

static int busy_page(void *arg, struct evbuffer *body)
{
	(void)arg;
	return evbuffer_add_printf(body, "why") < 0 ? 0 : HTTP_NOT_READY;
}

static int failing_page(void *arg, struct evbuffer *body)
{
	(void)arg, (void)body;
	return 0;
}

static const struct http_page pages[] = {{"/here", "text/x-here", page},
	{"/busy", "text/plain", busy_page}, {"/fails", "text/plain", failing_page},
	{NULL, NULL, NULL}};

static struct ovnet_addr addr(const char *text)
{
	struct ovnet_addr a;

	assert_int_equal(ovnet_addr_parse(text, &a), 0);
	return a;
}

static int set_up(void **state)
{
	const struct ovnet_addr lo = addr("127.0.0.1");
	int err;

	(void)state;
	base = event_base_new();
	assert_non_null(base);
	http = http_new(base, &lo, 0, pages, said, &err);
	assert_non_null(http);
	asked = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	http_free(http);
	event_base_free(base);
	return 0;
}

static void turn(void)
{
	assert_true(event_base_loop(base, EVLOOP_NONBLOCK) >= 0);
	usleep(200);
}

#define wait_for(cond, ms)                                                                    \
	do {                                                                                  \
		for (int64_t end_ = monotonic_ms() + (ms); !(cond) && monotonic_ms() < end_;) \
			turn();                                                               \
		if (!(cond))                                                                  \
			fail_msg("not within %d ms: %s", (ms), #cond);                        \
	} while (0)

static int client(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(http_port(http))};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_true(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno == EINPROGRESS);
	return fd;
}

static void say(int fd, const char *text)
{
	const int64_t end = monotonic_ms() + 5000;

	for (size_t len = strlen(text); len > 0;) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
		if (n < 0)
			assert_true(errno == EAGAIN && monotonic_ms() < end);
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
		turn();
	}
}

/* Has the server closed? What it said before is put into `got`, from `*len` on. */
static bool is_closed(int fd, size_t *len)
{
	ssize_t n = recv(fd, got + *len, sizeof(got) - 1 - *len, 0);

	if (n > 0)
		*len += (size_t)n;
	got[*len] = '\0';
	return n == 0 || (n < 0 && errno != EAGAIN);
}

/* What it says until it closes. */
static const char *answer_to(int fd)
{
	size_t len = 0;

	got[0] = '\0';
	wait_for(is_closed(fd, &len), 5000);
	close(fd);
	return got;
}

static const char *ask(const char *request)
{
	int fd = client();

	say(fd, request);
	return answer_to(fd);
}

static void has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" not in:\n%s", part, text);
}

static void answers_and_closes(void **state)
{
	(void)state;
	const char *a = ask("GET /here HTTP/1.1\r\nHost: x\r\n\r\n");
	has(a, "HTTP/1.1 200 OK\r\n");
	has(a, "Content-Type: text/x-here\r\n");
	has(a, "Content-Length: 8\r\n");
	has(a, "Connection: close\r\n");
	has(a, "\r\n\r\nthe body");
	has(ask("GET /here?a=b HTTP/1.0\r\n\r\n"), "\r\n\r\nthe body");
	has(ask("GET http://host:1/here HTTP/1.1\r\nHost: x\r\n\r\n"), "\r\n\r\nthe body");
	has(ask("GET /here HTTP/1.1\r\nConnection: keep-alive\r\nHost: x\r\n\r\n"), "the body");
	assert_int_equal(asked, 4);
	a = ask("HEAD /here HTTP/1.1\r\nHost: x\r\n\r\n");
	has(a, "200 OK");
	has(a, "Content-Length: 8\r\n");
	assert_string_equal(strstr(a, "\r\n\r\n"), "\r\n\r\n");
	has(ask("GET /busy HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 503 ");
	has(got, "\r\n\r\nwhy");
	has(ask("GET /fails HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 500 ");
	wait_for(http_clients(http) == 0, 3000);
}

static void refuses_the_rest(void **state)
{
	static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"};
	char request[128], *long_one = got;

	(void)state;
	for (unsigned i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		snprintf(request, sizeof(request),
			"%s /here HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", methods[i]);
		has(ask(request), "HTTP/1.1 405 ");
		has(got, "Allow: GET, HEAD\r\n");
	}
	has(ask("GET /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 404 ");
	has(ask("GET /here/ HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 404 ");
	assert_null(strstr(ask("BREW /here HTTP/1.1\r\nHost: x\r\n\r\n"), "the body"));
	assert_null(strstr(ask("\x16\x03\x01\r\n\r\n"), "the body")); /* a TLS client */
	assert_null(strstr(ask("GET /here\r\n\r\n"), "the body"));
	assert_int_equal(asked, 0);
	/* A body is not taken in. */
	has(ask("POST /here HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"), " 413 ");
	assert_int_equal(asked, 0);
	/* Nor are headers beyond the limit; it closes, whatever is still to come. */
	int fd = client();
	size_t len = 0;
	say(fd, "GET /here HTTP/1.1\r\nX: ");
	memset(long_one, 'x', HTTP_HEADERS);
	(void)send(fd, long_one, HTTP_HEADERS, MSG_NOSIGNAL);
	wait_for(is_closed(fd, &len), 3000);
	close(fd);
	assert_null(strstr(got, "the body"));
	assert_int_equal(asked, 0);
}

/* A byte at a time begins no time anew. */
static void slow_clients_are_cut_off(void **state)
{
	static const char request[] = "GET /here HTTP/1.1\r\nX-A: 1\r\nX-B: 2\r\nX-C: 3\r\n\r\n";
	const int64_t begin = monotonic_ms();
	size_t len = 0, at = 0;
	int fd = client();

	(void)state;
	http_set_times(http, 300, 100);
	while (!is_closed(fd, &len)) {
		if (monotonic_ms() - begin >= (int64_t)at * 100 && at < sizeof(request) - 2)
			(void)send(fd, &request[at++], 1, MSG_NOSIGNAL);
		turn();
		assert_true(monotonic_ms() - begin < 10000);
	}
	close(fd);
	assert_true(at < sizeof(request) - 2);
	assert_int_equal(asked, 0);
	/* One that never says anything. */
	fd = client();
	assert_string_equal(answer_to(fd), "");
	wait_for(http_clients(http) == 0, 3000);
}

/* Those who hold the places make way for who has something to ask. */
static void places_are_bounded(void **state)
{
	int idle[HTTP_CLIENTS + 8];

	(void)state;
	http_set_times(http, 60000, 200);
	for (unsigned i = 0; i < HTTP_CLIENTS + 8; i++) {
		idle[i] = client();
		turn();
		assert_true(http_clients(http) <= HTTP_CLIENTS);
	}
	wait_for(http_clients(http) == HTTP_CLIENTS, 1000);
	has(ask("GET /here HTTP/1.1\r\nHost: x\r\n\r\n"), "the body");
	for (unsigned i = 0; i < HTTP_CLIENTS + 8; i++)
		close(idle[i]);
	wait_for(http_clients(http) == 0, 5000);
	for (unsigned i = 0; i < 3 * HTTP_CLIENTS; i++)
		has(ask("GET /here HTTP/1.1\r\nHost: x\r\n\r\n"), "the body");
}

/* A client that hangs up halfway, or stays when the listener goes, leaves nothing behind. */
static void clients_may_go_at_any_time(void **state)
{
	const struct linger now = {.l_onoff = 1};

	(void)state;
	for (unsigned i = 0; i < 2 * HTTP_CLIENTS; i++) {
		int fd = client();
		say(fd, i % 2 ? "GET /here HTTP/1.1\r\n" : "GET /here HTTP/1.1\r\nHost: x\r\n\r\n");
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
		close(fd);
		turn();
	}
	wait_for(http_clients(http) == 0, 3000);
	int fd = client(), half = client();
	say(half, "GET /he");
	wait_for(http_clients(http) == 2, 1000);
	http_free(http);
	http = NULL;
	close(fd);
	close(half);
}

static void an_address_that_is_taken_or_not_ours_is_told(void **state)
{
	const struct ovnet_addr lo = addr("127.0.0.1"), lo6 = addr("::1"), far = addr("192.0.2.77");
	int err = 0;

	(void)state;
	assert_null(http_new(base, &lo, http_port(http), pages, NULL, &err));
	assert_int_equal(err, -EADDRINUSE);
	assert_null(http_new(base, &far, 0, pages, NULL, &err));
	assert_int_equal(err, -EADDRNOTAVAIL);
	struct http *six = http_new(base, &lo6, 0, pages, said, &err);
	assert_true(six != NULL || err == -EADDRNOTAVAIL); /* a machine without IPv6 */
	if (six != NULL)
		assert_true(http_port(six) != 0);
	http_free(six);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(answers_and_closes),
		CASE(refuses_the_rest),
		CASE(slow_clients_are_cut_off),
		CASE(places_are_bounded),
		CASE(clients_may_go_at_any_time),
		CASE(an_address_that_is_taken_or_not_ours_is_told),
	};
	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
