/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/endpoint_names.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"

OVNET_LOG_TYPE(etcd)

#define PENDING_MS 200
/* DNS moves services; what is not known yet is asked more often. */
#define KNOWN_S   60
#define UNKNOWN_S 5

int endpoint_host(const char *url, char *out, size_t size)
{
	const char *scheme = strstr(url, "://"), *host = scheme != NULL ? scheme + 3 : url;
	size_t len = strcspn(host, ":/");

	if (host[0] == '[') {
		host++;
		len = strcspn(host, "]");
	}
	if (len == 0 || len >= size)
		return -EINVAL;
	memcpy(out, host, len);
	out[len] = '\0';
	return 0;
}

static bool take_addr(const struct sockaddr *sa, struct ovnet_addr *out)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	*out = (struct ovnet_addr){.family = (uint8_t)sa->sa_family};
	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		out->v4_be = in.sin_addr.s_addr;
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		memcpy(out->v6, &in6.sin6_addr, sizeof(out->v6));
	}
	return sa->sa_family == AF_INET || sa->sa_family == AF_INET6;
}

/* DNS answers in turns: the same addresses in another order are no change. */
static bool has(const struct endpoint_name *e, const struct ovnet_addr *addr)
{
	for (unsigned i = 0; i < e->n; i++)
		if (ovnet_addr_equal(&e->addr[i], addr))
			return true;
	return false;
}

static bool take_answer(struct endpoint_name *e, const struct addrinfo *list)
{
	struct endpoint_name now = {.n = 0};
	bool changed = false;

	for (; list != NULL && now.n < ENDPOINT_ADDRS_MAX; list = list->ai_next)
		if (take_addr(list->ai_addr, &now.addr[now.n]))
			changed = !has(e, &now.addr[now.n++]) || changed;
	changed = changed || now.n != e->n;
	memcpy(e->addr, now.addr, sizeof(e->addr));
	e->n = now.n;
	return changed;
}

/* What does not resolve any more keeps its addresses: connections to them may stand. */
bool endpoint_names_poll(struct endpoint_names *names)
{
	bool changed = false;

	for (unsigned i = 0; i < names->n; i++) {
		struct endpoint_name *e = &names->name[i];
		if (!e->pending || gai_error(&e->request) == EAI_INPROGRESS)
			continue;
		e->pending = false;
		if (gai_error(&e->request) != 0)
			continue;
		changed = take_answer(e, e->request.ar_result) || changed;
		freeaddrinfo(e->request.ar_result);
	}
	return changed;
}

static void ask(struct endpoint_names *names)
{
	static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};

	for (unsigned i = 0; i < names->n; i++) {
		struct endpoint_name *e = &names->name[i];
		struct gaicb *list[] = {&e->request};
		if (e->pending || e->literal)
			continue;
		e->request = (struct gaicb){.ar_name = e->host, .ar_request = &hints};
		e->pending = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) == 0;
	}
}

static void arm(struct endpoint_names *names)
{
	struct timeval tv = {.tv_sec = KNOWN_S};
	bool pending = false, literal = true;

	for (unsigned i = 0; i < names->n; i++) {
		pending = pending || names->name[i].pending;
		literal = literal && names->name[i].literal;
		if (names->name[i].n == 0)
			tv.tv_sec = UNKNOWN_S;
	}
	if (literal)
		return;
	if (pending)
		tv = (struct timeval){.tv_usec = PENDING_MS * 1000};
	if (event_add(names->timer, &tv) < 0)
		LOG(ERR, "no timer, no memory: etcd's names are not looked up again");
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct endpoint_names *names = arg;
	bool pending = false;

	(void)fd, (void)what;
	for (unsigned i = 0; i < names->n; i++)
		pending = pending || names->name[i].pending;
	if (!pending)
		ask(names);
	if (endpoint_names_poll(names))
		names->changed(names->arg);
	arm(names);
}

static bool is_known(const struct endpoint_names *names, const char *host)
{
	for (unsigned i = 0; i < names->n; i++)
		if (strcmp(names->name[i].host, host) == 0)
			return true;
	return false;
}

/* An address stands for itself. */
static void add(struct endpoint_names *names, const char *url)
{
	struct endpoint_name *e = &names->name[names->n];

	if (names->n == ENDPOINT_NAMES_MAX) {
		LOG(WARN,
			"more than %d names of etcd's endpoints since the start: \"%s\" is not "
			"looked "
			"up for host.blackhole; restart ovnetd",
			ENDPOINT_NAMES_MAX, url);
		return;
	}
	if (endpoint_host(url, e->host, sizeof(e->host)) < 0 || is_known(names, e->host))
		return;
	names->n++;
	e->literal = ovnet_addr_parse(e->host, &e->addr[0]) == 0;
	e->n = e->literal;
}

static void add_all(struct endpoint_names *names, const char *urls)
{
	char url[512];

	for (const char *at = urls; at[0] != '\0';) {
		size_t len = strcspn(at, ",");
		if (len > 0 && len < sizeof(url)) {
			snprintf(url, sizeof(url), "%.*s", (int)len, at);
			add(names, url);
		}
		at += len + (at[len] == ',');
	}
}

int endpoint_names_start(struct endpoint_names *names, struct event_base *base, const char *urls,
	void (*changed)(void *arg), void *arg)
{
	names->changed = changed;
	names->arg = arg;
	add_all(names, urls);
	names->timer = event_new(base, -1, 0, on_timer, names);
	if (names->timer == NULL)
		return -ENOMEM;
	ask(names);
	arm(names);
	return 0;
}

void endpoint_names_more(struct endpoint_names *names, const char *urls)
{
	add_all(names, urls);
	if (names->timer == NULL) /* not started, or stopped */
		return;
	ask(names);
	arm(names);
}

void endpoint_names_stop(struct endpoint_names *names)
{
	if (names->timer != NULL)
		event_free(names->timer);
	names->timer = NULL;
	for (unsigned i = 0; i < names->n; i++) {
		struct endpoint_name *e = &names->name[i];
		/* What glibc does not let go of stays its own until the process ends. */
		if (e->pending && gai_cancel(&e->request) == EAI_NOTCANCELED)
			continue;
		if (e->pending && gai_error(&e->request) == 0)
			freeaddrinfo(e->request.ar_result);
		e->pending = false;
	}
}
