/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/stream.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "base/clock.h"
#include "base/log.h"
#include "loop/thread.h"

OVNET_LOG_TYPE(capture)

#define OUT_BYTES (1u << 18)
#define LOOK_MS   5 /* how long a packet may lie in a ring while nothing else comes */

struct capture_stream {
	struct capture *capture;
	pthread_t thread;
	int socket, notify, stop;
	_Atomic bool ended;
	/* The thread's own. */
	bool last;                     /* the other end sends no more */
	bool failed;                   /* nobody is there any more, or we are to stop */
	size_t n;                      /* bytes in `out` */
	int64_t tick;                  /* when the next one is due, monotonic ms */
	uint64_t tsc;                  /* at `real` */
	uint64_t real;                 /* nanoseconds since 1970 */
	uint64_t told[CAPTURE_COUNTS]; /* packets seen, in the last counts that went out */
	uint8_t out[OUT_BYTES];
};

static void look_at_clocks(struct capture_stream *s)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	s->tsc = rte_rdtsc();
	s->real = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Of a reading that lies a moment before or behind the last look at the clocks. */
static uint64_t time_of(const struct capture_stream *s, uint64_t tsc)
{
	const double ns = (double)(int64_t)(tsc - s->tsc) * 1e9 / (double)rte_get_tsc_hz();

	return s->real + (uint64_t)(int64_t)ns;
}

/* Waits until the socket may do `events`; what else happens is looked at. */
static short wait_for(struct capture_stream *s, short events, int ms)
{
	struct pollfd fds[] = {
		{.fd = s->socket, .events = (short)(events | (s->last ? 0 : POLLIN))},
		{.fd = s->stop, .events = POLLIN}};
	char byte;

	if (poll(fds, 2, ms) < 0 && errno != EINTR)
		s->failed = true;
	if (fds[1].revents != 0 || (fds[0].revents & (POLLHUP | POLLERR)) != 0)
		s->failed = true;
	/* It has nothing to say but that it has seen enough. */
	if (!s->failed && (fds[0].revents & POLLIN) != 0) {
		ssize_t n = recv(s->socket, &byte, 1, MSG_DONTWAIT);
		if (n == 0)
			s->last = true;
		else if (n > 0 || (errno != EAGAIN && errno != EINTR))
			s->failed = true;
	}
	return fds[0].revents;
}

static void flush(struct capture_stream *s)
{
	size_t done = 0;

	while (done < s->n && !s->failed) {
		ssize_t n =
			send(s->socket, s->out + done, s->n - done, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN || errno == EINTR)
			wait_for(s, POLLOUT, -1);
		else
			s->failed = true;
	}
	s->n = 0;
}

static void put(struct capture_stream *s, const void *bytes, size_t n)
{
	if (s->n + n > sizeof(s->out))
		flush(s);
	memcpy(s->out + s->n, bytes, n);
	s->n += n;
}

/* The ring with the oldest record, of what was there when the look began. */
static struct capture_ring *oldest(struct capture *c, const uint64_t *end)
{
	struct capture_ring *found = NULL;
	uint64_t when = 0;

	for (uint16_t i = 0; i < c->n_workers; i++) {
		struct capture_ring *ring = &c->worker[i].ring;
		if (atomic_load_explicit(&ring->tail, memory_order_relaxed) >= end[i])
			continue;
		const struct packet_record *r = capture_ring_first(ring);
		if (r != NULL && (found == NULL || r->when < when)) {
			found = ring;
			when = r->when;
		}
	}
	return found;
}

