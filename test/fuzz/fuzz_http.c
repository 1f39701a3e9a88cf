/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client of the listener for probes: libevent's parser and the daemon's own pages, over a
 * connection. The first byte says in how many pieces the rest comes, and whether the client stays.
 * Whatever it says, an answer is HTTP's, with the length it has, and the client is let go.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/net.h"
#include "daemon.h"
#include "fuzz.h"

static struct daemon d; /* nothing has started: its pages answer at any time */
static struct event_base *base;
static struct http *http;

static void stop(void)
{
	http_free(http);
	event_base_free(base);
	free(d.metrics.text.bytes);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct ovnet_addr lo;
	int err = 0;

	(void)argc, (void)argv;
	CHECK(ovnet_addr_parse("127.0.0.1", &lo) == 0, "an address");
	base = event_base_new();
	CHECK(base != NULL, "no event loop");
	http = http_new(base, &lo, 0, metrics_pages, &d, &err);
	CHECK(http != NULL, "listen: %d", err);
	CHECK(atexit(stop) == 0, "atexit");
	return 0;
}

static int connect_to(void)
{
	/* Its end by a reset leaves no port to wait: there are thousands of clients a second. */
	const struct linger now = {.l_onoff = 1};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(http_port(http))};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) == 0, "socket");
	CHECK(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0, "connect: %d", errno);
	return fd;
}

static void turn(void)
{
	CHECK(event_base_loop(base, EVLOOP_NONBLOCK) >= 0, "event loop");
}

struct answers {
	char *bytes;
	size_t len;
	bool ended;
};

static void take(int fd, struct answers *a)
{
	char buf[16384];
	ssize_t n;

	while (!a->ended && (n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) != 0) {
		if (n < 0) {
			a->ended = errno != EAGAIN;
			return;
		}
		a->bytes = realloc(a->bytes, a->len + (size_t)n + 1);
		CHECK(a->bytes != NULL, "no memory");
		memcpy(a->bytes + a->len, buf, (size_t)n);
		a->len += (size_t)n;
		a->bytes[a->len] = '\0';
	}
	a->ended = true;
}

/* Of a status that is an answer's: what its header says of its length holds. */
static void check_one(const struct answers *a)
{
	const char *at = a->bytes, *end, *length;

	if (a->len == 0)
		return;
	/* What evhttp says to Expect: 100-continue stands in front. */
	while (strncmp(at, "HTTP/1.1 100 ", 13) == 0 && (end = strstr(at, "\r\n\r\n")) != NULL)
		at = end + 4;
	if (*at == '\0')
		return;
	/* It is of the version that was asked in. */
	const char *status = strncmp(at, "HTTP/", 5) == 0 ? memchr(at, ' ', strnlen(at, 40)) : NULL;
	CHECK(status != NULL && memchr("2345", status[1], 4) != NULL, "no answer: %.60s", at);
	end = strstr(at, "\r\n\r\n");
	if (end == NULL)
		return; /* it was reset by what was still to be read */
	length = strcasestr(at, "\r\nContent-Length: ");
	if (length == NULL || length > end || strncmp(status + 1, "200", 3) != 0)
		return;
	size_t want = strtoul(length + 18, NULL, 10), got = a->len - (size_t)(end + 4 - a->bytes);
	CHECK(got == 0 || got <= want, "%zu bytes of %zu", got, want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct answers a = {0};

	if (size == 0)
		return 0;
	const bool stays = (data[0] & 0x80) != 0;
	const size_t piece = 1 + (size - 1) / (1u + data[0] % 8);
	int fd = connect_to();
	data++, size--;
	turn();
	while (size > 0 && !a.ended) {
		ssize_t n =
			send(fd, data, piece < size ? piece : size, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			break;
		data += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
		turn();
		take(fd, &a);
	}
	if (!stays)
		shutdown(fd, SHUT_WR);
	for (unsigned turns = 0; turns < (stays ? 2 : 10000) && !a.ended; turns++) {
		turn();
		take(fd, &a);
	}
	CHECK(stays || a.ended, "the client is not let go");
	check_one(&a);
	free(a.bytes);
	close(fd);
	http_set_times(http, 0, 0); /* what is left is over with the next turns */
	for (unsigned turns = 0; http_clients(http) > 0; turns++) {
		CHECK(turns < 100000, "its place is not free again");
		http_sweep(http);
		turn();
	}
	http_set_times(http, HTTP_TIME_MS, HTTP_HURRY_MS);
	return 0;
}
