/* SPDX-License-Identifier: BSD-3-Clause */
/* A proxy before etcd that lets some answers get lost, come late, or end their connection. */
#ifndef OVNET_BED_LIVE_LOSSY_H
#define OVNET_BED_LIVE_LOSSY_H

#include "bed/live_node.h"
#include "bed/live_proxy.h"

/* What the proxy is to do, shared with its processes. */
struct lossy_rule {
	char match[80];  /* of what a client sends; "": none */
	char unless[32]; /* it sends this, too; "": never */
	int times;       /* so many connections from now on */
	int hits;        /* so many were it: they get nothing more */
	bool deaf;       /* and etcd does not see it either */
	bool late, go;   /* or they get all of it, from `go` on */
	bool pass;       /* or they get all as before, until `cut` */
	bool cut;        /* they end now */
	char last[200];  /* and get this before */
	int logins;
};

extern struct lossy_rule *rule;

bool has(const char *buf, size_t n, const char *text);
void serve(int fd, const char *server);

/* The next connection that says so is one. */
void hold(const char *match);

extern pid_t proxy;

int share_rule(void **state);

#endif
