/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A thread that takes what a capture's rings hold to whoever looks, by a socket. It may wait for
 * them as long as they like: what finds no room in the rings meanwhile is counted, and nobody else
 * waits.
 *
 * First goes the answer to the request, a line; then records, of all workers in the order of time
 * as far as one look tells it; every CAPTURE_TICK_MS the counts that changed, and a tick. When the
 * other end sends no more, what there is goes out, the counts, a last tick, and that is the end.
 *
 * Threads: start, ended and free are the control thread's.
 */
#ifndef OVNET_CAPTURE_STREAM_H
#define OVNET_CAPTURE_STREAM_H

#include "capture/capture.h"

#define CAPTURE_TICK_MS 100

struct capture_stream;

/*
 * Takes over `socket` (a non-blocking stream socket), also when it fails: NULL and *err. Writes to
 * `notify`, an eventfd of the caller's, when it has ended.
 */
struct capture_stream *capture_stream_start(
	struct capture *capture, int socket, int notify, int *err);
/* Has it ended by itself? */
bool capture_stream_ended(const struct capture_stream *s);
/* Ends it at once and waits for it, which takes no longer than a wake-up. NULL is fine. */
void capture_stream_free(struct capture_stream *s);

#endif