/* Returns whether there was anything. */
static bool drain(struct capture_stream *s)
{
	struct capture *c = s->capture;
	uint64_t end[OVNET_MAX_WORKERS];
	struct capture_ring *ring;
	bool any = false;

	for (uint16_t i = 0; i < c->n_workers; i++)
		end[i] = atomic_load_explicit(&c->worker[i].ring.head, memory_order_acquire);
	look_at_clocks(s);
	while (!s->failed && (ring = oldest(c, end)) != NULL) {
		const struct packet_record *r = capture_ring_first(ring);
		const size_t at = s->n + r->len > sizeof(s->out) ? 0 : s->n;
		const uint64_t when = time_of(s, r->when);

		put(s, r, r->len);
		memcpy(s->out + at + offsetof(struct packet_record, when), &when, sizeof(when));
		capture_ring_release(ring, r);
		any = true;
	}
	return any;
}

static void put_counts(struct capture_stream *s, unsigned i)
{
	const unsigned drop = 2 * OVNET_MAX_PORTS;
	struct {
		struct packet_record r;
		struct packet_record_counts counts;
	} o = {.r = {.len = sizeof(o), .kind = PACKET_RECORD_COUNTS, .when = s->real}};

	o.r.side = i >= drop    ? PACKET_RECORD_DROP
		   : i % 2 == 1 ? PACKET_RECORD_OUT
				: PACKET_RECORD_IN;
	for (uint16_t w = 0; w < s->capture->n_workers; w++) {
		const struct capture_counts *c = &s->capture->worker[w].counts[i];
		const uint64_t seen = atomic_load_explicit(&c->seen, memory_order_acquire);

		o.counts.seen += seen;
		o.counts.lost += atomic_load_explicit(&c->lost, memory_order_relaxed);
		if (seen == 0)
			continue;
		o.r.raw = c->raw;
		memcpy(o.r.port, c->port, sizeof(o.r.port));
	}
	if (o.counts.seen + o.counts.lost == s->told[i])
		return;
	s->told[i] = o.counts.seen + o.counts.lost;
	put(s, &o, sizeof(o));
}

static void tick(struct capture_stream *s)
{
	const struct packet_record r = {
		.len = sizeof(r), .kind = PACKET_RECORD_TICK, .when = s->real};

	for (unsigned i = 0; i < CAPTURE_COUNTS; i++)
		put_counts(s, i);
	put(s, &r, sizeof(r));
	s->tick = monotonic_ms() + CAPTURE_TICK_MS;
}

static void *run(void *arg)
{
	static const char answer[] = "{\"result\":{\"records\":1}}\n";
	struct capture_stream *s = arg;
	const uint64_t one = 1;

	put(s, answer, sizeof(answer) - 1);
	while (!s->failed) {
		const bool last = s->last, any = drain(s);

		if (last || monotonic_ms() >= s->tick)
			tick(s);
		flush(s);
		if (last)
			break;
		if (!s->failed)
			wait_for(s, 0, any ? 0 : LOOK_MS);
	}
	close(s->socket);
	s->socket = -1;
	atomic_store(&s->ended, true);
	if (write(s->notify, &one, sizeof(one)) != sizeof(one))
		LOG(WARN, "a capture's end went unnoticed: %s", strerror(errno));
	return NULL;
}

struct capture_stream *capture_stream_start(
	struct capture *capture, int socket, int notify, int *err)
{
	struct capture_stream *s = calloc(1, sizeof(*s));

	*err = -ENOMEM;
	if (s == NULL) {
		close(socket);
		return NULL;
	}
	s->capture = capture;
	s->socket = socket;
	s->notify = notify;
	s->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	*err = s->stop < 0 ? -errno : thread_start(&s->thread, run, s);
	if (*err == 0)
		return s;
	close(socket);
	if (s->stop >= 0)
		close(s->stop);
	free(s);
	return NULL;
}

bool capture_stream_ended(const struct capture_stream *s)
{
	return atomic_load(&s->ended);
}

void capture_stream_free(struct capture_stream *s)
{
	const uint64_t one = 1;

	if (s == NULL)
		return;
	if (write(s->stop, &one, sizeof(one)) != sizeof(one))
		LOG(ERR, "a capture's thread cannot be stopped: %s", strerror(errno));
	pthread_join(s->thread, NULL);
	close(s->stop);
	free(s);
}
