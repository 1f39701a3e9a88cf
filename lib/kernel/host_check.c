/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The routes of the host device against those that should be: a dump on a socket of its own,
 * read when the loop has time, then removals in batches.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kernel/internal.h"

OVNET_LOG_TYPE(kernel)

#define ROUTES_PER_TURN 1024

struct host_check {
	struct ovnet_kernel *k;
	uint32_t ifindex;
	bool (*keep)(void *arg, const struct ovnet_prefix *subnet);
	void (*done)(void *arg, int err);
	void *arg;

	struct nl nl;
	struct event *readable, *turn;
	struct nl_list routes;
	unsigned at, removed;
	bool interrupted;
	bool *blackhole; /* of those wanted: there */
	unsigned blackholes_version;
};

void host_check_stop(struct ovnet_kernel *k)
{
	struct host_check *c = k->check;

	k->check = NULL;
	if (c == NULL)
		return;
	if (c->readable != NULL)
		event_free(c->readable);
	if (c->turn != NULL)
		event_free(c->turn);
	nl_close(&c->nl);
	free(c->routes.items);
	free(c->blackhole);
	free(c);
}

static void finish(struct host_check *c, int err)
{
	void (*done)(void *arg, int err) = c->done;
	void *arg = c->arg;

	if (c->removed > 0)
		LOG(INFO, "%u routes removed that no lease stands for", c->removed);
	if (err == 0 && c->interrupted)
		err = -EAGAIN;
	host_check_stop(c->k);
	done(arg, err);
}

static int put_back_blackholes(struct host_check *c)
{
	const struct ovnet_prefix_list *want = &c->k->blackholes;
	char text[OVNET_PREFIX_STRLEN];
	int err = 0;

	/* Others are wanted since: the next comparison is about them. */
	c->interrupted = c->interrupted || c->blackholes_version != c->k->blackholes_version;
	for (unsigned i = 0; !c->interrupted && i < want->n; i++) {
		if (c->blackhole[i])
			continue;
		LOG(WARN, "blackhole %s was removed by somebody: put back",
			ovnet_prefix_text(&want->items[i], text, sizeof(text)));
		int one = host_blackhole_set(&c->k->nl, &want->items[i]);
		err = one < 0 ? one : err;
	}
	return err;
}

static void note_blackhole(struct host_check *c, const struct route_entry *r)
{
	const struct ovnet_prefix_list *want = &c->k->blackholes;

	if (r->type != RTN_BLACKHOLE || r->metric != OVNET_BLACKHOLE_METRIC ||
		c->blackholes_version != c->k->blackholes_version)
		return;
	for (unsigned i = 0; i < want->n; i++)
		c->blackhole[i] = c->blackhole[i] || ovnet_prefix_equal(&r->dst, &want->items[i]);
}

static bool is_dead(struct host_check *c, const struct route_entry *r)
{
	note_blackhole(c, r);
	return r->type == RTN_UNICAST && r->ifindex == c->ifindex && !c->keep(c->arg, &r->dst);
}

static void remove_all(struct host_check *c, const struct route_entry *const *dead, unsigned n)
{
	struct nl_batch batch = {0};
	struct nl_request req;

	for (unsigned i = 0; i < n; i++) {
		route_remove_compose(&req, dead[i]);
		nl_batch_add(&batch, &req);
	}
	int err = nl_batch_run(&c->k->nl, &batch, NULL, NULL);
	/* Again alone, which knows what is no failure. */
	for (unsigned i = 0; i < n; i++) {
		int one = err < 0 || batch.verdict[i] < 0 ? route_remove(&c->k->nl, dead[i]) : 0;
		c->removed += one == 0;
	}
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval next = {0};
	struct host_check *c = arg;
	const struct route_entry *routes = c->routes.items, *dead[NL_BATCH];
	unsigned n = 0;

	(void)fd, (void)what;
	for (unsigned i = 0; i < ROUTES_PER_TURN && n < NL_BATCH && c->at < c->routes.n; i++) {
		const struct route_entry *r = &routes[c->at++];
		if (is_dead(c, r))
			dead[n++] = r;
	}
	remove_all(c, dead, n);
	if (c->at < c->routes.n) {
		if (event_add(c->turn, &next) == 0)
			return;
		LOG(ERR, "routes: no memory to compare them");
		finish(c, -ENOMEM);
		return;
	}
	finish(c, put_back_blackholes(c));
}

/* The dump is over. No route was ever made, no such link: nothing to compare. */
static void on_listed(struct host_check *c, int err)
{
	static const struct timeval next = {0};

	event_free(c->readable);
	c->readable = NULL;
	if (err == -ENOENT || err == -ENODEV)
		err = 0;
	if (err == 0)
		err = c->routes.err;
	if (err == 0 && event_add(c->turn, &next) < 0)
		err = -ENOMEM;
	if (err == 0)
		return;
	LOG(ERR, "routes: cannot be listed: %s", nl_why(&c->nl, err));
	finish(c, err);
}

/* One part of the dump per turn: the kernel makes the next while it is read. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct host_check *c = arg;
	ssize_t n = nl_receive(fd, c->nl.reply, sizeof(c->nl.reply));

	(void)what;
	if (n < 0) {
		if (n != -EAGAIN)
			on_listed(c, (int)n);
		return;
	}
	int left = (int)n;
	const struct nlmsghdr *msg = (const void *)c->nl.reply;
	for (; mnl_nlmsg_ok(msg, left); msg = mnl_nlmsg_next(msg, &left)) {
		c->interrupted = c->interrupted || (msg->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
		if (msg->nlmsg_type == NLMSG_ERROR || msg->nlmsg_type == NLMSG_DONE) {
			on_listed(c, nl_verdict(&c->nl, msg));
			return;
		}
		route_collect(&c->routes, OVNET_RTPROT, 0, msg);
	}
}

static int start(struct host_check *c)
{
	struct nl_request req;
	int err = nl_open(&c->nl);

	if (err < 0)
		return err;
	c->blackholes_version = c->k->blackholes_version;
	c->blackhole = calloc(c->k->blackholes.n + 1u, sizeof(*c->blackhole));
	if (c->blackhole == NULL)
		return -ENOMEM;
	int fd = mnl_socket_get_fd(c->nl.sock);
	route_list_compose(&req, OVNET_RTPROT, 0);
	req.hdr->nlmsg_flags |= NLM_F_DUMP;
	req.hdr->nlmsg_seq = ++c->nl.seq;
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
		mnl_socket_sendto(c->nl.sock, req.hdr, req.hdr->nlmsg_len) < 0)
		return -errno;
	c->readable = event_new(c->k->base, fd, EV_READ | EV_PERSIST, on_readable, c);
	c->turn = event_new(c->k->base, -1, 0, on_turn, c);
	if (c->readable == NULL || c->turn == NULL || event_add(c->readable, NULL) < 0)
		return -ENOMEM;
	return 0;
}

int ovnet_host_routes_check(struct ovnet_kernel *k, uint32_t ifindex,
	bool (*keep)(void *arg, const struct ovnet_prefix *subnet),
	void (*done)(void *arg, int err), void *arg)
{
	if (k->check != NULL)
		return -EBUSY;
	struct host_check *c = calloc(1, sizeof(*c));
	int err = -ENOMEM;

	if (c != NULL) {
		*c = (struct host_check){
			.k = k, .ifindex = ifindex, .keep = keep, .done = done, .arg = arg};
		k->check = c;
		err = start(c);
	}
	if (err < 0) {
		LOG(ERR, "routes: cannot be compared: %s", strerror(-err));
		host_check_stop(k);
	}
	return err;
}
