/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The addresses of etcd's endpoints. Names are looked up by glibc's own threads (getaddrinfo_a),
 * again and again: the control loop never waits for DNS. Control thread only.
 */
#ifndef OVNET_APP_HOST_ENDPOINT_NAMES_H
#define OVNET_APP_HOST_ENDPOINT_NAMES_H

#include <netdb.h>
#include <stdbool.h>

#include "base/net.h"

struct event;
struct event_base;

#define ENDPOINT_NAMES_MAX 32
#define ENDPOINT_ADDRS_MAX 8 /* of one name */

struct endpoint_name {
	char host[256];
	bool literal, pending;
	struct gaicb request; /* glibc's while `pending` */
	unsigned n;
	struct ovnet_addr addr[ENDPOINT_ADDRS_MAX];
};

struct endpoint_names {
	struct endpoint_name name[ENDPOINT_NAMES_MAX];
	unsigned n;
	struct event *timer;
	void (*changed)(void *arg);
	void *arg;
};

/*
 * Starts looking up what `urls`, a comma list, names; `changed` is called when an address comes or
 * goes. The struct has to live as long as the process. 0 or -ENOMEM.
 */
int endpoint_names_start(struct endpoint_names *names, struct event_base *base, const char *urls,
	void (*changed)(void *arg), void *arg);
/*
 * Those that `urls` names and that are not known yet, too. The former stay: connections to them may
 * stand, and what is being looked up is glibc's.
 */
void endpoint_names_more(struct endpoint_names *names, const char *urls);
void endpoint_names_stop(struct endpoint_names *names);
/* Takes what is known by now. True: something changed. */
bool endpoint_names_poll(struct endpoint_names *names);
/* The host of "https://[fd00::1]:2379/" into `out`. -EINVAL: none, or too long. */
int endpoint_host(const char *url, char *out, size_t size);

#endif
