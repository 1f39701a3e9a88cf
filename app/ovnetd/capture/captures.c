/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/captures.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"

OVNET_LOG_TYPE(capture)

/* The tap first, as it fills the rings; false: not yet, no memory. */
static bool end_one(struct captures *c, struct captures_one *one)
{
	int err = capture_stop(one->capture, &c->engine->shared);

	if (err < 0) {
		LOG(WARN, "a capture cannot be ended: %s; trying again in a second",
			strerror(-err));
		return false;
	}
	capture_stream_free(one->stream);
	ovnet_rcu_defer(&c->engine->shared.rcu, &one->capture->rcu, capture_release);
	*one = (struct captures_one){0};
	return true;
}

static void on_ended(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval second = {.tv_sec = 1};
	struct captures *c = arg;
	bool all = true;
	uint64_t n;

	(void)what;
	if (read(fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		LOG(ERR, "captures: eventfd: %s", strerror(errno));
	for (unsigned i = 0; i < CAPTURES_MAX; i++)
		if (c->one[i].capture != NULL && capture_stream_ended(c->one[i].stream))
			all &= end_one(c, &c->one[i]);
	c->changed(c->arg);
	/* With a time-out only while something is left to be done. */
	if (event_del(c->ended) < 0 || event_add(c->ended, all ? NULL : &second) < 0)
		LOG(ERR, "captures: no memory for an event; those that end stay until a restart");
}

int captures_init(struct captures *c, struct engine *engine, const struct ports *ports,
	void (*changed)(void *arg), void *arg)
{
	*c = (struct captures){
		.engine = engine, .ports = ports, .changed = changed, .arg = arg, .notify = -1};
	c->notify = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->notify < 0) {
		int err = -errno;
		LOG(ERR, "captures: eventfd: %s", strerror(-err));
		return err;
	}
	c->ended = event_new(engine->base, c->notify, EV_READ | EV_PERSIST, on_ended, c);
	if (c->ended == NULL || event_add(c->ended, NULL) < 0) {
		LOG(ERR, "captures: no memory for an event");
		return -ENOMEM;
	}
	return 0;
}

void captures_fini(struct captures *c)
{
	if (c->engine == NULL)
		return;
	for (unsigned i = 0; i < CAPTURES_MAX; i++)
		if (c->one[i].capture != NULL && !end_one(c, &c->one[i]))
			capture_stream_free(c->one[i].stream); /* its tap leads nowhere new */
	if (c->ended != NULL)
		event_free(c->ended);
	if (c->notify >= 0)
		close(c->notify);
	*c = (struct captures){0};
}

static bool has_port(const struct captures *c, const char *name)
{
	for (uint16_t i = 0; i < c->ports->n; i++) {
		const struct ovnet_port *port = ports_at(c->ports, i);
		if (port != NULL && strcmp(port->name, name) == 0)
			return true;
	}
	return false;
}

/* The slot to be used, or NULL with a sentence. */
static struct captures_one *room_for(
	struct captures *c, const struct capture_order *o, char *err, size_t err_size)
{
	struct captures_one *room = NULL;

	for (unsigned i = 0; i < o->n_ports; i++)
		if (!has_port(c, o->port[i])) {
			snprintf(err, err_size,
				"there is no port %s; \"ovnetctl ports\" lists them", o->port[i]);
			return NULL;
		}
	for (unsigned i = 0; i < CAPTURES_MAX; i++) {
		if (c->one[i].capture == NULL) {
			room = &c->one[i];
		} else if (o->trace && c->one[i].capture->order.trace) {
			snprintf(err, err_size, "another trace runs; end that one first");
			return NULL;
		}
	}
	if (room == NULL)
		snprintf(err, err_size, "%d captures and traces run; end one of them first",
			CAPTURES_MAX);
	return room;
}

int captures_begin(
	struct captures *c, const struct capture_order *o, int fd, char *err, size_t err_size)
{
	struct captures_one *one = room_for(c, o, err, err_size);
	struct capture *capture;
	int rc = -ENOMEM;

	if (one == NULL) {
		close(fd);
		return -EBUSY;
	}
	capture = capture_new(&c->engine->shared, o, c->traced + 1);
	if (capture != NULL)
		rc = capture_start(capture, &c->engine->shared);
	if (rc < 0) {
		snprintf(err, err_size, "no memory for a capture");
		capture_free(capture);
		close(fd);
		return rc;
	}
	c->traced += o->trace ? o->packets : 0;
	one->stream = capture_stream_start(capture, fd, c->notify, &rc);
	if (one->stream == NULL) {
		snprintf(err, err_size, "a capture's thread does not start: %s", strerror(-rc));
		/* Just added, so there is memory to do without; otherwise it stays, and is seen. */
		if (capture_stop(capture, &c->engine->shared) == 0)
			ovnet_rcu_defer(&c->engine->shared.rcu, &capture->rcu, capture_release);
		return rc;
	}
	one->capture = capture;
	LOG(INFO, "%s begins", o->trace ? "a trace" : "a capture");
	c->changed(c->arg);
	return 0;
}
