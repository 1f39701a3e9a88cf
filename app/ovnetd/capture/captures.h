/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who looks at packets just now: each has a tap of the path, rings, and a thread that takes what is
 * in them to a client of the control socket, whose file it is. It ends with the client. Control
 * thread only.
 */
#ifndef OVNET_APP_CAPTURE_CAPTURES_H
#define OVNET_APP_CAPTURE_CAPTURES_H

#include <jansson.h>

#include "capture/stream.h"
#include "engine/engine.h"
#include "ports/ports.h"

#define CAPTURES_MAX 4

struct captures {
	struct engine *engine; /* NULL: before init */
	const struct ports *ports;
	void (*changed)(void *arg); /* one began or ended */
	void *arg;
	int notify; /* an eventfd: some stream has ended */
	struct event *ended;
	uint32_t traced; /* packets that were marked so far: their last number */
	struct captures_one {
		struct capture *capture; /* NULL: free */
		struct capture_stream *stream;
	} one[CAPTURES_MAX];
};

/* 0 or negative errno, logged. */
int captures_init(struct captures *c, struct engine *engine, const struct ports *ports,
	void (*changed)(void *arg), void *arg);
void captures_fini(struct captures *c); /* while the workers run */

/*
 * order.c: what a client asks for, {"ports": [NAME...], "drops", "snap", "filter": {"ether", "raw":
 * PROGRAM}, "inner": PROGRAM}, a trace with "packets", too. A program is a list of instructions,
 * each [code, jt, jf, k]. Without ports: all, but for a capture of drops alone. 0, or -EINVAL with
 * a sentence in `err`.
 */
int captures_order(
	const json_t *params, bool trace, struct capture_order *o, char *err, size_t err_size);

/* Takes over `fd` in any case. 0, or negative errno with a sentence in `err`. */
int captures_begin(
	struct captures *c, const struct capture_order *o, int fd, char *err, size_t err_size);

#endif
