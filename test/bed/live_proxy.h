/* SPDX-License-Identifier: BSD-3-Clause */
/* What may stand between a node and etcd. stop_proxy() ends it. */
#ifndef OVNET_BED_LIVE_PROXY_H
#define OVNET_BED_LIVE_PROXY_H

#include "bed/live_etcd.h"

/* Between two sockets until one ends. */
void shovel(int a, int b);

int dial(const char *url);

/* Each connection is one process's, which ends with serve(). `url`: where it listens. */
pid_t start_proxy(
	const char *server, void (*serve)(int fd, const char *server), char *url, size_t size);

void stop_proxy(pid_t proxy);

#endif
