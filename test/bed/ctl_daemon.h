/* SPDX-License-Identifier: BSD-3-Clause */
/* A control server on an event loop in a thread of its own, at a path of its own. */
#ifndef OVNET_BED_CTL_DAEMON_H
#define OVNET_BED_CTL_DAEMON_H

#include <event2/event.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bed/cmocka.h"
#include "ctl/ctl_server.h"

struct daemon {
	char dir[32], path[64];
	struct event_base *base;
	struct event *stop;
	struct ovnet_ctl_server *server;
	int pipe[2];
	pthread_t thread;
};

/* A fresh directory; no server yet. */
void daemon_prepare(struct daemon *d);

/* The caller's to stop. */
void daemon_start(
	struct daemon *d, mode_t mode, unsigned idle_s, const struct ovnet_ctl_method *methods);

void daemon_stop(struct daemon *d);

/* Files and directories; fails if anything else was left there. */
void daemon_remove(struct daemon *d);

#endif
